//! `tessera person`: keys of people who sign changes of the programs.

pub(super) mod key_file;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use tessera_contract::signing::PrivateKey;
use tessera_engine::programs::people::Role;

use super::{Failure, print};
use key_file::KeyFile;

/// Arguments of `tessera person`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PersonArgs {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum PersonCommand {
    /// Make a key for somebody, and print what the engine's configuration must say of them.
    #[command(after_help = "Example:
  tessera person new \"Anna Berg\" --role marketer --out anna.key
  tessera program publish club.yaml --as anna.key")]
    New(NewArgs),
}

/// Arguments of `tessera person new`.
#[derive(Clone, Debug, Args)]
struct NewArgs {
    /// The person's name, as history will show it.
    #[arg(value_name = "NAME")]
    name: String,
    /// What the person may do; once for each role.
    #[arg(long = "role", value_name = "ROLE", default_values = ["marketer"])]
    roles: Vec<RoleName>,
    /// Where the private key goes; it must not be there. None: the name with `.key` in this folder.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum RoleName {
    /// Publishes, takes back, rolls back.
    Marketer,
    /// Approves what another person published; takes back, rolls back.
    Approver,
    /// Corrects accounts.
    Finance,
}

impl RoleName {
    fn role(self) -> Role {
        match self {
            Self::Marketer => Role::Marketer,
            Self::Approver => Role::Approver,
            Self::Finance => Role::Finance,
        }
    }
}

/// Makes a key.
pub(crate) fn run(args: PersonArgs) -> Result<ExitCode, Failure> {
    let PersonCommand::New(args) = args.command;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let key = PrivateKey::from_seed(&seed);
    let file = args.out.unwrap_or_else(|| default_file(&args.name));
    let roles: Vec<Role> = args.roles.iter().map(|role| role.role()).collect();
    let lines = key_file::lines_for(&args.name, &key.public(), &roles)?;
    KeyFile { name: args.name.clone(), key }.write(&file)?;
    print(&format!(
        "The private key of {} is in {}: give it to nobody, and keep a copy where only they can read it.\n\
         These lines go to the end of the engine's configuration; the engine reads them at its next start:\n\n{lines}",
        args.name,
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// A file's name from a person's.
fn default_file(name: &str) -> PathBuf {
    let plain: String = name.chars().map(|char| if char.is_alphanumeric() { char } else { '-' }).collect();
    PathBuf::from(format!("{}.key", plain.to_lowercase()))
}
