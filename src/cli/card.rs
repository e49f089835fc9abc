//! `tessera card`: cards that are lost or worn out: block, unblock, replace; whose are cashiers' own; what a card is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_contract::convert::timestamp_from_wire;
use tessera_engine::CardStatement;
use tessera_proto::admin::v1::card_service_client::CardServiceClient;
use tessera_proto::admin::v1::{CardState, ChangeCardRequest, GetCardRequest, PersonSignature};
use tessera_proto::billing::v1::CardAct;
use tessera_rules::brakes::StaffOf;
use tessera_rules::id::{CashierId, ReceiptId, StoreId};
use tonic::transport::Channel;

use super::person::key_file::KeyFile;
use super::reach::reach;
use super::{ConfigFile, Failure, admin, print, read_config};

/// Arguments of `tessera card`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  a card was lost
      tessera card block 1001 --id lost-1 --reason 'lost, by phone' --as fia.key
  it was found
      tessera card unblock 1001 --id found-1 --reason 'found' --as fia.key
  another one in its place, with the same account
      tessera card replace 1001 2002 --id new-1 --reason 'worn out' --as fia.key
  a cashier's own, for the brakes of programs
      tessera card staff 3003 --cashier 17 --id staff-1 --reason 'hired' --as fia.key
  a cashier's no more
      tessera card staff 3003 --nobody --id staff-2 --reason 'left' --as fia.key")]
pub(super) struct CardArgs {
    #[command(subcommand)]
    command: CardCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum CardCommand {
    /// Good for nothing any more, until it is unblocked: tills sell without it.
    Block {
        /// The card's number.
        #[arg(value_name = "CARD")]
        card: String,
        #[command(flatten)]
        signed: SignedArgs,
    },
    /// Say that a blocked card is good again.
    Unblock {
        /// The card's number.
        #[arg(value_name = "CARD")]
        card: String,
        #[command(flatten)]
        signed: SignedArgs,
    },
    /// Another card has its account from now on.
    Replace {
        /// The card's number.
        #[arg(value_name = "CARD")]
        card: String,
        /// The number of the card in its place, which nobody has shown yet.
        #[arg(value_name = "NEW")]
        new_card: String,
        #[command(flatten)]
        signed: SignedArgs,
    },
    /// Whoever has the card is a cashier, or is none any more: brakes of programs ask for it.
    Staff {
        /// The card's number.
        #[arg(value_name = "CARD")]
        card: String,
        /// The cashier, as tills name them.
        #[arg(long, value_name = "CASHIER", required_unless_present = "nobody", conflicts_with = "nobody")]
        cashier: Option<String>,
        /// No cashier any more.
        #[arg(long)]
        nobody: bool,
        /// The store whose cashiers have that id; left out: all stores have one list of cashiers.
        #[arg(long, value_name = "STORE", requires = "cashier")]
        store: Option<String>,
        #[command(flatten)]
        signed: SignedArgs,
    },
    /// What a card is, and whose.
    Show {
        /// The card's number.
        #[arg(value_name = "CARD")]
        card: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Who changes a card, and why.
#[derive(Clone, Debug, Args)]
struct SignedArgs {
    /// An id for this change; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    /// Why, for the books.
    #[arg(long)]
    reason: String,
    /// The key file of the person of finance who does this.
    #[arg(long = "as", value_name = "KEYFILE")]
    key: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

/// Changes or shows a card.
pub(super) async fn run(args: CardArgs) -> Result<ExitCode, Failure> {
    match args.command {
        CardCommand::Block { card, signed } => change(CardAct::Block, (card, None, None), signed).await,
        CardCommand::Unblock { card, signed } => change(CardAct::Unblock, (card, None, None), signed).await,
        CardCommand::Replace { card, new_card, signed } => change(CardAct::Replace, (card, Some(new_card), None), signed).await,
        CardCommand::Staff { card, cashier, nobody: _, store, signed } => {
            let store = store.map(|store| StoreId::parse(&store)).transpose()?;
            let cashier = cashier.map(|cashier| CashierId::parse(&cashier)).transpose()?;
            let staff = cashier.map(|cashier| StaffOf { store, cashier });
            let act = if staff.is_some() { CardAct::Staff } else { CardAct::NotStaff };
            change(act, (card, None, staff), signed).await
        }
        CardCommand::Show { card, config } => show(card, &config).await,
    }
}

async fn change(
    act: CardAct,
    (card, new_card, staff): (String, Option<String>, Option<StaffOf>),
    signed: SignedArgs,
) -> Result<ExitCode, Failure> {
    let id = ReceiptId::parse(&signed.id)?;
    let statement = CardStatement { id, act, card, new_card, staff, reason: signed.reason };
    let person = KeyFile::read(&signed.key)?;
    let signature = person.key.sign(&statement.text()).to_vec();
    let request = ChangeCardRequest {
        request_id: signed.id,
        act: i32::from(act),
        card_number: statement.card,
        new_card_number: statement.new_card.unwrap_or_default(),
        cashier_id: statement.staff.as_ref().map(|staff| staff.cashier.to_string()).unwrap_or_default(),
        store_id: statement.staff.and_then(|staff| staff.store).map(|store| store.to_string()).unwrap_or_default(),
        reason: statement.reason,
        signatures: vec![PersonSignature { public_key: person.key.public().as_bytes().to_vec(), signature }],
    };
    let changed = running(&signed.config).await?.change_card(request).await.map_err(admin::refused)?.into_inner();
    let outcome = changed.outcome.unwrap_or_default();
    let done = match act {
        CardAct::Unblock => "is good again",
        CardAct::Replace => "was replaced: the new card has its account",
        CardAct::Staff => "is a cashier's own",
        CardAct::NotStaff => "is no cashier's any more",
        CardAct::Block | CardAct::Unspecified => "is blocked",
    };
    print(&format!("{}: the card of account {} {done}\n", outcome.outcome_id, outcome.account_id));
    Ok(ExitCode::SUCCESS)
}

async fn show(card: String, config: &ConfigFile) -> Result<ExitCode, Failure> {
    let request = GetCardRequest { card_number: card };
    let told = running(config).await?.get_card(request).await.map_err(admin::refused)?.into_inner();
    let state = match told.state() {
        CardState::Good => "good",
        CardState::Blocked => "blocked",
        CardState::Replaced => "replaced by another card",
        CardState::Unspecified => "unknown",
    };
    let since = told.since.as_ref().and_then(timestamp_from_wire).map_or_else(String::new, |since| format!(" since {since}"));
    print(&format!("{state}{since}\ncustomer {}\naccount {}\n", told.customer_id, told.account_id));
    if !told.staff_cashier_id.is_empty() {
        let store = if told.staff_store_id.is_empty() { String::new() } else { format!(" of store {}", told.staff_store_id) };
        print(&format!("cashier {}{store}\n", told.staff_cashier_id));
    }
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &ConfigFile) -> Result<CardServiceClient<Channel>, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(CardServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        card: CardArgs,
    }

    #[test]
    fn a_cashiers_card_is_nobodys_only_where_that_is_said() {
        let signed = ["--id", "i", "--reason", "r", "--as", "f.key"];
        let table: [(&[&str], bool); 4] =
            [(&[], false), (&["--cashier", "17"], true), (&["--nobody"], true), (&["--cashier", "17", "--nobody"], false)];
        for (said, is_read) in table {
            let line = ["card", "staff", "3003"].iter().chain(said).chain(&signed);
            assert_eq!(Line::try_parse_from(line).is_ok(), is_read, "{said:?}");
        }
    }
}
