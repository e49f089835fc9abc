//! What the calls share: balances, times of the phases, positions of commits, stored outcomes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::Identity;
use tessera_contract::refusal::Refusal;
use tessera_contract::render::FactShape;
use tessera_ledger::account::Account;
use tessera_ledger::lot::{Lot, LotKind};
use tessera_proto::billing::v1;
use tessera_rules::id::AccountId;
use tessera_rules::revision::Revision;

use crate::core::Core;
use crate::desk::{Carried, Referrer};
use crate::engine::{Call, Engine};
use crate::facts::answer_kind;

/// What an account holds, asset by asset.
pub(super) fn balances(account: Option<&Account>, revision: &Revision, now: Timestamp) -> Vec<v1::Balance> {
    let Some(account) = account else { return Vec::new() };
    account
        .balances(now)
        .into_iter()
        .map(|balance| {
            let asset = revision.asset(&balance.asset);
            let next = account
                .lots
                .iter()
                .filter(|lot| lot.asset == balance.asset && expires_later(lot, now))
                .filter_map(|lot| lot.expires_at)
                .min();
            let expiring = account
                .lots
                .iter()
                .filter(|lot| lot.asset == balance.asset && lot.expires_at == next && next.is_some())
                .map(|lot| lot.left);
            v1::Balance {
                program_id: asset.map(|asset| asset.program.as_str().to_owned()).unwrap_or_default(),
                available_units: balance.vested.units().saturating_sub(balance.held.units()),
                held_units: balance.held.units(),
                vesting_units: balance.pending.units(),
                next_expires_at: next.map(timestamp_to_wire),
                next_expiring_units: expiring.map(tessera_rules::money::Units::units).fold(0, i64::saturating_add),
                scale: asset.map_or(0, |asset| u32::from(asset.scale)),
                asset_id: balance.asset.as_str().to_owned(),
            }
        })
        .collect()
}

fn expires_later(lot: &Lot, now: Timestamp) -> bool {
    lot.kind == LotKind::Earned && lot.expires_at.is_some_and(|at| now < at)
}

/// The position of the commit that carried a case; none where this call wrote nothing.
pub(super) fn position(carried: &Carried) -> Option<v1::CommitPosition> {
    let committed = carried.committed?;
    Some(v1::CommitPosition {
        sequence: committed.sequence,
        chain_hash: Bytes::copy_from_slice(&committed.chain.0),
        account_version: carried.account.as_ref().map_or(0, |_| committed.version.0),
    })
}

/// The outcome of a message that was read from storage.
pub(super) fn stored_outcome(core: &Core, bytes: &Bytes) -> Result<v1::Outcome, Refusal> {
    v1::Outcome::decode(bytes.clone()).map_err(|error| core.quarantined("outcome", &error))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// How long each phase of a call at the desk took.
pub(super) fn desk_times(call: &Call, parsed: Instant, carried: &Carried) -> v1::PhaseTimes {
    v1::PhaseTimes {
        parse_us: micros(parsed.saturating_duration_since(call.arrived)),
        queue_us: micros(carried.queue_time),
        read_us: 0,
        evaluate_us: micros(carried.work_time.saturating_sub(carried.commit_time)),
        commit_us: micros(carried.commit_time),
        render_us: 0,
        total_us: micros(call.arrived.elapsed()),
    }
}

/// How long each phase of a call without a queue took.
pub(super) fn plain_times(call: &Call, parsed: Instant, read: Instant, evaluated: Instant) -> v1::PhaseTimes {
    v1::PhaseTimes {
        parse_us: micros(parsed.saturating_duration_since(call.arrived)),
        queue_us: 0,
        read_us: micros(read.saturating_duration_since(parsed)),
        evaluate_us: micros(evaluated.saturating_duration_since(read)),
        commit_us: 0,
        render_us: micros(evaluated.elapsed()),
        total_us: micros(call.arrived.elapsed()),
    }
}

/// What answers to the revision's facts look like.
pub(super) fn fact_shapes(revision: &Revision) -> Vec<FactShape> {
    revision
        .facts()
        .iter()
        .map(|rule| FactShape {
            fact: rule.id.clone(),
            kind: answer_kind(rule),
            options: rule
                .options
                .iter()
                .map(|value| v1::PromptOption { value: value.to_string(), text: value.to_string() })
                .collect(),
            valid_days: rule.valid_for_days.unwrap_or(0),
        })
        .collect()
}

/// Whose account it is that is said to have brought a customer: one that is there, another than the customer's `own`, and
/// none that the customer has brought.
pub(super) async fn referrer(engine: &Engine, identity: Option<&Identity>, own: Option<&AccountId>) -> Result<Referrer, Refusal> {
    const NOBODY: &str = "must be somebody known";
    if identity.is_none() {
        return Ok(Referrer::Unsaid);
    }
    let recognised = engine.core.directory.recognise(&engine.core, identity).await?;
    let Some(found) = recognised.owner() else { return Ok(Referrer::Refused(NOBODY)) };
    let by = match engine.follow(found.clone()).await {
        Ok(now) => now.account,
        // One broken account stops nobody else: what goes to it waits until it is mended.
        Err(Refusal::Quarantined) => found.account.clone(),
        Err(refusal) => return Err(refusal),
    };
    let by = &by;
    if Some(by) == own {
        return Ok(Referrer::Refused("must not be the customer's own"));
    }
    let referred = match engine.core.account(by).await {
        Ok(known) => match &known.account {
            Some(account) => account.referred.as_ref().map(|referred| referred.by.clone()),
            None => return Ok(Referrer::Refused(NOBODY)),
        },
        Err(Refusal::Quarantined) => None,
        Err(refusal) => return Err(refusal),
    };
    if own.is_some() && referred.as_ref() == own {
        return Ok(Referrer::Refused("must not be somebody whom the customer has brought"));
    }
    Ok(Referrer::Known(by.clone()))
}
