//! `tessera till claim`: a receipt without a customer finds one.

use std::process::ExitCode;

use tessera_contract::CONTRACT_MINOR;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{ClaimRequest, CustomerIdentity, EntryMethod};

use super::link::Link;
use super::sale::say;
use super::{ClaimArgs, fill, print_answer, show};
use crate::cli::Failure;

/// Claims a receipt.
pub(super) async fn run(link: &Link, args: ClaimArgs, json: bool) -> Result<ExitCode, Failure> {
    let mut request = ClaimRequest {
        contract_minor: CONTRACT_MINOR,
        receipt_id: args.receipt_id,
        claim_code: args.code,
        customer: Some(CustomerIdentity {
            identity: Some(Identity::CardNumber(args.card)),
            entry_method: EntryMethod::Typed.into(),
        }),
        store_id: args.store.unwrap_or_default(),
        till_id: args.till.unwrap_or_default(),
        cashier_id: args.cashier.unwrap_or_default(),
        ..ClaimRequest::default()
    };
    say(&fill::claim(&mut request, &fill::now_here())?);
    let receipt = request.receipt_id.clone();
    let response = link.claim(request).await?;
    print_answer(&response, json, |response| show::claimed(&receipt, response))
}
