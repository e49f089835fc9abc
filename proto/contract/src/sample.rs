//! Messages that tests begin from: all fields set, all of them valid.

use jiff::Timestamp;
use tessera_proto::billing::v1;
use tessera_rules::decision::{
    Adjustment, AnswerPart, Applied, Brake, Calendar, Choice, CodeVerdict, CounterMove, CounterTime, DecidedLine, Decision,
    Explained, Instruction, LineShare, Missing, NearMiss, Note, Offer, Part, Promise, Prompt, PromptReason, RedeemCap,
    Redeemable, Redemption, Reward, RewardKind, Shortfall, Task, Verdict,
};
use tessera_rules::id::{AssetId, CampaignId, FactId, LineId, ProgramId, RewardId, Sku, TaxCode};
use tessera_rules::money::{Amount, Quantity, UnitPrice, Units};
use tessera_rules::receipt::{Measure, RedeemMode};

use crate::convert::timestamp_to_wire;
use crate::read::ReadContext;

/// The engine's time in tests.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("is a time")
}

pub(crate) fn context() -> ReadContext {
    ReadContext { now: now() }
}

pub(crate) fn wire_now() -> tessera_proto::Timestamp {
    timestamp_to_wire(now())
}

pub(crate) fn line(number: usize) -> v1::Line {
    v1::Line {
        line_id: format!("L{number}"),
        sku: "4006381333931".to_owned(),
        description: "Highlighter, yellow".to_owned(),
        quantity_milli: 3_000,
        quantity_kind: i32::from(v1::QuantityKind::Counted),
        unit_price_micros: 1_990_000,
        amount_minor: 597,
        regular_unit_price_micros: Some(2_490_000),
        price_reason: i32::from(v1::PriceReason::Markdown),
        tax_code: "A".to_owned(),
        marks: vec!["mark-1".to_owned()],
        no_discount: false,
        no_earn: false,
        attributes: vec![v1::Attribute { name: "size".to_owned(), value: "XL".to_owned() }],
        sold_parts: Vec::new(),
    }
}

pub(crate) fn receipt(lines: usize) -> v1::Receipt {
    v1::Receipt {
        receipt_id: "S1/T4/20261122/000123/9f3a".to_owned(),
        sold_at: Some(wire_now()),
        business_date: "2026-11-22".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T4".to_owned(),
        cashier_id: "C7".to_owned(),
        customer: Some(v1::CustomerIdentity {
            identity: Some(v1::customer_identity::Identity::Phone("+4930123456".to_owned())),
            entry_method: i32::from(v1::EntryMethod::Typed),
        }),
        currency_code: "EUR".to_owned(),
        lines: (1..=lines).map(line).collect(),
        codes: vec![v1::PresentedCode { code: "SAVE10".to_owned(), entry_method: i32::from(v1::EntryMethod::Scanned) }],
        redeem_requested: vec![v1::RedeemRequest {
            asset_id: "points".to_owned(),
            amount: Some(v1::redeem_request::Amount::Units(500)),
            redeem_as: i32::from(v1::RedeemAs::Tender),
        }],
        tenders: vec![tender()],
        cash_rounding_minor: -2,
        fiscal: Some(v1::FiscalDocument { device_id: "F-1".to_owned(), number: "17".to_owned() }),
        training: false,
        till_columns: 32,
        till_charset: i32::from(v1::TillCharset::Latin1),
        language: "de-AT".to_owned(),
        channel_id: "web".to_owned(),
    }
}

pub(crate) fn tender() -> v1::Tender {
    v1::Tender {
        kind: i32::from(v1::TenderKind::Card),
        amount_minor: 1_000,
        reference: "term-17".to_owned(),
        brand: "maestro".to_owned(),
        asset_id: String::new(),
    }
}

pub(crate) fn quote() -> v1::QuoteRequest {
    v1::QuoteRequest {
        contract_minor: 0,
        receipt: Some(receipt(2)),
        stage: i32::from(v1::QuoteStage::Tender),
        quote_no: 1,
        attempt: 2,
        choices: vec![v1::ChosenOption { choice_id: "gift.1".to_owned(), option_ids: vec!["5901234123457".to_owned()] }],
        declined_ids: vec!["+3.1".to_owned()],
        confirmation_code: "123456".to_owned(),
        offers_max: Some(3),
        explain: true,
        explain_ids: vec!["summer".to_owned()],
        supersedes_receipt_id: "S1/T4/20261122/000122/9f3a".to_owned(),
    }
}

/// A part of a line of [`line`]: three units, one of them free.
pub(crate) fn sold_parts() -> Vec<v1::SoldPart> {
    let adjustment = v1::Adjustment {
        campaign_id: "three-for-two".to_owned(),
        amount_minor: -199,
        tax_code: "A".to_owned(),
        text: "3 for 2".to_owned(),
    };
    vec![
        v1::SoldPart { quantity_milli: 2_000, unit_price_micros: 1_990_000, amount_minor: 398, adjustments: Vec::new() },
        v1::SoldPart { quantity_milli: 1_000, unit_price_micros: 0, amount_minor: 0, adjustments: vec![adjustment] },
    ]
}

pub(crate) fn delivery() -> v1::Delivery {
    v1::Delivery {
        route: i32::from(v1::DeliveryRoute::Direct),
        gateway_id: "GW-1".to_owned(),
        gateway_signature: vec![1, 2, 3],
        customer_told: true,
        deferred: true,
        spooled_at: Some(wire_now()),
    }
}

fn referrer() -> Option<v1::CustomerIdentity> {
    let identity = v1::customer_identity::Identity::CardNumber("9901000025".to_owned());
    Some(v1::CustomerIdentity { identity: Some(identity), entry_method: i32::from(v1::EntryMethod::Scanned) })
}

pub(crate) fn settle() -> v1::SettleRequest {
    let mut receipt = receipt(2);
    receipt.lines[0].sold_parts = sold_parts();
    let gift =
        v1::Adjustment { campaign_id: "gift".to_owned(), amount_minor: 0, tax_code: String::new(), text: "Gift".to_owned() };
    v1::SettleRequest {
        contract_minor: 0,
        receipt: Some(receipt),
        added_lines: vec![v1::AddedLine {
            line_id: "+3.1".to_owned(),
            sku: "GIFT BOX".to_owned(),
            description: "Gift box".to_owned(),
            quantity_kind: i32::from(v1::QuantityKind::Counted),
            tax_code: "B".to_owned(),
            marks: vec!["mark-2".to_owned()],
            sold_parts: vec![v1::SoldPart {
                quantity_milli: 1_000,
                unit_price_micros: 0,
                amount_minor: 0,
                adjustments: vec![gift],
            }],
        }],
        quote_token: vec![7; 64].into(),
        attempt: 1,
        declined_ids: vec!["gift.2".to_owned()],
        instruction_results: vec![v1::InstructionResult {
            instruction_id: "gift.1".to_owned(),
            state: i32::from(v1::InstructionState::Done),
            serial: "A-18".to_owned(),
            series_id: "mugs".to_owned(),
            quantity: 2,
        }],
        offer_results: vec![v1::OfferResult { offer_id: "offer:0a".to_owned(), shown: true, taken: false }],
        answers: vec![answer()],
        redemptions: vec![v1::Redemption {
            redemption_id: "points.1".to_owned(),
            program_id: "club".to_owned(),
            asset_id: "points".to_owned(),
            units: 500,
            amount_minor: 500,
            redeem_as: i32::from(v1::RedeemAs::Tender),
            code: String::new(),
        }],
        referred_by: referrer(),
        delivery: Some(delivery()),
    }
}

pub(crate) fn answer() -> v1::PromptAnswer {
    v1::PromptAnswer {
        prompt_id: "prompt:birthday".to_owned(),
        fact_id: "birthday".to_owned(),
        value: "1970-01-01".to_owned(),
        refused: false,
        confirmation_code: String::new(),
    }
}

pub(crate) fn return_goods() -> v1::ReturnRequest {
    v1::ReturnRequest {
        contract_minor: 0,
        receipt_id: "S1/T4/20261122/000124/9f3a".to_owned(),
        mode: i32::from(v1::ReturnMode::Done),
        original: Some(v1::return_request::Original::OriginalReceiptId("S1/T4/20261122/000123/9f3a".to_owned())),
        returned_at: Some(wire_now()),
        business_date: "2026-11-22".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T4".to_owned(),
        cashier_id: "C7".to_owned(),
        currency_code: "EUR".to_owned(),
        customer: receipt(1).customer,
        lines: vec![v1::ReturnedLine {
            line_id: "R1".to_owned(),
            original_line_id: "L1".to_owned(),
            sku: "4006381333931".to_owned(),
            quantity_milli: 1_000,
            quantity_kind: i32::from(v1::QuantityKind::Counted),
            unit_price_micros: 1_990_000,
            amount_minor: 199,
            tax_code: "A".to_owned(),
            reason: "damaged".to_owned(),
            attributes: vec![v1::Attribute { name: "size".to_owned(), value: "XL".to_owned() }],
            description: "Highlighter".to_owned(),
        }],
        tenders: vec![tender()],
        cash_rounding_minor: 1,
        fiscal: Some(v1::FiscalDocument { device_id: "F-1".to_owned(), number: "18".to_owned() }),
        training: false,
        attempt: 1,
        delivery: Some(delivery()),
        till_columns: 32,
        till_charset: i32::from(v1::TillCharset::Latin1),
        language: "de".to_owned(),
    }
}

pub(crate) fn enrol() -> v1::EnrolRequest {
    v1::EnrolRequest {
        contract_minor: 0,
        request_id: "S1/T4/20261122/E17/9f3a".to_owned(),
        card_number: "9901000017".to_owned(),
        phone: "+4930123456".to_owned(),
        answers: vec![answer()],
        data_consent: true,
        marketing_consent: true,
        language: "de".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T4".to_owned(),
        cashier_id: "C7".to_owned(),
        enrolled_at: Some(wire_now()),
        business_date: "2026-11-22".to_owned(),
        confirmation_code: "123456".to_owned(),
        delivery: Some(delivery()),
        referred_by: referrer(),
    }
}

pub(crate) fn answer_prompts() -> v1::AnswerPromptsRequest {
    v1::AnswerPromptsRequest {
        contract_minor: 0,
        request_id: "S1/T4/20261122/A17/9f3a".to_owned(),
        customer: receipt(1).customer,
        answers: vec![answer()],
        store_id: "S1".to_owned(),
        till_id: "T4".to_owned(),
        cashier_id: "C7".to_owned(),
        answered_at: Some(wire_now()),
        business_date: "2026-11-22".to_owned(),
        delivery: Some(delivery()),
    }
}

pub(crate) fn hand_over() -> v1::HandOverRequest {
    v1::HandOverRequest {
        contract_minor: 0,
        request_id: "S1/T4/20261122/H17/9f3a".to_owned(),
        customer: receipt(1).customer,
        receipt_id: "S1/T4/20261121/8/9f3a".to_owned(),
        reward_id: "mug.0".to_owned(),
        state: i32::from(v1::PrizeState::HandedOver),
        serial: "M-7".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T4".to_owned(),
        cashier_id: "C7".to_owned(),
        handed_over_at: Some(wire_now()),
        business_date: "2026-11-22".to_owned(),
        delivery: Some(delivery()),
    }
}

fn counted() -> CounterMove {
    let counted_on = vec![LineShare { line: LineId::parse("1").expect("is an id"), units: 3_000 }];
    let time = CounterTime::Within { calendar: Calendar::Months, stretch: 24_314, remembered: 14 };
    CounterMove { campaign: CampaignId::parse("tenth").expect("is an id"), counted_milli: 3_000, rewarded: 0, time, counted_on }
}

pub(crate) fn claim() -> v1::ClaimRequest {
    v1::ClaimRequest {
        contract_minor: 0,
        request_id: "S1/T4/20261122/C17/9f3a".to_owned(),
        receipt_id: "S1/T4/20261121/8/9f3a".to_owned(),
        claim_code: "7k3qm-x2r8p".to_owned(),
        customer: receipt(1).customer,
        store_id: "S1".to_owned(),
        till_id: "T4".to_owned(),
        cashier_id: "C7".to_owned(),
        claimed_at: Some(wire_now()),
        delivery: Some(delivery()),
    }
}

/// A decision on [`receipt`] with so many lines: the first is three for two, a gift is added, points are
/// earned.
pub(crate) fn decision(lines: usize) -> Decision {
    let (id, campaign) = (reward_id, campaign_id);
    let mut decided: Vec<DecidedLine> = (1..=lines).map(decided_line).collect();
    decided.push(gift_line(campaign("gift")));
    let sum = |amount: fn(&DecidedLine) -> Amount| decided.iter().map(amount).sum();
    Decision {
        before: sum(|line| line.before),
        after: sum(|line| line.after),
        lines: decided,
        redemptions: vec![Redemption {
            id: id("points.1"),
            asset: AssetId::parse("points").expect("is an id"),
            units: Units::from_units(500),
            amount: Amount::from_minor(500),
            mode: RedeemMode::Tender,
            paid_on: vec![LineShare { line: LineId::parse("L1").expect("is an id"), units: 500 }],
        }],
        rewards: vec![points_reward()],
        cashier_texts: Vec::new(),
        prompts: vec![Prompt {
            fact: FactId::parse("birthday").expect("is an id"),
            reason: PromptReason::Missing,
            text: "When is your birthday?".into(),
            customer_text: Some("Wann haben Sie Geburtstag?".into()),
        }],
        instructions: vec![scan_one_more()],
        offers: vec![Offer {
            campaign: campaign("spray"),
            sku: Sku::parse("SPRAY").expect("is one"),
            line: LineId::parse("1").ok(),
            text: "Keeps shoes dry".into(),
        }],
        choices: vec![present()],
        near_misses: vec![nearly()],
        code_verdicts: vec![CodeVerdict { code: "SAVE10".into(), verdict: Verdict::Applied, campaign: Some(campaign("save")) }],
        redeemable: vec![Redeemable {
            asset: AssetId::parse("points").expect("is an id"),
            units: Units::from_units(900),
            amount: Amount::from_minor(900),
            cap: RedeemCap::Share,
        }],
        code_wanted: None,
        counters: vec![counted()],
        promises: vec![Promise::Code { code: "SAVE10".into() }],
        applied: vec![Applied { campaign: campaign("three-for-two"), times: 1, discount: Amount::from_minor(199) }],
        depends_on_tenders: false,
        notes: vec![Note::UnknownSku { line: LineId::parse("L2").expect("is an id") }, Note::NotProven],
        steps: 17,
        proven: false,
        bound: Amount::from_minor(3),
        dropped_from: Some(AnswerPart::Offers),
        brakes: vec![Brake::Velocity, Brake::UnitsAbove],
        explained: vec![Explained { campaign: campaign("three-for-two"), why: "applied".into(), reason: None }],
    }
}

fn reward_id(text: &str) -> RewardId {
    RewardId::parse(text).expect("is an id")
}

fn campaign_id(text: &str) -> CampaignId {
    CampaignId::parse(text).expect("is an id")
}

fn scan_one_more() -> Instruction {
    Instruction {
        id: reward_id("gift.1"),
        campaign: campaign_id("gift"),
        task: Task::ScanOneMore,
        line: LineId::parse("+3.2").ok(),
        quantity: 2,
        text: "Scan one more".into(),
    }
}

fn present() -> Choice {
    Choice {
        id: reward_id("thanks.0"),
        campaign: campaign_id("thanks"),
        options: ["SPRAY", "TWO LACES"].map(|sku| Sku::parse(sku).expect("is one")).to_vec(),
        quantity: Quantity::from_milli(1_000),
        chosen: None,
        text: "A present: which one?".into(),
    }
}

fn nearly() -> NearMiss {
    NearMiss {
        campaign: campaign_id("three-for-two"),
        missing: Missing::Units(1),
        sku: Sku::parse("SPRAY").ok(),
        text: "One more is free".into(),
    }
}

fn gift_line(gift: CampaignId) -> DecidedLine {
    DecidedLine {
        id: LineId::parse("+3.1").expect("is an id"),
        sku: Sku::parse("GIFT BOX").expect("is one"),
        tax_code: TaxCode::parse("B").ok(),
        measure: Measure::Counted,
        added_by: Some(gift),
        parts: vec![part(1_000, 0, 0, Some(("gift", 0, "Gift")))],
        before: Amount::ZERO,
        after: Amount::ZERO,
    }
}

fn decided_line(number: usize) -> DecidedLine {
    let is_changed = number % 2 == 1;
    let free = part(1_000, 0, 0, Some(("three-for-two", -199, "3 for 2")));
    DecidedLine {
        id: LineId::parse(&format!("L{number}")).expect("is an id"),
        sku: Sku::parse("4006381333931").expect("is one"),
        tax_code: TaxCode::parse("A").ok(),
        measure: Measure::Counted,
        added_by: None,
        parts: if is_changed { vec![part(2_000, 1_990_000, 398, None), free] } else { Vec::new() },
        before: Amount::from_minor(597),
        after: Amount::from_minor(if is_changed { 398 } else { 597 }),
    }
}

fn part(milli: i64, micros: i64, minor: i64, adjustment: Option<(&str, i64, &str)>) -> Part {
    let adjustment = adjustment.map(|(campaign, minor, text)| Adjustment {
        campaign: CampaignId::parse(campaign).expect("is an id"),
        amount: Amount::from_minor(minor),
        text: text.into(),
    });
    Part {
        quantity: Quantity::from_milli(milli),
        unit_price: UnitPrice::from_micros(micros),
        amount: Amount::from_minor(minor),
        adjustments: adjustment.into_iter().collect(),
    }
}

fn points_reward() -> Reward {
    Reward {
        id: RewardId::parse("points.1").expect("is an id"),
        campaign: CampaignId::parse("points").expect("is an id"),
        program: ProgramId::parse("club").expect("is an id"),
        kind: RewardKind::Points { asset: AssetId::parse("points").expect("is an id"), units: Units::from_units(99) },
        vests_at: now(),
        expires_at: Some(now()),
        waits_for: vec![FactId::parse("birthday").expect("is an id")],
        awaits: Some(tessera_rules::decision::Awaited::Event(tessera_rules::id::EventId::enrolment())),
        held: Some(Brake::UnitsAbove),
        earned_on: vec![LineShare { line: LineId::parse("L1").expect("is an id"), units: 99 }],
        on_return: Shortfall::Negative,
        fallback: false,
        text: "99 points for you".into(),
    }
}
