//! For clients: what a till sends in Settle when it sold as quoted. And the till's own changes of prices.

use std::collections::HashMap;

use tessera_proto::billing::v1;
use tessera_rules::id::CampaignId;

/// The campaign under which a till's own change of a part stands in rule types; on the wire it has no
/// campaign. Programs cannot have a campaign of this id, so no token covers it.
const OWN_CHANGE: &str = "+till";

/// The campaign under which a till's own change of a part stands.
#[must_use]
pub fn own_change() -> Option<CampaignId> {
    CampaignId::parse(OWN_CHANGE).ok()
}

/// Whether an adjustment is the till's own.
#[must_use]
pub fn is_own_change(campaign: &CampaignId) -> bool {
    campaign.as_str() == OWN_CHANGE
}

/// The receipt with the parts of the answer, and the lines that the answer adds: what Settle carries when
/// everything was sold as quoted.
#[must_use]
pub fn sold_as_quoted(receipt: &v1::Receipt, answer: &v1::Answer) -> (v1::Receipt, Vec<v1::AddedLine>) {
    sold_without(receipt, answer, &[])
}

/// The same, without the added lines and units whose ids the customer declined. The request must carry
/// the same ids in `declined_ids`.
///
/// Units that a campaign adds to a line of the till are left out by selling that line as rung up: the
/// engine then evaluates again and sets right what else hung on it.
#[must_use]
pub fn sold_without(receipt: &v1::Receipt, answer: &v1::Answer, declined_ids: &[String]) -> (v1::Receipt, Vec<v1::AddedLine>) {
    let kept = |line: &&v1::ChangedLine| line.decline_id.is_empty() || !declined_ids.contains(&line.decline_id);
    let changed: HashMap<&str, &v1::ChangedLine> =
        answer.lines.iter().filter(|line| !line.added).filter(kept).map(|line| (line.line_id.as_str(), line)).collect();
    let mut sold = receipt.clone();
    for line in &mut sold.lines {
        line.sold_parts = changed.get(line.line_id.as_str()).map(|changed| changed.parts.clone()).unwrap_or_default();
    }
    let added = answer.lines.iter().filter(|line| line.added).filter(kept).map(added_line).collect();
    (sold, added)
}

fn added_line(line: &v1::ChangedLine) -> v1::AddedLine {
    v1::AddedLine {
        line_id: line.line_id.clone(),
        sku: line.sku.clone(),
        description: line.description.clone(),
        quantity_kind: i32::from(v1::QuantityKind::Counted),
        tax_code: line.tax_code.clone(),
        marks: Vec::new(),
        sold_parts: line.parts.clone(),
    }
}

#[cfg(test)]
mod tests;
