//! `tessera program history`: what is, was and will be in force.

use std::process::ExitCode;

use clap::Args;
use tessera_proto::admin::v1::{ListRevisionsRequest, ListRevisionsResponse, Revision};

use super::told;
use crate::cli::till::table::table;
use crate::cli::{ConfigFile, Failure, admin, print};

/// Arguments of `tessera program history`.
#[derive(Clone, Debug, Args)]
pub(crate) struct HistoryArgs {
    /// How many, the newest first.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    /// Only those numbered below this one.
    #[arg(long, value_name = "REVISION", default_value_t = 0)]
    before: u64,
    /// Print proto3 JSON in place of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Lists.
pub(crate) async fn run(args: HistoryArgs) -> Result<ExitCode, Failure> {
    let mut engine = admin::running(&args.config).await?;
    let request = ListRevisionsRequest { before: args.before, limit: args.limit };
    let listed = engine.list_revisions(request).await.map_err(admin::refused)?.into_inner();
    let text = if args.json { serde_json::to_string_pretty(&listed)? } else { page(&listed) };
    print(&format!("{}\n", text.trim_end()));
    Ok(ExitCode::SUCCESS)
}

fn page(listed: &ListRevisionsResponse) -> String {
    if listed.revisions.is_empty() {
        return "nothing was published yet: every receipt is sold as rung up".to_owned();
    }
    let header = ["revision", "content", "state", "starts", "published by", "approved by", "campaigns", "note"];
    let mut rows = table(&header, &[0, 6]);
    for revision in &listed.revisions {
        rows.add_row(row(revision));
    }
    let mut text = rows.trim_fmt();
    if let Some(oldest) = listed.revisions.last().filter(|oldest| oldest.number > 1) {
        text.push_str(&format!("\nolder ones: tessera program history --before {}", oldest.number));
    }
    text
}

fn row(revision: &Revision) -> [String; 8] {
    let approved = match (&revision.approved_by, revision.needs_approval) {
        (Some(_), _) => told::signer(revision.approved_by.as_ref()),
        (None, true) => "nobody yet".to_owned(),
        (None, false) => "not needed".to_owned(),
    };
    [
        revision.number.to_string(),
        told::short(&revision.content_hash),
        told::state(revision.state()).to_owned(),
        told::time(revision.starts_at.as_ref().or(revision.valid_from.as_ref())),
        told::signer(revision.published_by.as_ref()),
        approved,
        revision.campaigns.to_string(),
        told::note(revision),
    ]
}
