//! Assets that are used up on a receipt, and how much of them could be.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::LineShare;
use crate::id::{AssetId, FactId, RewardId};
use crate::money::{Amount, Units};
use crate::receipt::RedeemMode;

/// An asset used up on this receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Redemption {
    /// Names it to be declined.
    pub id: RewardId,
    /// The asset.
    pub asset: AssetId,
    /// How much of it, above zero.
    pub units: Units,
    /// What it is worth here.
    pub amount: Amount,
    /// Discount or tender.
    pub mode: RedeemMode,
    /// Of a tender, what it pays of each line in minor units, so that a return can give it back with the goods that it
    /// paid; empty: in proportion to what is paid for every line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paid_on: Vec<LineShare>,
}

/// The most of an asset that may be redeemed here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Redeemable {
    /// The asset.
    pub asset: AssetId,
    /// At most so much.
    pub units: Units,
    /// What that is worth.
    pub amount: Amount,
    /// Why not more.
    pub cap: RedeemCap,
}

/// What capped a redemption.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RedeemCap {
    /// The balance.
    Balance,
    /// The greatest share of the receipt that the program allows.
    Share,
    /// The smallest amount that the program allows is not reached.
    BelowMinimum,
    /// The program does not allow it.
    NotAllowed,
    /// A limit on redemptions.
    Limit,
    /// For more a code that is sent to the customer is wanted first.
    Code,
    /// The smallest prices of goods, which a discount may not go below.
    PriceMin,
}

/// A redemption waits for a code that is sent to the customer: it is left out until a quote brings the code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodeWanted {
    /// The redemption, as it will be named.
    pub redemption: RewardId,
    /// What the code is sent to.
    pub to: FactId,
    /// What the cashier asks.
    pub text: CompactString,
}
