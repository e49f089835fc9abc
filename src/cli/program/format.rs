//! `tessera program format`: program files in the one layout, or which of them have another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::{Failure, print};
use crate::simulate::csv_files::replace;
use crate::{program_files, program_layout};

/// Arguments of `tessera program format`.
#[derive(Clone, Debug, Args)]
pub(crate) struct FormatArgs {
    /// A program file, or a folder of them.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Write nothing: name the files that have another layout, and end with 1 where there are any.
    #[arg(long)]
    check: bool,
}

/// Lays out all files or, where one cannot be, none.
pub(crate) fn run(args: &FormatArgs) -> Result<ExitCode, Failure> {
    let sources = program_files::read(&args.path)?;
    let mut others = Vec::new();
    for source in &sources {
        let text = program_layout::laid_out(&source.name, &source.text)?;
        if text != source.text {
            others.push((source.name.as_str(), text));
        }
    }
    for (file, text) in &others {
        if args.check {
            print(&format!("{file} has another layout: tessera program format {file}\n"));
        } else {
            // What a link names is laid out, and stays behind its link.
            replace(&fs::canonicalize(Path::new(file))?, text.as_bytes())?;
            print(&format!("{file} laid out\n"));
        }
    }
    if others.is_empty() {
        print(&format!("{} file(s), each laid out as it should be\n", sources.len()));
    }
    Ok(if args.check && !others.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
