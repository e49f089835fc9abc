//! A receipt as the evaluation sees it: already validated, without how the customer was recognised.

use compact_str::CompactString;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::id::{AssetId, CampaignId, CashierId, ChannelId, LineId, ReceiptId, RewardId, Sku, StoreId, TaxCode, TillId};
use crate::money::{Amount, Currency, Quantity, UnitPrice, Units};

/// One sale at one till, or the question what it would be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// Minted by the till.
    pub id: ReceiptId,
    /// Where and by whom it is rung up.
    pub place: Place,
    /// The way it is sold.
    pub channel: ChannelId,
    /// When, by the till's clock: data, never authority.
    pub sold_at: Timestamp,
    /// The till's trading day.
    pub business_date: Date,
    /// The currency of every amount here.
    pub currency: Currency,
    /// How far the sale has come.
    pub stage: Stage,
    /// The positions in the order of the receipt.
    pub lines: Vec<Line>,
    /// Coupon and certificate codes presented, in order.
    pub codes: Vec<CompactString>,
    /// Assets that the customer wants to use up.
    pub redeem: Vec<RedeemRequest>,
    /// How it is or was paid, where known.
    pub tenders: Vec<Tender>,
    /// Added units, gifts and redemptions that the customer does not want, by the id they were answered with.
    pub declined: Vec<RewardId>,
    /// The customer's answers to choices.
    pub choices: Vec<Chosen>,
    /// In stage [`Stage::Paid`]: what the sold parts already show per line and campaign, so that fallback pays only
    /// the rest.
    pub given: Vec<Given>,
    /// Evaluated, never written.
    pub training: bool,
    /// How many offers are wanted at most; none: as many as the program says.
    pub offers_max: Option<u8>,
    /// Language of the texts for the customer, BCP 47, where the till knows it.
    pub language: Option<CompactString>,
    /// What to explain in the decision.
    pub explain: Explain,
}

/// Where a receipt was rung up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The shop.
    pub store: StoreId,
    /// The cash register in it.
    pub till: TillId,
    /// The cashier, where the till says who.
    pub cashier: Option<CashierId>,
}

/// How far a sale has come; later stages know more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Stage {
    /// Goods are still being scanned.
    Basket,
    /// All goods are there, how it is paid is open.
    Total,
    /// The tenders are known.
    Tender,
    /// Paid without a usable quote: lines and prices cannot change any more, and what would have
    /// changed them becomes each campaign's fallback.
    Paid,
}

/// One position.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Unique in the receipt, without a leading `+`.
    pub id: LineId,
    /// The article.
    pub sku: Sku,
    /// How much of it, above zero.
    pub quantity: Quantity,
    /// Whether the quantity counts pieces or measures goods.
    pub measure: Measure,
    /// The price of one unit as rung up, not negative.
    pub unit_price: UnitPrice,
    /// What the till rang up for the line: authoritative, not negative.
    pub amount: Amount,
    /// The price before a markdown or override, where there was one.
    pub regular_unit_price: Option<UnitPrice>,
    /// Why the price differs from the regular one.
    pub price_reason: PriceReason,
    /// Kept on every part and adjustment; no tax is computed.
    pub tax_code: Option<TaxCode>,
    /// Excise or serial marks: such goods cannot be multiplied.
    pub marks: Vec<CompactString>,
    /// The till forbids discounts on this line.
    pub no_discount: bool,
    /// The till forbids earning on this line.
    pub no_earn: bool,
    /// Properties it was sold with; they add to the catalogue's and win over them.
    pub attributes: Vec<Attribute>,
}

/// What a quantity says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Measure {
    /// Pieces: thousandths must be whole.
    Counted,
    /// Weight, volume or length: one unit for n-for-m.
    Measured,
}

/// Why a unit price differs from the regular one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PriceReason {
    /// It does not.
    Regular,
    /// Marked down by the store.
    Markdown,
    /// The cashier's decision.
    Override,
    /// A price for staff.
    Staff,
}

/// A property of a product or line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Attribute {
    /// Such as `brand`.
    pub name: CompactString,
    /// Such as `Barilla`.
    pub value: CompactString,
}

/// A wish to use up an asset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RedeemRequest {
    /// Which asset.
    pub asset: AssetId,
    /// How much; none: as much as may be.
    pub units: Option<Units>,
    /// As a discount on the lines or as a means of payment.
    pub mode: RedeemMode,
}

/// What redeemed units are to the receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RedeemMode {
    /// They lower line prices.
    Discount,
    /// They pay; no price changes.
    Tender,
}

/// A means of payment and what was paid by it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tender {
    /// The kind.
    pub kind: TenderKind,
    /// How much.
    pub amount: Amount,
}

/// Kinds of means of payment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum TenderKind {
    /// Notes and coins.
    Cash,
    /// A payment card.
    Card,
    /// A gift certificate.
    Certificate,
    /// Points or bonus money as means of payment.
    Asset,
    /// A bank transfer or invoice.
    Transfer,
    /// Anything else.
    Other,
}

/// A customer's answer to a choice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chosen {
    /// The choice's id as answered.
    pub choice: RewardId,
    /// The article chosen.
    pub sku: Sku,
}

/// What a settled receipt already shows of a campaign, on one line or on none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Given {
    /// The campaign.
    pub campaign: CampaignId,
    /// The till's line on which it is shown; none: on a line that was added, or nobody says where.
    pub line: Option<LineId>,
    /// How much cheaper it made that line; not negative.
    pub amount: Amount,
    /// What it added at zero.
    pub added: Vec<AddedGoods>,
}

/// Goods that a campaign added to a settled receipt at zero.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AddedGoods {
    /// The article.
    pub sku: Sku,
    /// How much was added; above zero.
    pub quantity: Quantity,
    /// The price rung up, where units were added to a line of the till; none: the catalogue's.
    pub unit_price: Option<UnitPrice>,
}

/// What to explain.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Explain {
    /// Nothing.
    #[default]
    Nothing,
    /// These campaigns, candidates or not.
    Named(Vec<CampaignId>),
    /// Every candidate and these.
    Candidates(Vec<CampaignId>),
}

/// Days that a trading day may lie from the day of the sale in UTC, to be counted by: a night shift and a time zone.
pub const TRADING_DAYS_APART_MAX: i32 = 2;

impl Receipt {
    /// The trading day by which what a customer did of late is counted: the till's, where that can be.
    #[must_use]
    pub fn counted_on(&self) -> Date {
        trading_day(self.business_date, self.sold_at)
    }

    /// The sum of all lines as rung up.
    #[must_use]
    pub fn total(&self) -> Amount {
        self.lines.iter().map(|line| line.amount).sum()
    }
}

/// A till's trading day, or the nearest to it that a sale of that time can be of.
#[must_use]
pub fn trading_day(business_date: Date, sold_at: Timestamp) -> Date {
    let sold_on = sold_at.to_zoned(TimeZone::UTC).date();
    let apart = TRADING_DAYS_APART_MAX.days();
    business_date.clamp(sold_on.saturating_sub(apart), sold_on.saturating_add(apart))
}
