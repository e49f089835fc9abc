//! The command line: one subcommand a file.

mod admin;
mod card;
mod catalogue;
mod crm;
mod customer;
mod demo;
mod draw;
mod feed;
mod gateway;
mod ledger;
mod person;
mod pki;
mod prize;
mod program;
mod reach;
mod report;
mod segment;
mod series;
mod serve;
mod signed;
mod till;

use std::error::Error;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{self, Config, ConfigFaults, LogFormat};
use crate::replay::{self, ReplayArgs};

/// Loyalty and point-of-sale billing engine: answers tills, keeps accounts, feeds reports.
#[derive(Debug, Parser)]
#[command(name = "tessera", version, about, after_help = "Start with: tessera demo")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show it all on this machine: engine, gateway and simulated tills; ends by itself.
    Demo(demo::DemoArgs),
    /// Run engine and gateway until Ctrl-C.
    Serve(serve::ServeArgs),
    /// Speak to a running engine or gateway as a till: JSON in, a table or JSON out.
    Till(till::TillArgs),
    /// Send real receipts from a file through the real service.
    Replay(ReplayArgs),
    /// Programs: check, test, explain, simulate, publish with a start, approve, roll back.
    Program(program::ProgramArgs),
    /// Make keys for people who publish and approve programs.
    Person(person::PersonArgs),
    /// Certificates for tills, gateways and engines: an authority of one's own.
    Pki(pki::PkiArgs),
    /// Load products into a running engine, or into the storage of a stopped one.
    Catalogue(catalogue::CatalogueArgs),
    /// Cards that are lost or worn out: block, unblock, replace; what a card is.
    Card(card::CardArgs),
    /// Lists of customers for segments: load, take back, look up.
    Segment(segment::SegmentArgs),
    /// Customers: say that somebody has checked what they stated, or that something has happened.
    Customer(customer::CustomerArgs),
    /// Draw winners among tickets, so that anybody can do it again.
    Draw(draw::DrawArgs),
    /// Prizes: what is to be handed over, and what became of those of a day.
    Prize(prize::PrizeArgs),
    /// Things with serial numbers that cashiers hand out: issue them, account for them.
    Series(series::SeriesArgs),
    /// Print the outcomes that a running engine has committed, one JSON object a line.
    Feed(feed::FeedArgs),
    /// How a running gateway stands; what its spool holds, and what became stuck in it.
    Gateway(gateway::GatewayArgs),
    /// The ledger: close days, print the trial balance, prove that everything agrees.
    Ledger(ledger::LedgerArgs),
    /// The mirror of the outcomes: cards and histories of customers, sums of days.
    Crm(crm::CrmArgs),
    /// Reports for finance from the mirror's postings: accrual, liability, campaigns, tills and more.
    Report(report::ReportArgs),
    /// Print every setting with its meaning and default.
    Config,
}

/// How a command ends when it fails.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Carries out a command.
///
/// # Errors
/// What went wrong, for the person at the terminal.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Till(args) => till::run(args).await,
        Command::Replay(args) => Ok(replay::run(args).await?),
        Command::Program(args) => program::run(args).await,
        Command::Person(args) => person::run(args),
        Command::Pki(args) => pki::run(args),
        Command::Catalogue(args) => catalogue::run(args).await,
        Command::Card(args) => card::run(args).await,
        Command::Segment(args) => segment::run(args).await,
        Command::Customer(args) => customer::run(args).await,
        Command::Draw(args) => draw::run(args).await,
        Command::Prize(args) => prize::run(args).await,
        Command::Series(args) => series::run(args).await,
        Command::Feed(args) => feed::run(args).await,
        Command::Gateway(args) => gateway::run(args).await,
        Command::Ledger(args) => ledger::run(args).await,
        Command::Crm(args) => crm::run(args).await,
        Command::Report(args) => report::run(args).await,
        Command::Config => {
            print(&config::reference());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Says what went wrong and why, down to its cause.
pub(crate) fn fail(error: &dyn Error) -> ExitCode {
    let what = error.to_string();
    // Reports of several mistakes say so themselves.
    let mut text = if what.starts_with("error: ") { what } else { format!("error: {what}") };
    let mut cause = error.source();
    while let Some(below) = cause {
        let words = below.to_string();
        if !text.contains(&words) {
            text.push_str(&format!("\n  because: {words}"));
        }
        cause = below.source();
    }
    #[expect(clippy::print_stderr, reason = "this is the command line's one way to say that it failed")]
    {
        eprintln!("{text}");
    }
    ExitCode::FAILURE
}

/// Prints to standard output; a reader who has left (`| head`) is no failure.
pub(crate) fn print(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Reads the configuration named on the command line and the environment.
pub(crate) fn read_config(file: Option<&Path>) -> Result<Config, ConfigFaults> {
    Config::read(file, std::env::vars())
}

/// The file of a configuration, as every command takes it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration file; none: defaults and the environment (`tessera config` prints them all).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Log lines go to standard error, `RUST_LOG` says which.
pub(crate) fn start_log(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    // A second start in one process keeps the first, which only tests do.
    drop(started);
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Where help pages break their lines.
    const COLUMNS: usize = 100;

    #[test]
    fn no_example_of_a_help_page_is_broken_over_lines() {
        let mut open = vec![Arguments::command()];
        let mut examples = 0;
        let mut broken = Vec::new();
        while let Some(command) = open.pop() {
            for line in command.get_after_help().map(ToString::to_string).unwrap_or_default().lines() {
                examples += usize::from(line.contains("tessera "));
                if line.chars().count() >= COLUMNS {
                    broken.push(format!("{}: {line}", command.get_name()));
                }
            }
            open.extend(command.get_subcommands().cloned());
        }
        assert!(broken.is_empty(), "{broken:#?}");
        assert!(examples > 20, "{examples}");
    }
}
