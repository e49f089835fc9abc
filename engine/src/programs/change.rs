//! Changes of what is in force, beside publishing: approving, taking back, going back. Each is one act.

use super::act::{Act, By, Done, Publication};
use super::documents::Appended;
use super::error::{ProgramsError, RevisionRefusal};
use super::people::{MissingRight, Person, PublicKey, Role};
use super::publish::watched;
use super::schedule::{Schedule, State};
use super::statement::{NO_ACT, Statement};
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

impl Programs {
    /// A second person agrees to a revision that waits for it.
    ///
    /// # Errors
    /// The person may not, or it does not wait; or the storage refuses.
    pub async fn approve(&self, revision: u64, authority: Authority) -> Result<Approval, ProgramsError> {
        let _turn = self.writing.lock().await;
        self.refresh_in_turn().await?;
        let (person, signed) = self.signer(&authority, &[Role::Approver])?.ok_or(RevisionRefusal::SignatureMissing)?;
        let schedule = self.schedule.load_full();
        let entry = schedule.entry(revision).ok_or(RevisionRefusal::UnknownRevision { revision })?;
        if entry.approved.as_ref().is_some_and(|(_, by)| by.is(&signed.key)) {
            return Ok(Approval::Unchanged);
        }
        if !entry.is_awaiting() {
            return Err(RevisionRefusal::NotAwaiting { revision }.into());
        }
        if is_same_person(&entry.published.1, person) {
            return Err(RevisionRefusal::SamePerson { name: person.name.clone(), revision }.into());
        }
        let by = stated(person, signed, &entry.agreed(true))?;
        let next = self.record(&schedule, by, Done::Approved { revision }).await?;
        self.install(next).await?;
        Ok(Approval::Done)
    }

    /// Takes back a revision that has not started.
    ///
    /// # Errors
    /// The person may not, or it has started; or the storage refuses.
    pub async fn withdraw(&self, revision: u64, authority: Authority) -> Result<Approval, ProgramsError> {
        let _turn = self.writing.lock().await;
        self.refresh_in_turn().await?;
        let signer = self.signer(&authority, &EITHER)?;
        let schedule = self.schedule.load_full();
        let entry = schedule.entry(revision).ok_or(RevisionRefusal::UnknownRevision { revision })?;
        match schedule.state(entry, self.now()) {
            State::Withdrawn => return Ok(Approval::Unchanged),
            State::Awaiting | State::Scheduled => {}
            State::Live | State::Past | State::Replaced => return Err(RevisionRefusal::HasStarted { revision }.into()),
        }
        let by = match signer {
            None => By::Nobody,
            Some((person, signed)) => stated(person, signed, &entry.agreed(false))?,
        };
        let next = self.record(&schedule, by, Done::Withdrawn { revision }).await?;
        self.install(next).await?;
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
    pub async fn roll_back(&self, to: Option<u64>, note: &str, authority: Authority) -> Result<Published, ProgramsError> {
        super::publish::refuse_note(note)?;
        let _turn = self.writing.lock().await;
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
        let made = Publication {
            revision: number,
            restores: Some(target),
            starts: None,
            // Going back leaves nobody unwatched who was watched: the next publication needs a second person too.
            four_eyes: entry.made.four_eyes || watched(&schedule, now),
            needs_approval: false,
            note: note.to_owned(),
            ..entry.made.clone()
        };
        if let Some((_, signed)) = signer
            && let Some(before) = repeated(&schedule, &made, signed)?
        {
            return Ok(Published::Unchanged(before));
        }
        let live = schedule.entry(schedule.at(now));
        if let Some(live) = live.filter(|live| live.content() == entry.content()) {
            return Ok(Published::Unchanged(live.number()));
        }
        let by = match signer {
            None => By::Nobody,
            Some((person, signed)) => stated(person, signed, &made.statement(schedule.newest_act()))?,
        };
        let sources = self.documents.sources(target, entry.content()).await?;
        let compiled = compile(number, now, sources).await?;
        let next = self.record(&schedule, by, Done::Published(made)).await?;
        self.revisions_made.put(number, std::sync::Arc::new(compiled.revision));
        self.install(next).await?;
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

    /// Appends an act, and the schedule after it.
    ///
    /// # Errors
    /// Another engine did something meanwhile, or the storage refuses.
    pub(super) async fn record(&self, schedule: &Schedule, by: By, done: Done) -> Result<Schedule, ProgramsError> {
        let number = schedule.acts().saturating_add(1);
        // A clock that stepped back must not put an act before the one it follows (H70).
        let act = Act { at: self.now().max(schedule.last_at()), by, done, previous: schedule.last_act() };
        match self.documents.append(number, &act).await? {
            Appended::Done(hash) => {
                tracing::info!(number, by = ?act.by, done = ?act.done, "the programs were changed");
                let broken =
                    |error: super::schedule::Broken| ProgramsError::Unreadable { what: "act", number, why: error.to_string() };
                schedule.after(vec![(act, hash)]).map_err(broken)
            }
            Appended::Taken => {
                self.refresh_in_turn().await?;
                let next = self.schedule.load().next_number();
                Err(RevisionRefusal::RevisionMoved { signed: schedule.next_number(), next }.into())
            }
        }
    }
}

/// The number of the revision that this request made before, when it comes again.
///
/// # Errors
/// The number that was signed is neither the next one nor that of the same thing done before.
pub(super) fn repeated(schedule: &Schedule, made: &Publication, signed: &Signed) -> Result<Option<u64>, RevisionRefusal> {
    if signed.revision == made.revision {
        return Ok(None);
    }
    // What was signed, not what followed from the programs that were in force then.
    let same = schedule.entry(signed.revision).filter(|entry| {
        let before = Publication { revision: signed.revision, ..made.clone() };
        entry.published.1.is(&signed.key) && entry.made.statement(NO_ACT) == before.statement(NO_ACT)
    });
    match same {
        Some(entry) => Ok(Some(entry.number())),
        None => Err(RevisionRefusal::RevisionMoved { signed: signed.revision, next: made.revision }),
    }
}

/// The person's signature, if it fits.
pub(super) fn stated(person: &Person, signed: &Signed, statement: &Statement<'_>) -> Result<By, RevisionRefusal> {
    if signed.key.has_signed(statement, &signed.signature) {
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
