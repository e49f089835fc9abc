//! Receipts, decisions and commands for the tests of this crate.

use compact_str::CompactString;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tessera_rules::brakes::SeenTerms;
use tessera_rules::decision::{
    Adjustment, CounterMove, CounterTime, DecidedLine, Decision, LineShare, Part, Promise, Redemption, Reward, RewardKind,
    Shortfall,
};
use tessera_rules::id::{
    AccountId, AssetId, CampaignId, ChannelId, CustomerId, LineId, ProgramId, ReceiptId, RewardId, Sku, StoreId, TillId,
};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice, Units};
use tessera_rules::receipt::{Explain, Line, Measure, Place, PriceReason, Receipt, RedeemMode, Stage, Tender, TenderKind};
use tessera_rules::usage::Usage;

use crate::account::Account;
use crate::code::CodeKey;
use crate::entry::TillPlace;
use crate::lot::{Lot, LotId, LotKind, spending_order};
use crate::outcome::{Basis, Outcome};
use crate::posting::PostingPlace;
use crate::return_goods::{OriginalSale, Return, ReturnLine, Returned, ReturnedSoFar, return_goods};
use crate::settle::{Relation, Settle, Settled, SoldLine, settle};
use crate::terms::{AssetTerms, Worth};

pub(crate) const POINTS: &str = "points";

/// No brakes.
pub(crate) static NOTHING_SEEN: SeenTerms = SeenTerms { days: 0, at: Vec::new() };

/// Makes the codes of the tests.
pub(crate) static CODES: CodeKey = CodeKey::new([5; 32]);

pub(crate) fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

pub(crate) fn day() -> Date {
    jiff::civil::date(2026, 3, 2)
}

pub(crate) fn receipt_id(text: &str) -> ReceiptId {
    ReceiptId::parse(text).unwrap()
}

pub(crate) fn asset(text: &str) -> AssetId {
    AssetId::parse(text).unwrap()
}

pub(crate) fn campaign(text: &str) -> CampaignId {
    CampaignId::parse(text).unwrap()
}

pub(crate) fn program() -> ProgramId {
    ProgramId::parse("club").unwrap()
}

pub(crate) fn line_id(text: &str) -> LineId {
    LineId::parse(text).unwrap()
}

pub(crate) fn gbp() -> Currency {
    Currency::from_code("GBP").unwrap()
}

pub(crate) fn uses(uses: i64) -> Usage {
    Usage { uses, ..Usage::NONE }
}

pub(crate) fn units(value: i64) -> Units {
    Units::from_units(value)
}

pub(crate) fn money(minor: i64) -> Amount {
    Amount::from_minor(minor)
}

pub(crate) fn account() -> Account {
    Account::new(AccountId::parse("a-1").unwrap(), CustomerId::parse("c-1").unwrap(), at(0))
}

/// A lot of points, booked at a minute, expiring at another.
pub(crate) fn lot(name: &str, left: i64, booked: i64, expires: Option<i64>) -> Lot {
    Lot {
        id: LotId { receipt: receipt_id(name), place: 0 },
        asset: asset(POINTS),
        program: program(),
        campaign: None,
        kind: if left < 0 { LotKind::Debt } else { LotKind::Earned },
        begun: units(left),
        left: units(left),
        vests_at: at(booked),
        expires_at: expires.map(at),
        booked_at: at(booked),
    }
}

pub(crate) fn with_lots(lots: Vec<Lot>) -> Account {
    let mut account = account();
    account.lots = lots;
    account.lots.sort_by(spending_order);
    account.check().unwrap();
    account
}

pub(crate) fn place() -> Place {
    Place { store: StoreId::parse("s-1").unwrap(), till: TillId::parse("t-1").unwrap(), cashier: None }
}

/// [`place`], for commands that only look at it.
pub(crate) fn here() -> &'static Place {
    static HERE: std::sync::LazyLock<Place> = std::sync::LazyLock::new(place);
    &HERE
}

/// The till of [`place`].
pub(crate) fn till() -> TillPlace {
    TillPlace::from(&place())
}

pub(crate) fn basis() -> Basis {
    Basis { revision: 1, revision_hash: [7; 32], catalogue: 1 }
}

/// A line: id, pieces, minor units.
pub(crate) fn line(id: &str, pieces: i64, minor: i64) -> Line {
    Line {
        id: line_id(id),
        sku: Sku::parse(&format!("sku-{id}")).unwrap(),
        quantity: Quantity::from_milli(pieces * 1_000),
        measure: Measure::Counted,
        unit_price: UnitPrice::from_micros(minor * 10_000 / pieces),
        amount: money(minor),
        regular_unit_price: None,
        price_reason: PriceReason::Regular,
        tax_code: None,
        marks: Vec::new(),
        no_discount: false,
        no_earn: false,
        attributes: Vec::new(),
    }
}

pub(crate) fn receipt(id: &str, lines: Vec<Line>) -> Receipt {
    let total: Amount = lines.iter().map(|line| line.amount).sum();
    Receipt {
        id: receipt_id(id),
        place: place(),
        sold_at: at(0),
        business_date: day(),
        currency: gbp(),
        stage: Stage::Paid,
        lines,
        codes: Vec::new(),
        redeem: Vec::new(),
        tenders: vec![Tender { kind: TenderKind::Cash, amount: total }],
        declined: Vec::new(),
        choices: Vec::new(),
        given: Vec::new(),
        training: false,
        offers_max: None,
        channel: ChannelId::till(),
        language: None,
        explain: Explain::Nothing,
    }
}

/// A decision that changes nothing.
pub(crate) fn unchanged(receipt: &Receipt) -> Decision {
    let lines = receipt.lines.iter().map(|line| DecidedLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        tax_code: None,
        measure: line.measure,
        added_by: None,
        parts: Vec::new(),
        before: line.amount,
        after: line.amount,
    });
    Decision {
        lines: lines.collect(),
        redemptions: Vec::new(),
        rewards: Vec::new(),
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
        after: receipt.total(),
        depends_on_tenders: false,
        notes: Vec::new(),
        steps: 0,
        proven: true,
        bound: Amount::ZERO,
        dropped_from: None,
        brakes: Vec::new(),
        explained: Vec::new(),
    }
}

pub(crate) fn reward(id: &str, kind: RewardKind) -> Reward {
    Reward {
        id: RewardId::parse(id).unwrap(),
        campaign: campaign("earn"),
        program: program(),
        kind,
        vests_at: at(0),
        expires_at: None,
        waits_for: Vec::new(),
        awaits: None,
        held: None,
        earned_on: Vec::new(),
        on_return: Shortfall::Negative,
        fallback: false,
        text: CompactString::default(),
    }
}

pub(crate) fn points(id: &str, value: i64) -> Reward {
    reward(id, RewardKind::Points { asset: asset(POINTS), units: units(value) })
}

pub(crate) fn share(line: &str, value: i64) -> LineShare {
    LineShare { line: line_id(line), units: value }
}

pub(crate) fn redemption(value: i64, minor: i64) -> Redemption {
    Redemption {
        id: RewardId::parse("redeem").unwrap(),
        asset: asset(POINTS),
        units: units(value),
        amount: money(minor),
        mode: RedeemMode::Tender,
        paid_on: Vec::new(),
    }
}

pub(crate) fn counted(name: &str, counted_milli: i64, rewarded: i64) -> CounterMove {
    CounterMove { campaign: campaign(name), counted_milli, rewarded, time: CounterTime::Ever, counted_on: Vec::new() }
}

pub(crate) fn hold(value: i64) -> Promise {
    Promise::Units { asset: asset(POINTS), units: units(value) }
}

/// A part of some pieces with the adjustment of one campaign.
pub(crate) fn part(pieces: i64, minor: i64, name: &str, change: i64) -> Part {
    Part {
        quantity: Quantity::from_milli(pieces * 1_000),
        unit_price: UnitPrice::from_micros(minor * 10_000 / pieces),
        amount: money(minor),
        adjustments: vec![Adjustment { campaign: campaign(name), amount: money(change), text: CompactString::default() }],
    }
}

pub(crate) fn sold(id: &str, parts: Vec<Part>) -> SoldLine<'static> {
    let sku = Sku::parse(&format!("sku-{id}")).unwrap();
    SoldLine { id: line_id(id), sku, tax_code: None, measure: Measure::Counted, added_by: None, parts: parts.into() }
}

pub(crate) fn settle_of<'a>(receipt: &'a Receipt, decision: &'a Decision, now: Timestamp) -> Settle<'a> {
    Settle {
        receipt,
        sold: &[],
        decision,
        promised: None,
        relation: Relation::AsQuoted,
        after_void: false,
        deferred: false,
        till_clock_off: false,
        delivery_unproven: false,
        content_hash: [1; 32],
        attempt: 1,
        basis: basis(),
        booked_at: now,
        booking_date: day(),
        cash_rounding: Amount::ZERO,
        customer: None,
        assets: &[],
        renewals: &[],
        codes: &CODES,
        handed_over: &[],
        must_confirm: None,
        limits: &[],
        return_terms: &[],
        seen: &NOTHING_SEEN,
    }
}

/// Settles and looks at every promise that holds for any settle.
pub(crate) fn settled(account: Option<&Account>, command: &Settle<'_>) -> Settled {
    let done = settle(account, command);
    assert_eq!(done, settle(account, command), "the same twice (H19)");
    check_step(account, done.account.as_ref(), &done.outcome);
    done
}

pub(crate) fn return_line(id: &str, original: Option<&str>, pieces: i64, minor: i64) -> ReturnLine {
    let sku = original.unwrap_or(id);
    ReturnLine {
        id: line_id(&format!("r-{id}")),
        original: original.map(line_id),
        sku: Sku::parse(&format!("sku-{sku}")).unwrap(),
        tax_code: None,
        quantity: Quantity::from_milli(pieces * 1_000),
        measure: Measure::Counted,
        unit_price: UnitPrice::ZERO,
        amount: money(minor),
    }
}

pub(crate) fn worth() -> Vec<AssetTerms> {
    vec![AssetTerms { asset: asset(POINTS), program: program(), worth: Some(Worth { units: units(1), amount: money(2) }) }]
}

/// Returns lines of an original and looks at every promise that holds for any return.
pub(crate) fn returned(
    account: Option<&Account>,
    id: &str,
    lines: &[ReturnLine],
    original: Option<(&Outcome, &ReturnedSoFar)>,
    now: Timestamp,
) -> Returned {
    let assets = worth();
    let place = place();
    let command = Return {
        id: receipt_id(id),
        place: &place,
        returned_at: now,
        business_date: day(),
        currency: gbp(),
        lines,
        original: original.map(|(outcome, so_far)| OriginalSale { outcome, so_far }),
        repricing: None,
        tenders: &[],
        cash_rounding: Amount::ZERO,
        content_hash: [2; 32],
        attempt: 1,
        basis: basis(),
        booked_at: now,
        booking_date: day(),
        customer: None,
        assets: &assets,
    };
    let done = return_goods(account, &command);
    assert_eq!(done, return_goods(account, &command), "the same twice (H19)");
    check_step(account, done.account.as_ref(), &done.outcome);
    done
}

/// P5: postings sum to zero, and lots change by exactly what is posted to lots.
fn check_step(before: Option<&Account>, after: Option<&Account>, outcome: &Outcome) {
    assert!(crate::posting::is_balanced(&outcome.postings));
    assert!(outcome.postings.iter().all(|posting| !posting.units.is_zero()), "no empty posting: {:?}", outcome.postings);
    let lots = |account: Option<&Account>| -> Vec<Lot> { account.map(|account| account.lots.clone()).unwrap_or_default() };
    let (before, after) = (lots(before), lots(after));
    let mut ids: Vec<&LotId> = before.iter().chain(&after).map(|lot| &lot.id).collect();
    ids.extend(outcome.postings.iter().filter_map(|posting| match &posting.place {
        PostingPlace::Lot(id) => Some(id),
        PostingPlace::Book(_) => None,
    }));
    for id in ids {
        let left = |lots: &[Lot]| lots.iter().filter(|lot| lot.id == *id).map(|lot| lot.left.units()).sum::<i64>();
        let posted: i64 = outcome
            .postings
            .iter()
            .filter(|posting| posting.place == PostingPlace::Lot(id.clone()))
            .map(|posting| posting.units.units())
            .sum();
        assert_eq!(left(&after) - left(&before), posted, "lot {id} changed by what was posted to it");
    }
}
