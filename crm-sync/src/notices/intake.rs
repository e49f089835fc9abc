//! Reads notices from the feed: an outcome that says that a notice is due makes one, once (H61), and whatever comes later of the
//! same receipt chain changes what it tells, as long as it has not been told (H66).

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_contract::convert::timestamp_from_wire;
use tessera_proto::billing::v1::{Outcome, OutcomeKind, Reward};
use tessera_proto::feed::v1::FollowResponse;
use tessera_storage::Version;

use super::book::{Book, BookError};
use super::codes::CodeOf;
use super::layout;
use super::notice::{Ending, Notice, NoticeKind, State};
use super::tells::{self, Given, Told};
use crate::follow;
use crate::limits::COMMITS_IN_FLIGHT_MAX;
use crate::mirror::place::Place;

/// Digits of each asset, by revision.
pub type Digits = BTreeMap<u64, BTreeMap<String, u32>>;

/// What is known when outcomes are taken in.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Of assets.
    pub digits: &'a Digits,
    /// The time: a new notice is looked at from now on.
    pub now: Timestamp,
}

/// How far the feed is read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Read {
    cursor: Vec<u8>,
    /// The last outcome.
    pub place: Place,
    /// When it was booked; none: nothing was read.
    pub booked_at: Option<Timestamp>,
}

impl Read {
    /// Where a follower goes on.
    #[must_use]
    pub fn position(&self) -> follow::Position {
        follow::Position::after(self.cursor.clone())
    }
}

/// The one who reads the feed for notices.
#[derive(Debug)]
pub struct Intake {
    book: Arc<Book>,
    read: Read,
    version: Version,
}

/// What one outcome means for the notice of a chain.
#[derive(Clone, Copy, Debug)]
enum Change<'a> {
    /// It is due.
    Make(&'a Outcome, Timestamp),
    /// More was given, or something was taken back.
    Add(&'a Outcome, Option<&'a Reward>),
}

/// A change with its place in the feed.
type Placed<'a> = (Place, Change<'a>);

impl Intake {
    /// Goes on where the book stands.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn open(book: Arc<Book>) -> Result<Self, BookError> {
        let kept = book.read::<Read>("the position", &layout::single("feed")).await?;
        let (version, read) = kept.map_or((Version::NONE, Read::default()), |kept| (kept.version, kept.value));
        Ok(Self { book, read, version })
    }

    /// How far the feed is read.
    #[must_use]
    pub fn read(&self) -> &Read {
        &self.read
    }

    /// Revisions whose assets are to be known before these outcomes are taken in.
    #[must_use]
    pub fn revisions(responses: &[FollowResponse]) -> Vec<u64> {
        let outcomes = responses.iter().filter_map(|response| response.outcome.as_ref());
        let due = outcomes.filter(|outcome| outcome.notice_due_at.is_some() && outcome.revision > 0);
        let mut revisions: Vec<u64> = due.map(|outcome| outcome.revision).collect();
        revisions.sort_unstable();
        revisions.dedup();
        revisions
    }

    /// Takes outcomes in, whole commits in the order of the feed. When this returns they are on disk; stopped in between, they
    /// come again and change nothing twice.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn take(&mut self, responses: &[FollowResponse], known: Known<'_>) -> Result<(), BookError> {
        let Some(last) = responses.last() else { return Ok(()) };
        assert!(!last.cursor.is_empty(), "a batch ends with a whole commit");
        let mut read = self.read.clone();
        let mut asking = Vec::new();
        let mut chains: BTreeMap<&str, Vec<Placed<'_>>> = BTreeMap::new();
        for response in responses {
            read.place = read.place.next(response.sequence);
            let Some(outcome) = &response.outcome else { continue };
            read.booked_at = outcome.booked_at.as_ref().and_then(timestamp_from_wire);
            if outcome.recorded_answers.iter().any(|answer| answer.code_until.is_some()) {
                asking.push((outcome, read.place));
            }
            for (chain, change) in changes(outcome) {
                chains.entry(chain).or_default().push((read.place, change));
            }
        }
        for (outcome, place) in &asking {
            write_codes(&self.book, outcome, *place, known).await?;
        }
        let mut writes = FuturesUnordered::new();
        for (chain, changes) in chains {
            if writes.len() >= COMMITS_IN_FLIGHT_MAX {
                writes.try_next().await?;
            }
            writes.push(write(&self.book, chain, changes, known));
        }
        while writes.try_next().await?.is_some() {}
        drop(writes);
        read.cursor = last.cursor.to_vec();
        assert!(self.book.write(layout::single("feed"), self.version, &read).await?, "one process reads the feed into a book");
        self.version = Version(self.version.0.saturating_add(1));
        self.read = read;
        Ok(())
    }
}

/// What an outcome means, by chain.
fn changes(outcome: &Outcome) -> Vec<(&str, Change<'_>)> {
    let due_at = outcome.notice_due_at.as_ref().and_then(timestamp_from_wire);
    if let Some(due_at) = due_at.filter(|_| !outcome.customer_id.is_empty()) {
        return vec![(outcome.receipt_id.as_str(), Change::Make(outcome, due_at))];
    }
    if outcome.kind == i32::from(OutcomeKind::Return) && !outcome.original_receipt_id.is_empty() {
        return vec![(outcome.original_receipt_id.as_str(), Change::Add(outcome, None))];
    }
    // What a sale did to somebody else's account is that one's, and no notice of the sale tells it.
    if outcome.kind == i32::from(OutcomeKind::FollowUp) {
        return Vec::new();
    }
    // What waited for answers and is given now was earned by an earlier sale.
    let earlier = outcome.rewards.iter().filter(|reward| !reward.earned_by_receipt_id.is_empty());
    earlier.map(|reward| (reward.earned_by_receipt_id.as_str(), Change::Add(outcome, Some(reward)))).collect()
}

async fn write(book: &Book, chain: &str, changes: Vec<Placed<'_>>, known: Known<'_>) -> Result<(), BookError> {
    let mark = Notice::mark(NoticeKind::Deferred, chain);
    loop {
        let kept = book.notice(&mark).await?;
        let before = kept.as_ref().map(|kept| &kept.value);
        let Some(notice) = after(before, chain, &changes, known) else { return Ok(()) };
        if let Some(written) = book.put(kept.as_ref(), notice).await? {
            book.tell(&written);
            return Ok(());
        }
    }
}

/// Makes the notices of the codes that an outcome asks for, once. What comes too late is written down as that.
async fn write_codes(book: &Book, outcome: &Outcome, place: Place, known: Known<'_>) -> Result<(), BookError> {
    for (code, until) in outcome.recorded_answers.iter().filter_map(|answer| CodeOf::asked(outcome, answer)) {
        let state = if until <= known.now { State::Ended(Ending::Lapsed) } else { State::Due };
        let chain = code.chain();
        let notice = Notice { kind: NoticeKind::Code, code: Some(code), state, ..new(&chain, outcome, (until, place), known) };
        if book.notice(&notice.own_mark()).await?.is_none()
            && let Some(written) = book.put(None, notice).await?
        {
            book.tell(&written);
        }
    }
    Ok(())
}

/// The notice with these changes in it; none: nothing has changed, or there is none.
fn after(before: Option<&Notice>, chain: &str, changes: &[Placed<'_>], known: Known<'_>) -> Option<Notice> {
    let mut notice = before.cloned();
    for (place, change) in changes {
        match (&mut notice, change) {
            (None, Change::Make(outcome, due_at)) => notice = Some(made(chain, outcome, (*due_at, *place), known)),
            (Some(notice), Change::Add(outcome, reward)) if *place > notice.folded => {
                let rewards = reward.map_or(outcome.rewards.as_slice(), std::slice::from_ref);
                change_tells(notice, rewards, known.digits.get(&outcome.revision));
                notice.folded = *place;
            }
            (Some(_), Change::Make(..) | Change::Add(..)) | (None, Change::Add(..)) => {}
        }
    }
    notice.filter(|notice| before != Some(notice))
}

fn made(chain: &str, outcome: &Outcome, due: (Timestamp, Place), known: Known<'_>) -> Notice {
    let digits = known.digits.get(&outcome.revision);
    let mut tells = Vec::new();
    tells::add(&mut tells, &outcome.rewards, |asset| digits_of(&[], digits, asset));
    let state = if tells::is_nothing(&tells) { State::Ended(Ending::NoReward) } else { State::Due };
    Notice { tells, state, ..new(chain, outcome, due, known) }
}

/// A notice of an outcome that tells nothing yet.
fn new(chain: &str, outcome: &Outcome, (due_at, place): (Timestamp, Place), known: Known<'_>) -> Notice {
    let booked_at = outcome.booked_at.as_ref().and_then(timestamp_from_wire).unwrap_or(due_at);
    Notice {
        kind: NoticeKind::Deferred,
        chain: chain.to_owned(),
        customer: outcome.customer_id.clone(),
        account: outcome.account_id.clone(),
        store: outcome.store_id.clone(),
        booked_at,
        due_at,
        folded: place,
        tells: Vec::new(),
        state: State::Due,
        look_at: known.now,
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

fn change_tells(notice: &mut Notice, rewards: &[Reward], known: Option<&BTreeMap<String, u32>>) {
    let told = notice.tells.clone();
    tells::add(&mut notice.tells, rewards, |asset| digits_of(&told, known, asset));
    let less = |reward: &Reward| reward.units < 0 || reward.amount_minor < 0 || reward.draw_tickets < 0;
    if !notice.is_untold() {
        notice.came_back_after |= rewards.iter().any(less);
    } else if tells::is_nothing(&notice.tells) {
        notice.state = State::Ended(Ending::CameBack);
    }
}

/// Digits of an asset: as the notice tells it already, else as the revision says.
fn digits_of(told: &[Told], known: Option<&BTreeMap<String, u32>>, asset: &str) -> u32 {
    let told = told.iter().find_map(|told| match &told.given {
        Given::Asset { id, digits } if id == asset => Some(*digits),
        Given::Asset { .. } | Given::Coupon | Given::Prize(_) | Given::Tier(_) | Given::Tickets => None,
    });
    told.or_else(|| known.and_then(|known| known.get(asset).copied())).unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests;
