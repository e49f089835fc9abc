//! The reference: one account as plain lists, in minutes and units, each rule written down once and slowly.

use std::collections::BTreeMap;

use super::plan::{Kind, Plan};
use tessera_rules::decision::Shortfall;

/// Minutes for which a quote holds.
pub(super) const HOLD: i64 = 15;
/// Minutes for which what comes back can be used at least: 14 days.
const RESTORED: i64 = 14 * 24 * 60;
/// Minutes for which a sale renews the second asset.
pub(super) const RENEWED: i64 = 600;
/// Minor units that a unit of the first asset is worth; the second has no worth.
const WORTH: i64 = 2;

/// What an account has of one earning, or owes.
#[derive(Clone, Debug)]
struct Lot {
    asset: usize,
    name: (String, u16),
    left: i64,
    vests: i64,
    expires: Option<i64>,
    booked: i64,
    /// It has lapsed and the books say so: only a return of the goods that earned it still knows it.
    posted: bool,
}

impl Lot {
    fn lapsed(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn usable(&self, now: i64) -> bool {
        self.left > 0 && self.vests <= now && !self.lapsed(now)
    }

    /// Earliest end first, those without one last.
    fn order(&self) -> (usize, i64, i64, (String, u16)) {
        (self.asset, self.expires.unwrap_or(i64::MAX), self.booked, self.name.clone())
    }
}

/// What an open quote holds.
#[derive(Clone, Debug, Default)]
struct Quote {
    until: i64,
    number: u32,
    units: [i64; 2],
    code: Option<usize>,
}

/// A coupon, named after the receipt that issued it.
#[derive(Clone, Debug)]
pub(super) struct Coupon {
    pub(super) until: i64,
    pub(super) used_by: Option<usize>,
}

/// A settled receipt.
#[derive(Clone, Debug)]
struct Sale {
    plan: Plan,
    /// Of each asset what was used and from what: units and their end.
    used: [Vec<(i64, Option<i64>)>; 2],
    back: [i64; 2],
}

/// Of what goods that come back take a share.
#[derive(Clone, Copy, Debug)]
enum Share {
    /// A reward that lies on the first line.
    FirstLine,
    /// A reward of the whole receipt.
    Reward,
    /// What paid for it.
    Payment,
}

/// What a settle is expected to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Expected {
    pub(super) shortfall: [i64; 2],
    /// A coupon that was used or held elsewhere.
    pub(super) short_code: bool,
}

/// The account.
#[derive(Clone, Debug, Default)]
pub(super) struct Reference {
    pub(super) now: i64,
    lots: Vec<Lot>,
    quotes: BTreeMap<usize, Quote>,
    pub(super) coupons: BTreeMap<usize, Coupon>,
    sales: BTreeMap<usize, Sale>,
    /// Tickets numbered and good.
    pub(super) tickets: (i64, i64),
    /// Prizes: none: due; whether they were given.
    pub(super) prizes: BTreeMap<usize, Option<bool>>,
    places: u16,
}

/// `value × part ÷ whole`, half up.
fn half_up(value: i64, part: i64, whole: i64) -> i64 {
    (2 * value * part + whole) / (2 * whole)
}

impl Reference {
    fn sum(&self, asset: usize, which: impl Fn(&Lot) -> bool) -> i64 {
        self.lots.iter().filter(|lot| lot.asset == asset && which(lot)).map(|lot| lot.left).sum()
    }

    fn usable(&self, asset: usize) -> i64 {
        self.sum(asset, |lot| lot.usable(self.now))
    }

    fn owed(&self, asset: usize) -> i64 {
        self.sum(asset, |lot| lot.left < 0)
    }

    fn open(&self) -> impl Iterator<Item = (&usize, &Quote)> {
        self.quotes.iter().filter(|(_, quote)| self.now < quote.until)
    }

    fn held(&self, asset: usize, but: Option<usize>) -> i64 {
        self.open().filter(|(receipt, _)| Some(**receipt) != but).map(|(_, quote)| quote.units[asset]).sum()
    }

    /// Vested, pending and held.
    pub(super) fn balance(&self, asset: usize) -> (i64, i64, i64) {
        let vested = self.sum(asset, |lot| !lot.lapsed(self.now) && (lot.vests <= self.now || lot.left < 0));
        let pending = self.sum(asset, |lot| !lot.lapsed(self.now) && lot.vests > self.now && lot.left > 0);
        (vested, pending, self.held(asset, None))
    }

    /// What a receipt may promise.
    pub(super) fn available(&self, receipt: usize, asset: usize) -> i64 {
        (self.usable(asset) + self.owed(asset) - self.held(asset, Some(receipt))).max(0)
    }

    /// Whether a coupon may be promised to a receipt.
    pub(super) fn coupon_is_free(&self, code: usize, receipt: usize) -> bool {
        let coupon = &self.coupons[&code];
        let held = self.open().any(|(other, quote)| *other != receipt && quote.code == Some(code));
        !held && coupon.used_by.is_none_or(|by| by == receipt) && self.now < coupon.until
    }

    /// Everything that is left in lots, lapsed or not, until it is posted.
    pub(super) fn in_lots(&self, asset: usize) -> i64 {
        self.sum(asset, |lot| !lot.posted)
    }

    /// Posts what has lapsed; returns how many lots.
    pub(super) fn close(&mut self) -> usize {
        let now = self.now;
        let mut lapsed = 0;
        for lot in self.lots.iter_mut().filter(|lot| lot.left > 0 && lot.lapsed(now) && !lot.posted) {
            lot.posted = true;
            lapsed += 1;
        }
        lapsed
    }

    /// False: a later quote was answered.
    pub(super) fn quote(&mut self, receipt: usize, number: u32, units: [i64; 2], code: Option<usize>) -> bool {
        let now = self.now;
        let known = self.open().find(|(known, _)| **known == receipt).map(|(_, quote)| quote.clone());
        if known.as_ref().is_some_and(|known| number < known.number) {
            return false;
        }
        self.quotes.retain(|_, quote| now < quote.until);
        let holds = code.is_some() || units.iter().any(|units| *units > 0);
        if holds || known.is_some() {
            let until = if holds { now + HOLD } else { known.map_or(now, |known| known.until) };
            self.quotes.insert(receipt, Quote { until, number, units, code });
        }
        true
    }

    /// The receipt is over: it holds nothing any more.
    pub(super) fn release(&mut self, receipt: usize) {
        self.quotes.remove(&receipt);
    }

    fn next_name(&mut self, id: &str) -> (String, u16) {
        self.places += 1;
        (id.to_owned(), self.places - 1)
    }

    fn credit(&mut self, id: &str, asset: usize, units: i64, (vests, expires): (i64, Option<i64>)) {
        let name = self.next_name(id);
        let mut left = units;
        self.lots.sort_by_key(Lot::order);
        for debt in self.lots.iter_mut().filter(|lot| lot.asset == asset && lot.left < 0) {
            let step = left.min(-debt.left);
            debt.left += step;
            left -= step;
        }
        self.lots.retain(|lot| lot.left != 0);
        if left > 0 {
            self.lots.push(Lot { asset, name, left, vests, expires, booked: self.now, posted: false });
        }
    }

    fn owe(&mut self, id: &str, asset: usize, units: i64) {
        let name = self.next_name(id);
        self.lots.push(Lot { asset, name, left: -units, vests: self.now, expires: None, booked: self.now, posted: false });
    }

    /// Uses units; returns what was taken from where, and what the account did not have.
    fn spend(&mut self, id: &str, receipt: usize, asset: usize, units: i64) -> (Vec<(i64, Option<i64>)>, i64) {
        let own = self.open().find(|(known, _)| **known == receipt).map_or(0, |(_, quote)| quote.units[asset]);
        let others = self.held(asset, Some(receipt));
        let sure = own.min(self.usable(asset) - others);
        let most = units.min((self.usable(asset) + self.owed(asset) - others).max(sure).max(0));
        let (mut left, now) = (most, self.now);
        let mut from = Vec::new();
        self.lots.sort_by_key(Lot::order);
        for lot in self.lots.iter_mut().filter(|lot| lot.asset == asset && lot.usable(now)) {
            let step = left.min(lot.left);
            if step > 0 {
                lot.left -= step;
                left -= step;
                from.push((step, lot.expires));
            }
        }
        self.lots.retain(|lot| lot.left != 0);
        let short = units - (most - left);
        if short > 0 {
            self.owe(id, asset, short);
            from.push((short, None));
        }
        (from, short)
    }

    /// A receipt is paid: what it used goes, all is renewed, what it earned comes.
    pub(super) fn settle(&mut self, receipt: usize, plan: &Plan, (units, code): ([i64; 2], Option<usize>)) -> Expected {
        let id = super::plan::receipt_name(receipt);
        self.places = 0;
        let mut expected = Expected::default();
        let mut used = [Vec::new(), Vec::new()];
        for asset in 0..2 {
            if units[asset] > 0 {
                (used[asset], expected.shortfall[asset]) = self.spend(&id, receipt, asset, units[asset]);
            }
        }
        if let Some(code) = code {
            let held = self.open().any(|(other, quote)| *other != receipt && quote.code == Some(code));
            if let Some(coupon) = self.coupons.get_mut(&code) {
                expected.short_code = held || coupon.used_by.is_some_and(|by| by != receipt);
                coupon.used_by.get_or_insert(receipt);
            }
        }
        let (now, until) = (self.now, self.now + RENEWED);
        for lot in self.lots.iter_mut().filter(|lot| lot.asset == 1 && !lot.lapsed(now)) {
            lot.expires = lot.expires.map(|expires| expires.max(until));
        }
        for reward in &plan.rewards {
            match reward.kind {
                Kind::Units { asset, units } => {
                    let expires = reward.expires_in.map(|minutes| now + minutes);
                    self.credit(&id, asset, units, (now + reward.vests_in, expires));
                }
                Kind::Coupon => {
                    let until = now + reward.expires_in.unwrap_or(1_000_000);
                    self.coupons.insert(receipt, Coupon { until, used_by: None });
                }
                Kind::Tickets(count) => {
                    self.tickets.0 += count;
                    self.tickets.1 += count;
                }
                Kind::Prize => {
                    self.prizes.insert(receipt, None);
                }
            }
        }
        self.quotes.retain(|known, quote| *known != receipt && now < quote.until);
        self.sales.insert(receipt, Sale { plan: plan.clone(), used, back: [0, 0] });
        expected
    }

    /// Goods come back; returns what is taken off the refund, and whether it was more than was left.
    pub(super) fn give_back(&mut self, id: &str, receipt: usize, pieces: [i64; 2]) -> (i64, bool) {
        self.places = 0;
        let mut sale = self.sales[&receipt].clone();
        let sold = sale.plan.pieces;
        let before = sale.back;
        let after = [0, 1].map(|line| sold[line].min(before[line] + pieces[line]));
        let beyond = (0..2).any(|line| before[line] + pieces[line] > sold[line]);
        sale.back = after;
        let equal = sale.plan.equal_shares;
        let step = |value: i64, of: Share| {
            let so_far = |back: [i64; 2]| match of {
                _ if back == sold => value,
                Share::FirstLine => half_up(value, back[0], sold[0]),
                Share::Reward if equal => half_up(value, back[0] + back[1], sold[0] + sold[1]),
                Share::Reward | Share::Payment => half_up(value, super::plan::worth(back), super::plan::worth(sold)),
            };
            (so_far(before), so_far(after))
        };
        for asset in 0..2 {
            let whole = sale.used[asset].iter().map(|(units, _)| units).sum();
            let (from, to) = step(whole, Share::Payment);
            let mut place = 0;
            for (units, expires) in &sale.used[asset] {
                let part = (place + units).min(to) - place.max(from);
                place += units;
                if part > 0 {
                    let expires = expires.map(|expires| expires.max(self.now + RESTORED));
                    self.credit(id, asset, part, (self.now, expires));
                }
            }
        }
        let mut left = super::plan::worth(after) - super::plan::worth(before);
        let refund = left;
        for reward in &sale.plan.rewards {
            if let Kind::Units { asset, units } = reward.kind {
                let (from, to) = step(units, if reward.on_first { Share::FirstLine } else { Share::Reward });
                left -= self.take_back(id, receipt, (asset, to - from), (reward.on_return, left));
            }
        }
        let ended = after == sold && before != sold;
        for reward in &sale.plan.rewards {
            match reward.kind {
                Kind::Tickets(count) => {
                    let (from, to) = step(count, Share::Reward);
                    self.tickets.1 -= to - from;
                }
                Kind::Prize if ended => {
                    self.prizes.entry(receipt).and_modify(|given| *given = given.or(Some(false)));
                }
                Kind::Coupon if ended && self.coupons[&receipt].used_by.is_none() => {
                    self.coupons.remove(&receipt);
                }
                Kind::Units { .. } | Kind::Coupon | Kind::Prize => {}
            }
        }
        if ended {
            self.coupons.values_mut().filter(|coupon| coupon.used_by == Some(receipt)).for_each(|coupon| coupon.used_by = None);
        }
        let now = self.now;
        self.quotes.retain(|_, quote| now < quote.until);
        self.sales.insert(receipt, sale);
        (refund - left, beyond)
    }

    /// Takes a reward back: its own lots first, then the oldest, never what is promised. Returns what is deducted.
    fn take_back(&mut self, id: &str, receipt: usize, (asset, due): (usize, i64), (rule, refund): (Shortfall, i64)) -> i64 {
        let own = super::plan::receipt_name(receipt);
        let now = self.now;
        self.lots.sort_by_key(|lot| (lot.name.0 != own, lot.booked, lot.name.clone()));
        let mut short = due;
        for place in 0..self.lots.len() {
            let lot = &self.lots[place];
            if lot.asset != asset || lot.left <= 0 || (lot.name.0 != own && lot.lapsed(now)) {
                continue;
            }
            let free = (self.usable(asset) - self.held(asset, None)).max(0);
            let most = if lot.usable(now) { free } else { i64::MAX };
            let step = short.min(most).min(lot.left);
            self.lots[place].left -= step;
            short -= step;
        }
        self.lots.retain(|lot| lot.left != 0);
        if short == 0 || rule == Shortfall::Zero {
            return 0;
        }
        let (mut covered, mut deducted) = (0, 0);
        if rule == Shortfall::DeductFromRefund && asset == 0 {
            deducted = (short * WORTH).min(refund);
            covered = if short * WORTH <= refund { short } else { refund / WORTH };
        }
        if short > covered {
            self.owe(id, asset, short - covered);
        }
        deducted
    }
}
