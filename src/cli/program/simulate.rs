//! `tessera program simulate`: real receipts through a draft, and what changes against what is live.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tessera_rules::catalogue::{Catalogue, Product};
use tessera_rules::money::Currency;
use tessera_rules::revision::Revision;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::check;
use super::current::{self, Live};
use crate::cli::{ConfigFile, Failure, print};
use crate::receipt_files::Format;
use crate::receipt_files::sale::Sale;
use crate::replay::{EXIT_INTERRUPTED, progress, tell};
use crate::simulate::csv_files::WriteError;
use crate::simulate::report::Report;
use crate::simulate::{Both, Question, Rules, csv_files, page, readable, simulate, workbook};
use crate::{product_file, program_files};

mod feed;
mod files;
mod lists;
mod outcome;

use lists::ListFile;

/// Days of a week, by which receipts are moved so that weekdays stay.
const WEEK_DAYS: i64 = 7;

fn feed_help() -> String {
    format!(
        "In place of files: everything that the configured running engine has sold and taken back, in the draft's currency, \
         from its feed.\n\n{} Enrolments and answers to questions are no receipts: the simulated accounts know no facts. Where \
         this matters, keep the tills' own receipts as JSON lines and name them by --receipts.",
        outcome::LACKS
    )
}

const EXAMPLES: &str = "\
Examples:
  a draft against what the engine has live, on receipts of two months
      tessera program simulate --revision club.yaml --receipts march.jsonl april.jsonl
  a draft against another file, with a page for a browser
      tessera program simulate --revision new.yaml --against old.yaml --receipts r.csv \\
        --html what-if.html
  a draft of next spring on what the running engine has sold
      tessera program simulate --revision spring.yaml --feed --as-of 2027-03-01
  a draft with prices for staff: who that is, tells the file that the list is loaded from
      tessera program simulate --revision staff.yaml --feed --list staff-2026=staff.csv
Nothing is written but the files that are asked for.";

/// Arguments of `tessera program simulate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SimulateArgs {
    /// The draft: a program file, or a folder of them.
    #[arg(long, value_name = "PATH")]
    revision: PathBuf,
    /// What it is compared with: a program file, or a folder of them. None: what the configured engine has live.
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// The receipts: CSV files or JSON lines, plain or gzip.
    #[arg(long, value_name = "FILE", required_unless_present = "feed", num_args = 1..)]
    receipts: Vec<PathBuf>,
    /// In place of files: everything that the configured running engine has sold and taken back, from its feed.
    #[arg(long, conflicts_with_all = ["receipts", "format"], long_help = feed_help())]
    feed: bool,
    /// What the files look like. None: as they begin, which of a pipe cannot be looked at.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The products of both sides: CSV or JSON lines. None: those beside the receipts, else those of the stopped engine
    /// whose programs the draft is compared with; a running engine does not tell its products.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// The customers of an imported list that segments name, as `tessera segment load` takes them: CSV whose first row names
    /// the columns. Once for each list; nobody is on the others.
    #[arg(long = "list", value_name = "NAME=FILE")]
    lists: Vec<ListFile>,
    /// Move all receipts by whole weeks, so that the first is sold in the week that begins on this day. Weekdays and
    /// times in UTC stay; the hour on the wall differs by one where clocks were changed in between.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Write every table as a CSV file into this folder.
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// Write a workbook.
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
    /// Write a page with charts that needs no network.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Threads. None: one for each core.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Receipts from wherever they come, of one currency, each id once.
#[derive(Debug)]
struct Receipts {
    sales: Vec<Arc<Sale>>,
    currency: Currency,
    /// Those that are known with them, each once.
    products: Vec<Product>,
    /// What is to be known of where they come from.
    remarks: Vec<String>,
}

/// The day to move to is out of reach.
#[derive(Debug, thiserror::Error)]
#[error("the receipts cannot be moved to {0}: that is beyond the calendar")]
struct BeyondCalendar(Date);

/// Answers, and writes the files that are asked for. 130 after Ctrl-C.
pub(crate) async fn run(args: SimulateArgs) -> Result<ExitCode, Failure> {
    let draft = check::checked(&args.revision)?.0.revision;
    check_places(&args)?;
    let live = current_of(&args).await?;
    // Listened for from here on, before anything takes long.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let report = tokio::select! {
        report = work(args.clone(), draft, live) => report?,
        _ = interrupt.recv() => {
            tell("interrupted: nothing was written");
            // What is being read or replayed is not waited for: nothing depends on it any more.
            std::process::exit(i32::from(EXIT_INTERRUPTED));
        }
    };
    print(&readable::text(&report));
    write_files(&args, &report, interrupt).await
}

/// Reads the receipts and replays them.
async fn work(args: SimulateArgs, draft: Revision, live: Live) -> Result<Report, Failure> {
    let quiet = !std::io::stderr().is_terminal();
    let from_feed = match (args.feed, draft.programs().first()) {
        (false, _) => None,
        (true, None) => return Err("the draft holds no program, whose currency would say which sales are meant".into()),
        (true, Some(program)) => Some(feed::read(&args.config, program.currency, quiet).await?),
    };
    let work = move || {
        let with_products = args.catalogue.is_none();
        let receipts = from_feed.map_or_else(|| files::read(&args.receipts, args.format, with_products, quiet), Ok)?;
        answer(&args, draft, live, receipts)
    };
    tokio::task::spawn_blocking(work).await?
}

/// What the draft is compared with, and the products that go with it.
async fn current_of(args: &SimulateArgs) -> Result<Live, Failure> {
    let Some(path) = &args.against else { return current::live(&args.config).await };
    let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &program_files::read(path)?)?;
    Ok(Live { name: path.display().to_string(), revision: Arc::new(compiled.revision), catalogue: None })
}

fn answer(args: &SimulateArgs, draft: Revision, live: Live, receipts: Receipts) -> Result<Report, Failure> {
    let quiet = !std::io::stderr().is_terminal();
    let catalogue = catalogue(args, receipts.products, live.catalogue)?;
    let mut remarks = receipts.remarks;
    if catalogue.is_empty() {
        remarks.push(
            "No products were known (--catalogue FILE): conditions on categories and attributes saw only what the receipts say."
                .to_owned(),
        );
    }
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let zone = draft.programs().first().map_or(TimeZone::UTC, |program| program.time_zone.clone());
    let lists = lists::read(&args.lists, [&live.revision, &draft], &zone)?;
    let question = Question {
        rules: Both {
            current: Rules { name: live.name, revision: live.revision, catalogue: Arc::clone(&catalogue) },
            draft: Rules { name: args.revision.display().to_string(), revision: Arc::new(draft), catalogue },
        },
        weeks: args.as_of.map_or(Ok(0), |day| weeks_to(day, &receipts.sales))?,
        currency: receipts.currency,
        sales: receipts.sales,
        lists,
        remarks,
        threads,
    };
    let bar = progress(quiet, "simulating", "{msg} {wide_bar} {human_pos}/{human_len} receipts, {per_sec}, {eta} left");
    bar.set_length(u64::try_from(question.sales.len()).unwrap_or(u64::MAX));
    let began = Instant::now();
    let report = simulate(&question, &bar);
    bar.finish_and_clear();
    let report = report?;
    let elapsed = began.elapsed().as_micros();
    let receipts = u128::try_from(question.sales.len()).unwrap_or(u128::MAX);
    if let Some(rate) = receipts.saturating_mul(1_000_000).checked_div(elapsed) {
        tell(&format!("{receipts} receipts through both, {rate} a second on {threads} threads"));
    }
    Ok(report)
}

/// The products as asked, else those beside the receipts, else what is live.
fn catalogue(args: &SimulateArgs, beside: Vec<Product>, live: Option<Arc<Catalogue>>) -> Result<Arc<Catalogue>, Failure> {
    let products = match &args.catalogue {
        Some(file) => product_file::read(file)?,
        None => beside,
    };
    if products.is_empty() {
        return Ok(live.unwrap_or_else(|| Arc::new(Catalogue::empty(0))));
    }
    Ok(Arc::new(Catalogue::new(1, products)?))
}

/// By how many whole weeks the first receipt must be moved to be sold on that day or in the six days after it.
fn weeks_to(day: Date, sales: &[Arc<Sale>]) -> Result<i64, BeyondCalendar> {
    let Some(first) = sales.iter().map(|sale| sale.business_date).min() else { return Ok(0) };
    let days = first.until(day).map_err(|_| BeyondCalendar(day))?.get_days();
    // Rounded up: a week that has begun already begins once more.
    Ok(i64::from(days).saturating_add(WEEK_DAYS - 1).div_euclid(WEEK_DAYS))
}

/// Whether files can stand where they are wanted, which is better said before the work than after it.
fn check_places(args: &SimulateArgs) -> Result<(), Failure> {
    for file in [&args.xlsx, &args.html].into_iter().flatten() {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(format!("cannot write {}: there is no folder {}", file.display(), folder.display()).into());
        }
        if file.is_dir() {
            return Err(format!("cannot write {}: it is a folder; name a file in it", file.display()).into());
        }
    }
    match &args.csv {
        Some(folder) if folder.exists() && !folder.is_dir() => {
            Err(format!("cannot write the tables into {}: it is no folder", folder.display()).into())
        }
        Some(_) | None => Ok(()),
    }
}

/// One way to write a report.
type Written = fn(&Report, &Path) -> Result<(), WriteError>;

/// Writes what is asked for, one after the other; Ctrl-C ends it between two of them, so that none is cut.
async fn write_files(args: &SimulateArgs, report: &Report, mut interrupt: Signal) -> Result<ExitCode, Failure> {
    let files: [(&Option<PathBuf>, Written, &str); 3] = [
        (&args.csv, csv_files::write, "the tables are in"),
        (&args.xlsx, workbook::write, "the workbook is"),
        (&args.html, page::write, "the page, for a browser, is"),
    ];
    for (path, write, what) in files {
        let Some(path) = path else { continue };
        tokio::select! {
            biased;
            _ = interrupt.recv() => {
                tell("interrupted: what is not named above was not written");
                return Ok(ExitCode::from(EXIT_INTERRUPTED));
            }
            () = std::future::ready(()) => write(report, path)?,
        }
        tell(&format!("{what} {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}
