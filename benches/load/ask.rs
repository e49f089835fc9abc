//! What callers ask, one after another, and whether they got it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use jiff::Timestamp;
use tessera_proto::billing::v1;

use crate::data;

/// One call.
#[derive(Debug)]
pub(crate) enum Ask {
    /// What if it is paid now.
    Quote(v1::QuoteRequest),
    /// It has been paid.
    Settle(v1::SettleRequest),
}

/// Calls for all callers of a measurement.
#[derive(Debug)]
pub(crate) enum Asks {
    /// New receipts of known customers, until a time.
    Quotes(Arc<Receipts>, Instant),
    /// So many, made before.
    Settles(Mutex<std::vec::IntoIter<v1::SettleRequest>>),
}

impl Asks {
    /// Settles that are ready.
    pub(crate) fn settles(settles: Vec<v1::SettleRequest>) -> Self {
        Self::Settles(Mutex::new(settles.into_iter()))
    }

    /// The next call; none: the measurement is over.
    pub(crate) fn next(&self) -> Option<Ask> {
        match self {
            Self::Quotes(receipts, until) => (Instant::now() < *until).then(|| Ask::Quote(receipts.next_quote())),
            Self::Settles(settles) => settles.lock().unwrap().next().map(Ask::Settle),
        }
    }
}

/// The receipts of all customers, each with a new id whenever it is used.
#[derive(Debug)]
pub(crate) struct Receipts {
    templates: Vec<v1::Receipt>,
    used: AtomicU64,
}

impl Receipts {
    pub(crate) fn new(customers: usize) -> Self {
        let now = Timestamp::now();
        Self { templates: (0..customers).map(|customer| data::receipt(customer, now)).collect(), used: AtomicU64::new(0) }
    }

    /// The next customer's receipt.
    pub(crate) fn next(&self) -> v1::Receipt {
        let sequence = self.used.fetch_add(1, Ordering::Relaxed);
        let template = &self.templates[usize::try_from(sequence).unwrap() % self.templates.len()];
        v1::Receipt { receipt_id: data::receipt_id(sequence), ..template.clone() }
    }

    /// The next customer's quote.
    pub(crate) fn next_quote(&self) -> v1::QuoteRequest {
        data::quote(self.next())
    }
}

/// Stops the run at an answer that is not what was asked for: a refusal costs less than an answer.
pub(crate) fn expect_quote(response: &v1::QuoteResponse) {
    assert!(response.status == i32::from(v1::QuoteStatus::Ok) && response.answer.is_some(), "not a quote: {response:?}");
}

/// The same for a settle.
pub(crate) fn expect_settle(response: &v1::SettleResponse) {
    let committed = response.status == i32::from(v1::SettleStatus::Committed) && !response.repeated_before;
    assert!(committed && response.outcome.is_some(), "not settled: {response:?}");
}
