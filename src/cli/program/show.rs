//! `tessera program show`: a revision's sources, as they were published.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tessera_proto::admin::v1::{GetRevisionRequest, ProgramSource};

use crate::cli::{ConfigFile, Failure, admin, print};

/// Arguments of `tessera program show`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  tessera program show                               what is in force
  tessera program show 3 --into old                  its files, into a folder that is made
  diff <(tessera program show 3) <(tessera program show 4)")]
pub(crate) struct ShowArgs {
    /// The revision's number. None: the one in force.
    #[arg(value_name = "REVISION", default_value_t = 0)]
    revision: u64,
    /// Write the files into a new folder in place of printing them.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Prints or writes them.
pub(crate) async fn run(args: ShowArgs) -> Result<ExitCode, Failure> {
    let mut engine = admin::running(&args.config).await?;
    let request = GetRevisionRequest { revision: args.revision };
    let sources = engine.get_revision(request).await.map_err(admin::refused)?.into_inner().sources;
    match &args.into {
        None => print(&printed(&sources)),
        Some(folder) => {
            std::fs::create_dir(folder)?;
            for (place, source) in (1_usize..).zip(&sources) {
                let file = folder.join(file_name(place, &source.name));
                std::fs::write(&file, &source.text)?;
                print(&format!("{}\n", file.display()));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One file as it is; several with a comment in front of each.
fn printed(sources: &[ProgramSource]) -> String {
    match sources {
        [one] => one.text.clone(),
        several => several.iter().map(|source| format!("# {}\n{}\n", source.name, source.text.trim_end())).collect(),
    }
}

/// The last step of the name that the publisher gave, which must lead nowhere else; numbered, so that none is
/// written over another.
fn file_name(place: usize, name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|char| char.is_alphanumeric() || "._-".contains(*char)).collect();
    let plain = plain.trim_start_matches('.');
    format!("{place:02}-{}", if plain.is_empty() { "program.yaml" } else { plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p12_a_file_never_leaves_the_folder_that_was_named() {
        let table = [
            ("club.yaml", "01-club.yaml"),
            ("deploy/programs/club.yaml", "01-club.yaml"),
            ("../../etc/passwd", "01-passwd"),
            ("..", "01-program.yaml"),
            ("C:\\club.yaml", "01-club.yaml"),
            ("/", "01-program.yaml"),
        ];
        for (name, expected) in table {
            assert_eq!(file_name(1, name), expected, "{name}");
        }
    }
}
