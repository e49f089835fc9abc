//! The two ways to the server: single calls on a connection of one's own, or a shared stream.

use std::time::Duration;

use jiff::Timestamp;
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::converse::Conversation;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::refusal::Refusal;

/// Name of the metadata that carries the time of a replay, RFC 3339.
const REPLAY_TIME_KEY: &str = "tessera-replay-time";

/// The way to the server.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// Single calls.
    Unary(BillingServiceClient<Channel>),
    /// A stream shared with others.
    Stream(Conversation),
}

impl Route {
    /// Sends one call; `left` travels with it. Does not end by itself when the time is over.
    pub(crate) async fn send(&self, call: Call, left: Duration, replay_time: Option<Timestamp>) -> Result<Reply, Refusal> {
        match self {
            Self::Unary(client) => send_unary(client.clone(), call, left, replay_time).await,
            Self::Stream(_) if replay_time.is_some() => Err(tessera_contract::Refusal::fault(
                "replay_time",
                "a stream is shared, so a call on it cannot carry a time of its own",
            )
            .into()),
            Self::Stream(conversation) => conversation.call(call, left).await,
        }
    }
}

/// A client with the contract's limits.
pub(crate) fn service_client(channel: Channel) -> BillingServiceClient<Channel> {
    BillingServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX)
}

async fn send_unary(
    mut client: BillingServiceClient<Channel>,
    call: Call,
    left: Duration,
    replay_time: Option<Timestamp>,
) -> Result<Reply, Refusal> {
    let time = replay_time.map(replay_time_value).transpose()?;
    let envelope = Envelope { left, time };
    let answered = match call {
        Call::Quote(message) => client.quote(envelope.around(message)).await.map(|answer| Reply::Quote(answer.into_inner())),
        Call::Settle(message) => client.settle(envelope.around(message)).await.map(|answer| Reply::Settle(answer.into_inner())),
        Call::VoidReceipt(message) => {
            client.void(envelope.around(message)).await.map(|answer| Reply::VoidReceipt(answer.into_inner()))
        }
        Call::ReturnGoods(message) => {
            client.r#return(envelope.around(message)).await.map(|answer| Reply::ReturnGoods(answer.into_inner()))
        }
        Call::Claim(message) => client.claim(envelope.around(message)).await.map(|answer| Reply::Claim(answer.into_inner())),
        Call::Identify(message) => {
            client.identify(envelope.around(message)).await.map(|answer| Reply::Identify(answer.into_inner()))
        }
        Call::Enrol(message) => client.enrol(envelope.around(message)).await.map(|answer| Reply::Enrol(answer.into_inner())),
        Call::AnswerPrompts(message) => {
            client.answer_prompts(envelope.around(message)).await.map(|answer| Reply::AnswerPrompts(answer.into_inner()))
        }
        Call::HandOver(message) => {
            client.hand_over(envelope.around(message)).await.map(|answer| Reply::HandOver(answer.into_inner()))
        }
        Call::GetReceipt(message) => {
            client.get_receipt(envelope.around(message)).await.map(|answer| Reply::GetReceipt(answer.into_inner()))
        }
    };
    answered.map_err(Refusal::from)
}

type AsciiValue = MetadataValue<tonic::metadata::Ascii>;

/// What goes around a message.
struct Envelope {
    left: Duration,
    time: Option<AsciiValue>,
}

impl Envelope {
    fn around<M>(self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        request.set_timeout(self.left);
        if let Some(time) = self.time {
            request.metadata_mut().insert(REPLAY_TIME_KEY, time);
        }
        request
    }
}

fn replay_time_value(time: Timestamp) -> Result<AsciiValue, Refusal> {
    AsciiValue::try_from(time.to_string()).map_err(|_| Refusal::link(Code::Internal, "the replay time is no metadata value"))
}
