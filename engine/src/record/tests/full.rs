//! Outcomes in which every field says something, and ones in which nearly none does.

use jiff::Timestamp;
use jiff::civil::date;
use tessera_contract::sold::own_change;
use tessera_ledger::follow_up::{FollowUp, FollowUpKind};
use tessera_ledger::lot::LotId;
use tessera_ledger::outcome::{Basis, Flag, Outcome, OutcomeKind, OutcomeLine, OutcomeRedemption, OutcomeReward, Right, UseMove};
use tessera_ledger::posting::{Book, Posting, PostingPlace, PostingReason};
use tessera_ledger::right::PrizeState;
use tessera_proto::billing::v1;
use tessera_rules::decision::{
    Adjustment, Applied, Awaited, Brake, Calendar, CounterMove, CounterTime, LineShare, Part, Reward, RewardKind, Shortfall,
};
use tessera_rules::id::{
    AccountId, AssetId, CampaignId, CashierId, CustomerId, EventId, FactId, LineId, ProgramId, ReceiptId, RewardId, Sku, StoreId,
    TaxCode, TierId, TillId,
};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice, Units};
use tessera_rules::occasion::Bonus;
use tessera_rules::receipt::{Measure, Place, RedeemMode, Tender, TenderKind};
use tessera_rules::usage::{Usage, UsageLimits};

use crate::record::Extras;

fn at(seconds: i64, nanos: i32) -> Timestamp {
    Timestamp::new(seconds, nanos).unwrap()
}

fn bonus() -> Bonus {
    let reward = Reward {
        id: RewardId::parse("friend.0").unwrap(),
        campaign: CampaignId::parse("friend").unwrap(),
        program: ProgramId::parse("club").unwrap(),
        kind: RewardKind::Points { asset: AssetId::parse("points").unwrap(), units: Units::from_units(5) },
        vests_at: at(7, 8),
        expires_at: Some(at(9, 0)),
        waits_for: Vec::new(),
        awaits: None,
        held: None,
        earned_on: Vec::new(),
        on_return: Shortfall::Zero,
        text: "Thank you".into(),
        fallback: false,
    };
    Bonus { reward, limits: UsageLimits::NONE, per_member: false }
}

fn follow_up() -> FollowUp {
    FollowUp {
        id: "S1/T1/9/boot#1".into(),
        cause: ReceiptId::parse("S1/T1/9/boot").unwrap(),
        account: AccountId::parse("a-2").unwrap(),
        kind: FollowUpKind::Referral { bonus: Box::new(bonus()) },
        place: 0,
        at: at(7, 0),
        day: jiff::civil::date(2026, 11, 22),
    }
}

fn part(quantity: i64, minor: i64, adjustments: Vec<Adjustment>) -> Part {
    Part {
        quantity: Quantity::from_milli(quantity),
        unit_price: UnitPrice::from_micros(1_459_000),
        amount: Amount::from_minor(minor),
        adjustments,
    }
}

fn adjustment(campaign: CampaignId, minor: i64, text: &str) -> Adjustment {
    Adjustment { campaign, amount: Amount::from_minor(minor), text: text.into() }
}

fn lines() -> Vec<OutcomeLine> {
    let plain = OutcomeLine {
        id: LineId::parse("1").unwrap(),
        original: None,
        sku: Sku::parse("P1").unwrap(),
        tax_code: None,
        measure: Measure::Measured,
        quantity: Quantity::from_milli(1_234),
        unit_price: UnitPrice::ZERO,
        rung_up: Amount::from_minor(100),
        paid: Amount::from_minor(100),
        parts: Vec::new(),
        added_by: None,
        unexplained: Amount::ZERO,
    };
    let campaign = CampaignId::parse("ten").unwrap();
    let added = OutcomeLine {
        id: LineId::parse("+1").unwrap(),
        original: Some(LineId::parse("7").unwrap()),
        tax_code: Some(TaxCode::parse("B").unwrap()),
        measure: Measure::Counted,
        unit_price: UnitPrice::from_micros(-1),
        paid: Amount::from_minor(70),
        parts: vec![
            part(
                1_000,
                50,
                vec![adjustment(campaign.clone(), -30, &"ten percent ".repeat(20)), adjustment(own_change().unwrap(), 3, "")],
            ),
            part(2_000, 20, vec![adjustment(campaign.clone(), 0, "free")]),
        ],
        added_by: Some(campaign),
        unexplained: Amount::from_minor(-3),
        ..plain.clone()
    };
    vec![plain, added]
}

fn share(line: &str, units: i64) -> LineShare {
    LineShare { line: LineId::parse(line).unwrap(), units }
}

fn rewards() -> Vec<OutcomeReward> {
    let (asset, units) = (|| AssetId::parse("points").unwrap(), Units::from_units(-300));
    let kinds = [
        RewardKind::DiscountNow { amount: Amount::from_minor(33) },
        RewardKind::DiscountLater { coupon: CampaignId::parse("next").unwrap() },
        RewardKind::BonusMoney { asset: asset(), units },
        RewardKind::Points { asset: asset(), units: Units::from_units(5) },
        RewardKind::Prize { prize: "mug".into(), count: 2 },
        RewardKind::Status { tier: TierId::parse("gold").unwrap(), reached: false },
        RewardKind::Ticket { draw: "car".into(), count: 3 },
        RewardKind::Certificate { asset: asset(), units },
        RewardKind::Money { asset: asset(), units },
        RewardKind::Status { tier: TierId::parse("silver").unwrap(), reached: true },
    ];
    let of = |(place, kind): (usize, RewardKind)| OutcomeReward {
        id: RewardId::parse(&format!("r{place}")).unwrap(),
        campaign: CampaignId::parse("ten").unwrap(),
        program: ProgramId::parse("club").unwrap(),
        kind,
        taken_back: place % 2 == 1,
        vests_at: at(1_700_000_000, 5),
        expires_at: (place % 3 == 0).then(|| at(-5, 0)),
        // In the order of the lines, against it, on one of them, on one that is not there.
        earned_on: match place % 4 {
            0 => vec![share("1", 3), share("+1", -4)],
            1 => vec![share("+1", 0), share("1", 5)],
            2 => vec![share("+1", 9)],
            _ => vec![share("8", 1)],
        },
        on_return: [Shortfall::Negative, Shortfall::Zero, Shortfall::DeductFromRefund][place % 3],
        fallback: place % 2 == 0,
        text: if place == 0 { String::new().into() } else { "bitte schön".into() },
        awaits: match place {
            4 => Some(Awaited::NextVisit),
            6 => Some(Awaited::Event(EventId::parse("delivered").unwrap())),
            _ => None,
        },
        held: [None, Some(Brake::Velocity), Some(Brake::OwnTill), None, Some(Brake::UnitsAbove)][place % 5],
        waits_for: if place == 6 { vec![FactId::parse("surname").unwrap(), FactId::parse("phone").unwrap()] } else { Vec::new() },
        right: match place {
            1 => Right::Coupon { code: "0123456789ABCDEFG".into() },
            4 => Right::Prize { state: PrizeState::HandedOver },
            6 => Right::Tickets { first: 41, of: Some(AccountId::parse("a-before").unwrap()) },
            _ => Right::None,
        },
        earned_by: (place == 3).then(|| ReceiptId::parse("S1/T1/7/boot").unwrap()),
    };
    kinds.into_iter().enumerate().map(of).collect()
}

fn postings() -> Vec<Posting> {
    let lot = LotId { receipt: ReceiptId::parse("S1/T1/9/boot").unwrap(), place: 12 };
    let reasons = [
        PostingReason::Issue,
        PostingReason::Redeem,
        PostingReason::Expire,
        PostingReason::Clawback,
        PostingReason::Restore,
        PostingReason::PayDebt,
        PostingReason::Consolidate,
        PostingReason::Unexplained,
        PostingReason::Renew,
        PostingReason::Vest,
        PostingReason::Adjust,
        PostingReason::Transfer,
    ];
    let books = [Book::Issued, Book::Redeemed, Book::Expired, Book::Returned, Book::Budget, Book::Transfer, Book::Unexplained];
    let place = |number: usize| match books.get(number) {
        Some(book) => PostingPlace::Book(*book),
        None => PostingPlace::Lot(lot.clone()),
    };
    let of = |(number, reason): (usize, PostingReason)| Posting {
        asset: AssetId::parse("points").unwrap(),
        units: Units::from_units(7 - 2 * i64::try_from(number).unwrap()),
        place: place(number),
        program: (number > 1).then(|| ProgramId::parse("club").unwrap()),
        campaign: (number > 2).then(|| CampaignId::parse("ten").unwrap()),
        of: (number % 2 == 1).then(|| RewardId::parse("ten.0").unwrap()),
        reason,
        expires_at: (number % 2 == 0).then(|| at(1_800_000_000, 999_999_999)),
        vests_at: (number % 3 == 0).then(|| at(0, 0)),
    };
    reasons.into_iter().enumerate().map(of).collect()
}

fn used(by: Option<CampaignId>) -> UseMove {
    let per_member = by.is_some();
    UseMove { campaign: CampaignId::parse("ten").unwrap(), by, per_member, usage: Usage { uses: 1, units: -2, value: i64::MAX } }
}

fn full() -> Outcome {
    let campaign = || CampaignId::parse("ten").unwrap();
    Outcome {
        id: "S1/T1/9/boot".into(),
        kind: OutcomeKind::Settle,
        receipt: ReceiptId::parse("S1/T1/9/boot").unwrap(),
        original: Some(ReceiptId::parse("S1/T1/8/boot").unwrap()),
        content_hash: [7; 32],
        attempt: 200,
        place: Some(Place {
            store: StoreId::parse("S1").unwrap(),
            till: TillId::parse("T1").unwrap(),
            cashier: Some(CashierId::parse("C7").unwrap()),
        }),
        sold_at: at(1_790_000_000, 1),
        booked_at: at(1_790_000_001, 0),
        business_date: date(2026, 11, 3),
        booking_date: date(2026, 11, 4),
        currency: Currency::from_code("GBP").unwrap(),
        customer: Some(CustomerId::parse("c-1").unwrap()),
        account: Some(AccountId::parse("a-1").unwrap()),
        basis: Basis { revision: 300, revision_hash: [9; 32], catalogue: 2 },
        lines: lines(),
        rewards: rewards(),
        redemptions: [(RedeemMode::Tender, 200), (RedeemMode::Discount, -200)]
            .map(|(mode, units)| OutcomeRedemption {
                id: RewardId::parse("d1").unwrap(),
                asset: AssetId::parse("points").unwrap(),
                units: Units::from_units(units),
                amount: Amount::from_minor(units / 2),
                mode,
                paid_on: match mode {
                    RedeemMode::Tender => vec![share("+1", 40), share("1", 60)],
                    RedeemMode::Discount => Vec::new(),
                },
                shortfall: Units::ZERO,
            })
            .to_vec(),
        applied: vec![Applied { campaign: campaign(), times: 3, discount: Amount::from_minor(30) }],
        tenders: vec![Tender { kind: TenderKind::Card, amount: Amount::from_minor(70) }],
        before: Amount::from_minor(200),
        after: Amount::from_minor(170),
        cash_rounding: Amount::from_minor(-2),
        postings: postings(),
        counters: [
            CounterTime::Ever,
            CounterTime::Within { calendar: Calendar::Months, stretch: -24_314, remembered: 14 },
            CounterTime::Within { calendar: Calendar::Years, stretch: 2_026, remembered: 1 },
            CounterTime::Within { calendar: Calendar::Quarters, stretch: 8_104, remembered: 4 },
            CounterTime::Stretches { calendar: Calendar::Weeks, stretch: 2_930, in_a_row: false },
            CounterTime::Stretches { calendar: Calendar::Days, stretch: 20_510, in_a_row: true },
        ]
        .map(|time| {
            let counted_on = vec![LineShare { line: LineId::parse("1").unwrap(), units: -1_000 }];
            CounterMove { campaign: campaign(), counted_milli: -1_000, rewarded: 1, time, counted_on }
        })
        .into(),
        return_terms: vec![tessera_ledger::terms::ReturnTerms {
            program: ProgramId::parse("club").unwrap(),
            rewards: tessera_rules::conventions::ReturnedRewards::EqualShares,
            payment: tessera_rules::conventions::ReturnedPayment::Never,
        }],
        uses: [None, Some(campaign())].map(used).into(),
        follow_ups: vec![follow_up()],
        facts: Vec::new(),
        flags: FLAGS.to_vec(),
    }
}

const FLAGS: [Flag; 25] = [
    Flag::DiffersFromQuote,
    Flag::PaidAfterVoid,
    Flag::SettledWithShortfall,
    Flag::TokenRejected,
    Flag::WithoutQuote,
    Flag::UnknownSku,
    Flag::Unexplained,
    Flag::ReturnedBeyondSale,
    Flag::ReturnWithoutReceipt,
    Flag::HoldExpired,
    Flag::Deferred,
    Flag::TillClockOff,
    Flag::CardUsedOften,
    Flag::CardAtOwnTill,
    Flag::UnitsAboveLimit,
    Flag::DecidedByPack,
    Flag::MarksMissing,
    Flag::WasParked,
    Flag::TakenBackShort,
    Flag::CustomerBlocked,
    Flag::CustomerUnknown,
    Flag::TendersDiffer,
    Flag::ReferralRefused,
    Flag::BeyondLimit,
    Flag::DeliveryUnproven,
];

fn extras() -> Extras {
    Extras {
        tenders: vec![v1::Tender { amount_minor: 5, brand: "W".to_owned(), ..Default::default() }, v1::Tender::default()],
        fiscal: Some(v1::FiscalDocument { device_id: "F".to_owned(), number: "12".to_owned() }),
        declined_ids: vec!["x".to_owned(), String::new()],
        offer_results: vec![v1::OfferResult { offer_id: "o".to_owned(), shown: true, taken: false }],
        instruction_results: vec![v1::InstructionResult {
            instruction_id: "i".to_owned(),
            state: 1,
            serial: "9".to_owned(),
            series_id: "stickers".to_owned(),
            quantity: 2,
        }],
        code_verdicts: vec![v1::CodeVerdict {
            code: "AB".to_owned(),
            state: 2,
            campaign_id: "ten".to_owned(),
            text: String::new(),
        }],
        footer_texts: vec!["thank you".to_owned()],
        answers: vec![v1::RecordedAnswer {
            fact_id: "surname".to_owned(),
            customer_id: "c-1".to_owned(),
            refused: true,
            trust: 1,
            code_to: 6,
            code_until: Some(tessera_contract::convert::timestamp_to_wire(at(7, 0))),
            code_wrong: true,
        }],
        return_reasons: [("+1".to_owned(), "stale".to_owned())].into(),
        proven: true,
        bound_minor: -4,
        steps: 12_345,
        notice_due_at: Some(tessera_proto::Timestamp { seconds: 5, nanos: 6 }),
        coupons: Vec::new(),
        adjustment_reason: "a mistake of the till".to_owned(),
        adjusted_by: vec![[5; 32], [6; 32]],
        card_act: 2,
    }
}

/// What a settle or return says at most, each other kind, and one that says as little as it can.
pub(super) fn outcomes() -> Vec<(Outcome, Extras)> {
    let kinds = [
        OutcomeKind::Settle,
        OutcomeKind::Return,
        OutcomeKind::FollowUp,
        OutcomeKind::Adjustment,
        OutcomeKind::Enrolment,
        OutcomeKind::Answers,
        OutcomeKind::Event,
        OutcomeKind::Code,
        OutcomeKind::Review,
        OutcomeKind::Erasure,
        OutcomeKind::HandOver,
        OutcomeKind::Claim,
        OutcomeKind::Expiry,
    ];
    let mut all: Vec<(Outcome, Extras)> = kinds.into_iter().map(|kind| (Outcome { kind, ..full() }, extras())).collect();
    all.push((full(), Extras::default()));
    let coupon = v1::Coupon { code: "0123456789ABCDEFG".to_owned(), payload: "A".to_owned(), ..Default::default() };
    all.push((full(), Extras { coupons: vec![coupon], ..extras() }));
    let bare = Outcome {
        original: None,
        attempt: 0,
        customer: None,
        account: None,
        basis: Basis { revision: 0, ..full().basis },
        lines: Vec::new(),
        rewards: Vec::new(),
        redemptions: Vec::new(),
        applied: Vec::new(),
        tenders: Vec::new(),
        before: Amount::ZERO,
        after: Amount::ZERO,
        cash_rounding: Amount::ZERO,
        postings: Vec::new(),
        counters: Vec::new(),
        uses: Vec::new(),
        return_terms: Vec::new(),
        follow_ups: Vec::new(),
        flags: Vec::new(),
        ..full()
    };
    all.push((Outcome { place: None, ..bare.clone() }, Extras::default()));
    all.push((bare, Extras::default()));
    all
}
