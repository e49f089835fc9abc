//! `tessera crm`: keeps the mirror of an engine's outcomes, and shows what it holds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, Subcommand};
use tessera_crm::engine_at::EngineAt;
use tessera_crm::mirror::layout;
use tessera_storage::{EmbeddedStorage, OpenError, Options, Space, Storage};

use super::Failure;
use super::reach::{endpoint, identity};
use crate::config::Config;

mod card;
pub(super) mod client;
mod notices;
mod rebuild;
mod serve;
mod status;

/// What the storage of a mirror says of itself.
const MADE_FOR_MIRROR: &[u8] = b"mirror";

/// Arguments of `tessera crm`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  tessera crm serve
  tessera crm card --phone +441632960001
  tessera crm notices --late
  tessera crm rebuild")]
pub(crate) struct CrmArgs {
    #[command(subcommand)]
    command: CrmCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum CrmCommand {
    /// Follow the engine and answer over HTTP until Ctrl-C.
    Serve(serve::ServeArgs),
    /// Say how far the mirror is behind the engine.
    Status(status::StatusArgs),
    /// Show a customer's card, with everything that was committed until now.
    Card(card::CardArgs),
    /// Show the notices to customers that are due, late or undeliverable, and why.
    Notices(notices::NoticesArgs),
    /// Make the mirror again from the feed and compare it with the one that is there.
    Rebuild(rebuild::RebuildArgs),
}

/// Carries out a command.
pub(crate) async fn run(args: CrmArgs) -> Result<ExitCode, Failure> {
    match args.command {
        CrmCommand::Serve(args) => serve::run(args).await,
        CrmCommand::Status(args) => status::run(args).await,
        CrmCommand::Card(args) => card::run(args).await,
        CrmCommand::Notices(args) => notices::run(args).await,
        CrmCommand::Rebuild(args) => rebuild::run(args).await,
    }
}

/// The folder of the mirror.
pub(super) fn folder(config: &Config) -> PathBuf {
    config.data.join("mirror")
}

/// The engine that is mirrored, with the certificate that is shown to it where there is one.
fn engine(config: &Config) -> Result<EngineAt, Failure> {
    Ok(EngineAt::new(endpoint(config, config.listen_engine), identity(config)?))
}

/// Opens the storage of a mirror.
pub(super) fn open(folder: &Path) -> Result<EmbeddedStorage, Failure> {
    open_made_for(folder, MADE_FOR_MIRROR, &layout::SPACES)
}

/// Opens a storage that was made for this, or makes it.
fn open_made_for(folder: &Path, purpose: &'static [u8], spaces: &[Space]) -> Result<EmbeddedStorage, Failure> {
    let shown = String::from_utf8_lossy(purpose);
    let options = Options {
        facts: Bytes::from_static(purpose),
        on_fatal: Box::new(|reason| {
            tracing::error!(reason, "a storage failed; the process ends, since only a new start can tell what is on disk");
            std::process::exit(crate::node::EXIT_STORAGE);
        }),
        ..Options::new(spaces)
    };
    let opened = EmbeddedStorage::open(folder, options).map_err(|error: OpenError| -> Failure { error.into() })?;
    if opened.facts != purpose {
        return Err(format!("{} was not made for {shown}: use another data folder", folder.display()).into());
    }
    Ok(opened.storage)
}

/// Closes a storage that nobody uses any more.
pub(super) async fn close(storage: &dyn Storage) {
    if let Err(error) = storage.close().await {
        tracing::error!(%error, "a storage did not close cleanly; the next start will check it");
    }
}
