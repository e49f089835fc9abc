//! `tessera program`: check program files, or publish them to a running engine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tessera_proto::admin::v1::{ProgramSource, PublishProgramsRequest};
use tessera_rules::revision::Revision;

use super::{ConfigFile, Failure, admin, print, read_config};
use crate::program_files;

/// Arguments of `tessera program`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProgramArgs {
    #[command(subcommand)]
    command: ProgramCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ProgramCommand {
    /// Tell every mistake with file, line, column and what to write instead.
    Check {
        /// A program file, or a folder of them.
        #[arg(value_name = "FILE")]
        path: PathBuf,
    },
    /// Check, then make it live in the running engine. Undo: publish the files of before.
    Publish {
        /// A program file, or a folder of them.
        #[arg(value_name = "FILE")]
        path: PathBuf,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Checks or publishes; exit code 1 where there are mistakes.
pub(crate) async fn run(args: &ProgramArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        ProgramCommand::Check { path } => check(path),
        ProgramCommand::Publish { path, config } => {
            check(path)?;
            publish(path, config).await
        }
    }
}

fn check(path: &Path) -> Result<ExitCode, Failure> {
    let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &program_files::read(path)?)?;
    for warning in &compiled.warnings.0 {
        print(&format!("{warning}\n"));
    }
    let campaigns = compiled.revision.campaigns().len();
    let programs = compiled.revision.programs().len();
    print(&format!("no mistakes: {programs} program(s), {campaigns} campaign(s)\n"));
    Ok(ExitCode::SUCCESS)
}

async fn publish(path: &Path, config: &ConfigFile) -> Result<ExitCode, Failure> {
    let config = read_config(config.config.as_deref())?;
    let Some(mut engine) = admin::connect(&config).await else {
        return Err(format!(
            "no engine answers at {}: start one with `tessera serve`, or name its configuration",
            config.listen_engine
        )
        .into());
    };
    let sources =
        program_files::read(path)?.into_iter().map(|source| ProgramSource { name: source.name, text: source.text }).collect();
    let published = engine.publish_programs(PublishProgramsRequest { sources }).await.map_err(admin::refused)?.into_inner();
    print(&if published.unchanged {
        format!("revision {} is live and says exactly this already\n", published.revision)
    } else {
        format!("revision {} is live\n", published.revision)
    });
    Ok(ExitCode::SUCCESS)
}
