//! `tessera program pack`: which campaigns a gateway could decide while no engine answers, and why it could not decide
//! the others.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tessera_rules::catalogue::Catalogue;
use tessera_rules::id::StoreId;
use tessera_rules::pack::{Pack, pack, reasons};

use super::check;
use crate::cli::{Failure, print};

/// Arguments of `tessera program pack`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PackArgs {
    /// A program file, or a folder of them.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// A store that the gateway serves; may be named again. None: every store.
    #[arg(long = "store", value_name = "STORE")]
    stores: Vec<String>,
}

/// Lists the campaigns, those that can be decided without an engine first.
pub(crate) fn run(args: &PackArgs) -> Result<ExitCode, Failure> {
    let (compiled, sources) = check::checked(&args.path)?;
    let stores: Vec<StoreId> = args.stores.iter().map(|store| StoreId::parse(store)).collect::<Result<_, _>>()?;
    let pack = pack(&compiled.revision, &sources, &Catalogue::empty(0), &stores).map_err(|error| error.message)?;
    print(&listing(&pack));
    Ok(ExitCode::SUCCESS)
}

fn listing(pack: &Pack) -> String {
    let mut text = format!("without an engine: {} campaign(s)\n", pack.campaigns.len());
    for campaign in &pack.campaigns {
        let _ = writeln!(text, "  {campaign}");
    }
    let _ = writeln!(text, "by engines alone: {} campaign(s)", pack.left_out.len());
    for (campaign, reason) in &pack.left_out {
        let _ = writeln!(text, "  {campaign}: {}", reason.text());
    }
    for (reason, count) in reasons(&pack.left_out) {
        let _ = writeln!(text, "{count} {}", reason.text());
    }
    text
}
