//! `tessera customer confirm`: people have checked what a customer stated.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_proto::admin::v1::ConfirmFactsRequest;
use tessera_proto::admin::v1::profile_service_client::ProfileServiceClient;
use tessera_proto::billing::v1::{CustomerIdentity, customer_identity::Identity};
use tonic::transport::Channel;

use super::reach::reach;
use super::{ConfigFile, Failure, admin, print, read_config};

/// Arguments of `tessera customer`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CustomerArgs {
    #[command(subcommand)]
    command: CustomerCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum CustomerCommand {
    /// Say that somebody has checked answers of a customer; what has waited for them is given.
    Confirm(ConfirmArgs),
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  a passport was looked at
      tessera customer confirm --id C1 --card 77001001 surname birthday
Undo: nothing takes a confirmation back but another answer.")]
struct ConfirmArgs {
    /// An id for this; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    /// The customer's card.
    #[arg(long, conflicts_with_all = ["phone", "customer"])]
    card: Option<String>,
    /// The phone that they enrolled with.
    #[arg(long, conflicts_with = "customer")]
    phone: Option<String>,
    /// The engine's own id of them.
    #[arg(long)]
    customer: Option<String>,
    /// The facts that were checked.
    #[arg(value_name = "FACT", required = true)]
    facts: Vec<String>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs a command on customers.
pub(crate) async fn run(args: CustomerArgs) -> Result<ExitCode, Failure> {
    match args.command {
        CustomerCommand::Confirm(args) => confirm(args).await,
    }
}

async fn confirm(args: ConfirmArgs) -> Result<ExitCode, Failure> {
    let phone = args.phone.map(Identity::Phone);
    let identity = args.card.map(Identity::CardNumber).or(phone).or(args.customer.map(Identity::CustomerId));
    let Some(identity) = identity else { return Err("say whose answers: --card, --phone or --customer".into()) };
    let customer = Some(CustomerIdentity { identity: Some(identity), entry_method: 0 });
    let request = ConfirmFactsRequest { request_id: args.id, customer, fact_ids: args.facts };
    let done = running(&args.config).await?.confirm_facts(request).await.map_err(admin::refused)?.into_inner();
    let outcome = done.outcome.unwrap_or_default();
    let facts: Vec<&str> = outcome.recorded_answers.iter().map(|answer| answer.fact_id.as_str()).collect();
    print(&format!("confirmed: {}\n", facts.join(", ")));
    if !outcome.rewards.is_empty() {
        print(&format!("given for it: {} rewards\n", outcome.rewards.len()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &ConfigFile) -> Result<ProfileServiceClient<Channel>, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(ProfileServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}
