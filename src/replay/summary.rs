//! What a replay came to: counts, money, latencies, and one hash over all outcomes.
//!
//! Counts say how the file stands and not what this run did: a receipt that an earlier run settled counts as settled.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use serde::Serialize;

use super::call::{Done, End, Sent};
use crate::receipt_files::sale::{Import, Sale, SaleKind};

/// Digits to which latencies are kept.
const LATENCY_DIGITS: u8 = 3;
/// The longest latency that is told apart, microseconds: an hour, beyond every budget and its repeats.
const LATENCY_US_MAX: u64 = 3_600_000_000;

/// Adds up what single receipts came to, in whatever order they end.
#[derive(Debug)]
pub(crate) struct Tally {
    settled: Count,
    returned: Count,
    settled_before_minor: i64,
    settled_after_minor: i64,
    returned_minor: i64,
    assets_issued: BTreeMap<String, i64>,
    refused: BTreeMap<String, Refusals>,
    /// Receipt id and hash of its outcome.
    outcomes: Vec<(String, [u8; 32])>,
    quote_us: Histogram<u64>,
    settle_us: Histogram<u64>,
    return_us: Histogram<u64>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Count {
    receipts: u64,
    lines: u64,
}

impl Count {
    fn add(&mut self, sale: &Sale) {
        self.receipts = self.receipts.saturating_add(1);
        self.lines = self.lines.saturating_add(u64::try_from(sale.lines.len()).unwrap_or(u64::MAX));
    }
}

/// Receipts refused for one reason.
#[derive(Debug)]
pub(crate) struct Refusals {
    pub(crate) receipts: u64,
    /// The first of them by receipt id, and what was said to it.
    pub(crate) example: (String, String),
}

impl Tally {
    /// Nothing yet.
    ///
    /// # Errors
    /// Never with the digits and the bound above; the histogram's own check.
    pub(crate) fn new() -> Result<Self, CreationError> {
        Ok(Self {
            settled: Count::default(),
            returned: Count::default(),
            settled_before_minor: 0,
            settled_after_minor: 0,
            returned_minor: 0,
            assets_issued: BTreeMap::new(),
            refused: BTreeMap::new(),
            outcomes: Vec::new(),
            quote_us: latencies()?,
            settle_us: latencies()?,
            return_us: latencies()?,
        })
    }

    /// Adds one receipt.
    pub(crate) fn add(&mut self, sale: &Sale, sent: Sent) {
        for (histogram, took_us) in
            [(&mut self.quote_us, sent.quote_us), (&mut self.settle_us, sent.settle_us), (&mut self.return_us, sent.return_us)]
        {
            if let Some(took_us) = took_us {
                histogram.saturating_record(took_us);
            }
        }
        match sent.end {
            End::Done(done) => self.add_done(sale, done),
            End::Refused { reason, text } => self.add_refused(sale, reason, text),
        }
    }

    fn add_done(&mut self, sale: &Sale, done: Done) {
        match sale.kind {
            SaleKind::Settle => {
                self.settled.add(sale);
                self.settled_before_minor = self.settled_before_minor.saturating_add(done.before_minor);
                self.settled_after_minor = self.settled_after_minor.saturating_add(done.after_minor);
                for (asset, units) in done.rewards {
                    let issued = self.assets_issued.entry(asset).or_default();
                    *issued = issued.saturating_add(units);
                }
            }
            SaleKind::Return => {
                self.returned.add(sale);
                self.returned_minor = self.returned_minor.saturating_sub(done.after_minor);
            }
        }
        self.outcomes.push((sale.receipt_id.clone(), done.hash));
    }

    fn add_refused(&mut self, sale: &Sale, reason: String, text: String) {
        let example = (sale.receipt_id.clone(), text);
        match self.refused.get_mut(&reason) {
            Some(refusals) => {
                refusals.receipts = refusals.receipts.saturating_add(1);
                if example.0 < refusals.example.0 {
                    refusals.example = example;
                }
            }
            None => {
                self.refused.insert(reason, Refusals { receipts: 1, example });
            }
        }
    }

    /// Receipts that have an outcome or a refusal.
    pub(crate) fn answered(&self) -> u64 {
        let refused = self.refused.values().map(|refusals| refusals.receipts).fold(0_u64, u64::saturating_add);
        self.done().saturating_add(refused)
    }

    /// Receipts that have an outcome.
    pub(crate) fn done(&self) -> u64 {
        self.settled.receipts.saturating_add(self.returned.receipts)
    }

    /// What was refused, by reason.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&str, &Refusals)> {
        self.refused.iter().map(|(reason, refusals)| (reason.as_str(), refusals))
    }

    /// Latency of the returns, which the JSON form has no place for.
    pub(crate) fn return_latency(&self) -> Quantiles {
        Quantiles::of(&self.return_us)
    }

    /// BLAKE3 over the hashes of all outcomes in the order of their receipt ids, which no concurrency changes.
    fn outcomes_hash(&self) -> String {
        let mut outcomes: Vec<&(String, [u8; 32])> = self.outcomes.iter().collect();
        outcomes.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"tessera replay outcomes 1");
        for (receipt_id, hash) in outcomes {
            hasher.update(&u64::try_from(receipt_id.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(receipt_id.as_bytes());
            hasher.update(hash);
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// The summary in the shape of its JSON form.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) receipts: Receipts,
    pub(crate) lines: Lines,
    pub(crate) money_minor: Money,
    pub(crate) assets_issued: BTreeMap<String, i64>,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) latency_us: Latencies,
    pub(crate) receipts_per_second: u64,
    pub(crate) outcomes_hash: String,
}

/// Receipts of the file. What is neither settled, returned nor refused had no usable line.
#[derive(Debug, Serialize)]
pub(crate) struct Receipts {
    pub(crate) read: u64,
    pub(crate) settled: u64,
    pub(crate) returned: u64,
}

/// Lines of the file; those that the engine added are not counted.
#[derive(Debug, Serialize)]
pub(crate) struct Lines {
    pub(crate) read: u64,
    pub(crate) settled: u64,
    pub(crate) returned: u64,
    pub(crate) set_aside: BTreeMap<&'static str, u64>,
}

/// Minor units of the file's currency, with the file's signs.
#[derive(Debug, Serialize)]
pub(crate) struct Money {
    /// As rung up.
    pub(crate) settled_before: i64,
    /// As paid.
    pub(crate) settled_after: i64,
    /// What was given back after deductions for rewards that were used up, below zero.
    pub(crate) returned: i64,
    pub(crate) set_aside: i64,
}

/// How long the calls took.
#[derive(Debug, Serialize)]
pub(crate) struct Latencies {
    pub(crate) quote: Quantiles,
    pub(crate) settle: Quantiles,
}

/// Microseconds below which this share of the calls stayed; 0: there were none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
}

impl Quantiles {
    fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            p50: histogram.value_at_quantile(0.5),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
        }
    }
}

impl Summary {
    /// Puts together what was read and what became of it.
    pub(crate) fn new(import: &Import, tally: &Tally, elapsed: Duration) -> Self {
        Self {
            receipts: Receipts { read: import.receipts_read, settled: tally.settled.receipts, returned: tally.returned.receipts },
            lines: Lines {
                read: import.lines_read,
                settled: tally.settled.lines,
                returned: tally.returned.lines,
                set_aside: import.set_aside.iter().map(|(reason, aside)| (reason.name(), aside.lines)).collect(),
            },
            money_minor: Money {
                settled_before: tally.settled_before_minor,
                settled_after: tally.settled_after_minor,
                returned: tally.returned_minor,
                set_aside: import.set_aside.amount().minor(),
            },
            assets_issued: tally.assets_issued.clone(),
            refused: tally.refused.iter().map(|(reason, refusals)| (reason.clone(), refusals.receipts)).collect(),
            latency_us: Latencies { quote: Quantiles::of(&tally.quote_us), settle: Quantiles::of(&tally.settle_us) },
            receipts_per_second: per_second(tally.answered(), elapsed),
            outcomes_hash: tally.outcomes_hash(),
        }
    }

    /// One JSON object on one line.
    #[expect(
        clippy::expect_used,
        reason = "serde_json fails on maps without text keys and on writers that fail; there are neither"
    )]
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a summary of numbers and texts")
    }
}

fn latencies() -> Result<Histogram<u64>, CreationError> {
    Histogram::new_with_max(LATENCY_US_MAX, LATENCY_DIGITS)
}

fn per_second(receipts: u64, elapsed: Duration) -> u64 {
    let per_second = u128::from(receipts).saturating_mul(1_000_000).checked_div(elapsed.as_micros()).unwrap_or(0);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
