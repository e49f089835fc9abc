//! The calls of the contract, and what each may stand: who answers when no engine does, and whether it
//! may be repeated.

use http::uri::PathAndQuery;

/// A call of the till's service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Quote,
    Settle,
    Void,
    Return,
    Claim,
    Identify,
    Enrol,
    AnswerPrompts,
    HandOver,
    GetReceipt,
}

/// What a call is to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answered in any case: without an engine by the last answer.
    Quote,
    /// Tells a fact under a minted id: kept for later where no engine answers and there is a spool.
    Advice,
    /// Carries a minted id, so a repeat has no second effect; without an engine its outcome is unknown.
    Write,
    /// Writes nothing; without an engine it fails.
    Read,
}

impl Call {
    /// The call of a request's path. None: no single call of this service.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let method = path.strip_prefix("/tessera.billing.v1.BillingService/")?;
        Some(match method {
            "Quote" => Self::Quote,
            "Settle" => Self::Settle,
            "Void" => Self::Void,
            "Return" => Self::Return,
            "Claim" => Self::Claim,
            "Identify" => Self::Identify,
            "Enrol" => Self::Enrol,
            "AnswerPrompts" => Self::AnswerPrompts,
            "HandOver" => Self::HandOver,
            "GetReceipt" => Self::GetReceipt,
            _ => return None,
        })
    }

    pub(crate) fn path(self) -> PathAndQuery {
        PathAndQuery::from_static(match self {
            Self::Quote => "/tessera.billing.v1.BillingService/Quote",
            Self::Settle => "/tessera.billing.v1.BillingService/Settle",
            Self::Void => "/tessera.billing.v1.BillingService/Void",
            Self::Return => "/tessera.billing.v1.BillingService/Return",
            Self::Claim => "/tessera.billing.v1.BillingService/Claim",
            Self::Identify => "/tessera.billing.v1.BillingService/Identify",
            Self::Enrol => "/tessera.billing.v1.BillingService/Enrol",
            Self::AnswerPrompts => "/tessera.billing.v1.BillingService/AnswerPrompts",
            Self::HandOver => "/tessera.billing.v1.BillingService/HandOver",
            Self::GetReceipt => "/tessera.billing.v1.BillingService/GetReceipt",
        })
    }

    /// Its name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Settle => "settle",
            Self::Void => "void",
            Self::Return => "return",
            Self::Claim => "claim",
            Self::Identify => "identify",
            Self::Enrol => "enrol",
            Self::AnswerPrompts => "answer_prompts",
            Self::HandOver => "hand_over",
            Self::GetReceipt => "get_receipt",
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Quote => Kind::Quote,
            Self::Settle | Self::Void | Self::Return | Self::Claim | Self::AnswerPrompts => Kind::Advice,
            Self::Enrol | Self::HandOver => Kind::Write,
            Self::Identify | Self::GetReceipt => Kind::Read,
        }
    }
}
