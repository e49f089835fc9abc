//! Tiers: what was given, and what counters have reached. The higher of the two holds.
//!
//! A reached tier is never stored: it follows at any time from what was counted in the stretches of the calendar that
//! are remembered. So it lapses without anybody's doing, a late receipt counts where it belongs, and goods that come
//! back take with them what they had reached.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::count::counter;
use super::draft::Draft;
use crate::counting::Within;
use crate::decision::{CounterMove, CounterTime, Reward, RewardKind};
use crate::id::{ProgramId, TierId};
use crate::limits::COUPONS_AT_ONCE_MAX;
use crate::program::{Program, Reached};
use crate::revision::Revision;
use crate::standing::{CountedStretch, CustomerStanding};

/// A tier and until when it is held at least.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TierNow {
    /// The program.
    pub program: ProgramId,
    /// The tier.
    pub tier: TierId,
    /// For one that was reached: when it lapses if nothing more is counted, exclusive; none: it does not, or it was given.
    pub until: Option<Timestamp>,
    /// Whether it was reached, and not given.
    pub reached: bool,
}

/// What counts for the tiers of one program: the customer's counters, and what a receipt adds to them.
#[derive(Clone, Copy, Debug)]
struct Looked<'l> {
    revision: &'l Revision,
    program: &'l Program,
    customer: &'l CustomerStanding,
    added: &'l [CounterMove],
    today: Date,
}

/// The tier that a customer has in each program, sorted by program.
#[must_use]
pub fn tiers_now(revision: &Revision, customer: &CustomerStanding, at: Timestamp) -> Vec<TierNow> {
    let given = |(program, tier): &(ProgramId, TierId)| TierNow {
        program: program.clone(),
        tier: tier.clone(),
        until: customer.tiers_until.iter().find(|(known, _)| known == program).map(|(_, until)| *until),
        reached: false,
    };
    let mut tiers: Vec<TierNow> = customer.tiers.iter().map(given).collect();
    for program in revision.programs() {
        let looked = Looked { revision, program, customer, added: &[], today: program.time_zone.to_datetime(at).date() };
        let Some(place) = looked.reached().filter(|place| Some(*place) > looked.given()) else { continue };
        let Some(tier) = program.tiers.get(place) else { continue };
        let until = looked.lapses_at(place);
        tiers.retain(|known| known.program != program.id);
        tiers.push(TierNow { program: program.id.clone(), tier: tier.id.clone(), until, reached: true });
    }
    tiers.sort_by(|a, b| a.program.cmp(&b.program));
    tiers
}

/// The same for an evaluation, which mostly is of programs whose tiers can only be given.
pub(super) fn tiers_of<'a>(
    revision: &Revision,
    customer: Option<&'a CustomerStanding>,
    at: Timestamp,
) -> Cow<'a, [(ProgramId, TierId)]> {
    match customer {
        Some(customer) if revision.reaches_tiers() => {
            Cow::Owned(tiers_now(revision, customer, at).into_iter().map(|now| (now.program, now.tier)).collect())
        }
        Some(customer) => Cow::Borrowed(&customer.tiers),
        None => Cow::Borrowed(&[]),
    }
}

impl Looked<'_> {
    /// The place of the tier that was given.
    fn given(&self) -> Option<usize> {
        let given = self.customer.tiers.iter().find(|(program, _)| *program == self.program.id)?;
        self.program.tiers.iter().position(|tier| tier.id == given.1)
    }

    /// The place of the highest tier that is reached.
    fn reached(&self) -> Option<usize> {
        let holds = |reached: &Reached| match self.within(reached) {
            None => self.counted(reached, |_| true) >= reached.at_least_milli,
            Some(within) => self.last_reached(reached, within).is_some(),
        };
        let tiers = self.program.tiers.iter().enumerate();
        tiers.rev().find(|(_, tier)| tier.reached.as_ref().is_some_and(holds)).map(|(place, _)| place)
    }

    fn within(&self, reached: &Reached) -> Option<Within> {
        self.revision.campaigns().get(reached.counter_place)?.counting()?.within
    }

    /// What was counted in stretches of the calendar as this revision divides it.
    fn stretches(&self, reached: &Reached) -> Cow<'_, [CountedStretch]> {
        let Some(known) = counter(self.customer, &reached.counter) else { return Cow::Borrowed(&[]) };
        let within = self.within(reached);
        within.map_or(Cow::Borrowed(&known.stretches), |within| within.calendar.restretched(&known.stretches, known.calendar))
    }

    /// What was counted in the stretches that are meant, and what is not of any stretch.
    fn counted(&self, reached: &Reached, meant: impl Fn(i32) -> bool) -> i64 {
        let known = counter(self.customer, &reached.counter);
        let mut sum = known.map_or(0, |known| known.counted_milli);
        for known in self.stretches(reached).iter().filter(|known| meant(known.stretch)) {
            sum = sum.saturating_add(known.counted_milli);
        }
        for added in self.added.iter().filter(|added| added.campaign == reached.counter && meant(stretch_of(added))) {
            sum = sum.saturating_add(added.counted_milli);
        }
        sum
    }

    /// The last stretch, among those after which it is kept until today, at whose end enough had been counted.
    fn last_reached(&self, reached: &Reached, within: Within) -> Option<i32> {
        let number = |day: Date| within.calendar.number(day);
        let today = number(self.today);
        let in_grace = self.today.checked_sub(reached.grace_days.days()).map_or(today, number);
        let first = in_grace.saturating_sub(reached.keeps);
        let enough = |last: &i32| {
            let sum = self.counted(reached, |stretch| stretch <= *last && last.saturating_sub(stretch) < within.stretches);
            sum >= reached.at_least_milli
        };
        // The sum grows only where something was counted, and at the first it may have grown before.
        let known = self.stretches(reached);
        let counted = known.iter().map(|known| known.stretch).filter(|known| (first..today).contains(known));
        [today].into_iter().chain(counted.rev()).chain([first]).find(enough)
    }

    /// When a reached tier lapses if nothing more is counted; none: never, or beyond the calendar.
    fn lapses_at(&self, place: usize) -> Option<Timestamp> {
        let reached = self.program.tiers.get(place)?.reached.as_ref()?;
        let within = self.within(reached)?;
        let mut last = self.last_reached(reached, within)?;
        for next in (last.saturating_add(1)..).take(usize::from(within.remembered)) {
            let sum = self.counted(reached, |stretch| stretch <= next && next.saturating_sub(stretch) < within.stretches);
            if sum >= reached.at_least_milli {
                last = next;
            }
        }
        let over = within.calendar.first_day(last.checked_add(reached.keeps)?.checked_add(1)?)?;
        let over = over.checked_add(reached.grace_days.days()).ok()?;
        self.program.time_zone.to_timestamp(over.at(0, 0, 0, 0)).ok()
    }
}

/// The stretch in which a receipt counts.
fn stretch_of(added: &CounterMove) -> i32 {
    match added.time {
        CounterTime::Ever => 0,
        CounterTime::Within { stretch, .. } | CounterTime::Stretches { stretch, .. } => stretch,
    }
}

impl Draft<'_, '_> {
    /// Tells of the tiers that this receipt reaches.
    pub(super) fn reach_tiers(&mut self) {
        if self.counters.is_empty() || !self.case.revision.reaches_tiers() {
            return;
        }
        let Some(customer) = self.case.customer else { return };
        for (place_of_program, program) in self.case.revision.programs().iter().enumerate() {
            let today = program.time_zone.to_datetime(self.case.at).date();
            let looked = Looked { revision: self.case.revision, program, customer, added: &self.counters, today };
            let had = self.case.tiers.iter().find(|(known, _)| *known == program.id).map(|(_, tier)| tier);
            let had = had.and_then(|had| program.tiers.iter().position(|tier| tier.id == *had));
            let Some(place) = looked.reached().filter(|place| Some(*place) > had) else { continue };
            let until = looked.lapses_at(place);
            let Some(tier) = program.tiers.get(place) else { continue };
            let counter = tier.reached.as_ref().and_then(|reached| self.case.revision.campaigns().get(reached.counter_place));
            let Some((campaign, id)) = counter.and_then(|campaign| Some((campaign, campaign.reward_id(COUPONS_AT_ONCE_MAX)?)))
            else {
                continue;
            };
            let reward = Reward {
                id,
                campaign: campaign.id.clone(),
                program: program.id.clone(),
                kind: RewardKind::Status { tier: tier.id.clone(), reached: true },
                vests_at: self.case.at,
                expires_at: until,
                waits_for: Vec::new(),
                awaits: None,
                held: None,
                earned_on: Vec::new(),
                on_return: campaign.on_return,
                fallback: false,
                text: self.case.words(place_of_program, &tier.name).clone(),
            };
            self.rewards.push(reward);
        }
    }
}
