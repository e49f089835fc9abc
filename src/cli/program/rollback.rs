//! `tessera program rollback`: the programs of before, at once, as a new revision.

use std::process::ExitCode;

use clap::Args;
use tessera_engine::programs::statement::{StatedAct, Statement};
use tessera_proto::admin::v1::RollBackProgramsRequest;

use super::signing::{Signer, fetched, hash, sign, standing};
use super::told;
use crate::cli::{ConfigFile, Failure, admin, print};

/// Arguments of `tessera program rollback`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  tessera program rollback                           to the programs in force before those of now
  tessera program rollback --to 5 --as anna.key      to those of revision 5
Nothing is undone in history: going back is a new revision. Open quotes stay on theirs.")]
pub(crate) struct RollbackArgs {
    /// The revision to go back to. None: the one in force before the programs of now.
    #[arg(long, value_name = "REVISION")]
    to: Option<u64>,
    /// What for, for history.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    config: ConfigFile,
}

/// Goes back.
pub(crate) async fn run(args: RollbackArgs) -> Result<ExitCode, Failure> {
    let person = args.signer.read()?;
    let mut engine = admin::running(&args.config).await?;
    let mut request =
        RollBackProgramsRequest { to_revision: args.to.unwrap_or(0), note: args.note.clone(), ..Default::default() };
    if let Some(person) = &person {
        let standing = standing(&mut engine).await?;
        let to = args.to.unwrap_or(standing.rollback_target);
        if to == 0 {
            return Err("no other revision was in force before".into());
        }
        let content = fetched(&mut engine, to).await?.content();
        let act = StatedAct::RollBack { restores: to, note: &args.note, after: hash(&standing.newest_act_hash)? };
        request.to_revision = to;
        request.revision = standing.next_revision;
        let statement = Statement { revision: standing.next_revision, content, act };
        request.signature = Some(sign(person, &statement));
    }
    let back = engine.roll_back_programs(request).await.map_err(admin::refused)?.into_inner();
    let revision = back.revision.unwrap_or_default();
    let mut text = told::sentence_of(&revision, &back.replaced_by);
    if back.unchanged {
        text = format!("{}, and has these programs already\n", text.trim_end());
    } else {
        text = format!("back to the programs of revision {}: {text}", revision.restores);
    }
    if person.is_none() {
        text.push_str(told::UNSIGNED);
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}
