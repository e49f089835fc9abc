//! How long reading, hashing and sealing take for a receipt of twelve lines. Run with `--release`.
#![expect(clippy::print_stdout, reason = "figures for a person are what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures, and is the caller of what must have no clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::canonical::{basket_hash, settle_hash};
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::{QuoteInput, ReadContext, read_quote, read_settle};
use tessera_contract::render::{AnswerContext, answer};
use tessera_contract::sold::sold_as_quoted;
use tessera_contract::token::{RevisionName, TokenHead, TokenKeys};
use tessera_proto::billing::v1;
use tessera_rules::decision::{Adjustment, DecidedLine, Decision, Part, Reward, RewardKind, Shortfall};
use tessera_rules::id::{CampaignId, ProgramId, RewardId};
use tessera_rules::money::{Amount, Quantity, UnitPrice};
use tessera_rules::receipt::Receipt;

/// Lines of the receipt.
const LINES: usize = 12;
/// Rewards beside the changed lines.
const REWARDS: usize = 14;
/// Calls of each step.
const CALLS: u32 = 100_000;

fn line(number: usize) -> v1::Line {
    v1::Line {
        line_id: format!("L{number}"),
        sku: format!("SHOE-{number:04}"),
        quantity_milli: 2_000,
        quantity_kind: 1,
        unit_price_micros: 1_990_000,
        amount_minor: 398,
        tax_code: "A".to_owned(),
        ..v1::Line::default()
    }
}

fn quote(now: Timestamp) -> v1::QuoteRequest {
    let receipt = v1::Receipt {
        receipt_id: "S1/T4/20261122/000123/9f3a".to_owned(),
        sold_at: Some(timestamp_to_wire(now)),
        business_date: "2026-11-22".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T4".to_owned(),
        cashier_id: "C7".to_owned(),
        customer: Some(v1::CustomerIdentity {
            identity: Some(v1::customer_identity::Identity::CardNumber("9901000017".to_owned())),
            entry_method: 1,
        }),
        currency_code: "EUR".to_owned(),
        lines: (1..=LINES).map(line).collect(),
        ..v1::Receipt::default()
    };
    v1::QuoteRequest { receipt: Some(receipt), quote_no: 1, ..v1::QuoteRequest::default() }
}

fn decision(receipt: &Receipt, now: Timestamp) -> Option<Decision> {
    let campaign = CampaignId::parse("ten-percent").ok()?;
    let lines = receipt.lines.iter().map(|line| DecidedLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        tax_code: line.tax_code.clone(),
        measure: line.measure,
        added_by: None,
        parts: vec![Part {
            quantity: Quantity::from_milli(2_000),
            unit_price: UnitPrice::from_micros(1_790_000),
            amount: Amount::from_minor(358),
            adjustments: vec![Adjustment {
                campaign: campaign.clone(),
                amount: Amount::from_minor(-40),
                text: "10 % off".into(),
            }],
        }],
        before: line.amount,
        after: Amount::from_minor(358),
    });
    Some(Decision {
        lines: lines.collect(),
        redemptions: Vec::new(),
        rewards: (1..=REWARDS).map(|number| reward(number, now)).collect::<Option<_>>()?,
        cashier_texts: Vec::new(),
        prompts: Vec::new(),
        instructions: Vec::new(),
        offers: Vec::new(),
        choices: Vec::new(),
        near_misses: Vec::new(),
        code_verdicts: Vec::new(),
        redeemable: Vec::new(),
        code_wanted: None,
        counters: Vec::new(),
        promises: Vec::new(),
        applied: Vec::new(),
        before: receipt.total(),
        after: Amount::from_minor(358 * 12),
        depends_on_tenders: false,
        notes: Vec::new(),
        steps: 12,
        proven: true,
        bound: Amount::ZERO,
        dropped_from: None,
        brakes: Vec::new(),
        explained: Vec::new(),
    })
}

fn reward(number: usize, now: Timestamp) -> Option<Reward> {
    let campaign = CampaignId::parse(&format!("campaign-{number}")).ok()?;
    Some(Reward {
        id: RewardId::parse(&format!("campaign-{number}.0")).ok()?,
        campaign,
        program: ProgramId::parse("club").ok()?,
        kind: RewardKind::DiscountNow { amount: Amount::from_minor(40) },
        vests_at: now,
        expires_at: None,
        waits_for: Vec::new(),
        awaits: None,
        held: None,
        earned_on: Vec::new(),
        on_return: Shortfall::Negative,
        fallback: false,
        text: "10 % off whatever fits".into(),
    })
}

fn head(input: &QuoteInput, now: Timestamp) -> TokenHead {
    TokenHead {
        receipt: input.receipt.id.clone(),
        basket_hash: basket_hash(&input.receipt, input.customer.as_ref()),
        revision: Some(RevisionName { number: 1, hash: [1; 32] }),
        catalogue: 1,
        quoted_at: now,
        steps_max: 200_000,
        quote_no: 1,
        customer: None,
        account: None,
        held_until: None,
        choices: Vec::new(),
    }
}

/// The mean of one call, in the best of five rounds.
fn measure<T>(name: &str, call: impl Fn() -> T) -> Duration {
    let round = || {
        let begun = Instant::now();
        for _ in 0..CALLS {
            let _ = black_box(call());
        }
        begun.elapsed().checked_div(CALLS).unwrap_or_default()
    };
    let best = (0..5).map(|_| round()).min().unwrap_or_default();
    println!("{name:<28} {best:>10.2?}");
    best
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now: Timestamp = "2026-11-22T12:00:00Z".parse()?;
    let context = ReadContext { now };
    let request = quote(now);
    let input = read_quote(&request, &context)?;
    let decision = decision(&input.receipt, now).ok_or("the campaign's id is one")?;
    let keys = TokenKeys::new((1, [7; 32]), &[]);
    let shown = answer(&decision, AnswerContext::plain(&input.receipt, input.display));
    let receipt = request.receipt.clone().unwrap_or_default();
    let (sold, added_lines) = sold_as_quoted(&receipt, &shown);
    let settle = v1::SettleRequest { receipt: Some(sold), added_lines, ..v1::SettleRequest::default() };
    read_settle(&settle, &context)?;
    let token = keys.seal(&head(&input, now), &decision, [9; 24]);
    println!("{LINES} lines; request {} bytes, token {} bytes", request.encoded_len(), token.bytes.len());

    let read = measure("read_quote", || read_quote(black_box(&request), &context));
    let hash = measure("basket_hash", || basket_hash(black_box(&input.receipt), input.customer.as_ref()));
    let made = head(&input, now);
    let seal = measure("seal", || keys.seal(black_box(&made), &decision, [9; 24]));
    println!("{:<28} {:>10.2?}", "together", read.saturating_add(hash).saturating_add(seal));
    measure("answer", || answer(black_box(&decision), AnswerContext::plain(&input.receipt, input.display)));
    measure("read_settle (with its hash)", || read_settle(black_box(&settle), &context));
    measure("settle_hash", || settle_hash(black_box(&settle)));
    measure("open", || keys.open(black_box(&token.bytes)));
    Ok(())
}
