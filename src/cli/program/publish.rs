//! `tessera program publish`: a draft becomes a revision of the running engine.

use std::path::PathBuf;
use std::process::ExitCode;

use blake3::Hash;
use clap::Args;
use jiff::Timestamp;
use tessera_engine::programs::statement::{StatedAct, Statement};
use tessera_proto::admin::v1::PublishProgramsRequest;

use super::signing::{Signer, hash, sign, standing, to_wire};
use super::{check, told};
use crate::cli::till::fill::wire_time;
use crate::cli::{ConfigFile, Failure, admin, print};

mod start;

/// Arguments of `tessera program publish`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  in force at once, unsigned
      tessera program publish club.yaml
  from a time on, in the programs' time zone or in one that is named
      tessera program publish club.yaml --as anna.key --from 2026-12-01T08:00
      tessera program publish club.yaml --from 2026-12-01T08:00[Europe/London] --note \"Advent\"
Undo: tessera program rollback; before the start: tessera program withdraw.")]
pub(crate) struct PublishArgs {
    /// A program file, or a folder of them.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// When it starts: a date and time, in the programs' time zone or with `Z`, `+02:00` or `[Europe/London]` behind it.
    /// None: at once.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// What for, for history.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    config: ConfigFile,
}

/// Checks, signs and publishes.
pub(crate) async fn run(args: PublishArgs) -> Result<ExitCode, Failure> {
    let (compiled, sources) = check::checked(&args.path)?;
    let starts = args.from.as_deref().map(|text| start::parse(text, &compiled.revision)).transpose()?;
    let person = args.signer.read()?;
    let mut engine = admin::running(&args.config).await?;
    let mut request = PublishProgramsRequest {
        sources: to_wire(sources),
        valid_from: starts.map(wire_time),
        note: args.note.clone(),
        ..PublishProgramsRequest::default()
    };
    if let Some(person) = &person {
        let standing = standing(&mut engine).await?;
        let after = hash(&standing.newest_act_hash)?;
        let statement = statement(standing.next_revision, compiled.revision.hash(), starts, &args.note, after);
        request.revision = standing.next_revision;
        request.signature = Some(sign(person, &statement));
    }
    let published = engine.publish_programs(request).await.map_err(admin::refused)?.into_inner();
    let mut text = told::sentence(published.revision, published.state(), published.starts_at.as_ref(), &published.replaced_by);
    if published.unchanged {
        text = format!("{}, and says exactly this already\n", text.trim_end());
    }
    if person.is_none() {
        text.push_str(told::UNSIGNED);
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

fn statement(revision: u64, content: [u8; 32], starts: Option<Timestamp>, note: &str, after: Hash) -> Statement<'_> {
    Statement { revision, content: Hash::from_bytes(content), act: StatedAct::Publish { starts, note, after } }
}
