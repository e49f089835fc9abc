//! The invariants of an account, checked on every read and before every write.

use std::cmp::Ordering;

use tessera_rules::habits::STRETCHES_MAX;
use tessera_rules::id::AccountId;

use crate::account::{Account, Counter, Member};
use crate::limits;
use crate::lot::{Lot, LotKind, spending_order};

/// Which invariant of an account does not hold: on reading, the account is quarantined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BrokenInvariant {
    /// No person.
    #[error("the account has no member")]
    NoMember,
    /// A list is longer than its limit.
    #[error("{list} has {length} entries, at most {limit}")]
    TooMany {
        /// The list.
        list: &'static str,
        /// How many there are.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A list is not in order or names something twice.
    #[error("{list} is not in its order or names something twice")]
    Order {
        /// The list.
        list: &'static str,
    },
    /// A lot with nothing left, more than it began with, or the wrong sign.
    #[error("lot {place} has units that its kind cannot have")]
    LotUnits {
        /// Its place in the account.
        place: usize,
    },
    /// A hold of nothing or less.
    #[error("open quote {place} holds nothing or less of something")]
    HoldUnits {
        /// Its place in the account.
        place: usize,
    },
    /// A counter below zero.
    #[error("counter {place} is below zero")]
    CounterUnits {
        /// Its place in the account.
        place: usize,
    },
    /// More was used on the last day than in its month, or in that than ever.
    #[error("use count {place} has more uses in a shorter span of time than in a longer one")]
    UseCount {
        /// Its place in the account.
        place: usize,
    },
    /// More good tickets of a draw than were numbered.
    #[error("of the tickets of draw {place} more are good than were numbered")]
    Tickets {
        /// Its place in the account.
        place: usize,
    },
    /// The sum of an asset does not fit 64 bits.
    #[error("the sum of an asset's lots does not fit")]
    Sum,
}

impl Account {
    /// Checks every invariant of the account.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn check(&self) -> Result<(), BrokenInvariant> {
        check_members(&self.members)?;
        check_length("merged accounts", self.merged.len(), limits::MERGED_MAX)?;
        check_sorted("merged accounts", &self.merged, AccountId::cmp)?;
        check_lots(&self.lots)?;
        self.check_quotes()?;
        check_length("counters", self.counters.len(), limits::COUNTERS_MAX)?;
        check_length("uses", self.uses.len(), limits::USES_MAX)?;
        check_length("coupons", self.coupons.len(), limits::COUPONS_MAX)?;
        check_length("tiers", self.tiers.len(), limits::TIERS_MAX)?;
        self.check_rights()?;
        check_length("spent", self.statistics.spent_minor.len(), limits::CURRENCIES_MAX)?;
        check_length("gaps", self.statistics.habits.gap_days.len(), limits::GAPS_MAX)?;
        check_length("days", self.statistics.habits.days.len(), STRETCHES_MAX)?;
        check_sorted("days", &self.statistics.habits.days, |a, b| a.day.cmp(&b.day))?;
        check_sorted("counters", &self.counters, |a, b| a.campaign.cmp(&b.campaign))?;
        check_sorted("uses", &self.uses, |a, b| (&a.campaign, &a.member).cmp(&(&b.campaign, &b.member)))?;
        check_sorted("tiers", &self.tiers, |a, b| a.program.cmp(&b.program))?;
        check_sorted("spent", &self.statistics.spent_minor, |a, b| a.0.cmp(&b.0))?;
        check_length(
            "stretches",
            self.counters.iter().map(|counter| counter.stretches.len()).sum(),
            limits::STRETCHES_TOTAL_MAX,
        )?;
        for counter in &self.counters {
            check_sorted("stretches", &counter.stretches, |a, b| a.stretch.cmp(&b.stretch))?;
        }
        let below_zero = |counter: &Counter| {
            let mut stretches = counter.stretches.iter();
            counter.counted_milli < 0
                || counter.rewarded < 0
                || stretches.any(|known| known.counted_milli < 0 || known.rewarded < 0)
        };
        if let Some(place) = self.counters.iter().position(below_zero) {
            return Err(BrokenInvariant::CounterUnits { place });
        }
        if let Some(place) = self.uses.iter().position(|uses| !uses.is_sound()) {
            return Err(BrokenInvariant::UseCount { place });
        }
        Ok(())
    }

    fn check_rights(&self) -> Result<(), BrokenInvariant> {
        check_length("prizes", self.prizes.len(), limits::PRIZES_MAX)?;
        check_length("tickets", self.tickets.len(), limits::TICKETS_MAX)?;
        check_length("waiting rewards", self.waiting.len(), limits::WAITING_MAX)?;
        let facts = self.waiting.iter().map(|waiting| waiting.facts.len()).max().unwrap_or(0);
        check_length("facts of a waiting reward", facts, limits::WAITING_FACTS_MAX)?;
        check_length("receipts seen", self.seen.len(), limits::SEEN_MAX)?;
        check_sorted("receipts seen", &self.seen, |a, b| (a.day, a.place).cmp(&(b.day, b.place)))?;
        check_sorted("tickets", &self.tickets, |a, b| a.draw.cmp(&b.draw))?;
        match self.tickets.iter().position(|held| held.good > held.numbered) {
            Some(place) => Err(BrokenInvariant::Tickets { place }),
            None => Ok(()),
        }
    }

    fn check_quotes(&self) -> Result<(), BrokenInvariant> {
        check_length("open quotes", self.open_quotes.len(), limits::OPEN_QUOTES_MAX)?;
        let holds = self.open_quotes.iter().map(|quote| quote.holds.len()).sum();
        check_length("holds", holds, limits::HOLDS_TOTAL_MAX)?;
        check_sorted("open quotes", &self.open_quotes, |a, b| a.receipt.cmp(&b.receipt))?;
        for (place, quote) in self.open_quotes.iter().enumerate() {
            check_length("holds of a quote", quote.holds.len(), limits::HOLDS_MAX)?;
            if quote.holds.iter().any(|hold| !crate::hold::is_something(hold)) {
                return Err(BrokenInvariant::HoldUnits { place });
            }
        }
        Ok(())
    }
}

fn check_members(members: &[Member]) -> Result<(), BrokenInvariant> {
    if members.is_empty() {
        return Err(BrokenInvariant::NoMember);
    }
    check_length("members", members.len(), limits::MEMBERS_MAX)?;
    check_sorted("members", members, |a, b| a.customer.cmp(&b.customer))?;
    check_length("facts", members.iter().map(|member| member.facts.len()).sum(), limits::FACTS_TOTAL_MAX)?;
    for member in members {
        check_length("facts of a member", member.facts.len(), limits::FACTS_MAX)?;
        check_sorted("facts", &member.facts, |a, b| a.fact.cmp(&b.fact))?;
    }
    Ok(())
}

fn check_lots(lots: &[Lot]) -> Result<(), BrokenInvariant> {
    check_length("lots", lots.len(), limits::LOTS_MAX)?;
    check_sorted("lots", lots, spending_order)?;
    for (place, lot) in lots.iter().enumerate() {
        let sound = match lot.kind {
            LotKind::Earned => lot.left.is_positive() && lot.left <= lot.begun,
            LotKind::Debt => lot.left.is_negative() && lot.left >= lot.begun && lot.expires_at.is_none(),
        };
        if !sound {
            return Err(BrokenInvariant::LotUnits { place });
        }
    }
    let within = |sum: i128| sum.unsigned_abs() <= u128::from(i64::MAX.unsigned_abs());
    let total: u128 = lots.iter().map(|lot| u128::from(lot.begun.units().unsigned_abs())).sum();
    if i128::try_from(total).is_ok_and(within) { Ok(()) } else { Err(BrokenInvariant::Sum) }
}

fn check_length(list: &'static str, length: usize, limit: usize) -> Result<(), BrokenInvariant> {
    if length > limit { Err(BrokenInvariant::TooMany { list, length, limit }) } else { Ok(()) }
}

fn check_sorted<T>(list: &'static str, entries: &[T], order: impl Fn(&T, &T) -> Ordering) -> Result<(), BrokenInvariant> {
    let sorted = entries.iter().zip(entries.iter().skip(1)).all(|(a, b)| order(a, b) == Ordering::Less);
    if sorted { Ok(()) } else { Err(BrokenInvariant::Order { list }) }
}
