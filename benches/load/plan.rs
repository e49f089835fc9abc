//! The run: warm up, take the engine's own answers for the yardstick, measure the two in turn, report.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use prost::Message;
use tessera_proto::billing::v1;
use tokio::runtime::Runtime;

use crate::arrivals::Latencies;
use crate::ask::{Asks, Receipts, expect_settle};
use crate::child::Role;
use crate::data;
use crate::measure::{Round, Side};
use crate::options::{Options, Part};
use crate::report::{self, Sizes};
use crate::server::{QUOTE_ANSWER, SETTLE_ANSWER};

/// Of how many answers the one of middle size becomes the yardstick's.
const SAMPLES: usize = 101;

/// Everything that is measured on.
struct Bench<'a> {
    options: &'a Options,
    runtime: Runtime,
    receipts: Arc<Receipts>,
    engine: Side,
    echo: Side,
}

/// The yardstick's and the engine's measurements, pair by pair.
#[derive(Debug)]
pub(crate) struct Pairs<T> {
    pub(crate) echo: Vec<T>,
    pub(crate) engine: Vec<T>,
}

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self { echo: Vec::new(), engine: Vec::new() }
    }
}

/// Measures and prints.
pub(crate) fn run(options: &Options) {
    let root = options.folder.clone().unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    fs::create_dir_all(&root).unwrap();
    let folder = tempfile::tempdir_in(root).unwrap();
    report::machine(options);
    let runtime = crate::runtime();
    let receipts = Arc::new(Receipts::new(options.customers));
    let engine = Side::start(&runtime, &Role::Engine(folder.path().to_owned()), options);
    let opened = open_accounts(&runtime, &engine, &receipts, options);
    let sizes = take_answers(&runtime, &engine, &receipts, folder.path());
    let echo = Side::start(&runtime, &Role::Echo(folder.path().to_owned()), options);
    report::setting(options, sizes, opened);
    let bench = Bench { options, runtime, receipts, engine, echo };
    bench.measure();
}

/// Each customer's first receipt, without a quote: it opens the account, earns, and warms the engine.
fn open_accounts(runtime: &Runtime, engine: &Side, receipts: &Arc<Receipts>, options: &Options) -> Round {
    let settles = (0..options.customers).map(|_| data::settle_unquoted(receipts.next())).collect();
    engine.throughput(runtime, Asks::settles(settles), options)
}

/// Puts the engine's answers of middle size where the yardstick finds them.
fn take_answers(runtime: &Runtime, engine: &Side, receipts: &Arc<Receipts>, folder: &Path) -> Sizes {
    let mut quotes = engine.quoted(runtime, receipts, SAMPLES);
    quotes.sort_by_key(|(_, response)| response.encoded_len());
    let requests: Vec<v1::SettleRequest> =
        quotes.iter().map(|(request, response)| data::settle(request.clone(), response)).collect();
    let answer = |request: &v1::SettleRequest| engine.settle(runtime, request.clone());
    let mut settles: Vec<v1::SettleResponse> = requests.iter().map(answer).collect();
    settles.iter().for_each(expect_settle);
    settles.sort_by_key(Message::encoded_len);
    let ((quote_request, quote), settle, settle_request) = (&quotes[SAMPLES / 2], &settles[SAMPLES / 2], &requests[SAMPLES / 2]);
    fs::write(folder.join(QUOTE_ANSWER), quote.encode_to_vec()).unwrap();
    fs::write(folder.join(SETTLE_ANSWER), settle.encode_to_vec()).unwrap();
    let shape = quote.answer.as_ref().unwrap();
    Sizes {
        quote: (quote_request.encoded_len(), quote.encoded_len()),
        token: quote.quote_token.len(),
        settle: (settle_request.encoded_len(), settle.encoded_len()),
        answer: [shape.lines.len(), shape.rewards.len(), shape.prompts.len(), shape.offers.len()],
    }
}

impl Bench<'_> {
    /// Each round has its own rate of arrivals: where the machine does other work too, what the engine did
    /// a minute ago says little of what it could do now.
    fn measure(&self) {
        let (mut quotes, mut settles, mut latencies, mut rates) =
            (Pairs::default(), Pairs::default(), Pairs::default(), Vec::new());
        for _ in 0..self.options.rounds {
            self.quotes(&mut quotes);
            if self.options.wants(Part::Latency) {
                rates.push(self.latency(&quotes, &mut latencies));
            }
            self.settles(&mut settles);
        }
        report::throughput("quote", &quotes);
        report::latency(rates, &latencies);
        report::throughput("settle", &settles);
    }

    fn quotes(&self, pairs: &mut Pairs<Round>) {
        if self.options.wants(Part::Echo) {
            pairs.echo.push(report::progress("echo, quote", self.echo.quotes(&self.runtime, &self.receipts, self.options)));
        }
        if self.options.wants(Part::Quote) {
            pairs.engine.push(report::progress("engine, quote", self.engine.quotes(&self.runtime, &self.receipts, self.options)));
        }
    }

    /// Both get the same requests; the yardstick does not mind whose tokens they carry.
    fn settles(&self, pairs: &mut Pairs<Round>) {
        if !self.options.wants(Part::Settle) {
            return;
        }
        let ready = self.engine.ready_settles(&self.runtime, &self.receipts, self.options.settles);
        if self.options.only.is_none() {
            let round = self.echo.throughput(&self.runtime, Asks::settles(ready.clone()), self.options);
            pairs.echo.push(report::progress("echo, settle", round));
        }
        let round = self.engine.throughput(&self.runtime, Asks::settles(ready), self.options);
        pairs.engine.push(report::progress("engine, settle", round));
    }

    /// At half of what the engine has just done at most; tells that rate.
    fn latency(&self, quotes: &Pairs<Round>, pairs: &mut Pairs<Latencies>) -> f64 {
        let just_done = || quotes.engine.last().map(|round| round.per_second);
        let measured = || self.engine.quotes(&self.runtime, &self.receipts, self.options).per_second;
        let rate = self.options.rate.unwrap_or_else(|| just_done().unwrap_or_else(measured) / 2.0);
        pairs.echo.push(self.echo.latency(&self.runtime, &self.receipts, rate, self.options));
        pairs.engine.push(self.engine.latency(&self.runtime, &self.receipts, rate, self.options));
        rate
    }
}
