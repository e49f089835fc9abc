//! `tessera program`: check program files without an engine.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use tessera_rules::revision::Revision;

use super::{Failure, print};
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
}

/// Checks; exit code 1 where there are mistakes.
pub(crate) fn run(args: &ProgramArgs) -> Result<ExitCode, Failure> {
    let ProgramCommand::Check { path } = &args.command;
    let sources = program_files::read(path)?;
    let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &sources)?;
    for warning in &compiled.warnings.0 {
        print(&format!("{warning}\n"));
    }
    let campaigns = compiled.revision.campaigns().len();
    let programs = compiled.revision.programs().len();
    print(&format!("no mistakes: {programs} program(s), {campaigns} campaign(s)\n"));
    Ok(ExitCode::SUCCESS)
}
