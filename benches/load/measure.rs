//! One server under measurement, and what one measurement of it tells.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tessera_proto::billing::v1;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::arrivals::{self, Latencies};
use crate::ask::{Asks, Receipts, expect_quote};
use crate::caller::{self, Client};
use crate::child::{self, Role, Server};
use crate::data;
use crate::options::Options;

/// A server and the connections to it.
#[derive(Debug)]
pub(crate) struct Side {
    server: Server,
    clients: Vec<Client>,
}

/// A measurement of throughput.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Calls answered in a second.
    pub(crate) per_second: f64,
    /// Processor time of the server for one call, in microseconds; none where the system does not tell.
    pub(crate) server_us: Option<f64>,
    /// Processor time of the clients for one call, in microseconds.
    pub(crate) client_us: Option<f64>,
}

impl Round {
    /// Processor time of both for one call: a call to the echo takes this much of what a call to the
    /// engine takes, where nothing but the processors limits. Other work on the machine hardly moves it.
    pub(crate) fn cpu_us(&self) -> Option<f64> {
        Some(self.server_us? + self.client_us?)
    }
}

impl Side {
    /// Starts the server and connects to it.
    pub(crate) fn start(runtime: &Runtime, role: &Role, options: &Options) -> Self {
        let server = Server::start(role);
        let clients = runtime.block_on(caller::connect(server.url(), options.connections()));
        Self { server, clients }
    }

    /// Works through the calls, so many at once.
    pub(crate) fn throughput(&self, runtime: &Runtime, asks: Asks, options: &Options) -> Round {
        let (server_before, client_before, begun) = (self.server.cpu(), child::own_cpu(), Instant::now());
        let asks = Arc::new(asks);
        let calls = runtime.block_on(async {
            if options.converse {
                caller::converse(&self.clients, asks, options.open_calls()).await
            } else {
                caller::unary(&self.clients, asks, options.open_calls()).await
            }
        });
        let seconds = begun.elapsed().as_secs_f64();
        let each =
            |before: Option<Duration>, after: Option<Duration>| Some((after? - before?).as_secs_f64() * 1e6 / calls as f64);
        Round {
            per_second: calls as f64 / seconds,
            server_us: each(server_before, self.server.cpu()),
            client_us: each(client_before, child::own_cpu()),
        }
    }

    /// Quotes for so many seconds.
    pub(crate) fn quotes(&self, runtime: &Runtime, receipts: &Arc<Receipts>, options: &Options) -> Round {
        let until = Instant::now() + Duration::from_secs_f64(options.seconds);
        self.throughput(runtime, Asks::Quotes(Arc::clone(receipts), until), options)
    }

    /// Latency of quotes that arrive at this rate.
    pub(crate) fn latency(&self, runtime: &Runtime, receipts: &Arc<Receipts>, rate: f64, options: &Options) -> Latencies {
        arrivals::quotes(runtime.handle(), &self.clients, receipts, rate, Duration::from_secs_f64(options.seconds))
    }

    /// Quotes new receipts, for what comes after a quote.
    pub(crate) fn quoted(
        &self,
        runtime: &Runtime,
        receipts: &Arc<Receipts>,
        count: usize,
    ) -> Vec<(v1::QuoteRequest, v1::QuoteResponse)> {
        let quoted = Arc::new(Mutex::new(Vec::with_capacity(count)));
        runtime.block_on(async {
            let mut callers = JoinSet::new();
            for place in 0..count.min(256) {
                let (mut client, receipts, quoted) =
                    (self.clients[place % self.clients.len()].clone(), Arc::clone(receipts), Arc::clone(&quoted));
                let share = count / 256 + usize::from(place < count % 256);
                callers.spawn(async move {
                    for _ in 0..share {
                        let request = receipts.next_quote();
                        let response = client.quote(request.clone()).await.unwrap().into_inner();
                        expect_quote(&response);
                        quoted.lock().unwrap().push((request, response));
                    }
                });
            }
            callers.join_all().await;
        });
        Arc::into_inner(quoted).unwrap().into_inner().unwrap()
    }

    /// Settles that are ready to be sent, each with the token of its own quote.
    pub(crate) fn ready_settles(&self, runtime: &Runtime, receipts: &Arc<Receipts>, count: usize) -> Vec<v1::SettleRequest> {
        self.quoted(runtime, receipts, count).into_iter().map(|(request, response)| data::settle(request, &response)).collect()
    }

    /// The answer to one settle.
    pub(crate) fn settle(&self, runtime: &Runtime, request: v1::SettleRequest) -> v1::SettleResponse {
        runtime.block_on(async { self.clients[0].clone().settle(request).await.unwrap().into_inner() })
    }
}
