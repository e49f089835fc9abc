//! `tessera customer merge`, `join` and `transfer`: what one customer has goes to another.

use std::process::ExitCode;

use clap::Args;
use tessera_engine::{Between, CustomerStatement};
use tessera_proto::admin::v1::customer_service_client::CustomerServiceClient;
use tessera_proto::admin::v1::{JoinHouseholdRequest, MergeCustomersRequest, TransferUnitsRequest};
use tessera_proto::billing::v1::{MovedUnits, Outcome};
use tessera_rules::id::{AssetId, CustomerId, ReceiptId};
use tessera_rules::money::Units;
use tonic::transport::Channel;

use crate::cli::reach::reach;
use crate::cli::signed::SignArgs;
use crate::cli::{ConfigFile, Failure, admin, print, read_config};

/// Arguments of `tessera customer merge`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples (`tessera card show CARD` tells a card's customer):
  somebody has two cards
      tessera customer merge c-2… c-1… --id M1 --reason 'two cards, one person' \\
          --as anna.key --yes
  with more units than one person may move alone
      tessera customer merge c-2… c-1… --id M1 --reason '…' --as anna.key --sign-only
      tessera customer merge c-2… c-1… --id M1 --reason '…' --as ben.key --agreed SIGNATURE --yes
Nothing undoes a merge: what the two had is not told apart any more.
Points can be given back by `tessera customer transfer`.")]
pub(super) struct MergeArgs {
    /// The customer who goes, by the engine's own id.
    #[arg(value_name = "FROM")]
    from: String,
    /// The customer who stays and has everything.
    #[arg(value_name = "INTO")]
    into: String,
    /// An id for this merge; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    /// Why, for the books.
    #[arg(long)]
    reason: String,
    /// Yes, though nothing undoes it.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    signed: SignArgs,
    #[command(flatten)]
    config: ConfigFile,
}

/// Arguments of `tessera customer join`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples (`tessera card show CARD` tells a card's customer):
  two people save up together
      tessera customer join c-2… c-1… --id H1 --reason 'asked for at the desk' \\
          --as anna.key --yes
All of a household earn and spend the same points; each is asked for their own birthday,
and limits with `per: member` are each member's. Nothing undoes it: what each of them brought
is not told apart any more. Points can be given back by `tessera customer transfer`.")]
pub(super) struct JoinArgs {
    /// The customer who moves in, by the engine's own id; in no household yet.
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    /// Somebody of the household, or who has one from now on.
    #[arg(value_name = "HOUSEHOLD_OF")]
    household_of: String,
    /// An id for this move; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    /// Why, for the books.
    #[arg(long)]
    reason: String,
    /// Yes, though nothing undoes it.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    signed: SignArgs,
    #[command(flatten)]
    config: ConfigFile,
}

/// Arguments of `tessera customer transfer`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  a gift of a hundred points
      tessera customer transfer c-1… c-2… --asset points --units 100 --id T1 \\
          --reason 'a gift' --as anna.key
Undo: the same the other way round, under an id of its own.")]
pub(super) struct TransferArgs {
    /// The customer who gives, by the engine's own id.
    #[arg(value_name = "FROM")]
    from: String,
    /// The customer who gets.
    #[arg(value_name = "TO")]
    to: String,
    /// The asset.
    #[arg(long)]
    asset: String,
    /// Smallest units, above 0.
    #[arg(long)]
    units: i64,
    /// An id for this transfer; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    /// Why, for the books.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signed: SignArgs,
    #[command(flatten)]
    config: ConfigFile,
}

/// Makes two customers one.
pub(super) async fn merge(args: MergeArgs) -> Result<ExitCode, Failure> {
    let statement = CustomerStatement {
        id: ReceiptId::parse(&args.id)?,
        from: CustomerId::parse(&args.from)?,
        to: CustomerId::parse(&args.into)?,
        act: Between::Merge,
        reason: args.reason.clone(),
    };
    let Some(signatures) = args.signed.sign(&statement.text())? else { return Ok(ExitCode::SUCCESS) };
    if !args.yes {
        return Err(format!("nothing undoes this: {} would be {} for ever. Say --yes to go on", args.from, args.into).into());
    }
    let request = MergeCustomersRequest {
        request_id: args.id,
        from_customer_id: args.from,
        into_customer_id: args.into,
        reason: args.reason,
        signatures,
    };
    let merged = running(&args.config).await?.merge_customers(request).await.map_err(admin::refused)?.into_inner();
    print(&page(&merged.outcome.unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}

/// Makes two customers a household.
pub(super) async fn join(args: JoinArgs) -> Result<ExitCode, Failure> {
    let statement = CustomerStatement {
        id: ReceiptId::parse(&args.id)?,
        from: CustomerId::parse(&args.customer)?,
        to: CustomerId::parse(&args.household_of)?,
        act: Between::Join,
        reason: args.reason.clone(),
    };
    let Some(signatures) = args.signed.sign(&statement.text())? else { return Ok(ExitCode::SUCCESS) };
    if !args.yes {
        let what = format!("{} would share everything with {}", args.customer, args.household_of);
        return Err(format!("nothing undoes this: {what}. Say --yes to go on").into());
    }
    let request = JoinHouseholdRequest {
        request_id: args.id,
        customer_id: args.customer,
        household_of_customer_id: args.household_of,
        reason: args.reason,
        signatures,
    };
    let joined = running(&args.config).await?.join_household(request).await.map_err(admin::refused)?.into_inner();
    print(&page(&joined.outcome.unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}

/// Gives units of one customer to another.
pub(super) async fn transfer(args: TransferArgs) -> Result<ExitCode, Failure> {
    let statement = CustomerStatement {
        id: ReceiptId::parse(&args.id)?,
        from: CustomerId::parse(&args.from)?,
        to: CustomerId::parse(&args.to)?,
        act: Between::Transfer { asset: AssetId::parse(&args.asset)?, units: Units::from_units(args.units) },
        reason: args.reason.clone(),
    };
    let Some(signatures) = args.signed.sign(&statement.text())? else { return Ok(ExitCode::SUCCESS) };
    let request = TransferUnitsRequest {
        request_id: args.id,
        from_customer_id: args.from,
        to_customer_id: args.to,
        asset_id: args.asset,
        units: args.units,
        reason: args.reason,
        signatures,
    };
    let sent = running(&args.config).await?.transfer_units(request).await.map_err(admin::refused)?.into_inner();
    print(&page(&sent.outcome.unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}

/// What went where.
fn page(outcome: &Outcome) -> String {
    let mut text = String::new();
    for follow_up in &outcome.follow_ups {
        text.push_str(&format!(
            "{}: account {} to account {}\n",
            outcome.outcome_id, outcome.account_id, follow_up.target_account_id
        ));
        text.extend(follow_up.moved.iter().map(line));
    }
    text
}

fn line(moved: &MovedUnits) -> String {
    format!("  {:+} {}\n", moved.units, moved.asset_id)
}

pub(super) async fn running(config: &ConfigFile) -> Result<CustomerServiceClient<Channel>, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(CustomerServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}
