//! One side: a revision with its catalogue, and one account on it, carried from receipt to receipt by the ledger.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_contract::read::{OriginalReceipt, ReturnInput};
use tessera_ledger::account::Account;
use tessera_ledger::code::CodeKey;
use tessera_ledger::lot::Lot;
use tessera_ledger::outcome::{Basis, Outcome};
use tessera_ledger::return_goods::{
    DecidedWith, Kept, OriginalSale, Repricing, Return, ReturnLine, ReturnedSoFar, kept, return_goods,
};
use tessera_ledger::settle::{Relation, Settle, SoldLine, settle};
use tessera_ledger::standing::View;
use tessera_ledger::terms::{AssetTerms, Worth, limit_terms, money_asset, return_terms};
use tessera_rules::decision::Decision;
use tessera_rules::evaluate::{TierNow, segments, tiers_now};
use tessera_rules::id::{AccountId, AssetId, ChannelId, CustomerId, ReceiptId};
use tessera_rules::money::{Amount, Currency, Units};
use tessera_rules::receipt::{Explain, Receipt, Stage};
use tessera_rules::revision::Revision;
use tessera_rules::standing::{CodeStanding, CodeState, Standing};
use tessera_rules::{Effort, evaluate};

use super::lists::{OwnLists, on_at};
use super::names::Names;
use super::{Question, Rules, Which};

/// Nobody was known.
const ANONYMOUS: &str = "(not known)";
/// A customer without a tier in any program.
const NO_TIER: &str = "(no tier)";

/// What receipts are computed with on one side.
#[derive(Debug)]
pub(crate) struct Side<'q> {
    rules: &'q Rules,
    names: &'q Names,
    which: Which,
    assets: Vec<AssetTerms>,
    /// The asset that discounts are posted in.
    money: AssetId,
}

impl<'q> Side<'q> {
    pub(crate) fn new(question: &'q Question, names: &'q Names, which: Which) -> Self {
        let (rules, currency) = (question.rules.of(which), question.currency);
        Self { rules, names, which, assets: asset_terms(&rules.revision, currency), money: money_asset(currency) }
    }

    /// The segments that a customer is in, by place.
    fn segments(&self, standing: &Standing, receipt: &Receipt) -> Vec<usize> {
        if self.names.segments.is_empty() {
            return Vec::new();
        }
        let Rules { revision, catalogue, .. } = self.rules;
        let found = segments(revision, catalogue, standing, receipt, receipt.sold_at);
        let mut places: Vec<usize> = found.into_iter().filter_map(|(program, id)| self.names.segment(program, id)).collect();
        places.sort_unstable();
        places
    }

    pub(crate) const fn rules(&self) -> &'q Rules {
        self.rules
    }

    pub(crate) const fn which(&self) -> Which {
        self.which
    }

    pub(crate) const fn money(&self) -> &AssetId {
        &self.money
    }

    fn buyer(&self, standing: &Standing, receipt: &Receipt) -> Buyer {
        let tiers = |customer| tier_name(&tiers_now(&self.rules.revision, customer, receipt.sold_at));
        let tier = standing.customer.as_ref().map_or_else(|| ANONYMOUS.to_owned(), tiers);
        Buyer { tier, segments: self.segments(standing, receipt) }
    }

    fn basis(&self) -> Basis {
        let revision = &self.rules.revision;
        Basis { revision: revision.number(), revision_hash: revision.hash(), catalogue: self.rules.catalogue.number() }
    }
}

/// What makes the codes of simulated coupons, which open nothing.
static CODES: CodeKey = CodeKey::new([0; 32]);

/// What the ledger must know of a revision's assets.
fn asset_terms(revision: &Revision, currency: Currency) -> Vec<AssetTerms> {
    /// Enough that the worth of the smallest unit is told without a fraction.
    const SAMPLE: Units = Units::from_units(1_000_000);
    let worth = |asset: &tessera_rules::asset::Asset| {
        let amount = asset.worth_of(SAMPLE).filter(|amount| asset.currency == currency && amount.is_positive())?;
        Some(Worth { units: SAMPLE, amount })
    };
    let assets = revision.assets().iter();
    assets.map(|asset| AssetTerms { asset: asset.id.clone(), program: asset.program.clone(), worth: worth(asset) }).collect()
}

/// What the customer was when buying or bringing back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Buyer {
    pub(crate) tier: String,
    /// By place, ascending.
    pub(crate) segments: Vec<usize>,
}

/// A receipt was settled.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) outcome: Outcome,
    /// Who bought.
    pub(crate) buyer: Buyer,
    /// Whether the best deal is proven to be the best.
    pub(crate) proven: bool,
}

/// A simulated account on one side; of a sale to nobody known there is none.
#[derive(Debug)]
pub(crate) struct Simulated<'s> {
    side: &'s Side<'s>,
    customer: Option<CustomerId>,
    account: Option<Account>,
    /// The imported lists that the customer is on.
    lists: &'s OwnLists,
    /// Sales whose goods come back later.
    awaited: &'s BTreeSet<&'s str>,
    kept: BTreeMap<ReceiptId, Sale>,
}

/// A sale whose goods come back later.
#[derive(Debug)]
struct Sale {
    receipt: Receipt,
    decided: DecidedWith,
    outcome: Outcome,
    so_far: ReturnedSoFar,
}

impl<'s> Simulated<'s> {
    /// Opens an account at the time of its first receipt.
    pub(crate) fn open(
        side: &'s Side<'s>,
        (ids, lists): (Option<&(AccountId, CustomerId)>, &'s OwnLists),
        first: Timestamp,
        awaited: &'s BTreeSet<&'s str>,
    ) -> Self {
        let account = ids.map(|(account, customer)| Account::new(account.clone(), customer.clone(), first));
        Self { side, customer: ids.map(|(_, customer)| customer.clone()), account, lists, awaited, kept: BTreeMap::new() }
    }

    /// Quotes and settles a receipt, sold as quoted.
    pub(crate) fn settle(&mut self, receipt: &Receipt, cash_rounding: Amount) -> Settled {
        let standing = self.standing(receipt);
        let rules = self.side.rules;
        let decision =
            evaluate(&rules.revision, &rules.catalogue, &standing, receipt, receipt.sold_at, Effort::default().whole());
        let sold = sold_as_decided(&decision);
        let settled = settle(
            self.account.as_ref(),
            &Settle {
                receipt,
                sold: &sold,
                decision: &decision,
                promised: None,
                relation: Relation::AsQuoted,
                after_void: false,
                deferred: false,
                till_clock_off: false,
                delivery_unproven: false,
                content_hash: [0; 32],
                attempt: 0,
                basis: self.side.basis(),
                booked_at: receipt.sold_at,
                booking_date: receipt.business_date,
                cash_rounding,
                customer: self.customer.clone(),
                assets: &self.side.assets,
                renewals: &self.side.rules.revision.renewals(receipt.sold_at),
                codes: &CODES,
                handed_over: &[],
                must_confirm: Some(&rules.revision.must_confirm()),
                limits: &limit_terms(&rules.revision, &decision),
                return_terms: &return_terms(&rules.revision),
                seen: &rules.revision.receipts_seen(),
            },
        );
        self.account = settled.account;
        if self.awaited.contains(receipt.id.as_str()) {
            let (outcome, so_far) = (settled.outcome.clone(), ReturnedSoFar::default());
            let decided = DecidedWith::of((receipt.sold_at, Effort::default()), standing.customer.clone(), Vec::new());
            self.kept.insert(receipt.id.clone(), Sale { receipt: receipt.clone(), decided, outcome, so_far });
        }
        Settled { outcome: settled.outcome, buyer: self.side.buyer(&standing, receipt), proven: decision.proven }
    }

    /// What is known where a receipt is rung up.
    pub(crate) fn standing(&self, receipt: &Receipt) -> Standing {
        let lists = on_at(self.lists, receipt.sold_at);
        let view = View {
            customer: self.customer.as_ref(),
            receipt: &receipt.id,
            supersedes: None,
            now: receipt.sold_at,
            business_date: receipt.business_date,
            lists: &lists,
        };
        let account = self.account.as_ref();
        let codes = receipt.codes.iter().map(|code| CodeStanding {
            code: code.clone(),
            state: account.and_then(|account| account.coupon_state(code, &view)).unwrap_or(CodeState::Open),
            campaign: account.and_then(|account| account.coupon_campaign(code)).cloned(),
        });
        let customer = account.map(|account| account.standing(&view));
        let shared = self.side.rules.revision.nothing_shared();
        Standing { customer, codes: codes.collect(), shared, ..Standing::default() }
    }

    /// What is kept of a sale and the decision on it, where its program prices that anew.
    fn price_kept(&self, goods: &Return<'_>, sale: &Sale) -> Option<(Kept, Decision)> {
        let kept = kept(self.account.as_ref(), goods, (&sale.receipt, &sale.decided))?;
        let lists = on_at(self.lists, sale.decided.at());
        let view = View {
            customer: self.customer.as_ref(),
            receipt: &sale.receipt.id,
            supersedes: None,
            now: sale.decided.at(),
            business_date: sale.receipt.business_date,
            lists: &lists,
        };
        let rules = self.side.rules;
        let standing = kept.standing(&rules.revision, &view, None);
        let (at, effort) = (sale.decided.at(), sale.decided.effort());
        let decision = evaluate(&rules.revision, &rules.catalogue, &standing, &kept.receipt, at, effort);
        Some((kept, decision))
    }

    /// Takes goods back, with what was given for them where their receipt is known.
    pub(crate) fn take_back(&mut self, input: &ReturnInput, at: Timestamp, business_date: Date) -> (Outcome, Buyer) {
        let lines: Vec<ReturnLine> = input.lines.iter().map(return_line).collect();
        let tenders: Vec<_> = input.tenders.iter().map(|tender| tender.tender.clone()).collect();
        let original = match &input.original {
            OriginalReceipt::Receipt(id) => self.kept.get(id).filter(|sale| sale.outcome.currency == input.currency),
            OriginalReceipt::Unnamed | OriginalReceipt::Fiscal(_) => None,
        };
        let mut goods = Return {
            id: input.id.clone(),
            place: &input.place,
            returned_at: at,
            business_date,
            currency: input.currency,
            lines: &lines,
            original: original.map(|sale| OriginalSale { outcome: &sale.outcome, so_far: &sale.so_far }),
            repricing: None,
            tenders: &tenders,
            cash_rounding: input.cash_rounding,
            content_hash: [0; 32],
            attempt: 0,
            basis: self.side.basis(),
            booked_at: at,
            booking_date: business_date,
            customer: self.customer.clone(),
            assets: &self.side.assets,
        };
        let anew = original.and_then(|sale| self.price_kept(&goods, sale));
        goods.repricing = anew.as_ref().map(|(kept, decision)| Repricing { kept: &kept.receipt, decision, rewards: true });
        let returned = return_goods(self.account.as_ref(), &goods);
        if let OriginalReceipt::Receipt(id) = &input.original
            && let Some(sale) = self.kept.get_mut(id)
        {
            sale.so_far = returned.so_far;
        }
        let nothing_bought = empty_receipt(input, at, business_date);
        let buyer = self.side.buyer(&self.standing(&nothing_bought), &nothing_bought);
        self.account = returned.account;
        (returned.outcome, buyer)
    }

    /// What is neither used up nor lapsed at a time, debts among it.
    pub(crate) fn unspent(&self, at: Timestamp) -> impl Iterator<Item = &Lot> {
        self.account.iter().flat_map(|account| &account.lots).filter(move |lot| !lot.is_lapsed(at))
    }
}

/// `gold`, or with more programs `club: gold, fuel: blue`.
fn tier_name(tiers: &[TierNow]) -> String {
    match tiers {
        [] => NO_TIER.to_owned(),
        [only] => only.tier.to_string(),
        more => more.iter().map(|now| format!("{}: {}", now.program, now.tier)).collect::<Vec<_>>().join(", "),
    }
}

/// The lines that a decision changed or added, sold exactly so.
fn sold_as_decided(decision: &Decision) -> Vec<SoldLine<'_>> {
    let changed = decision.lines.iter().filter(|line| !line.parts.is_empty() || line.added_by.is_some());
    changed
        .map(|line| SoldLine {
            id: line.id.clone(),
            sku: line.sku.clone(),
            tax_code: line.tax_code.clone(),
            measure: line.measure,
            added_by: line.added_by.clone(),
            parts: Cow::Borrowed(&line.parts),
        })
        .collect()
}

/// What there is to see where goods come back: a place and a time, and nothing bought.
fn empty_receipt(input: &ReturnInput, at: Timestamp, business_date: Date) -> Receipt {
    Receipt {
        id: input.id.clone(),
        place: input.place.clone(),
        sold_at: at,
        business_date,
        currency: input.currency,
        stage: Stage::Total,
        lines: Vec::new(),
        codes: Vec::new(),
        redeem: Vec::new(),
        tenders: Vec::new(),
        declined: Vec::new(),
        choices: Vec::new(),
        given: Vec::new(),
        training: false,
        offers_max: None,
        channel: ChannelId::till(),
        language: None,
        explain: Explain::Nothing,
    }
}

fn return_line(line: &tessera_contract::read::ReturnedLine) -> ReturnLine {
    ReturnLine {
        id: line.id.clone(),
        original: line.original_line.clone(),
        sku: line.sku.clone(),
        tax_code: line.tax_code.clone(),
        quantity: line.quantity,
        measure: line.measure,
        unit_price: line.unit_price,
        amount: line.amount,
    }
}
