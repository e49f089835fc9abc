//! Why a call by hand did not come to an answer: what happened, what is wrong with which field, what to do.

use std::fmt;
use std::io;

use tessera_till::{CallName, MintError, Refusal};
use tonic::Code;

/// A call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TillFailure {
    /// The endpoint is no address.
    #[error(
        "the endpoint {endpoint:?} is no address of the form http://HOST:PORT; say it by --endpoint or TESSERA_TILL_ENDPOINT"
    )]
    Endpoint {
        /// As it was given.
        endpoint: String,
    },
    /// There is no way to the endpoint: mostly for want of a certificate.
    #[error("{0}")]
    Identity(String),
    /// The request cannot be read from its file.
    #[error("{name} cannot be read")]
    Read {
        /// The file, or standard input.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The file holds no such message.
    #[error("{name}, line {line}, column {column}: {problem}{}", at_field(field))]
    Json {
        /// The file, or standard input.
        name: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// Path of the field, as it is written there. Empty: the whole message.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// A field that is needed before anything can be sent.
    #[error("{field}: {problem}")]
    Field {
        /// Its path in the request.
        field: &'static str,
        /// What is wrong and what is wanted.
        problem: String,
    },
    /// No id can be minted.
    #[error("no receipt id can be minted: {0}; write `receiptId`, or `storeId` and `tillId` that can stand in one")]
    Mint(#[from] MintError),
    /// The server refused, or nobody answered.
    #[error("{}", call_text(*call, endpoint, refusal))]
    Call {
        /// Which call.
        call: CallName,
        /// Where it was sent.
        endpoint: String,
        /// The error.
        refusal: Box<Refusal>,
    },
    /// The receipt is in a state in which the command makes no sense.
    #[error("{0}")]
    State(String),
}

fn at_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("; it is the field `{field}`") }
}

fn call_text(call: CallName, endpoint: &str, refusal: &Refusal) -> String {
    if refusal.link {
        return format!(
            "nobody answers at {endpoint} ({}); start `tessera serve` or `tessera demo --keep-running`, or say another address by \
             --endpoint or TESSERA_TILL_ENDPOINT",
            refusal.message
        );
    }
    let mut text = format!("{call} was refused: {} ({})", refusal.message, Reason(refusal));
    // A single fault may be the message itself.
    for fault in
        refusal.field_violations.iter().filter(|fault| refusal.message != format!("{}: {}", fault.field, fault.description))
    {
        text.push_str(&format!("\n  {}: {}", fault.field, fault.description));
    }
    text.push_str(&format!("\n  {}", what_to_do(refusal)));
    text
}

/// The contract's reason, or where there is none gRPC's code.
struct Reason<'a>(&'a Refusal);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.reason.is_empty() { write!(f, "{:?}", self.0.code) } else { f.write_str(&self.0.reason) }
    }
}

fn what_to_do(refusal: &Refusal) -> String {
    match refusal.code {
        Code::InvalidArgument => "nothing changed; correct it and send it again".to_owned(),
        Code::AlreadyExists => "nothing changed; to see what is stored: tessera till get RECEIPT_ID".to_owned(),
        Code::DeadlineExceeded | Code::Cancelled | Code::Unavailable | Code::Aborted => match refusal.retry_after {
            Some(after) => format!("it may or may not have taken effect; send the same file again in {} ms", after.as_millis()),
            None => "it may or may not have taken effect; send the same with the same receipt id again".to_owned(),
        },
        Code::Unimplemented => "this engine does not serve it yet; nothing changed".to_owned(),
        Code::ResourceExhausted => "nothing changed; make it smaller or try again later".to_owned(),
        Code::Ok
        | Code::Unknown
        | Code::NotFound
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => "nothing changed".to_owned(),
    }
}
