//! `tessera draw`: closes draws, holds them, tells who won, and draws again from what was published.

mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_ledger::draw::hex;
use tessera_proto::admin::v1::draw_service_client::DrawServiceClient;
use tessera_proto::admin::v1::{
    CloseDrawRequest, Draw, GetDrawRequest, HoldDrawRequest, ListDrawTicketsRequest, ListDrawsRequest,
};
use tonic::transport::Channel;

use super::program::time;
use super::reach::reach;
use super::till::table::table;
use super::{ConfigFile, Failure, admin, print, read_config};
use crate::simulate::csv_files::replace;

const EXAMPLES: &str = "\
A draw that anybody can check:
  fix who takes part, and publish what it prints, before the lottery is drawn
      tessera draw close car --winners 3 --source \"EuroMillions of 25 December 2026\" \\
          --numbers 5+2
      tessera draw tickets car > car-tickets.txt
  when the numbers are known: find the winners, once and for ever
      tessera draw hold car --value \"3 17 22 41 44 + 2 9\"
      tessera draw show car --csv winners.csv
  anybody, without an engine
      tessera draw verify car --tickets car-tickets.txt --list-sha256 f2… --commitment 19… \\
          --secret 07… --value \"3 17 22 41 44 + 2 9\" \\
          --winners 3";

/// Arguments of `tessera draw`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DrawArgs {
    #[command(subcommand)]
    command: DrawCommand,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Subcommand)]
enum DrawCommand {
    /// Fix the tickets that take part, and commit to a secret. Once; tickets that are given later take no part.
    Close {
        /// The draw, as campaigns name it.
        #[arg(value_name = "DRAW")]
        draw: String,
        /// How many winners there are to be.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
        winners: u32,
        /// Of each account one ticket at most wins.
        #[arg(long)]
        one_each: bool,
        /// From where the value will come that nobody knows yet.
        #[arg(long, value_name = "TEXT")]
        source: String,
        /// How many numbers the value has, such as 6, or 5+2: then their order and the signs between them say nothing, and nobody
        /// can choose how to write them. Without it the value is any text, as it is given.
        #[arg(long, value_name = "N[+N…]")]
        numbers: Option<String>,
    },
    /// Find the winners by the value of the source that was named. Once; who won stands for ever.
    Hold {
        /// The draw.
        #[arg(value_name = "DRAW")]
        draw: String,
        /// The value: the numbers in any order, or the text exactly as it was published.
        #[arg(long, value_name = "TEXT")]
        value: String,
    },
    /// Tell all draws.
    List,
    /// Tell a draw and its winners.
    Show {
        /// The draw.
        #[arg(value_name = "DRAW")]
        draw: String,
        /// Write the winners to this file as comma-separated values.
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
        /// Print proto3 JSON in place of a page.
        #[arg(long)]
        json: bool,
    },
    /// Print the numbers of the tickets that take part, in the order in which they are drawn from.
    Tickets {
        /// The draw.
        #[arg(value_name = "DRAW")]
        draw: String,
    },
    /// Check what was published, and draw again from it; needs no engine.
    Verify(verify::VerifyArgs),
}

type Draws = DrawServiceClient<Channel>;

/// Carries out a command.
pub(crate) async fn run(args: DrawArgs) -> Result<ExitCode, Failure> {
    match args.command {
        DrawCommand::Close { draw, winners, one_each, source, numbers } => {
            let numbers = numbers.unwrap_or_default();
            let request = CloseDrawRequest { draw_id: draw, winners, one_each, source, numbers };
            let closed = running(&args.config).await?.close_draw(request).await.map_err(admin::refused)?.into_inner();
            print(&page(&closed.draw.unwrap_or_default()));
        }
        DrawCommand::Hold { draw, value } => {
            let request = HoldDrawRequest { draw_id: draw, value };
            let held = running(&args.config).await?.hold_draw(request).await.map_err(admin::refused)?.into_inner();
            print(&page(&held.draw.unwrap_or_default()));
        }
        DrawCommand::List => {
            let told = running(&args.config).await?.list_draws(ListDrawsRequest {}).await.map_err(admin::refused)?;
            print(&list(&told.into_inner().draws));
        }
        DrawCommand::Show { draw, csv, json } => {
            let told = running(&args.config).await?.get_draw(GetDrawRequest { draw_id: draw }).await.map_err(admin::refused)?;
            let draw = told.into_inner().draw.unwrap_or_default();
            if let Some(file) = csv {
                replace(&file, &winners_csv(&draw)?)?;
            }
            print(&if json { format!("{}\n", serde_json::to_string_pretty(&draw)?) } else { page(&draw) });
        }
        DrawCommand::Tickets { draw } => tickets(&mut running(&args.config).await?, draw).await?,
        DrawCommand::Verify(args) => return verify::run(&args),
    }
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &ConfigFile) -> Result<Draws, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(DrawServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}

async fn tickets(draws: &mut Draws, draw: String) -> Result<(), Failure> {
    let request = ListDrawTicketsRequest { draw_id: draw };
    let mut told = draws.list_draw_tickets(request).await.map_err(admin::refused)?.into_inner();
    while let Some(some) = told.message().await.map_err(admin::refused)? {
        print(&some.numbers.iter().map(|number| format!("{number}\n")).collect::<String>());
    }
    Ok(())
}

fn list(draws: &[Draw]) -> String {
    if draws.is_empty() {
        return "no draw was closed yet: tessera draw close DRAW\n".to_owned();
    }
    let mut rows = table(&["draw", "tickets", "accounts", "winners", "closed", "held"], &[1, 2, 3]);
    for draw in draws {
        let at = |at: Option<&_>| if at.is_none() { "not yet".to_owned() } else { time(at) };
        rows.add_row([
            draw.draw_id.clone(),
            draw.tickets.to_string(),
            draw.accounts.to_string(),
            draw.winners_wanted.to_string(),
            at(draw.closed_at.as_ref()),
            at(draw.held_at.as_ref()),
        ]);
    }
    format!("{rows}\n")
}

/// A draw: first what is to be published.
fn page(draw: &Draw) -> String {
    let mut rows = vec![
        ("draw", draw.draw_id.clone()),
        ("tickets", format!("{} of {} accounts", draw.tickets, draw.accounts)),
        ("winners to be", format!("{}{}", draw.winners_wanted, if draw.one_each { ", of each account one" } else { "" })),
        ("source", draw.source.clone()),
        ("value to be", if draw.numbers.is_empty() { "any text".to_owned() } else { format!("{} numbers", draw.numbers) }),
        ("list (SHA-256)", hex(&draw.list_sha256)),
        ("commitment", hex(&draw.commitment)),
    ];
    if draw.held_at.is_some() {
        rows.push(("value", draw.value.clone()));
        rows.push(("secret", hex(&draw.secret)));
        rows.push(("seed", hex(&draw.seed)));
    }
    let mut text: String = rows.into_iter().map(|(what, value)| format!("{what:<15} {value}\n")).collect();
    if draw.held_at.is_none() {
        text.push_str("Publish all of this and the list (tessera draw tickets) before the value is known.\n");
        return text;
    }
    let mut winners = table(&["prize", "ticket", "account", "customers"], &[0]);
    for winner in &draw.winners {
        winners.add_row([
            winner.place.to_string(),
            winner.ticket.clone(),
            winner.account_id.clone(),
            winner.customer_ids.join(", "),
        ]);
    }
    text.push_str(&format!("{winners}\n"));
    if !draw.out_tickets.is_empty() {
        text.push_str(&format!("drawn, but had been given back: {}\n", draw.out_tickets.join(", ")));
    }
    if draw.again_tickets > 0 {
        text.push_str(&format!("drawn, but came after another of their account: {}\n", draw.again_tickets));
    }
    text
}

/// The winners, a line each.
fn winners_csv(draw: &Draw) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["draw", "prize", "ticket", "account", "customers"])?;
    for winner in &draw.winners {
        let customers = winner.customer_ids.join(" ");
        let place = winner.place.to_string();
        writer.write_record([&draw.draw_id, &place, &winner.ticket, &winner.account_id, &customers])?;
    }
    Ok(writer.into_inner().map_err(|error| error.into_error())?)
}
