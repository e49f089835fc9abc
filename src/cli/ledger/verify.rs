//! `tessera ledger verify`: the proof with its bar, and what it came to.

use std::process::ExitCode;

use futures_util::StreamExt as _;
use tessera_proto::admin::v1::{VerifyLedgerRequest, VerifyLedgerResult};

use super::{Ledger, page};
use crate::cli::{Failure, admin, print};
use crate::replay::progress;

/// Findings that are printed; JSON has them all.
const PRINTED: usize = 50;

/// Proves; what does not agree is printed and fails the command.
pub(super) async fn run(ledger: &Ledger, threads: u32, json: bool) -> Result<ExitCode, Failure> {
    let bar = progress(json, "reading the feed", "{msg} {wide_bar} commit {human_pos} of {human_len}, {per_sec}, {eta} left");
    let mut told = ledger.verify(VerifyLedgerRequest { threads }).await?;
    let mut result = None;
    while let Some(message) = told.next().await {
        let message = message.map_err(admin::refused)?;
        bar.set_length(message.last_sequence.max(message.sequence));
        bar.set_position(message.sequence);
        result = message.result;
    }
    bar.finish_and_clear();
    let result = result.ok_or("the engine stopped before the proof was done")?;
    print(&if json { format!("{}\n", serde_json::to_string_pretty(&result)?) } else { page(&result) });
    Ok(if result.findings_total == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn page(result: &VerifyLedgerResult) -> String {
    let mut text = format!(
        "{} outcomes with {} postings, {} accounts with {} lots, {} closed days\n",
        result.outcomes, result.postings, result.accounts, result.lots, result.days
    );
    if result.findings_total == 0 {
        text.push_str(&page::held(&result.held));
        text.push_str("everything agrees: postings sum to zero, lots are what postings left, closed days are as they were\n");
        return text;
    }
    for finding in result.findings.iter().take(PRINTED) {
        text.push_str(&format!("  {finding}\n"));
    }
    text.push_str(&format!("{} findings: the ledger does not agree\n", result.findings_total));
    text
}
