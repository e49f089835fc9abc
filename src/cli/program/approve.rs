//! `tessera program approve`: the second of four eyes.

use std::process::ExitCode;

use clap::Args;
use tessera_engine::programs::statement::{StatedAct, Statement};
use tessera_proto::admin::v1::ApproveRevisionRequest;

use super::signing::{Signer, fetched, hash, sign};
use super::told;
use crate::cli::{ConfigFile, Failure, admin, print};

/// Arguments of `tessera program approve`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example: tessera program show 7; tessera program approve 7 --as ben.key")]
pub(crate) struct ApproveArgs {
    /// The revision's number.
    #[arg(value_name = "REVISION")]
    revision: u64,
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    config: ConfigFile,
}

/// Signs what the engine will use, as it is told here, and sends it.
pub(crate) async fn run(args: ApproveArgs) -> Result<ExitCode, Failure> {
    let person = args.signer.read()?.ok_or("an approval is signed: add --as KEYFILE")?;
    let mut engine = admin::running(&args.config).await?;
    let fetched = fetched(&mut engine, args.revision).await?;
    let act = StatedAct::Approve { agrees_to: hash(&fetched.told.act_hash)? };
    let statement = Statement { revision: args.revision, content: fetched.content(), act };
    let request = ApproveRevisionRequest { revision: args.revision, signature: Some(sign(&person, &statement)) };
    let approved = engine.approve_revision(request).await.map_err(admin::refused)?.into_inner();
    let text = told::sentence_of(&approved.revision.unwrap_or_default(), &[]);
    print(&if approved.unchanged { format!("{}, and was approved before\n", text.trim_end()) } else { text });
    Ok(ExitCode::SUCCESS)
}
