//! How lines were sold: which price changes a campaign explains and which nothing does.

use tessera_rules::decision::{Applied, DecidedLine, Decision, Part};
use tessera_rules::id::{CampaignId, LineId};
use tessera_rules::money::{Amount, Quantity, UnitPrice};
use tessera_rules::receipt::Line;

use crate::arithmetic::{amount_minus, amount_negated, amount_plus, quantity_plus};
use crate::outcome::OutcomeLine;
use crate::settle::{Settle, SoldLine};

/// The lines of an outcome and what was changed on them.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    pub(super) lines: Vec<OutcomeLine>,
    pub(super) before: Amount,
    pub(super) after: Amount,
    /// Change per campaign, below zero where cheaper, in the order of its first appearance.
    pub(super) explained: Vec<(CampaignId, Amount)>,
    /// The rest of the change.
    pub(super) unexplained: Amount,
    /// Some line was changed by what nothing explains.
    pub(super) is_unexplained: bool,
}

/// Reads how each line was sold, in the receipt's order, added lines last.
pub(super) fn read(settle: &Settle<'_>) -> Change {
    let mut change = Change { lines: Vec::with_capacity(settle.sold.len().max(settle.receipt.lines.len())), ..Change::default() };
    for (place, line) in settle.receipt.lines.iter().enumerate() {
        let sold = found(settle.sold, place, |sold| sold.id == line.id);
        let parts = sold.map(|sold| sold.parts.to_vec()).unwrap_or_default();
        change.push(settle, from_receipt(line, parts));
    }
    for (place, sold) in settle.sold.iter().enumerate() {
        if found(&settle.receipt.lines, place, |line| line.id == sold.id).is_none() {
            change.push(settle, from_added(settle, sold));
        }
    }
    change.assert_sums();
    change
}

/// The one that it is. Both lists mostly have the same order, so the same place is looked at first.
fn found<T>(list: &[T], place: usize, is_it: impl Fn(&T) -> bool) -> Option<&T> {
    list.get(place).filter(|one| is_it(one)).or_else(|| list.iter().find(|one| is_it(one)))
}

impl Change {
    fn push(&mut self, settle: &Settle<'_>, mut line: OutcomeLine) {
        let wanted = amount_minus(line.paid, line.rung_up);
        let mut explained = Amount::ZERO;
        for (campaign, shown) in by_campaign(&line.parts) {
            let promised = covered(settle, (self.lines.len(), &line.id), campaign);
            let step =
                if shown.is_negative() { shown.max(promised.min(Amount::ZERO)) } else { shown.min(promised.max(Amount::ZERO)) };
            explained = amount_plus(explained, step);
            match self.explained.iter_mut().find(|(known, _)| known == campaign) {
                Some((_, sum)) => *sum = amount_plus(*sum, step),
                None => self.explained.push((campaign.clone(), step)),
            }
        }
        line.unexplained = amount_minus(wanted, explained);
        self.is_unexplained |= !line.unexplained.is_zero();
        self.unexplained = amount_plus(self.unexplained, line.unexplained);
        self.before = amount_plus(self.before, line.rung_up);
        self.after = amount_plus(self.after, line.paid);
        self.lines.push(line);
    }

    /// Campaigns as applied: as decided, with what the sale shows of them.
    pub(super) fn applied(&self, settle: &Settle<'_>) -> Vec<Applied> {
        let shown = |campaign: &CampaignId| {
            let sum = self.explained.iter().find(|(known, _)| known == campaign).map_or(Amount::ZERO, |(_, sum)| *sum);
            amount_negated(sum).max(Amount::ZERO)
        };
        let decided = settle.decision.applied.iter();
        let mut applied: Vec<Applied> =
            decided.map(|known| Applied { discount: shown(&known.campaign), ..known.clone() }).collect();
        for earlier in settle.promised.iter().flat_map(|promised| &promised.applied) {
            let known = applied.iter().any(|known| known.campaign == earlier.campaign);
            if !known && shown(&earlier.campaign).is_positive() {
                applied.push(Applied { discount: shown(&earlier.campaign), ..earlier.clone() });
            }
        }
        applied
    }

    /// P6: what is explained and what is not sum to the change, lines sum to totals.
    fn assert_sums(&self) {
        let explained = self.explained.iter().map(|(_, amount)| *amount).fold(Amount::ZERO, amount_plus);
        assert_eq!(
            amount_plus(explained, self.unexplained),
            amount_minus(self.after, self.before),
            "what changed is explained or not"
        );
        let paid = self.lines.iter().map(|line| line.paid).fold(Amount::ZERO, amount_plus);
        assert_eq!(paid, self.after, "lines sum to the total");
    }
}

fn from_receipt(line: &Line, parts: Vec<Part>) -> OutcomeLine {
    let stands = parts.is_empty();
    OutcomeLine {
        id: line.id.clone(),
        original: None,
        sku: line.sku.clone(),
        tax_code: line.tax_code.clone(),
        measure: line.measure,
        quantity: if stands { line.quantity } else { quantity_of(&parts) },
        unit_price: line.unit_price,
        rung_up: line.amount,
        paid: if stands { line.amount } else { amount_of(&parts) },
        parts,
        added_by: None,
        unexplained: Amount::ZERO,
    }
}

fn from_added(settle: &Settle<'_>, sold: &SoldLine<'_>) -> OutcomeLine {
    let decided = || decided_line(settle.decision, 0, &sold.id).map(|line| line.parts.clone()).unwrap_or_default();
    let parts = if sold.parts.is_empty() { decided() } else { sold.parts.to_vec() };
    OutcomeLine {
        id: sold.id.clone(),
        original: None,
        sku: sold.sku.clone(),
        tax_code: sold.tax_code.clone(),
        measure: sold.measure,
        quantity: quantity_of(&parts),
        unit_price: UnitPrice::ZERO,
        rung_up: Amount::ZERO,
        paid: amount_of(&parts),
        parts,
        added_by: sold.added_by.clone(),
        unexplained: Amount::ZERO,
    }
}

fn quantity_of(parts: &[Part]) -> Quantity {
    parts.iter().map(|part| part.quantity).fold(Quantity::ZERO, quantity_plus)
}

fn amount_of(parts: &[Part]) -> Amount {
    parts.iter().map(|part| part.amount).fold(Amount::ZERO, amount_plus)
}

/// Adjustments of parts summed per campaign, in the order of their first appearance.
pub(crate) fn by_campaign(parts: &[Part]) -> Vec<(&CampaignId, Amount)> {
    let mut sums: Vec<(&CampaignId, Amount)> = Vec::new();
    for adjustment in parts.iter().flat_map(|part| &part.adjustments) {
        match sums.iter_mut().find(|(campaign, _)| **campaign == adjustment.campaign) {
            Some((_, sum)) => *sum = amount_plus(*sum, adjustment.amount),
            None => sums.push((&adjustment.campaign, adjustment.amount)),
        }
    }
    sums
}

/// What the decision or the promise before it has a campaign do to a line, the greater change of both.
fn covered(settle: &Settle<'_>, (place, line): (usize, &LineId), campaign: &CampaignId) -> Amount {
    let decisions = [Some(settle.decision), settle.promised];
    let amounts = decisions.into_iter().flatten().map(|decision| {
        let parts = decided_line(decision, place, line).map(|line| line.parts.as_slice()).unwrap_or_default();
        let adjustments = parts.iter().flat_map(|part| &part.adjustments);
        let shown = adjustments.filter(|adjustment| adjustment.campaign == *campaign).map(|adjustment| adjustment.amount);
        shown.fold(Amount::ZERO, amount_plus)
    });
    amounts.max_by_key(|amount| amount.minor().unsigned_abs()).unwrap_or(Amount::ZERO)
}

fn decided_line<'d>(decision: &'d Decision, place: usize, line: &LineId) -> Option<&'d DecidedLine> {
    found(&decision.lines, place, |decided| decided.id == *line)
}

#[cfg(test)]
mod tests;
