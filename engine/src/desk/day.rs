//! The close of a ledger day in one account: what lapsed and what became usable by then is posted, once.

use std::sync::Arc;

use bytes::Bytes;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::aside::{Aside, GivenLater};
use tessera_ledger::closing::DaySpan;
use tessera_ledger::limits::{GIVEN_LATER_MAX, LOTS_MAX};
use tessera_rules::id::ReceiptId;

use super::{CaseAnswer, Draft};
use crate::layout;
use crate::record::{Extras, encode_outcome};

/// A day to be closed in an account.
#[derive(Debug)]
pub(crate) struct DayCase {
    pub(crate) day: DaySpan,
    /// Whether the account is put under the days on which something becomes due in it: what was written before days
    /// were closed stands under none.
    pub(crate) put_under_days: bool,
}

impl DayCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let Some(account) = draft.account().cloned() else { return Ok(CaseAnswer::DayPosted) };
        if self.put_under_days && !account.lots.is_empty() {
            draft.forget_opened();
        }
        // `@` is the engine's: no till and nobody who corrects can mint this name.
        let id = ReceiptId::parse(&format!("ledger@{}@{}", self.day.date, account.id));
        let id = id.map_err(|error| draft.core.internal(&format!("no name for the close of a day: {error}")))?;
        if draft.own_outcome(&id).await?.is_some() {
            return Ok(CaseAnswer::DayPosted);
        }
        if let Some(posted) = account.post_day(&id, &self.day, draft.core.settings.currency) {
            let outcome = encode_outcome(&posted.outcome, &Extras { proven: true, ..Extras::default() });
            draft.put_account(posted.account);
            keep_aside(draft, posted.aside).await?;
            draft.put_row(layout::outcome_row(id.as_str()), outcome);
        }
        Ok(CaseAnswer::DayPosted)
    }
}

/// Keeps what an account forgot with the receipts that earned it: a return of their goods takes back what lapsed first, and
/// what was given later. Whoever writes himself what came back of a receipt does so before.
pub(super) async fn keep_aside(draft: &mut Draft<'_>, aside: Aside) -> Result<(), Refusal> {
    for waiting in aside.given {
        let receipt = waiting.receipt.clone();
        let mut so_far = draft.own_returned(&receipt).await?;
        if so_far.given.len() < GIVEN_LATER_MAX {
            so_far.given.extend(GivenLater::of(waiting));
            draft.put_row(layout::returned_row(&receipt), Bytes::from(so_far.encode()));
        }
    }
    for lot in aside.lapsed {
        let earned_by = |account: &Arc<Account>| account.earned_by(&lot.id).clone();
        let receipt = draft.account().map_or_else(|| lot.id.receipt.clone(), earned_by);
        let mut so_far = draft.own_returned(&receipt).await?;
        if so_far.lapsed.len() < LOTS_MAX {
            so_far.lapsed.push(lot);
            draft.put_row(layout::returned_row(&receipt), Bytes::from(so_far.encode()));
        }
    }
    Ok(())
}
