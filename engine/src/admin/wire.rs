//! Revisions on the wire and back.

use jiff::Timestamp;
use tessera_contract::convert::{timestamp_from_wire, timestamp_to_wire};
use tessera_contract::refusal::Refusal;
use tessera_contract::signing::PublicKey;
use tessera_proto::admin::v1::{PersonSignature, ProgramSource, Revision, RevisionState, Signer};
use tessera_rules::revision::Source;

use crate::programs::{Authority, By, Signed, State, Told};

/// Files of one revision.
const SOURCES_MAX: usize = 64;
/// Characters of a file's name.
const NAME_CHARACTERS_MAX: usize = 256;

/// The sources of a request.
pub(super) fn sources(sources: Vec<ProgramSource>) -> Result<Vec<Source>, Refusal> {
    if sources.is_empty() || sources.len() > SOURCES_MAX {
        return Err(Refusal::fault("sources", "must hold 1 to 64 files"));
    }
    for (place, source) in sources.iter().enumerate() {
        if source.name.is_empty() || source.name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(Refusal::fault(format!("sources[{place}].name"), "must have 1 to 256 characters"));
        }
    }
    Ok(sources.into_iter().map(|source| Source { name: source.name, text: source.text }).collect())
}

/// Sources as they are sent.
pub(super) fn sources_to_wire(sources: Vec<Source>) -> Vec<ProgramSource> {
    sources.into_iter().map(|source| ProgramSource { name: source.name, text: source.text }).collect()
}

/// A start; none: at once.
pub(super) fn starts(wire: Option<&tessera_proto::Timestamp>) -> Result<Option<Timestamp>, Refusal> {
    let Some(wire) = wire else { return Ok(None) };
    timestamp_from_wire(wire).map(Some).ok_or_else(|| Refusal::fault("valid_from", "must be a time in years 1 to 9999"))
}

/// Who asks; `revision` is the number that was signed.
pub(super) fn authority(wire: Option<&PersonSignature>, revision: u64) -> Result<Authority, Refusal> {
    let Some(wire) = wire else { return Ok(Authority::Nobody) };
    if revision == 0 {
        return Err(Refusal::fault("revision", "is required with a signature"));
    }
    let key = <[u8; 32]>::try_from(wire.public_key.as_slice()).ok().and_then(|bytes| PublicKey::from_bytes(&bytes));
    let key = key.ok_or_else(|| Refusal::fault("signature.public_key", "must be an Ed25519 public key of 32 bytes"))?;
    let signature = <[u8; 64]>::try_from(wire.signature.as_slice());
    let signature = signature.map_err(|_| Refusal::fault("signature.signature", "must have 64 bytes"))?;
    Ok(Authority::Signed(Signed { key, signature, revision }))
}

/// A revision as history tells it.
pub(super) fn revision(told: &Told) -> Revision {
    let entry = &told.entry;
    Revision {
        number: entry.number(),
        content_hash: entry.content().as_bytes().to_vec(),
        act_hash: entry.act().as_bytes().to_vec(),
        state: i32::from(state(told.state)),
        published_at: Some(timestamp_to_wire(entry.published().0)),
        published_by: Some(signer(&entry.published().1)),
        valid_from: entry.asked_start().map(timestamp_to_wire),
        starts_at: entry.starts_at().map(timestamp_to_wire),
        ends_at: told.ends_at.map(timestamp_to_wire),
        needs_approval: entry.needs_approval(),
        approved_by: entry.approved().map(|(_, by)| signer(by)),
        approved_at: entry.approved().map(|(at, _)| timestamp_to_wire(*at)),
        withdrawn_by: entry.withdrawn().map(|(_, by)| signer(by)),
        restores: entry.restores().unwrap_or(0),
        campaigns: entry.campaigns(),
        note: entry.note().to_owned(),
        in_memory: told.in_memory,
    }
}

/// Where a revision stands.
pub(super) const fn state(state: State) -> RevisionState {
    match state {
        State::Awaiting => RevisionState::AwaitingApproval,
        State::Scheduled => RevisionState::Scheduled,
        State::Live => RevisionState::Live,
        State::Past => RevisionState::Past,
        State::Withdrawn => RevisionState::Withdrawn,
        State::Replaced => RevisionState::Replaced,
    }
}

fn signer(by: &By) -> Signer {
    match by {
        By::Nobody => Signer::default(),
        By::Configuration => Signer { from_configuration: true, ..Signer::default() },
        By::Person { name, key, .. } => Signer {
            name: name.clone(),
            public_key: PublicKey::parse(key).map(|key| key.as_bytes().to_vec()).unwrap_or_default(),
            from_configuration: false,
        },
    }
}
