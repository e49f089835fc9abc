//! The outcome: the immutable record of what one settle, return, follow-up or adjustment did.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::decision::{Applied, Awaited, Brake, CounterMove, LineShare, Part, RewardKind, Shortfall};
use tessera_rules::id::{
    AccountId, AssetId, CampaignId, CustomerId, FactId, LineId, ProgramId, ReceiptId, RewardId, Sku, TaxCode,
};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice, Units};
use tessera_rules::receipt::{Measure, Place, RedeemMode, Tender};
use tessera_rules::usage::Usage;

use crate::follow_up::FollowUp;
use crate::posting::Posting;
use crate::right::PrizeState;
use crate::terms::ReturnTerms;

/// What a settle, return or follow-up did. It names everything that a later return or report needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The receipt's id, or the causing receipt's id, `#` and the follow-up's index.
    pub id: CompactString,
    /// What it records.
    pub kind: OutcomeKind,
    /// The receipt (a return has a minted id of its own).
    pub receipt: ReceiptId,
    /// For a return: the receipt whose goods came back, where one is named; for a follow-up: what caused it.
    pub original: Option<ReceiptId>,
    /// BLAKE3 over the canonical encoding of the content.
    pub content_hash: [u8; 32],
    /// The cashier's decision that this carries out.
    pub attempt: u32,
    /// Where; none: no till took part.
    pub place: Option<Place>,
    /// When, by the till; without one, when it was booked.
    pub sold_at: Timestamp,
    /// When, by the engine.
    pub booked_at: Timestamp,
    /// The till's trading day; without a till, the ledger day.
    pub business_date: Date,
    /// The day in the ledger's time zone on which it was booked.
    pub booking_date: Date,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Who, where known.
    pub customer: Option<CustomerId>,
    /// The account, where there is one.
    pub account: Option<AccountId>,
    /// With what it was computed.
    pub basis: Basis,
    /// The positions.
    pub lines: Vec<OutcomeLine>,
    /// What the customer got, or what was taken back (units below zero).
    pub rewards: Vec<OutcomeReward>,
    /// Assets used up, or given back (units below zero).
    pub redemptions: Vec<OutcomeRedemption>,
    /// Campaigns applied.
    pub applied: Vec<Applied>,
    /// How it was paid or refunded.
    pub tenders: Vec<Tender>,
    /// Lines as rung up; for a return, the refund below zero.
    pub before: Amount,
    /// Lines as sold; for a return, the refund below zero.
    pub after: Amount,
    /// Cash rounding, outside all sums.
    pub cash_rounding: Amount,
    /// The double entry: sums to zero per asset.
    pub postings: Vec<Posting>,
    /// Counters that moved.
    pub counters: Vec<CounterMove>,
    /// What was used of campaigns that are limited per customer; below zero where a return frees it.
    pub uses: Vec<UseMove>,
    /// What a return of it takes and gives back, where that is not in proportion.
    pub return_terms: Vec<ReturnTerms>,
    /// Work for other accounts, carried out from the feed.
    pub follow_ups: Vec<FollowUp>,
    /// Facts that were answered; never their values.
    pub facts: Vec<FactId>,
    /// What was unusual, sorted, each once.
    pub flags: Vec<Flag>,
}

impl Outcome {
    /// A record of that id that is about no goods, was booked then, and says nothing yet.
    pub(crate) fn without_lines(kind: OutcomeKind, id: ReceiptId, booked_at: Timestamp, date: Date, currency: Currency) -> Self {
        Self {
            id: id.as_str().into(),
            kind,
            receipt: id,
            original: None,
            content_hash: [0; 32],
            attempt: 0,
            place: None,
            sold_at: booked_at,
            booked_at,
            business_date: date,
            booking_date: date,
            currency,
            customer: None,
            account: None,
            basis: Basis { revision: 0, revision_hash: [0; 32], catalogue: 0 },
            lines: Vec::new(),
            rewards: Vec::new(),
            redemptions: Vec::new(),
            applied: Vec::new(),
            tenders: Vec::new(),
            before: Amount::ZERO,
            after: Amount::ZERO,
            cash_rounding: Amount::ZERO,
            postings: Vec::new(),
            counters: Vec::new(),
            uses: Vec::new(),
            return_terms: Vec::new(),
            follow_ups: Vec::new(),
            facts: Vec::new(),
            flags: Vec::new(),
        }
    }
}

/// With what an outcome was computed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Basis {
    /// The revision's number.
    pub revision: u64,
    /// The revision's hash.
    pub revision_hash: [u8; 32],
    /// The catalogue's number.
    pub catalogue: u64,
}

/// What an outcome records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutcomeKind {
    /// A receipt was paid.
    Settle,
    /// Goods came back.
    Return,
    /// Work that another account's outcome caused.
    FollowUp,
    /// People corrected something.
    Adjustment,
    /// A customer was enrolled.
    Enrolment,
    /// A customer answered prompts.
    Answers,
    /// A prize was handed over or cancelled.
    HandOver,
    /// A customer was attached to a sale without one.
    Claim,
    /// What lapsed and what became usable by the end of a ledger day was posted.
    Expiry,
    /// Something that rewards waited for has happened.
    Event,
    /// A code is sent to the customer; nothing else has changed.
    Code,
    /// Somebody has looked at a receipt whose rewards were held: they are given, or never will be.
    Review,
    /// A customer wanted to be forgotten: what was known of them is gone, and what they had has lapsed.
    Erasure,
}

/// A position of an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutcomeLine {
    /// The till's id, or the engine's own that begins with `+`.
    pub id: LineId,
    /// For a returned line: the line of the original.
    pub original: Option<LineId>,
    /// The article.
    pub sku: Sku,
    /// The tax code.
    pub tax_code: Option<TaxCode>,
    /// Counted or measured.
    pub measure: Measure,
    /// How much was sold or came back, added units included.
    pub quantity: Quantity,
    /// The price as rung up.
    pub unit_price: UnitPrice,
    /// As rung up.
    pub rung_up: Amount,
    /// As sold (the sum of the parts), or refunded.
    pub paid: Amount,
    /// How it was sold; empty: exactly as rung up.
    pub parts: Vec<Part>,
    /// The campaign that added the line, where one did.
    pub added_by: Option<CampaignId>,
    /// Of the change, what no campaign explains.
    pub unexplained: Amount,
}

/// A reward as given or taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutcomeReward {
    /// As in the decision.
    pub id: RewardId,
    /// Whose doing.
    pub campaign: CampaignId,
    /// Its program.
    pub program: ProgramId,
    /// What; for a return, what of it is taken back.
    pub kind: RewardKind,
    /// Taken back, not given.
    pub taken_back: bool,
    /// From when it can be used.
    pub vests_at: Timestamp,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// How it lies on lines.
    pub earned_on: Vec<LineShare>,
    /// What a return does when it has been used up.
    pub on_return: Shortfall,
    /// It stands for a change of lines that came too late.
    pub fallback: bool,
    /// For screen or footer.
    pub text: CompactString,
    /// Facts that must be answered before it is given; empty: it was given.
    pub waits_for: Vec<FactId>,
    /// What must come about before it is given; none: nothing but the answers.
    pub awaits: Option<Awaited>,
    /// The brake by which it waits until somebody has looked at the receipt; none: no brake does.
    pub held: Option<Brake>,
    /// What it is beside its kind.
    pub right: Right,
    /// The receipt that earned it, where it is not this one: it has waited for answers.
    pub earned_by: Option<ReceiptId>,
}

impl OutcomeReward {
    /// Whether it is given later, if ever.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waits_for.is_empty() || self.awaits.is_some() || self.held.is_some()
    }

    /// Whether it was given for this very sale, so that a return of its goods takes it back.
    #[must_use]
    pub fn is_own(&self) -> bool {
        !self.taken_back && self.earned_by.is_none()
    }
}

/// What a reward is beside its kind, where it is no asset.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Right {
    /// Nothing.
    #[default]
    None,
    /// The code of the coupon that was issued or withdrawn.
    Coupon {
        /// As printed.
        code: CompactString,
    },
    /// Where the prize stands after this outcome.
    Prize {
        /// Due, handed over or cancelled.
        state: PrizeState,
    },
    /// The place of the first ticket in the account's series of the draw; the others follow.
    Tickets {
        /// From 1.
        first: u32,
        /// Whose series it is; none: the outcome's account's.
        of: Option<AccountId>,
    },
}

impl Right {
    /// The same, with its series named where it is tickets: an account may go into another one.
    #[must_use]
    pub(crate) fn named(self, account: &AccountId) -> Self {
        match self {
            Self::Tickets { first, of: None } => Self::Tickets { first, of: Some(account.clone()) },
            Self::None | Self::Coupon { .. } | Self::Prize { .. } | Self::Tickets { of: Some(_), .. } => self,
        }
    }
}

/// An asset used up or given back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutcomeRedemption {
    /// As in the decision.
    pub id: RewardId,
    /// The asset.
    pub asset: AssetId,
    /// How much; below zero where a return gives it back.
    pub units: Units,
    /// What it was worth.
    pub amount: Amount,
    /// Discount or tender.
    pub mode: RedeemMode,
    /// What it paid of each line, as in the decision; empty in a return.
    pub paid_on: Vec<LineShare>,
    /// Of the units, what the account did not have: recorded shortfall.
    pub shortfall: Units,
}

/// What was used of a limited campaign, or is free again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UseMove {
    /// The campaign, or the name under which a limit of its own is counted.
    pub campaign: CampaignId,
    /// Which campaign used that limit; none: the campaign itself, or a redemption.
    pub by: Option<CampaignId>,
    /// It was used by the customer of the outcome, and not by the account: of a household each has their own.
    pub per_member: bool,
    /// How much; none of it above zero in a return.
    pub usage: Usage,
}

/// What was unusual about an outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Flag {
    /// Sold otherwise than quoted.
    DiffersFromQuote,
    /// Committed although it had been voided: the cashier resumed with a higher attempt.
    PaidAfterVoid,
    /// Something used up was not there any more.
    SettledWithShortfall,
    /// The quote token was forged, of another receipt or unreadable: settled as without a quote.
    TokenRejected,
    /// Settled without a quote.
    WithoutQuote,
    /// The catalogue did not know an article.
    UnknownSku,
    /// The till changed prices and no campaign explains it.
    Unexplained,
    /// More came back than was sold.
    ReturnedBeyondSale,
    /// The return names no original.
    ReturnWithoutReceipt,
    /// The quote's hold had run out before the receipt was settled.
    HoldExpired,
    /// The till did not get the answer in time: the customer is told by a notice.
    Deferred,
    /// The till's clock was far off.
    TillClockOff,
    /// A return that waited for its original.
    WasParked,
    /// A reward could not be taken back in full.
    TakenBackShort,
    /// The customer is blocked: nothing was given.
    CustomerBlocked,
    /// No program knows the customer: booked as anonymous.
    CustomerUnknown,
    /// Tenders do not sum to what was due.
    TendersDiffer,
    /// Whoever is said to have brought the customer gets nothing: nobody known, the customer's own card, or not the
    /// customer's first receipt.
    ReferralRefused,
    /// A follow-up that the limits of its campaign let give nothing: what was under way went back to where it came from.
    BeyondLimit,
    /// A gateway decided from its rule pack: what it gave stands.
    DecidedByPack,
    /// It came from a spool or a file, and no gateway has signed that it took it.
    DeliveryUnproven,
    /// The card has had more receipts than a program finds usual.
    CardUsedOften,
    /// The card is one of the cashier's who sold.
    CardAtOwnTill,
    /// More units than one receipt gives without somebody looking at it.
    UnitsAboveLimit,
    /// Units of marked goods were added, and fewer marks than units came with them.
    MarksMissing,
}
