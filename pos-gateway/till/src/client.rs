//! The calls of a till: within the budget there is always an answer, an error that names what is wrong
//! with the request, or an unknown that is kept for a repeat.

use std::sync::Arc;

use tessera_contract::unchanged::{LastTexts, unchanged};
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::{
    AnswerPromptsRequest, AnswerPromptsResponse, BasisReason, EnrolRequest, EnrolResponse, GetReceiptRequest, GetReceiptResponse,
    IdentifyRequest, IdentifyResponse, QuoteRequest, QuoteResponse, ReturnMode, ReturnRequest, ReturnResponse, SettleRequest,
    SettleResponse, VoidRequest, VoidResponse,
};
use tessera_proto::gateway::v1::gateway_service_client::GatewayServiceClient;
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::advice::{Advice, AdviceAnswer, Resent};
use crate::answered::{Answered, Unknown};
use crate::config::{CallOptions, TillConfig, channel};
use crate::converse::Conversation;
use crate::day::gateway_client;
use crate::exchange::{Exchange, wrong_reply};
use crate::journal::{EntryNumber, Journal};
use crate::refusal::{CallName, Meaning, Refusal, TillError};
use crate::route::{Route, service_client};

/// A till's way to its gateway. Cheap to clone; clones share connection, journal and retry budget.
#[derive(Debug, Clone)]
pub struct TillClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: TillConfig,
    exchange: Exchange,
    gateway: GatewayServiceClient<Channel>,
}

impl TillClient {
    /// A till with a connection of its own. It connects when it is first used: a gateway that is down
    /// is no error here. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// The endpoint is no address, or asks for a certificate and there is none.
    pub fn connect(config: TillConfig) -> Result<Self, TillError> {
        let channel = channel(&config.endpoint, config.identity.as_ref())?;
        let route = Route::Unary(service_client(channel.clone()));
        Ok(Self::new(config, route, channel))
    }

    /// A till that shares a stream with others. The configuration's endpoint is not looked at.
    pub fn over(conversation: Conversation, config: TillConfig) -> Self {
        let channel = conversation.channel();
        Self::new(config, Route::Stream(conversation), channel)
    }

    fn new(config: TillConfig, route: Route, channel: Channel) -> Self {
        let exchange = Exchange::new(route, config.budget);
        Self { shared: Arc::new(Shared { config, exchange, gateway: gateway_client(channel) }) }
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.shared.config.journal
    }

    /// Store and till of the configuration.
    pub(crate) fn place(&self) -> (&str, &str) {
        (&self.shared.config.store_id, &self.shared.config.till_id)
    }

    pub(crate) fn gateway(&self) -> GatewayServiceClient<Channel> {
        self.shared.gateway.clone()
    }

    /// One call, repeated as any other, of what the journal has already.
    pub(crate) async fn call(&self, call: &Call, options: CallOptions) -> Result<Reply, Refusal> {
        self.shared.exchange.call(call, options).await
    }

    /// The four-part answer for a receipt: the server's, or the till's own last answer. Never
    /// `Unknown`.
    ///
    /// # Errors
    ///
    /// Only what is wrong with the request, or a caller who is not allowed.
    pub async fn quote(&self, request: QuoteRequest, options: CallOptions) -> Result<Answered<QuoteResponse>, TillError> {
        let call = Call::Quote(request);
        let refusal = match self.shared.exchange.call(&call, options).await {
            Ok(Reply::Quote(response)) => return Ok(Answered::Server(response)),
            Ok(_) => wrong_reply(),
            Err(refusal) => refusal,
        };
        let reason = match refusal.meaning() {
            Meaning::Refused | Meaning::NotAllowed => {
                return Err(refused(CallName::Quote, refusal));
            }
            Meaning::LinkBroken => BasisReason::GatewayDown,
            Meaning::Overdue => BasisReason::Deadline,
            Meaning::Again | Meaning::Later => BasisReason::EngineError,
        };
        let config = &self.shared.config;
        tracing::warn!(store = %config.store_id, till = %config.till_id, %refusal, "quote answered by the till itself");
        let Call::Quote(request) = &call else {
            return Err(refused(CallName::Quote, refusal));
        };
        let texts = LastTexts { reward_follows: &config.reward_follows_text, unchanged: &config.unchanged_text };
        let answer = unchanged(request, reason, texts);
        answer.map(Answered::Unchanged).map_err(|refusal| refused(CallName::Quote, refusal.into()))
    }

    /// Tells that a receipt has been paid. It is on disk before it is first sent.
    ///
    /// # Errors
    ///
    /// The server refused the content for good (it leaves the journal), or the journal is full or
    /// failed (nothing was sent).
    pub async fn settle(&self, request: SettleRequest, options: CallOptions) -> Result<Answered<SettleResponse>, TillError> {
        let answered = self.advise(Advice::Settle(request), options).await?;
        answered.narrow(AdviceAnswer::into_settle, CallName::Settle)
    }

    /// Tells that a receipt will not be paid. As `settle`.
    ///
    /// # Errors
    ///
    /// As `settle`.
    pub async fn void(&self, request: VoidRequest, options: CallOptions) -> Result<Answered<VoidResponse>, TillError> {
        let answered = self.advise(Advice::Void(request), options).await?;
        answered.narrow(AdviceAnswer::into_void, CallName::Void)
    }

    /// Goods come back. Done: an advice, as `settle`. A preview is a plain call: it is not kept.
    ///
    /// # Errors
    ///
    /// As `settle`; for a preview also that nobody answered.
    pub async fn return_goods(
        &self,
        request: ReturnRequest,
        options: CallOptions,
    ) -> Result<Answered<ReturnResponse>, TillError> {
        if request.mode() == ReturnMode::Preview {
            let call = Call::ReturnGoods(request);
            let reply = self.plain(CallName::Return, &call, options).await?;
            let Reply::ReturnGoods(response) = reply else {
                return Err(other_reply(CallName::Return));
            };
            return Ok(Answered::Server(response));
        }
        let answered = self.advise(Advice::Return(request), options).await?;
        answered.narrow(AdviceAnswer::into_return, CallName::Return)
    }

    /// What became of a receipt.
    ///
    /// # Errors
    ///
    /// The server refused, or nobody answered.
    pub async fn get_receipt(&self, request: GetReceiptRequest, options: CallOptions) -> Result<GetReceiptResponse, TillError> {
        let call = Call::GetReceipt(request);
        let reply = self.plain(CallName::GetReceipt, &call, options).await?;
        let Reply::GetReceipt(response) = reply else {
            return Err(other_reply(CallName::GetReceipt));
        };
        Ok(response)
    }

    /// Who is this.
    ///
    /// # Errors
    ///
    /// The server refused, or nobody answered.
    pub async fn identify(&self, request: IdentifyRequest, options: CallOptions) -> Result<IdentifyResponse, TillError> {
        let call = Call::Identify(request);
        let reply = self.plain(CallName::Identify, &call, options).await?;
        let Reply::Identify(response) = reply else {
            return Err(other_reply(CallName::Identify));
        };
        Ok(response)
    }

    /// Creates a customer. Repeat with the same `request_id` when nobody answered.
    ///
    /// # Errors
    ///
    /// The server refused, or nobody answered.
    pub async fn enrol(&self, request: EnrolRequest, options: CallOptions) -> Result<EnrolResponse, TillError> {
        let call = Call::Enrol(request);
        let reply = self.plain(CallName::Enrol, &call, options).await?;
        let Reply::Enrol(response) = reply else {
            return Err(other_reply(CallName::Enrol));
        };
        Ok(response)
    }

    /// Stores a customer's answers. Repeat with the same `request_id` when nobody answered.
    ///
    /// # Errors
    ///
    /// The server refused, or nobody answered.
    pub async fn answer_prompts(
        &self,
        request: AnswerPromptsRequest,
        options: CallOptions,
    ) -> Result<AnswerPromptsResponse, TillError> {
        let call = Call::AnswerPrompts(request);
        let reply = self.plain(CallName::AnswerPrompts, &call, options).await?;
        let Reply::AnswerPrompts(response) = reply else {
            return Err(other_reply(CallName::AnswerPrompts));
        };
        Ok(response)
    }

    /// Sends every advice of the journal that has no outcome yet again, oldest first, each with a
    /// budget of its own. To be called at start and whenever the link is back.
    ///
    /// # Errors
    ///
    /// The journal failed; how each advice ended stands in its `Resent`.
    pub async fn resend_open(&self, options: CallOptions) -> Result<Vec<Resent>, TillError> {
        let mut ends = Vec::new();
        for open in self.shared.config.journal.open_advices() {
            let Some(advice) = Advice::decode(open.call, &open.request) else {
                tracing::error!(receipt = %open.receipt_id, "an advice of the journal cannot be read; it is kept");
                continue;
            };
            let result = self.send_kept(advice, Some(open.entry), options).await;
            ends.push(Resent { receipt_id: open.receipt_id, call: open.call, result });
        }
        Ok(ends)
    }

    /// Keeps an advice, then sends it. The writing counts against the budget too, but is never cut off:
    /// what is half written would be damage.
    async fn advise(&self, advice: Advice, options: CallOptions) -> Result<Answered<AdviceAnswer>, TillError> {
        let started = Instant::now();
        let entry = self.shared.config.journal.keep(&advice).await?;
        let budget = self.shared.exchange.budget(options);
        let left = CallOptions { budget: Some(budget.saturating_sub(started.elapsed())), ..options };
        self.send_kept(advice, entry, left).await
    }

    async fn send_kept(
        &self,
        advice: Advice,
        entry: Option<EntryNumber>,
        options: CallOptions,
    ) -> Result<Answered<AdviceAnswer>, TillError> {
        let call_name = advice.call_name();
        let receipt_id = advice.receipt_id().to_owned();
        let call = advice.into_call();
        let end = self.shared.exchange.call(&call, options).await;
        let end = end.and_then(|reply| {
            let answer = AdviceAnswer::from_reply(reply);
            answer.filter(|answer| answer.call_name() == call_name).ok_or_else(wrong_reply)
        });
        let cause = match end {
            Ok(answer) => {
                self.strike(entry, answer.has_happened()).await;
                return Ok(Answered::Server(answer));
            }
            Err(refusal) => refusal,
        };
        if cause.meaning() == Meaning::Refused {
            self.strike(entry, false).await;
            return Err(refused(call_name, cause));
        }
        let config = &self.shared.config;
        tracing::warn!(store = %config.store_id, till = %config.till_id, receipt = %receipt_id, %cause, "outcome unknown");
        Ok(Answered::Unknown(Unknown { receipt_id, cause, kept: entry.is_some() }))
    }

    /// What the server has said is the till's, also where the disk fails now: what is not struck out there is sent once
    /// more after a restart and gets the same, and the next advice is refused by the journal.
    async fn strike(&self, entry: Option<EntryNumber>, has_happened: bool) {
        let Some(entry) = entry else { return };
        let journal = &self.shared.config.journal;
        let struck = if has_happened { journal.done(entry).await } else { journal.strike(entry).await };
        if let Err(error) = struck {
            tracing::error!(%error, "an advice that was answered cannot be struck out of the journal");
        }
    }

    async fn plain(&self, call_name: CallName, call: &Call, options: CallOptions) -> Result<Reply, TillError> {
        let end = self.shared.exchange.call(call, options).await;
        end.map_err(|refusal| match refusal.meaning() {
            Meaning::Refused | Meaning::NotAllowed => refused(call_name, refusal),
            Meaning::LinkBroken | Meaning::Again | Meaning::Overdue | Meaning::Later => {
                TillError::NotAnswered { call: call_name, refusal }
            }
        })
    }
}

fn refused(call: CallName, refusal: Refusal) -> TillError {
    TillError::Refused { call, refusal }
}

fn other_reply(call: CallName) -> TillError {
    TillError::NotAnswered { call, refusal: wrong_reply() }
}
