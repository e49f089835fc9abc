//! `tessera ledger adjust`: a correction, signed by one or two people of finance.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;
use tessera_engine::ledger::AdjustmentStatement;
use tessera_proto::admin::v1::AdjustRequest;
use tessera_proto::billing::v1::posting::Side;
use tessera_rules::id::{AccountId, AssetId, ProgramId, ReceiptId};
use tessera_rules::money::Units;

use super::Ledger;
use crate::cli::signed::SignArgs;
use crate::cli::{Failure, print};

/// Arguments of `tessera ledger adjust`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Above the limit of the configuration two people of finance must sign:\n  \
tessera ledger adjust --id A1 … --as anna.key --sign-only\n  \
tessera ledger adjust --id A1 … --as ben.key --agreed SIGNATURE")]
pub(super) struct AdjustArgs {
    /// An id for this correction; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    /// The account, as `tessera till customer` tells it.
    #[arg(long)]
    account: String,
    /// The asset.
    #[arg(long)]
    asset: String,
    /// The program of the asset.
    #[arg(long)]
    program: String,
    /// Smallest units: above 0 given, below 0 taken; what is not there is owed.
    #[arg(long, allow_negative_numbers = true)]
    units: i64,
    /// Until when what is given can be used; none: for ever.
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    /// Why, for the books.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signed: SignArgs,
}

/// Signs and corrects.
pub(super) async fn run(ledger: &Ledger, args: AdjustArgs) -> Result<ExitCode, Failure> {
    let statement = statement(&args)?;
    let Some(signatures) = args.signed.sign(&statement.text())? else { return Ok(ExitCode::SUCCESS) };
    let request = AdjustRequest {
        request_id: args.id,
        account_id: args.account,
        asset_id: args.asset,
        program_id: args.program,
        units: args.units,
        expires_at: args.expires.map(timestamp_to_wire),
        reason: args.reason,
        signatures,
    };
    let outcome = ledger.adjust(request).await?.outcome.unwrap_or_default();
    let lots = outcome.postings.iter().filter(|posting| matches!(posting.side, Some(Side::LotId(_))));
    let units = lots.fold(0_i64, |sum, posting| sum.saturating_add(posting.units));
    print(&format!("{} booked on {}: {units:+} units\n", outcome.outcome_id, outcome.booking_date));
    Ok(ExitCode::SUCCESS)
}

fn statement(args: &AdjustArgs) -> Result<AdjustmentStatement, Failure> {
    Ok(AdjustmentStatement {
        id: ReceiptId::parse(&args.id)?,
        account: AccountId::parse(&args.account)?,
        asset: AssetId::parse(&args.asset)?,
        program: ProgramId::parse(&args.program)?,
        units: Units::from_units(args.units),
        expires_at: args.expires,
        reason: args.reason.clone(),
    })
}
