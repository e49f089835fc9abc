//! Several engines, and one that is gone without a word.

use std::net::SocketAddr;

use bytes::Bytes;
use prost::Message as _;
use tessera_gateway::{GatewayConfig, SpoolConfig};
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{
    AnswerBasis, BasisReason, CustomerIdentity, IdentifyRequest, IdentifyResponse, QuoteRequest, QuoteResponse, SettleRequest,
    SettleResponse, SettleStatus,
};
use tessera_proto::gateway::v1::operator_service_client::OperatorServiceClient;
use tessera_proto::gateway::v1::{GetStatusRequest, LinkState};
use tokio::net::TcpListener;
use tonic::Request;

use crate::engine::{Act, FakeEngine, LONG, Running, SHORT, answer, channel, gateway, gateway_with, send, start};
use crate::spooled::settle;

fn quote(card: usize) -> Bytes {
    let receipt = SettleRequest::decode(settle("R1", &format!("card-{card}"))).unwrap().receipt;
    QuoteRequest { receipt, ..QuoteRequest::default() }.encode_to_vec().into()
}

async fn answering() -> FakeEngine {
    start(|_, _| answer(QuoteResponse { basis: AnswerBasis::Engine.into(), ..QuoteResponse::default() })).await
}

/// Sends a quote of each card and says how many each engine got.
async fn spread(gateway: &Running, engines: &[&FakeEngine]) -> Vec<usize> {
    let before: Vec<usize> = engines.iter().map(|engine| engine.seen().len()).collect();
    for card in 0..40 {
        let response = send(gateway, "Quote", Request::new(quote(card))).await.unwrap();
        assert_eq!(QuoteResponse::decode(response.into_inner()).unwrap().basis(), AnswerBasis::Engine);
    }
    engines.iter().zip(before).map(|(engine, before)| engine.seen().len() - before).collect()
}

#[tokio::test]
async fn an_account_goes_to_the_same_engine_and_to_another_while_that_one_is_gone() {
    let (first, second) = (answering().await, answering().await);
    let both = gateway(&[first.address, second.address], LONG).await;
    let shares = spread(&both, &[&first, &second]).await;
    assert!(shares.iter().all(|share| *share > 5) && shares.iter().sum::<usize>() == 40, "{shares:?}");
    assert_eq!(spread(&both, &[&first, &second]).await, shares, "the same once more");
    // In another sequence of the configuration each keeps its accounts.
    let turned = gateway(&[second.address, first.address], LONG).await;
    assert_eq!(spread(&turned, &[&first, &second]).await, shares);

    let gone = start(|_, _| Act::Cut).await;
    let one_gone = gateway(&[first.address, gone.address], LONG).await;
    assert_eq!(spread(&one_gone, &[&first]).await, [40], "all are answered by the one that is left");
}

#[tokio::test]
async fn what_only_reads_is_asked_of_a_second_engine_where_the_first_is_slow_and_a_quote_never_is() {
    let slow = start(|_, _| Act::Hang).await;
    let quick = start(|_, _| answer(IdentifyResponse { customer_id: "C1".to_owned(), ..IdentifyResponse::default() })).await;
    let both = gateway(&[slow.address, quick.address], LONG).await;
    // Cards until one has come to the slow one.
    for card in 0_usize.. {
        let customer = Some(CustomerIdentity { identity: Some(Identity::CardNumber(format!("4711{card:04}"))), entry_method: 0 });
        let request = IdentifyRequest { customer, store_id: "S1".to_owned(), ..IdentifyRequest::default() };
        let body: Bytes = request.encode_to_vec().into();
        // With a budget of half a minute the slow one would otherwise outlast the test.
        let response = send(&both, "Identify", Request::new(body.clone())).await.unwrap();
        assert_eq!(IdentifyResponse::decode(response.into_inner()).unwrap().customer_id, "C1");
        if let Some(seen) = slow.seen().first() {
            assert!(quick.seen().last().unwrap().body == body && seen.body == body, "both were asked the same");
            break;
        }
    }
    // Alone it is waited for: there is nobody else to ask. And a quote may hold something.
    let hanging = start(|_, _| Act::Hang).await;
    let other = start(|_, _| Act::Hang).await;
    let two = gateway(&[hanging.address, other.address], SHORT).await;
    let response = send(&two, "Quote", Request::new(quote(1))).await.unwrap();
    assert_eq!(QuoteResponse::decode(response.into_inner()).unwrap().basis(), AnswerBasis::Unchanged);
    assert_eq!(hanging.seen().len() + other.seen().len(), 1);
}

/// A machine that takes connections and never says a word, as one that was stopped does.
async fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    address
}

#[tokio::test]
async fn h52_an_engine_that_is_gone_without_a_word_is_found_and_then_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let uris = vec![format!("http://{}", silent().await).parse().unwrap()];
    let spool = Some(SpoolConfig::new(folder.path()));
    let gateway = gateway_with(GatewayConfig { spool, budget: LONG, ..GatewayConfig::new("g1", uris) }).await;
    let mut operator = OperatorServiceClient::new(channel(gateway.address));
    let status = loop {
        let status = operator.get_status(GetStatusRequest {}).await.unwrap().into_inner();
        if status.link_state() == LinkState::Offline {
            break status;
        }
        tokio::task::yield_now().await;
    };
    assert!(!status.engines[0].up);
    // With a budget of half a minute these two would otherwise outlast the test.
    let response = send(&gateway, "Quote", Request::new(quote(1))).await.unwrap();
    let response = QuoteResponse::decode(response.into_inner()).unwrap();
    assert_eq!((response.basis(), response.basis_reason()), (AnswerBasis::Unchanged, BasisReason::LinkDown));
    let response = send(&gateway, "Settle", Request::new(settle("R1", "4711"))).await.unwrap();
    assert_eq!(SettleResponse::decode(response.into_inner()).unwrap().status(), SettleStatus::Accepted);
}
