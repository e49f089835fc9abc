//! `GetReceipt`: what became of receipt X. Writes nothing.

use tessera_contract::read::{GetReceiptInput, ReadContext, read_get_receipt};
use tessera_contract::refusal::Refusal;
use tessera_identity::Caller;
use tessera_ledger::entry::{EntryState, ReceiptEntry};
use tessera_ledger::return_goods::ReturnedSoFar;
use tessera_proto::billing::v1;
use tessera_rules::id::ReceiptId;

use super::shared::stored_outcome;
use crate::engine::{Call, Engine};
use crate::fiscal::Sought;
use crate::layout;

/// What became of a receipt or return. Who looks for a document is told of sales of his own store alone: its number can be
/// guessed, which the id that a till has minted cannot.
pub(crate) async fn get_receipt(
    (engine, caller): (&Engine, &Caller),
    request: v1::GetReceiptRequest,
    call: &Call,
) -> Result<v1::GetReceiptResponse, Refusal> {
    let by_document = matches!(request.receipt, Some(v1::get_receipt_request::Receipt::Fiscal(_)));
    let unknown = || v1::GetReceiptResponse { state: i32::from(v1::ReceiptState::Unknown), ..Default::default() };
    let id = match read_get_receipt(&request, &ReadContext { now: call.now })? {
        GetReceiptInput::Receipt(id) => id,
        GetReceiptInput::Fiscal(document) => match engine.core.by_fiscal(&document, Sought::Any, "fiscal").await? {
            Some(id) => id,
            None => return Ok(unknown()),
        },
    };
    let (_, entry) = engine.core.receipt_entry(&id).await?;
    let outcome = match &entry {
        Some(entry) => engine.core.outcome(entry, &id).await?,
        None => None,
    };
    let outcome = outcome.map(|bytes| stored_outcome(&engine.core, &bytes)).transpose()?;
    if by_document && outcome.as_ref().is_some_and(|outcome| caller.is_of(&outcome.store_id).is_err()) {
        return Ok(unknown());
    }
    let so_far = match (&entry, &outcome) {
        (Some(entry), Some(_)) => returned(engine, entry, &id).await?,
        _ => ReturnedSoFar::default(),
    };
    Ok(v1::GetReceiptResponse {
        state: i32::from(state(entry.as_ref(), outcome.as_ref(), &so_far)),
        receipt_id: id.as_str().to_owned(),
        outcome,
        position: None,
        return_receipt_ids: so_far.returns.iter().map(|id| id.as_str().to_owned()).collect(),
        accepted: None,
        superseded_by_receipt_id: entry
            .and_then(|entry| entry.superseded_by)
            .map(|id| id.as_str().to_owned())
            .unwrap_or_default(),
    })
}

async fn returned(engine: &Engine, entry: &ReceiptEntry, id: &ReceiptId) -> Result<ReturnedSoFar, Refusal> {
    for aggregate in entry.homes() {
        let (partition, key) = (layout::aggregate(&aggregate, id), layout::returned_row(id));
        let row = engine.core.storage.row(&partition, &key).await.map_err(|error| engine.core.storage_refusal(&error))?;
        if let Some(bytes) = row {
            return ReturnedSoFar::decode(&bytes).map_err(|damaged| engine.core.quarantined(id.as_str(), &damaged));
        }
    }
    Ok(ReturnedSoFar::default())
}

/// An entry that stands for an outcome which is not there is as none: its commit was refused.
fn state(entry: Option<&ReceiptEntry>, outcome: Option<&v1::Outcome>, so_far: &ReturnedSoFar) -> v1::ReceiptState {
    let Some(entry) = entry else { return v1::ReceiptState::Unknown };
    match (&entry.state, outcome) {
        (EntryState::Voided, _) => v1::ReceiptState::Voided,
        (EntryState::Parked { .. } | EntryState::ParkedClaim { .. }, _) => v1::ReceiptState::Parked,
        (EntryState::Returned | EntryState::Claimed { .. }, Some(_)) => v1::ReceiptState::Settled,
        (EntryState::Settled, Some(outcome)) => sold_state(outcome, so_far),
        (EntryState::Awaited | EntryState::Settled | EntryState::Returned | EntryState::Claimed { .. }, _) => {
            v1::ReceiptState::Unknown
        }
    }
}

fn sold_state(outcome: &v1::Outcome, so_far: &ReturnedSoFar) -> v1::ReceiptState {
    if so_far.lines.iter().all(|line| line.quantity.is_zero()) {
        return v1::ReceiptState::Settled;
    }
    let back = |line: &v1::OutcomeLine| {
        so_far.lines.iter().find(|known| known.line.as_str() == line.line_id).map_or(0, |known| known.quantity.milli())
    };
    if outcome.lines.iter().all(|line| back(line) >= line.quantity_milli) {
        v1::ReceiptState::FullyReturned
    } else {
        v1::ReceiptState::PartlyReturned
    }
}
