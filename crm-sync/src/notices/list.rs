//! What people are shown of notices: how many are in which state, and those that are due, late, or wait for people, each with
//! why. Nothing of it is personal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::book::{Book, BookError, counter};
use super::notice::{Fault, Notice, Outage, State};
use super::{layout, progress};

/// Notices of one list.
pub const LIST_MAX: usize = 1_000;
/// How far ahead open notices are looked for: receipts of the last ones are waited for no longer.
const HOURS_AHEAD: u32 = 14 * 24;
/// Hints that are read at once.
const PAGE: usize = 1_000;

/// Which notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Still to be told, the earliest deadline first.
    Due,
    /// Told too late, or still to be told and overdue.
    Late,
    /// Undeliverable or of unknown fate: for people.
    Undeliverable,
}

/// A notice as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Shown {
    /// Its mark, by which it is named.
    pub mark: String,
    /// Whose fault it is that it is late; none: it is not.
    pub late: Option<Fault>,
    /// Why it stands where it stands, for people.
    pub why: String,
    /// What its attempts cost, micros.
    pub cost_micros: u64,
    /// The notice.
    #[serde(flatten)]
    pub notice: Notice,
}

impl Shown {
    /// Its state in one word.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        counter(self.notice.state)
    }
}

/// A list with the sums of all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct List {
    /// How many notices are in each state, and how many were told late by whose fault.
    pub counts: BTreeMap<&'static str, i64>,
    /// Times in which no route worked.
    pub outages: Vec<Outage>,
    /// The notices; at most [`LIST_MAX`].
    pub notices: Vec<Shown>,
}

/// Reads a list.
///
/// # Errors
/// The storage cannot be read.
pub async fn list(book: &Book, which: Which, limit: usize, now: Timestamp) -> Result<List, BookError> {
    let outages = book.outages().await?.value;
    let limit = limit.min(LIST_MAX);
    let mut notices = match which {
        Which::Due => open(book, now, None).await?,
        Which::Undeliverable => of_bucket(book, layout::FOR_PEOPLE, limit).await?,
        Which::Late => {
            let mut late = open(book, now, Some(now)).await?;
            late.extend(of_bucket(book, layout::LATE, limit).await?);
            late
        }
    };
    notices.sort_by(|a, b| (a.due_at, &a.chain).cmp(&(b.due_at, &b.chain)));
    notices.truncate(limit);
    let notices = notices.into_iter().map(|notice| shown(notice, now, &outages)).collect();
    Ok(List { counts: book.counts().await?, outages, notices })
}

/// Lets notices that wait for people be tried anew; without a mark all of them. Gives how many there were.
///
/// # Errors
/// The storage failed.
pub async fn retry(book: &Book, mark: Option<&str>, now: Timestamp) -> Result<usize, BookError> {
    let mut retried = 0_usize;
    if let Some(mark) = mark {
        return Ok(usize::from(book.change(mark, |notice| progress::retry(notice, now)).await?.is_some()));
    }
    let mut after: Option<bytes::Bytes> = None;
    loop {
        let hints = book.hints(layout::FOR_PEOPLE, after.as_deref(), PAGE).await?;
        let Some((last, _)) = hints.last() else { return Ok(retried) };
        after = Some(last.clone());
        for (key, _) in &hints {
            let Some((mark, _)) = layout::read_hint_key(key) else { continue };
            retried =
                retried.saturating_add(usize::from(book.change(mark, |notice| progress::retry(notice, now)).await?.is_some()));
        }
    }
}

/// Open notices that are still to be told: of each hour the earliest deadlines, those before `due_before` where it is given.
async fn open(book: &Book, now: Timestamp, due_before: Option<Timestamp>) -> Result<Vec<Notice>, BookError> {
    let first = book.read::<u32>("the first hour", &layout::single("work")).await?;
    let hour = layout::hour(now);
    let first = first.map_or(hour, |kept| kept.value);
    let mut found: Vec<(bytes::Bytes, u32)> = Vec::new();
    for bucket in first..=hour.saturating_add(HOURS_AHEAD) {
        let hints = book.hints(bucket, None, LIST_MAX).await?;
        found.extend(hints.into_iter().map(|(key, _)| (key, bucket)));
    }
    found.sort();
    let mut notices = Vec::new();
    for (key, _) in found {
        if notices.len() >= LIST_MAX {
            break;
        }
        let Some(notice) = of_key(book, &key).await? else { continue };
        if due_before.is_some_and(|before| notice.due_at >= before) {
            break;
        }
        if notice.is_to_tell() {
            notices.push(notice);
        }
    }
    Ok(notices)
}

async fn of_bucket(book: &Book, bucket: u32, limit: usize) -> Result<Vec<Notice>, BookError> {
    let mut notices = Vec::new();
    for (key, _) in book.hints(bucket, None, limit).await? {
        notices.extend(of_key(book, &key).await?);
    }
    Ok(notices)
}

async fn of_key(book: &Book, key: &[u8]) -> Result<Option<Notice>, BookError> {
    let Some((mark, _)) = layout::read_hint_key(key) else { return Ok(None) };
    Ok(book.notice(mark).await?.map(|kept| kept.value))
}

fn shown(notice: Notice, now: Timestamp, outages: &[Outage]) -> Shown {
    let late = notice.late.or_else(|| notice.fault_at(now, outages).filter(|_| notice.is_to_tell()));
    Shown { mark: notice.own_mark(), late, why: why(&notice), cost_micros: notice.cost_micros(), notice }
}

/// Why a notice stands where it stands, in words for people.
#[must_use]
pub fn why(notice: &Notice) -> String {
    use super::notice::{Ending, Reason};
    let hindrance = notice.hindrance.as_ref().map(|hindrance| hindrance.why.as_str());
    let last = notice.attempts.last().map(|attempt| match &attempt.result {
        super::notice::AttemptResult::Unknown(why) => why.as_str(),
        super::notice::AttemptResult::Refused(code) | super::notice::AttemptResult::NotDelivered(code) => code.as_str(),
        super::notice::AttemptResult::Started
        | super::notice::AttemptResult::Accepted
        | super::notice::AttemptResult::Delivered => "",
    });
    match notice.state {
        State::Due => hindrance.map_or_else(|| format!("waits until {:.0}", notice.look_at), str::to_owned),
        State::Sending => "is being sent".to_owned(),
        State::Unsure => format!("{}; sent once more after {:.0}", last.unwrap_or_default(), notice.look_at),
        State::Sent => "the provider has it".to_owned(),
        State::Unconfirmed => "the provider has it and said no more".to_owned(),
        State::Delivered => "arrived".to_owned(),
        State::Unknown => format!("sent twice, and nobody knows: {}", last.unwrap_or_default()),
        State::Undeliverable(Reason::UnknownCustomer) => "the engine knows no such customer".to_owned(),
        State::Undeliverable(Reason::Stopped) => "the customer wants no messages".to_owned(),
        State::Undeliverable(Reason::NoAddress) => "the customer left no address".to_owned(),
        State::Undeliverable(Reason::NoRoute) => "no route goes to the customer's address".to_owned(),
        State::Undeliverable(Reason::Refused) => format!("every provider refused it, the last with {}", last.unwrap_or_default()),
        State::Undeliverable(Reason::NotDelivered) => {
            format!("it did not arrive, the last code was {}", last.unwrap_or_default())
        }
        State::Undeliverable(Reason::TooManyCodes) => "too many codes were sent of late".to_owned(),
        State::Ended(Ending::Lapsed) => "the code is not good any more".to_owned(),
        State::Ended(Ending::NoReward) => "the sale gave no reward".to_owned(),
        State::Ended(Ending::CameBack) => "all that the sale gave was taken back".to_owned(),
    }
}
