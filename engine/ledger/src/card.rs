//! A card is blocked, unblocked or replaced: nothing moves, and an outcome of the account says that it was done.

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::brakes::StaffOf;
use tessera_rules::id::{CustomerId, ReceiptId};
use tessera_rules::money::Currency;

use crate::account::Account;
use crate::aside::Aside;
use crate::outcome::{Outcome, OutcomeKind};
use crate::profile::Profiled;

/// What people do to a card.
#[derive(Clone, Debug)]
pub struct CardChange<'a> {
    /// Its minted id.
    pub id: &'a ReceiptId,
    /// Whose card it is.
    pub customer: &'a CustomerId,
    /// BLAKE3 over what the people signed, but for numbers of cards.
    pub content_hash: [u8; 32],
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The cashier who the customer is from now on; none within: no cashier any more. None: nothing was said of it.
    pub staff: Option<Option<StaffOf>>,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// The store's currency, of the amounts of zero in the outcome.
    pub currency: Currency,
}

/// Records what was done to a card. What the account holds and has promised stays as it is.
#[must_use]
pub fn change_card(account: &Account, change: &CardChange<'_>) -> Profiled {
    let mut next = account.clone();
    let now = next.booked_at(change.booked_at);
    if let Some(staff) = &change.staff {
        for member in next.members.iter_mut().filter(|member| member.customer == *change.customer) {
            member.staff.clone_from(staff);
        }
    }
    next.booked_at_last = now;
    next.outcomes = next.outcomes.saturating_add(1);
    assert!(next.check().is_ok(), "a change of a card keeps the account's invariants");
    let (kind, id) = (OutcomeKind::Adjustment, change.id.clone());
    let outcome = Outcome {
        content_hash: change.content_hash,
        customer: Some(change.customer.clone()),
        account: Some(next.id.clone()),
        ..Outcome::without_lines(kind, id, now, change.booking_date, change.currency)
    };
    Profiled { account: next, outcome, aside: Aside::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_change_of_a_card_is_recorded_and_moves_nothing() {
        let before = with_lots(vec![lot("a", 100, 0, None)]);
        let (id, customer) = (receipt_id("c-1"), before.members[0].customer.clone());
        let change = CardChange {
            id: &id,
            customer: &customer,
            content_hash: [3; 32],
            staff: None,
            booked_at: at(5),
            booking_date: day(),
            currency: tessera_rules::money::Currency::from_code("GBP").unwrap(),
        };
        let done = change_card(&before, &change);
        assert!(done.outcome.postings.is_empty() && done.aside.is_empty());
        assert_eq!((done.outcome.kind, done.outcome.booked_at), (OutcomeKind::Adjustment, at(5)));
        let same = Account { booked_at_last: before.booked_at_last, outcomes: before.outcomes, ..done.account.clone() };
        assert_eq!(same, before);
        assert_eq!(done.account.outcomes, before.outcomes + 1);
        let cashier = tessera_rules::id::CashierId::parse("17").unwrap();
        let staff = StaffOf { store: None, cashier };
        let told = change_card(&before, &CardChange { staff: Some(Some(staff.clone())), ..change.clone() }).account;
        assert_eq!(told.members[0].staff, Some(staff));
        assert_eq!(change_card(&told, &change).account.members[0].staff, told.members[0].staff, "nothing was said of it");
        assert_eq!(change_card(&told, &CardChange { staff: Some(None), ..change }).account.members[0].staff, None);
    }
}
