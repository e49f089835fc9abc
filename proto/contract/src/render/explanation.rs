//! Why campaigns applied or not, cut where it is too long.

use prost::Message as _;
use tessera_proto::billing::v1;
use tessera_rules::decision::{Decision, NotApplied};
use tessera_rules::receipt::Explain;

use super::AnswerContext;
use crate::limits::{EXPLAINED_MAX, EXPLANATION_BYTES_MAX};

/// Bytes that an entry takes in a message beside its own: tag and length.
const ENTRY_OVERHEAD_BYTES: usize = 6;

/// The explanation, and whether it was cut at 64 KiB, or at 200 campaigns beside those asked for by id.
pub(super) fn explanation(decision: &Decision, context: &AnswerContext<'_>) -> (Vec<v1::Explained>, bool) {
    let asked = match &context.receipt.explain {
        Explain::Nothing => return (Vec::new(), false),
        Explain::Named(ids) | Explain::Candidates(ids) => ids,
    };
    let mut told = Vec::new();
    let (mut bytes, mut unasked) = (0_usize, 0_usize);
    for explained in &decision.explained {
        if !asked.contains(&explained.campaign) {
            unasked = unasked.saturating_add(1);
        }
        let discount = decision.applied.iter().find(|applied| applied.campaign == explained.campaign);
        let wire = v1::Explained {
            campaign_id: explained.campaign.as_str().to_owned(),
            applied: explained.applied(),
            reason: i32::from(explained.reason.map_or(v1::NotAppliedReason::Unspecified, reason_to_wire)),
            text: explained.why.as_str().to_owned(),
            amount_minor: discount.map_or(0, |applied| applied.discount.minor().saturating_neg()),
        };
        bytes = bytes.saturating_add(wire.encoded_len()).saturating_add(ENTRY_OVERHEAD_BYTES);
        if bytes > EXPLANATION_BYTES_MAX || unasked > EXPLAINED_MAX {
            return (told, true);
        }
        told.push(wire);
    }
    (told, false)
}

fn reason_to_wire(reason: NotApplied) -> v1::NotAppliedReason {
    match reason {
        NotApplied::UnknownCampaign => v1::NotAppliedReason::UnknownCampaign,
        NotApplied::Currency => v1::NotAppliedReason::Currency,
        NotApplied::Time => v1::NotAppliedReason::Time,
        NotApplied::Store => v1::NotAppliedReason::Store,
        NotApplied::Channel => v1::NotAppliedReason::Channel,
        NotApplied::Customer => v1::NotAppliedReason::NoCustomer,
        NotApplied::Segment => v1::NotAppliedReason::Segment,
        NotApplied::ControlGroup => v1::NotAppliedReason::ControlGroup,
        NotApplied::Code => v1::NotAppliedReason::NoCode,
        NotApplied::Goods => v1::NotAppliedReason::NoLines,
        NotApplied::Condition => v1::NotAppliedReason::Condition,
        NotApplied::Limit => v1::NotAppliedReason::Limit,
        NotApplied::Effect => v1::NotAppliedReason::NoEffect,
        NotApplied::BetterDeal => v1::NotAppliedReason::BetterDeal,
        NotApplied::Declined => v1::NotAppliedReason::Declined,
        NotApplied::Dropped => v1::NotAppliedReason::Dropped,
    }
}
