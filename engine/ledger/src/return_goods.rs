//! Return: goods of a settled receipt come back, or goods without a receipt.
//!
//! Everything that is given or taken back is a step of a cumulatively rounded share, so that partial
//! returns in any order sum to the whole. In a return's outcome the lines' amounts are not negative,
//! as on the receipt; `before` and `after` are below zero and differ by what is deducted for rewards
//! that are gone.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::decision::Decision;
use tessera_rules::id::{CampaignId, CustomerId, LineId, ProgramId, ReceiptId, RewardId, Sku, TaxCode};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice};
use tessera_rules::receipt::{Measure, Place, Receipt, Tender};

use crate::account::Account;
use crate::aside::{Aside, GivenLater};
use crate::lot::Lot;
use crate::outcome::{Basis, Outcome};
use crate::terms::AssetTerms;

mod commit;
mod give_back;
mod kept;
mod refund;
mod reprice;
mod rights;
mod step;
mod take_back;
mod unwind;

pub use kept::{DecidedWith, Kept, kept};
pub use reprice::is_repriced;
pub use unwind::free_refused;

/// Goods that came back.
#[derive(Clone, Debug)]
pub struct Return<'a> {
    /// The return's own minted id.
    pub id: ReceiptId,
    /// Where.
    pub place: &'a Place,
    /// When, by the till.
    pub returned_at: Timestamp,
    /// The till's trading day.
    pub business_date: Date,
    /// The currency of all amounts.
    pub currency: Currency,
    /// What came back.
    pub lines: &'a [ReturnLine],
    /// The sale, where one is named and settled.
    pub original: Option<OriginalSale<'a>>,
    /// How it was refunded, as the till says; empty: in proportion to how the original was paid.
    pub tenders: &'a [Tender],
    /// Cash rounding, outside all sums.
    pub cash_rounding: Amount,
    /// BLAKE3 over the canonical encoding of the content.
    pub content_hash: [u8; 32],
    /// The cashier's decision that this carries out.
    pub attempt: u32,
    /// With what it was computed.
    pub basis: Basis,
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// Who, where known.
    pub customer: Option<CustomerId>,
    /// The assets of the revision, for the worth of what is deducted.
    pub assets: &'a [AssetTerms],
    /// What is kept, priced anew, where [`kept`] asks for it.
    pub repricing: Option<Repricing<'a>>,
}

/// What is kept of a sale, priced anew.
#[derive(Clone, Copy, Debug)]
pub struct Repricing<'a> {
    /// What is kept, as [`kept`] says.
    pub kept: &'a Receipt,
    /// The decision on it under the revision, catalogue and time of the sale.
    pub decision: &'a Decision,
    /// Whether rewards are judged by it too; those of a claim go in proportion, for the sale was priced for nobody known.
    pub rewards: bool,
}

/// A position that came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReturnLine {
    /// The return's own line id.
    pub id: LineId,
    /// The original's line; none: found by SKU.
    pub original: Option<LineId>,
    /// The article.
    pub sku: Sku,
    /// The tax code.
    pub tax_code: Option<TaxCode>,
    /// How much, above zero.
    pub quantity: Quantity,
    /// Counted or measured.
    pub measure: Measure,
    /// The price of one unit that the till gave back.
    pub unit_price: UnitPrice,
    /// What the till gave back, not negative.
    pub amount: Amount,
}

/// The sale whose goods came back.
#[derive(Clone, Copy, Debug)]
pub struct OriginalSale<'a> {
    /// Its outcome.
    pub outcome: &'a Outcome,
    /// What of it came back before.
    pub so_far: &'a ReturnedSoFar,
}

/// What of a sale has come back.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReturnedSoFar {
    /// Per line of the original, in its order; at most what was sold.
    pub lines: Vec<ReturnedLine>,
    /// The returns, in their order, the first [`crate::limits::RETURNS_MAX`].
    pub returns: Vec<ReceiptId>,
    /// Of what the sale earned, lots that lapsed and were posted: `left` is what of it no return has taken back yet.
    pub lapsed: Vec<Lot>,
    /// Of the sale's rewards, those that had waited, were given, and are not remembered by the account any more.
    pub given: Vec<GivenLater>,
    /// What came of it, where what is kept is priced anew.
    pub repriced: Option<RepricedSoFar>,
    /// Campaigns whose rewards of the sale were held and refused: what they had used is free already. Sorted.
    pub refused: Vec<CampaignId>,
}

/// What returns of a sale came to that price anew what is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RepricedSoFar {
    /// What was refunded.
    pub refunded: Amount,
    /// What was taken back of each campaign's discounts.
    pub discounts: Vec<DiscountTaken>,
    /// What still stands of rewards: units, tickets, or 1.
    pub rewards: Vec<(RewardId, i64)>,
    /// How many of the thresholds that counters crossed with the sale still stand.
    pub thresholds: Vec<(CampaignId, i64)>,
}

/// What was taken back of a campaign's discounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DiscountTaken {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its program, where that is known.
    pub program: Option<ProgramId>,
    /// How much; below zero where the goods kept got more of it than the sale had.
    pub amount: Amount,
}

/// What of a line has come back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReturnedLine {
    /// The original's line.
    pub line: LineId,
    /// How much.
    pub quantity: Quantity,
}

/// More came back than was sold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beyond {
    /// The return's line.
    pub line: LineId,
    /// By how much.
    pub by: Quantity,
}

/// What a return made of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Returned {
    /// The account after it; none: a return without an account.
    pub account: Option<Account>,
    /// The record.
    pub outcome: Outcome,
    /// What of the original has come back now.
    pub so_far: ReturnedSoFar,
    /// What the account does not remember any more and a return must know.
    pub aside: Aside,
    /// What was more than sold: a preview is refused for it, a return that was done is flagged.
    pub beyond: Vec<Beyond>,
    /// What was taken off the refund for rewards that are gone, and for what was paid by assets that do not come back; not
    /// negative.
    pub deducted: Amount,
    /// Codes of coupons that are free again.
    pub restored: Vec<CompactString>,
}

impl ReturnedSoFar {
    /// How much of a line has come back.
    #[must_use]
    pub fn quantity(&self, line: &LineId) -> Quantity {
        self.lines.iter().find(|known| known.line == *line).map_or(Quantity::ZERO, |known| known.quantity)
    }
}

/// Carries out a return. A preview is the same call whose result is not stored.
#[must_use]
pub fn return_goods(account: Option<&Account>, goods: &Return<'_>) -> Returned {
    commit::commit(account, goods)
}

#[cfg(test)]
mod tests;
