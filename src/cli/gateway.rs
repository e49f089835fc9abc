//! `tessera gateway`: how a running gateway stands, what its spool could not deliver, the close of tills' days, the spool
//! as a file, and the key of its rule pack.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use tessera_engine::keys::Keys;
use tessera_gateway::{export, import};
use tessera_proto::gateway::v1::operator_service_client::OperatorServiceClient;
use tessera_proto::gateway::v1::{
    CloseTillDaysRequest, CloseTillDaysResponse, GetStatusRequest, ListParkedRequest, RetryParkedRequest, TillDayResult,
    TillDayStatus,
};
use tonic::transport::Channel;

use super::reach::{identity, reach};
use super::{ConfigFile, Failure, admin, print, read_config};

pub(super) mod show;

/// Arguments of `tessera gateway`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  tessera gateway status                             link, spool and answers of this gateway
  tessera gateway parked                             what an engine refused for good, and why
  tessera gateway retry 4711                         try that entry again (no number: all)
  tessera gateway close                              tills' days that are not closed: what differs
  tessera gateway export --out store-7.spool         what waits, as a file for another uplink
  tessera gateway import store-7.spool --engine http://127.0.0.1:7301
  tessera gateway pack-key                           at an engine: the key of its rule packs")]
pub(crate) struct GatewayArgs {
    #[command(subcommand)]
    command: GatewayCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum GatewayCommand {
    /// How the gateway stands: link, engines, spool, answers.
    Status(StatusArgs),
    /// The entries of the spool that an engine refused for good.
    Parked(ParkedArgs),
    /// Put parked entries back in their places.
    Retry(RetryArgs),
    /// Compare what this gateway has answered with what the engine has, till by till, and close the days.
    Close(CloseArgs),
    /// Write all that waits or is parked to a new file; the gateway may be running.
    Export(ExportArgs),
    /// Deliver such a file to an engine. What it has already is a repeat and changes nothing.
    Import(ImportArgs),
    /// What this engine's rule packs are signed with, for `gateway.pack_key` of the gateways that follow it.
    PackKey(PackKeyArgs),
}

#[derive(Clone, Debug, Args)]
struct StatusArgs {
    /// Print JSON in place of a page.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct ParkedArgs {
    /// How many at most.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Print JSON in place of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct RetryArgs {
    /// Numbers of entries, as `tessera gateway parked` lists them; none: all.
    #[arg(value_name = "NUMBER")]
    numbers: Vec<u64>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct CloseArgs {
    /// The day, as 2026-11-22; none: every day that is not closed.
    #[arg(value_name = "DATE")]
    date: Option<Date>,
    /// The shop; none: every one.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// The till; none: every one.
    #[arg(long, value_name = "ID")]
    till: Option<String>,
    /// Print JSON in place of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct PackKeyArgs {
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct ExportArgs {
    /// The file to make; it must not be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct ImportArgs {
    /// The file, as `tessera gateway export` made it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where an engine (or a gateway with a link) listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7301")]
    engine: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Carries out the command.
pub(crate) async fn run(args: GatewayArgs) -> Result<ExitCode, Failure> {
    match args.command {
        GatewayCommand::Status(args) => status(&args).await,
        GatewayCommand::Parked(args) => parked(&args).await,
        GatewayCommand::Retry(args) => retry(args).await,
        GatewayCommand::Close(args) => close(args).await,
        GatewayCommand::Export(args) => export_spool(&args),
        GatewayCommand::Import(args) => import_file(&args).await,
        GatewayCommand::PackKey(args) => pack_key(&args),
    }
}

async fn status(args: &StatusArgs) -> Result<ExitCode, Failure> {
    let status = running(&args.config).await?.get_status(GetStatusRequest {}).await.map_err(admin::refused)?.into_inner();
    print(&if args.json { json(&status)? } else { show::status(&status) });
    Ok(ExitCode::SUCCESS)
}

async fn parked(args: &ParkedArgs) -> Result<ExitCode, Failure> {
    let request = ListParkedRequest { limit: args.limit };
    let parked = running(&args.config).await?.list_parked(request).await.map_err(admin::refused)?.into_inner();
    print(&if args.json { json(&parked)? } else { show::parked(&parked) });
    Ok(ExitCode::SUCCESS)
}

async fn retry(args: RetryArgs) -> Result<ExitCode, Failure> {
    let request = RetryParkedRequest { entry_numbers: args.numbers };
    let retried = running(&args.config).await?.retry_parked(request).await.map_err(admin::refused)?.into_inner();
    print(&format!("{} wait again\n", retried.retried_count));
    Ok(ExitCode::SUCCESS)
}

/// Fails where a day differs.
async fn close(args: CloseArgs) -> Result<ExitCode, Failure> {
    let mut request = CloseTillDaysRequest {
        store_id: args.store.unwrap_or_default(),
        till_id: args.till.unwrap_or_default(),
        business_date: args.date.map(|date| date.to_string()).unwrap_or_default(),
        page_token: String::new(),
    };
    let mut client = running(&args.config).await?;
    let mut closed = CloseTillDaysResponse::default();
    loop {
        let page = client.close_till_days(request.clone()).await.map_err(admin::refused)?.into_inner();
        closed.days.extend(page.days);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    print(&if args.json { json(&closed)? } else { show::closed(&closed) });
    let agreed = |day: &TillDayResult| day.engine.as_ref().is_some_and(|engine| engine.status() == TillDayStatus::Agreed);
    Ok(if closed.days.iter().all(agreed) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn export_spool(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let exported = export(&config.gateway_spool, &args.out, identity(&config)?.as_ref())?;
    print(&format!("{} entries, {} bytes, in {}\n", exported.entries, exported.bytes, args.out.display()));
    Ok(ExitCode::SUCCESS)
}

async fn import_file(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let engine = args.engine.parse().map_err(|_| format!("{} is no address of the form http://HOST:PORT", args.engine))?;
    let imported = import(&args.file, (&engine, identity(&config)?.as_ref()), &config.gateway_id).await?;
    print(&show::imported(&imported));
    Ok(if imported.refused.is_empty() && !imported.damaged { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// From the engine's key file: the engine may be running or not.
fn pack_key(args: &PackKeyArgs) -> Result<ExitCode, Failure> {
    let file = read_config(args.config.config.as_deref())?.data.join("keys");
    let keys = Keys::load(&file)
        .map_err(|error| format!("the keys in {}: {error}; name the engine's configuration by --config", file.display()))?;
    print(&format!("{}\n", keys.packs().public()));
    Ok(ExitCode::SUCCESS)
}

/// The gateway of a configuration.
async fn running(config: &ConfigFile) -> Result<OperatorServiceClient<Channel>, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_gateway;
    reach(&config, address).await?.map(OperatorServiceClient::new).ok_or_else(|| {
        format!("no gateway answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}

fn json(message: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(format!("{}\n", serde_json::to_string_pretty(message)?))
}
