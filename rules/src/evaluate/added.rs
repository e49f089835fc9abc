//! Units and gift lines that campaigns add; each has an id by which it can be declined.

use compact_str::{CompactString, format_compact};
use smallvec::smallvec;

use super::basket::{By, Change, Role, Run};
use super::candidates::{Candidate, Reason};
use super::draft::Draft;
use crate::catalogue::ProductKind;
use crate::decision::{Adjustment, DecidedLine, Instruction, Part, RewardKind, Task};
use crate::id::{LineId, RewardId, Sku};
use crate::money::{self, Amount, Quantity, UnitPrice};
use crate::receipt::{AddedGoods, Measure};

impl Draft<'_, '_> {
    /// Whether a campaign may add units to a line. Their id is `<campaign>.<number of the line>`, whatever else is
    /// declined.
    pub(super) fn can_add(&self, candidate: &Candidate<'_>, place: usize) -> Result<(), Reason> {
        let id = candidate.campaign.reward_id(place.saturating_add(1)).ok_or(Reason::Declined)?;
        if self.declined(id.as_str()) {
            return Err(Reason::Declined);
        }
        let line = self.basket.lines.get(place);
        if line.is_some_and(|line| !line.line.marks.is_empty())
            && scanned_line(candidate, place).is_none_or(|id| self.declined(id.as_str()))
        {
            return Err(Reason::Declined);
        }
        let product = line.and_then(|line| line.product);
        if product.and_then(|product| product.unit_price_min).is_some_and(|least| least > UnitPrice::ZERO) {
            return Err(Reason::MinimumPrice);
        }
        Ok(())
    }

    /// Adds units at zero to a line. Goods that carry marks cannot be multiplied: their units become a line of their own,
    /// and the cashier is told to scan them. Returns what they are worth; on a receipt that is paid nothing is added.
    pub(super) fn add_units(&mut self, candidate: &Candidate<'_>, place: usize, units: i64) -> i64 {
        let units = units.min(crate::limits::ADDED_UNITS_MAX);
        let worth = self.worth_of_units(place, units);
        let marked = self.basket.lines.get(place).is_some_and(|line| !line.line.marks.is_empty());
        let Some(id) = candidate.campaign.reward_id(place.saturating_add(1)).filter(|_| !self.case.paid()) else {
            return worth;
        };
        if marked {
            self.scan_one_more(candidate, (place, units), id);
        } else if let Some(line) = self.basket.lines.get_mut(place) {
            let milli = units.saturating_mul(Quantity::ONE.milli());
            let changes = smallvec![Change { by: By::Campaign(candidate.place), minor: 0 }];
            line.runs.push(Run { milli, rung: 0, amount: 0, used: u64::MAX, added: true, role: Role::Rest, owner: 0, changes });
        }
        if worth > 0 {
            self.worth = self.worth.saturating_add(worth);
            self.reward(candidate, place.saturating_add(1), RewardKind::DiscountNow { amount: Amount::from_minor(worth) }, None);
        }
        worth
    }

    /// The units as a line of their own at zero, each of which the cashier scans. Unscanned it is not sold.
    fn scan_one_more(&mut self, candidate: &Candidate<'_>, (place, units): (usize, i64), id: RewardId) {
        let (Some(line), Some(line_id)) = (self.basket.lines.get(place), scanned_line(candidate, place)) else { return };
        let (program, own) = (candidate.campaign.program_place, &candidate.campaign.text);
        let words = self.case.words(program, own);
        let text = format_compact!("+{units}: {}", self.case.cashier_words(program, own));
        let tax_code = line.line.tax_code.clone().or_else(|| line.product.and_then(|product| product.tax_code.clone()));
        let quantity = Quantity::from_milli(units.saturating_mul(Quantity::ONE.milli()));
        let campaign = candidate.campaign.id.clone();
        let adjustment = Adjustment { campaign: campaign.clone(), amount: Amount::ZERO, text: words.clone() };
        self.added.push(DecidedLine {
            id: line_id.clone(),
            sku: line.line.sku.clone(),
            tax_code,
            measure: Measure::Counted,
            added_by: Some(campaign.clone()),
            parts: vec![Part { quantity, unit_price: UnitPrice::ZERO, amount: Amount::ZERO, adjustments: vec![adjustment] }],
            before: Amount::ZERO,
            after: Amount::ZERO,
        });
        let quantity = u32::try_from(units).unwrap_or(u32::MAX);
        self.instructions.push(Instruction { id, campaign, task: Task::ScanOneMore, line: Some(line_id), quantity, text });
    }

    /// What each campaign that acts wants of the cashier. A receipt that is paid is past all that.
    pub(super) fn instruct(&mut self) {
        if self.case.paid() {
            return;
        }
        let campaigns = self.case.revision.campaigns();
        for campaign in self.effects.iter().filter_map(|effect| campaigns.get(effect.place)) {
            for duty in &campaign.cashier {
                let Some(id) = duty.id(&campaign.id) else { continue };
                let text = self.case.cashier_words(campaign.program_place, &duty.text).clone();
                let campaign = campaign.id.clone();
                self.instructions.push(Instruction { id, campaign, task: duty.task, line: None, quantity: 1, text });
            }
        }
    }

    /// What so many units of a line are worth at their price.
    pub(super) fn worth_of_units(&self, place: usize, units: i64) -> i64 {
        let Some(line) = self.basket.lines.get(place) else { return 0 };
        let quantity = Quantity::from_milli(units.saturating_mul(Quantity::ONE.milli()));
        money::extend(quantity, line.unit_price(), self.basket.currency).map_or(0, Amount::minor)
    }

    /// What goods are worth that a receipt shows as added: counted as they are where they are added here.
    pub(super) fn worth_of_added(&self, added: &[AddedGoods]) -> i64 {
        let worth = |goods: &AddedGoods| {
            let price = goods.unit_price.or_else(|| self.case.catalogue.product(&goods.sku)?.price)?;
            money::extend(goods.quantity, price, self.basket.currency).map(Amount::minor)
        };
        added.iter().filter_map(worth).fold(0, i64::saturating_add)
    }

    /// Adds a line at zero. Its id is `+<place of the campaign in the revision>.1`, whatever else is declined.
    ///
    /// Returns what the gift is worth by the catalogue's price. Where it comes too late nothing is added.
    pub(super) fn gift(&mut self, candidate: &Candidate<'_>, sku: &Sku, quantity: Quantity, times: i64) -> Result<i64, Reason> {
        let id = LineId::parse(&format_compact!("+{}.1", candidate.place)).map_err(|_| Reason::Declined)?;
        let milli =
            quantity.milli().saturating_mul(times).min(crate::limits::ADDED_UNITS_MAX.saturating_mul(Quantity::ONE.milli()));
        let quantity = Quantity::from_milli(milli);
        let product = self.case.catalogue.product(sku);
        if self.declined(id.as_str()) {
            return Err(Reason::Declined);
        }
        if product.is_none_or(|product| needs_stock(product.kind)) && self.out_of_stock(sku) {
            return Err(Reason::OutOfStock);
        }
        if product.and_then(|product| product.unit_price_min).is_some_and(|least| least > UnitPrice::ZERO) {
            return Err(Reason::MinimumPrice);
        }
        let price = product.and_then(|product| product.price);
        let worth = price.and_then(|price| money::extend(quantity, price, self.basket.currency)).map_or(0, Amount::minor);
        if !self.case.is_too_late(candidate.act) {
            let text = self.case.words(candidate.campaign.program_place, &candidate.campaign.text).clone();
            let adjustment = Adjustment { campaign: candidate.campaign.id.clone(), amount: Amount::ZERO, text };
            self.added.push(DecidedLine {
                id,
                sku: sku.clone(),
                tax_code: product.and_then(|product| product.tax_code.clone()),
                measure: Measure::Counted,
                added_by: Some(candidate.campaign.id.clone()),
                parts: vec![Part { quantity, unit_price: UnitPrice::ZERO, amount: Amount::ZERO, adjustments: vec![adjustment] }],
                before: Amount::ZERO,
                after: Amount::ZERO,
            });
            self.worth = self.worth.saturating_add(worth);
        }
        Ok(worth)
    }

    /// Whether this store has run out of an article.
    pub(super) fn out_of_stock(&self, sku: &Sku) -> bool {
        self.case.standing.out_of_stock.binary_search_by(|known: &CompactString| known.as_str().cmp(sku.as_str())).is_ok()
    }
}

/// The line for units of marked goods: its number follows that of the campaign's gift.
fn scanned_line(candidate: &Candidate<'_>, place: usize) -> Option<LineId> {
    LineId::parse(&format_compact!("+{}.{}", candidate.place, place.saturating_add(2))).ok()
}

/// Whether a product of this kind can run out.
pub(super) fn needs_stock(kind: ProductKind) -> bool {
    match kind {
        ProductKind::Goods | ProductKind::Bag => true,
        ProductKind::Service
        | ProductKind::Deposit
        | ProductKind::CertificateSale
        | ProductKind::TopUp
        | ProductKind::Donation => false,
    }
}
