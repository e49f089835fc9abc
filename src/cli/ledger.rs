//! `tessera ledger`: closes days, prints what lots and books hold, and proves the whole ledger.

mod adjust;
mod page;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use futures_util::{Stream, StreamExt as _};
use jiff::civil::Date;
use tessera_engine::{Engine, ledger};
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::ledger_service_client::LedgerServiceClient;
use tessera_proto::admin::v1::ledger_service_server::LedgerService as _;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::reach::reach;
use super::{ConfigFile, Failure, admin, print, read_config};
use crate::node::{open_engine, open_replay_engine};

/// Arguments of `tessera ledger`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Each speaks to the running engine, or opens the storage of a stopped one.\n\n\
Examples:\n  tessera ledger verify\n  tessera ledger trial-balance --from 2026-11-01 --through 2026-11-30\n  \
tessera ledger close --through 2026-11-22\n  tessera ledger verify --storage /var/tmp/replayed")]
pub(crate) struct LedgerArgs {
    #[command(subcommand)]
    command: LedgerCommand,
    #[command(flatten)]
    config: ConfigFile,
    /// A storage made by `tessera replay`, which no engine is serving, in place of the configured one.
    #[arg(long, value_name = "FOLDER", global = true)]
    storage: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
enum LedgerCommand {
    /// Prove the whole ledger from the feed: postings sum to zero, lots are what they left, closed days are as they were.
    Verify {
        /// Threads to use; none: as many as there are processors.
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=64))]
        threads: u32,
        /// Print proto3 JSON in place of a page.
        #[arg(long)]
        json: bool,
    },
    /// Print what lots and books held, what moved and why, and what they hold, in smallest units.
    TrialBalance {
        /// The first day; none: the first on which anything was booked.
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The last day; none: the last on which anything was booked.
        #[arg(long, value_name = "DATE")]
        through: Option<Date>,
        /// How to print it.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Close the days that are over. A running engine does so by itself; a closed day never changes.
    Close {
        /// The last day to close; none: every day that is over.
        #[arg(long, value_name = "DATE")]
        through: Option<Date>,
    },
    /// Correct what an account holds, with a reason and the keys of one or two people of finance.
    Adjust(adjust::AdjustArgs),
    /// List the closed days with the hashes that fix them, the newest first.
    Days {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
        /// Only those before this one.
        #[arg(long, value_name = "DATE")]
        before: Option<Date>,
        /// Print proto3 JSON in place of a table.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A table.
    Table,
    /// Comma-separated values: a line a place and reason.
    Csv,
    /// proto3 JSON.
    Json,
}

/// Carries out.
pub(crate) async fn run(args: LedgerArgs) -> Result<ExitCode, Failure> {
    let ledger = Ledger::open(&args).await?;
    let done = command(&ledger, args.command).await;
    ledger.close().await?;
    done
}

async fn command(ledger: &Ledger, command: LedgerCommand) -> Result<ExitCode, Failure> {
    match command {
        LedgerCommand::Adjust(args) => return adjust::run(ledger, args).await,
        LedgerCommand::Verify { threads, json } => return verify::run(ledger, threads, json).await,
        LedgerCommand::TrialBalance { from, through, format } => {
            let request = v1::GetTrialBalanceRequest { from: text(from), through: text(through) };
            let balance = ledger.trial_balance(request).await?;
            print(&match format {
                Format::Table => page::balance(&balance),
                Format::Csv => page::csv(&balance),
                Format::Json => format!("{}\n", serde_json::to_string_pretty(&balance)?),
            });
        }
        LedgerCommand::Close { through } => {
            let mut days = ledger.close_days(v1::CloseLedgerDaysRequest { through: text(through) }).await?;
            let mut closed = 0_u32;
            while let Some(day) = days.next().await {
                let day = day.map_err(admin::refused)?.day.unwrap_or_default();
                closed = closed.saturating_add(1);
                print(&format!("{}  {} outcomes, {} postings\n", day.date, day.outcomes, day.postings));
            }
            print(&format!("{closed} {} closed\n", if closed == 1 { "day" } else { "days" }));
        }
        LedgerCommand::Days { limit, before, json } => {
            let listed = ledger.days(v1::ListLedgerDaysRequest { before: text(before), limit }).await?;
            print(&if json { format!("{}\n", serde_json::to_string_pretty(&listed)?) } else { page::days(&listed) });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text(date: Option<Date>) -> String {
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// The ledger of a running engine, or of a storage that nobody serves.
enum Ledger {
    Running(LedgerServiceClient<Channel>),
    Stopped(ledger::Ledger, Arc<Engine>),
}

type Messages<T> = std::pin::Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Ledger {
    async fn open(args: &LedgerArgs) -> Result<Self, Failure> {
        let engine = match &args.storage {
            Some(folder) if !folder.is_dir() => return Err(format!("{} is no folder", folder.display()).into()),
            Some(folder) => open_replay_engine(folder).await?,
            None => {
                let config = read_config(args.config.config.as_deref())?;
                if let Some(channel) = reach(&config, config.listen_engine).await? {
                    return Ok(Self::Running(LedgerServiceClient::new(channel)));
                }
                open_engine(&config, None).await?
            }
        };
        Ok(Self::Stopped(ledger::Ledger::new(engine.clone()), Arc::new(engine)))
    }

    async fn close(self) -> Result<(), Failure> {
        if let Self::Stopped(_, engine) = self {
            engine.storage().close().await?;
        }
        Ok(())
    }

    async fn trial_balance(&self, request: v1::GetTrialBalanceRequest) -> Result<v1::GetTrialBalanceResponse, Failure> {
        let answered = match self {
            Self::Running(client) => client.clone().get_trial_balance(request).await,
            Self::Stopped(ledger, _) => ledger.get_trial_balance(Request::new(request)).await,
        };
        Ok(answered.map_err(admin::refused)?.into_inner())
    }

    async fn days(&self, request: v1::ListLedgerDaysRequest) -> Result<v1::ListLedgerDaysResponse, Failure> {
        let answered = match self {
            Self::Running(client) => client.clone().list_ledger_days(request).await,
            Self::Stopped(ledger, _) => ledger.list_ledger_days(Request::new(request)).await,
        };
        Ok(answered.map_err(admin::refused)?.into_inner())
    }

    async fn close_days(&self, request: v1::CloseLedgerDaysRequest) -> Result<Messages<v1::CloseLedgerDaysResponse>, Failure> {
        Ok(match self {
            Self::Running(client) => {
                Box::pin(client.clone().close_ledger_days(request).await.map_err(admin::refused)?.into_inner())
            }
            Self::Stopped(ledger, _) => {
                ledger.close_ledger_days(Request::new(request)).await.map_err(admin::refused)?.into_inner()
            }
        })
    }

    async fn adjust(&self, request: v1::AdjustRequest) -> Result<v1::AdjustResponse, Failure> {
        let answered = match self {
            Self::Running(client) => client.clone().adjust(request).await,
            Self::Stopped(ledger, _) => ledger.adjust(Request::new(request)).await,
        };
        Ok(answered.map_err(admin::refused)?.into_inner())
    }

    async fn verify(&self, request: v1::VerifyLedgerRequest) -> Result<Messages<v1::VerifyLedgerResponse>, Failure> {
        Ok(match self {
            Self::Running(client) => Box::pin(client.clone().verify_ledger(request).await.map_err(admin::refused)?.into_inner()),
            Self::Stopped(ledger, _) => ledger.verify_ledger(Request::new(request)).await.map_err(admin::refused)?.into_inner(),
        })
    }
}
