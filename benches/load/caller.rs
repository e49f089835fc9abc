//! Callers: so many calls open at once over so many connections, each followed by the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Answered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};

use crate::ask::{Ask, Asks, expect_quote, expect_settle};

/// A connection.
pub(crate) type Client = BillingServiceClient<Channel>;

/// Opens connections.
pub(crate) async fn connect(url: &str, connections: usize) -> Vec<Client> {
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        let channel = Endpoint::from_shared(url.to_owned()).unwrap().tcp_nodelay(true).connect().await.unwrap();
        clients.push(BillingServiceClient::new(channel).max_decoding_message_size(1024 * 1024));
    }
    clients
}

/// Asks and waits for the answer.
pub(crate) async fn call(client: &mut Client, ask: Ask) {
    match ask {
        Ask::Quote(request) => expect_quote(client.quote(request).await.unwrap().get_ref()),
        Ask::Settle(request) => expect_settle(client.settle(request).await.unwrap().get_ref()),
    }
}

/// Works through the calls with `open` of them at once, each a request of its own; tells how many.
pub(crate) async fn unary(clients: &[Client], asks: Arc<Asks>, open: usize) -> u64 {
    let mut callers = JoinSet::new();
    for place in 0..open {
        let (mut client, asks) = (clients[place % clients.len()].clone(), Arc::clone(&asks));
        callers.spawn(async move {
            let mut calls = 0;
            while let Some(ask) = asks.next() {
                call(&mut client, ask).await;
                calls += 1;
            }
            calls
        });
    }
    callers.join_all().await.into_iter().sum()
}

/// The same over one Converse stream a connection, whose tills each have one call open.
pub(crate) async fn converse(clients: &[Client], asks: Arc<Asks>, tills: usize) -> u64 {
    let answered = Arc::new(AtomicU64::new(0));
    let mut streams = JoinSet::new();
    for client in clients {
        streams.spawn(stream(client.clone(), Arc::clone(&asks), tills / clients.len(), Arc::clone(&answered)));
    }
    streams.join_all().await;
    answered.load(Ordering::Relaxed)
}

/// One stream: an answer makes room for the next call.
async fn stream(mut client: Client, asks: Arc<Asks>, tills: usize, answered: Arc<AtomicU64>) {
    let (requests, stream) = mpsc::channel(tills);
    let mut next_id = 1..;
    let mut ask = || Some(to_wire(next_id.next()?, asks.next()?));
    let mut open = 0_usize;
    while open < tills {
        let Some(request) = ask() else { break };
        requests.send(request).await.unwrap();
        open += 1;
    }
    let mut answers = client.converse(ReceiverStream::new(stream)).await.unwrap().into_inner();
    while open > 0 {
        check(answers.next().await.expect("an answer to every call").unwrap().result);
        answered.fetch_add(1, Ordering::Relaxed);
        match ask() {
            Some(request) => requests.send(request).await.unwrap(),
            None => open -= 1,
        }
    }
}

fn to_wire(correlation_id: u64, ask: Ask) -> v1::ConverseRequest {
    let call = match ask {
        Ask::Quote(request) => Call::Quote(request),
        Ask::Settle(request) => Call::Settle(request),
    };
    let budget_ms = u32::try_from(Duration::from_secs(30).as_millis()).unwrap();
    v1::ConverseRequest { correlation_id, budget_ms, call: Some(call) }
}

fn check(result: Option<Answered>) {
    match result {
        Some(Answered::Quote(response)) => expect_quote(&response),
        Some(Answered::Settle(response)) => expect_settle(&response),
        other => panic!("neither a quote nor a settle: {other:?}"),
    }
}
