//! A follow-up: what another account's outcome does to this one, once.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Account, MovedTo};
use tessera_ledger::follow_up::{CarryOut, FollowUp, FollowUpKind, carry_out};

use super::day::keep_aside;
use super::merge::{delete_keys, merge_name, take_values_over};
use super::{CaseAnswer, Draft};
use crate::directory::customer_of;
use crate::layout;
use crate::record::{Extras, encode_outcome};

/// A follow-up that is to be carried out on this account.
#[derive(Debug)]
pub(crate) struct FollowUpCase {
    pub(crate) follow_up: FollowUp,
    pub(crate) now: Timestamp,
}

impl FollowUpCase {
    /// It is carried out where its account went; what a merge brings is then of the one who stayed there.
    pub(super) fn move_to(&mut self, to: &MovedTo) {
        self.follow_up.account.clone_from(&to.account);
        if let FollowUpKind::Merge { everything } = &mut self.follow_up.kind
            && everything.survivor == to.gone
        {
            everything.survivor.clone_from(&to.survivor);
        }
    }

    /// With what was sealed of it. Whose key is gone was forgotten on the way: what their books need arrives all the same.
    async fn unsealed(&self, draft: &Draft<'_>) -> Result<FollowUp, Refusal> {
        let mut follow_up = self.follow_up.clone();
        if let FollowUpKind::Merge { everything } = &mut follow_up.kind
            && !everything.sealed.is_empty()
        {
            let name = merge_name(&self.follow_up.id);
            if let Some(plain) = draft.opened_of(&everything.gone, &everything.sealed, &name).await? {
                let all = everything.unsealed(&plain).map_err(|damaged| draft.core.quarantined("a merge", &damaged))?;
                **everything = all;
            }
        }
        Ok(follow_up)
    }

    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let (id, account) = (&self.follow_up.id, &self.follow_up.account);
        if draft.has_outcome(id).await? {
            return Ok(CaseAnswer::CarriedOut);
        }
        let opened = match draft.account() {
            Some(account) => Account::clone(account),
            None => Account::new(account.clone(), customer_of(account), self.now),
        };
        let follow_up = self.unsealed(draft).await?;
        let mut done = carry_out(
            &opened,
            &CarryOut {
                follow_up: &follow_up,
                booked_at: draft.booked_at(self.now),
                booking_date: draft.booking_date(self.now),
                currency: draft.core.settings.currency,
                programs: draft.core.programs.in_force().revision.programs(),
            },
        );
        if let FollowUpKind::Merge { everything } = &follow_up.kind {
            if opened.erased_at.is_some() {
                delete_keys(draft, everything).await?;
            } else {
                take_values_over(draft, (&opened, &mut done.account), everything).await?;
            }
        }
        let outcome = encode_outcome(&done.outcome, &Extras { proven: true, ..Extras::default() });
        draft.put_account(done.account);
        keep_aside(draft, done.aside).await?;
        draft.put_row(layout::outcome_row(id), outcome);
        Ok(CaseAnswer::CarriedOut)
    }
}
