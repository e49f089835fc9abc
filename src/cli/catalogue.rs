//! `tessera catalogue`: products into a running engine, or into the storage of a stopped one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tessera_engine::programs::Published;
use tessera_proto::admin::v1::LoadCatalogueRequest;
use tessera_rules::catalogue::Product;

use super::{ConfigFile, Failure, admin, print, read_config};
use crate::node::open_engine;
use crate::product_file;

mod stock;

/// Bytes from which on a piece is sent; a product more fits the message.
const PIECE_BYTES: usize = 256 * 1024;

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
    /// Say what stores have in stock and what they lack, for offers and gifts.
    Stock(stock::StockArgs),
    /// Tell what a store lacks.
    Gone(stock::GoneArgs),
}

/// Loads.
pub(crate) async fn run(args: CatalogueArgs) -> Result<ExitCode, Failure> {
    match args.command {
        CatalogueCommand::Load { file, config, check } => load(&file, &config, check).await,
        CatalogueCommand::Stock(args) => stock::run(args).await,
        CatalogueCommand::Gone(args) => stock::gone(args).await,
    }
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
    if let Some(mut engine) = admin::connect(&config).await? {
        let loaded =
            engine.load_catalogue(futures_util::stream::iter(pieces(&products)?)).await.map_err(admin::refused)?.into_inner();
        return Ok(say(count, loaded.catalogue, loaded.unchanged));
    }
    let engine = open_engine(&config, None).await?;
    let published = engine.programs().load_catalogue(products, Timestamp::now()).await?;
    engine.storage().close().await?;
    Ok(match published {
        Published::New(number) => say(count, number, false),
        Published::Unchanged(number) => say(count, number, true),
    })
}

fn say(count: usize, number: u64, unchanged: bool) -> ExitCode {
    print(&if unchanged {
        format!("catalogue {number} holds exactly these {count} products already\n")
    } else {
        format!("{count} products loaded as catalogue {number}\n")
    });
    ExitCode::SUCCESS
}

/// The products as JSON lines, in pieces that fit a message.
fn pieces(products: &[Product]) -> Result<Vec<LoadCatalogueRequest>, serde_json::Error> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    for product in products {
        serde_json::to_writer(&mut piece, product)?;
        piece.push(b'\n');
        if piece.len() >= PIECE_BYTES {
            pieces.push(LoadCatalogueRequest { json_lines: std::mem::take(&mut piece) });
        }
    }
    if !piece.is_empty() {
        pieces.push(LoadCatalogueRequest { json_lines: piece });
    }
    Ok(pieces)
}
