//! `tessera series`: issues things with serial numbers to cashiers, and accounts for what they handed out.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_proto::admin::v1::series_service_client::SeriesServiceClient;
use tessera_proto::admin::v1::{
    CountSeriesRequest, CountSeriesResponse, IssueSeriesRequest, SeriesCount, SeriesDifference, SeriesDiffers,
};
use tonic::transport::Channel;

use super::reach::reach;
use super::till::table::table;
use super::{ConfigFile, Failure, admin, print, read_config};

/// Runs of serial numbers that are shown of one cashier.
const RUNS_SHOWN_MAX: usize = 5;

const EXAMPLES: &str = "\
Stickers of a program with `series: [{id: stickers, name: Stickers}]`:
  a cashier gets a roll, at the beginning of the shift
      tessera series issue stickers --store S1 --cashier anna --first A000001 \\
          --quantity 500 --id day1-anna
  what is left comes back at its end
      tessera series take-back stickers --store S1 --cashier anna --first A000123 \\
          --quantity 378 --id day1-back
  what became of them, and what does not agree (exit status 1 where something does not)
      tessera series count stickers --store S1";

/// Arguments of `tessera series`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SeriesArgs {
    #[command(subcommand)]
    command: SeriesCommand,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Subcommand)]
enum SeriesCommand {
    /// Note that a cashier was given things.
    Issue(Things),
    /// Note that a cashier gave things back.
    TakeBack(Things),
    /// Tell what cashiers were given, handed out and must still have, and what does not agree.
    Count {
        /// The series.
        #[arg(value_name = "SERIES")]
        series: String,
        /// The store.
        #[arg(long, value_name = "STORE")]
        store: String,
        /// Print proto3 JSON in place of a page.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Debug, Args)]
struct Things {
    /// The series.
    #[arg(value_name = "SERIES")]
    series: String,
    /// The store.
    #[arg(long, value_name = "STORE")]
    store: String,
    /// The cashier.
    #[arg(long, value_name = "CASHIER")]
    cashier: String,
    /// Serial number of the first thing; the others follow it.
    #[arg(long, value_name = "SERIAL")]
    first: String,
    /// How many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    quantity: u32,
    /// Id of this request, unique: a repeat with it changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
}

/// Carries out a command.
pub(crate) async fn run(args: SeriesArgs) -> Result<ExitCode, Failure> {
    let (things, taken_back) = match args.command {
        SeriesCommand::Issue(things) => (things, false),
        SeriesCommand::TakeBack(things) => (things, true),
        SeriesCommand::Count { series, store, json } => {
            let request = CountSeriesRequest { series_id: series, store_id: store };
            let told = running(&args.config).await?.count_series(request).await.map_err(admin::refused)?.into_inner();
            print(&if json { format!("{}\n", serde_json::to_string_pretty(&told)?) } else { page(&told) });
            return Ok(if told.differences_count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    };
    let request = IssueSeriesRequest {
        request_id: things.id,
        series_id: things.series,
        store_id: things.store,
        cashier_id: things.cashier.clone(),
        first_serial: things.first.clone(),
        quantity: things.quantity,
        taken_back,
    };
    let noted = running(&args.config).await?.issue_series(request).await.map_err(admin::refused)?.into_inner();
    let what = if taken_back { "gave back" } else { "has" };
    let before = if noted.repeated_before { ", as noted before" } else { "" };
    let Things { cashier, first, quantity, .. } = things;
    print(&format!("{cashier} {what} {quantity}: {first} to {}{before}\n", noted.last_serial));
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &ConfigFile) -> Result<SeriesServiceClient<Channel>, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(SeriesServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}

fn page(told: &CountSeriesResponse) -> String {
    if told.cashiers.is_empty() {
        return "nothing was issued or handed out of it in this store\n".to_owned();
    }
    let columns = ["cashier", "issued", "given back", "handed over", "refused", "none left", "left", "serial numbers left"];
    let mut rows = table(&columns, &[1, 2, 3, 4, 5, 6]);
    for count in &told.cashiers {
        rows.add_row([
            named(&count.cashier_id).to_owned(),
            count.issued.to_string(),
            count.taken_back.to_string(),
            count.handed_over.to_string(),
            count.refused.to_string(),
            count.none_left.to_string(),
            count.left.to_string(),
            left(count),
        ]);
    }
    let mut text = format!("{rows}\n");
    if told.differences_count == 0 {
        text.push_str("All of it agrees.\n");
        return text;
    }
    text.push_str(&format!("{} do not agree:\n", told.differences_count));
    for difference in &told.differences {
        text.push_str(&line(difference));
    }
    text
}

fn named(cashier: &str) -> &str {
    if cashier.is_empty() { "(nobody)" } else { cashier }
}

/// The first runs that are left, and how many runs more.
fn left(count: &SeriesCount) -> String {
    let shown = count.left_runs.iter().take(RUNS_SHOWN_MAX).map(|run| format!("{} ({})", run.first_serial, run.quantity));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if let Some(more) = count.left_runs.len().checked_sub(RUNS_SHOWN_MAX).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn line(difference: &SeriesDifference) -> String {
    let (who, receipt) = (named(&difference.cashier_id), &difference.receipt_id);
    let (quantity, serial) = (difference.quantity, &difference.first_serial);
    let what = match difference.differs() {
        SeriesDiffers::Unspecified => "does not agree",
        SeriesDiffers::NoSerial => "handed over without a serial number",
        SeriesDiffers::NotIssued => "handed over, issued to nobody",
        SeriesDiffers::OtherCashier => "handed over, issued to somebody else",
        SeriesDiffers::Twice => "handed over twice",
        SeriesDiffers::SomeWereLeft => "said that none was left",
    };
    format!("  {receipt}  {who}  {quantity} {serial}: {what}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_proto::admin::v1::SeriesRun;

    #[test]
    fn a_page_tells_what_is_left_and_what_does_not_agree() {
        let run = |first: &str| SeriesRun { first_serial: first.to_owned(), quantity: 7 };
        let runs = ["A1", "A20", "A40", "A60", "A80", "B1"].map(run).to_vec();
        let anna = SeriesCount { cashier_id: "anna".to_owned(), issued: 100, left: 42, left_runs: runs, ..Default::default() };
        let mut told = CountSeriesResponse { cashiers: vec![anna], ..Default::default() };
        let text = page(&told);
        assert!(text.contains("A80 (7) and 1 more") && text.contains("All of it agrees."), "{text}");
        let twice = i32::from(SeriesDiffers::Twice);
        told.differences =
            vec![SeriesDifference { differs: twice, first_serial: "A7".to_owned(), quantity: 1, ..Default::default() }];
        told.differences_count = 1;
        assert!(page(&told).contains("(nobody)  1 A7: handed over twice"), "{}", page(&told));
    }
}
