//! What the evaluation may know beside receipt and catalogue, net of the holds of other open quotes.

use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::brakes::{ReceiptsSeen, StaffOf};
use crate::counting::Calendar;
use crate::decision::{AnswerPart, Note};
use crate::habits::Habits;
use crate::id::{AssetId, CampaignId, CustomerId, FactId, ProgramId, SegmentId, TierId};
use crate::money::Units;
use crate::usage::Usage;

/// The account, the codes presented, and what remains of what is scarce.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The customer and their account; none: an anonymous sale.
    pub customer: Option<CustomerStanding>,
    /// What is known of each presented code, in the receipt's order.
    pub codes: Vec<CodeStanding>,
    /// What all customers together have used of campaigns that are limited over all of them, sorted by campaign; such a
    /// campaign that is not listed has nothing left.
    pub shared: Vec<Uses>,
    /// Articles that this store does not have in stock, sorted.
    pub out_of_stock: Arc<[CompactString]>,
    /// Why nothing scarce can be promised; none: it can.
    pub no_promises: Option<NoPromises>,
    /// The sale is paid and claimed afterwards: the programs that still let it be, sorted. Campaigns of others give, count
    /// and use nothing, and what changes lines is not made good for: the till asked in time. None: it is no claim.
    pub claimed_from: Option<Vec<ProgramId>>,
    /// The sale was paid by a quote that had no time for some parts of its answer: the first of them. What nobody was told
    /// of nobody has handed over, declined or paid with: there goods come too late, as on a receipt that is paid, and so
    /// does what costs units. None: all was told.
    pub untold_from: Option<AnswerPart>,
    /// What chances are decided by: a keyed hash of the receipt's id, made by who has the key. None: nobody wins.
    pub draw: Option<[u8; 32]>,
}

/// Why nothing scarce can be promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoPromises {
    /// Open quotes with holds have reached their limit.
    TooManyOpenQuotes,
    /// The account has reached its size.
    AccountFull,
}

impl NoPromises {
    /// What an answer says of a campaign that was left out for it.
    pub(crate) const fn of(self, campaign: CampaignId) -> Note {
        match self {
            Self::TooManyOpenQuotes => Note::TooManyOpenQuotes { campaign },
            Self::AccountFull => Note::AccountFull { campaign },
        }
    }
}

/// A known customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CustomerStanding {
    /// Who stands at the till.
    pub customer: CustomerId,
    /// Blocked: answered like an anonymous sale, and said so.
    pub blocked: bool,
    /// The tier in each program where one was reached, sorted by program.
    pub tiers: Vec<(ProgramId, TierId)>,
    /// Until when those of them last that end, sorted by program.
    pub tiers_until: Vec<(ProgramId, Timestamp)>,
    /// What may be spent now per asset, sorted by asset; never negative.
    pub available: Vec<(AssetId, Units)>,
    /// Counters over receipts as they are booked, sorted by campaign: what conditions and tiers read.
    pub counters: Vec<CounterStanding>,
    /// Of these and others, sorted by campaign, those of which something is promised to other open quotes: as they will
    /// be when all of that is sold. Thresholds are rewarded by them.
    pub counters_promised: Vec<CounterStanding>,
    /// Uses of limited campaigns, sorted by campaign.
    pub uses: Vec<Uses>,
    /// The same by this member of the account alone, of campaigns that are limited each member.
    pub uses_by_member: Vec<Uses>,
    /// What is known of the customer's profile, sorted by fact.
    pub facts: Vec<FactStanding>,
    /// Imported lists that the customer is on now, sorted.
    pub lists: Vec<SegmentId>,
    /// When the customer was enrolled.
    pub enrolled_at: Option<Timestamp>,
    /// Receipts settled so far.
    pub visits: u32,
    /// When they came of late, and what they spent.
    pub habits: Habits,
    /// Receipts of late as brakes count them, sorted.
    pub seen: Vec<ReceiptsSeen>,
    /// Cashiers who are of the account.
    pub staff: Vec<StaffOf>,
}

/// A counter over receipts: every crossed threshold is rewarded once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CounterStanding {
    /// The campaign that counts.
    pub campaign: CampaignId,
    /// Counted so far, in thousandths.
    pub counted_milli: i64,
    /// Thresholds rewarded so far.
    pub rewarded: i64,
    /// Of what calendar the stretches are; a revision in force may divide it otherwise. None: there are none.
    pub calendar: Option<Calendar>,
    /// What counts only for a time, by the stretch of the calendar in which it was counted, ascending; beside what stands
    /// above. Where stretches are counted themselves: the last of them.
    pub stretches: Vec<CountedStretch>,
}

/// What was counted in one stretch of the calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CountedStretch {
    /// Its number.
    pub stretch: i32,
    /// Counted in it, in thousandths.
    pub counted_milli: i64,
    /// Thresholds rewarded in it.
    pub rewarded: i64,
}

/// How much of a campaign was used, what is promised to other open quotes included.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Uses {
    /// The campaign.
    pub campaign: CampaignId,
    /// Ever.
    pub ever: Usage,
    /// On the receipt's business date.
    pub today: Usage,
    /// In the month of the receipt's business date.
    pub this_month: Usage,
}

/// A fact as known; its value is sealed elsewhere, but for the derived values that rules may read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactStanding {
    /// The profile field.
    pub fact: FactId,
    /// When it became known.
    pub known_at: Timestamp,
    /// Whether somebody checked it.
    pub confirmed: bool,
    /// A code was sent to it by which it can be confirmed now.
    pub code_sent: bool,
    /// Where a code stands that this receipt's redemption may want.
    pub redeem_code: CodeForRedeem,
    /// The value, only for facts that the program declares readable by rules (such as a segment mark).
    pub value: Option<CompactString>,
}

/// A code that is sent to a fact and wanted before much is redeemed on a receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum CodeForRedeem {
    /// It has been sent, or can be.
    #[default]
    CanBeSent,
    /// It has come back with this receipt, and was right.
    CameBack,
    /// So many were sent of late that no more are.
    UsedUp,
}

/// What is known of a presented code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodeStanding {
    /// The code.
    pub code: CompactString,
    /// Its state, other open quotes' holds counted as used.
    pub state: CodeState,
    /// For a personal coupon of this customer: the campaign that it opens.
    pub campaign: Option<CampaignId>,
}

/// The state of a presented code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CodeState {
    /// A code that the revision declares, usable as often as campaigns say.
    Open,
    /// Single use, and used or held already.
    Used,
    /// Past its date.
    Expired,
    /// Personal, and another customer's.
    NotThisCustomer,
    /// Its time has not come.
    NotYetValid,
}
