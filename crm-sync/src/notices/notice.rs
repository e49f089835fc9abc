//! A notice: what it tells, where it stands, and each attempt at sending it. Plain values; nothing here reads, writes or waits.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::codes::CodeOf;
use super::tells::Told;
use crate::mirror::place::Place;

/// Attempts of unknown fate: one, and one more (H62).
pub const UNKNOWN_MAX: usize = 2;
/// A sale that was booked less than this before its notice was due came too late for anybody to tell in time.
const LINK_MARGIN: SignedDuration = SignedDuration::from_mins(30);

/// What a notice is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The reward of a sale whose till could not tell it.
    Deferred,
    /// A code that confirms what a customer stated.
    Code,
}

impl NoticeKind {
    /// As it stands in texts, files and keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deferred => "deferred",
            Self::Code => "code",
        }
    }
}

/// Where a notice stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be sent at `look_at` or later.
    Due,
    /// An attempt is under way, or was when the process ended.
    Sending,
    /// Nobody knows what became of the last attempt; at `look_at` it is sent once more.
    Unsure,
    /// The provider has it; a delivery receipt is waited for until `look_at`, where its route gives any.
    Sent,
    /// The provider has it, and said no more within its time.
    Unconfirmed,
    /// The provider says that it has arrived.
    Delivered,
    /// Nobody knows what became of it, sent twice: for people.
    Unknown,
    /// It cannot be sent: for people.
    Undeliverable(Reason),
    /// There is nothing to tell any more.
    Ended(Ending),
}

/// Why a notice cannot be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The engine knows no such customer: their data were erased.
    UnknownCustomer,
    /// The customer wants no messages.
    Stopped,
    /// The customer left no address for any channel that there is.
    NoAddress,
    /// No route goes to the customer's addresses.
    NoRoute,
    /// Every provider refused it.
    Refused,
    /// Every provider took it and said later that it did not arrive.
    NotDelivered,
    /// Too many codes were sent of late.
    TooManyCodes,
}

/// Why a notice has nothing to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The sale gave no reward.
    NoReward,
    /// All that the sale gave was taken back with its goods.
    CameBack,
    /// The code is not good any more: it was used, its time is over, or another has taken its place.
    Lapsed,
}

/// Whose fault it is that a notice is late.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The sale was booked too late: the link was down.
    Link,
    /// No provider worked for a while before it was due.
    Provider,
    /// Ours.
    Ours,
}

impl Fault {
    /// As it stands in pages and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Provider => "provider",
            Self::Ours => "ours",
        }
    }
}

/// One attempt at sending. One that surely did not reach the provider is none; those are counted in the notice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The route.
    pub route: String,
    /// When it was written down, before anything was sent.
    pub started_at: Timestamp,
    /// When its result was known; none: not yet.
    pub ended_at: Option<Timestamp>,
    /// What became of it.
    pub result: AttemptResult,
    /// What the provider calls the message. Empty: it does not say.
    pub provider_id: String,
    /// Parts that are paid for.
    pub parts: u32,
    /// What it costs, micros of the currency in which routes are priced.
    pub cost_micros: u64,
    /// It was sent in the customer's quiet hours, since it would have been late otherwise.
    pub in_quiet_hours: bool,
}

/// What became of an attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// Under way.
    Started,
    /// The provider has it.
    Accepted,
    /// The provider says that it arrived.
    Delivered,
    /// The provider says that it did not arrive, by its code.
    NotDelivered(String),
    /// The provider will not take it, by its code.
    Refused(String),
    /// Nobody knows.
    Unknown(String),
}

/// What stood in the way last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hindrance {
    /// When.
    pub at: Timestamp,
    /// What, in words without personal data.
    pub why: String,
}

/// A notice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The first receipt of the chain; of a code its own name.
    pub chain: String,
    /// The customer, opaque.
    pub customer: String,
    /// The account, opaque.
    pub account: String,
    /// The store of the sale.
    pub store: String,
    /// When the engine booked the sale.
    pub booked_at: Timestamp,
    /// Until when the customer must have been told.
    pub due_at: Timestamp,
    /// The last outcome that is in `tells`.
    pub folded: Place,
    /// What the customer is told.
    pub tells: Vec<Told>,
    /// Where it stands.
    pub state: State,
    /// When it is looked at next, while it is open.
    pub look_at: Timestamp,
    /// Attempts that reached a provider, or may have.
    pub attempts: Vec<Attempt>,
    /// How often a provider could not be reached or took nothing.
    pub misses: u32,
    /// What stood in the way last; none: nothing.
    pub hindrance: Option<Hindrance>,
    /// Whose fault it is that it was late; none: it was not, or is still open.
    pub late: Option<Fault>,
    /// Goods came back after it was on its way: what it told was more than what is left.
    pub came_back_after: bool,
    /// How often people let it be tried anew.
    pub retries: u32,
    /// Attempts before this one were made before people let it be tried anew.
    pub current_from: usize,
    /// How often it has changed its place among the hours; the book's own.
    pub generation: u32,
    /// The code that it tells, of a code; it tells nothing else then.
    pub code: Option<CodeOf>,
}

impl Notice {
    /// Its name: the partition it lies in, and the mark that providers are given, by which their receipts are known.
    /// 26 characters of a hash, the same for every attempt.
    #[must_use]
    pub fn mark(kind: NoticeKind, chain: &str) -> String {
        let mut hash = blake3::Hasher::new_derive_key("tessera notice mark 1");
        hash.update(kind.name().as_bytes()).update(&[0]).update(chain.as_bytes());
        let mut bytes = [0; 16];
        hash.finalize_xof().fill(&mut bytes);
        let number = u128::from_be_bytes(bytes);
        let digit = |place: u32| {
            let index = usize::try_from(number.checked_shr(5 * place).unwrap_or(0) & 31).unwrap_or(0);
            char::from(b"0123456789abcdefghjkmnpqrstvwxyz".get(index).copied().unwrap_or(b'0'))
        };
        (0..26).rev().map(digit).collect()
    }

    /// Its own mark.
    #[must_use]
    pub fn own_mark(&self) -> String {
        Self::mark(self.kind, &self.chain)
    }

    /// Something is still to be done at `look_at`.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.state {
            State::Due | State::Sending | State::Unsure | State::Sent => true,
            State::Unconfirmed | State::Delivered | State::Unknown | State::Undeliverable(_) | State::Ended(_) => false,
        }
    }

    /// The customer has not been told yet, as far as is known, and is still to be.
    #[must_use]
    pub const fn is_to_tell(&self) -> bool {
        matches!(self.state, State::Due | State::Sending | State::Unsure)
    }

    /// People have to look at it.
    #[must_use]
    pub const fn is_for_people(&self) -> bool {
        matches!(self.state, State::Unknown | State::Undeliverable(_))
    }

    /// Attempts that count for what it does next.
    #[must_use]
    pub fn current(&self) -> &[Attempt] {
        self.attempts.get(self.current_from..).unwrap_or_default()
    }

    /// What it tells may still be changed: nothing has been sent that could have told something else.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        matches!(self.state, State::Due | State::Undeliverable(_)) && !self.attempts.iter().any(Attempt::may_have_told)
    }

    /// Attempts whose fate is unknown.
    #[must_use]
    pub fn unknowns(&self) -> usize {
        self.current().iter().filter(|attempt| matches!(attempt.result, AttemptResult::Unknown(_))).count()
    }

    /// What all attempts cost, micros.
    #[must_use]
    pub fn cost_micros(&self) -> u64 {
        self.attempts.iter().fold(0, |sum, attempt| sum.saturating_add(attempt.cost_micros))
    }

    /// Whose fault it would be if it were told only at this time; none: in time.
    #[must_use]
    pub fn fault_at(&self, told_at: Timestamp, outages: &[Outage]) -> Option<Fault> {
        if told_at <= self.due_at {
            return None;
        }
        let too_late = self.due_at.saturating_sub(LINK_MARGIN).unwrap_or(Timestamp::MIN);
        if self.booked_at > too_late {
            return Some(Fault::Link);
        }
        let hindered =
            outages.iter().any(|outage| outage.from < self.due_at && outage.until.is_none_or(|until| until > self.booked_at));
        Some(if hindered { Fault::Provider } else { Fault::Ours })
    }
}

impl Attempt {
    /// The customer may have read it.
    #[must_use]
    pub const fn may_have_told(&self) -> bool {
        match self.result {
            AttemptResult::Started | AttemptResult::Accepted | AttemptResult::Delivered | AttemptResult::Unknown(_) => true,
            AttemptResult::NotDelivered(_) | AttemptResult::Refused(_) => false,
        }
    }
}

/// A time in which no route worked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outage {
    /// From when.
    pub from: Timestamp,
    /// Until when; none: still.
    pub until: Option<Timestamp>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    pub(crate) fn notice(chain: &str) -> Notice {
        Notice {
            kind: NoticeKind::Deferred,
            chain: chain.to_owned(),
            customer: "c-1".to_owned(),
            account: "a-1".to_owned(),
            store: "S1".to_owned(),
            booked_at: at("2026-11-23T12:00:00Z"),
            due_at: at("2026-11-24T11:00:00Z"),
            folded: Place::default(),
            tells: Vec::new(),
            state: State::Due,
            look_at: at("2026-11-23T12:00:00Z"),
            attempts: Vec::new(),
            misses: 0,
            hindrance: None,
            late: None,
            came_back_after: false,
            retries: 0,
            current_from: 0,
            generation: 0,
            code: None,
        }
    }

    #[test]
    fn a_mark_is_of_kind_and_chain_alone() {
        let mark = Notice::mark(NoticeKind::Deferred, "S1/T9/1");
        assert_eq!((mark.len(), mark.as_str()), (26, notice("S1/T9/1").own_mark().as_str()));
        assert_ne!(mark, Notice::mark(NoticeKind::Deferred, "S1/T9/2"));
        assert!(mark.chars().all(|character| character.is_ascii_alphanumeric()), "{mark}");
    }

    #[test]
    fn h65_whoever_made_it_late_is_named() {
        let outage = |from: &str, until: &str| Outage { from: at(from), until: Some(at(until)) };
        let away = [outage("2026-11-23T13:00:00Z", "2026-11-23T20:00:00Z")];
        let before = [outage("2026-11-23T09:00:00Z", "2026-11-23T11:59:00Z")];
        let still = [Outage { from: at("2026-11-24T10:00:00Z"), until: None }];
        let (in_time, late) = ("2026-11-24T11:00:00Z", "2026-11-24T11:00:01Z");
        for (booked, told, outages, fault) in [
            ("2026-11-23T12:00:00Z", in_time, &away[..], None),
            ("2026-11-23T12:00:00Z", late, &away, Some(Fault::Provider)),
            ("2026-11-23T12:00:00Z", late, &still, Some(Fault::Provider)),
            ("2026-11-23T12:00:00Z", late, &before, Some(Fault::Ours)),
            ("2026-11-23T12:00:00Z", late, &[], Some(Fault::Ours)),
            ("2026-11-24T10:30:00Z", late, &[], Some(Fault::Ours)),
            ("2026-11-24T10:30:01Z", late, &[], Some(Fault::Link)),
            ("2026-11-25T10:00:00Z", "2026-11-25T10:00:01Z", &away, Some(Fault::Link)),
        ] {
            let notice = Notice { booked_at: at(booked), ..notice("A") };
            assert_eq!(notice.fault_at(at(told), outages), fault, "{booked} {told} {outages:?}");
        }
    }
}
