//! `tessera customer erase`: a customer wants to be forgotten.

use std::process::ExitCode;

use clap::Args;
use tessera_engine::EraseStatement;
use tessera_proto::admin::v1::EraseCustomerRequest;
use tessera_proto::billing::v1::Outcome;
use tessera_proto::billing::v1::posting::Side;
use tessera_rules::id::{CustomerId, ReceiptId};

use super::between::running;
use crate::cli::signed::SignArgs;
use crate::cli::{ConfigFile, Failure, admin, print};

/// Arguments of `tessera customer erase`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples (`tessera card show CARD` tells a card's customer):
  a customer wants to be forgotten
      tessera customer erase c-1… --id X1 --reason 'their wish of 24 November' \\
          --as anna.key --yes
  with more units than one person may let lapse
      tessera customer erase c-1… --id X1 --reason '…' --as anna.key --sign-only
      tessera customer erase c-1… --id X1 --reason '…' --as ben.key --agreed SIGNATURE --yes
Nothing undoes it: the key of what they said is deleted. Put nothing about the customer into the
reason, which stays. Backups hold the key until they are thrown away: keep none for over 30 days.")]
pub(super) struct EraseArgs {
    /// The customer, by the engine's own id.
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    /// An id for this erasure; the same one again changes nothing.
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

/// Forgets a customer.
pub(super) async fn run(args: EraseArgs) -> Result<ExitCode, Failure> {
    let statement = EraseStatement {
        id: ReceiptId::parse(&args.id)?,
        customer: CustomerId::parse(&args.customer)?,
        reason: args.reason.clone(),
    };
    let Some(signatures) = args.signed.sign(&statement.text())? else { return Ok(ExitCode::SUCCESS) };
    if !args.yes {
        return Err("nothing undoes an erasure: say --yes".into());
    }
    let request = EraseCustomerRequest { request_id: args.id, customer_id: args.customer, reason: args.reason, signatures };
    let erased = running(&args.config).await?.erase_customer(request).await.map_err(admin::refused)?.into_inner();
    print(&page(&erased.outcome.unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}

/// What went.
fn page(outcome: &Outcome) -> String {
    let mut text = format!("{}: account {} is nobody's any more\n", outcome.outcome_id, outcome.account_id);
    let lapsed = outcome.postings.iter().filter(|posting| matches!(posting.side, Some(Side::LotId(_))));
    text.extend(lapsed.map(|posting| format!("  {:+} {}\n", posting.units, posting.asset_id)));
    text
}
