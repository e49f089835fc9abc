//! The close of a ledger day in one account: what lapsed and what became usable by then is posted, once.

use tessera_contract::refusal::Refusal;
use tessera_ledger::closing::DaySpan;
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
        let id = ReceiptId::parse(&format!("ledger/{}/{}", self.day.date, account.id));
        let id = id.map_err(|error| draft.core.internal(&format!("no name for the close of a day: {error}")))?;
        if draft.own_outcome(&id).await?.is_some() {
            return Ok(CaseAnswer::DayPosted);
        }
        if let Some(posted) = account.post_day(&id, &self.day, draft.core.settings.currency) {
            let outcome = encode_outcome(&posted.outcome, &Extras { proven: true, ..Extras::default() });
            draft.put_account(posted.account);
            draft.put_row(layout::outcome_row(id.as_str()), outcome);
        }
        Ok(CaseAnswer::DayPosted)
    }
}
