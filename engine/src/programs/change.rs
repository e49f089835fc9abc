//! Changes of what is in force, beside publishing: approving, taking back, going back. Each is one act.

use std::sync::Arc;

use jiff::Timestamp;
use tessera_contract::signing::PublicKey;
use tessera_rules::revision::Revision;
use tokio::sync::OwnedMutexGuard;

use super::act::{Act, By, Done, Publication, hash_of};
use super::documents::Appended;
use super::error::{ProgramsError, RevisionRefusal};
use super::people::{MissingRight, Person, Role};
use super::publish::watched;
use super::schedule::{Schedule, State};
use super::statement::Statement;
use super::{Programs, Published, compile};

/// Who may take back and go back.
const EITHER: [Role; 2] = [Role::Marketer, Role::Approver];

/// On whose word something is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Authority {
    /// Nobody signed: enough where nobody is configured.
    Nobody,
    /// A person signed.
    Signed(Signed),
}

/// A signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signed {
    /// The person's public key.
    pub key: PublicKey,
    /// Over the act's statement.
    pub signature: [u8; 64],
    /// The number that the act makes or is about, as it was signed.
    pub revision: u64,
}

/// What an approval or a withdrawal did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Approval {
    /// It is done.
    Done,
    /// It had been done before.
    Unchanged,
}

/// An act about to be done.
pub(super) struct Change {
    /// When it is done; what it was checked against was checked at this time.
    pub(super) at: Timestamp,
    pub(super) by: By,
    pub(super) done: Done,
    /// The revision that it makes.
    pub(super) compiled: Option<Revision>,
}

impl Programs {
    /// A second person agrees to a revision that waits for it.
    ///
    /// # Errors
    /// The person may not, or it does not wait; or the storage refuses.
    pub async fn approve(self: &Arc<Self>, revision: u64, authority: Authority) -> Result<Approval, ProgramsError> {
        let turn = Arc::clone(&self.writing).lock_owned().await;
        self.refresh_in_turn().await?;
        let (person, signed) = self.signer(&authority, &[Role::Approver])?.ok_or(RevisionRefusal::SignatureMissing)?;
        let schedule = self.schedule.load_full();
        let entry = schedule.entry(revision).ok_or(RevisionRefusal::UnknownRevision { revision })?;
        let by = stated(person, signed, &entry.agreed(true))?;
        if entry.approved.as_ref().is_some_and(|(_, by)| by.is(&signed.key)) {
            return Ok(Approval::Unchanged);
        }
        if !entry.is_awaiting() {
            return Err(RevisionRefusal::NotAwaiting { revision }.into());
        }
        if is_same_person(&entry.published.1, person) {
            return Err(RevisionRefusal::SamePerson { name: person.name.clone(), revision }.into());
        }
        let change = Change { at: self.act_time(&schedule), by, done: Done::Approved { revision }, compiled: None };
        self.carry_out(turn, schedule, change).await?;
        Ok(Approval::Done)
    }

    /// Takes back a revision that has not started.
    ///
    /// # Errors
    /// The person may not, or it has started; or the storage refuses.
    pub async fn withdraw(self: &Arc<Self>, revision: u64, authority: Authority) -> Result<Approval, ProgramsError> {
        let turn = Arc::clone(&self.writing).lock_owned().await;
        self.refresh_in_turn().await?;
        let signer = self.signer(&authority, &EITHER)?;
        let schedule = self.schedule.load_full();
        let entry = schedule.entry(revision).ok_or(RevisionRefusal::UnknownRevision { revision })?;
        let by = match signer {
            None => By::Nobody,
            Some((person, signed)) => stated(person, signed, &entry.agreed(false))?,
        };
        let at = self.act_time(&schedule);
        match schedule.state(entry, at) {
            State::Withdrawn => return Ok(Approval::Unchanged),
            State::Awaiting | State::Scheduled => {}
            State::Live | State::Past | State::Replaced => return Err(RevisionRefusal::HasStarted { revision }.into()),
        }
        let change = Change { at, by, done: Done::Withdrawn { revision }, compiled: None };
        self.carry_out(turn, schedule, change).await?;
        Ok(Approval::Done)
    }

    /// Makes a new revision, in force at once, with the sources of one that was in force before; none named:
    /// of the one before those of now.
    ///
    /// One person is enough although a program says `four_eyes: true`: what is gone back to took effect under
    /// the rules of its time, and a wrong program must be stopped by whoever sees it. What is published after it
    /// still needs a second person, although what was gone back to did not.
    ///
    /// # Errors
    /// The person may not, or there is nothing to go back to; or the storage refuses.
    pub async fn roll_back(
        self: &Arc<Self>,
        to: Option<u64>,
        note: &str,
        authority: Authority,
    ) -> Result<Published, ProgramsError> {
        super::publish::refuse_note(note)?;
        let turn = Arc::clone(&self.writing).lock_owned().await;
        self.refresh_in_turn().await?;
        let signer = self.signer(&authority, &EITHER)?;
        let schedule = self.schedule.load_full();
        let now = self.now();
        let target = to.or_else(|| schedule.rollback_target(now)).ok_or(RevisionRefusal::NothingBefore)?;
        let entry = schedule.entry(target).ok_or(RevisionRefusal::UnknownRevision { revision: target })?;
        if !schedule.was_in_force(target, now) {
            return Err(RevisionRefusal::NeverInForce { revision: target }.into());
        }
        let number = schedule.next_number();
        let mut made = Publication {
            revision: number,
            restores: Some(target),
            starts: None,
            needs_approval: false,
            note: note.to_owned(),
            ..entry.made.clone()
        };
        if let Some((_, signed)) = signer
            && let Some(before) = repeated(&schedule, &made, signed)?
        {
            return Ok(Published::Unchanged(before));
        }
        let by = match signer {
            None => By::Nobody,
            Some((person, signed)) => stated(person, signed, &made.statement(schedule.newest_act()))?,
        };
        let sources = self.documents.sources(target, entry.content()).await?;
        let compiled = compile(number, now, sources).await?;
        let at = self.act_time(&schedule);
        let live = schedule.entry(schedule.at(at));
        if let Some(live) = live.filter(|live| live.content() == entry.content()) {
            return Ok(Published::Unchanged(live.number()));
        }
        // Going back leaves nobody unwatched who was watched: the next publication needs a second person too.
        made.four_eyes |= watched(&schedule, at);
        let change = Change { at, by, done: Done::Published(made), compiled: Some(compiled.revision) };
        self.carry_out(turn, schedule, change).await?;
        Ok(Published::New(number))
    }

    /// Who signed, and whether they have one of the roles; none: nobody did, and nobody needs to.
    pub(super) fn signer<'a>(
        &'a self,
        authority: &'a Authority,
        roles: &[Role],
    ) -> Result<Option<(&'a Person, &'a Signed)>, RevisionRefusal> {
        match authority {
            Authority::Nobody if self.people.is_empty() => Ok(None),
            Authority::Nobody => Err(RevisionRefusal::SignatureMissing),
            Authority::Signed(signed) => match self.people.with_role(&signed.key, roles) {
                Ok(person) => Ok(Some((person, signed))),
                Err(MissingRight::Unknown) => Err(RevisionRefusal::UnknownPerson { key: signed.key.to_string() }),
                Err(MissingRight::Role(name)) => Err(RevisionRefusal::WrongRole { name, needed: needed(roles) }),
            },
        }
    }

    /// The time of an act that is done now. It is read after all that takes long, and what the act is checked
    /// against is checked at this time: so no act is older than what it starts or takes back.
    pub(super) fn act_time(&self, schedule: &Schedule) -> Timestamp {
        // A clock that stepped back must not put an act before the one it follows (H70).
        self.now().max(schedule.last_at())
    }

    /// Records a change and lets calls see it, in a task of its own: a caller who hangs up between the two
    /// would leave this engine with the schedule of before.
    ///
    /// # Errors
    /// Another engine did something meanwhile, or the storage refuses.
    pub(super) async fn carry_out(
        self: &Arc<Self>,
        turn: OwnedMutexGuard<()>,
        schedule: Arc<Schedule>,
        change: Change,
    ) -> Result<(), ProgramsError> {
        let programs = Arc::clone(self);
        let number = schedule.acts().saturating_add(1);
        let carried = tokio::spawn(async move {
            let _turn = turn;
            let Change { at, by, done, compiled } = change;
            let next = programs.record(&schedule, at, by, done).await?;
            if let Some(revision) = compiled {
                programs.keep_if_near(&next, revision);
            }
            programs.install(next).await
        });
        carried.await.unwrap_or_else(|error| Err(ProgramsError::Unreadable { what: "act", number, why: error.to_string() }))
    }

    /// Appends an act, and the schedule after it.
    async fn record(&self, schedule: &Schedule, at: Timestamp, by: By, done: Done) -> Result<Schedule, ProgramsError> {
        let number = schedule.acts().saturating_add(1);
        let act = Act { at, by, done, previous: schedule.last_act() };
        let unreadable = |why: String| ProgramsError::Unreadable { what: "act", number, why };
        let bytes = act.encode().map_err(|error| unreadable(error.to_string()))?;
        // Before the write: a history that does not follow is not opened any more.
        let next = schedule.after(vec![(act.clone(), hash_of(&bytes))]).map_err(|broken| unreadable(broken.to_string()))?;
        match self.documents.append(number, bytes).await? {
            Appended::Done => {
                tracing::info!(number, by = ?act.by, done = ?act.done, "the programs were changed");
                Ok(next)
            }
            Appended::Taken => {
                self.refresh_in_turn().await?;
                let next = self.schedule.load().next_number();
                Err(RevisionRefusal::RevisionMoved { signed: schedule.next_number(), next }.into())
            }
        }
    }

    /// What was compiled to be checked stays where it is in force, or next.
    fn keep_if_near(&self, schedule: &Schedule, revision: Revision) {
        let (now, number) = (self.now(), revision.number());
        if schedule.at(now) == number || schedule.next_after(now).is_some_and(|(_, next)| next == number) {
            self.revisions_made.put(number, Arc::new(revision));
        }
    }
}

/// The number of the revision that this request made before, when it comes again.
///
/// # Errors
/// The number that was signed is neither the next one nor that of the same thing done before; or the signature
/// does not fit.
pub(super) fn repeated(schedule: &Schedule, made: &Publication, signed: &Signed) -> Result<Option<u64>, RevisionRefusal> {
    if signed.revision == made.revision {
        return Ok(None);
    }
    // What was signed, not what followed from the programs that were in force then.
    let before = Publication { revision: signed.revision, ..made.clone() };
    let after = schedule.act_before(signed.revision);
    let statement = before.statement(after);
    let same = schedule
        .entry(signed.revision)
        .filter(|entry| entry.published.1.is(&signed.key) && entry.made.statement(after) == statement);
    if same.is_none() {
        return Err(RevisionRefusal::RevisionMoved { signed: signed.revision, next: made.revision });
    }
    if signed.key.has_signed(&statement.text(), &signed.signature) {
        Ok(Some(signed.revision))
    } else {
        Err(RevisionRefusal::BadSignature)
    }
}

/// The person's signature, if it fits.
pub(super) fn stated(person: &Person, signed: &Signed, statement: &Statement<'_>) -> Result<By, RevisionRefusal> {
    if signed.key.has_signed(&statement.text(), &signed.signature) {
        Ok(By::person(&person.name, &signed.key, &signed.signature))
    } else {
        Err(RevisionRefusal::BadSignature)
    }
}

/// By key, or by name where somebody got a new key.
fn is_same_person(by: &By, person: &Person) -> bool {
    match by {
        By::Person { name, .. } => by.is(&person.key) || *name == person.name,
        By::Nobody | By::Configuration => false,
    }
}

fn needed(roles: &[Role]) -> &'static str {
    match roles {
        [Role::Marketer] => "marketer",
        [Role::Approver] => "approver",
        _ => "marketer or approver",
    }
}
