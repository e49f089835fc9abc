//! The history of one account: its receipts one after the other, each on both sides.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tessera_contract::read::{QuoteInput, ReadContext, ReturnInput, read_quote, read_return};
use tessera_contract::refusal::Refusal;
use tessera_ledger::outcome::Outcome;
use tessera_rules::id::{AccountId, CustomerId};
use tessera_rules::receipt::Receipt;

use super::changed::{Changed, ChangedReceipt, Seen, difference};
use super::effect::Effect;
use super::lists::CustomerLists;
use super::names::Names;
use super::plan::{Account, Plan, Planned};
use super::side::{Buyer, Side, Simulated};
use super::sums::{Sums, Tally};
use super::worth::Worth;
use super::{Both, SimulateError, Which};
use crate::receipt_files::sale::{Sale, SaleKind};

/// What all accounts share.
#[derive(Debug)]
pub(crate) struct Context<'q> {
    pub(crate) names: &'q Names,
    pub(crate) plan: &'q Plan,
    pub(crate) lists: &'q CustomerLists,
    pub(crate) sides: Both<Side<'q>>,
}

/// What was counted so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Counted {
    pub(crate) tally: Both<Tally>,
    pub(crate) changed: Changed,
}

impl Counted {
    pub(crate) fn new(names: &Names, plan: &Plan) -> Self {
        let tally = || Tally::new(names, plan);
        Self { tally: Both { current: tally(), draft: tally() }, changed: Changed::default() }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.tally.current.add(other.tally.current);
        self.tally.draft.add(other.tally.draft);
        self.changed.add(other.changed);
    }
}

/// Replays an account on both sides.
///
/// # Errors
/// The first receipt that cannot be, with its place in the files.
pub(crate) fn replay(context: &Context<'_>, account: &Account, counted: &mut Counted) -> Result<(), (usize, SimulateError)> {
    let Some(first) = account.receipts.first() else { return Ok(()) };
    let awaited = awaited(account);
    let ids = account.customer.as_deref().and_then(ids_of);
    let lists = context.lists.of(account.customer.as_deref());
    let open = |which: Which| Simulated::open(context.sides.of(which), (ids.as_ref(), lists), first.at, &awaited);
    let mut simulated = Both { current: open(Which::Current), draft: open(Which::Draft) };
    let mut buyers: Both<Vec<Buyer>> = Both::default();
    for planned in &account.receipts {
        let failed = |refusal| (planned.place, refused(&planned.sale, refusal));
        match planned.sale.kind {
            SaleKind::Settle => {
                let input = read_sale(planned).map_err(failed)?;
                settle(context, planned, &input, &mut simulated, &mut buyers, counted);
            }
            SaleKind::Return => {
                let input = read_goods_back(planned).map_err(failed)?;
                take_back(context, planned, &input, &mut simulated, &mut buyers, counted);
            }
        }
    }
    for which in Which::BOTH {
        owe(context, account, (simulated.of(which), buyers.of(which)), which, counted.tally.of_mut(which));
    }
    Ok(())
}

fn awaited(account: &Account) -> BTreeSet<&str> {
    if !account.has_returns {
        return BTreeSet::new();
    }
    account.receipts.iter().filter_map(|receipt| receipt.sale.original.as_deref()).collect()
}

/// The same customer has the same ids in every simulation, and no id tells who it is.
fn ids_of(customer: &str) -> Option<(AccountId, CustomerId)> {
    let hash = blake3::derive_key("tessera simulated customer v1", customer.as_bytes());
    let text = data_encoding::HEXLOWER.encode(hash.get(..16).unwrap_or_default());
    Some((AccountId::parse(&text).ok()?, CustomerId::parse(&text).ok()?))
}

fn refused(sale: &Sale, refusal: Refusal) -> SimulateError {
    SimulateError::Receipt { receipt_id: sale.receipt_id.clone(), refusal }
}

/// Reads a receipt as the engine reads it, and moves it.
pub(crate) fn read_sale(planned: &Planned) -> Result<QuoteInput, Refusal> {
    let mut input = read_quote(&planned.sale.quote_request(), &ReadContext { now: planned.sale.at })?;
    input.receipt = Receipt { sold_at: planned.at, business_date: planned.business_date, ..input.receipt };
    Ok(input)
}

fn read_goods_back(planned: &Planned) -> Result<ReturnInput, Refusal> {
    read_return(&planned.sale.return_request(), &ReadContext { now: planned.sale.at })
}

fn settle(
    context: &Context<'_>,
    planned: &Planned,
    input: &QuoteInput,
    simulated: &mut Both<Simulated<'_>>,
    buyers: &mut Both<Vec<Buyer>>,
    counted: &mut Counted,
) {
    let mut see = |which: Which| {
        let settled = simulated.of_mut(which).settle(&input.receipt, input.cash_rounding);
        let tally = counted.tally.of_mut(which);
        tally.unproven = tally.unproven.saturating_add(i64::from(!settled.proven));
        let effect = Effect::of(&settled.outcome, context.names, context.sides.of(which));
        let given = count(context.names, tally, (planned, &settled.buyer), &settled.outcome, (&effect, which));
        buyers.of_mut(which).push(settled.buyer);
        Seen { paid: settled.outcome.after, given, campaigns: effect.touched }
    };
    let seen = Both { current: see(Which::Current), draft: see(Which::Draft) };
    if counted.changed.takes(difference(&seen), planned.place) {
        counted.changed.offer(ChangedReceipt {
            place: planned.place,
            receipt_id: planned.sale.receipt_id.clone(),
            store: Arc::clone(&planned.sale.store_id),
            business_date: planned.business_date,
            rung_up: input.receipt.total(),
            seen,
        });
    }
}

fn take_back(
    context: &Context<'_>,
    planned: &Planned,
    input: &ReturnInput,
    simulated: &mut Both<Simulated<'_>>,
    buyers: &mut Both<Vec<Buyer>>,
    counted: &mut Counted,
) {
    for which in Which::BOTH {
        let (outcome, buyer) = simulated.of_mut(which).take_back(input, planned.at, planned.business_date);
        let tally = counted.tally.of_mut(which);
        tally.returns = tally.returns.saturating_add(1);
        let effect = Effect::of(&outcome, context.names, context.sides.of(which));
        count(context.names, tally, (planned, &buyer), &outcome, (&effect, which));
        buyers.of_mut(which).push(buyer);
    }
}

/// Counts an outcome in every row that it belongs to; answers all that was given.
fn count(
    names: &Names,
    tally: &mut Tally,
    (planned, buyer): (&Planned, &Buyer),
    outcome: &Outcome,
    (effect, which): (&Effect, Which),
) -> Sums {
    let turnover = outcome.after;
    let total = effect.total(names);
    let sold = i64::from(planned.sale.kind == SaleKind::Settle);
    let touched = i64::from(!effect.touched.is_empty());
    tally.at_receipt(names, buyer, planned, |sums| {
        sums.receipts = sums.receipts.saturating_add(sold);
        sums.touched = sums.touched.saturating_add(touched);
        sums.turnover += turnover;
        sums.give(&total);
    });
    for given in &effect.given {
        tally.give(given.campaign, &given.sums);
    }
    let mut payers: Vec<usize> = Vec::new();
    for campaign in &effect.touched {
        if let Some(sums) = tally.campaign(Some(*campaign)) {
            touch(sums, outcome);
        }
        payers.extend(names.funders(Some(*campaign), which).iter().map(|(payer, _)| *payer));
    }
    payers.sort_unstable();
    payers.dedup();
    for payer in payers {
        if let Some(sums) = tally.funders.get_mut(payer) {
            touch(sums, outcome);
        }
    }
    for (asset, units) in &effect.redeemed {
        if let Some(sums) = tally.assets.get_mut(*asset) {
            sums.redeemed += *units;
        }
    }
    for (sums, units) in tally.assets.iter_mut().zip(&total.units) {
        sums.issued += *units;
    }
    total
}

/// Campaigns and who pays count the receipts on which they did something.
fn touch(sums: &mut Sums, outcome: &Outcome) {
    sums.receipts = sums.receipts.saturating_add(1);
    sums.touched = sums.touched.saturating_add(1);
    sums.turnover += outcome.after;
}

/// Counts what is unspent in the end where it was earned.
fn owe(
    context: &Context<'_>,
    account: &Account,
    (simulated, buyers): (&Simulated<'_>, &[Buyer]),
    which: Which,
    tally: &mut Tally,
) {
    let names = context.names;
    let mut earned: HashMap<&str, (&Planned, &Buyer)> = HashMap::new();
    for lot in simulated.unspent(context.plan.end) {
        if earned.is_empty() {
            let receipts = account.receipts.iter().zip(buyers);
            earned = receipts.map(|(planned, buyer)| (planned.sale.receipt_id.as_str(), (planned, buyer))).collect();
        }
        let Some(place) = names.asset(&lot.asset) else { continue };
        let ratio = names.assets.get(place).and_then(|asset| *asset.worth.of(which));
        let worth = ratio.map_or(Worth::default(), |ratio| Worth::of_units(lot.left, ratio));
        if let Some(sums) = tally.assets.get_mut(place) {
            sums.unspent += lot.left;
            sums.unspent_worth += worth;
        }
        let campaign = lot.campaign.as_ref().and_then(|campaign| names.campaign(campaign));
        let given = Sums { unspent: worth, ..Sums::default() };
        tally.give(campaign, &given);
        if let Some((planned, buyer)) = earned.get(lot.id.receipt.as_str()) {
            tally.at_receipt(names, buyer, planned, |sums| sums.unspent += worth);
        }
    }
}
