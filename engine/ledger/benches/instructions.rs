//! How many instructions the account takes for a sale and for a return: a figure that a busy machine does not change.
//!
//! Needs valgrind and the runner of the same version: `cargo install gungraun-runner --version 0.20.0`, then
//! `cargo bench -p tessera-ledger --bench instructions`. What is built before is not counted.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement on data of its own")]
#![expect(missing_docs, clippy::disallowed_types, reason = "what the macros make has no documents and opens a file")]

#[path = "../../../rules/examples/evaluate_rate/data.rs"]
mod data;

use std::borrow::Cow;
use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use tessera_ledger::account::Account;
use tessera_ledger::code::CodeKey;
use tessera_ledger::outcome::Basis;
use tessera_ledger::return_goods::{OriginalSale, Return, ReturnLine, Returned, ReturnedSoFar, return_goods};
use tessera_ledger::settle::{Relation, Settle, Settled, SoldLine, settle};
use tessera_rules::decision::Decision;
use tessera_rules::id::{AccountId, CustomerId, ReceiptId};
use tessera_rules::money::{Amount, Quantity};
use tessera_rules::receipt::Receipt;
use tessera_rules::{Effort, evaluate};

const DAY: Date = date(2026, 11, 22);

/// A decided receipt of 12 lines, 14 of its campaigns applied, and an account that has bought the same so often.
struct Sale {
    account: Account,
    receipt: Receipt,
    decision: Decision,
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn basis() -> Basis {
    Basis { revision: 1, revision_hash: [0; 32], catalogue: 1 }
}

impl Sale {
    fn after(bought: usize) -> Self {
        let (receipt, catalogue) = (data::receipt(), data::catalogue());
        let decision = evaluate(&data::revision(), &catalogue, &data::standing(), &receipt, now(), Effort::default());
        let account = Account::new(AccountId::parse("a").unwrap(), CustomerId::parse("c").unwrap(), now());
        let mut sale = Self { account, receipt, decision };
        for number in 0..bought {
            sale.receipt.id = ReceiptId::parse(&format!("before-{number}")).unwrap();
            sale.account = sale.settle().account.unwrap();
        }
        sale.receipt.id = ReceiptId::parse("r").unwrap();
        sale
    }

    fn settle(&self) -> Settled {
        let lines = self.decision.lines.iter().map(|line| SoldLine {
            id: line.id.clone(),
            sku: line.sku.clone(),
            tax_code: line.tax_code.clone(),
            measure: line.measure,
            added_by: line.added_by.clone(),
            parts: Cow::Borrowed(&line.parts),
        });
        settle(
            Some(black_box(&self.account)),
            &Settle {
                receipt: &self.receipt,
                sold: &lines.collect::<Vec<_>>(),
                decision: &self.decision,
                promised: None,
                relation: Relation::AsQuoted,
                after_void: false,
                deferred: false,
                till_clock_off: false,
                delivery_unproven: false,
                content_hash: [0; 32],
                attempt: 1,
                basis: basis(),
                booked_at: now(),
                booking_date: DAY,
                cash_rounding: Amount::ZERO,
                customer: None,
                assets: &[],
                renewals: &[],
                codes: &CodeKey::new([0; 32]),
                handed_over: &[],
                must_confirm: None,
                limits: &[],
                return_terms: &[],
                seen: &tessera_rules::brakes::SeenTerms::default(),
            },
        )
    }

    /// One piece of the first line comes back.
    fn give_back(&self, settled: &Settled) -> Returned {
        let sold = &settled.outcome.lines[0];
        let line = ReturnLine {
            id: sold.id.clone(),
            original: Some(sold.id.clone()),
            sku: sold.sku.clone(),
            tax_code: None,
            quantity: Quantity::ONE,
            measure: sold.measure,
            unit_price: sold.unit_price,
            amount: Amount::ZERO,
        };
        return_goods(
            settled.account.as_ref(),
            &Return {
                id: ReceiptId::parse("b").unwrap(),
                place: &self.receipt.place,
                returned_at: now(),
                business_date: DAY,
                currency: self.receipt.currency,
                lines: &[line],
                original: Some(OriginalSale { outcome: &settled.outcome, so_far: &ReturnedSoFar::default() }),
                tenders: &[],
                cash_rounding: Amount::ZERO,
                content_hash: [0; 32],
                attempt: 1,
                basis: basis(),
                booked_at: now(),
                booking_date: DAY,
                customer: None,
                assets: &[],
                repricing: None,
            },
        )
    }
}

#[library_benchmark]
#[bench::first(Sale::after(0))]
#[bench::hundredth(Sale::after(99))]
fn settling(sale: Sale) -> (Settled, Sale) {
    // The sale goes out again, so that taking it apart is not counted.
    (black_box(sale.settle()), sale)
}

fn sold(bought: usize) -> (Sale, Settled) {
    let sale = Sale::after(bought);
    let settled = sale.settle();
    (sale, settled)
}

#[library_benchmark]
#[bench::of_the_first_sale(sold(0))]
#[bench::of_the_hundredth_sale(sold(99))]
fn returning((sale, settled): (Sale, Settled)) -> (Returned, Sale, Settled) {
    (black_box(sale.give_back(&settled)), sale, settled)
}

library_benchmark_group!(name = accounts, benchmarks = [settling, returning]);

main!(library_benchmark_groups = accounts);
