//! A product to offer, and the id by which it can be declined.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::id::{CampaignId, LineId, RewardId, Sku};

/// What an offer's id begins with.
const PREFIX: &str = "offer:";
/// Hexadecimal digits of the hash in an offer's id: two offers of one receipt do not share them.
const HASH_DIGITS: usize = 24;

/// A product to offer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Offer {
    /// Whose doing.
    pub campaign: CampaignId,
    /// The product.
    pub sku: Sku,
    /// The first line that it goes with; none: it goes with the whole basket.
    pub line: Option<LineId>,
    /// What the cashier says.
    pub text: CompactString,
}

impl Offer {
    /// The id of an offer: the same for the same campaign and product, on every evaluation. A hash, since an article
    /// number may hold what an id may not.
    #[must_use]
    pub fn id(campaign: &CampaignId, sku: &Sku) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(campaign.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(sku.as_str().as_bytes());
        let digits = hasher.finalize().to_hex();
        PREFIX.chars().chain(digits.chars().take(HASH_DIGITS)).collect()
    }

    /// Whether an id has the form of an offer's: which product it names cannot be read from it.
    #[must_use]
    pub fn is_id(id: &str) -> bool {
        let digits = id.strip_prefix(PREFIX).unwrap_or_default();
        digits.len() == HASH_DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// Whether it is among what the customer declined.
    pub(crate) fn is_declined(campaign: &CampaignId, sku: &Sku, declined: &[RewardId]) -> bool {
        declined.iter().any(|declined| Self::is_id(declined.as_str()) && declined.as_str() == Self::id(campaign, sku))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_offer_can_be_sent_back() {
        let campaign = CampaignId::parse("spray").unwrap();
        let sku = Sku::parse("A SKU with blanks, and a comma").unwrap();
        let id = Offer::id(&campaign, &sku);
        assert!(Offer::is_id(&id) && !Offer::is_id("offer:") && !Offer::is_id("thanks.0"), "{id}");
        let declined = [RewardId::parse("packs.1").unwrap(), RewardId::parse(&id).unwrap()];
        assert!(Offer::is_declined(&campaign, &sku, &declined));
        assert!(!Offer::is_declined(&campaign, &Sku::parse("OTHER").unwrap(), &declined));
    }
}
