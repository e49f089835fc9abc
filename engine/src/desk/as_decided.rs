//! Whether a receipt was sold exactly as a decision said.

use tessera_contract::read::{SettleInput, SoldLine};
use tessera_rules::decision::{DecidedLine, Decision, Part};

/// Whether every line was sold in the decided parts, every added line was taken, and nothing was declined
/// that the decision still has.
pub(super) fn is_as_decided(input: &SettleInput, decision: &Decision) -> bool {
    let declined = |id: &str| input.receipt.declined.iter().any(|declined| declined.as_str() == id);
    decision.lines.len() == input.sold.len()
        && decision
            .lines
            .iter()
            .enumerate()
            .all(|(place, line)| sold_line(input, place, line).is_some_and(|sold| is_line_as_decided(sold, line)))
        && !decision.redemptions.iter().any(|redemption| declined(redemption.id.as_str()))
        && !decision.rewards.iter().any(|reward| declined(reward.id.as_str()))
        && !decision.instructions.iter().any(|instruction| declined(instruction.id.as_str()))
}

/// How a line was sold; both lists mostly have the same order, so the same place is looked at first.
fn sold_line<'i>(input: &'i SettleInput, place: usize, line: &DecidedLine) -> Option<&'i SoldLine> {
    let same = input.sold.get(place).filter(|sold| sold.id == line.id);
    same.or_else(|| input.sold.iter().find(|sold| sold.id == line.id))
}

fn is_line_as_decided(sold: &SoldLine, line: &DecidedLine) -> bool {
    if line.parts.is_empty() {
        return !sold.parts_were_sent
            || (sold.parts.iter().map(|part| part.amount).sum::<tessera_rules::money::Amount>() == line.after
                && sold.parts.iter().all(|part| part.adjustments.is_empty()));
    }
    sold.parts.len() == line.parts.len()
        && sold.parts.iter().zip(&line.parts).all(|(sold, decided)| is_part_as_decided(sold, decided))
}

/// The text of an adjustment is the till's to print, not a fact.
fn is_part_as_decided(sold: &Part, decided: &Part) -> bool {
    sold.quantity == decided.quantity
        && sold.unit_price == decided.unit_price
        && sold.amount == decided.amount
        && sold.adjustments.len() == decided.adjustments.len()
        && sold
            .adjustments
            .iter()
            .zip(&decided.adjustments)
            .all(|(sold, decided)| sold.campaign == decided.campaign && sold.amount == decided.amount)
}
