//! The twin: single units, every combination, prices from the definition alone.

mod ladders;

use std::collections::BTreeMap;

use super::cases::{Campaign, Case, Group, Kind, Ladder, Off, SKUS, Together};
use crate::conventions::{LimitedUnits, RoundedPer, Unplaced};
use crate::money::Rounding;
use crate::receipt::{Line, Measure, Receipt};

#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) line: usize,
    pub(super) sku: usize,
    pub(super) amount: i64,
    pub(super) room: i64,
    /// What a price of one minor unit for one unit makes of it, in thousandths.
    milli: i64,
}

/// One application: a campaign and its units, by group.
#[derive(Clone, Debug)]
struct Application {
    campaign: usize,
    seats: Vec<Vec<usize>>,
}

pub(super) fn rounded(numerator: i64, denominator: i64, rounding: Rounding) -> i64 {
    let (whole, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => 2 * rest >= denominator,
        Rounding::HalfEven => 2 * rest > denominator || (2 * rest == denominator && whole % 2 == 1),
    };
    whole + i64::from(up)
}

/// What so many units more of a line are worth.
pub(super) fn worth(line: &Line, units: i64) -> i64 {
    rounded(units * line.unit_price.micros(), 10_000, Rounding::HalfUp).max(1)
}

pub(super) fn units(receipt: &Receipt) -> Vec<Unit> {
    let mut units = Vec::new();
    for (line, item) in receipt.lines.iter().enumerate() {
        let sku = SKUS.iter().position(|sku| *sku == item.sku.as_str()).unwrap();
        let measured = item.measure == Measure::Measured;
        let count = if measured { 1 } else { item.quantity.pieces() };
        let milli = if measured { item.quantity.milli() } else { 1_000 };
        // No price of one unit or kilogram below 1.50 for beer, the amount rounded up where half up falls short.
        let floor = if SKUS[sku] == "BEER" {
            let near = rounded(150 * milli, 1_000, Rounding::HalfUp);
            let price = rounded(near * 10_000_000, milli, Rounding::HalfUp);
            near + i64::from(price < 1_500_000)
        } else {
            0
        };
        if item.amount.minor() == 0 {
            continue;
        }
        for rank in 0..count {
            let amount = item.amount.minor() / count + i64::from(rank < item.amount.minor() % count);
            units.push(Unit { line, sku, amount, room: (amount - floor).max(0), milli });
        }
    }
    units
}

impl Case {
    fn off(&self, off: Off, unit: &Unit, target: i64) -> i64 {
        match off {
            Off::Percent(percent) => rounded(percent * unit.amount, 100, self.rounding).min(unit.room),
            Off::Amount(minor) => minor.min(unit.room),
            Off::Price(_) => (unit.amount - target).clamp(0, unit.room),
        }
    }

    /// What each unit costs at a price: the units of a line bear the rounding together, the first the pennies over.
    fn target(&self, price: i64, units: &[Unit], unit: usize) -> i64 {
        let own: Vec<usize> = (0..units.len()).filter(|other| units[*other].line == units[unit].line).collect();
        let count = i64::try_from(own.len()).unwrap();
        let rank = i64::try_from(own.iter().position(|other| *other == unit).unwrap()).unwrap();
        let total = rounded(price * units[unit].milli * count, 1_000, self.rounding);
        total / count + i64::from(rank < total % count)
    }

    fn gain_of_unit(&self, off: Off, units: &[Unit], unit: usize) -> i64 {
        let target = if let Off::Price(price) = off { self.target(price, units, unit) } else { 0 };
        self.off(off, &units[unit], target)
    }
}

struct Twin<'t> {
    case: &'t Case,
    receipt: &'t Receipt,
    units: Vec<Unit>,
    /// By campaign and group: the units that may be used.
    open: Vec<Vec<Vec<bool>>>,
    /// By campaign: what a ladder takes off each unit.
    steps: Vec<Vec<Step>>,
    best: Option<(Rank, Brings)>,
}

/// Money off, worth added and campaigns used.
pub(super) type Brings = (i64, i64, Vec<usize>);

/// Greater is better.
type Rank = (i64, i64, std::cmp::Reverse<usize>, std::cmp::Reverse<Vec<usize>>);

/// What a ladder takes off one unit: nothing, a percentage that is rounded later, or minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Nothing,
    Percent(i64),
    Minor(i64),
}

/// Money off by campaign and line; without a line, off sets or the whole.
type Money = BTreeMap<(usize, usize), i64>;

/// Money off, worth added and campaigns used of the best combination.
pub(super) fn best(case: &Case, receipt: &Receipt) -> Brings {
    best_of(case, receipt, units(receipt))
}

/// The same where units cost something else by now.
pub(super) fn best_of(case: &Case, receipt: &Receipt, units: Vec<Unit>) -> Brings {
    let mut twin = Twin { case, receipt, units, open: Vec::new(), steps: Vec::new(), best: None };
    twin.steps = case.campaigns.iter().map(|campaign| twin.steps(campaign)).collect();
    twin.open = case.campaigns.iter().map(|campaign| twin.open(campaign)).collect();
    let mut used = vec![false; twin.units.len()];
    twin.go_on(0, &mut used, &mut Vec::new());
    twin.best.unwrap().1
}

impl Twin<'_> {
    fn groups(&self, campaign: &Campaign) -> Vec<Group> {
        match &campaign.kind {
            Kind::Units { groups, .. } | Kind::Mix { groups, .. } => groups.clone(),
            Kind::Each(_) | Kind::AmountOffLine(_) | Kind::List(_) | Kind::Ladder(_) => {
                vec![Group { on: campaign.on.clone(), units: 1 }]
            }
            Kind::Extra { every, .. } => vec![Group { on: campaign.on.clone(), units: *every }],
        }
    }

    fn open(&self, campaign: &Campaign) -> Vec<Vec<bool>> {
        let number = self.case.campaigns.iter().position(|own| std::ptr::eq(own, campaign)).unwrap();
        self.groups(campaign)
            .iter()
            .map(|group| {
                let meant = |place: usize| {
                    let unit = &self.units[place];
                    group.on.contains(&unit.sku)
                        && match &campaign.kind {
                            Kind::Each(Off::Percent(_)) => unit.room > 0,
                            Kind::Ladder(_) => match self.steps[number][place] {
                                Step::Nothing => false,
                                Step::Percent(_) => unit.room > 0,
                                Step::Minor(minor) => minor > 0,
                            },
                            Kind::List(prices) => self.listed(prices, place) > 0,
                            Kind::Each(off) => self.case.gain_of_unit(*off, &self.units, place) > 0,
                            Kind::Extra { .. } => {
                                SKUS[unit.sku] != "BEER" && self.receipt.lines[unit.line].measure == Measure::Counted
                            }
                            Kind::AmountOffLine(_) => self.line(unit.line).iter().any(|unit| self.units[*unit].room > 0),
                            Kind::Units { .. } | Kind::Mix { .. } => true,
                        }
                };
                let open: Vec<bool> = (0..self.units.len()).map(meant).collect();
                match (self.case.limited, campaign.limit, &campaign.kind) {
                    (LimitedUnits::Dearest, ..)
                    | (_, None, _)
                    | (_, _, Kind::Each(Off::Percent(_)) | Kind::Ladder(_) | Kind::Extra { .. }) => open,
                    (LimitedUnits::Cheapest, Some(limit), Kind::AmountOffLine(_)) => self.cheapest_lines(limit, open),
                    (LimitedUnits::Cheapest, Some(limit), _) => self.cheapest(limit * group.units, open),
                }
            })
            .collect()
    }

    /// Of the open units the cheapest, the later first among equals.
    fn cheapest(&self, most: usize, open: Vec<bool>) -> Vec<bool> {
        let mut order: Vec<usize> = (0..open.len()).filter(|unit| open[*unit]).collect();
        order.sort_by_key(|unit| (self.units[*unit].amount, std::cmp::Reverse(*unit)));
        order.truncate(most);
        (0..open.len()).map(|unit| order.contains(&unit)).collect()
    }

    fn cheapest_lines(&self, most: usize, open: Vec<bool>) -> Vec<bool> {
        let mut lines: Vec<usize> = (0..open.len()).filter(|unit| open[*unit]).map(|unit| self.units[unit].line).collect();
        lines.dedup();
        lines.sort_by_key(|line| (self.line(*line).iter().map(|unit| self.units[*unit].amount).sum::<i64>(), *line));
        lines.truncate(most);
        (0..open.len()).map(|unit| open[unit] && lines.contains(&self.units[unit].line)).collect()
    }

    fn line(&self, line: usize) -> Vec<usize> {
        (0..self.units.len()).filter(|unit| self.units[*unit].line == line).collect()
    }

    fn go_on(&mut self, unit: usize, used: &mut Vec<bool>, applications: &mut Vec<Application>) {
        if unit == self.units.len() {
            return self.look_at(applications);
        }
        if used[unit] {
            return self.go_on(unit + 1, used, applications);
        }
        self.go_on(unit + 1, used, applications);
        for campaign in 0..self.case.campaigns.len() {
            let times = applications.iter().filter(|application| application.campaign == campaign).count();
            let counts = !matches!(self.case.campaigns[campaign].kind, Kind::Each(Off::Percent(_)) | Kind::Ladder(_));
            if counts && self.case.campaigns[campaign].limit.is_some_and(|limit| times >= limit) {
                continue;
            }
            for seats in self.sets(campaign, unit, used) {
                for place in seats.iter().flatten() {
                    used[*place] = true;
                }
                applications.push(Application { campaign, seats: seats.clone() });
                self.go_on(unit + 1, used, applications);
                applications.pop();
                for place in seats.iter().flatten() {
                    used[*place] = false;
                }
            }
        }
    }

    /// Every application of a campaign whose first unit is this one.
    fn sets(&self, campaign: usize, first: usize, used: &[bool]) -> Vec<Vec<Vec<usize>>> {
        let own = &self.case.campaigns[campaign];
        if let Kind::AmountOffLine(_) = own.kind {
            let line = self.line(self.units[first].line);
            let all = line[0] == first && line.iter().all(|unit| !used[*unit] && self.open[campaign][0][*unit]);
            return if all { vec![vec![line]] } else { Vec::new() };
        }
        let groups = self.groups(own);
        let size = groups.iter().map(|group| group.units).sum::<usize>();
        let mut found = Vec::new();
        let mut seats: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
        self.seat((campaign, &groups, size), (first, first), used, &mut seats, &mut found);
        if let Kind::Units { units, dearest, off, .. } = &own.kind {
            found = found.into_iter().flat_map(|seats| self.targets(seats, (*units, *dearest), *off)).collect();
        }
        if let Kind::Extra { .. } = own.kind {
            found.retain(|seats: &Vec<Vec<usize>>| seats[0].iter().all(|unit| self.units[*unit].line == self.units[first].line));
        }
        found
    }

    /// What a unit gains, in hundredths of pennies for a percentage, which is rounded later.
    fn gain(&self, off: Off, unit: usize) -> i64 {
        match off {
            Off::Percent(percent) => (percent * self.units[unit].amount).min(100 * self.units[unit].room),
            Off::Amount(_) | Off::Price(_) => self.case.gain_of_unit(off, &self.units, unit),
        }
    }

    /// The same set with the units first that become cheaper: of units of one price those that gain most; of those that
    /// gain the same the last on the receipt is the cheapest, while any may be the dearest.
    fn targets(&self, seats: Vec<Vec<usize>>, (units, dearest): (usize, bool), off: Off) -> Vec<Vec<Vec<usize>>> {
        let own = seats.last().unwrap();
        let key = |unit: &usize| {
            let amount = self.units[*unit].amount;
            (
                if dearest { -amount } else { amount },
                -self.gain(off, *unit),
                if dearest { 0 } else { -i64::try_from(*unit).unwrap() },
            )
        };
        let mut sorted = own.clone();
        sorted.sort_by_key(key);
        let meant: Vec<_> = sorted.iter().take(units).map(key).collect();
        let mut found = Vec::new();
        for chosen in 0..1_usize << own.len() {
            let is_chosen = |place: &usize| chosen >> place & 1 == 1;
            let (first, rest): (Vec<usize>, Vec<usize>) = (0..own.len()).partition(is_chosen);
            let mut first: Vec<usize> = first.into_iter().map(|place| own[place]).collect();
            first.sort_by_key(key);
            if first.iter().map(key).eq(meant.iter().copied()) {
                first.extend(rest.into_iter().map(|place| own[place]));
                let mut target = seats.clone();
                *target.last_mut().unwrap() = first;
                found.push(target);
            }
        }
        found
    }

    fn seat(
        &self,
        what: (usize, &[Group], usize),
        (first, from): (usize, usize),
        used: &[bool],
        seats: &mut Vec<Vec<usize>>,
        found: &mut Vec<Vec<Vec<usize>>>,
    ) {
        if seats.iter().map(Vec::len).sum::<usize>() == what.2 {
            return found.push(seats.clone());
        }
        for unit in from..self.units.len() {
            if used[unit] {
                continue;
            }
            for group in 0..seats.len() {
                if seats[group].len() < what.1[group].units && self.open[what.0][group][unit] {
                    seats[group].push(unit);
                    self.seat(what, (first, unit + 1), used, seats, found);
                    seats[group].pop();
                }
            }
            if unit == first {
                return;
            }
        }
    }

    fn look_at(&mut self, applications: &[Application]) {
        let mut money = Money::new();
        let mut worth_of = vec![0_i64; self.case.campaigns.len()];
        // Hundredths of pennies that are rounded together, by campaign and line.
        let mut shares = Money::new();
        for application in applications {
            let campaign = application.campaign;
            let all: Vec<usize> = application.seats.iter().flatten().copied().collect();
            let mut off = |line: usize, minor: i64| *money.entry((campaign, line)).or_default() += minor;
            let line = self.units[all[0]].line;
            match &self.case.campaigns[campaign].kind {
                Kind::Each(Off::Percent(percent)) => self.percent(*percent, (campaign, true), &all, &mut shares, &mut off),
                Kind::Each(each) => off(line, self.case.gain_of_unit(*each, &self.units, all[0])),
                Kind::List(prices) => off(line, self.listed(prices, all[0])),
                Kind::Ladder(_) => match self.steps[campaign][all[0]] {
                    Step::Nothing => {}
                    Step::Percent(percent) => self.percent(percent, (campaign, true), &all, &mut shares, &mut off),
                    Step::Minor(minor) => off(line, minor),
                },
                Kind::AmountOffLine(minor) => off(line, (*minor).min(all.iter().map(|unit| self.units[*unit].room).sum())),
                Kind::Units { units, off: each, .. } => {
                    let target = match self.in_order(application, applications) {
                        Some(target) => target,
                        None => application.seats.last().unwrap().iter().copied().take(*units).collect::<Vec<_>>(),
                    };
                    match each {
                        Off::Percent(percent) => self.percent(*percent, (campaign, true), &target, &mut shares, &mut off),
                        Off::Amount(_) | Off::Price(_) => {
                            off(usize::MAX, target.into_iter().map(|unit| self.gain(*each, unit)).sum::<i64>());
                        }
                    }
                }
                Kind::Mix { together, .. } => match *together {
                    Together::Percent(percent) => self.percent(percent, (campaign, false), &all, &mut shares, &mut off),
                    Together::Amount(minor) => off(usize::MAX, self.borne(minor, &all)),
                    Together::Price(minor) => {
                        let cost: i64 = all.iter().map(|unit| self.units[*unit].amount).sum();
                        off(usize::MAX, self.borne((cost - minor).max(0), &all));
                    }
                },
                Kind::Extra { add, .. } => worth_of[campaign] += worth(&self.receipt.lines[line], *add),
            }
        }
        for (place, hundredths) in shares {
            *money.entry(place).or_default() += rounded(hundredths, 100, self.case.rounding);
        }
        let money = self.within_caps(&money);
        let used: Vec<usize> = (0..money.len()).filter(|campaign| money[*campaign] + worth_of[*campaign] > 0).collect();
        let (money, worth): (i64, i64) = (money.iter().sum(), worth_of.iter().sum());
        let first = if self.case.by_worth { money + worth } else { money };
        let rank = (first, worth, std::cmp::Reverse(used.len()), std::cmp::Reverse(used.clone()));
        if self.best.as_ref().is_none_or(|(best, _)| rank > *best) {
            self.best = Some((rank, (money, worth, used)));
        }
    }

    /// The cheaper units of a set where it matters to nothing but roundings who sits with whom: sets are formed dearest
    /// first of all units that the campaign uses.
    fn in_order(&self, own: &Application, all: &[Application]) -> Option<Vec<usize>> {
        let Kind::Units { groups, units, dearest: false, off } = &self.case.campaigns[own.campaign].kind else { return None };
        let [group] = groups.as_slice() else { return None };
        let mut open: Vec<usize> = (0..self.units.len()).filter(|unit| self.open[own.campaign][0][*unit]).collect();
        open.sort_by_key(|unit| (std::cmp::Reverse(self.units[*unit].amount), *unit));
        let falls = |pair: &[usize]| {
            let (dear, cheap) = (self.gain(*off, pair[0]), self.gain(*off, pair[1]));
            if self.units[pair[0]].amount == self.units[pair[1]].amount { dear == cheap } else { dear >= cheap }
        };
        if !open.windows(2).all(falls) {
            return None;
        }
        let sets: Vec<&Application> = all.iter().filter(|other| other.campaign == own.campaign).collect();
        let used: Vec<usize> = open.into_iter().filter(|unit| sets.iter().any(|set| set.seats[0].contains(unit))).collect();
        let number = sets.iter().position(|set| std::ptr::eq(*set, own)).unwrap();
        let set = used.chunks(group.units).nth(number).unwrap();
        Some(set[set.len() - units..].to_vec())
    }

    /// What stays of each campaign.
    fn within_caps(&self, money: &Money) -> Vec<i64> {
        let mut kept = vec![0_i64; self.case.campaigns.len()];
        for ((campaign, _), minor) in money {
            kept[*campaign] += (*minor).min(self.case.campaigns[*campaign].line_cap.unwrap_or(i64::MAX));
        }
        kept.iter().zip(&self.case.campaigns).map(|(minor, campaign)| (*minor).min(campaign.cap.unwrap_or(i64::MAX))).collect()
    }

    fn percent(
        &self,
        percent: i64,
        (campaign, by_line): (usize, bool),
        all: &[usize],
        shares: &mut Money,
        off: &mut impl FnMut(usize, i64),
    ) {
        for unit in all.iter().map(|unit| self.units[*unit]) {
            let hundredths = (percent * unit.amount).min(100 * unit.room);
            let scope = match self.case.rounded_per {
                RoundedPer::Unit => {
                    off(unit.line, rounded(hundredths, 100, self.case.rounding).min(unit.room));
                    continue;
                }
                RoundedPer::Line => unit.line,
                RoundedPer::Adjustment if by_line => unit.line,
                RoundedPer::Adjustment | RoundedPer::Receipt => usize::MAX,
            };
            *shares.entry((campaign, scope)).or_default() += hundredths;
        }
    }

    /// How much of an amount off all these units their minimum prices let stand.
    fn borne(&self, wanted: i64, all: &[usize]) -> i64 {
        let mut all = all.to_vec();
        all.sort_unstable();
        let room: i64 = all.iter().map(|unit| self.units[*unit].room).sum();
        if self.case.unplaced == Unplaced::Redistributed {
            return wanted.min(room);
        }
        let sum: i64 = all.iter().map(|unit| self.units[*unit].amount).sum();
        if sum == 0 {
            return 0;
        }
        let mut parts: Vec<(i64, i64, usize)> = all
            .iter()
            .map(|unit| (wanted * self.units[*unit].amount / sum, wanted * self.units[*unit].amount % sum, *unit))
            .collect();
        let mut left = wanted - parts.iter().map(|part| part.0).sum::<i64>();
        parts.sort_by_key(|part| (-part.1, part.2));
        for part in &mut parts {
            part.0 += i64::from(left > 0);
            left -= i64::from(left > 0);
        }
        parts.iter().map(|part| part.0.min(self.units[part.2].room)).sum()
    }
}
