//! `tessera replay`: real receipts from a file through the real service, as tills would send them.
//!
//! The file is read whole before anything is sent: a file that is broken anywhere changes nothing.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tessera_rules::catalogue::Product;
use tessera_till::TillError;

use crate::receipt_files::fault::SourceError;
use crate::receipt_files::sale::Import;
use crate::receipt_files::{Format, complete_journey, import_file};

mod call;
mod order;
mod readable;
mod run;
mod summary;

/// More receipts in flight only wait in the engine's queues.
const IN_FLIGHT_MAX: u16 = 4_096;
/// What a shell expects of a program that was ended by Ctrl-C: 128 and the number of the signal.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// Arguments of `tessera replay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The receipts: a CSV file or JSON lines, plain or gzip.
    #[arg(long, value_name = "FILE")]
    receipts: PathBuf,
    /// What the file looks like.
    #[arg(long, value_enum)]
    format: Format,
    /// The program file to replay under; none: no campaigns.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Folder that keeps accounts and outcomes: made for replays only, and used again by the next one. None: in memory.
    #[arg(long, value_name = "DIR")]
    storage: Option<PathBuf>,
    /// Receipts under way at the same time. A program with shared budgets needs 1 for an equal hash.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=i64::from(IN_FLIGHT_MAX)))]
    in_flight: u16,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Write a program that fits the file (points, and a campaign for each coupon beside it), and end.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["program", "storage", "json"])]
    write_program: Option<PathBuf>,
}

/// Why a replay ended without a summary.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The file of receipts, or one beside it, cannot be used. Nothing was sent.
    #[error("the receipts cannot be replayed; nothing was sent")]
    Source(#[from] SourceError),
    /// The engine in this process did not start.
    #[error("the engine for the replay did not start")]
    Node(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A till could not be set up.
    #[error("a till for the replay could not be set up")]
    Till(#[source] TillError),
    /// The engine stopped answering.
    #[error(
        "receipt {receipt_id} got no answer after {tries} tries: {cause}. {done} receipts were done before; the same command with the same --storage goes on where this one ended"
    )]
    NoAnswer {
        /// Which receipt.
        receipt_id: String,
        /// How often it was sent.
        tries: u32,
        /// The last answer.
        cause: String,
        /// How many receipts were answered before.
        done: u64,
    },
    /// The service answered something that the contract does not have.
    #[error("receipt {receipt_id}: the engine answered {what}, which the contract does not have; this is a fault of the engine")]
    Contract {
        /// Which receipt.
        receipt_id: String,
        /// What was answered.
        what: &'static str,
    },
    /// A task of the replay ended by a panic.
    #[error("a task of the replay broke off")]
    Task(#[from] tokio::task::JoinError),
    /// The latency figures cannot be kept.
    #[error("the latency figures cannot be kept")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The program file cannot be written.
    #[error("cannot write the program file {}", file.display())]
    WriteProgram {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `--write-program` was asked for a format that has no coupons.
    #[error("--write-program needs --format complete-journey: only that data set names coupons")]
    NoProgramFor,
    /// No coupons lie beside the receipts.
    #[error("--write-program needs the coupons: neither coupons.csv nor coupons.csv.gz lies beside {}", receipts.display())]
    NoCoupons {
        /// The file of receipts.
        receipts: PathBuf,
    },
    /// The summary cannot be printed.
    #[error("the summary cannot be printed")]
    Print(#[source] io::Error),
}

impl ReplayError {
    /// The same, knowing how many receipts were done before.
    fn after(mut self, receipts_done: u64) -> Self {
        if let Self::NoAnswer { done, .. } = &mut self {
            *done = receipts_done;
        }
        self
    }
}

/// Runs the command; answers 0 when every receipt was taken, 1 when some were refused, 130 after Ctrl-C.
///
/// # Errors
/// A file is broken, the engine does not start or stops answering, or the summary cannot be printed.
pub(crate) async fn run(args: ReplayArgs) -> Result<ExitCode, ReplayError> {
    if let Some(program) = &args.write_program {
        return write_program(&args, program);
    }
    let quiet = args.json || !io::stderr().is_terminal();
    let (import, catalogue) = read(&args, quiet).await?;
    for remark in &import.remarks {
        tell(remark);
    }
    let ended = run::replay(&args, &import, catalogue, quiet).await?;
    let summary = summary::Summary::new(&import, &ended.tally, ended.elapsed);
    let text = if args.json { summary.to_json() } else { readable::text(&summary, &import, &ended.tally, &args) };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(ReplayError::Print)?;
    if ended.interrupted {
        let (done, all) = (ended.tally.answered(), import.sales.len());
        tell(&format!(
            "interrupted: {done} of {all} receipts were done; the same command with the same --storage goes on from here"
        ));
        return Ok(ExitCode::from(EXIT_INTERRUPTED));
    }
    Ok(if ended.tally.refused().next().is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the file, and what lies beside it, on a thread that may block.
async fn read(args: &ReplayArgs, quiet: bool) -> Result<(Import, Vec<Product>), ReplayError> {
    let (file, format) = (args.receipts.clone(), args.format);
    let bar = progress(quiet, "reading", "{msg} {wide_bar} {bytes}/{total_bytes}");
    let read = tokio::task::spawn_blocking(move || {
        let read = import_file(&file, format, &bar);
        bar.finish_and_clear();
        read
    });
    Ok(read.await??)
}

fn write_program(args: &ReplayArgs, file: &Path) -> Result<ExitCode, ReplayError> {
    if args.format != Format::CompleteJourney {
        return Err(ReplayError::NoProgramFor);
    }
    let coupons = complete_journey::coupons::Coupons::beside(&args.receipts)?;
    let coupons = coupons.ok_or_else(|| ReplayError::NoCoupons { receipts: args.receipts.clone() })?;
    let text = complete_journey::program::text(&coupons);
    std::fs::write(file, text).map_err(|source| ReplayError::WriteProgram { file: file.to_owned(), source })?;
    tell(&format!("wrote {}; replay under it with --program {}", file.display(), file.display()));
    Ok(ExitCode::SUCCESS)
}

/// A progress bar on standard error; hidden where nobody would see it.
pub(crate) fn progress(quiet: bool, what: &'static str, template: &str) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target).with_message(what);
    bar.enable_steady_tick(REDRAW_EVERY);
    // A template that cannot be read costs the shape of the bar, never the replay.
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Says something beside the result. A standard error that is closed ends nothing.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
