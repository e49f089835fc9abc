//! `tessera program check`: every mistake of program files at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use tessera_rules::revision::{Compiled, Revision, Source};

use crate::cli::{Failure, print};
use crate::program_files;

/// Arguments of `tessera program check`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckArgs {
    /// A program file, or a folder of them.
    #[arg(value_name = "FILE")]
    path: PathBuf,
}

/// Says what is wrong, or how much is right.
pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let (compiled, _) = checked(&args.path)?;
    let campaigns = compiled.revision.campaigns().len();
    let programs = compiled.revision.programs().len();
    print(&format!("no mistakes: {programs} program(s), {campaigns} campaign(s)\n"));
    Ok(ExitCode::SUCCESS)
}

/// Reads and compiles the files and prints their warnings; with what was read, so that nothing else is used later.
pub(super) fn checked(path: &Path) -> Result<(Compiled, Vec<Source>), Failure> {
    let sources = program_files::read(path)?;
    let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &sources)?;
    for warning in &compiled.warnings.0 {
        print(&format!("{warning}\n"));
    }
    Ok((compiled, sources))
}
