//! `tessera prize`: prizes that are to be handed over, and what became of those of a day.

mod fold;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::json;
use tessera_crm::engine_at::EngineAt;
use tessera_crm::follow::{Follower, Position};
use tessera_proto::billing::v1::PrizeState;

use self::fold::{Prizes, Won};
use super::reach::{endpoint, identity};
use super::till::table::table;
use super::{ConfigFile, Failure, admin, print, read_config};

const EXAMPLES: &str = "\
  what is to be handed over, in all shops
      tessera prize list
  what was won, handed over or cancelled on a day of one shop's tills, as JSON
      tessera prize list --day 2026-11-22 --store S1 --json";

/// Arguments of `tessera prize`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PrizeArgs {
    #[command(subcommand)]
    command: PrizeCommand,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Subcommand)]
enum PrizeCommand {
    /// Tell which prizes are due; or, of a day, those that were won, handed over or cancelled on it.
    List {
        /// The day, as the tills that took part name it. Left out: whatever is due, of any day.
        #[arg(long, value_name = "DATE")]
        day: Option<Date>,
        /// Only prizes that this store gave.
        #[arg(long, value_name = "STORE")]
        store: Option<String>,
        /// As JSON, one prize a line.
        #[arg(long)]
        json: bool,
    },
}

/// Reads the feed of the configured engine and tells.
pub(super) async fn run(args: PrizeArgs) -> Result<ExitCode, Failure> {
    let PrizeCommand::List { day, store, json } = args.command;
    // Says best what to do where nobody answers.
    admin::running(&args.config).await?;
    let config = read_config(args.config.config.as_deref())?;
    let engine = EngineAt::new(endpoint(&config, config.listen_engine), identity(&config)?);
    let mut follower = Follower::new(engine, Position::default(), false)?;
    let mut prizes = Prizes::default();
    while let Some(response) = follower.next().await? {
        if let Some(outcome) = &response.outcome {
            prizes.take(outcome)?;
        }
    }
    let wanted = prizes.list(day, store.as_deref());
    print(&if json { lines(&wanted) } else { page(&wanted, day) });
    Ok(ExitCode::SUCCESS)
}

fn lines(wanted: &[&Won]) -> String {
    let line = |won: &&Won| {
        let told = json!({
            "receipt_id": won.receipt_id, "reward_id": won.reward_id, "campaign_id": won.campaign_id, "store_id": won.store_id,
            "account_id": won.account_id, "prize_id": won.prize_id, "quantity": won.quantity,
            "state": won.state.as_str_name(), "won_on": won.won_on, "closed_on": won.closed_on,
        });
        format!("{told}\n")
    };
    wanted.iter().map(line).collect()
}

fn page(wanted: &[&Won], day: Option<Date>) -> String {
    if wanted.is_empty() {
        return match day {
            Some(day) => format!("nothing was won, handed over or cancelled on {day}\n"),
            None => "nothing is to be handed over\n".to_owned(),
        };
    }
    let mut rows = table(&["prize", "quantity", "state", "store", "receipt", "account", "won", "closed"], &[1]);
    for won in wanted {
        rows.add_row([
            won.prize_id.clone(),
            won.quantity.to_string(),
            state(won.state).to_owned(),
            won.store_id.clone(),
            won.receipt_id.clone(),
            won.account_id.clone(),
            won.won_on.clone(),
            won.closed_on.clone(),
        ]);
    }
    let due = wanted.iter().filter(|won| won.state == PrizeState::Due).map(|won| won.quantity);
    format!("{rows}\nto be handed over: {}\n", due.fold(0_i64, i64::saturating_add))
}

fn state(state: PrizeState) -> &'static str {
    match state {
        PrizeState::Due => "due",
        PrizeState::HandedOver => "handed over",
        PrizeState::Cancelled => "cancelled",
        PrizeState::Unspecified => "unknown",
    }
}
