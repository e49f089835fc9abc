//! From the draft to the decision: runs become parts.

use compact_str::CompactString;

use super::basket::{BasketLine, By, Change, Run};
use super::draft::Draft;
use crate::campaign::REDEEM_PREFIX;
use crate::decision::{Adjustment, Applied, DecidedLine, Decision, Note, Part};
use crate::id::CampaignId;
use crate::money::{self, Amount, Quantity};

impl Draft<'_, '_> {
    pub(super) fn finish(mut self) -> Decision {
        let conditions_before = self.facts.steps();
        let brakes = self.hold_back();
        let code_verdicts = self.code_verdicts();
        let explained = self.explain();
        self.steps = self.steps.saturating_add(self.facts.steps().saturating_sub(conditions_before));
        self.promise_uses();
        self.leave_out();
        let mut lines: Vec<DecidedLine> = Vec::with_capacity(self.basket.lines.len().saturating_add(self.added.len()));
        for mut line in std::mem::take(&mut self.basket.lines) {
            lines.push(self.decided(&mut line));
        }
        lines.append(&mut self.added);
        let before = self.case.receipt.total();
        let after = lines.iter().map(|line| line.after).sum();
        let campaigns = self.case.revision.campaigns();
        let mut applied = Vec::with_capacity(self.effects.len());
        applied.extend(self.effects.iter().filter_map(|effect| {
            let times = u32::try_from(effect.times).unwrap_or(u32::MAX);
            Some(Applied {
                campaign: campaigns.get(effect.place)?.id.clone(),
                times,
                discount: Amount::from_minor(effect.discount),
            })
        }));
        if !self.proven {
            self.notes.push(Note::NotProven);
        }
        let cashier_texts = self.cashier_texts();
        Decision {
            lines,
            redemptions: self.redemptions,
            rewards: self.rewards,
            cashier_texts,
            prompts: self.prompts,
            instructions: self.instructions,
            offers: self.offers,
            choices: self.choices,
            near_misses: self.near_misses,
            code_verdicts,
            redeemable: self.redeemable,
            code_wanted: self.code_wanted,
            counters: self.counters,
            promises: self.promises,
            applied,
            before,
            after,
            depends_on_tenders: self.depends_on_tenders,
            notes: self.notes,
            steps: self.steps,
            proven: self.proven,
            bound: Amount::from_minor(self.bound),
            dropped_from: self.dropped_from,
            brakes,
            explained,
        }
    }

    fn decided(&self, item: &mut BasketLine<'_>) -> DecidedLine {
        let line = item.line;
        let changed = item.runs.iter().any(|run| run.added || !run.changes.is_empty());
        let parts = if changed { self.parts(item) } else { Vec::new() };
        let after = if changed { parts.iter().map(|part| part.amount).sum() } else { line.amount };
        let catalogue_tax = || item.product.and_then(|product| product.tax_code.clone());
        DecidedLine {
            id: line.id.clone(),
            sku: line.sku.clone(),
            tax_code: line.tax_code.clone().or_else(catalogue_tax),
            measure: line.measure,
            added_by: None,
            parts,
            before: line.amount,
            after,
        }
    }

    /// Runs in order; neighbours that were treated alike become one part.
    fn parts(&self, item: &mut BasketLine<'_>) -> Vec<Part> {
        item.runs.dedup_by(|run, last| {
            let alike = alike(last, run);
            if alike {
                join(last, run);
            }
            alike
        });
        item.runs.iter().map(|run| self.part(item, run)).collect()
    }

    fn part(&self, item: &BasketLine<'_>, run: &Run) -> Part {
        let (quantity, amount) = (Quantity::from_milli(run.milli), Amount::from_minor(run.amount));
        let unchanged = run.changes.is_empty();
        let unit_price =
            if unchanged { Some(item.line.unit_price) } else { money::unit_price(amount, quantity, self.basket.currency) };
        // A split may leave nothing of a change; only added units stand with an adjustment of zero.
        let shown = run.changes.iter().filter(|change| run.added || change.minor != 0);
        let mut adjustments: Vec<Adjustment> = Vec::with_capacity(run.changes.len());
        adjustments.extend(shown.filter_map(|change| self.adjustment(item, *change)));
        let sum = run.changes.iter().map(|change| change.minor).fold(run.rung, i64::saturating_add);
        assert!(sum == run.amount && run.amount >= 0, "P6: adjustments sum to the part's change, and no part is negative");
        Part { quantity, unit_price: unit_price.unwrap_or(item.line.unit_price), amount, adjustments }
    }

    fn adjustment(&self, item: &BasketLine<'_>, change: Change) -> Option<Adjustment> {
        let amount = Amount::from_minor(change.minor);
        match change.by {
            By::PriceMax => item.price_max_adjustment(amount, self.basket.currency),
            By::Campaign(place) => {
                let campaign = self.case.revision.campaigns().get(place)?;
                Some(Adjustment {
                    campaign: campaign.id.clone(),
                    amount,
                    text: self.case.words(campaign.program_place, &campaign.text).clone(),
                })
            }
            By::Redeem(place) => {
                let asset = self.case.revision.assets().get(place)?;
                let campaign = CampaignId::parse(&compact_str::format_compact!("{REDEEM_PREFIX}{}", asset.id)).ok()?;
                Some(Adjustment { campaign, amount, text: CompactString::from(asset.id.as_str()) })
            }
        }
    }
}

/// Whether two neighbours have the same price for the same reasons.
fn alike(a: &Run, b: &Run) -> bool {
    let same_price =
        i128::from(a.amount).saturating_mul(i128::from(b.milli)) == i128::from(b.amount).saturating_mul(i128::from(a.milli));
    let same_reasons = a.changes.iter().map(|change| change.by).eq(b.changes.iter().map(|change| change.by));
    a.added == b.added && same_reasons && (same_price || a.changes.is_empty())
}

fn join(into: &mut Run, run: &Run) {
    into.milli = into.milli.saturating_add(run.milli);
    into.rung = into.rung.saturating_add(run.rung);
    into.amount = into.amount.saturating_add(run.amount);
    for (change, other) in into.changes.iter_mut().zip(&run.changes) {
        change.minor = change.minor.saturating_add(other.minor);
    }
}
