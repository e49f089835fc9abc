//! The largest price that the law allows for an article: what was rung up dearer costs that, before any campaign acts.
//! No campaign makes anything dearer, so nothing comes above it afterwards.

use compact_str::{CompactString, format_compact};
use rust_decimal::Decimal;
use smallvec::smallvec;

use super::basket::{Basket, BasketLine, By, Change, Run};
use super::draft::Draft;
use crate::campaign::PRICE_MAX;
use crate::decision::{Adjustment, Note};
use crate::id::CampaignId;
use crate::money::{self, Amount, Currency, UnitPrice};

/// Decimal digits of a unit price in its smallest unit.
const MICROS_DIGITS: u32 = 6;

impl Basket<'_> {
    /// Lowers what is dearer than it may be.
    pub(super) fn keep_to_largest_prices(&mut self) {
        let currency = self.currency;
        for line in &mut self.lines {
            let Some(most) = line.amount_max(currency) else { continue };
            if let [run] = line.runs.as_mut_slice() {
                run.changes = smallvec![Change { by: By::PriceMax, minor: most.saturating_sub(run.amount) }];
                run.amount = most;
            }
        }
    }
}

impl Run {
    /// What offers call its original price: what was rung up, or the most that it may cost.
    pub(super) fn original(&self) -> i64 {
        match self.changes.first() {
            Some(Change { by: By::PriceMax, minor }) => self.rung.saturating_add(*minor),
            Some(Change { by: By::Campaign(_) | By::Redeem(_), .. }) | None => self.rung,
        }
    }
}

impl BasketLine<'_> {
    /// The unit price that it is dearer than and must not be; none: it may cost what was rung up. What is no
    /// merchandise, such as a top-up, has an amount and no price.
    fn unit_price_broken(&self) -> Option<UnitPrice> {
        let most = self.product.filter(|_| self.merchandise)?.unit_price_max?;
        (self.line.unit_price > most).then_some(most)
    }

    /// What offers call its original price.
    pub(super) fn original(&self) -> i64 {
        self.runs.iter().map(Run::original).fold(0, i64::saturating_add)
    }

    /// The unit price rung up, or the most that it may be.
    pub(super) fn unit_price(&self) -> UnitPrice {
        self.unit_price_broken().unwrap_or(self.line.unit_price)
    }

    /// What a line that was rung up too dear may cost at most, in minor units, rounded as the till rounds.
    fn amount_max(&self, currency: Currency) -> Option<i64> {
        let most = money::extend(self.line.quantity, self.unit_price_broken()?, currency)?.minor();
        (most < self.line.amount.minor()).then_some(most)
    }

    /// The change as it stands on the receipt: with the price in figures, which every language reads.
    pub(super) fn price_max_adjustment(&self, amount: Amount, currency: Currency) -> Option<Adjustment> {
        let campaign = CampaignId::parse(PRICE_MAX).ok()?;
        Some(Adjustment { campaign, amount, text: in_words(self.unit_price_broken()?, currency) })
    }
}

fn in_words(price: UnitPrice, currency: Currency) -> CompactString {
    let Ok(decimal) = Decimal::try_from_i128_with_scale(i128::from(price.micros()), MICROS_DIGITS) else {
        return CompactString::default();
    };
    let mut decimal = decimal.normalize();
    if decimal.scale() < currency.minor_digits() {
        decimal.rescale(currency.minor_digits());
    }
    format_compact!("max {decimal}")
}

impl Draft<'_, '_> {
    /// Tells of each line that was rung up too dear: on a receipt that is paid nothing else can be done.
    pub(super) fn note_too_dear(&mut self) {
        let too_dear = self.basket.lines.iter().filter(|line| line.amount_max(self.basket.currency).is_some());
        self.notes.extend(too_dear.map(|line| Note::AbovePriceMax { line: line.line.id.clone() }));
    }
}
