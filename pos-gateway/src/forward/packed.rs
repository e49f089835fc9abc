//! Quotes: an engine's answer, or what the rule pack decides where none comes in time, or the last answer.

use bytes::Bytes;
use prost::Message as _;
use tessera_proto::billing::v1::QuoteResponse;
use tokio::sync::Notify;
use tokio::time::{sleep_until, timeout_at};
use tonic::{Response, Status};

use super::{Forwarder, Sent, basis_reason, is_of_the_receipt};
use crate::observe::Maker;
use crate::upstream::Failed;

/// What ends a quote without the pack: an engine's answer, or its error that the till must see.
type Ended = Result<Response<Bytes>, Failed>;

impl Forwarder {
    /// Asks an engine until the answer must leave. The pack decides as soon as no engine can, and shortly before the
    /// answer must leave in any case, beside the engine.
    pub(super) async fn quote(&self, sent: Sent<'_>) -> (Maker, Result<Response<Bytes>, Status>) {
        let has_failed = Notify::new();
        let asking = async {
            match self.ask(sent, sent.clock.answer_at()).await {
                Err(failed) if !is_final(&failed) => {
                    has_failed.notify_one();
                    Ok(failed)
                }
                ended @ (Ok(_) | Err(_)) => Err(ended),
            }
        };
        let deciding = async {
            tokio::select! {
                () = has_failed.notified() => {}
                () = sleep_until(sent.clock.pack_at()) => {}
            }
            Ok(self.decided(sent).await)
        };
        // An end is one at once, whatever is still being decided.
        let both: Result<(Failed, Option<QuoteResponse>), Ended> = tokio::try_join!(asking, deciding);
        match both {
            Err(Ok(response)) => (Maker::Engine, Ok(response)),
            Err(Err(failed)) | Ok((failed, None)) => self.conclude(sent.call, sent.body, &failed),
            Ok((failed, Some(answer))) => {
                let answer = QuoteResponse { basis_reason: basis_reason(&failed).into(), ..answer };
                (Maker::Pack, Ok(Response::new(answer.encode_to_vec().into())))
            }
        }
    }

    /// What the pack decides before the answer must leave; none: there is no pack that may, or the time is over.
    async fn decided(&self, sent: Sent<'_>) -> Option<QuoteResponse> {
        let answering = self.pack()?.answer(sent.body.clone());
        timeout_at(sent.clock.answer_at(), answering).await.ok().flatten()
    }
}

/// Whether an engine's error is the answer.
fn is_final(failed: &Failed) -> bool {
    matches!(failed, Failed::Engine(status) if is_of_the_receipt(status))
}
