//! A limit of its own, which several campaigns or the redemption of an asset use up together.

use crate::campaign::Limits;
use crate::id::{AssetId, CampaignId, StoreId};

/// What the name begins with under which accounts and budgets count a limit of its own.
pub(crate) const LIMIT_PREFIX: &str = "limit:";

/// A limit of a program: it counts what its campaigns use, or what is redeemed of an asset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CommonLimit {
    /// Stands where otherwise a campaign stands: `limit:` and its id.
    pub(crate) name: CampaignId,
    /// Sorted; none: every store. Only sales there count and are limited.
    pub(crate) stores: Option<Vec<StoreId>>,
    /// Places in the program's list; empty: everybody. Only these customers count and are limited.
    pub(crate) segments: Vec<usize>,
    /// It counts what is redeemed of this asset; none: what campaigns use.
    pub(crate) redeemed: Option<AssetId>,
    /// The asset whose units its campaigns give; none: it counts money off.
    pub(crate) asset: Option<AssetId>,
    pub(crate) limits: Limits,
}

impl CampaignId {
    /// Whether it is no campaign's but the name under which a limit of its own is counted.
    #[must_use]
    pub fn is_common_limit(&self) -> bool {
        self.as_str().starts_with(LIMIT_PREFIX)
    }
}
