//! `tessera crm status`: how far the mirror is, and how far behind the engine.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use hyper::Method;
use serde_json::{Value, json};
use tessera_crm::mirror::read::Reader;
use tessera_storage::Storage;

use super::{client, close, folder, open};
use crate::cli::{ConfigFile, Failure, print, read_config};
use crate::config::Config;

/// Arguments of `tessera crm status`.
#[derive(Clone, Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    config: ConfigFile,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: StatusArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let status = match client::ask(config.listen_crm, Method::GET, "/v1/status", &Value::Null).await? {
        Some(status) => status,
        None => stopped(&config).await?,
    };
    print(&if args.json { format!("{status}\n") } else { text(&status) });
    Ok(ExitCode::SUCCESS)
}

/// Of a mirror that nobody serves.
async fn stopped(config: &Config) -> Result<Value, Failure> {
    let folder = folder(config);
    if !folder.exists() {
        return Err(client::nobody(config.listen_crm));
    }
    let storage: Arc<dyn Storage> = Arc::new(open(&folder)?);
    let folded = Reader::new(Arc::clone(&storage)).folded().await?.unwrap_or_default();
    close(&*storage).await;
    let freshness = json!({
        "up_to_date": false, "behind": 0, "sequence": folded.place.sequence, "reason": "nobody serves the mirror",
    });
    Ok(json!({
        "outcomes": folded.outcomes, "booked_at": folded.booked_at, "time_zone": folded.time_zone, "freshness": freshness,
    }))
}

fn text(status: &Value) -> String {
    let freshness = &status["freshness"];
    let booked = status["booked_at"].as_str().unwrap_or("–");
    let mut text = format!("{} outcomes, booked until {booked} ({})\n", status["outcomes"], time_zone(status));
    if freshness["up_to_date"] == true {
        text.push_str(&match freshness["behind"].as_u64() {
            None | Some(0) => "lag: none, the mirror has everything\n".to_owned(),
            Some(behind) => format!("lag: {behind} outcomes when asked, folded meanwhile\n"),
        });
    } else {
        let reason = freshness["reason"].as_str().unwrap_or_default();
        text.push_str(&format!("lag: at least {} outcomes; {reason}\n", freshness["behind"]));
    }
    text
}

fn time_zone(status: &Value) -> &str {
    status["time_zone"].as_str().unwrap_or_default()
}
