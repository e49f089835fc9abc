//! `tessera crm`: keeps the mirror of an engine's outcomes, and shows what it holds.

use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, Subcommand};
use tessera_crm::mirror::layout;
use tessera_storage::{EmbeddedStorage, OpenError, Options, Storage};

use super::Failure;
use crate::config::Config;

mod card;
pub(super) mod client;
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
    /// Make the mirror again from the feed and compare it with the one that is there.
    Rebuild(rebuild::RebuildArgs),
}

/// Carries out a command.
pub(crate) async fn run(args: CrmArgs) -> Result<ExitCode, Failure> {
    match args.command {
        CrmCommand::Serve(args) => serve::run(args).await,
        CrmCommand::Status(args) => status::run(args).await,
        CrmCommand::Card(args) => card::run(args).await,
        CrmCommand::Rebuild(args) => rebuild::run(args).await,
    }
}

/// The folder of the mirror.
pub(super) fn folder(config: &Config) -> PathBuf {
    config.data.join("mirror")
}

/// The engine that is mirrored.
fn engine(config: &Config) -> String {
    format!("http://{}", config.listen_engine)
}

/// Opens the storage of a mirror.
pub(super) fn open(folder: &std::path::Path) -> Result<EmbeddedStorage, Failure> {
    let options = Options {
        facts: Bytes::from_static(MADE_FOR_MIRROR),
        on_fatal: Box::new(|reason| {
            tracing::error!(
                reason,
                "the mirror's storage failed; the process ends, since only a new start can tell what is on disk"
            );
            std::process::exit(crate::node::EXIT_STORAGE);
        }),
        ..Options::new(&layout::SPACES)
    };
    let opened = EmbeddedStorage::open(folder, options).map_err(|error: OpenError| -> Failure { error.into() })?;
    if opened.facts != MADE_FOR_MIRROR {
        return Err(format!("{} holds no mirror: use another data folder", folder.display()).into());
    }
    Ok(opened.storage)
}

/// Closes a storage that nobody uses any more.
pub(super) async fn close(storage: &dyn Storage) {
    if let Err(error) = storage.close().await {
        tracing::error!(%error, "the mirror's storage did not close cleanly; the next start will check it");
    }
}
