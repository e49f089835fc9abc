//! What the evaluation decided: the four parts of the answer and what the ledger needs to commit them.

mod awaited;
mod brake;
mod counter;
mod explained;
mod instruction;
mod offer;
mod part;
mod prompt;
mod redemption;

pub use crate::counting::Calendar;
pub use awaited::Awaited;
pub use brake::Brake;
pub use counter::{CounterMove, CounterTime};
pub use explained::{Explained, NotApplied};
pub use instruction::{Instruction, Task};
pub use offer::Offer;
pub use part::AnswerPart;
pub use prompt::PromptReason;
pub use redemption::{CodeWanted, RedeemCap, Redeemable, Redemption};

use compact_str::{CompactString, ToCompactString};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{AssetId, CampaignId, CustomerId, FactId, LineId, ProgramId, RewardId, Sku, TaxCode, TierId};
use crate::money::{Amount, Currency, Quantity, UnitPrice, Units};
use crate::receipt::{Line, Measure};
use crate::usage::Usage;

/// The decision on one receipt. Same arguments, same decision, on any machine, for ever (P7).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// One for each line of the receipt in its order, then the added ones.
    pub lines: Vec<DecidedLine>,
    /// Assets used up.
    pub redemptions: Vec<Redemption>,
    /// What the customer gets beside changed lines.
    pub rewards: Vec<Reward>,
    /// What the cashier reads of rewards, where that is another text than the customer's.
    pub cashier_texts: Vec<(RewardId, CompactString)>,
    /// Questions to the customer.
    pub prompts: Vec<Prompt>,
    /// Things the cashier must do.
    pub instructions: Vec<Instruction>,
    /// Goods to offer.
    pub offers: Vec<Offer>,
    /// What the customer may choose from, chosen or not yet.
    pub choices: Vec<Choice>,
    /// «One more and …».
    pub near_misses: Vec<NearMiss>,
    /// A verdict for each presented code, in the receipt's order.
    pub code_verdicts: Vec<CodeVerdict>,
    /// The most that may be redeemed on this receipt, per asset; empty for an unknown customer.
    pub redeemable: Vec<Redeemable>,
    /// The code that a redemption waits for; none: none does.
    pub code_wanted: Option<CodeWanted>,
    /// Counters over receipts that move when this is settled.
    pub counters: Vec<CounterMove>,
    /// What is scarce and must be held for this quote.
    pub promises: Vec<Promise>,
    /// The campaigns that were applied, in the order of their application.
    pub applied: Vec<Applied>,
    /// Lines as rung up.
    pub before: Amount,
    /// Lines as decided, added ones included.
    pub after: Amount,
    /// Whether another tender could change the decision.
    pub depends_on_tenders: bool,
    /// Remarks that change nothing, such as an unknown article.
    pub notes: Vec<Note>,
    /// Search steps used.
    pub steps: u64,
    /// Whether the best deal is proven to be the best.
    pub proven: bool,
    /// Where not proven: at most so much is missing.
    pub bound: Amount,
    /// The first part that there were no steps for: it and all behind it were left out. None: nothing was.
    pub dropped_from: Option<AnswerPart>,
    /// The brakes that took hold of rewards, sorted, each once.
    pub brakes: Vec<Brake>,
    /// What was asked to be explained.
    pub explained: Vec<Explained>,
}

/// What becomes of one line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DecidedLine {
    /// The receipt's line id, or one of the engine's own that begins with `+`.
    pub id: LineId,
    /// The article.
    pub sku: Sku,
    /// Kept from the receipt's line or given by the catalogue.
    pub tax_code: Option<TaxCode>,
    /// Kept from the receipt's line.
    pub measure: Measure,
    /// For an added line, the campaign that added it.
    pub added_by: Option<CampaignId>,
    /// How it is to be sold, in order; empty: exactly as rung up.
    pub parts: Vec<Part>,
    /// As rung up; zero for an added line.
    pub before: Amount,
    /// The sum of the parts, or as rung up where there are none.
    pub after: Amount,
}

/// Some units of a line at one price.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// How many, above zero.
    pub quantity: Quantity,
    /// The final price of one.
    pub unit_price: UnitPrice,
    /// The final amount, not negative.
    pub amount: Amount,
    /// What made the difference, in order of application: they sum to `amount` less the part's share as rung up (P6).
    pub adjustments: Vec<Adjustment>,
}

/// A change of a part by a campaign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Adjustment {
    /// Whose doing.
    pub campaign: CampaignId,
    /// Below zero where it became cheaper. An added unit at zero has an adjustment of zero.
    pub amount: Amount,
    /// For the receipt's print.
    pub text: CompactString,
}

/// Something that the customer gets beside changed lines.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reward {
    /// Unique in the decision and the same on every evaluation.
    pub id: RewardId,
    /// Whose doing.
    pub campaign: CampaignId,
    /// The program of the campaign.
    pub program: ProgramId,
    /// What it is.
    pub kind: RewardKind,
    /// From when it can be used.
    pub vests_at: Timestamp,
    /// Until when; none: for ever. Exclusive.
    pub expires_at: Option<Timestamp>,
    /// Facts that must be answered before it is given.
    pub waits_for: Vec<FactId>,
    /// What must come about before it is given; none: nothing but the answers.
    pub awaits: Option<Awaited>,
    /// The brake by which it waits until somebody has looked at the receipt; none: no brake does.
    pub held: Option<Brake>,
    /// How the value lies on lines, so that a return can take it back in proportion; empty: on the whole receipt.
    pub earned_on: Vec<LineShare>,
    /// What is to happen on return when it has been used up.
    pub on_return: Shortfall,
    /// It stands for a change of lines that came too late.
    pub fallback: bool,
    /// For the customer: on the footer.
    pub text: CompactString,
}

/// The part of a reward, of a count or of a redemption that lies on a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LineShare {
    /// The line.
    pub line: LineId,
    /// In the reward's own unit, or in thousandths of what is counted.
    pub units: i64,
}

/// The nine rewards.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RewardKind {
    /// Already in the lines; listed so that the customer can be told.
    DiscountNow {
        /// How much cheaper, above zero.
        amount: Amount,
    },
    /// A personal coupon for a later purchase.
    DiscountLater {
        /// The campaign that the coupon opens.
        coupon: CampaignId,
    },
    /// Bonus money.
    BonusMoney {
        /// The asset.
        asset: AssetId,
        /// How much.
        units: Units,
    },
    /// Points.
    Points {
        /// The asset.
        asset: AssetId,
        /// How much.
        units: Units,
    },
    /// A thing to hand over.
    Prize {
        /// The thing's name in the program.
        prize: CompactString,
        /// How many.
        count: u32,
    },
    /// A tier.
    Status {
        /// The tier.
        tier: TierId,
        /// It follows from what was counted: the account need not keep it.
        reached: bool,
    },
    /// Entries of a draw.
    Ticket {
        /// The draw's name in the program.
        draw: CompactString,
        /// How many.
        count: u32,
    },
    /// A gift certificate.
    Certificate {
        /// The asset that it holds.
        asset: AssetId,
        /// Its value.
        units: Units,
    },
    /// Money to be paid out.
    Money {
        /// The asset.
        asset: AssetId,
        /// How much.
        units: Units,
    },
}

/// What a return does when a reward to be taken back has been used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// The balance goes below zero: a debt lot.
    #[default]
    Negative,
    /// What is there is taken, the rest forgiven.
    Zero,
    /// The worth of the rest is taken off the refund.
    DeductFromRefund,
}

/// A question to the customer through the cashier.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Prompt {
    /// The profile field.
    pub fact: FactId,
    /// Why it is asked.
    pub reason: PromptReason,
    /// What the cashier asks; no profile value ever stands in it.
    pub text: CompactString,
    /// The same in the customer's language, where that is another text.
    pub customer_text: Option<CompactString>,
}

/// One of several products at zero, as the customer chooses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// Names it in the receipt's choices, and to be declined. The same on every evaluation.
    pub id: RewardId,
    /// Whose doing.
    pub campaign: CampaignId,
    /// What there is to choose from, at least one, in the order of the numbers.
    pub options: Vec<Sku>,
    /// Of the one chosen, above zero.
    pub quantity: Quantity,
    /// What the receipt says was chosen, where it is among the options: it is an added line then.
    pub chosen: Option<Sku>,
    /// What the cashier says.
    pub text: CompactString,
}

/// How little is missing to a reward.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NearMiss {
    /// Whose reward.
    pub campaign: CampaignId,
    /// What is missing.
    pub missing: Missing,
    /// The one product that would do; none: others would, too.
    pub sku: Option<Sku>,
    /// What the cashier says.
    pub text: CompactString,
}

/// What is missing to a reward.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Missing {
    /// So many more units.
    Units(u32),
    /// So much more to spend.
    Spend(Amount),
    /// So many more units of an asset.
    Points {
        /// In the asset's smallest unit.
        units: Units,
        /// The asset's digits after the point.
        scale: u8,
    },
}

impl Missing {
    /// The number as people write it: money in major units, points as the program counts them.
    #[must_use]
    pub fn in_words(self, currency: Currency) -> CompactString {
        let scaled = |number: i64, digits: u32| Decimal::try_from_i128_with_scale(i128::from(number), digits).ok();
        match self {
            Self::Units(units) => Some(Decimal::from(units)),
            Self::Spend(amount) => scaled(amount.minor(), currency.minor_digits()),
            Self::Points { units, scale } => scaled(units.units(), u32::from(scale)),
        }
        .map_or_else(CompactString::default, |decimal| decimal.to_compact_string())
    }
}

/// What became of a presented code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodeVerdict {
    /// The code as presented.
    pub code: CompactString,
    /// The verdict.
    pub verdict: Verdict,
    /// The campaign that it belongs to, where one is known.
    pub campaign: Option<CampaignId>,
}

/// Verdicts on codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// Its campaign was applied.
    Applied,
    /// Another campaign gave more, or there was nothing to take off.
    NotNeeded,
    /// No campaign knows it.
    Unknown,
    /// Past its date.
    Expired,
    /// Used or held already.
    Used,
    /// Another customer's.
    NotThisCustomer,
    /// The campaign's conditions are not met.
    ConditionMissing,
    /// Its time has not come.
    NotYetValid,
}

/// Something scarce that a quote promises: the ledger holds it until settle, void or the end of its time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Promise {
    /// Units of an asset being redeemed.
    Units {
        /// The asset.
        asset: AssetId,
        /// How much.
        units: Units,
    },
    /// A counter's crossed thresholds, with the count that crossed them.
    Threshold {
        /// The campaign that counts.
        campaign: CampaignId,
        /// The count promised, in thousandths.
        counted_milli: i64,
        /// How many thresholds.
        rewarded: i64,
        /// In what time it counts.
        time: CounterTime,
    },
    /// What is used of a campaign, or of a limit of its own, that is limited per customer.
    Uses {
        /// The campaign, or the name under which the limit is counted.
        campaign: CampaignId,
        /// Which campaign uses the limit; none: the campaign itself, or a redemption.
        by: Option<CampaignId>,
        /// By whom, where each member of a household has a limit of their own; none: it is the account's.
        member: Option<CustomerId>,
        /// How much.
        usage: Usage,
    },
    /// A single-use code.
    Code {
        /// The code.
        code: CompactString,
    },
    /// The same of what is limited over all customers.
    Budget {
        /// The campaign, or the name under which the limit is counted.
        campaign: CampaignId,
        /// Which campaign uses the limit; none: the campaign itself, or a redemption.
        by: Option<CampaignId>,
        /// How much.
        usage: Usage,
    },
}

/// A campaign that was applied.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Applied {
    /// The campaign.
    pub campaign: CampaignId,
    /// How often its mechanic was used.
    pub times: u32,
    /// How much cheaper it made the lines; not negative.
    pub discount: Amount,
}

/// A remark that changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Note {
    /// The catalogue does not know the article: sold anyway.
    UnknownSku {
        /// The line.
        line: LineId,
    },
    /// Something scarce was left out since too many quotes are open.
    TooManyOpenQuotes {
        /// The campaign that was left out.
        campaign: CampaignId,
    },
    /// Something scarce was left out since the account has reached its size.
    AccountFull {
        /// The campaign that was left out.
        campaign: CampaignId,
    },
    /// Search ended before the best was proven.
    NotProven,
    /// A campaign was skipped since its condition could not be worked out; the explanation says why.
    ConditionFailed {
        /// The campaign.
        campaign: CampaignId,
    },
    /// It was rung up dearer than its largest price: a quote lowers it, a paid receipt stands as it is.
    AbovePriceMax {
        /// The line.
        line: LineId,
    },
}

impl Decision {
    /// Whether a part was worked out; one that was left out may be empty and says nothing.
    #[must_use]
    pub fn has(&self, part: AnswerPart) -> bool {
        self.dropped_from.is_none_or(|from| part < from)
    }
}

impl DecidedLine {
    /// The parts, an unchanged line as the one part that it is.
    #[must_use]
    pub fn as_decided(&self, line: &Line) -> Vec<Part> {
        if self.parts.is_empty() {
            vec![Part { quantity: line.quantity, unit_price: line.unit_price, amount: line.amount, adjustments: Vec::new() }]
        } else {
            self.parts.clone()
        }
    }
}
