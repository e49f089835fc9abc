//! What is counted, per campaign, who pays, tier, store and month, on one side: whole numbers only, so that sums do not
//! depend on the order in which they are made.

use std::collections::BTreeMap;

use tessera_rules::money::{Amount, Units, split};

use super::Which;
use super::names::Names;
use super::plan::{Plan, Planned};
use super::side::Buyer;
use super::worth::Worth;

/// The figures of one row.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Sums {
    /// Receipts sold, returns left out.
    pub(crate) receipts: i64,
    /// Those of them that a campaign did something on.
    pub(crate) touched: i64,
    /// Paid less refunded.
    pub(crate) turnover: Amount,
    /// Off prices, less what came back with returned goods.
    pub(crate) discount: Amount,
    /// What goods that were added would have cost.
    pub(crate) goods: Amount,
    /// Units given less those taken back, by asset.
    pub(crate) units: Vec<Units>,
    /// What these units are worth.
    pub(crate) worth: Worth,
    /// What units are worth that are unspent in the end.
    pub(crate) unspent: Worth,
}

impl Sums {
    pub(crate) fn new(names: &Names) -> Self {
        Self { units: vec![Units::ZERO; names.assets.len()], ..Self::default() }
    }

    /// What was given: prices, goods and units.
    pub(crate) fn cost(&self) -> Worth {
        Worth::of_amount(self.discount) + Worth::of_amount(self.goods) + self.worth
    }

    /// Adds what one campaign gave.
    pub(crate) fn give(&mut self, given: &Self) {
        self.discount += given.discount;
        self.goods += given.goods;
        self.worth += given.worth;
        self.unspent += given.unspent;
        for (sum, units) in self.units.iter_mut().zip(&given.units) {
            *sum += *units;
        }
    }

    /// What was given, in parts in proportion to weights, which sum to it exactly.
    pub(crate) fn shared(&self, weights: &[i64]) -> Vec<Self> {
        let (discounts, goods) = (split(self.discount.minor(), weights), split(self.goods.minor(), weights));
        let (worths, unspent) = (self.worth.shared(weights), self.unspent.shared(weights));
        let units: Vec<Vec<i64>> = self.units.iter().map(|units| split(units.units(), weights)).collect();
        let part = |(place, (((discount, goods), worth), unspent))| Self {
            discount: Amount::from_minor(discount),
            goods: Amount::from_minor(goods),
            units: units.iter().map(|units| Units::from_units(units.get(place).copied().unwrap_or(0))).collect(),
            worth,
            unspent,
            ..Self::default()
        };
        discounts.into_iter().zip(goods).zip(worths).zip(unspent).enumerate().map(part).collect()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.receipts = self.receipts.saturating_add(other.receipts);
        self.touched = self.touched.saturating_add(other.touched);
        self.turnover += other.turnover;
        self.give(other);
    }

    pub(crate) fn is_nothing(&self) -> bool {
        let counted = self.receipts != 0 || self.touched != 0 || !self.turnover.is_zero();
        let given = !self.discount.is_zero() || !self.goods.is_zero() || self.units.iter().any(|units| !units.is_zero());
        !counted && !given && self.worth.is_zero() && self.unspent.is_zero()
    }
}

/// What became of an asset.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct AssetSums {
    /// Given less taken back.
    pub(crate) issued: Units,
    pub(crate) redeemed: Units,
    /// Neither redeemed nor lapsed in the end; what is owed taken off.
    pub(crate) unspent: Units,
    /// What the unspent ones are worth.
    pub(crate) unspent_worth: Worth,
}

/// All sums of one side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) all: Sums,
    /// By place; the last one is of no campaign.
    pub(crate) campaigns: Vec<Sums>,
    /// By place, the last one of nobody: receipts and turnover; what they pay is [`Tally::funded`].
    pub(crate) funders: Vec<Sums>,
    /// By place; the last one is of those in none. A customer may be in several.
    pub(crate) segments: Vec<Sums>,
    /// By what the customer had when buying.
    pub(crate) tiers: BTreeMap<String, Sums>,
    pub(crate) stores: Vec<Sums>,
    pub(crate) months: Vec<Sums>,
    pub(crate) assets: Vec<AssetSums>,
    pub(crate) returns: i64,
    /// Receipts whose best deal was not proven to be the best.
    pub(crate) unproven: i64,
}

impl Tally {
    pub(crate) fn new(names: &Names, plan: &Plan) -> Self {
        let rows = |count: usize| vec![Sums::new(names); count];
        Self {
            all: Sums::new(names),
            campaigns: rows(names.campaigns.len().saturating_add(1)),
            funders: rows(names.funders.len().saturating_add(1)),
            segments: rows(names.segments.len().saturating_add(1)),
            tiers: BTreeMap::new(),
            stores: rows(plan.stores.len()),
            months: rows(plan.months.len()),
            assets: vec![AssetSums::default(); names.assets.len()],
            returns: 0,
            unproven: 0,
        }
    }

    /// Does the same to every row that a receipt counts in, campaigns and who pays left out.
    pub(crate) fn at_receipt(&mut self, names: &Names, buyer: &Buyer, receipt: &Planned, mut count: impl FnMut(&mut Sums)) {
        count(&mut self.all);
        let rows = [self.stores.get_mut(receipt.store), self.months.get_mut(receipt.month)];
        rows.into_iter().flatten().for_each(&mut count);
        let in_none = [names.segments.len()];
        let segments = if buyer.segments.is_empty() { in_none.as_slice() } else { buyer.segments.as_slice() };
        for place in segments {
            self.segments.get_mut(*place).into_iter().for_each(&mut count);
        }
        match self.tiers.get_mut(&buyer.tier) {
            Some(sums) => count(sums),
            None => count(self.tiers.entry(buyer.tier.clone()).or_insert_with(|| Sums::new(names))),
        }
    }

    /// The row of a campaign; none: that of no campaign.
    pub(crate) fn campaign(&mut self, campaign: Option<usize>) -> Option<&mut Sums> {
        let none = self.campaigns.len().saturating_sub(1);
        self.campaigns.get_mut(campaign.unwrap_or(none))
    }

    /// Adds what a campaign gave to its own row.
    pub(crate) fn give(&mut self, campaign: Option<usize>, given: &Sums) {
        if let Some(sums) = self.campaign(campaign) {
            sums.give(given);
        }
    }

    /// The rows of those who pay. What a campaign gave is shared once, all of it together: shares of each receipt by
    /// itself would give every odd minor unit to the same payer.
    pub(crate) fn funded(&self, names: &Names, which: Which) -> Vec<Sums> {
        let mut rows = self.funders.clone();
        for (campaign, given) in self.campaigns.iter().enumerate() {
            // The row behind the campaigns is of no campaign, for which nobody pays.
            let payers = names.funders(Some(campaign), which);
            let weights: Vec<i64> = payers.iter().map(|(_, weight)| *weight).collect();
            for ((payer, _), share) in payers.iter().zip(given.shared(&weights)) {
                if let Some(sums) = rows.get_mut(*payer) {
                    sums.give(&share);
                }
            }
            if payers.is_empty()
                && let Some(nobody) = rows.last_mut()
            {
                nobody.give(given);
            }
        }
        rows
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.all.add(&other.all);
        let pairs = [
            (&mut self.campaigns, other.campaigns),
            (&mut self.funders, other.funders),
            (&mut self.segments, other.segments),
            (&mut self.stores, other.stores),
            (&mut self.months, other.months),
        ];
        for (mine, theirs) in pairs {
            for (sums, more) in mine.iter_mut().zip(theirs) {
                sums.add(&more);
            }
        }
        for (tier, more) in other.tiers {
            match self.tiers.get_mut(&tier) {
                Some(sums) => sums.add(&more),
                None => {
                    self.tiers.insert(tier, more);
                }
            }
        }
        for (sums, more) in self.assets.iter_mut().zip(other.assets) {
            sums.issued += more.issued;
            sums.redeemed += more.redeemed;
            sums.unspent += more.unspent;
            sums.unspent_worth += more.unspent_worth;
        }
        self.returns = self.returns.saturating_add(other.returns);
        self.unproven = self.unproven.saturating_add(other.unproven);
    }
}
