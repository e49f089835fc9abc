//! Settle: "this receipt has been paid, exactly so". It is an advice: never refused for a business reason.
//!
//! A reward that waits for answers is recorded in the outcome without postings; nothing is given for it
//! until the answers come. Rewards that need an account are not recorded for a sale without one.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::brakes::SeenTerms;
use tessera_rules::decision::{Decision, Part};
use tessera_rules::id::{AssetId, CampaignId, CustomerId, FactId, LineId, RewardId, Sku, TaxCode};
use tessera_rules::money::Amount;
use tessera_rules::receipt::{Measure, Receipt};

use crate::account::Account;
use crate::aside::Aside;
use crate::code::CodeKey;
use crate::outcome::{Basis, Outcome};
use crate::right::PrizeState;
use crate::terms::{AssetTerms, LimitTerms, ReturnTerms};

pub(crate) mod change;
pub(crate) mod commit;
pub(crate) mod gain;

/// A receipt that was paid.
#[derive(Clone, Debug)]
pub struct Settle<'a> {
    /// The receipt with its original lines, in stage paid.
    pub receipt: &'a Receipt,
    /// How lines were sold: a line of the receipt that is not here stands as rung up; what is here and
    /// not in the receipt was added.
    pub sold: &'a [SoldLine<'a>],
    /// What is committed: the token's decision, or a fresh one.
    pub decision: &'a Decision,
    /// What was promised before, where `decision` is a fresh one since the sale differs, or since a gateway's rule pack
    /// promised it: its price changes stand.
    pub promised: Option<&'a Decision>,
    /// How the sale stands to the quote.
    pub relation: Relation,
    /// It had been voided and the cashier resumed.
    pub after_void: bool,
    /// The till did not get the answer in time.
    pub deferred: bool,
    /// The till's clock was far off.
    pub till_clock_off: bool,
    /// It came from a spool or a file, and no gateway has signed that.
    pub delivery_unproven: bool,
    /// BLAKE3 over the canonical encoding of the content.
    pub content_hash: [u8; 32],
    /// The cashier's decision that this carries out.
    pub attempt: u32,
    /// With what the decision was computed.
    pub basis: Basis,
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// Cash rounding, outside all sums.
    pub cash_rounding: Amount,
    /// Who, where known.
    pub customer: Option<CustomerId>,
    /// The assets of the revision, for the program of what is owed.
    pub assets: &'a [AssetTerms],
    /// Assets that lapse only where nobody buys, and until when this sale renews them.
    pub renewals: &'a [(AssetId, Timestamp)],
    /// Makes the codes of coupons.
    pub codes: &'a CodeKey,
    /// Prizes that the cashier has given, or that the customer did not want; all others are due.
    pub handed_over: &'a [(RewardId, PrizeState)],
    /// The facts that count only once somebody has checked them; none: no answers came with the sale.
    pub must_confirm: Option<&'a [FactId]>,
    /// How much one customer may use of the limited campaigns of `decision`.
    pub limits: &'a [LimitTerms],
    /// What a return of it will take and give back, where that is not in proportion.
    pub return_terms: &'a [ReturnTerms],
    /// What of the account's receipts is counted for brakes.
    pub seen: &'a SeenTerms,
}

/// How a line was sold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SoldLine<'a> {
    /// The receipt's line id, or the engine's own.
    pub id: LineId,
    /// The article.
    pub sku: Sku,
    /// The tax code.
    pub tax_code: Option<TaxCode>,
    /// Counted or measured.
    pub measure: Measure,
    /// The campaign that added the line, where one did.
    pub added_by: Option<CampaignId>,
    /// How it was sold; empty: as the line stands, for an added line as it was decided.
    pub parts: Cow<'a, [Part]>,
}

/// How a settle stands to the quote whose token it brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// Sold as quoted.
    AsQuoted,
    /// Sold otherwise.
    Differs,
    /// No token.
    WithoutQuote,
    /// As a gateway decided from its rule pack.
    ByPack,
    /// Otherwise than it decided.
    DiffersFromPack,
    /// A token that is forged, another receipt's or unreadable.
    TokenRejected,
}

/// What a settle made of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The account after it; none: a sale without an account.
    pub account: Option<Account>,
    /// The record.
    pub outcome: Outcome,
    /// What the account does not remember any more and a return must know.
    pub aside: Aside,
}

/// Commits a receipt.
#[must_use]
pub fn settle(account: Option<&Account>, settle: &Settle<'_>) -> Settled {
    commit::commit(account, settle)
}

#[cfg(test)]
mod tests;
