//! Erasure: a customer wants to be forgotten. What is known of them goes, and what the account holds lapses; what was sold
//! stays in the books, of a name that leads to nobody.

use std::mem;

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::id::{CustomerId, ReceiptId};
use tessera_rules::money::Currency;

use crate::account::{Account, Consents, Member, Statistics};
use crate::booking::Booking;
use crate::outcome::{Outcome, OutcomeKind};
use crate::posting::is_balanced;
use crate::profile::Profiled;

/// Who is to be forgotten.
#[derive(Clone, Debug)]
pub struct Erasure<'a> {
    /// Its minted id.
    pub id: &'a ReceiptId,
    /// Who.
    pub customer: &'a CustomerId,
    /// BLAKE3 over what the people signed.
    pub content_hash: [u8; 32],
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// The store's currency, of the amounts of zero in the outcome.
    pub currency: Currency,
}

/// Why nobody was forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EraseRefusal {
    /// The account is not kept for them.
    #[error("is no customer of this account")]
    NotAMember,
    /// They were forgotten before.
    #[error("was erased already")]
    ErasedAlready,
    /// A receipt is being paid that was promised something, which could not be kept.
    #[error("is at a till: something is held for a receipt until {until}")]
    AtATill {
        /// When the last of its holds ends.
        until: Timestamp,
    },
}

/// Forgets a customer. Where others are in the account, what it holds stays theirs.
///
/// # Errors
/// They are not there, are not there any more, or are paying just now.
pub fn erase(account: &Account, erasure: &Erasure<'_>) -> Result<Profiled, EraseRefusal> {
    if !account.members.iter().any(|member| member.customer == *erasure.customer) {
        return Err(EraseRefusal::NotAMember);
    }
    if account.erased_at.is_some() {
        return Err(EraseRefusal::ErasedAlready);
    }
    let now = account.booked_at(erasure.booked_at);
    let is_alone = account.members.len() == 1;
    let until = account.open_quotes.iter().filter(|quote| quote.is_open(now)).map(|quote| quote.until).max();
    if let Some(until) = until.filter(|_| is_alone) {
        return Err(EraseRefusal::AtATill { until });
    }
    let mut next = account.clone();
    let mut booking = Booking::new(mem::take(&mut next.lots), erasure.id, now);
    if is_alone {
        booking.forfeit_all();
        next = emptied(next, now);
    } else {
        booking.store(&mut next);
        next.members.iter_mut().filter(|member| member.customer == *erasure.customer).for_each(forget);
        next.uses.retain(|used| used.member.as_ref() != Some(erasure.customer));
    }
    next.booked_at_last = now;
    next.outcomes = account.outcomes.saturating_add(1);
    assert!(is_balanced(&booking.postings), "postings sum to zero per asset (P5)");
    assert!(next.check().is_ok(), "an erasure keeps the account's invariants");
    let outcome = Outcome {
        content_hash: erasure.content_hash,
        customer: Some(erasure.customer.clone()),
        account: Some(next.id.clone()),
        postings: booking.postings,
        ..Outcome::without_lines(OutcomeKind::Erasure, erasure.id.clone(), now, erasure.booking_date, erasure.currency)
    };
    Ok(Profiled { account: next, outcome, aside: booking.aside })
}

/// What is left is its name, whose receipts come back to it, and the numbers of its tickets, which draws have counted.
pub(crate) fn emptied(account: Account, since: Timestamp) -> Account {
    let mut members = account.members;
    members.iter_mut().for_each(forget);
    Account {
        id: account.id,
        members,
        blocked: true,
        erased_at: Some(since),
        moved_to: None,
        merged: account.merged,
        lots: Vec::new(),
        open_quotes: Vec::new(),
        counters: Vec::new(),
        uses: Vec::new(),
        coupons: Vec::new(),
        tiers: Vec::new(),
        prizes: Vec::new(),
        tickets: account.tickets,
        waiting: Vec::new(),
        seen: Vec::new(),
        statistics: Statistics::default(),
        booked_at_last: account.booked_at_last,
        outcomes: account.outcomes,
        referred: None,
    }
}

fn forget(member: &mut Member) {
    (member.enrolled_at, member.staff) = (None, None);
    member.facts.clear();
    member.consents = Consents::default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{FactKnown, FactSource};
    use crate::hold::OpenQuote;
    use crate::posting::{Book, PostingPlace};
    use crate::testing::*;

    fn known(account: Account) -> Account {
        let fact = FactKnown {
            fact: tessera_rules::id::FactId::parse("birthday").unwrap(),
            known_at: at(1),
            source: FactSource::Enrolment,
            confirmed: true,
            refused: false,
            readable: Some("02-29".into()),
            code: None,
        };
        let members = account.members.iter().map(|member| Member {
            enrolled_at: Some(at(1)),
            facts: vec![fact.clone()],
            consents: Consents { data_since: Some(at(1)), marketing_since: Some(at(1)) },
            ..member.clone()
        });
        Account { members: members.collect(), ..account }
    }

    fn erased(account: &Account) -> Result<Profiled, EraseRefusal> {
        let customer = account.members[0].customer.clone();
        let id = receipt_id("forget-1");
        let erasure = Erasure {
            id: &id,
            customer: &customer,
            content_hash: [5; 32],
            booked_at: at(20),
            booking_date: day(),
            currency: gbp(),
        };
        erase(account, &erasure)
    }

    #[test]
    fn h80_p5_what_an_erased_customer_had_lapses_and_nothing_is_known_of_them() {
        let before = known(with_lots(vec![lot("a", 40, 0, Some(900)), lot("owed", -15, 0, None)]));
        let done = erased(&before).unwrap();
        let after = &done.account;
        assert_eq!((after.lots.len(), after.erased_at, after.blocked), (0, Some(at(20)), true));
        assert_eq!((after.members[0].facts.len(), after.members[0].enrolled_at), (0, None));
        assert_eq!(after.members[0].consents, Consents::default());
        assert_eq!(after.statistics, Statistics::default());
        let lapsed = done.outcome.postings.iter().filter(|posting| posting.place == PostingPlace::Book(Book::Expired));
        assert_eq!(lapsed.map(|posting| posting.units.units()).collect::<Vec<_>>(), [40, -15]);
        assert_eq!((done.outcome.kind, after.outcomes), (OutcomeKind::Erasure, before.outcomes + 1));
        assert_eq!(erased(after).unwrap_err(), EraseRefusal::ErasedAlready);
    }

    #[test]
    fn h80_nobody_is_erased_while_something_is_held_for_their_receipt() {
        let mut before = known(with_lots(vec![lot("a", 40, 0, None)]));
        before.open_quotes = vec![OpenQuote {
            receipt: receipt_id("q"),
            till: till(),
            quote_no: 1,
            attempt: 0,
            holds: vec![hold(30)],
            until: at(35),
        }];
        assert_eq!(erased(&before).unwrap_err(), EraseRefusal::AtATill { until: at(35) });
        before.open_quotes[0].until = at(19);
        assert_eq!(erased(&before).unwrap().account.open_quotes, []);
    }

    #[test]
    fn h80_of_a_household_one_is_forgotten_and_the_others_keep_what_it_has() {
        let mut before = known(with_lots(vec![lot("a", 40, 0, None)]));
        let other = Member { customer: CustomerId::parse("c-zzzz").unwrap(), ..before.members[0].clone() };
        before.members.push(other.clone());
        let done = erased(&before).unwrap();
        assert_eq!((done.account.lots.clone(), done.account.erased_at), (before.lots.clone(), None));
        assert_eq!((done.account.members[0].facts.len(), &done.account.members[1]), (0, &other));
        assert_eq!(done.outcome.postings, []);
    }
}
