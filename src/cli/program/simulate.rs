//! `tessera program simulate`: real receipts through a draft, and what changes against what is live.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::catalogue::{Catalogue, Product};
use tessera_rules::money::Currency;
use tessera_rules::revision::Revision;
use tokio::signal::unix::{SignalKind, signal};

use super::check;
use super::current::{self, Live};
use crate::cli::{ConfigFile, Failure, print};
use crate::receipt_files::sale::Sale;
use crate::receipt_files::{Format, import_file};
use crate::replay::{EXIT_INTERRUPTED, progress, tell};
use crate::simulate::report::Report;
use crate::simulate::{Both, Question, Rules, csv_files, page, readable, simulate, workbook};
use crate::{product_file, program_files};

/// Days of a week, by which receipts are moved so that weekdays stay.
const WEEK_DAYS: i64 = 7;

/// Arguments of `tessera program simulate`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The draft: a program file, or a folder of them.
    #[arg(long, value_name = "PATH")]
    revision: PathBuf,
    /// What it is compared with: a program file, or a folder of them. None: what the configured engine has live.
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// The receipts: CSV files or JSON lines, plain or gzip.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    receipts: Vec<PathBuf>,
    /// What the files look like. None: as they begin.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The products of both sides: CSV or JSON lines. None: those beside the receipts, else what the engine has live.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Move all receipts by whole weeks, so that the first is sold in the week that begins on this day.
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

/// Why receipts cannot be simulated.
#[derive(Debug, thiserror::Error)]
enum SimulateFailure {
    /// One id twice.
    #[error("receipt {receipt_id} stands in {} and in {}: leave one of them out", first.display(), second.display())]
    Twice { receipt_id: String, first: PathBuf, second: PathBuf },
    /// Amounts of two currencies cannot be added.
    #[error("receipt {receipt_id} in {} is in {found}, the ones before it in {expected}: simulate each currency by itself", file.display())]
    Currencies { receipt_id: String, file: PathBuf, found: String, expected: String },
    /// The day to move to is out of reach.
    #[error("the receipts cannot be moved to {0}: that is beyond the calendar")]
    AsOf(Date),
}

/// Answers, and writes the files that are asked for. 130 after Ctrl-C.
pub(crate) async fn run(args: SimulateArgs) -> Result<ExitCode, Failure> {
    let draft = check::checked(&args.revision)?.revision;
    let live = current_of(&args).await?;
    let stop = Arc::new(AtomicBool::new(false));
    // Listened for from here on, before anything takes long.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut work = tokio::task::spawn_blocking({
        let (args, stop) = (args.clone(), Arc::clone(&stop));
        move || answer(&args, draft, live, &stop)
    });
    let report = tokio::select! {
        report = &mut work => report??,
        _ = interrupt.recv() => {
            stop.store(true, Ordering::Relaxed);
            tell("interrupted: nothing was written");
            // A file that is being read is not waited for: nothing depends on it any more.
            std::process::exit(i32::from(EXIT_INTERRUPTED));
        }
    };
    let Some(report) = report else { return Ok(ExitCode::from(EXIT_INTERRUPTED)) };
    print(&readable::text(&report));
    write_files(&args, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// What the draft is compared with, and the products that go with it.
async fn current_of(args: &SimulateArgs) -> Result<Live, Failure> {
    let Some(path) = &args.against else { return current::live(&args.config).await };
    let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &program_files::read(path)?)?;
    Ok(Live { name: path.display().to_string(), revision: Arc::new(compiled.revision), catalogue: None })
}

fn answer(args: &SimulateArgs, draft: Revision, live: Live, stop: &AtomicBool) -> Result<Option<Report>, Failure> {
    let quiet = !std::io::stderr().is_terminal();
    let read = read(args, quiet)?;
    let catalogue = catalogue(args, read.products, live.catalogue)?;
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let question = Question {
        rules: Both {
            current: Rules { name: live.name, revision: live.revision, catalogue: Arc::clone(&catalogue) },
            draft: Rules { name: args.revision.display().to_string(), revision: Arc::new(draft), catalogue },
        },
        weeks: args.as_of.map_or(Ok(0), |day| weeks_to(day, &read.sales))?,
        currency: read.currency,
        sales: read.sales,
        threads,
    };
    let bar = progress(quiet, "simulating", "{msg} {wide_bar} {human_pos}/{human_len} receipts, {per_sec}, {eta} left");
    bar.set_length(u64::try_from(question.sales.len()).unwrap_or(u64::MAX));
    let began = Instant::now();
    let report = simulate(&question, stop, &bar);
    bar.finish_and_clear();
    let report = report?;
    let elapsed = began.elapsed().as_micros();
    let receipts = u128::try_from(question.sales.len()).unwrap_or(u128::MAX);
    if let Some(rate) = receipts.saturating_mul(1_000_000).checked_div(elapsed).filter(|_| report.is_some()) {
        tell(&format!("{receipts} receipts through both, {rate} a second on {threads} threads"));
    }
    Ok(report)
}

/// All files together.
struct Read {
    sales: Vec<Arc<Sale>>,
    currency: Currency,
    products: Vec<Product>,
}

fn read(args: &SimulateArgs, quiet: bool) -> Result<Read, Failure> {
    let mut all: Option<Read> = None;
    let mut files: HashMap<String, PathBuf> = HashMap::new();
    for file in &args.receipts {
        let format = args.format.map_or_else(|| Format::of(file), Ok)?;
        let bar = progress(quiet, "reading", "{msg} {wide_bar} {bytes}/{total_bytes}");
        let imported = import_file(file, format, &bar);
        bar.finish_and_clear();
        let (import, products) = imported?;
        import.remarks.iter().for_each(|remark| tell(remark));
        let all = all.get_or_insert_with(|| Read { sales: Vec::new(), currency: import.currency, products: Vec::new() });
        if all.products.is_empty() {
            all.products = products;
        }
        for sale in &import.sales {
            check_sale(sale, file, all.currency, &mut files)?;
        }
        all.sales.extend(import.sales);
    }
    all.ok_or_else(|| "no file of receipts is named".into())
}

fn check_sale(sale: &Sale, file: &Path, currency: Currency, files: &mut HashMap<String, PathBuf>) -> Result<(), SimulateFailure> {
    let receipt_id = || sale.receipt_id.clone();
    if sale.currency != currency {
        let (found, expected) = (sale.currency.code().to_owned(), currency.code().to_owned());
        return Err(SimulateFailure::Currencies { receipt_id: receipt_id(), file: file.to_owned(), found, expected });
    }
    match files.insert(receipt_id(), file.to_owned()) {
        Some(first) => Err(SimulateFailure::Twice { receipt_id: receipt_id(), first, second: file.to_owned() }),
        None => Ok(()),
    }
}

/// The products as asked, else those beside the receipts, else what is live.
fn catalogue(args: &SimulateArgs, beside: Vec<Product>, live: Option<Arc<Catalogue>>) -> Result<Arc<Catalogue>, Failure> {
    let products = match &args.catalogue {
        Some(file) => product_file::read(file)?,
        None => beside,
    };
    if products.is_empty() {
        if live.is_none() {
            tell("no products are known (--catalogue FILE): conditions on properties see only what the receipts say");
        }
        return Ok(live.unwrap_or_else(|| Arc::new(Catalogue::empty(0))));
    }
    Ok(Arc::new(Catalogue::new(1, products)?))
}

/// By how many whole weeks the first receipt must be moved to be sold on that day or in the six days after it.
fn weeks_to(day: Date, sales: &[Arc<Sale>]) -> Result<i64, SimulateFailure> {
    let Some(first) = sales.iter().map(|sale| sale.business_date).min() else { return Ok(0) };
    let days = first.until(day).map_err(|_| SimulateFailure::AsOf(day))?.get_days();
    // Rounded up: a week that has begun already begins once more.
    Ok(i64::from(days).saturating_add(WEEK_DAYS - 1).div_euclid(WEEK_DAYS))
}

fn write_files(args: &SimulateArgs, report: &Report) -> Result<(), Failure> {
    if let Some(folder) = &args.csv {
        csv_files::write(report, folder)?;
        tell(&format!("wrote the tables into {}", folder.display()));
    }
    if let Some(file) = &args.xlsx {
        workbook::write(report, file)?;
        tell(&format!("wrote {}", file.display()));
    }
    if let Some(file) = &args.html {
        page::write(report, file)?;
        tell(&format!("wrote {}; open it in a browser", file.display()));
    }
    Ok(())
}
