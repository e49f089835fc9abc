//! A brake that takes hold between a quote and its settle: rewards are decided anew, prices stand.

use tessera_ledger::account::Account;
use tessera_rules::brakes::{CardSeen, StaffOf};
use tessera_rules::decision::Decision;

use super::SettleCase;
use crate::desk::Draft;
use crate::programs::Rules;

impl SettleCase {
    /// Whether a brake takes hold now that did not when the receipt was quoted: who has many quotes open has all of them
    /// counted when they are settled.
    pub(super) fn is_braked_since(&self, draft: &Draft<'_>, rules: &Rules, quoted: &Decision) -> bool {
        let Some(account) = draft.account() else { return false };
        let staff: Vec<StaffOf> = staff(account).collect();
        let card = CardSeen { seen: &account.seen, staff: &staff };
        rules.revision.brakes_more(card, &self.input.receipt, quoted)
    }
}

fn staff(account: &Account) -> impl Iterator<Item = StaffOf> {
    account.members.iter().filter_map(|member| member.staff.clone())
}
