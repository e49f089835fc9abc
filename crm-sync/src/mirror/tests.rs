//! The mirror over a feed that is made up: folded in any pieces, with stops at any commit, against sums made by hand.

use tessera_proto::billing::v1::posting::Side;
use tessera_proto::billing::v1::{
    BookKind, CodeState, CodeVerdict, Coupon, OfferResult, Outcome, OutcomeKind, Posting, PostingReason, Prize, PrizeState,
    RecordedAnswer, Reward, RewardKind,
};
use tessera_storage::{Fault, MemoryStorage};

use super::card::Card;
use super::compare::compare;
use super::day::{Counted, Right};
use super::layout::{Basis, DayOfStore, SPACES};
use super::read::Reader;
use super::*;

mod forgotten;
pub(crate) mod made;
mod returned;

use made::{at, book, feed, lot, outcome};

fn storage() -> Arc<MemoryStorage> {
    Arc::new(MemoryStorage::new(&SPACES))
}

async fn opened(storage: &Arc<MemoryStorage>) -> Mirror {
    let storage: Arc<dyn Storage> = Arc::<MemoryStorage>::clone(storage);
    Mirror::open(storage, TimeZone::UTC).await.unwrap()
}

/// Folds all that is behind the mirror's place, so many outcomes at a time; whole commits at least.
async fn fold_rest(mirror: &mut Mirror, feed: &[FollowResponse], at_once: usize) -> Result<(), MirrorError> {
    let mut place = Place::default();
    let begin = feed.iter().position(|response| {
        place = place.next(response.sequence);
        place > mirror.folded().place
    });
    let mut batch = Vec::new();
    for response in feed.iter().skip(begin.unwrap_or(feed.len())) {
        batch.push(response.clone());
        if batch.len() >= at_once && !response.cursor.is_empty() {
            mirror.fold(&batch).await?;
            batch.clear();
        }
    }
    mirror.fold(&batch).await
}

pub(crate) async fn folded(feed: &[FollowResponse], at_once: usize) -> Arc<MemoryStorage> {
    let storage = storage();
    fold_rest(&mut opened(&storage).await, feed, at_once).await.unwrap();
    storage
}

#[tokio::test]
async fn p9_the_mirror_rebuilt_from_the_feed_equals_the_mirror() {
    let feed = feed(1, 400);
    let whole = folded(&feed, 1_000).await;
    for at_once in [1, 3, 50] {
        let other = folded(&feed, at_once).await;
        let compared = compare(&*whole, &*other).await.unwrap();
        assert_eq!(compared.difference, None, "{at_once} at once");
        assert!(compared.partitions > 20 && compared.rows > 400, "{compared:?}");
    }
}

#[tokio::test]
async fn p9_a_stop_at_any_commit_and_a_new_start_give_the_undisturbed_mirror() {
    let feed = feed(2, 36);
    let undisturbed = folded(&feed, 1_000).await;
    let commits = undisturbed.tip().0;
    for fault in [Fault::Unavailable, Fault::UnknownAfterApplying] {
        for nth in 1..=commits {
            let storage = storage();
            storage.inject(nth, fault);
            let mut mirror = opened(&storage).await;
            // The first start folds a part at a time, the second goes on in other pieces.
            let stopped = fold_rest(&mut mirror, &feed, 12).await;
            drop(mirror);
            assert!(stopped.is_err(), "commit {nth} of {commits} met no fault");
            fold_rest(&mut opened(&storage).await, &feed, 20).await.unwrap();
            let compared = compare(&*undisturbed, &*storage).await.unwrap();
            assert_eq!(compared.difference, None, "{fault:?} at commit {nth}");
        }
    }
}

#[tokio::test]
async fn h68_outcomes_that_come_again_are_counted_once() {
    let feed = feed(3, 80);
    let once = folded(&feed, 1_000).await;
    let storage = storage();
    for end in [10, 40, 80] {
        let mut mirror = opened(&storage).await;
        // As if the position had been lost: everything from the beginning, again and further.
        mirror.folded = Folded { time_zone: "UTC".to_owned(), ..Folded::default() };
        let end = feed.iter().skip(end - 1).position(|response| !response.cursor.is_empty()).unwrap() + end;
        for part in feed[..end].chunk_by(|one, _| one.cursor.is_empty()) {
            mirror.fold(part).await.unwrap();
        }
    }
    assert_eq!(compare(&*once, &*storage).await.unwrap().difference, None);
}

#[tokio::test]
async fn p5_sums_of_days_are_those_of_the_postings_counted_by_hand() {
    let feed = feed(4, 500);
    let reader = Reader::new(folded(&feed, 100).await);
    let mut lots: std::collections::BTreeMap<String, i128> = std::collections::BTreeMap::new();
    let mut books = lots.clone();
    let last: jiff::civil::Date = "2999-01-01".parse().unwrap();
    for day in reader.days(Basis::Ledger, last).await.unwrap() {
        for sum in reader.sums(&day).await.unwrap() {
            match sum.counted {
                Counted::Lots { asset, .. } => *lots.entry(asset).or_default() += sum.numbers[0],
                Counted::Book { asset, .. } => *books.entry(asset).or_default() += sum.numbers[0],
                Counted::Coming { .. } | Counted::Sales { .. } | Counted::Right { .. } | Counted::Revision { .. } => {}
            }
        }
    }
    let mut expected_lots: std::collections::BTreeMap<String, i128> = std::collections::BTreeMap::new();
    for posting in feed.iter().flat_map(|response| &response.outcome.as_ref().unwrap().postings) {
        if let Some(Side::LotId(_)) = posting.side {
            *expected_lots.entry(posting.asset_id.clone()).or_default() += i128::from(posting.units);
        }
    }
    assert_eq!(lots, expected_lots);
    for (asset, units) in &lots {
        assert_eq!(books[asset] + units, 0, "{asset}: lots and books sum to zero");
    }
    // What cards hold is what was posted.
    let accounts: std::collections::BTreeSet<&str> = feed.iter().map(|response| response.account_id.as_str()).collect();
    let mut held = 0_i128;
    for account in accounts.into_iter().filter(|account| !account.is_empty()) {
        let card = reader.card(account).await.unwrap().unwrap();
        held += card.lots.iter().map(|lot| i128::from(lot.left)).sum::<i128>();
    }
    assert_eq!(held, lots.values().sum::<i128>());
}

/// What one day of a store counts of lots and of what is coming: units by what they are of.
async fn counted(reader: &Reader, day: &str, store: &str) -> Vec<(String, Vec<i128>)> {
    let day = DayOfStore { basis: Basis::Ledger, day: day.parse().unwrap(), store: store.to_owned() };
    let mut found = Vec::new();
    for sum in reader.sums(&day).await.unwrap() {
        match sum.counted {
            Counted::Lots { movement, campaign, .. } => found.push((format!("{movement:?} {campaign}"), sum.numbers)),
            Counted::Coming { coming, campaign, .. } => found.push((format!("{coming:?} {campaign}"), sum.numbers)),
            Counted::Book { .. } | Counted::Sales { .. } | Counted::Right { .. } | Counted::Revision { .. } => {}
        }
    }
    found.sort();
    found
}

/// Three outcomes of one account: points that vest later, some of them taken back before, some spent elsewhere after.
fn life_of_a_lot() -> Vec<FollowResponse> {
    let opened = Posting {
        vests_at: at("2026-03-10T00:00:00Z"),
        expires_at: at("2026-06-01T00:00:00Z"),
        ..lot("points", 100, "r1~0", PostingReason::Earned)
    };
    let first =
        outcome("r1", "2026-03-01", "S1", vec![opened, book("points", -100, BookKind::Issued, "c1", PostingReason::Earned)]);
    let back = vec![
        lot("points", -30, "r1~0", PostingReason::TakenBack),
        book("points", 30, BookKind::Returned, "c1", PostingReason::TakenBack),
    ];
    let second = Outcome { kind: i32::from(OutcomeKind::Return), ..outcome("r2", "2026-03-05", "S2", back) };
    let spent = vec![
        lot("points", -50, "r1~0", PostingReason::Redeemed),
        book("points", 50, BookKind::Redeemed, "", PostingReason::Redeemed),
    ];
    let third = outcome("r3", "2026-03-20", "S2", spent);
    made::responses("a-1", [first, second, third])
}

#[tokio::test]
async fn movements_count_for_what_issued_the_lot_and_what_is_coming_follows_them() {
    let reader = Reader::new(folded(&life_of_a_lot(), 1).await);
    let of = |what: &str, numbers: &[i128]| (format!("{what} c1"), numbers.to_vec());
    assert_eq!(counted(&reader, "2026-03-01", "S1").await, [of("Issued", &[100, 100])]);
    assert_eq!(counted(&reader, "2026-03-05", "S1").await, [of("ClawedBack", &[-30, -30])]);
    assert_eq!(counted(&reader, "2026-03-10", "S1").await, [of("Vests", &[70])]);
    assert_eq!(counted(&reader, "2026-03-20", "S1").await, [of("Redeemed", &[-50, 0])]);
    assert_eq!(counted(&reader, "2026-06-01", "S1").await, [of("Lapses", &[20])]);
    assert_eq!(counted(&reader, "2026-03-20", "S2").await, []);
    let card = reader.card("a-1").await.unwrap().unwrap();
    let balance = |time: &str| card.balance("points", time.parse().unwrap());
    assert_eq!(balance("2026-03-09T23:59:59Z"), (0, 20));
    assert_eq!(balance("2026-03-10T00:00:00Z"), (20, 0));
    assert_eq!(balance("2026-06-01T00:00:00Z"), (0, 0));
    assert_eq!((card.visits, card.returns), (2, 1));
}

#[tokio::test]
async fn a_lot_that_is_renewed_lapses_on_its_new_day_alone() {
    let until = |posting: Posting, day: &str| Posting { vests_at: at("2026-03-01T12:00:00Z"), expires_at: at(day), ..posting };
    let first = vec![
        until(lot("points", 10, "r1~0", PostingReason::Earned), "2026-04-01T00:00:00Z"),
        book("points", -10, BookKind::Issued, "c1", PostingReason::Earned),
    ];
    let renewed = vec![
        lot("points", -10, "r1~0", PostingReason::Renewed),
        until(lot("points", 10, "r1~0", PostingReason::Renewed), "2026-05-01T00:00:00Z"),
    ];
    let outcomes = [outcome("r1", "2026-03-01", "S1", first), outcome("r2", "2026-03-15", "S1", renewed)];
    let reader = Reader::new(folded(&made::responses("a-1", outcomes), 10).await);
    assert_eq!(counted(&reader, "2026-04-01", "S1").await, [("Lapses c1".to_owned(), vec![0])]);
    assert_eq!(counted(&reader, "2026-05-01", "S1").await, [("Lapses c1".to_owned(), vec![10])]);
    assert_eq!(counted(&reader, "2026-03-15", "S1").await, [("Moved c1".to_owned(), vec![0, 0])]);
}

#[tokio::test]
async fn a_debt_is_what_is_owed_and_is_paid_by_what_comes_later() {
    let owed = vec![
        lot("points", -40, "r1~0", PostingReason::Redeemed),
        book("points", 40, BookKind::Redeemed, "", PostingReason::Redeemed),
    ];
    let paid = vec![
        lot("points", 100, "r2~0", PostingReason::Earned),
        book("points", -100, BookKind::Issued, "c1", PostingReason::Earned),
        lot("points", -40, "r2~0", PostingReason::DebtPaid),
        lot("points", 40, "r1~0", PostingReason::DebtPaid),
    ];
    let outcomes = [outcome("r1", "2026-03-01", "S1", owed), outcome("r2", "2026-03-02", "S1", paid)];
    let reader = Reader::new(folded(&made::responses("a-1", outcomes), 10).await);
    let card = reader.card("a-1").await.unwrap().unwrap();
    assert_eq!(card.lots.iter().map(|lot| (lot.id.as_str(), lot.left)).collect::<Vec<_>>(), [("r2~0", 60)]);
    let moved: i128 = counted(&reader, "2026-03-02", "S1")
        .await
        .iter()
        .filter(|(what, _)| what.starts_with("Moved"))
        .map(|(_, numbers)| numbers[0])
        .sum();
    assert_eq!(moved, 0);
}

fn coupon(code: &str) -> Reward {
    Reward {
        reward_id: "w1".to_owned(),
        program_id: "club".to_owned(),
        campaign_id: "c2".to_owned(),
        kind: i32::from(RewardKind::DiscountLater),
        coupon: Some(Coupon { coupon_id: "opens".to_owned(), code: code.to_owned(), ..Coupon::default() }),
        ..Reward::default()
    }
}

fn prize(state: PrizeState) -> Reward {
    Reward {
        reward_id: "w2".to_owned(),
        kind: i32::from(RewardKind::Prize),
        prize: Some(Prize { prize_id: "mug".to_owned(), quantity: 2, state: i32::from(state) }),
        ..Reward::default()
    }
}

#[tokio::test]
async fn rights_answers_and_offers_stand_on_the_card_and_are_counted() {
    let given = Outcome {
        rewards: vec![coupon("K1"), prize(PrizeState::Due)],
        recorded_answers: vec![RecordedAnswer {
            fact_id: "pet".to_owned(),
            customer_id: "c-1".to_owned(),
            ..RecordedAnswer::default()
        }],
        offer_results: vec![OfferResult { offer_id: "o1".to_owned(), shown: true, taken: true }],
        ..outcome("r1", "2026-03-01", "S1", vec![])
    };
    let used = Outcome {
        code_verdicts: vec![CodeVerdict {
            code: "K1".to_owned(),
            state: i32::from(CodeState::Applied),
            campaign_id: "opens".to_owned(),
            ..CodeVerdict::default()
        }],
        ..outcome("r2", "2026-03-01", "S1", vec![])
    };
    let handed = Outcome {
        kind: i32::from(OutcomeKind::HandOver),
        original_receipt_id: "r1".to_owned(),
        rewards: vec![prize(PrizeState::HandedOver)],
        ..outcome("r3", "2026-03-01", "S1", vec![])
    };
    let reader = Reader::new(folded(&made::responses("a-1", [given, used, handed]), 10).await);
    let card = reader.card("a-1").await.unwrap().unwrap();
    assert_eq!(
        card.coupons.iter().map(|coupon| (coupon.code.as_str(), coupon.used_by.as_str())).collect::<Vec<_>>(),
        [("K1", "r2")]
    );
    assert_eq!(card.prizes.iter().map(|prize| prize.state.as_str()).collect::<Vec<_>>(), ["PRIZE_STATE_HANDED_OVER"]);
    assert_eq!(card.facts.iter().map(|fact| fact.fact_id.as_str()).collect::<Vec<_>>(), ["pet"]);
    assert_eq!(reader.account_of("c-1").await.unwrap().as_deref(), Some("a-1"));
    let history = reader.history("a-1", 2).await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.outcome_id.as_str()).collect::<Vec<_>>(), ["r3", "r2"]);
    let receipts = reader.receipts("2026-03-01".parse().unwrap(), "S1", 10).await.unwrap();
    assert_eq!(receipts.len(), 3);
    let day = DayOfStore { basis: Basis::Till, day: "2026-03-01".parse().unwrap(), store: "S1".to_owned() };
    let mut rights: Vec<(Right, String, String, i128)> = Vec::new();
    for sum in reader.sums(&day).await.unwrap() {
        if let Counted::Right { right, id, state, .. } = sum.counted {
            rights.push((right, id, state, sum.numbers[0]));
        }
    }
    rights.sort();
    let right = |right, id: &str, state: &str, count| (right, id.to_owned(), state.to_owned(), count);
    assert_eq!(
        rights,
        [
            right(Right::Coupon, "opens", "issued", 1),
            right(Right::Coupon, "opens", "used", 1),
            right(Right::Prize, "mug", "due", 2),
            right(Right::Prize, "mug", "handed_over", 2),
            right(Right::Answer, "pet", "answered", 1),
            right(Right::Offer, "o1", "shown", 1),
            right(Right::Offer, "o1", "taken", 1),
        ]
    );
}

#[tokio::test]
async fn a_mirror_of_another_time_zone_or_a_later_format_is_refused() {
    let storage = storage();
    opened(&storage).await.fold(&life_of_a_lot()).await.unwrap();
    let other: Arc<dyn Storage> = storage.clone();
    let refused = Mirror::open(other, TimeZone::get("Europe/Riga").unwrap()).await.unwrap_err();
    assert!(matches!(refused, MirrorError::TimeZone { .. }), "{refused}");
    let later = Outcome { format: 2, ..outcome("r9", "2026-03-01", "S1", vec![]) };
    let refused = opened(&storage).await.fold(&made::responses("a-9", [later])).await.unwrap_err();
    assert!(refused.to_string().contains("r9 has format 2"), "{refused}");
    assert_eq!(Reader::new(storage).card("a-9").await.unwrap(), None);
}

#[test]
fn a_card_stays_bounded_and_keeps_what_is_newest() {
    let mut card = Card::default();
    for number in 0..1_000_u64 {
        let id = format!("r{number}");
        let given = Outcome { rewards: vec![coupon(&format!("K{number}"))], ..outcome(&id, "2026-03-01", "S1", vec![]) };
        card.take(&given, (Place { sequence: number + 1, number: 0 }, number + 1), &TimeZone::UTC);
    }
    assert_eq!(card.coupons.len(), crate::limits::RIGHTS_MAX);
    assert_eq!(card.coupons.last().unwrap().code, "K999");
}
