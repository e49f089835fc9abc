//! The slow twin: one receipt after the other over all customers, accounts kept by plain lists, no ledger, no threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use tessera_contract::read::{ReadContext, read_quote};
use tessera_rules::decision::{Decision, Promise, RewardKind};
use tessera_rules::id::{AssetId, CustomerId};
use tessera_rules::money::{Amount, Quantity, extend};
use tessera_rules::receipt::Receipt;
use tessera_rules::standing::{CounterStanding, CustomerStanding, Standing, Uses};
use tessera_rules::usage::Usage;
use tessera_rules::{Effort, evaluate};

use super::Rules;
use crate::receipt_files::sale::{Sale, SaleKind};

/// What an account is to the twin.
#[derive(Default)]
struct Plain {
    counters: BTreeMap<String, CounterStanding>,
    uses: BTreeMap<String, Uses>,
    /// Asset, units, until when.
    lots: Vec<(AssetId, i64, Option<Timestamp>)>,
    visits: u32,
}

/// What the twin counts.
#[derive(Default)]
pub(super) struct Twin {
    pub(super) receipts: i64,
    pub(super) touched: i64,
    pub(super) turnover: Amount,
    pub(super) discount: Amount,
    pub(super) goods: Amount,
    pub(super) issued: BTreeMap<String, i64>,
    pub(super) unspent: BTreeMap<String, i64>,
}

impl Twin {
    pub(super) fn of(rules: &Rules, sales: &[Arc<Sale>]) -> Self {
        let mut twin = Self::default();
        let assets: BTreeSet<String> = rules.revision.assets().iter().map(|asset| asset.id.to_string()).collect();
        twin.issued.extend(assets.iter().map(|asset| (asset.clone(), 0)));
        twin.unspent = twin.issued.clone();
        let mut accounts: BTreeMap<String, Plain> = BTreeMap::new();
        let mut order: Vec<&Arc<Sale>> = sales.iter().collect();
        order.sort_by_key(|sale| sale.at);
        for sale in order {
            let plain = sale.customer.as_ref().map(|customer| accounts.entry(customer.to_string()).or_default());
            match sale.kind {
                SaleKind::Settle => twin.sell(rules, sale, plain),
                SaleKind::Return => twin.turnover += -sale.lines.iter().map(|line| line.amount).sum::<Amount>(),
            }
        }
        let end = sales.iter().map(|sale| sale.at).max().unwrap();
        for (asset, units, until) in accounts.into_values().flat_map(|plain| plain.lots) {
            if until.is_none_or(|until| end < until) {
                *twin.unspent.get_mut(asset.as_str()).unwrap() += units;
            }
        }
        twin
    }

    fn sell(&mut self, rules: &Rules, sale: &Sale, plain: Option<&mut Plain>) {
        let receipt = read_quote(&sale.quote_request(), &ReadContext { now: sale.at }).unwrap().receipt;
        let standing = Standing { customer: plain.as_deref().map(|plain| standing(plain, sale)), ..Standing::default() };
        let decision = evaluate(&rules.revision, &rules.catalogue, &standing, &receipt, sale.at, Effort::default());
        self.receipts += 1;
        self.turnover += decision.after;
        self.discount += decision.before - decision.after;
        self.goods += added(&receipt, &decision);
        self.touched += i64::from(!decision.applied.is_empty());
        if let Some(plain) = plain {
            self.keep(plain, &decision);
        }
    }

    fn keep(&mut self, plain: &mut Plain, decision: &Decision) {
        plain.visits += 1;
        for reward in &decision.rewards {
            if let RewardKind::Points { asset, units } | RewardKind::BonusMoney { asset, units } = &reward.kind {
                plain.lots.push((asset.clone(), units.units(), reward.expires_at));
                *self.issued.get_mut(asset.as_str()).unwrap() += units.units();
            }
        }
        for step in &decision.counters {
            let fresh = CounterStanding {
                campaign: step.campaign.clone(),
                counted_milli: 0,
                rewarded: 0,
                calendar: None,
                stretches: Vec::new(),
            };
            let counter = plain.counters.entry(step.campaign.to_string()).or_insert(fresh);
            counter.counted_milli += step.counted_milli;
            counter.rewarded += step.rewarded;
        }
        for promise in &decision.promises {
            if let Promise::Uses { campaign, usage, .. } = promise {
                let none = Usage::NONE;
                let fresh = Uses { campaign: campaign.clone(), ever: none, today: none, this_month: none };
                let uses = plain.uses.entry(campaign.to_string()).or_insert(fresh);
                uses.ever = uses.ever.plus(*usage);
            }
        }
    }
}

fn standing(plain: &Plain, sale: &Sale) -> CustomerStanding {
    CustomerStanding {
        customer: CustomerId::parse(sale.customer.as_deref().unwrap()).unwrap(),
        blocked: false,
        tiers: Vec::new(),
        tiers_until: Vec::new(),
        available: Vec::new(),
        counters: plain.counters.values().cloned().collect(),
        counters_promised: Vec::new(),
        uses: plain.uses.values().cloned().collect(),
        uses_by_member: Vec::new(),
        facts: Vec::new(),
        lists: Vec::new(),
        enrolled_at: None,
        visits: plain.visits,
        habits: tessera_rules::habits::Habits::default(),
        seen: Vec::new(),
        staff: Vec::new(),
    }
}

/// What more is handed over than was rung up, at the price of its line.
fn added(receipt: &Receipt, decision: &Decision) -> Amount {
    let lines = receipt.lines.iter().zip(&decision.lines).filter(|(_, decided)| !decided.parts.is_empty());
    let worth = lines.map(|(line, decided)| {
        let sold: Quantity = decided.parts.iter().map(|part| part.quantity).sum();
        extend(sold - line.quantity, line.unit_price, receipt.currency).unwrap()
    });
    worth.sum()
}
