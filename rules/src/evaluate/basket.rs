//! The goods while prices are being worked out: each line as runs of equal units, split only where an offer
//! treats some of them differently, so that cost depends on kinds of units and not on their number.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::case::Case;
use crate::attribute::Property;
use crate::catalogue::{Entry, Product};
use crate::conventions::{Leftover, Unplaced};
use crate::mechanic::Group;
use crate::money::{self, Currency, Parts, Quantity, UnitPrice};
use crate::receipt::{Line, Measure};
use crate::selector::properties_of;

/// Whose doing a change of price is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    /// The campaign at this place of the revision.
    Campaign(usize),
    /// The redemption of the asset at this place of the revision.
    Redeem(usize),
    /// The article's largest price.
    PriceMax,
}

/// One change of a run's amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Change {
    pub(super) by: By,
    /// In minor units, below zero where it became cheaper.
    pub(super) minor: i64,
}

/// What an offer makes of a run while a level is being put in place, in the order in which the runs of a line then
/// stand: equal neighbours become one part again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) enum Role {
    /// Taken by itself, or to earn something added.
    Each,
    #[default]
    Rest,
    /// Part of a set.
    InSet,
    /// What the set makes cheaper.
    Gained,
}

/// Some units of a run, given by their ranks: the unit at rank 0 costs most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub(super) run: usize,
    pub(super) rank: i64,
    pub(super) units: i64,
    pub(super) role: Role,
    /// Whose they become, a number that the caller gives.
    pub(super) owner: usize,
}

/// How a discount lies on several runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Manner {
    pub(super) leftover: Leftover,
    pub(super) unplaced: Unplaced,
}

/// A run of equal units of one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Run {
    pub(super) milli: i64,
    /// Its share of what was rung up, in minor units; what offers look at is `original`.
    pub(super) rung: i64,
    /// What it costs now.
    pub(super) amount: i64,
    /// The stacking groups by whose offers it was used.
    pub(super) used: u64,
    /// Added by a campaign.
    pub(super) added: bool,
    pub(super) role: Role,
    pub(super) owner: usize,
    /// They sum to `amount - rung`.
    pub(super) changes: SmallVec<[Change; 4]>,
}

/// One line of the receipt while prices are being worked out.
#[derive(Debug)]
pub(super) struct BasketLine<'a> {
    pub(super) line: &'a Line,
    pub(super) product: Option<&'a Product>,
    pub(super) properties: Cow<'a, [Property]>,
    /// Neither deposit nor certificate nor money in another shape.
    pub(super) merchandise: bool,
    pub(super) takes_discount: bool,
    pub(super) earns: bool,
    pub(super) redeems: bool,
    /// Minor units of it that were paid by an asset or taken off before: they earn nothing.
    pub(super) not_earning: i64,
    /// The part of that which was paid by an asset as a tender.
    pub(super) redeemed_not_earning: i64,
    /// What assets paid of it as tenders.
    pub(super) paid_by_assets: i64,
    pub(super) runs: Vec<Run>,
}

/// A run by line and place.
pub(super) type Spot = (usize, usize);

/// The goods of a receipt.
#[derive(Debug)]
pub(super) struct Basket<'a> {
    pub(super) currency: Currency,
    pub(super) lines: Vec<BasketLine<'a>>,
}

impl<'a> Basket<'a> {
    pub(super) fn open(case: &Case<'a>) -> Self {
        let lines = case.receipt.lines.iter().map(|line| BasketLine::open(line, case.catalogue.entry(&line.sku))).collect();
        let mut basket = Self { currency: case.receipt.currency, lines };
        basket.keep_to_largest_prices(case);
        basket
    }

    /// As opened again.
    pub(super) fn reset(&mut self, case: &Case<'a>) {
        for line in &mut self.lines {
            line.runs = vec![Run::whole(line.line)];
        }
        self.keep_to_largest_prices(case);
    }

    pub(super) fn run(&self, (line, run): Spot) -> Option<(&BasketLine<'a>, &Run)> {
        let line = self.lines.get(line)?;
        Some((line, line.runs.get(run)?))
    }

    fn run_mut(&mut self, (line, run): Spot) -> Option<&mut Run> {
        self.lines.get_mut(line)?.runs.get_mut(run)
    }

    /// How much a run can still become cheaper: to its minimum price.
    pub(super) fn room(&self, spot: Spot) -> i64 {
        self.run(spot).map_or(0, |(line, run)| match line.unit_floor(self.currency) {
            0 => run.amount,
            floor => run.amount.saturating_sub(floor.saturating_mul(line.units(run))).max(0),
        })
    }

    /// The runs of some lines that an offer of a stacking group may still lower.
    pub(super) fn open_spots(&self, lines: &[usize], group_bit: u64, spots: &mut Vec<Spot>) {
        spots.clear();
        for place in lines {
            let Some(line) = self.lines.get(*place).filter(|line| line.takes_discount) else { continue };
            let open = line.runs.iter().enumerate().filter(|(_, run)| !run.added && run.amount > 0 && run.used & group_bit == 0);
            spots.extend(open.map(|(run, _)| (*place, run)));
        }
    }

    /// What each of some runs costs now.
    pub(super) fn amounts_of(&self, spots: &[Spot]) -> Parts {
        let mut amounts = Parts::new();
        amounts.extend(spots.iter().map(|spot| self.run(*spot).map_or(0, |(_, run)| run.amount)));
        amounts
    }

    pub(super) fn amount_of(&self, spots: &[Spot]) -> i64 {
        spots.iter().filter_map(|spot| self.run(*spot)).map(|(_, run)| run.amount).fold(0, i64::saturating_add)
    }

    pub(super) fn mark(&mut self, spots: &[Spot], group_bit: u64) {
        for spot in spots {
            if let Some(run) = self.run_mut(*spot) {
                run.used |= group_bit;
            }
        }
    }

    /// Divides the runs of a line into the pieces given, run by run, which do not overlap; what none of them names stays
    /// by itself.
    pub(super) fn divide(&mut self, place: usize, pieces: &[Piece]) {
        let Some(line) = self.lines.get_mut(place) else { return };
        let mut divided = Vec::with_capacity(line.runs.len().saturating_add(pieces.len()));
        for (number, run) in std::mem::take(&mut line.runs).into_iter().enumerate() {
            let own = pieces.partition_point(|piece| piece.run < number)..pieces.partition_point(|piece| piece.run <= number);
            match pieces.get(own).unwrap_or_default() {
                [] => divided.push(run),
                own => {
                    let units = if line.line.measure == Measure::Counted { Quantity::from_milli(run.milli).pieces() } else { 1 };
                    run.divide(units, own, &mut divided);
                }
            }
        }
        line.runs = divided;
    }

    /// Splits a run so that it keeps its first, dearest `units` and the rest follows it.
    pub(super) fn split(&mut self, (line, run): Spot, units: i64) {
        let all = self.run((line, run)).map_or(0, |(line, run)| line.units(run));
        if (1..all).contains(&units) {
            self.divide(line, &[Piece { run, rank: 0, units, role: Role::Each, owner: 0 }]);
            self.settle(&[line]);
        }
    }

    /// The runs of some lines that became an owner's in one of some roles.
    pub(super) fn spots_of(&self, lines: &[usize], owner: usize, roles: &[Role], spots: &mut Vec<Spot>) {
        spots.clear();
        for (place, line) in lines.iter().filter_map(|place| Some((*place, self.lines.get(*place)?))) {
            let own = line.runs.iter().enumerate().filter(|(_, run)| run.owner == owner && roles.contains(&run.role));
            spots.extend(own.map(|(run, _)| (place, run)));
        }
    }

    /// Forgets whose runs are, once a level stands.
    pub(super) fn settle(&mut self, lines: &[usize]) {
        for place in lines {
            for run in self.lines.get_mut(*place).into_iter().flat_map(|line| &mut line.runs) {
                (run.role, run.owner) = (Role::Rest, 0);
            }
        }
    }

    /// Makes a run cheaper by `minor`, which must be within its room.
    pub(super) fn lower(&mut self, spot: Spot, by: By, minor: i64) {
        self.lower_within(spot, by, minor, self.room(spot));
    }

    /// [`Self::lower`], its room known.
    fn lower_within(&mut self, spot: Spot, by: By, minor: i64, room: i64) {
        assert!((0..=room).contains(&minor), "no price goes below its minimum");
        if let Some(run) = self.run_mut(spot).filter(|_| minor > 0) {
            run.amount = run.amount.saturating_sub(minor);
            match run.changes.last_mut().filter(|change| change.by == by) {
                Some(change) => change.minor = change.minor.saturating_sub(minor),
                None => run.changes.push(Change { by, minor: minor.saturating_neg() }),
            }
        }
    }

    /// Takes `total` off runs in proportion to their amounts, by largest remainder, the earlier first, never below
    /// a minimum price; what one cannot bear the others do. Returns what was taken.
    pub(super) fn spread(&mut self, spots: &[Spot], by: By, total: i64) -> i64 {
        self.spread_as(spots, by, total, Manner::default())
    }

    /// [`Self::spread`] in the manner that a program wants.
    pub(super) fn spread_as(&mut self, spots: &[Spot], by: By, total: i64, manner: Manner) -> i64 {
        // One run alone is the common case and needs no division.
        if let [spot] = spots {
            let room = self.room(*spot);
            let taken = total.min(room).max(0);
            self.lower_within(*spot, by, taken, room);
            return taken;
        }
        let mut rooms = Parts::new();
        rooms.extend(spots.iter().map(|spot| self.room(*spot)));
        let shares = self.shares_of(spots, total, &rooms, manner);
        for ((spot, share), room) in spots.iter().zip(&shares).zip(&rooms) {
            self.lower_within(*spot, by, *share, *room);
        }
        shares.iter().copied().fold(0, i64::saturating_add)
    }

    /// What each run bears of `total`: lines by what is left of each, and within a line its runs. Runs of a line stand
    /// together.
    pub(super) fn shares_of(&self, spots: &[Spot], total: i64, rooms: &[i64], manner: Manner) -> Parts {
        let amounts = self.amounts_of(spots);
        let divided = spots.iter().zip(spots.iter().skip(1)).any(|(spot, next)| spot.0 == next.0);
        if !divided {
            return shares(total, amounts, rooms, manner);
        }
        // By line: how many runs, what is left of them, and how much they can bear.
        let mut lines: SmallVec<[(usize, i64, i64); 16]> = SmallVec::new();
        let mut runs = amounts.iter().zip(rooms);
        for own in spots.chunk_by(|a, b| a.0 == b.0) {
            let of_line = runs.by_ref().take(own.len()).fold((0_i64, 0_i64), |(amounts, rooms), (amount, room)| {
                (amounts.saturating_add(*amount), rooms.saturating_add(*room))
            });
            lines.push((own.len(), of_line.0, of_line.1));
        }
        let (mut line_amounts, mut line_rooms) = (Parts::new(), Parts::new());
        line_amounts.extend(lines.iter().map(|line| line.1));
        line_rooms.extend(lines.iter().map(|line| line.2));
        let of_lines = shares(total, line_amounts, &line_rooms, manner);
        let within = Manner { unplaced: Unplaced::Redistributed, ..manner };
        let mut found = Parts::new();
        for (&(count, ..), &share) in lines.iter().zip(&of_lines) {
            // Most lines are one run, which bears what its line does.
            if count == 1 {
                found.push(share);
                continue;
            }
            let from = found.len();
            let (mut own, mut own_rooms) = (Parts::new(), Parts::new());
            own.extend(amounts.iter().skip(from).take(count).copied());
            own_rooms.extend(rooms.iter().skip(from).take(count).copied());
            found.extend(shares(share, own, &own_rooms, within));
        }
        found
    }

    /// What each line costs now.
    pub(super) fn amounts(&self) -> Vec<i64> {
        self.lines.iter().map(BasketLine::amount).collect()
    }
}

/// What each bears of `total`, by weights and with no part above its room.
pub(super) fn shares(total: i64, weights: Parts, rooms: &[i64], manner: Manner) -> Parts {
    match manner.unplaced {
        Unplaced::Redistributed => {
            let total = total.min(rooms.iter().copied().fold(0, i64::saturating_add)).max(0);
            let shares = capped_split(total, weights, rooms, manner.leftover);
            assert!(shares.iter().sum::<i64>() == total, "the shares sum to the total");
            shares
        }
        Unplaced::Dropped => {
            let shares = money::split_by(total.max(0), &weights, manner.leftover);
            shares.into_iter().zip(rooms).map(|(share, room)| share.min(*room).max(0)).collect()
        }
    }
}

/// Splits `total`, at most the sum of `rooms`, by weights, with no part above its room: parts that would be are
/// set to it, and what is left is split over the others anew.
fn capped_split(total: i64, mut weights: Parts, rooms: &[i64], leftover: Leftover) -> Parts {
    // Where each can bear all that it weighs, no share is above its room.
    if rooms == weights.as_slice() {
        return money::split_by(total, &weights, leftover);
    }
    let mut fixed: Vec<Option<i64>> = rooms.iter().map(|room| (*room <= 0).then_some(0)).collect();
    loop {
        let given = fixed.iter().flatten().copied().fold(0, i64::saturating_add);
        for (weight, fixed) in weights.iter_mut().zip(&fixed) {
            *weight = if fixed.is_some() { 0 } else { *weight };
        }
        let shares = money::split_by(total.saturating_sub(given), &weights, leftover);
        let mut again = false;
        for ((fixed, share), room) in fixed.iter_mut().zip(&shares).zip(rooms) {
            if fixed.is_none() && share > room {
                *fixed = Some(*room);
                again = true;
            }
        }
        if !again {
            return fixed.into_iter().zip(shares).map(|(fixed, share)| fixed.unwrap_or(share)).collect();
        }
    }
}

impl Group {
    /// Whether a line is of its goods, whatever its condition says.
    pub(super) fn is_about(&self, line: &BasketLine<'_>) -> bool {
        self.on.as_ref().is_none_or(|on| on.matches(&line.properties, line.line.measure))
    }
}

/// What kind, catalogue and till allow of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    pub(super) merchandise: bool,
    pub(super) takes_discount: bool,
    pub(super) earns: bool,
    redeems: bool,
}

impl Allowed {
    pub(super) fn of(line: &Line, product: Option<&Product>) -> Self {
        let merchandise = product.is_none_or(|product| product.kind.is_merchandise());
        Self {
            merchandise,
            takes_discount: merchandise && !line.no_discount && product.is_none_or(|product| !product.no_discount),
            earns: merchandise && !line.no_earn && product.is_none_or(|product| !product.no_earn),
            redeems: merchandise && product.is_none_or(|product| !product.no_redeem),
        }
    }
}

impl<'a> BasketLine<'a> {
    fn open(line: &'a Line, entry: Option<&'a Entry>) -> Self {
        let product = entry.map(|entry| &entry.product);
        let Allowed { merchandise, takes_discount, earns, redeems } = Allowed::of(line, product);
        Self {
            line,
            product,
            properties: properties_of(line, entry),
            merchandise,
            takes_discount,
            earns,
            redeems,
            not_earning: 0,
            redeemed_not_earning: 0,
            paid_by_assets: 0,
            runs: vec![Run::whole(line)],
        }
    }

    pub(super) fn counted(&self) -> bool {
        matches!(self.line.measure, Measure::Counted)
    }

    /// Units in a run; measured goods are one.
    pub(super) fn units(&self, run: &Run) -> i64 {
        if self.counted() { Quantity::from_milli(run.milli).pieces() } else { 1 }
    }

    /// The units rung up.
    pub(super) fn units_rung(&self) -> i64 {
        if self.counted() { self.line.quantity.pieces() } else { 1 }
    }

    /// What the line costs now.
    pub(super) fn amount(&self) -> i64 {
        self.runs.iter().map(|run| run.amount).fold(0, i64::saturating_add)
    }

    /// The least that one unit of it may cost: each unit keeps to it by itself, however many are sold as one part.
    pub(super) fn unit_floor(&self, currency: Currency) -> i64 {
        let Some(least) = self.product.and_then(|product| product.unit_price_min).filter(|least| *least > UnitPrice::ZERO) else {
            return 0;
        };
        let quantity = if self.counted() { Quantity::ONE } else { self.line.quantity };
        // What does not fit is more than any line costs: no room then.
        let Some(floor) = money::extend(quantity, least, currency) else { return i64::MAX };
        let short = money::unit_price(floor, quantity, currency).is_some_and(|price| price < least);
        floor.minor().saturating_add(i64::from(short))
    }
}

impl Run {
    fn whole(line: &Line) -> Self {
        let (milli, amount) = (line.quantity.milli(), line.amount.minor());
        Self { milli, rung: amount, amount, used: 0, added: false, role: Role::Rest, owner: 0, changes: SmallVec::new() }
    }

    /// Cuts a run of so many units into pieces and what they leave, pieces of one owner and role joined, in the order
    /// of roles.
    fn divide(mut self, units: i64, pieces: &[Piece], into: &mut Vec<Self>) {
        if let [piece] = pieces
            && piece.units == units
        {
            (self.role, self.owner) = (piece.role, piece.owner);
            return into.push(self);
        }
        let mut all: SmallVec<[Piece; 8]> = SmallVec::from_slice(pieces);
        all.sort_by_key(|piece| piece.rank);
        // What lies between them and after them is left over.
        let run = pieces.first().map_or(0, |piece| piece.run);
        let end = Piece { run, rank: units, units: 0, role: Role::Rest, owner: 0 };
        let mut next = 0_i64;
        for number in 0..=pieces.len() {
            let piece = all.get(number).copied().filter(|_| number < pieces.len()).unwrap_or(end);
            let rest = Piece { rank: next, units: piece.rank.saturating_sub(next), ..end };
            if rest.units > 0 {
                all.push(rest);
            }
            next = piece.rank.saturating_add(piece.units);
        }
        all.sort_by_key(|piece| (piece.role, piece.owner, piece.rank));
        let mut left = self.milli;
        for own in all.chunk_by(|a, b| (a.role, a.owner) == (b.role, b.owner)) {
            let part = self.part(units, own);
            left = left.saturating_sub(part.milli);
            into.push(part);
        }
        assert!(left == 0, "no unit is lost");
    }

    /// The units at some ranks as a run of their own. The amount after each change is divided by itself: rank by rank
    /// it never grows from one to the next, so no change turns over and all sums stay exact (P6).
    fn part(&self, units: i64, pieces: &[Piece]) -> Self {
        let share = |minor: i64| {
            pieces.iter().map(|piece| share_of_ranks(minor, units, piece.rank, piece.units)).fold(0, i64::saturating_add)
        };
        let own = pieces.iter().map(|piece| piece.units).fold(0, i64::saturating_add);
        let mut all = self.rung;
        let mut amount = share(all);
        let rung = amount;
        let mut changes = SmallVec::with_capacity(self.changes.len());
        for change in &self.changes {
            all = all.saturating_add(change.minor);
            let after = share(all);
            changes.push(Change { by: change.by, minor: after.saturating_sub(amount) });
            amount = after;
        }
        assert!(all == self.amount, "the changes sum to the amount");
        let (role, owner) = pieces.first().map_or((Role::Rest, 0), |piece| (piece.role, piece.owner));
        let milli = own.saturating_mul(Quantity::ONE.milli());
        Self { milli, rung, amount, used: self.used, added: self.added, role, owner, changes }
    }
}

/// What `units` units from a rank on cost of a run of `all` units together: the first `total mod all` ranks cost one
/// minor unit more than the others.
fn share_of_ranks(total: i64, all: i64, rank: i64, units: i64) -> i64 {
    let each = total.checked_div(all).unwrap_or(0);
    let dearer = total.checked_rem(all).unwrap_or(0);
    let above = dearer.min(rank.saturating_add(units)).saturating_sub(rank).max(0);
    each.saturating_mul(units).saturating_add(above)
}
