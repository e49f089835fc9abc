//! Merge: two accounts turn out to be one person's, or become one household's. One of them sends all that it has to the other, and points there ever after.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::mem;

use compact_str::format_compact;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::decision::Promise;
use tessera_rules::id::{AccountId, AssetId, CustomerId, ReceiptId};
use tessera_rules::money::Currency;
use tessera_rules::program::Program;

use crate::account::{Account, Consents, Counter, FactKnown, Member, MovedTo, Statistics, UseCount};
use crate::booking::{Booking, exceeds_bytes};
use crate::encode::Damaged;
use crate::follow_up::{FollowUpKind, cause};
use crate::limits;
use crate::outcome::{Outcome, OutcomeKind};
use crate::posting::is_balanced;
use crate::profile::Profiled;
use crate::right::{PrizeState, WaitingReward, keep_prize};
use crate::seen;
use crate::tier::TierHeld;

/// What is merged into what.
#[derive(Clone, Debug)]
pub struct Merge<'a> {
    /// Its minted id.
    pub id: &'a ReceiptId,
    /// The customer who is another one in truth, or moves into a household.
    pub gone: &'a CustomerId,
    /// The account that everything goes to.
    pub into: &'a AccountId,
    /// Who the customer is there: in a household who they were.
    pub survivor: &'a CustomerId,
    /// BLAKE3 over what the people signed.
    pub content_hash: [u8; 32],
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// The store's currency, of the amounts of zero in the outcome.
    pub currency: Currency,
}

/// All that an account sends to the one that it is merged into.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Everything {
    /// The account as it was, what had lapsed taken off. Where the rest is sealed: what of it may be read for ever.
    #[serde(with = "crate::encode::account")]
    pub account: Account,
    /// Who goes.
    pub gone: CustomerId,
    /// Who they are from now on.
    pub survivor: CustomerId,
    /// The account but for its lots, sealed with the key of the one who goes; empty: nothing is.
    pub sealed: Vec<u8>,
}

impl Everything {
    /// Of an account that goes, with nothing of it sealed.
    #[must_use]
    pub fn of(account: Account, gone: CustomerId, survivor: CustomerId) -> Self {
        Self { account, gone, survivor, sealed: Vec::new() }
    }

    /// What stays in the feed for ever keeps lots and names in the open, since books are proven by them. All that tells of
    /// the customer is what `seal` makes of it.
    ///
    /// # Errors
    /// It cannot be sealed.
    pub fn seal<E>(&mut self, seal: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<(), E> {
        let account = &mut self.account;
        let lots = mem::take(&mut account.lots);
        self.sealed = seal(&account.encode())?;
        self.account = Account {
            members: account.members.iter().map(bare).collect(),
            merged: mem::take(&mut account.merged),
            lots,
            booked_at_last: account.booked_at_last,
            outcomes: account.outcomes,
            ..Account::new(account.id.clone(), self.gone.clone(), account.booked_at_last)
        };
        assert!(self.account.check().is_ok(), "what is in the open is an account");
        Ok(())
    }

    /// The same with what was sealed in its place.
    ///
    /// # Errors
    /// It is no account.
    pub fn unsealed(&self, plain: &[u8]) -> Result<Self, Damaged> {
        let account = Account { lots: self.account.lots.clone(), ..Account::decode(plain)? };
        Ok(Self::of(account, self.gone.clone(), self.survivor.clone()))
    }
}

impl Everything {
    /// What a member of the account that goes is called where everything arrives.
    fn called(&self, member: Option<&CustomerId>) -> Option<CustomerId> {
        member.map(|member| if *member == self.gone { self.survivor.clone() } else { member.clone() })
    }

    /// Whether who goes stays who they are, in the household of others.
    #[must_use]
    pub fn joins(&self) -> bool {
        self.gone == self.survivor
    }
}

/// Sends everything on its way. What is left behind is empty, names where all went, and keeps the numbers of its tickets.
#[must_use]
pub fn merge(account: &Account, merge: &Merge<'_>) -> Profiled {
    assert!(account.id != *merge.into, "an account is not merged into itself");
    let now = account.booked_at(merge.booked_at);
    let mut all = account.clone();
    let mut booking = Booking::new(mem::take(&mut all.lots), merge.id, now);
    all.lots = booking.send_all();
    // What goes stays in the feed for ever: what rules read of answers is made anew from the sealed answers where it arrives, and
    // goes with their key when the customer is erased.
    all.members.iter_mut().flat_map(|member| &mut member.facts).for_each(|known| known.readable = None);
    let follow_up = format_compact!("{}#0", merge.id);
    let left = Account {
        moved_to: Some(MovedTo {
            account: merge.into.clone(),
            gone: merge.gone.clone(),
            survivor: merge.survivor.clone(),
            follow_up: follow_up.clone(),
        }),
        members: all.members.iter().map(bare).collect(),
        merged: all.merged.clone(),
        tickets: mem::take(&mut all.tickets),
        booked_at_last: now,
        outcomes: account.outcomes.saturating_add(1),
        ..Account::new(account.id.clone(), merge.gone.clone(), now)
    };
    let kind = OutcomeKind::Adjustment;
    let mut outcome = Outcome {
        content_hash: merge.content_hash,
        customer: Some(merge.gone.clone()),
        account: Some(account.id.clone()),
        postings: booking.postings,
        ..Outcome::without_lines(kind, merge.id.clone(), now, merge.booking_date, merge.currency)
    };
    let everything = Everything::of(all, merge.gone.clone(), merge.survivor.clone());
    cause(&mut outcome, merge.into, FollowUpKind::Merge { everything: Box::new(everything) });
    assert!(outcome.follow_ups.iter().all(|caused| caused.id == follow_up), "who is forwarded finds what is to be done first");
    assert!(is_balanced(&outcome.postings), "postings sum to zero per asset (P5)");
    assert!(left.check().is_ok(), "a merge keeps the account's invariants");
    Profiled { account: left, outcome, aside: booking.aside }
}

/// Nothing is known of them here any more.
fn bare(member: &Member) -> Member {
    Member { customer: member.customer.clone(), enrolled_at: None, facts: Vec::new(), consents: Consents::default(), staff: None }
}

/// The greatest sum of one asset that an account has or owes.
#[must_use]
pub fn most_units(account: &Account) -> u64 {
    let mut sums: BTreeMap<&AssetId, u64> = BTreeMap::new();
    for lot in &account.lots {
        let sum = sums.entry(&lot.asset).or_default();
        *sum = sum.saturating_add(lot.left.units().unsigned_abs());
    }
    sums.into_values().max().unwrap_or(0)
}

/// What one account would have no room for of what the other has: a merge would lose it.
#[must_use]
pub fn no_room(into: &Account, everything: &Everything, programs: &[Program], now: Timestamp) -> Vec<&'static str> {
    let mut both = into.clone();
    let mut full = absorb(&mut both, everything, programs, now).full;
    // Its lots come too, and with long ids what is within every list may be more than an account may be large.
    both.lots.extend(everything.account.lots.iter().cloned());
    if exceeds_bytes(&both) {
        full.push("data");
    }
    full
}

/// What there was no room for.
pub(crate) struct Absorbed {
    /// The lists that had no room for all.
    pub(crate) full: Vec<&'static str>,
    /// Rewards that had waited and were given: a return of their goods must know them.
    pub(crate) given: Vec<WaitingReward>,
}

/// Takes in everything but the lots.
pub(crate) fn absorb(account: &mut Account, everything: &Everything, programs: &[Program], now: Timestamp) -> Absorbed {
    let gone = &everything.account;
    let mut full = Vec::new();
    account.merged.push(gone.id.clone());
    account.merged.extend(gone.merged.iter().cloned());
    account.merged.sort();
    account.merged.dedup();
    cut(&mut account.merged, limits::MERGED_MAX, "merged accounts", &mut full);
    members(account, everything, &mut full);
    quotes(account, everything, now, &mut full);
    counters(account, gone, &mut full);
    use_counts(account, everything, &mut full);
    account.coupons.extend(gone.coupons.iter().cloned());
    if account.coupons.len() > limits::COUPONS_MAX {
        account.coupons.retain(|coupon| coupon.used_by.is_none() && coupon.valid_until.is_none_or(|until| now < until));
    }
    cut(&mut account.coupons, limits::COUPONS_MAX, "coupons", &mut full);
    tiers(account, gone, programs, now, &mut full);
    for prize in &gone.prizes {
        if account.prizes.iter().filter(|known| known.state == PrizeState::Due).count() >= limits::PRIZES_MAX {
            full.push("prizes");
        }
        keep_prize(&mut account.prizes, prize.clone());
    }
    account.waiting.extend(gone.waiting.iter().cloned());
    let given = forget_given(&mut account.waiting);
    cut(&mut account.waiting, limits::WAITING_MAX, "rewards that wait for answers", &mut full);
    statistics(&mut account.statistics, &gone.statistics, &mut full);
    seen::join(&mut account.seen, &gone.seen);
    let own = |by: &AccountId| *by == account.id || account.merged.contains(by);
    account.referred = account.referred.take().or_else(|| gone.referred.clone()).filter(|referred| !own(&referred.by));
    full.sort_unstable();
    full.dedup();
    Absorbed { full, given }
}

/// Those that were given, the first ones first, until the others have room.
fn forget_given(waiting: &mut Vec<WaitingReward>) -> Vec<WaitingReward> {
    let mut forgotten = Vec::new();
    while waiting.len() > limits::WAITING_MAX
        && let Some(place) = waiting.iter().position(|known| known.given.is_some())
    {
        forgotten.push(waiting.remove(place));
    }
    forgotten
}

fn cut<T>(list: &mut Vec<T>, most: usize, name: &'static str, full: &mut Vec<&'static str>) {
    if list.len() > most {
        list.truncate(most);
        full.push(name);
    }
}

/// What is known of the one who goes is known of the survivor, where they have not said it themselves.
fn members(account: &mut Account, everything: &Everything, full: &mut Vec<&'static str>) {
    for member in &everything.account.members {
        let is_it = member.customer == everything.gone;
        let name = if is_it { &everything.survivor } else { &member.customer };
        match account.members.binary_search_by(|known| known.customer.cmp(name)) {
            Ok(place) => {
                if let Some(known) = account.members.get_mut(place) {
                    member_into(known, member, full);
                }
            }
            Err(place) => account.members.insert(place, Member { customer: name.clone(), ..member.clone() }),
        }
    }
    cut(&mut account.members, limits::MEMBERS_MAX, "members", full);
    let mut room = limits::FACTS_TOTAL_MAX;
    for member in &mut account.members {
        cut(&mut member.facts, room, "facts", full);
        room = room.saturating_sub(member.facts.len());
    }
}

fn member_into(known: &mut Member, other: &Member, full: &mut Vec<&'static str>) {
    for fact in &other.facts {
        if let Err(place) = known.facts.binary_search_by(|own| own.fact.cmp(&fact.fact)) {
            // A code that was asked for is the other id's: another must be asked for.
            known.facts.insert(place, FactKnown { code: None, ..fact.clone() });
        }
    }
    cut(&mut known.facts, limits::FACTS_MAX, "facts", full);
    // What somebody said of advertising as a customer of ours stands, whoever they were besides.
    if known.enrolled_at.is_none() {
        known.consents.marketing_since = other.consents.marketing_since;
    }
    known.staff = known.staff.take().or_else(|| other.staff.clone());
    known.consents.data_since = earliest(known.consents.data_since, other.consents.data_since);
    known.enrolled_at = earliest(known.enrolled_at, other.enrolled_at);
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

/// What open quotes were promised they keep.
fn quotes(account: &mut Account, everything: &Everything, now: Timestamp, full: &mut Vec<&'static str>) {
    account.open_quotes.retain(|quote| quote.is_open(now));
    for quote in everything.account.open_quotes.iter().filter(|quote| quote.is_open(now)) {
        if let Err(place) = account.open_quotes.binary_search_by(|known| known.receipt.cmp(&quote.receipt)) {
            let mut quote = quote.clone();
            for hold in &mut quote.holds {
                if let Promise::Uses { member, .. } = hold {
                    *member = everything.called(member.as_ref());
                }
            }
            account.open_quotes.insert(place, quote);
        }
    }
    cut(&mut account.open_quotes, limits::OPEN_QUOTES_MAX, "open quotes", full);
    let mut room = limits::HOLDS_TOTAL_MAX;
    for quote in &mut account.open_quotes {
        cut(&mut quote.holds, room, "holds", full);
        room = room.saturating_sub(quote.holds.len());
    }
}

fn counters(account: &mut Account, gone: &Account, full: &mut Vec<&'static str>) {
    for counter in &gone.counters {
        match account.counters.binary_search_by(|known| known.campaign.cmp(&counter.campaign)) {
            Ok(place) => {
                if let Some(known) = account.counters.get_mut(place) {
                    counter_into(known, counter);
                }
            }
            Err(place) => account.counters.insert(place, counter.clone()),
        }
    }
    cut(&mut account.counters, limits::COUNTERS_MAX, "counters", full);
    let mut room = limits::STRETCHES_TOTAL_MAX;
    for counter in &mut account.counters {
        let beyond = counter.stretches.len().saturating_sub(room);
        if beyond > 0 {
            // The oldest count least.
            counter.stretches.drain(..beyond);
            full.push("stretches of counters");
        }
        room = room.saturating_sub(counter.stretches.len());
    }
}

fn counter_into(known: &mut Counter, other: &Counter) {
    known.counted_milli = known.counted_milli.saturating_add(other.counted_milli);
    known.rewarded = known.rewarded.saturating_add(other.rewarded);
    if known.calendar.is_none() && known.stretches.is_empty() {
        known.calendar.clone_from(&other.calendar);
    }
    if known.calendar != other.calendar {
        return;
    }
    for stretch in &other.stretches {
        match known.stretches.binary_search_by(|own| own.stretch.cmp(&stretch.stretch)) {
            Ok(place) => {
                if let Some(own) = known.stretches.get_mut(place) {
                    own.counted_milli = own.counted_milli.saturating_add(stretch.counted_milli);
                    own.rewarded = own.rewarded.saturating_add(stretch.rewarded);
                }
            }
            Err(place) => known.stretches.insert(place, *stretch),
        }
    }
}

/// What one person used as two was used by one.
fn use_counts(account: &mut Account, everything: &Everything, full: &mut Vec<&'static str>) {
    for count in &everything.account.uses {
        let count = &UseCount { member: everything.called(count.member.as_ref()), ..count.clone() };
        match account.uses.binary_search_by(|known| (&known.campaign, &known.member).cmp(&(&count.campaign, &count.member))) {
            Ok(place) => {
                if let Some(known) = account.uses.get_mut(place) {
                    *known = both(known, count);
                }
            }
            Err(place) => account.uses.insert(place, count.clone()),
        }
    }
    cut(&mut account.uses, limits::USES_MAX, "uses", full);
}

fn both(a: &UseCount, b: &UseCount) -> UseCount {
    let (later, earlier) = if a.day >= b.day { (a, b) } else { (b, a) };
    let same_month = (later.day.year(), later.day.month()) == (earlier.day.year(), earlier.day.month());
    UseCount {
        campaign: a.campaign.clone(),
        member: a.member.clone(),
        ever: a.ever.plus(b.ever),
        day: later.day,
        on_day: if later.day == earlier.day { later.on_day.plus(earlier.on_day) } else { later.on_day },
        in_month: if same_month { later.in_month.plus(earlier.in_month) } else { later.in_month },
    }
}

/// Of two tiers the higher one is kept, of one the longer.
fn tiers(account: &mut Account, gone: &Account, programs: &[Program], now: Timestamp, full: &mut Vec<&'static str>) {
    let rank = |held: &TierHeld| {
        let program = programs.iter().find(|program| program.id == held.program);
        let place = program.and_then(|program| program.tiers.iter().position(|tier| tier.id == held.now.tier));
        (held.now.lasts(now), place)
    };
    for held in &gone.tiers {
        match account.tiers.binary_search_by(|known| known.program.cmp(&held.program)) {
            Ok(place) => {
                if let Some(known) = account.tiers.get_mut(place)
                    && rank(held).cmp(&rank(known)).then(longer(held, known)) == Ordering::Greater
                {
                    *known = held.clone();
                }
            }
            Err(place) => account.tiers.insert(place, held.clone()),
        }
    }
    cut(&mut account.tiers, limits::TIERS_MAX, "tiers", full);
}

fn longer(a: &TierHeld, b: &TierHeld) -> Ordering {
    match (a.now.until, b.now.until) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => a.cmp(&b),
    }
}

fn statistics(known: &mut Statistics, other: &Statistics, full: &mut Vec<&'static str>) {
    // How often somebody comes is told by the account that was used last.
    known.habits.join(&other.habits);
    known.visits = known.visits.saturating_add(other.visits);
    known.first_sold_at = earliest(known.first_sold_at, other.first_sold_at);
    known.last_sold_at = known.last_sold_at.max(other.last_sold_at);
    for (currency, minor) in &other.spent_minor {
        match known.spent_minor.binary_search_by(|(own, _)| own.cmp(currency)) {
            Ok(place) => {
                if let Some((_, own)) = known.spent_minor.get_mut(place) {
                    *own = own.saturating_add(*minor);
                }
            }
            Err(place) => known.spent_minor.insert(place, (currency.clone(), *minor)),
        }
    }
    cut(&mut known.spent_minor, limits::CURRENCIES_MAX, "currencies", full);
}

#[cfg(test)]
mod tests;
