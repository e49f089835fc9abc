//! `tessera customer`: what people know of customers beside tills; two customers are one, one gives another points, or one is
//! forgotten.

mod between;
mod erase;
mod review;

use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tessera_contract::convert::{timestamp_from_wire, timestamp_to_wire};
use tessera_proto::admin::v1::profile_service_client::ProfileServiceClient;
use tessera_proto::admin::v1::{CheckedFact, ConfirmFactsRequest, ListFactsRequest, ReportEventRequest, StatedFact};
use tessera_proto::billing::v1::{CustomerIdentity, FactTrust, customer_identity::Identity};
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
    /// Print what a customer has stated, and since when each is known, for whoever checks it.
    Facts(FactsArgs),
    /// Say that somebody has checked answers of a customer; what has waited for them is given.
    Confirm(ConfirmArgs),
    /// Say that something has happened to a customer; rewards that have waited for it are given.
    Event(EventArgs),
    /// Two customers are one person: everything of the one goes to the other. Nothing undoes it.
    Merge(between::MergeArgs),
    /// A customer moves into the household of another: one account, and each stays who they are.
    Join(between::JoinArgs),
    /// One customer gives another units of an asset.
    Transfer(between::TransferArgs),
    /// Receipts of which a brake holds rewards: list them, let what is held go, or refuse it.
    Review(review::ReviewArgs),
    /// A customer wants to be forgotten: what is known of them goes for good, and what they had.
    Erase(erase::EraseArgs),
}

/// Whose.
#[derive(Clone, Debug, Args)]
struct Whose {
    /// The customer's card.
    #[arg(long, conflicts_with_all = ["phone", "customer"])]
    card: Option<String>,
    /// The phone that they enrolled with.
    #[arg(long, conflicts_with = "customer")]
    phone: Option<String>,
    /// The engine's own id of them.
    #[arg(long)]
    customer: Option<String>,
}

impl Whose {
    fn identity(self) -> Result<Option<CustomerIdentity>, Failure> {
        let phone = self.phone.map(Identity::Phone);
        let identity = self.card.map(Identity::CardNumber).or(phone).or(self.customer.map(Identity::CustomerId));
        let Some(identity) = identity else { return Err("say whose: --card, --phone or --customer".into()) };
        Ok(Some(CustomerIdentity { identity: Some(identity), entry_method: 0 }))
    }
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  what was ordered has been delivered
      tessera customer event --id E1 --card 77001001 delivered --receipt S1/T9/2026-11-23/17
Undo: nothing; what it gave comes back with the goods.")]
struct EventArgs {
    /// An id for this; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    #[command(flatten)]
    whose: Whose,
    /// The event, as a program in force names it.
    #[arg(value_name = "EVENT")]
    event: String,
    /// The receipt that it is about; else all that wait for it.
    #[arg(long)]
    receipt: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  what is to be compared with a passport
      tessera customer facts --card 77001001")]
struct FactsArgs {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    config: ConfigFile,
}

/// A fact and since when what was checked was known.
#[derive(Clone, Debug)]
struct Checked {
    fact: String,
    known_at: Timestamp,
}

impl FromStr for Checked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write a fact and its time as `tessera customer facts` prints them: surname@2026-11-23T10:00:00Z";
        let (fact, known_at) = text.split_once('@').ok_or(form)?;
        Ok(Self { fact: fact.to_owned(), known_at: known_at.parse().map_err(|_| form)? })
    }
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  a passport was looked at, and shows what `tessera customer facts` printed
      tessera customer confirm --id C1 --card 77001001 surname@2026-11-23T10:00:00Z
Where the customer has answered anew in between, nothing is confirmed.
Undo: nothing takes a confirmation back but another answer.")]
struct ConfirmArgs {
    /// An id for this; the same one again changes nothing.
    #[arg(long, value_name = "ID")]
    id: String,
    #[command(flatten)]
    whose: Whose,
    /// The facts that were checked, each with the time that it was read with.
    #[arg(value_name = "FACT@TIME", required = true)]
    facts: Vec<Checked>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs a command on customers.
pub(crate) async fn run(args: CustomerArgs) -> Result<ExitCode, Failure> {
    match args.command {
        CustomerCommand::Facts(args) => facts(args).await,
        CustomerCommand::Confirm(args) => confirm(args).await,
        CustomerCommand::Event(args) => event(args).await,
        CustomerCommand::Merge(args) => between::merge(args).await,
        CustomerCommand::Join(args) => between::join(args).await,
        CustomerCommand::Transfer(args) => between::transfer(args).await,
        CustomerCommand::Review(args) => review::run(args).await,
        CustomerCommand::Erase(args) => erase::run(args).await,
    }
}

async fn facts(args: FactsArgs) -> Result<ExitCode, Failure> {
    let request = ListFactsRequest { customer: args.whose.identity()? };
    let stated = running(&args.config).await?.list_facts(request).await.map_err(admin::refused)?.into_inner().facts;
    if stated.is_empty() {
        print("the customer has stated nothing\n");
    }
    for fact in &stated {
        print(&row(fact));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(fact: &StatedFact) -> String {
    let known_at = fact.known_at.as_ref().and_then(timestamp_from_wire).unwrap_or_default();
    let trust = match fact.trust() {
        FactTrust::Confirmed => "confirmed",
        FactTrust::Stated | FactTrust::Unspecified => "stated",
    };
    let value = if fact.refused { "(refused)" } else { &fact.value };
    format!("{}@{known_at}  {trust}  {value}\n", fact.fact_id)
}

async fn confirm(args: ConfirmArgs) -> Result<ExitCode, Failure> {
    let customer = args.whose.identity()?;
    let facts = args.facts.into_iter();
    let checked = facts.map(|read| CheckedFact { fact_id: read.fact, known_at: Some(timestamp_to_wire(read.known_at)) });
    let request = ConfirmFactsRequest { request_id: args.id, customer, facts: checked.collect() };
    let done = running(&args.config).await?.confirm_facts(request).await.map_err(admin::refused)?.into_inner();
    let outcome = done.outcome.unwrap_or_default();
    let facts: Vec<&str> = outcome.recorded_answers.iter().map(|answer| answer.fact_id.as_str()).collect();
    print(&format!("confirmed: {}\n", facts.join(", ")));
    if !outcome.rewards.is_empty() {
        print(&format!("given for it: {} rewards\n", outcome.rewards.len()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn event(args: EventArgs) -> Result<ExitCode, Failure> {
    let (customer, receipt_id) = (args.whose.identity()?, args.receipt.unwrap_or_default());
    let request = ReportEventRequest { request_id: args.id, customer, event_id: args.event, receipt_id };
    let done = running(&args.config).await?.report_event(request).await.map_err(admin::refused)?.into_inner();
    print(&match done.outcome {
        None => "nothing has waited for it\n".to_owned(),
        Some(outcome) => format!("given for it: {} rewards\n", outcome.rewards.len()),
    });
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &ConfigFile) -> Result<ProfileServiceClient<Channel>, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(ProfileServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}
