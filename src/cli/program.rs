//! `tessera program`: a subcommand a file, from a draft to the revision that is live.

mod approve;
mod check;
mod current;
mod explain;
mod format;
mod history;
mod pack;
mod publish;
mod rollback;
mod show;
mod signing;
mod simulate;
mod test;
mod told;
mod withdraw;

pub(super) use told::time;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Failure;

const EXAMPLES: &str = "\
A program's way to the tills:
  mistakes, all at once
      tessera program check club.yaml
  one layout for all files; --check only says which have another
      tessera program format club.yaml
  cases of your own: a receipt, and what must come of it
      tessera program test cases/
  which campaigns need no engine, and why the others do
      tessera program pack club.yaml --store S1
  what a receipt would get, and why not more
      tessera program explain receipt.json --program club.yaml
  what it would have cost, against what is live
      tessera program simulate --revision club.yaml --receipts march.csv.gz
  a numbered revision, in force from then on
      tessera program publish club.yaml --from 2026-12-01T08:00
  what is, was and will be in force; and back to the one before, at once
      tessera program history
      tessera program rollback

Where the engine's configuration has people (`tessera person new`), each change is signed:
--as KEYFILE.";

/// Arguments of `tessera program`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProgramArgs {
    #[command(subcommand)]
    command: ProgramCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ProgramCommand {
    /// Tell every mistake with file, line, column and what to write instead.
    Check(check::CheckArgs),
    /// Lay out program files in the one way that all have; comments stay, and so does what they say.
    Format(format::FormatArgs),
    /// Run conformance cases: a receipt, and what must come of it.
    Test(test::TestArgs),
    /// List the campaigns that could be decided while no engine answers, and of each other why not.
    Pack(pack::PackArgs),
    /// Evaluate a receipt, and tell of each campaign what it did or why it did nothing.
    Explain(explain::ExplainArgs),
    /// Replay real receipts through a draft and through what is live: what it costs, and what changes.
    Simulate(simulate::SimulateArgs),
    /// Check, then make it a revision of the running engine, in force at once or from a start on.
    Publish(publish::PublishArgs),
    /// Agree, as a second person, to a revision that waits for it.
    Approve(approve::ApproveArgs),
    /// Take back a revision that has not started.
    Withdraw(withdraw::WithdrawArgs),
    /// Go back, at once, to the programs that were in force before.
    Rollback(rollback::RollbackArgs),
    /// List the revisions of the running engine.
    History(history::HistoryArgs),
    /// Print a revision's sources.
    Show(show::ShowArgs),
}

/// Carries out one subcommand; exit code 1 where there are mistakes.
pub(crate) async fn run(args: ProgramArgs) -> Result<ExitCode, Failure> {
    match args.command {
        ProgramCommand::Check(args) => check::run(&args),
        ProgramCommand::Format(args) => format::run(&args),
        ProgramCommand::Test(args) => test::run(&args),
        ProgramCommand::Pack(args) => pack::run(&args),
        ProgramCommand::Explain(args) => explain::run(args).await,
        ProgramCommand::Simulate(args) => simulate::run(args).await,
        ProgramCommand::Publish(args) => publish::run(args).await,
        ProgramCommand::Approve(args) => approve::run(args).await,
        ProgramCommand::Withdraw(args) => withdraw::run(args).await,
        ProgramCommand::Rollback(args) => rollback::run(args).await,
        ProgramCommand::History(args) => history::run(args).await,
        ProgramCommand::Show(args) => show::run(args).await,
    }
}
