//! `tessera segment`: lists of customers that segments of programs name, into a running engine and out of it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tessera_proto::admin::v1::list_service_client::ListServiceClient;
use tessera_proto::admin::v1::{CustomerList, GetListRequest, ListListsRequest, ListMode, ListVersion, UndoListLoadRequest};
use tessera_proto::billing::v1;
use tonic::transport::Channel;

use super::reach::reach;
use super::till::table::table;
use super::{ConfigFile, Failure, admin, print, read_config};

mod load;

/// The list service of a running engine.
type Lists = ListServiceClient<Channel>;

/// Arguments of `tessera segment`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SegmentArgs {
    #[command(subcommand)]
    command: SegmentCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum SegmentCommand {
    /// Load a list from a file: the whole list, or who comes to it or goes.
    Load(load::LoadArgs),
    /// Take the newest load of a list back.
    Undo(NameArgs),
    /// Take everybody off a list. Undo: tessera segment undo NAME.
    Clear(NameArgs),
    /// Tell all lists.
    List(ListArgs),
    /// Tell a list and its loads, and whether a customer is on it.
    Show(ShowArgs),
}

#[derive(Clone, Debug, Args)]
struct NameArgs {
    /// The list, as a segment of the program names it.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct ListArgs {
    /// Print proto3 JSON in place of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  the list and its loads
      tessera segment show staff-2026
  whether a customer is on it
      tessera segment show staff-2026 --card 1001
      tessera segment show staff-2026 --phone +442079460018")]
struct ShowArgs {
    /// The list, as a segment of the program names it.
    #[arg(value_name = "NAME")]
    name: String,
    /// A customer's card number.
    #[arg(long, value_name = "NUMBER", group = "who")]
    card: Option<String>,
    /// A customer's phone number, with `+` and the country's code.
    #[arg(long, value_name = "NUMBER", group = "who")]
    phone: Option<String>,
    /// A customer's id.
    #[arg(long, value_name = "ID", group = "who")]
    customer: Option<String>,
    /// Print proto3 JSON in place of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Carries out a command.
pub(crate) async fn run(args: SegmentArgs) -> Result<ExitCode, Failure> {
    match args.command {
        SegmentCommand::Load(args) => load::run(args).await,
        SegmentCommand::Undo(args) => undo(args).await,
        SegmentCommand::Clear(args) => load::clear(&args.name, &args.config).await,
        SegmentCommand::List(args) => list(args).await,
        SegmentCommand::Show(args) => show(args).await,
    }
}

async fn running(config: &ConfigFile) -> Result<Lists, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(ListServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}

async fn undo(args: NameArgs) -> Result<ExitCode, Failure> {
    let mut lists = running(&args.config).await?;
    let request = GetListRequest { list_id: args.name.clone(), customer: None };
    let known = lists.get_list(request).await.map_err(admin::refused)?.into_inner().list.unwrap_or_default();
    let Some(newest) = known.versions.first() else {
        return Err(format!("nobody is on {}: there is nothing to take back", args.name).into());
    };
    let request = UndoListLoadRequest { list_id: args.name.clone(), version: newest.version };
    let now = lists.undo_list_load(request).await.map_err(admin::refused)?.into_inner().list.unwrap_or_default();
    print(&format!("version {} of {} was taken back: {} are on it now\n", newest.version, args.name, customers(now.members)));
    Ok(ExitCode::SUCCESS)
}

async fn list(args: ListArgs) -> Result<ExitCode, Failure> {
    let told = running(&args.config).await?.list_lists(ListListsRequest {}).await.map_err(admin::refused)?.into_inner();
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&told)?));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = table(&["list", "customers", "version", "loaded", "note"], &[1, 2]);
    for list in &told.lists {
        let newest = list.versions.first();
        let version = newest.map(|version| version.version.to_string()).unwrap_or_default();
        let note = newest.map(|version| version.note.clone()).unwrap_or_default();
        rows.add_row([list.list_id.clone(), list.members.to_string(), version, loaded_at(newest), note]);
    }
    let mut text = if told.lists.is_empty() { "no list was loaded yet".to_owned() } else { rows.trim_fmt() };
    for missing in &told.missing_list_ids {
        text.push_str(&format!("\nthe programs in force ask for {missing}, which was never loaded: nobody is on it"));
    }
    print(&format!("{text}\n"));
    Ok(ExitCode::SUCCESS)
}

async fn show(args: ShowArgs) -> Result<ExitCode, Failure> {
    let customer = args.customer.map(v1::customer_identity::Identity::CustomerId);
    let phone = args.phone.map(v1::customer_identity::Identity::Phone);
    let identity = args.card.map(v1::customer_identity::Identity::CardNumber).or(phone).or(customer);
    let asked = identity.is_some();
    let customer = identity.map(|identity| v1::CustomerIdentity { identity: Some(identity), entry_method: 0 });
    let request = GetListRequest { list_id: args.name.clone(), customer };
    let told = running(&args.config).await?.get_list(request).await.map_err(admin::refused)?.into_inner();
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&told)?));
        return Ok(ExitCode::SUCCESS);
    }
    let list = told.list.unwrap_or_default();
    let mut text = page(&list);
    if asked {
        let until = told.until.as_ref().and_then(tessera_contract::convert::timestamp_from_wire);
        text.push_str(&match (told.listed, until) {
            (false, _) => "\nthe customer is not on it".to_owned(),
            (true, None) => "\nthe customer is on it".to_owned(),
            (true, Some(until)) => format!("\nthe customer is on it until {until}"),
        });
    }
    print(&format!("{text}\n"));
    Ok(ExitCode::SUCCESS)
}

fn page(list: &CustomerList) -> String {
    let mut rows = table(
        &["version", "load", "loaded", "rows", "new", "known", "unknown", "twice", "customers", "note"],
        &[0, 3, 4, 5, 6, 7, 8],
    );
    for version in &list.versions {
        rows.add_row(row(version));
    }
    let mut text = format!("{}: {}", list.list_id, customers(list.members));
    if !list.versions.is_empty() {
        text.push_str(&format!("\n{}", rows.trim_fmt()));
    }
    if let Some(loading) = &list.loading {
        let change = loading.change.unwrap_or_default();
        let taken = change.others.saturating_add(change.listed).saturating_add(change.unknown).saturating_add(change.repeated);
        text.push_str(&format!(
            "\na load was begun and not finished, with {taken} of {} rows: run it again to go on",
            loading.rows
        ));
    }
    text
}

fn row(version: &ListVersion) -> [String; 10] {
    let change = version.change.unwrap_or_default();
    [
        version.version.to_string(),
        mode(version.mode()).to_owned(),
        loaded_at(Some(version)),
        version.rows.to_string(),
        change.others.to_string(),
        change.listed.to_string(),
        change.unknown.to_string(),
        change.repeated.to_string(),
        version.members.to_string(),
        version.note.clone(),
    ]
}

const fn mode(mode: ListMode) -> &'static str {
    match mode {
        ListMode::Unspecified => "",
        ListMode::Replace => "whole",
        ListMode::Add => "add",
        ListMode::Remove => "remove",
    }
}

fn loaded_at(version: Option<&ListVersion>) -> String {
    let at = version.and_then(|version| version.loaded_at.as_ref());
    let at: Option<Timestamp> = at.and_then(tessera_contract::convert::timestamp_from_wire);
    at.map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default()
}

/// So many customers, in words.
fn customers(count: u64) -> String {
    if count == 1 { "1 customer".to_owned() } else { format!("{count} customers") }
}
