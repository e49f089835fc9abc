//! Nobody speaks for another's till (H73): what a caller's certificate names must be what the call says.

use bytes::Bytes;
use prost::Message;
use tessera_contract::Refusal;
use tessera_contract::place::Placed;
use tessera_identity::{Caller, NotAllowed};
use tessera_proto::billing::v1 as wire;
use tonic::Status;

use crate::call::Call;

/// Whether this caller may make this call. Without certificates nothing is read: who may connect may call.
pub(crate) fn admit(caller: &Caller, call: Call, body: &Bytes) -> Result<(), Status> {
    let Caller::Holder(_) = caller else { return Ok(()) };
    let admitted = match call {
        Call::Quote => placed::<wire::QuoteRequest>(caller, body),
        Call::Settle => placed::<wire::SettleRequest>(caller, body),
        Call::Void => placed::<wire::VoidRequest>(caller, body),
        Call::Return => placed::<wire::ReturnRequest>(caller, body),
        Call::Claim => placed::<wire::ClaimRequest>(caller, body),
        Call::Identify => placed::<wire::IdentifyRequest>(caller, body),
        Call::Enrol => placed::<wire::EnrolRequest>(caller, body),
        Call::AnswerPrompts => placed::<wire::AnswerPromptsRequest>(caller, body),
        Call::HandOver => placed::<wire::HandOverRequest>(caller, body),
        Call::GetReceipt => caller.is_till_or_gateway(),
    };
    admitted.map_err(|why| {
        metrics::counter!("tessera_gateway_foreign_calls_total", "call" => call.name()).increment(1);
        tracing::warn!(%why, call = call.name(), "a call was refused");
        Refusal::ForeignStore.into_status()
    })
}

/// What cannot be read names no till.
fn placed<M: Message + Placed + Default>(caller: &Caller, body: &Bytes) -> Result<(), NotAllowed> {
    let request = M::decode(body.clone()).unwrap_or_default();
    let (store, till) = request.place().unwrap_or_default();
    caller.speaks_for(store, till)
}
