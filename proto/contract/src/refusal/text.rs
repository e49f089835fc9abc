//! The two texts of each refusal: one for the cashier, one for support.

use std::borrow::Cow;

use super::Refusal;

impl Refusal {
    /// For the cashier: what happened and what to do. Never holds a value that a till sent.
    #[must_use]
    pub fn till_text(&self) -> Cow<'static, str> {
        match self {
            Self::Invalid(faults) => return invalid_text(faults),
            Self::CardNumber { .. } => {
                "A payment card's number was read in a wrong field. Clear it and go on; nothing was stored."
            }
            Self::Conflict => "This receipt number was used before for another sale. Call support; the sale itself stands.",
            Self::TooOld { .. } => "The receipt is too old to be booked by itself. Call support.",
            Self::UpgradeEngine { .. } => "The till is newer than the engine. The receipt is kept and sent again later.",
            Self::TooManyWaiting { .. } => "The engine is busy. It is tried again by itself.",
            Self::Quarantined => "The customer's account is being checked. Rewards follow later.",
            Self::UnknownOriginal => "The receipt of these goods was not found. Check its number.",
            Self::MoreThanSold { .. } => "More comes back than was sold on that receipt. Check the quantity.",
            Self::AlreadyClaimed => "Another customer has claimed this receipt.",
            Self::NotYetServed { .. } => "This is not possible yet.",
            Self::DeadlineTooShort => "There was no time left. Nothing was done; try again.",
            Self::ShuttingDown => "The engine is being restarted. Try again in a moment.",
            Self::StorageStopped => "The engine has stopped. The till sends the receipt again by itself.",
            Self::ReplayTimeRefused => "A replay was sent to a live engine. Nothing was done.",
            Self::InProgress => "The same is being carried out. Wait a moment.",
            Self::OutcomeUnknown => "The answer did not come in time. A sale is sent again by itself; ask again for the rest.",
            Self::EngineUnreachable => "The engine cannot be reached. A sale is sent again by itself; ask again for the rest.",
            Self::ForeignStore => "This till may not act for that store.",
            Self::RateLimited { .. } => "Too many requests. Wait a moment.",
            Self::Internal { support_number } => {
                return format!("The engine has a fault. Call support with number {support_number}.").into();
            }
            Self::LimitExceeded { what, limit } => return format!("Too long: at most {limit} {what}.").into(),
            Self::UnknownCursor => "The feed cannot be followed from there.",
            Self::WrongClaimCode => "The code does not belong to this receipt. Check it.",
            Self::UnknownPrize => "This customer has no such prize. Check the receipt.",
            Self::ClaimClosed => "This receipt cannot be claimed any more.",
            Self::SellingCashier => "Another cashier must enter this: it was sold by you.",
        }
        .into()
    }

    /// For support: what it means and what to look at. Never holds a value that a till sent.
    #[must_use]
    pub fn support_text(&self) -> Cow<'static, str> {
        match self {
            Self::Invalid(faults) => return format!("the request has {} faults; see the field violations", faults.len()).into(),
            Self::CardNumber { field } => {
                return format!("{field} holds 13 to 19 digits that are a payment card's number; it was not stored or logged")
                    .into();
            }
            Self::Conflict => "the id is stored with another content hash; nothing was overwritten, the alarm names the receipt",
            Self::TooOld { remembered_days } => {
                return format!("ids are remembered for {remembered_days} days; a repeat could not be told from a new sale")
                    .into();
            }
            Self::UpgradeEngine { theirs, ours } => {
                return format!(
                    "the request was built with contract minor {theirs}, this engine serves up to {ours}; upgrade it, then resend"
                )
                .into();
            }
            Self::TooManyWaiting { .. } => "the account's or the engine's queue is full; not applied",
            Self::Quarantined => "what was read of the account breaks an invariant; the alarm names it",
            Self::UnknownOriginal => "preview names a receipt that is not stored; a return that is done would be parked",
            Self::MoreThanSold { .. } => "preview asks for more than was sold less what was returned before",
            Self::AlreadyClaimed => "the receipt entry names another customer as its claimer",
            Self::NotYetServed { call } => return format!("{call} is not yet served here").into(),
            Self::DeadlineTooShort => "less time was left than the engine needs; not applied",
            Self::ShuttingDown => "the engine drains; not applied",
            Self::StorageStopped => "a write failed and the storage stopped; unknown, repeat the same id after restart",
            Self::ReplayTimeRefused => "request metadata carry a replay's time; only a storage made for replay takes it",
            Self::InProgress => "the same id is in the account's queue; repeat",
            Self::OutcomeUnknown => "the deadline passed while the commit was under way; unknown, repeat the same id",
            Self::EngineUnreachable => "the gateway has no connection to an engine, or lost it; unknown, repeat the same id",
            Self::ForeignStore => "the caller's certificate does not list the store",
            Self::RateLimited { .. } => "the limit of this till, store or customer is used up",
            Self::Internal { support_number } => {
                return format!("look for support_number={support_number} in the engine's log").into();
            }
            Self::LimitExceeded { what, limit } => return format!("limit: {limit} {what}").into(),
            Self::UnknownCursor => "the cursor is of another storage or of a time before its restore; follow from the start",
            Self::WrongClaimCode => "the keyed hash of the receipt id gives another code",
            Self::UnknownPrize => {
                "the account holds no prize of that receipt and reward; one closed long ago stands in outcomes only"
            }
            Self::ClaimClosed => "no program of the sale's revision says claim_within_hours, or so many hours have passed",
            Self::SellingCashier => "the claim names the cashier of the sale; nobody's own sale is claimed by themselves",
        }
        .into()
    }
}

fn invalid_text(faults: &[crate::Fault]) -> Cow<'static, str> {
    let Some(first) = faults.first() else { return "The request is not valid.".into() };
    // A fault of the whole message has no path.
    let path = if first.field.is_empty() { "The message".into() } else { format!("{}:", first.field) };
    let more = faults.len().saturating_sub(1);
    if more == 0 {
        format!("{path} {}", first.description).into()
    } else {
        format!("{path} {} (and {more} more)", first.description).into()
    }
}
