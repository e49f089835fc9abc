//! A program and what its campaigns name: tiers, segments, zones, and the facts it asks for.

use compact_str::{CompactString, format_compact};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::birthday::month_and_day;
use crate::brakes::Brakes;
use crate::common_limit::CommonLimit;
use crate::condition::FreeCondition;
use crate::conventions::Conventions;
use crate::id::{CampaignId, ChannelId, EventId, FactId, ProgramId, SegmentId, SeriesId, StoreId, TierId};
use crate::money::{Amount, Currency};
use crate::ratio::Ratio;
use crate::text::Text;

/// One loyalty program of a revision.
#[derive(Clone, Debug)]
pub struct Program {
    /// Unique in the revision.
    pub id: ProgramId,
    /// For people.
    pub name: Text,
    /// The currency of its money constants; on a receipt in another its campaigns are no candidates.
    pub currency: Currency,
    /// The time zone of its dates and hours, from the data bundled with the engine.
    pub time_zone: TimeZone,
    /// The language of texts that say none, BCP 47.
    pub language_default: CompactString,
    /// The languages that every text for customers should have, BCP 47; empty: the program does not say.
    pub languages: Vec<CompactString>,
    /// Whether a revision with this program in it needs a second person's approval before it takes effect.
    pub four_eyes: bool,
    /// For how many hours after a sale without a customer it can be claimed; none: never.
    pub claim_within_hours: Option<u32>,
    /// The fact that a code confirms before anybody is enrolled; none: no code is wanted.
    pub enrolment_code: Option<FactId>,
    /// What it does about cards that are used in odd ways.
    pub brakes: Brakes,
    /// Its tiers in the order of the file, the highest last.
    pub tiers: Vec<Tier>,
    /// Where trades and countries do the same thing differently.
    pub conventions: Conventions,
    /// Stacking groups that say more than their name, sorted by id.
    pub(crate) groups: Vec<StackingGroup>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) zones: Vec<Zone>,
    /// The ways to sell that its campaigns may name, beside the till.
    pub(crate) channels: Vec<ChannelId>,
    /// What can happen to a customer beside sales.
    pub(crate) events: Vec<EventId>,
    /// Things with serial numbers that cashiers hand out, in the order of the file.
    pub series: Vec<Series>,
    /// Limits that several campaigns, or the redemption of an asset, use up together.
    pub(crate) limits: Vec<CommonLimit>,
}

impl Program {
    /// The language that is spoken in a store; none: the default one. No store is in two zones that say otherwise.
    pub(crate) fn language_of(&self, store: &StoreId) -> Option<&str> {
        let mut told = self.zones.iter().filter_map(|zone| Some((zone, zone.language.as_deref()?)));
        told.find(|(zone, _)| zone.stores.binary_search(store).is_ok()).map(|(_, language)| language)
    }

    /// The ids of its segments in the order of the file.
    pub fn segments(&self) -> impl Iterator<Item = &SegmentId> {
        self.segments.iter().map(|segment| &segment.id)
    }
}

/// Things with serial numbers that cashiers hand out and account for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Series {
    /// Unique over all programs of a revision.
    pub id: SeriesId,
    /// What is handed out, for people.
    pub name: Text,
}

/// A step of status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tier {
    /// Unique in the program.
    pub id: TierId,
    /// For people.
    pub name: Text,
    /// What its members' points are multiplied by.
    pub multiplier: Ratio,
    /// What must have been counted to reach it; none: it can only be given.
    pub(crate) reached: Option<Reached>,
}

/// When a tier is reached, and how long it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reached {
    /// The campaign that counts.
    pub(crate) counter: CampaignId,
    /// Its place in the revision.
    pub(crate) counter_place: usize,
    /// Counted within the counter's time, in thousandths.
    pub(crate) at_least_milli: i64,
    /// So many of the counter's stretches after the last in which it was reached.
    pub(crate) keeps: i32,
    /// And so many days more.
    pub(crate) grace_days: i32,
}

/// What the best deal of a stacking group is best by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum BestBy {
    /// The lowest amount due.
    #[default]
    Money,
    /// The lowest amount due less the declared worth of rewards.
    MoneyAndWorth,
}

/// Campaigns that use the same units up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StackingGroup {
    pub(crate) id: CompactString,
    pub(crate) best_by: BestBy,
}

/// A named condition over customers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    pub(crate) id: SegmentId,
    pub(crate) condition: Condition,
}

/// Who is in a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Condition {
    /// Who is on an imported list.
    List(SegmentId),
    /// Who has one of these tiers.
    Tier(Vec<TierId>),
    /// Of whom a fact is known, with one of these values where values are given.
    Fact { fact: FactId, values: Vec<CompactString> },
    /// For whom a condition in CEL holds.
    Free(Box<FreeCondition>),
}

/// A named set of stores, sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Zone {
    pub(crate) id: CompactString,
    pub(crate) stores: Vec<StoreId>,
    /// What is spoken in its stores, BCP 47; none: the default language.
    pub(crate) language: Option<CompactString>,
}

/// A profile field that a program asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FactRule {
    /// Unique over all programs of a revision.
    pub id: FactId,
    /// Whose it is.
    pub program: ProgramId,
    /// How long an answer is good for, in days; none: for ever.
    pub valid_for_days: Option<u32>,
    /// When to ask.
    pub ask: Ask,
    /// How an answer is confirmed, where it counts only then; none: it counts as it was told.
    pub confirm: Option<Confirm>,
    /// What the cashier asks.
    pub text: Text,
    /// The answers to choose from, as the program lists them; empty: any.
    pub options: Vec<CompactString>,
    /// What an answer looks like; others are none.
    pub form: AnswerForm,
    /// The answers that rules tell apart, sorted.
    pub(crate) values: Vec<CompactString>,
    /// Places of the program's segments of whom one has it; empty: everybody has it.
    pub(crate) segments: Vec<usize>,
    /// Places of the program's segments for whom an answer is good for a time only; empty: for everybody.
    pub(crate) lapses_for: Vec<usize>,
    /// Whether rules read month and day of it.
    pub(crate) birthday: bool,
}

/// What an answer to a fact looks like, beside those that are chosen, sent to or read as dates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AnswerForm {
    /// Any text.
    #[default]
    Text,
    /// `yes` or `no`.
    YesNo,
    /// A whole number.
    Number {
        /// At least this.
        least: i64,
        /// At most this.
        most: i64,
    },
}

impl AnswerForm {
    /// What `yes_no` takes, sorted.
    pub(crate) const YES_NO: [&str; 2] = ["no", "yes"];

    /// The number that an answer is; none: it is none of these.
    fn number(self, answer: &str) -> Option<i64> {
        let Self::Number { least, most } = self else { return None };
        answer.trim().parse().ok().filter(|number| (least..=most).contains(number))
    }
}

/// How answers to a fact are confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confirm {
    /// People check them.
    ByPeople,
    /// By a code that is sent to the answer, which is a phone number. People may check it too.
    CodeToPhone,
    /// By a code that is sent to the answer, which is an address of mail. People may check it too.
    CodeToEmail,
}

impl Confirm {
    /// Whether a code is sent to the answer.
    #[must_use]
    pub const fn is_by_code(self) -> bool {
        matches!(self, Self::CodeToPhone | Self::CodeToEmail)
    }
}

impl FactRule {
    /// Whether a code is sent to this answer: it has the form of what the fact says it is.
    #[must_use]
    pub fn takes_code(&self, answer: &str) -> bool {
        match self.confirm {
            None | Some(Confirm::ByPeople) => false,
            Some(Confirm::CodeToPhone) => answer.strip_prefix('+').is_some_and(|digits| {
                (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
            }),
            Some(Confirm::CodeToEmail) => answer.split_once('@').is_some_and(|(name, host)| {
                let is_plain = !answer.chars().any(|character| character.is_whitespace() || character.is_control());
                is_plain && !name.is_empty() && host.contains('.') && !host.contains('@')
            }),
        }
    }

    /// Whether an answer of then was good for a time that is over, where it is good for a time only.
    #[must_use]
    pub fn has_lapsed(&self, known_at: Timestamp, at: Timestamp) -> bool {
        let lasts = self.valid_for_days.map(|days| SignedDuration::from_hours(i64::from(days).saturating_mul(24)));
        lasts.is_some_and(|lasts| known_at.checked_add(lasts).is_ok_and(|until| until <= at))
    }

    /// Whether an answer has the form that the fact asks for.
    #[must_use]
    pub fn is_answer(&self, answer: &str) -> bool {
        match self.form {
            AnswerForm::Text => true,
            AnswerForm::YesNo => AnswerForm::YES_NO.contains(&answer.trim()),
            AnswerForm::Number { .. } => self.form.number(answer).is_some(),
        }
    }

    /// Whether rules read month and day of it.
    #[must_use]
    pub const fn is_birthday(&self) -> bool {
        self.birthday
    }

    /// What of an answer rules may read, and all that an account keeps of it outside of the sealed values: one of the
    /// answers that rules tell apart, a number, or month and day of a birthday. None: nothing.
    #[must_use]
    pub fn readable(&self, answer: &str) -> Option<CompactString> {
        let answer = answer.trim();
        if let Some((month, day)) = month_and_day(answer).filter(|_| self.birthday) {
            return Some(format_compact!("{month:02}-{day:02}"));
        }
        if let Some(number) = self.form.number(answer) {
            return Some(format_compact!("{number}"));
        }
        let found = self.values.binary_search_by(|known| known.as_str().cmp(answer)).ok();
        found.and_then(|place| self.values.get(place)).cloned()
    }
}

/// When a fact is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// On the customer's first receipt.
    Enrolment,
    /// Whenever it is not known well enough.
    Always,
    /// When the rewards of the receipt are worth at least so much.
    RewardWorthAtLeast(Amount),
}
