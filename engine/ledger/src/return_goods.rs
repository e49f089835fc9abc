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
use tessera_rules::id::{CustomerId, LineId, ReceiptId, Sku, TaxCode};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice};
use tessera_rules::receipt::{Measure, Place, Tender};

use crate::account::Account;
use crate::lot::Lot;
use crate::outcome::{Basis, Outcome};
use crate::terms::AssetTerms;

mod commit;
mod give_back;
mod refund;
mod rights;
mod step;
mod take_back;
mod unwind;

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
    /// The lots whose lapse it posted to make room, as they were: a return must know them, see
    /// [`ReturnedSoFar::lapsed`].
    pub lapsed: Vec<Lot>,
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
