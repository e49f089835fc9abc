//! Revisions as people read them.

use jiff::Timestamp;
use tessera_proto::admin::v1::{Revision, RevisionState, Signer};

use crate::cli::till::fill::time_zone_here;

/// Hex digits of a hash that tell revisions apart for people.
const SHORT_DIGITS: usize = 12;

/// Where a revision stands.
pub(super) const fn state(state: RevisionState) -> &'static str {
    match state {
        RevisionState::Unspecified => "unknown",
        RevisionState::AwaitingApproval => "awaiting approval",
        RevisionState::Scheduled => "scheduled",
        RevisionState::Live => "live",
        RevisionState::Past => "past",
        RevisionState::Withdrawn => "withdrawn",
        RevisionState::Replaced => "replaced",
    }
}

/// Who did something.
pub(super) fn signer(signer: Option<&Signer>) -> String {
    match signer {
        None => String::new(),
        Some(signer) if signer.from_configuration => "configuration".to_owned(),
        Some(signer) if signer.name.is_empty() => "unsigned".to_owned(),
        Some(signer) => signer.name.clone(),
    }
}

/// A time of the wire where this command runs, with its zone.
pub(crate) fn time(at: Option<&tessera_proto::Timestamp>) -> String {
    let at = at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
    at.map_or_else(String::new, |at| at.to_zoned(time_zone_here()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
}

/// A hash, short.
pub(super) fn short(hash: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(hash).chars().take(SHORT_DIGITS).collect()
}

/// What stands behind a number: `revision 3 is live`, and what follows it.
pub(super) fn sentence(
    number: u64,
    standing: RevisionState,
    starts_at: Option<&tessera_proto::Timestamp>,
    replaced_by: &[u64],
) -> String {
    let mut text = match standing {
        RevisionState::AwaitingApproval => {
            format!("revision {number} waits for a second person: tessera program approve {number} --as KEYFILE")
        }
        RevisionState::Scheduled => format!("revision {number} starts {}", time(starts_at)),
        RevisionState::Live
        | RevisionState::Past
        | RevisionState::Withdrawn
        | RevisionState::Replaced
        | RevisionState::Unspecified => format!("revision {number} is {}", state(standing)),
    };
    if !replaced_by.is_empty() {
        let later: Vec<String> = replaced_by.iter().map(u64::to_string).collect();
        text.push_str(&format!(
            "; later ones stay as they were published: revision {} replaces it at its start (tessera program history)",
            later.join(", ")
        ));
    }
    text.push('\n');
    text
}

/// The same of a revision that was told whole.
pub(super) fn sentence_of(revision: &Revision, replaced_by: &[u64]) -> String {
    sentence(revision.number, revision.state(), revision.starts_at.as_ref(), replaced_by)
}

/// Said where nobody signed.
pub(super) const UNSIGNED: &str = "unsigned: no people are configured (tessera person new)\n";

/// One row of a table from a note: no wider than a screen.
pub(super) fn note(revision: &Revision) -> String {
    if revision.restores == 0 {
        return revision.note.clone();
    }
    let back = format!("back to {}", revision.restores);
    if revision.note.is_empty() { back } else { format!("{back}: {}", revision.note) }
}
