//! `tessera till close`: a till's day is compared with the engine's and closed.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use tessera_contract::convert::timestamp_from_wire;
use tessera_proto::gateway::v1::{CloseTillDayResponse, TillDayDifferenceKind, TillDayStatus};
use tessera_till::{CallOptions, Journal, TillClient, TillConfig};
use tonic::transport::Endpoint;

use super::table::table;
use crate::cli::reach::identity_for;
use crate::cli::{Failure, print};

/// Arguments of `tessera till close`.
#[derive(Clone, Debug, Args)]
pub(super) struct CloseArgs {
    /// The till's trading day, as 2026-11-22.
    #[arg(value_name = "DATE")]
    date: Date,
    /// The shop.
    #[arg(long, value_name = "ID")]
    store: String,
    /// The till.
    #[arg(long, value_name = "ID")]
    till: String,
    /// The till's journal, which knows what it has sold. None: all that the engine has of the day is named.
    #[arg(long, value_name = "FOLDER")]
    journal: Option<PathBuf>,
}

/// Closes a day; fails where till and engine do not agree.
pub(super) async fn run(endpoint: &str, args: &CloseArgs, json: bool) -> Result<ExitCode, Failure> {
    let parsed = Endpoint::from_shared(endpoint.to_owned())?;
    let journal = args.journal.as_deref().map_or_else(|| Ok(Journal::none()), Journal::open)?;
    let mut config = TillConfig::new(endpoint, &args.store, &args.till, journal);
    config.identity = identity_for(&parsed)?;
    let closed = TillClient::connect(config)?.close_day(args.date, CallOptions::default()).await?;
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&closed.response)?));
    } else {
        let day = format!("{} {} {}", args.store, args.till, args.date);
        let said = (closed.said.settled, closed.said.returned);
        print(&days(&[(day, said, closed.resent.len(), &closed.response)]));
    }
    Ok(exit(closed.response.status()))
}

/// Success where both agree.
pub(in crate::cli) fn exit(status: TillDayStatus) -> ExitCode {
    if status == TillDayStatus::Agreed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A day: its name, what was settled and returned as the caller has it, what was sent again, and the engine's word.
pub(in crate::cli) type Day<'a> = (String, (u32, u32), usize, &'a CloseTillDayResponse);

/// A table of days, and under it what differs.
pub(in crate::cli) fn days(days: &[Day<'_>]) -> String {
    let mut rows = table(&["day", "settled", "returned", "at the engine", "sent again", "close"], &[1, 2, 3, 4]);
    let mut differences = String::new();
    for (name, (settled, returned), resent, engine) in days {
        rows.add_row([
            name.clone(),
            settled.to_string(),
            returned.to_string(),
            format!("{} and {}", engine.engine_settled_count, engine.engine_returned_count),
            resent.to_string(),
            closed(engine),
        ]);
        for difference in &engine.differences {
            let _ = writeln!(differences, "{name}  {}  {}", difference.receipt_id, meaning(difference.kind()));
        }
        let named = u32::try_from(engine.differences.len()).unwrap_or(u32::MAX);
        if named == 0 && engine.difference_count > 0 {
            let _ =
                writeln!(differences, "{name}  {} receipts differ: close it alone to have them named", engine.difference_count);
        } else if engine.difference_count > named {
            let _ = writeln!(differences, "{name}  and {} more", engine.difference_count - named);
        }
    }
    format!("{rows}\n{differences}")
}

fn closed(engine: &CloseTillDayResponse) -> String {
    if engine.status() != TillDayStatus::Agreed {
        return "differs".to_owned();
    }
    let at = engine.closed_at.as_ref().and_then(timestamp_from_wire);
    let at = at.map_or_else(String::new, |at| at.strftime(", %F %T UTC").to_string());
    format!("number {}{at}", engine.close_number)
}

fn meaning(kind: TillDayDifferenceKind) -> &'static str {
    match kind {
        TillDayDifferenceKind::Unspecified => "differs",
        TillDayDifferenceKind::Missing => "is not at the engine: send it again",
        TillDayDifferenceKind::Waiting => "waits in the gateway's spool",
        TillDayDifferenceKind::Parked => "was refused: `tessera gateway parked` says why",
        TillDayDifferenceKind::OtherContent => "is another receipt at the engine",
        TillDayDifferenceKind::Voided => "was voided",
        TillDayDifferenceKind::NotNamed => "is at the engine and not here",
    }
}
