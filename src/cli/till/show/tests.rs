//! Pages as they are printed.

use tessera_proto::billing::v1::{
    Adjustment, ChangedLine, CodeState, CodeVerdict, CustomerStatus, Line, NearMiss, Note, NoteCode, Offer, OutcomeFlag,
    OutcomeKind, OutcomeLine, Prompt, PromptReason, QuoteStatus, Receipt, Reward, RewardKind, SettleStatus, SoldPart, Tender,
    TenderKind, Totals,
};

use super::*;

fn totals(amount_minor: i64) -> Option<Totals> {
    Some(Totals { amount_minor, due_minor: amount_minor, tax_totals: Vec::new() })
}

fn part(quantity_milli: i64, unit_price_micros: i64, amount_minor: i64, off: i64, text: &str) -> SoldPart {
    let campaign_id = "shoes-3-for-2".to_owned();
    let adjustment = Adjustment { campaign_id, amount_minor: off, text: text.into(), ..Adjustment::default() };
    SoldPart {
        quantity_milli,
        unit_price_micros,
        amount_minor,
        adjustments: if off == 0 { Vec::new() } else { vec![adjustment] },
    }
}

fn parts() -> Vec<SoldPart> {
    vec![part(2_000, 24_900_000, 4_980, 0, ""), part(1_000, 0, 0, -2_490, "Three pairs for two")]
}

fn reward() -> Reward {
    Reward {
        campaign_id: "base-points".into(),
        kind: RewardKind::Points.into(),
        asset_id: "points".into(),
        units: 52,
        text: "Your points".into(),
        requires_answers: vec!["phone".into()],
        ..Reward::default()
    }
}

fn asked() -> QuoteRequest {
    let line = |line_id: &str, sku: &str, quantity_milli, unit_price_micros, amount_minor| Line {
        line_id: line_id.into(),
        sku: sku.into(),
        quantity_milli,
        unit_price_micros,
        amount_minor,
        ..Line::default()
    };
    let receipt = Receipt {
        receipt_id: "S1/T9/20261122/1/a".into(),
        currency_code: "GBP".into(),
        lines: vec![line("1", "SANDALS", 3_000, 24_900_000, 7_470), line("2", "COMTE-KG", 350, 18_900_000, 662)],
        ..Receipt::default()
    };
    QuoteRequest { receipt: Some(receipt), ..QuoteRequest::default() }
}

fn answer() -> Answer {
    let changed = ChangedLine { line_id: "1".into(), parts: parts(), ..ChangedLine::default() };
    let gift = ChangedLine {
        line_id: "+1".into(),
        added: true,
        sku: "CRISPS".into(),
        description: "Sea salt crisps".into(),
        decline_id: "+1".into(),
        parts: vec![part(2_000, 0, 0, 0, "")],
        ..ChangedLine::default()
    };
    let prompt = Prompt {
        prompt_id: "p1".into(),
        fact_id: "phone".into(),
        reason: PromptReason::Missing.into(),
        text: "May we check your phone number?".into(),
        ..Prompt::default()
    };
    let offer = Offer {
        offer_id: "o1".into(),
        sku: "LACES-ORANGE".into(),
        text: "Orange laces go with these".into(),
        ..Offer::default()
    };
    let near = NearMiss {
        campaign_id: "spend-50".into(),
        missing_amount_minor: 120,
        text: "Only £1.20 to £5 off".into(),
        ..NearMiss::default()
    };
    let balance = Balance { asset_id: "points".into(), available_units: 120, vesting_units: 30, ..Balance::default() };
    let verdict = CodeVerdict {
        code: "WELCOME26".into(),
        state: CodeState::Applied.into(),
        campaign_id: "welcome".into(),
        ..CodeVerdict::default()
    };
    let note = Note { code: NoteCode::UnknownSku.into(), line_id: "2".into(), text: "Not in the catalogue".into() };
    Answer {
        lines: vec![changed, gift],
        rewards: vec![reward()],
        prompts: vec![prompt],
        offers: vec![offer],
        near_misses: vec![near],
        code_verdicts: vec![verdict],
        totals_before: totals(8_132),
        totals_after: totals(5_642),
        balances: vec![balance],
        customer_status: CustomerStatus::Known.into(),
        notes: vec![note],
        revision: 1,
        catalogue: 2,
        proven: true,
        ..Answer::default()
    }
}

#[test]
fn a_quote_shows_lines_before_and_after_and_everything_that_is_there() {
    let response = QuoteResponse {
        status: QuoteStatus::Ok.into(),
        basis: AnswerBasis::Engine.into(),
        answer: Some(answer()),
        ..QuoteResponse::default()
    };
    insta::assert_snapshot!(quote(&asked(), &response, None), @r"
    receipt S1/T9/20261122/1/a quoted
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────
     line   goods                      quantity   price   amount   what changed it
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────
     1      SANDALS                           3   24.90    74.70
            →                                 2   24.90    49.80
            →                                 1    0.00     0.00   Three pairs for two [shoes-3-for-2] -24.90
     2      COMTE-KG                       0.35   18.90     6.62
     +1     Sea salt crisps (CRISPS)          2    0.00     0.00
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────
    total              81.32 GBP rung up, 56.42 after, saved 24.90
    rewards            52 points (base-points, Your points, waits for answers: phone)
    codes              WELCOME26: applied (welcome)
    questions          May we check your phone number? (phone, missing)
    offers             Orange laces go with these (LACES-ORANGE, o1)
    nearly there       Only £1.20 to £5 off (1.20 missing, spend-50)
    can be declined    +1: 2 × Sea salt crisps (CRISPS)
    balance            120 points usable, 30 not usable yet
    customer           known
    notes              Not in the catalogue (unknown sku, line 2)
    computed with      revision 1, catalogue 2; proven to be the best deal
    ");
}

#[test]
fn a_quote_that_nobody_answered_says_why_and_what_follows() {
    let response = QuoteResponse {
        status: QuoteStatus::Ok.into(),
        basis: AnswerBasis::Unchanged.into(),
        basis_reason: BasisReason::LinkDown.into(),
        ..QuoteResponse::default()
    };
    let page = quote(&asked(), &response, None);
    assert!(page.contains("the engine cannot be reached; rewards follow by message"), "{page}");
}

fn outcome() -> Outcome {
    let changed = OutcomeLine {
        line_id: "1".into(),
        sku: "SANDALS".into(),
        quantity_milli: 3_000,
        unit_price_micros: 24_900_000,
        rung_up_minor: 7_470,
        paid_minor: 4_980,
        parts: parts(),
        ..OutcomeLine::default()
    };
    let plain = OutcomeLine {
        line_id: "2".into(),
        sku: "WATER".into(),
        quantity_milli: 1_000,
        unit_price_micros: 700_000,
        rung_up_minor: 70,
        paid_minor: 70,
        ..OutcomeLine::default()
    };
    Outcome {
        kind: OutcomeKind::Settle.into(),
        currency_code: "GBP".into(),
        lines: vec![changed, plain],
        rewards: vec![reward()],
        tenders: vec![Tender { kind: TenderKind::Card.into(), amount_minor: 5_050, ..Tender::default() }],
        totals_before: totals(7_540),
        totals_after: totals(5_050),
        flags: vec![OutcomeFlag::WithoutQuote.into()],
        booking_date: "2026-11-22".into(),
        ..Outcome::default()
    }
}

#[test]
fn a_settle_shows_what_was_paid_and_what_was_out_of_the_ordinary() {
    let request = SettleRequest { receipt: asked().receipt, ..SettleRequest::default() };
    let response = SettleResponse {
        status: SettleStatus::Committed.into(),
        outcome: Some(outcome()),
        repeated_before: true,
        position: Some(CommitPosition { sequence: 7, account_version: 2, ..CommitPosition::default() }),
        ..SettleResponse::default()
    };
    insta::assert_snapshot!(settle(&request, &response), @r"
    receipt S1/T9/20261122/1/a settled before; this is the stored outcome
    ─────────────────────────────────────────────────────────────────────────────────────────
     line   goods     quantity   price   amount   what changed it
    ─────────────────────────────────────────────────────────────────────────────────────────
     1      SANDALS          3   24.90    74.70
            →                2   24.90    49.80
            →                1    0.00     0.00   Three pairs for two [shoes-3-for-2] -24.90
     2      WATER            1    0.70     0.70
    ─────────────────────────────────────────────────────────────────────────────────────────
    total              75.40 GBP rung up, 50.50 after, saved 24.90
    rewards            52 points (base-points, Your points, waits for answers: phone)
    paid by            card 50.50
    flags              without quote
    booked on          2026-11-22
    computed with      no program
    commit             7, account version 2
    next               tessera till return --of S1/T9/20261122/1/a
    ");
}

#[test]
fn a_receipt_that_nobody_knows_is_a_page_of_one_line() {
    let response = GetReceiptResponse { state: 1, receipt_id: "r1".into(), ..GetReceiptResponse::default() };
    assert_eq!(got(&response), "receipt r1: unknown\n");
}

#[test]
fn a_claim_says_what_became_of_it_and_what_it_gave() {
    let outcome =
        Outcome { kind: OutcomeKind::Claim.into(), customer_id: "c-1".into(), rewards: vec![reward()], ..Outcome::default() };
    let done = ClaimResponse { status: ClaimStatus::Committed.into(), outcome: Some(outcome), ..ClaimResponse::default() };
    let page = claimed("S1/T9/20261122/1/a", &done);
    assert!(page.starts_with("receipt S1/T9/20261122/1/a: claimed\n"), "{page}");
    assert!(page.contains("c-1") && page.contains("Your points"), "{page}");
    let waits = ClaimResponse { status: ClaimStatus::Parked.into(), ..ClaimResponse::default() };
    assert_eq!(claimed("r1", &waits), "receipt r1: is not known yet; it is claimed when it arrives\n");
}

#[test]
fn the_claim_code_is_shown_for_a_sale_without_a_customer_alone() {
    let code = |status: CustomerStatus| {
        let answer = Answer { claim_code: "7K3QM-X2R8P".into(), customer_status: status.into(), ..Answer::default() };
        let response = QuoteResponse { status: QuoteStatus::Ok.into(), answer: Some(answer), ..QuoteResponse::default() };
        quote(&QuoteRequest::default(), &response, None).contains("7K3QM-X2R8P")
    };
    assert!(code(CustomerStatus::Anonymous) && !code(CustomerStatus::Known));
}
