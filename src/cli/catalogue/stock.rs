//! `tessera catalogue stock`: what stores have and what they lack, from a table into a running engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use csv::StringRecord;
use tessera_proto::admin::v1::stock_service_client::StockServiceClient;
use tessera_proto::admin::v1::{GetStockRequest, SetStockRequest};
use tonic::transport::Channel;

use crate::cli::reach::reach;
use crate::cli::{ConfigFile, Failure, admin, print, read_config};

/// Faults that are shown; the rest is counted.
const FAULTS_SHOWN_MAX: usize = 100;

/// Arguments of `tessera catalogue stock`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "The file is CSV; its first row is `store,sku,stock`. `stock`: a number, yes or no.

Examples:
  what has changed
      tessera catalogue stock changes.csv
  everything: what the file does not name is there
      tessera catalogue stock stock.csv --whole
  what a store lacks
      tessera catalogue gone S1
Undo: load the file of before.")]
pub(super) struct StockArgs {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the file says of a store is all that the store lacks.
    #[arg(long)]
    whole: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Arguments of `tessera catalogue gone`.
#[derive(Clone, Debug, Args)]
pub(super) struct GoneArgs {
    /// The store.
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// What a file says of one store.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Told {
    gone: Vec<String>,
    back: Vec<String>,
}

/// Says what stores have.
pub(super) async fn run(args: StockArgs) -> Result<ExitCode, Failure> {
    let stores = read(&args.file)?;
    let mut service = running(&args.config).await?;
    for (store, told) in stores {
        let back_skus = if args.whole { Vec::new() } else { told.back };
        let request = SetStockRequest { store_id: store.clone(), whole: args.whole, gone_skus: told.gone, back_skus };
        let set = service.set_stock(request).await.map_err(admin::refused)?.into_inner();
        let news = if set.unchanged { ", as before" } else { "" };
        print(&format!("{store} lacks {} articles{news}\n", set.gone));
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells what a store lacks.
pub(super) async fn gone(args: GoneArgs) -> Result<ExitCode, Failure> {
    let request = GetStockRequest { store_id: args.store };
    let told = running(&args.config).await?.get_stock(request).await.map_err(admin::refused)?.into_inner();
    let lines: String = told.gone_skus.iter().map(|sku| format!("{sku}\n")).collect();
    print(&lines);
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &ConfigFile) -> Result<StockServiceClient<Channel>, Failure> {
    let config = read_config(config.config.as_deref())?;
    let address = config.listen_engine;
    reach(&config, address).await?.map(StockServiceClient::new).ok_or_else(|| {
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}

/// What a file says of each store; nothing where it has a fault.
fn read(file: &Path) -> Result<BTreeMap<String, Told>, Failure> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_path(file)?;
    let header = reader.headers()?.clone();
    let column = |name: &str| {
        let place = header.iter().position(|column| column.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
        place.ok_or_else(|| format!("the file {} has no column `{name}`: its first row is store,sku,stock", file.display()))
    };
    let columns = [column("store")?, column("sku")?, column("stock")?];
    let mut stores: BTreeMap<String, Told> = BTreeMap::new();
    let mut faults = Vec::new();
    for record in reader.records() {
        let record = record?;
        match row(&record, columns) {
            Ok((store, sku, is_there)) => {
                let told = stores.entry(store.to_owned()).or_default();
                if is_there { &mut told.back } else { &mut told.gone }.push(sku.to_owned());
            }
            Err(problem) => {
                let line = record.position().map_or(0, csv::Position::line);
                faults.push(format!("\n  line {line}: {problem}"));
            }
        }
    }
    if faults.is_empty() {
        return Ok(stores);
    }
    let shown: String = faults.iter().take(FAULTS_SHOWN_MAX).map(String::as_str).collect();
    Err(format!("the file {} has {} faults; nothing was said{shown}", file.display(), faults.len()).into())
}

/// Store, article, and whether it is there.
fn row(record: &StringRecord, [store, sku, stock]: [usize; 3]) -> Result<(&str, &str, bool), String> {
    let cell = |place: usize| record.get(place).unwrap_or_default();
    if cell(store).is_empty() || cell(sku).is_empty() {
        return Err("must name a store and an article".to_owned());
    }
    let is_there = match cell(stock).to_ascii_lowercase().as_str() {
        "yes" | "true" => true,
        "no" | "false" => false,
        amount => match amount.replace(',', ".").parse::<rust_decimal::Decimal>() {
            Ok(amount) => amount > rust_decimal::Decimal::ZERO,
            Err(_) => return Err("`stock` must be how much there is, or yes or no".to_owned()),
        },
    };
    Ok((cell(store), cell(sku), is_there))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &str) -> Result<BTreeMap<String, Told>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stock.csv");
        std::fs::write(&file, content).unwrap();
        read(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_says_what_each_store_has_and_lacks() {
        let stores = of("store,sku,stock\nS1,A,0\nS1,B,12.5\nS2,A,no\nS2,B,YES\nS1,C,-1\n").unwrap();
        let told = |gone: &[&str], back: &[&str]| Told {
            gone: gone.iter().map(ToString::to_string).collect(),
            back: back.iter().map(ToString::to_string).collect(),
        };
        let expected = [("S1".to_owned(), told(&["A", "C"], &["B"])), ("S2".to_owned(), told(&["A"], &["B"]))];
        assert_eq!(stores, expected.into());
    }

    #[test]
    fn p11_what_is_no_stock_is_told_with_its_line() {
        let error = of("store,sku,stock\nS1,A,0\n,A,1\nS1,B,many\n").unwrap_err();
        for part in ["2 faults", "line 3", "line 4"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(of("shop,sku,stock\n").unwrap_err().contains("no column `store`"));
    }
}
