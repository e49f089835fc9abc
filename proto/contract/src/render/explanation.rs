//! Why campaigns applied or not, cut where it is too long.

use prost::Message as _;
use tessera_proto::billing::v1;
use tessera_rules::decision::Decision;
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
            applied: explained.applied,
            reason: i32::from(v1::NotAppliedReason::Unspecified),
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
