//! Lists between wire and engine: requests read, records told, refusals made into statuses.

use std::collections::HashMap;

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::refusal::{DOMAIN, Refusal, SUPPORT};
use tessera_proto::admin::v1;
use tessera_rules::id::SegmentId;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::load::{Beginning, Failed};
use super::record::{Change, ListRecord, ListRefusal, Load, Mode};

/// Rows of a file.
const ROWS_MAX: u64 = 100_000_000;
/// Characters of a note, as for revisions.
const NOTE_CHARACTERS_MAX: usize = 200;

/// The list that a request names.
pub(super) fn list_id(text: &str) -> Result<SegmentId, Refusal> {
    SegmentId::parse(text).map_err(|error| Refusal::fault("list_id", error.to_string()))
}

/// How a load is to begin.
pub(super) fn beginning(request: &v1::BeginListLoadRequest) -> Result<Beginning<'_>, Refusal> {
    let mode = match v1::ListMode::try_from(request.mode) {
        Ok(v1::ListMode::Replace) => Mode::Replace,
        Ok(v1::ListMode::Add) => Mode::Add,
        Ok(v1::ListMode::Remove) => Mode::Remove,
        Ok(v1::ListMode::Unspecified) | Err(_) => return Err(Refusal::fault("mode", "must be REPLACE, ADD or REMOVE")),
    };
    let content = <[u8; 32]>::try_from(request.content_hash.as_slice());
    let content = content.map_err(|_| Refusal::fault("content_hash", "must have 32 bytes"))?;
    if request.rows > ROWS_MAX {
        return Err(Refusal::LimitExceeded { what: "rows of a list", limit: ROWS_MAX });
    }
    if request.rows == 0 && mode != Mode::Replace {
        return Err(Refusal::fault("rows", "must be above 0 where customers come to the list or go"));
    }
    let is_one_line = !request.note.chars().any(char::is_control);
    if request.note.chars().count() > NOTE_CHARACTERS_MAX || !is_one_line {
        return Err(Refusal::fault("note", "must have at most 200 characters and no line breaks"));
    }
    Ok(Beginning { mode, content, rows: request.rows, note: &request.note })
}

/// A list as it is told.
pub(super) fn list(id: &SegmentId, record: &ListRecord) -> v1::CustomerList {
    v1::CustomerList {
        list_id: id.as_str().to_owned(),
        members: record.members(),
        versions: record.versions.iter().rev().map(version).collect(),
        loading: record.loading.as_ref().map(version),
    }
}

/// What rows did, as it is told.
pub(super) const fn change(change: Change) -> v1::ListChange {
    let Change { others, listed, unknown, repeated, beyond } = change;
    v1::ListChange { others, listed, unknown, repeated, beyond }
}

fn version(load: &Load) -> v1::ListVersion {
    let mode = match load.mode {
        Mode::Replace => v1::ListMode::Replace,
        Mode::Add => v1::ListMode::Add,
        Mode::Remove => v1::ListMode::Remove,
    };
    v1::ListVersion {
        version: load.number,
        mode: i32::from(mode),
        loaded_at: Some(timestamp_to_wire(load.at)),
        rows: load.rows,
        change: Some(change(load.change)),
        members: load.members,
        note: load.note.clone(),
    }
}

/// The status of a call that came to nothing.
pub(super) fn status(failed: Failed) -> Status {
    let refusal = match failed {
        Failed::Engine(refusal) => return refusal.into_status(),
        Failed::List(refusal) => refusal,
    };
    let (code, reason, text) = match refusal {
        ListRefusal::UnknownList => (Code::NotFound, v1::ListErrorReason::UnknownList, "no list of this name was ever loaded"),
        ListRefusal::OtherLoad => (
            Code::FailedPrecondition,
            v1::ListErrorReason::OtherLoad,
            "another load of this list has begun or was finished since: begin again",
        ),
        ListRefusal::RowsMissing => (
            Code::FailedPrecondition,
            v1::ListErrorReason::RowsMissing,
            "rows of the file were left out: begin again and go on behind `rows_taken`",
        ),
        ListRefusal::NothingBefore => (
            Code::FailedPrecondition,
            v1::ListErrorReason::NothingBefore,
            "there is no version to go back to: the last eight are kept",
        ),
        ListRefusal::TooManyLists => {
            (Code::ResourceExhausted, v1::ListErrorReason::TooManyLists, "there are 1,000 lists already")
        }
        ListRefusal::ReplaceWanted => (
            Code::FailedPrecondition,
            v1::ListErrorReason::ReplaceWanted,
            "too many loads were taken back since the list was last replaced: load a whole file",
        ),
    };
    let name = reason.as_str_name();
    let name = name.strip_prefix("LIST_ERROR_REASON_").unwrap_or(name);
    let mut details = ErrorDetails::new();
    details.set_error_info(name, DOMAIN, HashMap::from([(SUPPORT.to_owned(), text.to_owned())]));
    Status::with_error_details(code, text, details)
}
