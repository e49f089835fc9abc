//! Balances and days as tables and as CSV, in smallest units.

use data_encoding::HEXLOWER;
use tessera_proto::admin::v1::{GetTrialBalanceResponse, ListLedgerDaysResponse, TrialBalanceRow};
use tessera_proto::billing::v1::BookKind;

use crate::cli::till::table::table;

/// Characters of a hash in a table.
const HASH_CHARACTERS: usize = 16;

/// A trial balance: a row a place, and under it a row a reason.
pub(super) fn balance(balance: &GetTrialBalanceResponse) -> String {
    let mut rows = table(&["asset", "place", "program", "opening", "moved", "closing"], &[3, 4, 5]);
    for row in &balance.rows {
        rows.add_row([
            row.asset_id.clone(),
            place(row),
            row.program_id.clone(),
            row.opening_units.to_string(),
            moved(row).to_string(),
            row.closing_units.to_string(),
        ]);
        for movement in &row.movements {
            let reason = format!("  {}", name(movement.reason().as_str_name(), "POSTING_REASON_"));
            rows.add_row([String::new(), reason, String::new(), String::new(), movement.units.to_string(), String::new()]);
        }
    }
    let fixed = match balance.hash.as_slice() {
        [] => "the last day is not closed yet: figures may grow".to_owned(),
        hash => format!("fixed by {}", HEXLOWER.encode(hash)),
    };
    format!("{} to {}, smallest units\n{}\n{fixed}\n", balance.from, balance.through, rows.trim_fmt())
}

/// A line a place and reason; a place that did not move has one line without a reason. No text in it begins as a
/// formula does: ids and names of the contract cannot (H83).
pub(super) fn csv(balance: &GetTrialBalanceResponse) -> String {
    let mut text = String::from("from,through,asset,place,program,opening_units,reason,moved_units,closing_units\n");
    for row in &balance.rows {
        let begin = format!("{},{},{},{},{}", balance.from, balance.through, row.asset_id, place(row), row.program_id);
        let mut line = |reason: &str, units: i64| {
            text.push_str(&format!("{begin},{},{reason},{units},{}\n", row.opening_units, row.closing_units));
        };
        if row.movements.is_empty() {
            line("", 0);
        }
        for movement in &row.movements {
            line(&name(movement.reason().as_str_name(), "POSTING_REASON_"), movement.units);
        }
    }
    text
}

/// What lots and books hold.
pub(super) fn held(held: &[TrialBalanceRow]) -> String {
    let mut rows = table(&["asset", "place", "program", "units"], &[3]);
    for row in held {
        rows.add_row([row.asset_id.clone(), place(row), row.program_id.clone(), row.closing_units.to_string()]);
    }
    format!("{}\n", rows.trim_fmt())
}

/// Closed days.
pub(super) fn days(listed: &ListLedgerDaysResponse) -> String {
    if listed.days.is_empty() {
        return "no day was closed yet\n".to_owned();
    }
    let mut rows = table(&["day", "outcomes", "postings", "hash", "set aside"], &[1, 2, 4]);
    for day in &listed.days {
        let hash: String = HEXLOWER.encode(&day.hash).chars().take(HASH_CHARACTERS).collect();
        let set_aside = day.set_aside_account_ids.len().to_string();
        rows.add_row([day.date.clone(), day.outcomes.to_string(), day.postings.to_string(), hash, set_aside]);
    }
    format!("{}\n", rows.trim_fmt())
}

fn moved(row: &TrialBalanceRow) -> i64 {
    row.closing_units.saturating_sub(row.opening_units)
}

fn place(row: &TrialBalanceRow) -> String {
    let book = row.book();
    if book == BookKind::Unspecified { "lots".to_owned() } else { name(book.as_str_name(), "BOOK_KIND_") }
}

fn name(wire: &str, prefix: &str) -> String {
    wire.strip_prefix(prefix).unwrap_or(wire).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use tessera_proto::admin::v1::TrialBalanceMovement;
    use tessera_proto::billing::v1::PostingReason;

    use super::*;

    fn sample() -> GetTrialBalanceResponse {
        let movement = |reason: PostingReason, units| TrialBalanceMovement { reason: i32::from(reason), units };
        let lots = TrialBalanceRow {
            asset_id: "points".to_owned(),
            opening_units: 100,
            movements: vec![movement(PostingReason::Earned, 50), movement(PostingReason::Expired, -20)],
            closing_units: 130,
            ..Default::default()
        };
        let book = TrialBalanceRow {
            asset_id: "points".to_owned(),
            book: i32::from(BookKind::Issued),
            program_id: "club".to_owned(),
            opening_units: -130,
            closing_units: -130,
            ..Default::default()
        };
        GetTrialBalanceResponse {
            from: "2026-11-01".to_owned(),
            through: "2026-11-02".to_owned(),
            rows: vec![lots, book],
            hash: Vec::new(),
        }
    }

    #[test]
    fn a_trial_balance_is_a_table_with_its_reasons_under_each_place() {
        insta::assert_snapshot!(balance(&sample()), @r"
        2026-11-01 to 2026-11-02, smallest units
        ──────────────────────────────────────────────────────────
         asset    place       program   opening   moved   closing
        ──────────────────────────────────────────────────────────
         points   lots                      100      30       130
                    earned                           50
                    expired                         -20
         points   issued      club         -130       0      -130
        ──────────────────────────────────────────────────────────
        the last day is not closed yet: figures may grow
        ");
    }

    #[test]
    fn every_line_of_the_csv_stands_by_itself() {
        insta::assert_snapshot!(csv(&sample()), @r"
        from,through,asset,place,program,opening_units,reason,moved_units,closing_units
        2026-11-01,2026-11-02,points,lots,,100,earned,50,130
        2026-11-01,2026-11-02,points,lots,,100,expired,-20,130
        2026-11-01,2026-11-02,points,issued,club,-130,,0,-130
        ");
    }
}
