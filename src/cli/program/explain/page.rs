//! The page of an explanation: each campaign, then the lines before and after, which must add up to the totals.

use std::collections::BTreeSet;

use comfy_table::Table;
use tessera_proto::billing::v1::{Adjustment, Answer, ChangedLine, Explained, Receipt, Reward, SoldPart, Totals};

use crate::cli::Failure;
use crate::cli::till::money::{Money, quantity, units};
use crate::cli::till::table::table;

/// The whole page; `basis` says in words what the receipt was evaluated by.
pub(super) fn page(basis: &str, receipt: &Receipt, answer: &Answer) -> String {
    let money = Money::new(&receipt.currency_code);
    let best = if answer.proven { "proven to be the best deal" } else { "the best deal that was found" };
    let mut text = format!("receipt {}: {basis}; {best}\n", receipt.receipt_id);
    let campaigns = campaigns(answer, &money);
    if campaigns.row_count() > 0 {
        text.push_str(&format!("\ncampaigns\n{}\n", campaigns.trim_fmt()));
    } else {
        text.push_str("\nno campaign is about anything on this receipt\n");
    }
    text.push_str(&format!("\nlines\n{}\n", lines(receipt, answer, &money).trim_fmt()));
    for offer in &answer.offers {
        text.push_str(&format!("offered: {} {} ({})\n", offer.sku, offer.text, offer.campaign_id));
    }
    for near in &answer.near_misses {
        text.push_str(&format!("nearly: {} ({})\n", near.text, near.campaign_id));
    }
    for verdict in &answer.code_verdicts {
        let state = verdict.state().as_str_name().trim_start_matches("CODE_STATE_").to_lowercase().replace('_', " ");
        text.push_str(&format!("code {}: {state} {}\n", verdict.code, verdict.text).replace(" \n", "\n"));
    }
    text
}

/// One row for each candidate: those that applied first.
fn campaigns(answer: &Answer, money: &Money) -> Table {
    let mut rows = table(&["campaign", "applied", "units", "changes", "gives", "why"], &[2, 3]);
    let (applied, not): (Vec<&Explained>, Vec<&Explained>) = answer.explanation.iter().partition(|one| one.applied);
    for one in applied.into_iter().chain(not) {
        let touched = units_touched(answer, &one.campaign_id);
        rows.add_row([
            one.campaign_id.clone(),
            if one.applied { "yes" } else { "no" }.to_owned(),
            if touched == 0 { String::new() } else { quantity(touched) },
            if one.amount_minor == 0 { String::new() } else { money.of(one.amount_minor) },
            gives(answer, &one.campaign_id, money),
            one.text.clone(),
        ]);
    }
    rows
}

/// On how many units a campaign changed the price, or added them.
fn units_touched(answer: &Answer, campaign: &str) -> i64 {
    let parts = answer.lines.iter().flat_map(|line| &line.parts);
    parts.filter(|part| part.adjustments.iter().any(|one| one.campaign_id == campaign)).map(|part| part.quantity_milli).sum()
}

fn gives(answer: &Answer, campaign: &str, money: &Money) -> String {
    let rewards = answer.rewards.iter().filter(|reward| reward.campaign_id == campaign);
    let texts: BTreeSet<String> = rewards.filter_map(|reward| reward_text(reward, answer, money)).collect();
    texts.into_iter().collect::<Vec<_>>().join(", ")
}

/// A reward in few words; none for what the lines show already.
fn reward_text(reward: &Reward, answer: &Answer, money: &Money) -> Option<String> {
    use tessera_proto::billing::v1::RewardKind;
    if reward.kind() == RewardKind::DiscountNow {
        return None;
    }
    let kind = reward.kind().as_str_name().trim_start_matches("REWARD_KIND_").to_lowercase().replace('_', " ");
    let scale = answer.balances.iter().find(|balance| balance.asset_id == reward.asset_id).map_or(0, |balance| balance.scale);
    let amount = match (reward.units, reward.amount_minor) {
        (0, 0) => kind,
        (0, minor) => format!("{kind} {}", money.of(minor)),
        (count, _) => format!("{} {}", units(count, scale), reward.asset_id),
    };
    Some(if reward.fallback { format!("{amount} in place of a price change") } else { amount })
}

/// Each line before and after, what changed it, and the sum.
fn lines(receipt: &Receipt, answer: &Answer, money: &Money) -> Table {
    let mut rows = table(&["line", "goods", "quantity", "before", "after", "what changed it"], &[2, 3, 4]);
    for line in &receipt.lines {
        let changed = answer.lines.iter().find(|changed| changed.line_id == line.line_id);
        let after = changed.map_or(line.amount_minor, after);
        let quantity_after = changed.map_or(line.quantity_milli, quantity_of);
        let goods = if line.description.is_empty() { line.sku.clone() } else { line.description.clone() };
        let counted = match quantity_after == line.quantity_milli {
            true => quantity(line.quantity_milli),
            false => format!("{} → {}", quantity(line.quantity_milli), quantity(quantity_after)),
        };
        let why = changed.map_or_else(String::new, |changed| why(changed, money));
        rows.add_row([line.line_id.clone(), goods, counted, money.of(line.amount_minor), money.of(after), why]);
    }
    for added in answer.lines.iter().filter(|line| line.added) {
        let goods = if added.description.is_empty() { added.sku.clone() } else { added.description.clone() };
        let (counted, after) = (quantity(quantity_of(added)), money.of(after(added)));
        rows.add_row([added.line_id.clone(), goods, counted, money.of(0), after, why(added, money)]);
    }
    let (before, after) = sums(receipt, answer);
    rows.add_row(["", "total", "", &money.of(before), &money.of(after), ""]);
    rows
}

fn after(line: &ChangedLine) -> i64 {
    line.parts.iter().map(|part| part.amount_minor).sum()
}

fn quantity_of(line: &ChangedLine) -> i64 {
    line.parts.iter().map(|part| part.quantity_milli).sum()
}

fn why(line: &ChangedLine, money: &Money) -> String {
    let adjustments = |part: &SoldPart| part.adjustments.clone();
    let mut campaigns: Vec<(String, i64)> = Vec::new();
    for Adjustment { campaign_id, amount_minor, .. } in line.parts.iter().flat_map(adjustments) {
        match campaigns.iter_mut().find(|(known, _)| *known == campaign_id) {
            Some((_, sum)) => *sum = sum.saturating_add(amount_minor),
            None => campaigns.push((campaign_id, amount_minor)),
        }
    }
    let texts: Vec<String> = campaigns.iter().map(|(campaign, minor)| format!("{campaign} {}", money.of(*minor))).collect();
    texts.join("; ")
}

/// The lines before and after, summed here.
fn sums(receipt: &Receipt, answer: &Answer) -> (i64, i64) {
    let before = receipt.lines.iter().map(|line| line.amount_minor).sum();
    let of_line = |line: &tessera_proto::billing::v1::Line| {
        answer.lines.iter().find(|changed| changed.line_id == line.line_id).map_or(line.amount_minor, after)
    };
    let kept: i64 = receipt.lines.iter().map(of_line).sum();
    let added: i64 = answer.lines.iter().filter(|line| line.added).map(after).sum();
    (before, kept.saturating_add(added))
}

/// Whether what the page shows is what the answer says: lines sum to totals, campaigns to what they changed.
///
/// # Errors
/// It is not: a fault of the engine that must not go unseen.
pub(super) fn adds_up(receipt: &Receipt, answer: &Answer) -> Result<(), Failure> {
    let money = Money::new(&receipt.currency_code);
    let (before, after) = sums(receipt, answer);
    let told = |totals: &Option<Totals>| totals.as_ref().map_or(0, |totals| totals.amount_minor);
    let (told_before, told_after) = (told(&answer.totals_before), told(&answer.totals_after));
    if (before, after) != (told_before, told_after) {
        return Err(format!(
            "the lines sum to {} before and {} after, the answer says {} and {}: this is a fault of the engine, please report it",
            money.of(before),
            money.of(after),
            money.of(told_before),
            money.of(told_after)
        )
        .into());
    }
    for one in &answer.explanation {
        let parts = answer.lines.iter().flat_map(|line| &line.parts).flat_map(|part| &part.adjustments);
        let changed: i64 = parts.filter(|part| part.campaign_id == one.campaign_id).map(|part| part.amount_minor).sum();
        if changed != one.amount_minor {
            return Err(format!(
                "campaign {} changes the lines by {}, its explanation says {}: this is a fault of the engine, please report it",
                one.campaign_id,
                money.of(changed),
                money.of(one.amount_minor)
            )
            .into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
