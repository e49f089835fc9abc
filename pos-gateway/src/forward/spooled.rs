//! Advices where there is a spool: to an engine first, and to the disk when none has answered in time.

use bytes::Bytes;
use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::Refusal;
use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1::get_receipt_request::Receipt;
use tessera_proto::billing::v1::{Accepted, GetReceiptRequest, GetReceiptResponse, ReceiptState};
use tokio::time::timeout_at;
use tonic::{Response, Status};

use super::{Forwarder, Sent, is_of_the_receipt};
use crate::advice::{Advice, accepted};
use crate::observe::Maker;
use crate::spool::{NotAccepted, Spool};
use crate::upstream::Failed;

type Answer = (Maker, Result<Response<Bytes>, Status>);

impl Forwarder {
    /// An engine's answer, or the spool's word that it has the advice.
    pub(super) async fn advise(&self, spool: &Spool, sent: Sent<'_>) -> Answer {
        // While something of the same customer waits, what follows it waits behind it.
        if !spool.is_empty()
            && let Ok(Some(advice)) = Advice::read(sent.call, sent.body)
            && spool.holds_back(&advice)
        {
            let behind = Failed::Link(Refusal::EngineUnreachable.into_status());
            return self.keep(spool, sent, &advice, &behind).await;
        }
        let failed = match self.ask(sent, sent.clock.spool_at()).await {
            Ok(response) => return (Maker::Engine, Ok(response)),
            Err(failed) => failed,
        };
        if matches!(&failed, Failed::Engine(status) if is_of_the_receipt(status)) {
            return self.conclude(sent.call, sent.body, &failed);
        }
        match Advice::read(sent.call, sent.body) {
            Ok(Some(advice)) => self.keep(spool, sent, &advice, &failed).await,
            Ok(None) => self.conclude(sent.call, sent.body, &failed),
            Err(refusal) => (Maker::Gateway, Err(refusal.into_status())),
        }
    }

    /// Says that the advice is on disk as soon as it is; what the disk does not take in time stays what it was.
    async fn keep(&self, spool: &Spool, sent: Sent<'_>, advice: &Advice, failed: &Failed) -> Answer {
        let kept = spool.accept(sent.call, advice, sent.body.clone(), self.config.now());
        match timeout_at(sent.clock.answer_at(), kept).await {
            Ok(Ok(at)) => {
                let answer = accepted(sent.call, &self.config.gateway_id, at);
                let answer = answer.map(Response::new).ok_or_else(|| Refusal::OutcomeUnknown.into_status());
                (Maker::Spool, answer)
            }
            Ok(Err(NotAccepted::Conflict)) => (Maker::Gateway, Err(Refusal::Conflict.into_status())),
            Ok(Err(NotAccepted::Full | NotAccepted::Disk)) | Err(_) => {
                metrics::counter!("tessera_gateway_spool_not_accepted_total", "call" => sent.call.name()).increment(1);
                self.conclude(sent.call, sent.body, failed)
            }
        }
    }

    /// What became of a receipt: the engine's word where it knows the receipt, else that it waits here.
    pub(super) async fn get_receipt(&self, spool: &Spool, sent: Sent<'_>) -> Answer {
        // Before the engine is asked: what is delivered while it answers is known to one of the two.
        let waiting = waiting(spool, sent.body);
        let asked = self.ask(sent, sent.clock.spool_at()).await;
        let is_known = |answer: &Response<Bytes>| {
            let answer = GetReceiptResponse::decode(answer.get_ref().clone());
            answer.is_ok_and(|answer| answer.state() != ReceiptState::Unknown)
        };
        match (asked, waiting) {
            (Ok(answer), None) => (Maker::Engine, Ok(answer)),
            (Ok(answer), Some(_)) if is_known(&answer) => (Maker::Engine, Ok(answer)),
            (Ok(_) | Err(_), Some((receipt_id, at))) => {
                let accepted = Accepted { gateway_id: self.config.gateway_id.clone(), accepted_at: Some(timestamp_to_wire(at)) };
                let answer = GetReceiptResponse {
                    state: ReceiptState::Accepted.into(),
                    receipt_id,
                    accepted: Some(accepted),
                    ..GetReceiptResponse::default()
                };
                (Maker::Spool, Ok(Response::new(answer.encode_to_vec().into())))
            }
            (Err(failed), None) => self.conclude(sent.call, sent.body, &failed),
        }
    }
}

/// The receipt that is asked for, and when it was accepted, where it waits here.
fn waiting(spool: &Spool, body: &Bytes) -> Option<(String, Timestamp)> {
    match GetReceiptRequest::decode(body.clone()).ok()?.receipt? {
        Receipt::ReceiptId(id) => spool.accepted_at(&id).map(|at| (id, at)),
        Receipt::Fiscal(_) => None,
    }
}
