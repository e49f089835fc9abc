//! `tessera program withdraw`: a revision that has not started never will.

use std::process::ExitCode;

use clap::Args;
use tessera_engine::programs::statement::{StatedAct, Statement};
use tessera_proto::admin::v1::WithdrawRevisionRequest;

use super::signing::{Signer, fetched, hash, sign};
use super::told;
use crate::cli::{ConfigFile, Failure, admin, print};

/// Arguments of `tessera program withdraw`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// The revision's number.
    #[arg(value_name = "REVISION")]
    revision: u64,
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    config: ConfigFile,
}

/// Takes it back.
pub(crate) async fn run(args: WithdrawArgs) -> Result<ExitCode, Failure> {
    let person = args.signer.read()?;
    let mut engine = admin::running(&args.config).await?;
    let mut request = WithdrawRevisionRequest { revision: args.revision, signature: None };
    if let Some(person) = &person {
        let fetched = fetched(&mut engine, args.revision).await?;
        let act = StatedAct::Withdraw { agrees_to: hash(&fetched.told.act_hash)? };
        let statement = Statement { revision: args.revision, content: fetched.content(), act };
        request.signature = Some(sign(person, &statement));
    }
    let withdrawn = engine.withdraw_revision(request).await.map_err(admin::refused)?.into_inner();
    let mut text = told::sentence_of(&withdrawn.revision.unwrap_or_default(), &[]);
    if person.is_none() {
        text.push_str(told::UNSIGNED);
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}
