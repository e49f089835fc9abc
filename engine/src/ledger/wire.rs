//! Ledger days and balances as messages.

use tessera_contract::convert::timestamp_to_wire;
use tessera_ledger::day::{Held, LedgerDay, Side};
use tessera_proto::admin::v1;
use tessera_proto::billing::v1::BookKind;

use super::{TrialBalanceRow, Verified};
use crate::record::{book_to_wire, reason_to_wire};

pub(super) fn day(day: &LedgerDay) -> v1::LedgerDay {
    v1::LedgerDay {
        date: day.date.to_string(),
        outcomes: day.outcomes,
        postings: day.postings,
        closed_at: Some(timestamp_to_wire(day.closed_at)),
        hash: day.hash().to_vec(),
        before_hash: day.before.to_vec(),
        set_aside_account_ids: day.set_aside.iter().map(ToString::to_string).collect(),
    }
}

/// None: a sum does not fit.
pub(super) fn row(row: &TrialBalanceRow) -> Option<v1::TrialBalanceRow> {
    let moved = row.moved.iter().map(|(reason, units)| {
        let units = i64::try_from(*units).ok()?;
        Some(v1::TrialBalanceMovement { reason: i32::from(reason_to_wire(*reason)), units })
    });
    let book = match row.place.side {
        Side::Lots => BookKind::Unspecified,
        Side::Book(book) => book_to_wire(book),
    };
    Some(v1::TrialBalanceRow {
        asset_id: row.place.asset.to_string(),
        book: i32::from(book),
        program_id: row.place.program.as_ref().map(ToString::to_string).unwrap_or_default(),
        opening_units: i64::try_from(row.opening).ok()?,
        movements: moved.collect::<Option<_>>()?,
        closing_units: i64::try_from(row.closing).ok()?,
    })
}

/// None: a sum does not fit.
pub(super) fn verified(verified: &Verified) -> Option<v1::VerifyLedgerResult> {
    let held = |held: &Held| {
        row(&TrialBalanceRow { place: held.place.clone(), opening: held.units, moved: Vec::new(), closing: held.units })
    };
    Some(v1::VerifyLedgerResult {
        outcomes: verified.outcomes,
        postings: verified.postings,
        accounts: verified.accounts,
        lots: verified.lots,
        days: verified.days,
        findings: verified.findings.iter().map(ToString::to_string).collect(),
        findings_total: verified.findings_total,
        held: verified.held.iter().map(held).collect::<Option<_>>()?,
    })
}
