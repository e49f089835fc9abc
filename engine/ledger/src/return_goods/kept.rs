//! What is kept of a sale when goods come back, as it is evaluated again: the receipt without them, and the account as if
//! the sale had not been.

use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::campaign::COST_PREFIX;
use tessera_rules::decision::AnswerPart;
use tessera_rules::effort::Effort;
use tessera_rules::id::{AssetId, CampaignId, RewardId};
use tessera_rules::money::{Amount, Quantity, Units};
use tessera_rules::receipt::{Chosen, Line, Receipt, RedeemRequest, Stage};
use tessera_rules::revision::Revision;
use tessera_rules::standing::{CodeStanding, CodeState, CustomerStanding, Standing};

use crate::account::Account;
use crate::arithmetic::{amount_minus, minus, quantity_left, share};
use crate::outcome::{Flag, Outcome, OutcomeLine, OutcomeRedemption};
use crate::return_goods::step::Step;
use crate::return_goods::{OriginalSale, Return, ReturnLine, ReturnedSoFar, commit, refund, reprice, unwind};
use crate::settle::change::by_campaign;
use crate::standing::View;

/// What a sale was decided with that its account does not remember: tiers end and are bought, limits are used again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DecidedWith {
    /// The time under which its campaigns were evaluated: that of its quote, where there was one.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    at: Timestamp,
    /// Tiers, lists, uses and visits of then; the rest is left out. None: nobody was known.
    customer: Option<CustomerStanding>,
    /// How much was searched for its best deals.
    effort: Effort,
    /// Gifts that the store did not have in stock, sorted.
    out_of_stock: Vec<CompactString>,
    /// The first part of its answer that nobody was told of; none: all was.
    untold_from: Option<AnswerPart>,
}

impl DecidedWith {
    /// Of the time, the effort and the standing that a sale was decided with, before anything of it was booked, and of the
    /// gifts that the store lacked, sorted.
    #[must_use]
    pub fn of((at, effort): (Timestamp, Effort), customer: Option<CustomerStanding>, out_of_stock: Vec<CompactString>) -> Self {
        let then = |customer| CustomerStanding {
            available: Vec::new(),
            counters: Vec::new(),
            counters_promised: Vec::new(),
            // What is known of a person stays in one place, from which it can be erased.
            facts: Vec::new(),
            ..customer
        };
        Self { at, customer: customer.map(then), effort: effort.whole(), out_of_stock, untold_from: None }
    }

    /// The same of a sale that was paid by a quote that had no time for some parts of its answer: the first of them.
    #[must_use]
    pub fn untold_from(self, part: Option<AnswerPart>) -> Self {
        Self { untold_from: part, ..self }
    }

    /// The time under which what is kept is evaluated.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How much is searched for what is kept: neither more nor less than for the sale, and no reward is left out.
    #[must_use]
    pub fn effort(&self) -> Effort {
        self.effort
    }
}

/// What is kept of a sale, and who keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The receipt as it would have been rung up without what has come back by now.
    pub receipt: Receipt,
    /// As if the sale had not been; none: nobody was known.
    account: Option<Account>,
    /// What the customer was then.
    then: Option<CustomerStanding>,
    /// Gifts that the store lacked then, sorted.
    out_of_stock: Arc<[CompactString]>,
    /// The first part of the sale's answer that nobody was told of.
    untold_from: Option<AnswerPart>,
    /// What the sale used of assets, by asset.
    redeemed: Vec<(AssetId, Units)>,
    /// Codes of the account's coupons that the sale used.
    used: Vec<CompactString>,
    /// Campaigns that were applied to the sale.
    applied: Vec<CampaignId>,
}

/// What must be evaluated, under the revision and catalogue of the sale and at the time of its decision, before a return
/// can be carried out; none: nothing is priced anew, or nothing is kept.
///
/// `sold` is the receipt as it was sent with its settle.
#[must_use]
pub fn kept(account: Option<&Account>, goods: &Return<'_>, (sold, decided): (&Receipt, &DecidedWith)) -> Option<Kept> {
    let sale = goods.original.filter(|sale| reprice::is_repriced(sale.outcome))?;
    let after = refund::compute(goods).so_far;
    if after.is_whole(sale.outcome) {
        return None;
    }
    let step = Step { original: sale.outcome, before: sale.so_far, after: &after, assets: goods.assets };
    let left = |redemption: &OutcomeRedemption| {
        let shares = unwind::shares_of_redemption(sale.outcome, redemption);
        minus(redemption.units, Units::from_units(step.fraction(&after, &shares).of(redemption.units.units())))
    };
    let receipt = Receipt {
        stage: if was_quoted(sale.outcome) { Stage::Tender } else { Stage::Paid },
        lines: sold.lines.iter().filter_map(|line| kept_line(line, sale.outcome, &after)).collect(),
        tenders: sale.outcome.tenders.clone(),
        redeem: redemptions(sale.outcome)
            .map(|redemption| RedeemRequest {
                asset: redemption.asset.clone(),
                units: Some(left(redemption)),
                mode: redemption.mode,
            })
            .filter(|request| request.units.is_some_and(Units::is_positive))
            .collect(),
        choices: chosen(sale.outcome),
        offers_max: Some(0),
        ..sold.clone()
    };
    let coupons = account.map(|account| account.coupons.as_slice()).unwrap_or_default();
    let used = coupons.iter().filter(|coupon| coupon.used_by.as_ref() == Some(&sale.outcome.receipt));
    Some(Kept {
        receipt,
        account: account.map(|account| without(account, goods, sale)),
        then: decided.customer.clone(),
        out_of_stock: decided.out_of_stock.as_slice().into(),
        untold_from: decided.untold_from,
        redeemed: sale.outcome.redemptions.iter().map(|known| (known.asset.clone(), known.units)).collect(),
        used: used.map(|coupon| coupon.code.clone()).collect(),
        applied: sale.outcome.applied.iter().map(|applied| applied.campaign.clone()).collect(),
    })
}

/// Whether campaigns could change the prices of the sale: it had been quoted.
fn was_quoted(original: &Outcome) -> bool {
    !original.flags.iter().any(|flag| matches!(flag, Flag::WithoutQuote | Flag::TokenRejected))
}

/// A line without what has come back; units that were added come back first.
fn kept_line(line: &Line, original: &Outcome, returned: &ReturnedSoFar) -> Option<Line> {
    let sold = original.lines.iter().find(|sold| sold.id == line.id)?;
    let quantity = quantity_left(sold.quantity, returned.quantity(&sold.id)).min(line.quantity);
    if !quantity.is_positive() {
        return None;
    }
    let gone = quantity_left(line.quantity, quantity);
    let gone = if gone.is_zero() { 0 } else { share(line.amount.minor(), gone.milli(), line.quantity.milli()) };
    Some(Line { quantity, amount: amount_minus(line.amount, Amount::from_minor(gone)), ..line.clone() })
}

/// What the customer had wished to redeem; what campaigns cost is no wish of its own.
fn redemptions(original: &Outcome) -> impl Iterator<Item = &OutcomeRedemption> {
    original.redemptions.iter().filter(|redemption| !redemption.id.as_str().starts_with(COST_PREFIX))
}

/// Goods that the customer chose to pay partly in units of an asset: those that the campaign made cheaper.
fn chosen(original: &Outcome) -> Vec<Chosen> {
    let mut chosen: Vec<Chosen> = Vec::new();
    let costs = original.redemptions.iter().filter_map(|redemption| redemption.id.as_str().strip_prefix(COST_PREFIX));
    for campaign in costs.filter_map(|id| CampaignId::parse(id).ok()) {
        let Ok(choice) = RewardId::parse(&format!("{campaign}.0")) else { continue };
        let is_cheaper = |line: &&OutcomeLine| by_campaign(&line.parts).iter().any(|(known, _)| *known == &campaign);
        let own = original.lines.iter().filter(is_cheaper).map(|line| Chosen { choice: choice.clone(), sku: line.sku.clone() });
        for one in own {
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
    }
    chosen
}

/// The account after all of the sale has come back, and as if the customer had not been there.
fn without(account: &Account, goods: &Return<'_>, sale: OriginalSale<'_>) -> Account {
    let rest = |line: &OutcomeLine| ReturnLine {
        id: line.id.clone(),
        original: Some(line.id.clone()),
        sku: line.sku.clone(),
        tax_code: None,
        quantity: quantity_left(line.quantity, sale.so_far.quantity(&line.id)),
        measure: line.measure,
        unit_price: line.unit_price,
        amount: Amount::ZERO,
    };
    let lines: Vec<ReturnLine> = sale.outcome.lines.iter().map(rest).filter(|line| line.quantity > Quantity::ZERO).collect();
    let whole = Return { lines: &lines, tenders: &[], repricing: None, ..goods.clone() };
    commit::commit(Some(account), &whole).account.unwrap_or_else(|| account.clone())
}

impl Kept {
    /// What the evaluation may know, as of the sale: what the sale used of codes, assets and limits can be used again, and
    /// no more than that of what is limited over all customers.
    #[must_use]
    pub fn standing(&self, revision: &Revision, view: &View<'_>, draw: Option<[u8; 32]>) -> Standing {
        let mut shared = revision.nothing_shared();
        let redeemed = |asset: &AssetId| self.redeemed.iter().any(|(known, _)| known == asset);
        let limits = revision.common_limits_of(&self.applied, redeemed);
        shared.retain(|uses| self.applied.contains(&uses.campaign) || limits.contains(&&uses.campaign));
        Standing {
            customer: self.account.as_ref().map(|account| self.customer(account, view)),
            codes: self.receipt.codes.iter().map(|code| self.code(code, view)).collect(),
            shared,
            out_of_stock: Arc::clone(&self.out_of_stock),
            no_promises: None,
            claimed_from: None,
            untold_from: self.untold_from,
            draw,
        }
    }

    fn customer(&self, account: &Account, view: &View<'_>) -> CustomerStanding {
        let mut standing = account.standing(view);
        if let Some(then) = &self.then {
            let CustomerStanding {
                blocked, tiers, tiers_until, uses, uses_by_member, lists, visits, habits, seen, staff, ..
            } = then.clone();
            standing = CustomerStanding {
                blocked,
                tiers,
                tiers_until,
                uses,
                uses_by_member,
                lists,
                visits,
                habits,
                seen,
                staff,
                ..standing
            };
        }
        for (asset, units) in &self.redeemed {
            match standing.available.binary_search_by(|(known, _)| known.cmp(asset)) {
                Ok(place) => {
                    if let Some((_, available)) = standing.available.get_mut(place) {
                        *available = (*available).max(*units);
                    }
                }
                Err(place) => standing.available.insert(place, (asset.clone(), *units)),
            }
        }
        standing
    }

    fn code(&self, code: &CompactString, view: &View<'_>) -> CodeStanding {
        let coupons = self.account.iter().flat_map(|account| &account.coupons);
        let own = coupons.into_iter().find(|coupon| coupon.is(code)).map_or(code, |coupon| &coupon.code);
        let other = self.account.as_ref().filter(|_| !self.used.contains(own));
        CodeStanding {
            code: code.clone(),
            state: other.and_then(|account| account.coupon_state(code, view)).unwrap_or(CodeState::Open),
            campaign: self.account.as_ref().and_then(|account| account.coupon_campaign(code)).cloned(),
        }
    }
}
