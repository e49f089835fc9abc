//! Using up assets: what could be redeemed here, and what was asked for.

use compact_str::format_compact;
use smallvec::SmallVec;

use super::basket::{BasketLine, By, Spot};
use super::draft::Draft;
use crate::asset::{Asset, RedeemCode};
use crate::campaign::REDEEM_PREFIX;
use crate::decision::{AnswerPart, CodeWanted, LineShare, Promise, RedeemCap, Redeemable, Redemption};
use crate::id::{CampaignId, RewardId};
use crate::money::{Amount, Rounding, Units, split};
use crate::receipt::{RedeemMode, RedeemRequest};
use crate::standing::CodeForRedeem;

impl<'a> Draft<'a, '_> {
    /// Works out what may be redeemed of each asset, then redeems what was asked for, in the order asked.
    pub(super) fn redeem(&mut self) {
        let Some(customer) = self.case.customer else { return };
        for asset in self.case.revision.assets() {
            let held = customer.available.iter().find(|(id, _)| *id == asset.id).map(|(_, units)| self.not_spent(asset, *units));
            if held.is_some() || asset.redeem.is_some() {
                let base = self.costs_now(asset);
                // As it was asked for: a discount lowers prices, which smallest prices bound.
                let asked = self.case.receipt.redeem.iter().find(|request| request.asset == asset.id);
                let mode = asked.map_or(RedeemMode::Tender, |request| request.mode);
                let most = self.most_without_code(asset, base, held.unwrap_or(Units::ZERO), mode);
                self.redeemable.push(most);
            }
        }
        // The greatest share is one of what there was to pay before anything was redeemed.
        let bases = self.case.receipt.redeem.iter().map(|request| {
            let asset = self.case.revision.asset(&request.asset)?;
            Some((asset, self.costs_now(asset)))
        });
        let bases: SmallVec<[_; 4]> = bases.collect();
        for (place, (request, of)) in self.case.receipt.redeem.iter().zip(bases).enumerate() {
            let again = self.case.receipt.redeem.iter().take(place).any(|before| before.asset == request.asset);
            let Some((asset, base)) = of.filter(|_| !again) else { continue };
            let held = customer.available.iter().find(|(id, _)| *id == asset.id).map_or(Units::ZERO, |(_, units)| *units);
            let held = self.not_spent(asset, held);
            let wanted = request.units.map_or(held, |wanted| wanted.min(held));
            let most = self.most(asset, base, wanted, request.mode);
            if most.units.is_positive() && most.amount.is_positive() {
                self.redeem_one(asset, &most, request);
            }
        }
        self.tell_of_lines();
    }

    /// Which lines an asset paid is told only where one of them may not pay them all: else it lies on all alike.
    fn tell_of_lines(&mut self) {
        let tenders = self.redemptions.iter().filter(|redemption| redemption.mode == RedeemMode::Tender);
        let assets = tenders.filter_map(|redemption| self.case.revision.asset(&redemption.asset));
        if assets.into_iter().any(|asset| self.is_barred(asset)) {
            return;
        }
        for redemption in &mut self.redemptions {
            redemption.paid_on.clear();
        }
    }

    /// What is left after campaigns have cost some of it.
    fn not_spent(&self, asset: &Asset, held: Units) -> Units {
        let spent = self.spent.iter().filter(|(known, _)| *known == asset.id).map(|(_, units)| *units);
        Units::from_units(held.units().saturating_sub(spent.fold(0, i64::saturating_add)).max(0))
    }

    /// The lines that an asset may pay.
    fn paid_by(&self, asset: &'a Asset) -> impl Iterator<Item = (usize, &BasketLine<'a>)> {
        let on = asset.redeem.as_ref().map(|rule| &rule.on);
        let lines = self.basket.lines.iter().enumerate().filter(|(_, line)| line.redeems);
        lines.filter(move |(_, line)| on.is_some_and(|on| on.matches(&line.properties, line.line.measure)))
    }

    /// What the goods that an asset may pay cost now.
    fn costs_now(&self, asset: &'a Asset) -> i64 {
        self.paid_by(asset).map(|(_, line)| line.amount()).fold(0, i64::saturating_add)
    }

    /// What of that no asset has paid yet.
    fn left_to_pay(&self, asset: &'a Asset) -> i64 {
        let left = |line: &BasketLine<'_>| line.amount().saturating_sub(line.paid_by_assets);
        self.paid_by(asset).map(|(_, line)| left(line)).fold(0, i64::saturating_add).max(0)
    }

    /// The runs whose prices a redemption of an asset as discount may lower.
    fn lowered_by(&self, asset: &'a Asset) -> impl Iterator<Item = Spot> {
        let lines = self.paid_by(asset).filter(|(_, line)| line.takes_discount);
        lines.flat_map(|(place, line)| (0..line.runs.len()).map(move |run| (place, run)))
    }

    /// The most units of an asset within what is held, the greatest share of `base`, and what is left to pay.
    fn most(&self, asset: &'a Asset, base: i64, held: Units, mode: RedeemMode) -> Redeemable {
        let none = |cap| Redeemable { asset: asset.id.clone(), units: Units::ZERO, amount: Amount::ZERO, cap };
        let Some(rule) = asset.redeem.as_ref().filter(|_| asset.currency == self.basket.currency) else {
            return none(RedeemCap::NotAllowed);
        };
        let share = rule.share_max.of(base, Rounding::Down).unwrap_or(0).min(self.left_to_pay(asset));
        let room = match mode {
            RedeemMode::Tender => i64::MAX,
            RedeemMode::Discount => self.lowered_by(asset).map(|spot| self.basket.room(spot)).fold(0, i64::saturating_add),
        };
        let is_by_price = room < share;
        let share = share.min(room);
        let by_share = asset.units_for(Amount::from_minor(share)).unwrap_or(Units::ZERO);
        let by_limit = Units::from_units(self.redemption_left(&asset.id));
        let units = held.min(by_share).min(by_limit).units();
        let units = units.saturating_sub(units.checked_rem(rule.units_step.units()).unwrap_or(0));
        if units <= 0 || units < rule.units_min.units() {
            let by_limit = by_limit < held.min(by_share);
            return none(if by_limit { RedeemCap::Limit } else { RedeemCap::BelowMinimum });
        }
        let units = Units::from_units(units);
        let amount = asset.worth_of(units).unwrap_or(Amount::ZERO).min(Amount::from_minor(share));
        Redeemable {
            asset: asset.id.clone(),
            units,
            amount,
            cap: match held.min(by_share) {
                least if by_limit < least => RedeemCap::Limit,
                _ if held <= by_share => RedeemCap::Balance,
                _ if is_by_price => RedeemCap::PriceMin,
                _ => RedeemCap::Share,
            },
        }
    }

    /// The same within what needs no code that has not come yet.
    fn most_without_code(&self, asset: &'a Asset, base: i64, held: Units, mode: RedeemMode) -> Redeemable {
        let most = self.most(asset, base, held, mode);
        let Some(code) = self.code_before(asset, most.amount) else { return most };
        let held = held.min(asset.units_for(code.above).unwrap_or(Units::ZERO));
        Redeemable { cap: RedeemCap::Code, ..self.most(asset, base, held, mode) }
    }

    /// The code that must have come before so much of an asset is used up; none: none must, or it has. What is paid is a fact.
    fn code_before(&self, asset: &'a Asset, amount: Amount) -> Option<&'a RedeemCode> {
        let code = asset.redeem.as_ref()?.code.as_ref().filter(|code| amount > code.above && !self.case.paid())?;
        let known = self.case.fact(&code.to);
        known.is_none_or(|known| known.redeem_code != CodeForRedeem::CameBack).then_some(code)
    }

    /// Lets a redemption wait for a code: one is sent to what the customer has confirmed, else that is asked for.
    fn want_code(&mut self, asset: &'a Asset, code: &'a RedeemCode, redemption: RewardId) {
        let Some(known) = self.case.fact(&code.to).filter(|known| known.confirmed) else {
            self.code_asks_for = Some(&code.to);
            return;
        };
        if known.redeem_code == CodeForRedeem::CanBeSent && self.code_wanted.is_none() {
            let text = self.case.cashier_words_of(&asset.program, &code.text).clone();
            self.code_wanted = Some(CodeWanted { redemption, to: code.to.clone(), text });
        }
    }

    /// Redeems, unless it was declined, comes too late, cannot be promised, or waits for a code.
    fn redeem_one(&mut self, asset: &'a Asset, most: &Redeemable, request: &RedeemRequest) {
        let name = format_compact!("{REDEEM_PREFIX}{}", asset.id);
        let (Ok(id), Ok(campaign)) = (RewardId::parse(&name), CampaignId::parse(&name)) else { return };
        let lowers_prices = request.mode == RedeemMode::Discount;
        let too_late = self.case.paid() && lowers_prices || self.case.is_untold(AnswerPart::Redemption);
        if self.declined(&name) || too_late {
            return;
        }
        if let Some(why) = self.case.standing.no_promises {
            self.notes.push(why.of(campaign));
            return;
        }
        if let Some(code) = self.code_before(asset, most.amount) {
            self.want_code(asset, code, id);
            return;
        }
        let paid_on = match request.mode {
            RedeemMode::Discount => {
                self.as_discount(asset, most.amount);
                Vec::new()
            }
            RedeemMode::Tender => self.as_tender(asset, most.amount),
        };
        self.redemptions.push(Redemption {
            id,
            asset: asset.id.clone(),
            units: most.units,
            amount: most.amount,
            mode: request.mode,
            paid_on,
        });
        self.use_redeemed(&asset.id, most.units.units());
        self.promises.push(Promise::Units { asset: asset.id.clone(), units: most.units });
    }

    fn as_discount(&mut self, asset: &'a Asset, amount: Amount) {
        let place = self.case.revision.assets().iter().position(|known| known.id == asset.id).unwrap_or(usize::MAX);
        let spots: Vec<Spot> = self.lowered_by(asset).collect();
        let taken = self.basket.spread(&spots, By::Redeem(place), amount.minor());
        assert!(taken == amount.minor(), "the amount was capped by the room");
    }

    /// What an asset pays lowers no price, and earns nothing. Returns what it pays of each line.
    fn as_tender(&mut self, asset: &'a Asset, amount: Amount) -> Vec<LineShare> {
        let to_pay = self.weights(asset, |line| line.amount().saturating_sub(line.paid_by_assets));
        let mut earning = self.weights(asset, |line| line.amount().saturating_sub(line.not_earning));
        if earning.iter().all(|weight| *weight == 0) {
            // Nothing of it earns anyway; what is paid by it must be told all the same.
            earning.clone_from(&to_pay);
        }
        let not_earning = split(amount.minor(), &earning);
        let paid = split(amount.minor(), &to_pay);
        let mut paid_on = Vec::new();
        for ((line, not_earning), minor) in self.basket.lines.iter_mut().zip(not_earning).zip(paid) {
            line.not_earning = line.not_earning.saturating_add(not_earning);
            line.redeemed_not_earning = line.redeemed_not_earning.saturating_add(not_earning);
            line.paid_by_assets = line.paid_by_assets.saturating_add(minor);
            if minor > 0 {
                paid_on.push(LineShare { line: line.line.id.clone(), units: minor });
            }
        }
        paid_on
    }

    /// What each line weighs for an asset: nothing where it may not pay it.
    fn weights(&self, asset: &'a Asset, weight_of: impl Fn(&BasketLine<'_>) -> i64) -> Vec<i64> {
        let mut weights = vec![0; self.basket.lines.len()];
        for (place, line) in self.paid_by(asset) {
            if let Some(weight) = weights.get_mut(place) {
                *weight = weight_of(line).max(0);
            }
        }
        weights
    }

    /// Whether there is something to pay that an asset may not pay.
    fn is_barred(&self, asset: &'a Asset) -> bool {
        self.costs_now(asset) < self.basket.lines.iter().map(BasketLine::amount).fold(0, i64::saturating_add)
    }
}
