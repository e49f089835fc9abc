//! The largest price that the law allows for an article: what was rung up dearer costs that, before any campaign acts.
//! No campaign makes anything dearer, so nothing comes above it afterwards.

use compact_str::{CompactString, format_compact};
use rust_decimal::Decimal;
use smallvec::smallvec;

use super::basket::{Basket, BasketLine, By, Change, Run};
use super::case::Case;
use super::draft::Draft;
use crate::campaign::PRICE_MAX;
use crate::decision::{Adjustment, Note};
use crate::id::CampaignId;
use crate::money::{self, Amount, Currency, UnitPrice};
use crate::receipt::Given;

/// Decimal digits of a unit price in its smallest unit.
const MICROS_DIGITS: u32 = 6;

impl Basket<'_> {
    /// Lowers what is dearer than it may be; of a receipt that is paid, only what it shows as lowered.
    pub(super) fn keep_to_largest_prices(&mut self, case: &Case<'_>) {
        let currency = self.currency;
        for line in &mut self.lines {
            let Some(most) = line.amount_max(currency) else { continue };
            if case.paid() && !line.is_shown_at(most, &case.receipt.given) {
                continue;
            }
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

    /// Whether a paid receipt shows that it was sold at its largest price.
    fn is_shown_at(&self, most: i64, given: &[Given]) -> bool {
        let needed = self.line.amount.minor().saturating_sub(most);
        given.iter().any(|given| {
            given.line.as_ref() == Some(&self.line.id) && given.campaign.as_str() == PRICE_MAX && given.amount.minor() >= needed
        })
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
    /// Tells of each line that was rung up too dear. On a receipt that is paid nothing else can be done, and nothing need be
    /// said where it was sold at its largest price.
    pub(super) fn note_too_dear(&mut self) {
        let was_lowered = |line: &BasketLine<'_>| self.case.paid() && line.amount() < line.line.amount.minor();
        let too_dear = self.basket.lines.iter().filter(|line| line.amount_max(self.basket.currency).is_some());
        let too_dear = too_dear.filter(|line| !was_lowered(line));
        self.notes.extend(too_dear.map(|line| Note::AbovePriceMax { line: line.line.id.clone() }));
    }
}
