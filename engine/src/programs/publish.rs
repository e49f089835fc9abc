//! Publishing: sources become a numbered revision that is in force from its start on.

use std::sync::Arc;

use blake3::Hash;
use jiff::Timestamp;
use tessera_rules::revision::{Revision, Source};
use tokio::sync::OwnedMutexGuard;

use super::act::{By, Done, Publication};
use super::change::{Change, repeated, stated};
use super::error::{ProgramsError, RevisionRefusal};
use super::people::Role;
use super::schedule::Schedule;
use super::{Authority, Entry, NOTE_CHARACTERS_MAX, Programs, Published, compile};

/// What is to be published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// The program files.
    pub sources: Vec<Source>,
    /// When it starts, later than now; none: at once.
    pub starts: Option<Timestamp>,
    /// What for, at most [`NOTE_CHARACTERS_MAX`] characters.
    pub note: String,
}

/// What became of the program files of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Configured {
    /// They are a revision, made now or before.
    Published(Published),
    /// They are not what is in force, and people are configured: one of them must sign.
    NeedsSignature,
}

impl Publication {
    /// Of a compiled revision.
    pub(super) fn of(revision: &Revision, starts: Option<Timestamp>, note: &str) -> Self {
        Self {
            revision: revision.number(),
            content: Hash::from_bytes(revision.hash()),
            starts,
            restores: None,
            four_eyes: revision.programs().iter().any(|program| program.four_eyes),
            needs_approval: false,
            campaigns: u64::try_from(revision.campaigns().len()).unwrap_or(u64::MAX),
            note: note.to_owned(),
        }
    }
}

impl Programs {
    /// Checks and stores a revision, in force from `valid_from` on, which may have passed; unless the one in
    /// force then has the same sources. Nobody signs and nobody approves: for storages that are nobody's to
    /// watch over, as a replay's or the demo's.
    ///
    /// # Errors
    /// Mistakes in the files, all at once; or the storage refuses.
    pub async fn publish(self: &Arc<Self>, sources: &[Source], valid_from: Timestamp) -> Result<Published, ProgramsError> {
        let turn = Arc::clone(&self.writing).lock_owned().await;
        self.refresh_in_turn().await?;
        let schedule = self.schedule.load_full();
        let revision = compile(schedule.next_number(), valid_from, sources.to_vec()).await?.revision;
        let made = Publication::of(&revision, Some(valid_from), "");
        if let Some(same) = says_the_same(&schedule, &made, valid_from) {
            return Ok(Published::Unchanged(same.number()));
        }
        let at = self.act_time(&schedule);
        self.make(turn, schedule, Making { at, by: By::Nobody, made, revision, sources }).await
    }

    /// Checks and stores a revision on somebody's word. It waits for a second person where one of its
    /// programs, or one that is in force now or when it starts, says `four_eyes: true`: else whoever leaves
    /// that line out would need nobody.
    ///
    /// # Errors
    /// Whoever asks may not; mistakes in the files, all at once; or the storage refuses.
    pub async fn publish_draft(self: &Arc<Self>, draft: &Draft, authority: Authority) -> Result<Published, ProgramsError> {
        refuse_note(&draft.note)?;
        let turn = Arc::clone(&self.writing).lock_owned().await;
        self.refresh_in_turn().await?;
        // Before the work: who may not publish has nothing compiled.
        let signer = self.signer(&authority, &[Role::Marketer])?;
        let schedule = self.schedule.load_full();
        let starts_at = draft.starts.unwrap_or_else(|| self.now());
        let revision = compile(schedule.next_number(), starts_at, draft.sources.clone()).await?.revision;
        let mut made = Publication::of(&revision, draft.starts, &draft.note);
        if let Some((_, signed)) = signer
            && let Some(before) = repeated(&schedule, &made, signed)?
        {
            return Ok(Published::Unchanged(before));
        }
        let by = match signer {
            None => By::Nobody,
            Some((person, signed)) => stated(person, signed, &made.statement(schedule.newest_act()))?,
        };
        let at = self.act_time(&schedule);
        if let Some(starts) = draft.starts.filter(|starts| *starts <= at) {
            return Err(RevisionRefusal::StartInPast { starts, now: at }.into());
        }
        let starts_at = draft.starts.unwrap_or(at);
        if let Some(same) = says_the_same(&schedule, &made, starts_at) {
            return Ok(Published::Unchanged(same.number()));
        }
        made.needs_approval = made.four_eyes || watched(&schedule, at) || watched(&schedule, starts_at);
        if made.needs_approval && !self.people.can_have_four_eyes() {
            return Err(RevisionRefusal::TooFewPeople.into());
        }
        self.make(turn, schedule, Making { at, by, made, revision, sources: &draft.sources }).await
    }

    /// Publishes the program files of the configuration at once, where they are others than when they were
    /// last published from there. What people published, scheduled or rolled back since then stays.
    ///
    /// # Errors
    /// Mistakes in the files, all at once; or the storage refuses.
    pub async fn publish_configured(self: &Arc<Self>, sources: &[Source]) -> Result<Configured, ProgramsError> {
        let turn = Arc::clone(&self.writing).lock_owned().await;
        self.refresh_in_turn().await?;
        let schedule = self.schedule.load_full();
        let revision = compile(schedule.next_number(), self.now(), sources.to_vec()).await?.revision;
        let at = self.act_time(&schedule);
        let made = Publication::of(&revision, None, "");
        let last = schedule.revisions().iter().rev().find(|entry| entry.published.1 == By::Configuration);
        let same = last.filter(|entry| entry.content() == made.content).or_else(|| says_the_same(&schedule, &made, at));
        if let Some(same) = same {
            return Ok(Configured::Published(Published::Unchanged(same.number())));
        }
        if !self.people.is_empty() {
            return Ok(Configured::NeedsSignature);
        }
        if made.four_eyes || watched(&schedule, at) {
            return Err(RevisionRefusal::TooFewPeople.into());
        }
        let making = Making { at, by: By::Configuration, made, revision, sources };
        self.make(turn, schedule, making).await.map(Configured::Published)
    }

    async fn make(
        self: &Arc<Self>,
        turn: OwnedMutexGuard<()>,
        schedule: Arc<Schedule>,
        making: Making<'_>,
    ) -> Result<Published, ProgramsError> {
        let Making { at, by, made, revision, sources } = making;
        let number = made.revision;
        self.documents.put_sources(made.content, sources).await?;
        self.carry_out(turn, schedule, Change { at, by, done: Done::Published(made), compiled: Some(revision) }).await?;
        Ok(Published::New(number))
    }
}

/// A revision about to be made.
struct Making<'a> {
    at: Timestamp,
    by: By,
    made: Publication,
    revision: Revision,
    sources: &'a [Source],
}

/// The revision that makes publishing this needless: in force at that start, or waiting with that start.
fn says_the_same<'a>(schedule: &'a Schedule, made: &Publication, starts_at: Timestamp) -> Option<&'a Entry> {
    let in_force = schedule.entry(schedule.at(starts_at)).filter(|entry| entry.content() == made.content);
    let waiting = || {
        schedule
            .revisions()
            .iter()
            .find(|entry| entry.is_awaiting() && entry.content() == made.content && entry.made.starts == made.starts)
    };
    in_force.or_else(waiting)
}

/// Whether a program in force at that time says `four_eyes: true`, or came in force over one that did by going back.
pub(super) fn watched(schedule: &Schedule, at: Timestamp) -> bool {
    schedule.entry(schedule.at(at)).is_some_and(|entry| entry.made.four_eyes)
}

/// A note stands in tables and statements.
pub(super) fn refuse_note(note: &str) -> Result<(), RevisionRefusal> {
    if note.chars().count() > NOTE_CHARACTERS_MAX || note.chars().any(char::is_control) {
        return Err(RevisionRefusal::Note);
    }
    Ok(())
}
