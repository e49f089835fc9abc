//! `tessera report`: reports for finance, from a running mirror or the folder of a stopped one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hyper::Method;
use jiff::civil::Date;
use tessera_crm::mirror::layout::Basis;
use tessera_crm::mirror::read::Reader;
use tessera_crm::report::written::{Cell, cells, foot, header, total_cells};
use tessera_crm::report::{Dimension, Kind, Question, Report, compute, csv_file, workbook};
use tessera_storage::Storage;

use super::crm::{client, close, folder, open};
use super::till::table::table;
use super::{ConfigFile, Failure, print, read_config};
use crate::config::Config;
use crate::simulate::csv_files::replace;

/// Arguments of `tessera report`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  tessera report accrual --from 2026-11-01 --to 2026-11-30 --by day
  tessera report campaign --from 2026-11-01 --to 2026-11-30 --by campaign,store --format csv
  tessera report till --from 2026-11-23 --to 2026-11-23 --by till,cashier --days till
  tessera report accrual --from 2026-01-01 --to 2026-12-31 --by day --format xlsx --out y.xlsx")]
pub(crate) struct ReportArgs {
    /// What to report.
    #[arg(value_enum)]
    report: ReportName,
    /// The first day.
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    to: Date,
    /// By what to split it, with commas between.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    by: Vec<By>,
    /// Which days: the ledger's, when it was booked, or the tills' trading days.
    #[arg(long, value_enum, default_value = "ledger")]
    days: Days,
    /// How to write it.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// The file to write; none: standard output. A workbook needs one.
    #[arg(long, value_name = "FILE", required_if_eq("format", "xlsx"))]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum ReportName {
    /// Units as they roll forward: opening, issued, redeemed, expired, closing; what cannot be used yet apart.
    Accrual,
    /// What was spent, and given back on return.
    Redemption,
    /// What lapsed, and what is going to within the period.
    Expiry,
    /// What is owed to customers at the end of the last day.
    Liability,
    /// Which part of what was issued lapsed.
    Breakage,
    /// What campaigns gave, in money and units.
    Campaign,
    /// Coupons: issued, used, withdrawn.
    Coupon,
    /// Prizes: due, handed over, cancelled.
    Prize,
    /// What tills sold and took back.
    Till,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum By {
    Day,
    Program,
    Campaign,
    Store,
    Entity,
    Till,
    Cashier,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Days {
    Ledger,
    Till,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Table,
    Csv,
    Xlsx,
    Json,
}

/// Computes and writes; answers 1 where the report does not agree with itself.
pub(crate) async fn run(args: ReportArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let question = question(&args);
    let answer = client::ask(config.listen_crm, Method::POST, "/v1/reports", &serde_json::to_value(&question)?).await?;
    let report = match answer {
        Some(answer) => serde_json::from_value(answer)?,
        None => of_stopped(&config, &question).await?,
    };
    write(&args, &report)?;
    Ok(if report.check.agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn question(args: &ReportArgs) -> Question {
    let kind = match args.report {
        ReportName::Accrual => Kind::Accrual,
        ReportName::Redemption => Kind::Redemption,
        ReportName::Expiry => Kind::Expiry,
        ReportName::Liability => Kind::Liability,
        ReportName::Breakage => Kind::Breakage,
        ReportName::Campaign => Kind::Campaign,
        ReportName::Coupon => Kind::Coupon,
        ReportName::Prize => Kind::Prize,
        ReportName::Till => Kind::Till,
    };
    let by = args.by.iter().map(|by| match by {
        By::Day => Dimension::Day,
        By::Program => Dimension::Program,
        By::Campaign => Dimension::Campaign,
        By::Store => Dimension::Store,
        By::Entity => Dimension::Entity,
        By::Till => Dimension::Till,
        By::Cashier => Dimension::Cashier,
    });
    let basis = match args.days {
        Days::Ledger => Basis::Ledger,
        Days::Till => Basis::Till,
    };
    Question { kind, from: args.from, to: args.to, by: by.collect(), basis }
}

/// From the folder of a mirror that nobody serves: no engine says which days are closed.
async fn of_stopped(config: &Config, question: &Question) -> Result<Report, Failure> {
    let folder = folder(config);
    if !folder.exists() {
        return Err(client::nobody(config.listen_crm));
    }
    let storage: Arc<dyn Storage> = Arc::new(open(&folder)?);
    let report = compute(&Reader::new(Arc::clone(&storage)), question, None).await;
    close(&*storage).await;
    let mut report = report?;
    report.notes.push("nobody serves the mirror: what was sold since it stopped is not in it".to_owned());
    Ok(report)
}

fn write(args: &ReportArgs, report: &Report) -> Result<(), Failure> {
    let content = match args.format {
        Format::Table => text(report).into_bytes(),
        Format::Csv => csv_file::text(report).into_bytes(),
        Format::Json => format!("{}\n", serde_json::to_string(report)?).into_bytes(),
        Format::Xlsx => workbook::content(report)?,
    };
    match &args.out {
        Some(file) => save(file, &content),
        None => {
            print(&String::from_utf8_lossy(&content));
            Ok(())
        }
    }
}

fn save(file: &Path, content: &[u8]) -> Result<(), Failure> {
    replace(file, content)?;
    print(&format!("wrote {}\n", file.display()));
    Ok(())
}

fn text(report: &Report) -> String {
    let names = header(report);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let first = report.question.by.len().saturating_add(1);
    let numbers: Vec<usize> = (first..first.saturating_add(report.columns.len())).collect();
    let mut rows = table(&names, &numbers);
    for row in &report.rows {
        rows.add_row(cells(report, row).iter().map(Cell::text));
    }
    for total in report.totals.iter().filter(|_| !report.question.by.is_empty()) {
        rows.add_row(total_cells(report, total).iter().map(Cell::text));
    }
    let mut text = format!("{}\n", rows.trim_fmt());
    for (name, value) in foot(report).into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}
