//! Random cases: campaigns of one level, written both as a program and as what the twin reads.

use crate::conventions::{LimitedUnits, RoundedPer, Unplaced};
use crate::money::Rounding;

use super::super::fixture::HEAD;

pub(super) const SKUS: [&str; 5] = ["MILK", "BUTTER", "PENNE", "CRISPS", "BEER"];

/// Off one unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Off {
    Percent(i64),
    Amount(i64),
    Price(i64),
}

/// Units of some goods; the numbers are places in `SKUS`.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) on: Vec<usize>,
    pub(super) units: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Together {
    Percent(i64),
    Amount(i64),
    Price(i64),
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Each(Off),
    AmountOffLine(i64),
    /// The last group's first or last so many units are cheaper.
    Units {
        groups: Vec<Group>,
        units: usize,
        dearest: bool,
        off: Off,
    },
    Mix {
        groups: Vec<Group>,
        together: Together,
    },
    Extra {
        every: usize,
        add: i64,
    },
    /// By place in `SKUS` what one costs.
    List(Vec<(usize, i64)>),
    Ladder(Ladder),
}

#[derive(Clone, Debug)]
pub(super) struct Ladder {
    pub(super) by_amount: bool,
    pub(super) marginal: bool,
    /// From so many thousandths of a unit or minor units on.
    pub(super) steps: Vec<(i64, Off)>,
}

#[derive(Clone, Debug)]
pub(super) struct Campaign {
    pub(super) on: Vec<usize>,
    pub(super) limit: Option<usize>,
    /// At most so much off the receipt, and off one line.
    pub(super) cap: Option<i64>,
    pub(super) line_cap: Option<i64>,
    pub(super) kind: Kind,
    what: String,
}

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) campaigns: Vec<Campaign>,
    pub(super) basket: String,
    pub(super) rounding: Rounding,
    pub(super) rounded_per: RoundedPer,
    pub(super) unplaced: Unplaced,
    pub(super) limited: LimitedUnits,
    pub(super) by_worth: bool,
}

/// A small generator of its own, so that a seed means the same for ever.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 on, below `end`.
    pub(super) fn below(&mut self, end: u64) -> i64 {
        i64::try_from(self.next() % end).unwrap()
    }

    pub(super) fn size(&mut self, from: usize, until: usize) -> usize {
        let choices = u64::try_from(until - from + 1).unwrap();
        from + usize::try_from(self.next() % choices).unwrap()
    }

    pub(super) fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.size(0, items.len() - 1)]
    }

    /// Few different prices, so that many ties arise; now and then any.
    pub(super) fn price(&mut self) -> i64 {
        if self.below(3) == 0 { 1 + self.below(600) } else { self.of(&[100, 150, 199, 200, 250, 300, 335, 5]) }
    }

    pub(super) fn skus(&mut self) -> Vec<usize> {
        let mut skus: Vec<usize> = (0..SKUS.len()).filter(|_| self.below(2) == 0).collect();
        if skus.is_empty() {
            skus.push(self.size(0, SKUS.len() - 1));
        }
        skus
    }
}

pub(super) fn on(skus: &[usize]) -> String {
    let names: Vec<&str> = skus.iter().map(|sku| SKUS[*sku]).collect();
    format!("on: {{sku: [{}]}}", names.join(", "))
}

pub(super) fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// What may stand after the mechanic of a campaign.
pub(super) fn caps(cap: Option<i64>, line_cap: Option<i64>) -> String {
    let said = |key: &str, cap: Option<i64>| cap.map(|cap| format!("{key}: {}", money(cap)));
    let caps: Vec<String> = said("per_receipt", cap).into_iter().chain(said("per_line", line_cap)).collect();
    if caps.is_empty() { String::new() } else { format!(", caps: {{{}}}", caps.join(", ")) }
}

impl Off {
    fn random(random: &mut Random) -> Self {
        match random.below(3) {
            0 => Self::Percent(random.of(&[5, 10, 15, 20, 33, 50, 100])),
            1 => Self::Amount(random.of(&[1, 10, 25, 50, 100, 180])),
            _ => Self::Price(random.price()),
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::Percent(percent) => format!("percent_off: {percent}"),
            Self::Amount(minor) => format!("amount_off: {}", money(minor)),
            Self::Price(minor) => format!("fixed_price: {}", money(minor)),
        }
    }
}

impl Group {
    fn random(random: &mut Random) -> Self {
        Self { on: random.skus(), units: random.size(1, 2) }
    }
}

fn texts(groups: &[Group]) -> String {
    let texts: Vec<String> = groups.iter().map(|group| format!("{{{}, units: {}}}", on(&group.on), group.units)).collect();
    texts.join(", ")
}

impl Campaign {
    fn buy_get(random: &mut Random) -> (Kind, String) {
        let (buy, get, off) = (Group::random(random), Group::random(random), Off::random(random));
        let text = format!(
            "buy_get: {{buy: [{}], get: {{{}, units: {}, {}}}}}",
            texts(std::slice::from_ref(&buy)),
            on(&get.on),
            get.units,
            off.text()
        );
        let units = get.units;
        (Kind::Units { groups: vec![buy, get], units, dearest: false, off }, text)
    }

    fn mix(random: &mut Random) -> (Kind, String) {
        let groups: Vec<Group> = (0..random.size(1, 2)).map(|_| Group::random(random)).collect();
        let size: i64 = groups.iter().map(|group| i64::try_from(group.units).unwrap()).sum();
        let (together, text) = match random.below(3) {
            0 => {
                let percent = random.of(&[10, 15, 25, 33]);
                (Together::Percent(percent), format!("percent_off: {percent}"))
            }
            1 => {
                let minor = random.of(&[20, 60, 150, 400]);
                (Together::Amount(minor), format!("amount_off: {}", money(minor)))
            }
            _ => {
                let minor = size * random.of(&[60, 120, 160, 200]);
                (Together::Price(minor), format!("price: {}", money(minor)))
            }
        };
        let text = format!("mix_and_match: {{groups: [{}], {text}}}", texts(&groups));
        (Kind::Mix { groups, together }, text)
    }

    /// So much off each unit.
    pub(super) fn each(on: Vec<usize>, off: Off) -> Self {
        let what = format!("{}, {}", self::on(&on), off.text());
        Self { on, limit: None, cap: None, line_cap: None, kind: Kind::Each(off), what }
    }

    fn list(random: &mut Random) -> (Kind, String) {
        let prices: Vec<(usize, i64)> = random.skus().into_iter().map(|sku| (sku, random.price())).collect();
        let texts: Vec<String> = prices.iter().map(|(sku, price)| format!("{}: {}", SKUS[*sku], money(*price))).collect();
        let text = format!("price_list: {{{}}}", texts.join(", "));
        (Kind::List(prices), text)
    }

    fn ladder(random: &mut Random) -> (Kind, String) {
        let (by_amount, marginal) = (random.below(2) == 0, random.below(2) == 0);
        let mut from = 0;
        let mut steps = Vec::new();
        for _ in 0..random.size(1, 3) {
            from += if by_amount { 50 + random.below(250) } else { 1 + random.below(2) };
            steps.push((from, Off::random(random)));
        }
        let said = |from: i64| if by_amount { money(from) } else { from.to_string() };
        let texts: Vec<String> = steps.iter().map(|(from, off)| format!("{{from: {}, {}}}", said(*from), off.text())).collect();
        let (by, mode) = (if by_amount { "amount" } else { "quantity" }, if marginal { "marginal" } else { "whole" });
        let text = format!("ladder: {{by: {by}, mode: {mode}, steps: [{}]}}", texts.join(", "));
        if !by_amount {
            steps.iter_mut().for_each(|(from, _)| *from *= 1_000);
        }
        (Kind::Ladder(Ladder { by_amount, marginal, steps }), text)
    }

    pub(super) fn random(random: &mut Random) -> Self {
        let goods = random.skus();
        let which = |dearest: bool| if dearest { "dearest" } else { "cheapest" };
        let (kind, what) = match random.below(12) {
            0 => {
                let percent = random.of(&[5, 10, 15, 20, 33, 50]);
                (Kind::Each(Off::Percent(percent)), format!("percent_off: {percent}"))
            }
            1 => {
                let off = Off::random(random);
                (Kind::Each(off), off.text())
            }
            2 => {
                let minor = random.of(&[10, 50, 120, 300]);
                (Kind::AmountOffLine(minor), format!("amount_off: {}, per: line", money(minor)))
            }
            3 => {
                let take = random.size(2, 4);
                let pay = random.size(1, take - 1);
                let dearest = random.below(2) == 0;
                let groups = vec![Group { on: goods.clone(), units: take }];
                let text = format!("n_for_m: {{take: {take}, pay: {pay}, free: {}}}", which(dearest));
                (Kind::Units { groups, units: take - pay, dearest, off: Off::Percent(100) }, text)
            }
            4 => {
                let (nth, off, dearest) = (random.size(2, 3), Off::random(random), random.below(3) == 0);
                let groups = vec![Group { on: goods.clone(), units: nth }];
                let text = format!("nth_unit: {{nth: {nth}, which: {}, {}}}", which(dearest), off.text());
                (Kind::Units { groups, units: 1, dearest, off }, text)
            }
            5 => Self::buy_get(random),
            6 | 7 => Self::mix(random),
            8 => Self::list(random),
            9 | 10 => Self::ladder(random),
            _ => {
                let (every, add) = (random.size(1, 3), 1 + random.below(2));
                (Kind::Extra { every, add }, format!("extra_units: {{every: {every}, add: {add}}}"))
            }
        };
        let limit = (random.below(3) == 0).then(|| random.size(1, 3));
        let cap = (random.below(4) == 0).then(|| random.of(&[10, 50, 100, 250]));
        let line_cap = (random.below(6) == 0).then(|| random.of(&[5, 40, 90, 160]));
        let (cap, line_cap) = match &kind {
            Kind::Each(_) | Kind::AmountOffLine(_) | Kind::List(_) | Kind::Ladder(_) => (cap, line_cap),
            Kind::Units { .. } | Kind::Mix { .. } => (cap, None),
            Kind::Extra { .. } => (None, None),
        };
        let own_goods = match &kind {
            Kind::Units { groups, .. } => groups.len() == 1,
            Kind::Mix { .. } | Kind::List(_) => false,
            Kind::Each(_) | Kind::AmountOffLine(_) | Kind::Extra { .. } | Kind::Ladder(_) => true,
        };
        let mut text = if own_goods { format!("{}, ", on(&goods)) } else { String::new() };
        if let Some(limit) = limit {
            text += &format!("limits: {{per_receipt: {limit}}}, ");
        }
        let on = if let Kind::List(prices) = &kind { prices.iter().map(|(sku, _)| *sku).collect() } else { goods };
        Self { on, limit, cap, line_cap, kind, what: text + &what }
    }
}

impl Case {
    pub(super) fn random(seed: u64) -> Self {
        let mut random = Random(seed);
        let many = random.size(1, 8);
        // The twin tries every combination: the more campaigns, the fewer units.
        let units_max = [8, 8, 7, 6, 5, 5, 4, 4][many - 1];
        let mut basket = Vec::new();
        let mut units = 0;
        while units < units_max && basket.len() < 4 {
            let sku = random.of(&SKUS);
            let price = random.price();
            if random.below(6) == 0 {
                basket.push(format!("{sku} 0.{}kgx{}", 100 + random.below(900), money(price)));
                units += 1;
            } else {
                let pieces = random.size(1, 3).min(units_max - units);
                // A unit price that is no whole number of pennies, now and then.
                let fraction = if random.below(4) == 0 { "5" } else { "" };
                basket.push(format!("{sku} {pieces}x{}{fraction}", money(price)));
                units += pieces;
            }
        }
        let mut case = Self {
            campaigns: (0..many).map(|_| Campaign::random(&mut random)).collect(),
            basket: basket.join(" "),
            rounding: random.of(&[Rounding::HalfUp, Rounding::HalfUp, Rounding::HalfEven, Rounding::Down]),
            rounded_per: random.of(&[
                RoundedPer::Adjustment,
                RoundedPer::Adjustment,
                RoundedPer::Unit,
                RoundedPer::Line,
                RoundedPer::Receipt,
            ]),
            unplaced: random.of(&[Unplaced::Redistributed, Unplaced::Redistributed, Unplaced::Dropped]),
            limited: random.of(&[LimitedUnits::Dearest, LimitedUnits::Dearest, LimitedUnits::Cheapest]),
            by_worth: random.below(3) == 0,
        };
        // What is rounded once for the receipt is on a line only once it is in place.
        if case.rounded_per == RoundedPer::Receipt {
            case.campaigns.iter_mut().for_each(|campaign| campaign.line_cap = None);
        }
        case
    }

    pub(super) fn program(&self) -> String {
        let rounding = match self.rounding {
            Rounding::HalfUp => "half_up",
            Rounding::HalfEven => "half_even",
            Rounding::Down => "down",
        };
        let rounded_per = match self.rounded_per {
            RoundedPer::Adjustment => "adjustment",
            RoundedPer::Unit => "unit",
            RoundedPer::Line => "line",
            RoundedPer::Receipt => "receipt",
        };
        let unplaced = if self.unplaced == Unplaced::Dropped { "dropped" } else { "redistributed" };
        let limited = if self.limited == LimitedUnits::Cheapest { "cheapest" } else { "dearest" };
        let best_by = if self.by_worth { "money_and_worth" } else { "money" };
        let mut text = format!(
            "{HEAD}conventions: {{rounding: {rounding}, rounded_per: {rounded_per}, unplaced: {unplaced}, limited_units: {limited}}}\nstacking: [{{id: default, best_by: {best_by}}}]\ncampaigns:\n"
        );
        for (place, campaign) in self.campaigns.iter().enumerate() {
            text += &format!("- {{id: c{place}, name: C, {}{}}}\n", campaign.what, caps(campaign.cap, campaign.line_cap));
        }
        text
    }
}
