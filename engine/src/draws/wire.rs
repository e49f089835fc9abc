//! Draws between wire and engine: requests read, records told, refusals made into statuses.

use std::collections::HashMap;

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::fault::Fault;
use tessera_contract::refusal::{DOMAIN, Refusal, SUPPORT};
use tessera_ledger::draw::{Spelling, SpellingError};
use tessera_proto::admin::v1;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::record::{Held, Record};
use super::{Closing, DrawRefusal, Failed, commitment};

/// Characters of a draw's id.
const ID_CHARACTERS_MAX: usize = 64;
/// Winners of one draw: with their customers they fit a value of the storage.
const WINNERS_MAX: u32 = 1_000;
/// Characters of a source and a value.
const LINE_CHARACTERS_MAX: usize = 500;

/// The draw that a request names.
pub(super) fn draw_id(text: &str) -> Result<String, Refusal> {
    match draw_fault(text) {
        Some(fault) => Err(Refusal::Invalid(vec![fault])),
        None => Ok(text.to_owned()),
    }
}

fn draw_fault(text: &str) -> Option<Fault> {
    let right = (1..=ID_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    (!right).then(|| Fault { field: "draw_id".to_owned(), description: "must have 1 to 64 characters".into() })
}

/// One line that is part of what is published.
fn line_fault(field: &str, text: &str) -> Option<Fault> {
    let description = if text.is_empty() || text.chars().count() > LINE_CHARACTERS_MAX {
        "must have 1 to 500 characters"
    } else if text.chars().any(char::is_control) || text.trim() != text {
        "must be one line, without blanks before and behind it"
    } else {
        return None;
    };
    Some(Fault { field: field.to_owned(), description: description.into() })
}

/// How a draw is to be closed.
pub(super) fn closing(request: v1::CloseDrawRequest) -> Result<Closing, Refusal> {
    let mut faults: Vec<Fault> = draw_fault(&request.draw_id).into_iter().collect();
    if !(1..=WINNERS_MAX).contains(&request.winners) {
        faults.push(Fault { field: "winners".to_owned(), description: "must be 1 to 1,000".into() });
    }
    faults.extend(line_fault("source", &request.source));
    let spelling = spelling(&request.numbers).unwrap_or_else(|error| {
        faults.push(Fault { field: "numbers".to_owned(), description: error.to_string().into() });
        None
    });
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    let v1::CloseDrawRequest { draw_id: draw, winners, one_each, source, .. } = request;
    Ok(Closing { draw, winners, one_each, source, spelling })
}

/// How a value is spelt. None: it is any text.
pub(super) fn spelling(text: &str) -> Result<Option<Spelling>, SpellingError> {
    (!text.is_empty()).then(|| text.parse()).transpose()
}

/// The draw to hold, and the value.
pub(super) fn holding(request: v1::HoldDrawRequest) -> Result<(String, String), Refusal> {
    let faults: Vec<Fault> = draw_fault(&request.draw_id).into_iter().chain(line_fault("value", &request.value)).collect();
    if faults.is_empty() { Ok((request.draw_id, request.value)) } else { Err(Refusal::Invalid(faults)) }
}

/// A draw as it may be told: its secret only once it has been held.
pub(super) fn told(record: &Record) -> v1::Draw {
    let closed = &record.closed;
    let draw = v1::Draw {
        draw_id: record.draw.clone(),
        closed_at: Some(timestamp_to_wire(closed.at)),
        tickets: closed.tickets,
        accounts: closed.accounts,
        winners_wanted: closed.winners,
        one_each: closed.one_each,
        source: closed.source.clone(),
        numbers: closed.numbers.clone(),
        list_sha256: closed.list.to_vec(),
        commitment: commitment(&closed.secret).to_vec(),
        ..v1::Draw::default()
    };
    match &record.held {
        None => draw,
        Some(held) => v1::Draw {
            held_at: Some(timestamp_to_wire(held.at)),
            value: held.value.clone(),
            secret: closed.secret.to_vec(),
            seed: held.seed.to_vec(),
            winners: winners(held),
            out_tickets: held.out.clone(),
            again_tickets: held.again,
            ..draw
        },
    }
}

fn winners(held: &Held) -> Vec<v1::DrawWinner> {
    let winners = (1_u32..).zip(&held.winners).map(|(place, winner)| v1::DrawWinner {
        place,
        ticket: winner.ticket.clone(),
        account_id: winner.account.clone(),
        customer_ids: winner.customers.clone(),
    });
    winners.collect()
}

/// The status of a call that came to nothing.
pub(super) fn status(failed: Failed) -> Status {
    let refusal = match failed {
        Failed::Engine(refusal) => return refusal.into_status(),
        Failed::Draw(refusal) => refusal,
    };
    let (code, reason, text) = match refusal {
        DrawRefusal::NoTickets => (
            Code::NotFound,
            v1::DrawErrorReason::NoTickets,
            "nobody has a good ticket of this draw; look at its name in the program",
        ),
        DrawRefusal::AlreadyClosed => {
            (Code::AlreadyExists, v1::DrawErrorReason::AlreadyClosed, "the draw is closed already: its list stands")
        }
        DrawRefusal::NotClosed => {
            (Code::FailedPrecondition, v1::DrawErrorReason::NotClosed, "the draw is not closed: close it first")
        }
        DrawRefusal::AlreadyHeld => {
            (Code::AlreadyExists, v1::DrawErrorReason::AlreadyHeld, "the draw has been held: who won stands for ever")
        }
    };
    let name = reason.as_str_name();
    let name = name.strip_prefix("DRAW_ERROR_REASON_").unwrap_or(name);
    let mut details = ErrorDetails::new();
    details.set_error_info(name, DOMAIN, HashMap::from([(SUPPORT.to_owned(), text.to_owned())]));
    Status::with_error_details(code, text, details)
}
