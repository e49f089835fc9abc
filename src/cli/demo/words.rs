//! What happened at a till, in one line of words.

use std::fmt::Write as _;

use tessera_proto::billing::v1::{Outcome, OutcomeKind};

use super::goods::Goods;
use crate::cli::till::money::{Money, quantity, units};

/// Different campaigns that one line names.
const CAMPAIGNS_NAMED_MAX: usize = 2;

/// What an outcome did, as in `3 × Trail running shoes and 2 more: Three pairs for two, −79.90; 159 points`.
pub(super) fn of_outcome(outcome: &Outcome, goods: &Goods) -> String {
    let money = Money::new(&outcome.currency_code);
    let mut text = bought(outcome, goods);
    let amount = |totals: &Option<tessera_proto::billing::v1::Totals>| totals.as_ref().map_or(0, |totals| totals.amount_minor);
    let (before, after) = (amount(&outcome.totals_before), amount(&outcome.totals_after));
    if outcome.kind() == OutcomeKind::Return {
        // What is deducted from a refund is not given back.
        let due = outcome.totals_after.as_ref().map_or(0, |totals| totals.due_minor);
        let _ = write!(text, " came back, {} given back", money.of(due));
    } else if before != after {
        let _ = write!(text, ": {}, {}", changes(outcome), signed(after.saturating_sub(before), &money));
    } else {
        let _ = write!(text, ", {}", money.of(after));
    }
    for reward in outcome.rewards.iter().filter(|reward| reward.units != 0).take(CAMPAIGNS_NAMED_MAX) {
        let sign = if reward.units < 0 { "−" } else { "" };
        let count = i64::try_from(reward.units.unsigned_abs()).unwrap_or(i64::MAX);
        let _ = write!(text, "; {sign}{} {}", units(count, 0), reward.asset_id);
    }
    text
}

/// The goods that cost most, and how many other lines there are.
fn bought(outcome: &Outcome, goods: &Goods) -> String {
    let sold = || outcome.lines.iter().filter(|line| !line.added);
    let Some(first) = sold().max_by_key(|line| line.rung_up_minor.max(line.paid_minor)) else { return "nothing".to_owned() };
    let name = goods.name(&first.sku);
    let others = sold().count().saturating_sub(1);
    let more = if others == 0 { String::new() } else { format!(" and {others} more") };
    format!("{} × {name}{more}", quantity(first.quantity_milli))
}

/// The texts of the campaigns that changed prices, each once.
fn changes(outcome: &Outcome) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for adjustment in outcome.lines.iter().flat_map(|line| &line.parts).flat_map(|part| &part.adjustments) {
        let text = if adjustment.text.is_empty() { adjustment.campaign_id.as_str() } else { adjustment.text.as_str() };
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    let more = texts.len().saturating_sub(CAMPAIGNS_NAMED_MAX);
    texts.truncate(CAMPAIGNS_NAMED_MAX);
    let mut text = texts.join(" + ");
    if more > 0 {
        let _ = write!(text, " + {more} more");
    }
    text
}

fn signed(minor: i64, money: &Money) -> String {
    let sign = if minor < 0 { "−" } else { "+" };
    format!("{sign}{}", money.of(i64::try_from(minor.unsigned_abs()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use tessera_proto::billing::v1::{Adjustment, OutcomeLine, Reward, SoldPart, Totals};

    use super::*;

    fn totals(amount_minor: i64) -> Option<Totals> {
        Some(Totals { amount_minor, due_minor: amount_minor, ..Totals::default() })
    }

    fn sale() -> Outcome {
        let off = Adjustment {
            campaign_id: "shoes-3-for-2".into(),
            amount_minor: -7_990,
            text: "Three pairs for two".into(),
            ..Adjustment::default()
        };
        let part = SoldPart { adjustments: vec![off], ..SoldPart::default() };
        let line = |sku: &str, quantity_milli, rung_up_minor, parts| OutcomeLine {
            sku: sku.into(),
            quantity_milli,
            rung_up_minor,
            parts,
            ..OutcomeLine::default()
        };
        Outcome {
            kind: OutcomeKind::Settle.into(),
            currency_code: "GBP".into(),
            lines: vec![line("WATER", 1_000, 70, Vec::new()), line("TRAIL-SHOES", 3_000, 23_970, vec![part])],
            totals_before: totals(24_040),
            totals_after: totals(16_050),
            rewards: vec![Reward { units: 160, asset_id: "points".into(), ..Reward::default() }],
            ..Outcome::default()
        }
    }

    #[test]
    fn a_sale_names_its_dearest_goods_what_changed_and_what_is_given() {
        let goods = Goods::new(crate::product_file::read_text("sample", super::super::PRODUCTS).unwrap());
        let text = of_outcome(&sale(), &goods);
        assert_eq!(text, "3 × Trail running shoes and 1 more: Three pairs for two, −79.90; 160 points");
    }

    #[test]
    fn a_return_says_what_was_given_and_taken_back() {
        let goods = Goods::new(Vec::new());
        let deducted = Some(Totals { amount_minor: 5_400, due_minor: 5_327, ..Totals::default() });
        let mut outcome = Outcome { kind: OutcomeKind::Return.into(), totals_after: deducted, ..sale() };
        outcome.lines.truncate(1);
        outcome.rewards[0].units = -53;
        assert_eq!(of_outcome(&outcome, &goods), "1 × WATER came back, 53.27 given back; −53 points");
    }

    #[test]
    fn an_unchanged_sale_says_its_amount() {
        let goods = Goods::new(Vec::new());
        let outcome = Outcome { totals_after: totals(24_040), rewards: Vec::new(), ..sale() };
        assert_eq!(of_outcome(&outcome, &goods), "3 × TRAIL-SHOES and 1 more, 240.40");
    }
}
