//! What can go wrong with programs and products, and why a change of them is refused.

use std::sync::Arc;

use tessera_rules::catalogue::CatalogueError;
use tessera_rules::diagnostic::Diagnostics;
use tessera_storage::{CommitError, StorageError};

use crate::blob::BlobError;

/// Programs or products could not be published or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramsError {
    /// The program files have mistakes; what was live stays live.
    #[error("{0}")]
    Mistakes(Diagnostics),
    /// The products contradict each other; what was live stays live.
    #[error("{0}")]
    Products(#[from] CatalogueError),
    /// Whoever asked may not, or it makes no sense now; nothing has changed.
    #[error(transparent)]
    Refused(#[from] RevisionRefusal),
    /// The storage could not keep or read it.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The storage did not take an act; where its fate is unknown, the history tells.
    #[error("recording what was done: {0}")]
    Commit(#[source] CommitError),
    /// The storage could not list it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The system has no randomness for the origin of a new history.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// What is stored under a number cannot be read any more.
    #[error("{what} {number} cannot be read: {why}")]
    Unreadable {
        /// Revision, catalogue or act.
        what: &'static str,
        /// Its number.
        number: u64,
        /// Why not.
        why: String,
    },
    /// Another call found this out for all that waited for the same.
    #[error(transparent)]
    Shared(Arc<ProgramsError>),
}

/// Why a change of the programs is refused, in the words of whoever asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionRefusal {
    /// People are configured, and nobody signed.
    #[error("people are configured, so this must be signed: add --as KEYFILE")]
    SignatureMissing,
    /// The key is nobody's.
    #[error("the key {key} is nobody's in the engine's configuration: add its [[people]] lines there and restart")]
    UnknownPerson {
        /// The public key.
        key: String,
    },
    /// The person has other roles.
    #[error("{name} does not have the role for this: {needed}")]
    WrongRole {
        /// Who.
        name: String,
        /// Which roles would do.
        needed: &'static str,
    },
    /// The signature does not fit what the request says.
    #[error(
        "the signature does not fit the request: another content, start, note, number or history was signed; nothing was done"
    )]
    BadSignature,
    /// Who approves has published it.
    #[error("{name} published revision {revision}: a second person must approve it")]
    SamePerson {
        /// Who.
        name: String,
        /// What.
        revision: u64,
    },
    /// The number that was signed is not the next one.
    #[error("revision {signed} was signed, the next one is {next}: look at `tessera program history`, then do it anew")]
    RevisionMoved {
        /// What the request says.
        signed: u64,
        /// What it would be.
        next: u64,
    },
    /// There is no such revision.
    #[error("there is no revision {revision}")]
    UnknownRevision {
        /// Its number.
        revision: u64,
    },
    /// It does not wait for an approval.
    #[error("revision {revision} does not wait for an approval")]
    NotAwaiting {
        /// Its number.
        revision: u64,
    },
    /// It is or was in force.
    #[error("revision {revision} has started and stays in history: go back with `tessera program rollback`")]
    HasStarted {
        /// Its number.
        revision: u64,
    },
    /// It cannot be gone back to.
    #[error("revision {revision} never was in force: publish its files instead (`tessera program show {revision}`)")]
    NeverInForce {
        /// Its number.
        revision: u64,
    },
    /// There is nothing to go back to.
    #[error("no other revision was in force before")]
    NothingBefore,
    /// The start is not later than now.
    #[error("the start {starts} is not later than now, {now}: leave it out to start at once")]
    StartInPast {
        /// What was asked for.
        starts: jiff::Timestamp,
        /// The engine's time.
        now: jiff::Timestamp,
    },
    /// Nobody could approve.
    #[error(
        "a program says `four_eyes: true`, and the engine's configuration has no two people of whom one may publish and the other approve"
    )]
    TooFewPeople,
    /// The note would spoil a table or a statement.
    #[error("a note has at most {} characters and no line breaks", super::NOTE_CHARACTERS_MAX)]
    Note,
}
