//! What-if: receipts of 10 lines a second and core through two revisions of 100 campaigns each, and beside it in the
//! same rounds the evaluations alone. `cargo bench --bench simulate` prints both; `benches/README.md` holds the figures.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a measurement on data of its own: it ends at the first surprise, and its figures are for people"
)]
#![allow(dead_code, unused_imports, reason = "the program's modules stand here whole, and the measurement uses a part of them")]

/// The program's own modules, under the names that they have there.
#[path = "../src"]
mod program {
    pub(crate) mod receipt_files;
    pub(crate) mod simulate;
}

#[path = "../rules/examples/evaluate_rate/data.rs"]
mod data;

use std::sync::Arc;
use std::time::Instant;

use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use program::{receipt_files, simulate};
use receipt_files::sale::{Sale, SaleKind, SaleLine};
use simulate::{Both, Question, Rules, Which};
use tessera_contract::read::{ReadContext, read_quote};
use tessera_rules::catalogue::Catalogue;
use tessera_rules::id::{CustomerId, Sku};
use tessera_rules::money::{Quantity, UnitPrice, extend};
use tessera_rules::receipt::{Measure, Receipt};
use tessera_rules::standing::{CustomerStanding, Standing};
use tessera_rules::{Effort, evaluate};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECEIPTS: usize = 20_000;
const CUSTOMERS: usize = 2_000;
const LINES: usize = 10;
const CAMPAIGNS: usize = 100;
const PRODUCTS: usize = 10_000;
const ROUNDS: usize = 5;

/// A receipt a minute, the customers in turn, goods spread over the catalogue with the campaigns' own among them.
fn sale(number: usize) -> Arc<Sale> {
    let currency = receipt_files::currency("GBP");
    let first: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    let at = first + SignedDuration::from_mins(number as i64);
    let line = |place: usize| {
        let (quantity, unit_price) = (Quantity::from_milli(3_000), UnitPrice::from_micros(1_990_000));
        let mixed = (number * 131 + place * 37) % 300;
        let article = if place.is_multiple_of(3) { mixed } else { (mixed * 31 + place) % PRODUCTS };
        SaleLine {
            sku: Arc::from(format!("P{article}")),
            description: Arc::from(""),
            quantity,
            measure: Measure::Counted,
            unit_price,
            amount: extend(quantity, unit_price, currency).unwrap(),
        }
    };
    let business_date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    Arc::new(Sale {
        kind: SaleKind::Settle,
        receipt_id: format!("S{}/1/{}/{number}/0", number % 7, business_date.strftime("%Y%m%d")),
        store_id: Arc::from(format!("S{}", number % 7)),
        at,
        business_date,
        customer: Some(Arc::from(format!("{:08}", number % CUSTOMERS))),
        currency,
        lines: (0..LINES).map(line).collect(),
        codes: Vec::new(),
        original: None,
        message: None,
    })
}

/// Nanoseconds that this thread was on a core.
fn on_core() -> u128 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// Receipts a second, by the clock and by time on a core.
fn rate(work: impl FnOnce()) -> [u128; 2] {
    let (began, before) = (Instant::now(), on_core());
    work();
    let (elapsed, used) = (began.elapsed().as_nanos(), on_core() - before);
    [elapsed, used].map(|nanos| RECEIPTS as u128 * 1_000_000_000 / nanos)
}

fn evaluate_both(rules: &Both<Rules>, receipts: &[Receipt]) -> i64 {
    let customer = CustomerStanding {
        customer: CustomerId::parse("customer").unwrap(),
        blocked: false,
        tiers: Vec::new(),
        tiers_until: Vec::new(),
        available: Vec::new(),
        counters: Vec::new(),
        counters_promised: Vec::new(),
        uses: Vec::new(),
        uses_by_member: Vec::new(),
        facts: Vec::new(),
        lists: Vec::new(),
        enrolled_at: None,
        visits: 1,
        habits: tessera_rules::habits::Habits::default(),
        seen: Vec::new(),
        staff: Vec::new(),
    };
    let standing = Standing { customer: Some(customer), ..Standing::default() };
    let mut sum = 0;
    for receipt in receipts {
        for which in Which::BOTH {
            let rules = rules.of(which);
            let decision = evaluate(&rules.revision, &rules.catalogue, &standing, receipt, receipt.sold_at, Effort::default());
            sum += decision.after.minor() + decision.applied.len() as i64;
        }
    }
    sum
}

fn median(mut rates: Vec<u128>) -> String {
    rates.sort_unstable();
    format!("{} ({}..{})", rates[rates.len() / 2], rates[0], rates[rates.len() - 1])
}

fn main() {
    let catalogue = Arc::new(data::catalogue());
    let rules = |name: &str, percent| Rules {
        name: name.to_owned(),
        revision: Arc::new(data::revision_with(percent)),
        catalogue: Arc::clone(&catalogue),
    };
    let sales: Vec<Arc<Sale>> = (0..RECEIPTS).map(sale).collect();
    let read = |sale: &Arc<Sale>| read_quote(&sale.quote_request(), &ReadContext { now: sale.at }).unwrap().receipt;
    let receipts: Vec<Receipt> = sales.iter().map(read).collect();
    let question = Question {
        lists: simulate::lists::CustomerLists::default(),
        rules: Both { current: rules("current", 10), draft: rules("draft", 15) },
        sales,
        currency: receipt_files::currency("GBP"),
        remarks: Vec::new(),
        weeks: 0,
        threads: 1,
    };
    let (mut whole, mut alone) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        let rates = rate(|| {
            let report = simulate::simulate(&question, &ProgressBar::hidden()).unwrap();
            assert!(report.total.figures.draft.cost > report.total.figures.current.cost);
        });
        let yardstick = rate(|| assert!(evaluate_both(&question.rules, &receipts) > 0));
        for place in 0..2 {
            whole[place].push(rates[place]);
            alone[place].push(yardstick[place]);
        }
    }
    println!("receipts a second through both revisions, {LINES} lines, {CAMPAIGNS} campaigns each, one thread");
    let [clock, core] = whole.map(median);
    println!("what-if          by the clock {clock}, by time on a core {core}");
    let [clock, core] = alone.map(median);
    println!("evaluate alone   by the clock {clock}, by time on a core {core}");
}
