//! `tessera catalogue`: products into the storage of a stopped engine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tessera_engine::programs::Published;

use super::{ConfigFile, Failure, print, read_config};
use crate::node::open_engine;
use crate::product_file;

/// Arguments of `tessera catalogue`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CatalogueArgs {
    #[command(subcommand)]
    command: CatalogueCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum CatalogueCommand {
    /// Replace the products by those of a file. Undo: load the file of before.
    Load {
        /// CSV with a header (`sku,name,…`) or JSON lines, plain or gzip.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        config: ConfigFile,
        /// Only read and check the file.
        #[arg(long)]
        check: bool,
    },
}

/// Loads.
pub(crate) async fn run(args: CatalogueArgs) -> Result<ExitCode, Failure> {
    let CatalogueCommand::Load { file, config, check } = args.command;
    load(&file, &config, check).await
}

async fn load(file: &Path, config: &ConfigFile, check: bool) -> Result<ExitCode, Failure> {
    let products = product_file::read(file)?;
    let count = products.len();
    if check {
        tessera_rules::catalogue::Catalogue::new(0, products)?;
        print(&format!("{count} products, no faults; nothing was loaded\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let config = read_config(config.config.as_deref())?;
    let engine = open_engine(&config).await?;
    let published = engine.programs().load_catalogue(products, Timestamp::now()).await?;
    engine.storage().close().await?;
    print(&match published {
        Published::New(number) => format!("{count} products loaded as catalogue {number}\n"),
        Published::Unchanged(number) => format!("catalogue {number} holds exactly these {count} products already\n"),
    });
    Ok(ExitCode::SUCCESS)
}
