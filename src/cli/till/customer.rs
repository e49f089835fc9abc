//! `tessera till identify`, `enrol` and `answer`: customers by hand.

use std::path::Path;
use std::process::ExitCode;

use tessera_contract::CONTRACT_MINOR;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{AnswerPromptsRequest, CustomerIdentity, EnrolRequest, EntryMethod, IdentifyRequest};

use super::input::Input;
use super::link::Link;
use super::sale::say;
use super::{IdentifyArgs, fill, print_answer, show};
use crate::cli::Failure;

/// Finds a customer.
pub(super) async fn identify(link: &Link, args: IdentifyArgs, json: bool) -> Result<ExitCode, Failure> {
    let request = match &args.file {
        Some(file) => Input::read(file)?.message()?,
        None => IdentifyRequest {
            contract_minor: CONTRACT_MINOR,
            customer: args.card.map(|number| CustomerIdentity {
                identity: Some(Identity::CardNumber(number)),
                entry_method: EntryMethod::Typed.into(),
            }),
            store_id: args.store,
            ..IdentifyRequest::default()
        },
    };
    let response = link.identify(request).await?;
    print_answer(&response, json, show::identified)
}

/// Creates a customer.
pub(super) async fn enrol(link: &Link, file: &Path, json: bool) -> Result<ExitCode, Failure> {
    let mut request: EnrolRequest = Input::read(file)?.message()?;
    say(&fill::enrol(&mut request, &fill::now_here())?);
    let response = link.enrol(request).await?;
    print_answer(&response, json, show::enrolled)
}

/// Stores answers.
pub(super) async fn answer(link: &Link, file: &Path, json: bool) -> Result<ExitCode, Failure> {
    let mut request: AnswerPromptsRequest = Input::read(file)?.message()?;
    say(&fill::answers(&mut request, &fill::now_here())?);
    let response = link.answer_prompts(request).await?;
    print_answer(&response, json, show::answered)
}
