//! `tessera customer review`: receipts of which a brake holds rewards; somebody looks, and lets them go or not.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_contract::convert::timestamp_from_wire;
use tessera_engine::ReviewStatement;
use tessera_ledger::review::Finding;
use tessera_proto::admin::v1::{HeldReceipt, ListHeldReceiptsRequest, ReviewFinding, ReviewReceiptRequest};
use tessera_proto::billing::v1::{Brake, Reward};
use tessera_rules::id::{CustomerId, ReceiptId};

use super::between::running;
use crate::cli::signed::SignArgs;
use crate::cli::{ConfigFile, Failure, admin, print};

/// Arguments of `tessera customer review`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  what is held
      tessera customer review list
  nothing is wrong with it
      tessera customer review release c-1… S1/T9/17 --id R1 --reason 'a club' --as anna.key
  with more units than one person may let go alone
      tessera customer review release c-1… S1/17 --id R1 --reason '…' --as a.key --sign-only
      tessera customer review release c-1… S1/17 --id R1 --reason '…' --as b.key --agreed SIGNED
Undo: what was given by mistake `tessera ledger adjust` takes; what was refused, it gives.")]
pub(super) struct ReviewArgs {
    #[command(subcommand)]
    command: ReviewCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ReviewCommand {
    /// Receipts of which a brake holds rewards, the oldest first.
    List {
        /// Of receipts booked on so many days, today among them.
        #[arg(long, default_value_t = 30, value_name = "N")]
        days: i32,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Nothing is wrong: all that is held of the receipt is given.
    Release(FindingArgs),
    /// What is held of the receipt will not be given.
    Refuse(FindingArgs),
}

#[derive(Clone, Debug, Args)]
struct FindingArgs {
    /// Whose receipt it is, by the engine's own id.
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    /// The receipt.
    #[arg(value_name = "RECEIPT")]
    receipt: String,
    /// An id for this; the same one again changes nothing.
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

/// Lists what is held, or says what was found.
pub(super) async fn run(args: ReviewArgs) -> Result<ExitCode, Failure> {
    match args.command {
        ReviewCommand::List { days, config } => list(days, &config).await,
        ReviewCommand::Release(args) => found(args, Finding::Release).await,
        ReviewCommand::Refuse(args) => found(args, Finding::Refuse).await,
    }
}

async fn list(days: i32, config: &ConfigFile) -> Result<ExitCode, Failure> {
    let request = ListHeldReceiptsRequest { days };
    let held = running(config).await?.list_held_receipts(request).await.map_err(admin::refused)?.into_inner();
    if held.receipts.is_empty() {
        print("nothing is held\n");
    }
    for receipt in &held.receipts {
        print(&page(receipt));
    }
    if held.cut {
        print("there are more: look at some of these first\n");
    }
    Ok(ExitCode::SUCCESS)
}

fn page(receipt: &HeldReceipt) -> String {
    let since = receipt.held_since.as_ref().and_then(timestamp_from_wire).map_or_else(String::new, |at| at.to_string());
    let mut text = format!("{since}  {}  {}\n", receipt.customer_id, receipt.receipt_id);
    text.extend(receipt.rewards.iter().map(line));
    text
}

fn line(reward: &Reward) -> String {
    let why = match reward.held_by() {
        Brake::Velocity => "the card is used often",
        Brake::OwnTill => "the card is the cashier's own",
        Brake::UnitsAbove => "many units on one receipt",
        Brake::Unspecified => "held",
    };
    let what = if reward.asset_id.is_empty() {
        reward.kind().as_str_name().trim_start_matches("REWARD_KIND_").to_lowercase()
    } else {
        format!("{:+} {}", reward.units, reward.asset_id)
    };
    format!("  {what}, {}: {why}\n", reward.campaign_id)
}

async fn found(args: FindingArgs, finding: Finding) -> Result<ExitCode, Failure> {
    let statement = ReviewStatement {
        id: ReceiptId::parse(&args.id)?,
        customer: CustomerId::parse(&args.customer)?,
        receipt: ReceiptId::parse(&args.receipt)?,
        finding,
        reason: args.reason.clone(),
    };
    let Some(signatures) = args.signed.sign(&statement.text())? else { return Ok(ExitCode::SUCCESS) };
    let (wire, done) = match finding {
        Finding::Release => (ReviewFinding::Release, "given"),
        Finding::Refuse => (ReviewFinding::Refuse, "taken away"),
    };
    let request = ReviewReceiptRequest {
        request_id: args.id,
        customer_id: args.customer,
        receipt_id: args.receipt,
        finding: i32::from(wire),
        reason: args.reason,
        signatures,
    };
    let reviewed = running(&args.config).await?.review_receipt(request).await.map_err(admin::refused)?.into_inner();
    let outcome = reviewed.outcome.unwrap_or_default();
    print(&format!("{}: {} rewards {done}\n", outcome.outcome_id, outcome.rewards.len()));
    Ok(ExitCode::SUCCESS)
}
