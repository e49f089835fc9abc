//! Tests of messages that cannot be read.

use std::convert::Infallible;

use futures_util::FutureExt as _;
use tessera_proto::billing::v1;
use tonic::server::NamedService;
use tonic::service::LayerExt as _;
use tonic::{Request, Response};
use tonic_prost::ProstCodec;
use tower::service_fn;

use super::*;

/// A quote whose receipt says what it likes.
#[derive(Clone, PartialEq, prost::Message)]
struct AnyQuote {
    #[prost(message, optional, tag = "2")]
    receipt: Option<AnyReceipt>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnyReceipt {
    #[prost(bytes = "vec", tag = "1")]
    receipt_id: Vec<u8>,
}

/// The service of quotes as the contract's generated code serves it, here with one answer.
#[derive(Clone)]
struct Quotes(Result<(), Refusal>);

impl NamedService for Quotes {
    const NAME: &'static str = "tessera.billing.v1.BillingService";
}

impl tower::Service<http::Request<Body>> for Quotes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let end = self.0.clone();
        Box::pin(async move {
            let quote = service_fn(move |_: Request<v1::QuoteRequest>| {
                let end = end.clone();
                async move { end.map(|()| Response::new(v1::QuoteResponse::default())).map_err(Status::from) }
            });
            let codec = ProstCodec::<v1::QuoteResponse, v1::QuoteRequest>::default();
            let mut grpc = tonic::server::Grpc::new(codec).max_decoding_message_size(MESSAGE_BYTES_MAX);
            Ok(grpc.unary(quote, request).await)
        })
    }
}

/// What a caller gets that sends this message.
fn send(service: Quotes, message: impl prost::Message + 'static) -> Result<v1::QuoteResponse, Status> {
    let service = layer().named_layer(service);
    let mut client = tonic::client::Grpc::new(service);
    let path = http::uri::PathAndQuery::from_static("/tessera.billing.v1.BillingService/Quote");
    let answer = async {
        client.ready().await.expect("is always ready");
        client.unary(Request::new(message), path, ProstCodec::default()).await
    };
    answer.now_or_never().expect("nothing is waited for").map(Response::into_inner)
}

fn quote(receipt_id: impl Into<Vec<u8>>) -> AnyQuote {
    AnyQuote { receipt: Some(AnyReceipt { receipt_id: receipt_id.into() }) }
}

#[test]
fn p11_a_text_that_is_not_utf8_is_refused_with_its_field() {
    let status = send(Quotes(Ok(())), quote(b"s1/\xff".as_slice())).expect_err("is refused");
    assert_eq!(Refusal::from_status(&status), Some(v1::ErrorReason::InvalidReceipt));
    assert_eq!(status.code(), Code::InvalidArgument);
    let error = crate::refusal::call_error(&status);
    assert_eq!(error.field_violations[0].field, "receipt.receipt_id");
    assert_eq!(error.message, "receipt.receipt_id: is not valid UTF-8");
}

#[test]
fn p11_bytes_that_are_no_message_are_refused() {
    // Field 1 is a number, and here a text.
    let status = send(Quotes(Ok(())), "text".to_owned()).expect_err("is refused");
    assert_eq!(Refusal::from_status(&status), Some(v1::ErrorReason::InvalidReceipt));
    assert_eq!(crate::refusal::call_error(&status).field_violations[0].field, "contract_minor");
}

#[test]
fn p11_a_message_over_the_limit_is_refused_with_the_limit() {
    let status = send(Quotes(Ok(())), quote(vec![b'a'; MESSAGE_BYTES_MAX])).expect_err("is refused");
    assert_eq!(Refusal::from_status(&status), Some(v1::ErrorReason::LimitExceeded));
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "Too long: at most 1048576 bytes a message."));
}

#[test]
fn what_can_be_read_passes_and_so_do_the_services_own_words() {
    assert_eq!(send(Quotes(Ok(())), quote("s1/t1")).expect("is answered"), v1::QuoteResponse::default());
    for refusal in [Refusal::Internal { support_number: 7 }, Refusal::UnknownCursor, Refusal::Conflict] {
        let status = send(Quotes(Err(refusal.clone())), quote("s1/t1")).expect_err("is refused");
        assert_eq!(Refusal::from_status(&status), Some(refusal.reason()));
        assert_eq!(status.message(), refusal.to_string());
    }
}

#[test]
fn only_the_transports_words_about_messages_are_taken_for_such() {
    let table = [
        (Status::internal("Missing request message."), Some("The message is missing")),
        (
            Status::internal("failed to decode Protobuf message: invalid varint"),
            Some("The message cannot be read; it is not of this contract"),
        ),
        (
            Status::resource_exhausted("Error decompressing: size limit, of 9 bytes, exceeded"),
            Some("Too long: at most 1048576 bytes a message."),
        ),
        (Status::out_of_range("Error, encoded message length too large: found 9 bytes"), None),
        (Status::internal("protocol error: received message with invalid compression flag"), None),
        (Status::unavailable("failed to decode Protobuf message: invalid varint"), None),
    ];
    for (status, text) in table {
        assert_eq!(refusal(&status).map(|refusal| refusal.to_string()).as_deref(), text, "{status:?}");
    }
}
