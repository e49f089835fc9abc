//! Basket offers against their twin: every order of every choice of them, each taking its share of the lines that are
//! still open, worked out from the definition.

use super::super::fixture::{HEAD, catalogue, customer, hold, noon, receipt};
use super::cases::{Random, SKUS, caps, money, on};
use super::twin::{Unit, rounded, units};
use super::{CASES, number, place_of};
use crate::conventions::{RoundedPer, Unplaced};
use crate::money::Rounding;
use crate::revision::{Revision, Source};
use crate::{Effort, evaluate};

#[derive(Clone, Copy, Debug)]
enum What {
    Percent(i64),
    Amount(i64),
    /// From so much on.
    Spend(i64, i64),
}

#[derive(Clone, Debug)]
struct Offer {
    on: Vec<usize>,
    what: What,
    cap: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leftover {
    Largest,
    First,
    Last,
}

#[derive(Clone, Debug)]
struct Case {
    offers: Vec<Offer>,
    basket: String,
    rounding: (Rounding, &'static str),
    rounded_per: (RoundedPer, &'static str),
    unplaced: (Unplaced, &'static str),
    leftover: (Leftover, &'static str),
}

impl Offer {
    fn random(random: &mut Random) -> Self {
        let what = match random.below(3) {
            0 => What::Percent(random.of(&[3, 5, 10, 33, 50])),
            1 => What::Amount(random.of(&[1, 7, 50, 120, 500])),
            _ => What::Spend(random.of(&[200, 300, 600]), random.of(&[10, 75, 200])),
        };
        let cap = (random.below(4) == 0).then(|| random.of(&[10, 45, 90]));
        Self { on: random.skus(), what, cap }
    }

    fn text(&self) -> String {
        let what = match self.what {
            What::Percent(percent) => format!("percent_off: {percent}, level: basket"),
            What::Amount(minor) => format!("amount_off: {}, level: basket", money(minor)),
            What::Spend(least, minor) => format!("spend: {{at_least: {}, give: {{amount: {}}}}}", money(least), money(minor)),
        };
        format!("{}, {what}{}", on(&self.on), caps(self.cap, None))
    }
}

impl Case {
    fn random(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(7));
        let mut basket = Vec::new();
        for _ in 0..random.size(1, 6) {
            let (sku, price) = (random.of(&SKUS), random.price());
            let text = match random.below(6) {
                0 => format!("{sku} 0.{}kgx{}", 100 + random.below(900), money(price)),
                _ => format!("{sku} {}x{}", random.size(1, 4), money(price)),
            };
            basket.push(text);
        }
        Self {
            offers: (0..random.size(1, 5)).map(|_| Offer::random(&mut random)).collect(),
            basket: basket.join(" "),
            rounding: random.of(&[(Rounding::HalfUp, "half_up"), (Rounding::HalfEven, "half_even"), (Rounding::Down, "down")]),
            rounded_per: random.of(&[
                (RoundedPer::Adjustment, "adjustment"),
                (RoundedPer::Unit, "unit"),
                (RoundedPer::Line, "line"),
                (RoundedPer::Receipt, "receipt"),
            ]),
            unplaced: random.of(&[(Unplaced::Redistributed, "redistributed"), (Unplaced::Dropped, "dropped")]),
            leftover: random.of(&[
                (Leftover::Largest, "largest_remainder"),
                (Leftover::First, "first_lines"),
                (Leftover::Last, "last_lines"),
            ]),
        }
    }

    fn program(&self) -> String {
        let mut text = format!(
            "{HEAD}conventions: {{rounding: {}, rounded_per: {}, unplaced: {}, leftover: {}}}\ncampaigns:\n",
            self.rounding.1, self.rounded_per.1, self.unplaced.1, self.leftover.1
        );
        for (place, offer) in self.offers.iter().enumerate() {
            text += &format!("- {{id: c{place}, name: C, {}}}\n", offer.text());
        }
        text
    }

    /// In proportion, what is left over by rounding down given where the case says.
    fn split(&self, total: i64, weights: &[i64]) -> Vec<i64> {
        let sum: i64 = weights.iter().sum();
        if sum == 0 {
            return vec![0; weights.len()];
        }
        let mut parts: Vec<i64> = weights.iter().map(|weight| total * weight / sum).collect();
        let mut order: Vec<usize> = (0..weights.len()).filter(|place| weights[*place] > 0).collect();
        match self.leftover.0 {
            Leftover::Largest => order.sort_by_key(|place| (-(total * weights[*place] % sum), *place)),
            Leftover::First => {}
            Leftover::Last => order.reverse(),
        }
        let left = usize::try_from(total - parts.iter().sum::<i64>()).unwrap();
        order.iter().take(left).for_each(|place| parts[*place] += 1);
        parts
    }

    /// What each line bears of an amount.
    fn borne(&self, total: i64, lines: &[Line]) -> Vec<i64> {
        let weights: Vec<i64> = lines.iter().map(|line| line.amount).collect();
        if self.unplaced.0 == Unplaced::Dropped {
            return self.split(total, &weights).iter().zip(lines).map(|(part, line)| (*part).min(line.room)).collect();
        }
        let total = total.min(lines.iter().map(|line| line.room).sum());
        let mut full: Vec<Option<i64>> = lines.iter().map(|line| (line.room == 0).then_some(0)).collect();
        loop {
            let open: Vec<i64> =
                weights.iter().zip(&full).map(|(weight, full)| if full.is_some() { 0 } else { *weight }).collect();
            let parts = self.split(total - full.iter().flatten().sum::<i64>(), &open);
            let over: Vec<usize> =
                (0..lines.len()).filter(|place| full[*place].is_none() && parts[*place] > lines[*place].room).collect();
            if over.is_empty() {
                return full.iter().zip(parts).map(|(full, part)| full.unwrap_or(part)).collect();
            }
            over.into_iter().for_each(|place| full[place] = Some(lines[place].room));
        }
    }

    fn wanted(&self, what: What, lines: &[Line]) -> i64 {
        let of = |percent: i64, amount: i64| rounded(percent * amount, 100, self.rounding.0);
        match what {
            What::Amount(minor) | What::Spend(_, minor) => minor,
            What::Percent(percent) => match self.rounded_per.0 {
                RoundedPer::Adjustment | RoundedPer::Receipt => of(percent, lines.iter().map(|line| line.amount).sum()),
                RoundedPer::Line => lines.iter().map(|line| of(percent, line.amount)).sum(),
                RoundedPer::Unit => lines.iter().flat_map(|line| &line.units).map(|unit| of(percent, *unit)).sum(),
            },
        }
    }

    /// The best choice and order: what it takes off, and by whom.
    fn best(&self, lines: &[Line]) -> (i64, Vec<usize>) {
        let mut best = (0, std::cmp::Reverse(0), std::cmp::Reverse(Vec::new()));
        self.go_on(lines, &mut Vec::new(), 0, &mut best);
        (best.0, best.2.0)
    }

    fn go_on(
        &self,
        lines: &[Line],
        order: &mut Vec<usize>,
        gain: i64,
        best: &mut (i64, std::cmp::Reverse<usize>, std::cmp::Reverse<Vec<usize>>),
    ) {
        let mut used = order.clone();
        used.sort_unstable();
        let found = (gain, std::cmp::Reverse(used.len()), std::cmp::Reverse(used));
        if found > *best {
            *best = found;
        }
        for (place, offer) in self.offers.iter().enumerate().filter(|(place, _)| !order.contains(place)).collect::<Vec<_>>() {
            let own: Vec<Line> = lines.iter().filter(|line| offer.on.contains(&line.sku)).cloned().collect();
            let all: i64 = own.iter().map(|line| line.amount).sum();
            let taken =
                |order: &[usize]| order.iter().any(|place| self.offers[*place].on.iter().any(|sku| offer.on.contains(sku)));
            // A threshold looks at its goods whoever has used them.
            let reached = matches!(offer.what, What::Spend(least, _) if all >= least) || !matches!(offer.what, What::Spend(..));
            let open: Vec<Line> =
                own.into_iter().filter(|line| !order.iter().any(|place| self.offers[*place].on.contains(&line.sku))).collect();
            assert!(taken(order) || open.iter().map(|line| line.amount).sum::<i64>() == all);
            let parts = self.borne(self.wanted(offer.what, &open), &open);
            let minor = parts.iter().sum::<i64>().min(offer.cap.unwrap_or(i64::MAX));
            if reached && minor > 0 {
                order.push(place);
                self.go_on(lines, order, gain + minor, best);
                order.pop();
            }
        }
    }
}

/// A line, and what each of its units costs.
#[derive(Clone, Debug)]
struct Line {
    sku: usize,
    amount: i64,
    room: i64,
    units: Vec<i64>,
}

fn lines(units: &[Unit]) -> Vec<Line> {
    let of = |own: &[Unit]| Line {
        sku: own[0].sku,
        amount: own.iter().map(|unit| unit.amount).sum(),
        room: own.iter().map(|unit| unit.room).sum(),
        units: own.iter().map(|unit| unit.amount).collect(),
    };
    units.chunk_by(|a, b| a.line == b.line).map(of).collect()
}

#[test]
fn p10_basket_offers_act_in_the_order_that_leaves_the_least_to_pay() {
    let (cases, first) = (number("TESSERA_CASES", CASES), number("TESSERA_SEED", 1));
    let catalogue = catalogue();
    for seed in first..first + cases {
        let case = Case::random(seed);
        let (text, receipt) = (case.program(), receipt(&case.basket));
        let source = Source { name: "p".into(), text: text.clone() };
        let revision = Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[source]);
        let revision = revision.unwrap_or_else(|error| panic!("{error}\n{text}")).revision;
        let decision = evaluate(&revision, &catalogue, &customer(), &receipt, noon(), Effort::default());
        hold(&receipt, &decision);
        let mut used: Vec<usize> = decision.applied.iter().map(|applied| place_of(&applied.campaign)).collect();
        used.sort_unstable();
        let found = ((decision.before - decision.after).minor(), used);
        assert!(decision.proven, "seed {seed}:\n{text}{}", case.basket);
        assert_eq!(found, case.best(&lines(&units(&receipt))), "seed {seed}:\n{text}{}", case.basket);
    }
}
