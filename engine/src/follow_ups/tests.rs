//! The carrier: each follow-up once, over stops, lost power, two carriers and broken accounts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tessera_ledger::day::Side;
use tessera_ledger::posting::Book;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_storage::{EmbeddedStorage, Options, Storage};
use tonic::{Request, Status};

use super::*;
use crate::ledger::{Finding, verify};
use crate::testing::*;

const CAMPAIGNS: &str = "
  - {id: welcome, name: Welcome, for: enrolment, grant: {give: {points: {units: 20}}}}
  - {id: survey, name: Survey, for: {answers: [surname]}, grant: {give: {points: {units: 7}}}}
  - {id: friend, name: Friend, for: {referral: first_receipt}, limits: {per_customer_month: 2}, grant: {give: {points: {units: 500}}}}
  - {id: soon, name: Soon, for: {referral: enrolment}, grant: {give: {points: {units: 3}}}}
";

async fn rig() -> Rig {
    let rig = Rig::with_campaigns(CAMPAIGNS).await;
    rig.settle(unquoted(basket("known", Some("1001")))).await.unwrap();
    rig
}

fn basket(id: &str, card: Option<&str>) -> v1::Receipt {
    receipt(id, card, vec![line("1", "TEA", 1, 100)])
}

async fn enrol(rig: &Rig, card: &str, by: Option<&str>) -> Result<v1::EnrolResponse, Status> {
    let request = v1::EnrolRequest {
        request_id: format!("enrol-{card}"),
        card_number: card.to_owned(),
        data_consent: true,
        store_id: "S1".to_owned(),
        enrolled_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        referred_by: by.map(customer),
        ..Default::default()
    };
    rig.billing.enrol(Request::new(request)).await.map(tonic::Response::into_inner)
}

/// A first receipt that names who brought the customer.
async fn brought<S: Storage>(rig: &Rig<S>, id: &str, card: Option<&str>, by: &str) -> v1::Outcome {
    let request = v1::SettleRequest { referred_by: Some(customer(by)), ..unquoted(basket(id, card)) };
    rig.settle(request).await.unwrap().outcome.unwrap()
}

async fn carry<S: Storage>(rig: &Rig<S>) -> usize {
    Carrier::open(rig.engine.clone()).await.unwrap().catch_up().await.unwrap()
}

/// What the transfer book holds; the whole ledger agrees.
async fn under_way<S: Storage>(rig: &Rig<S>) -> i128 {
    let verified = verify(rig.storage.as_ref(), 2, |_| {}).await.unwrap();
    assert_eq!(verified.findings, Vec::<Finding>::new());
    let book = verified.held.iter().filter(|held| held.place.side == Side::Book(Book::Transfer));
    book.map(|held| held.units).sum()
}

#[tokio::test]
async fn p2_p4_p5_a_referral_goes_through_the_transfer_book_and_is_carried_out_once() {
    let rig = rig().await;
    enrol(&rig, "2002", Some("1001")).await.unwrap();
    assert_eq!((rig.points("2002").await, rig.points("1001").await), (20, 0));
    assert_eq!(under_way(&rig).await, 3, "for the enrolment");
    assert_eq!(carry(&rig).await, 1);
    assert_eq!((under_way(&rig).await, rig.points("1001").await), (0, 3));

    let sold = rig.settle(unquoted(basket("first", Some("2002")))).await.unwrap().outcome.unwrap();
    assert_eq!(sold.follow_ups[0].follow_up_id, "first#0");
    rig.settle(unquoted(basket("first", Some("2002")))).await.unwrap();
    rig.settle(unquoted(basket("second", Some("2002")))).await.unwrap();
    assert_eq!(under_way(&rig).await, 500, "once, for the first receipt");
    assert_eq!(carry(&rig).await, 1);
    assert_eq!((under_way(&rig).await, rig.points("1001").await), (0, 503));
    let done: Vec<v1::Outcome> = rig.outcomes().await.into_iter().filter(|outcome| outcome.outcome_id == "first#0").collect();
    assert_eq!(done[0].kind(), v1::OutcomeKind::FollowUp);
    assert_eq!((done[0].original_receipt_id.as_str(), done[0].rewards[0].campaign_id.as_str()), ("first", "friend"));
}

#[tokio::test]
async fn p2_p4_a_carrier_that_stops_between_the_two_commits_carries_out_nothing_twice() {
    let rig = rig().await;
    brought(&rig, "a", Some("2002"), "1001").await;
    // The second commit is there, and the place in the feed was never written.
    let mut first = Carrier::open(rig.engine.clone()).await.unwrap();
    let page = rig.storage.feed(&first.cursor, PAGE, Wanted::Kind(FOLLOW_UP)).await.unwrap();
    first.carry_all(page.iter().flat_map(follow_ups_of).collect()).await.unwrap();
    drop(first);
    assert_eq!(rig.points("1001").await, 500);

    let again = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    assert_eq!(carry(&again).await, 1, "it is read again");
    assert_eq!((under_way(&again).await, again.points("1001").await), (0, 500));
    assert_eq!(carry(&again).await, 0, "the place is written now");
    again.outcomes().await;
}

/// What is on the disk at this moment, as a machine that lost its power would find it.
fn image(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            image(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn on_disk(folder: &Path) -> Arc<EmbeddedStorage> {
    Arc::new(EmbeddedStorage::open(folder, Options::new(&layout::SPACES)).unwrap().storage)
}

#[tokio::test]
async fn p2_p4_p5_power_lost_between_the_two_commits_leaves_a_follow_up_that_is_carried_out_once() {
    let folder = tempfile::tempdir().unwrap();
    let [disk, before, behind] = ["disk", "before", "behind"].map(|name| folder.path().join(name));
    let rig = Rig::over(on_disk(&disk).await, settings()).await;
    rig.publish(CAMPAIGNS).await;
    rig.settle(unquoted(basket("known", Some("1001")))).await.unwrap();
    brought(&rig, "a", Some("2002"), "1001").await;
    image(&disk, &before);
    let mut carrier = Carrier::open(rig.engine.clone()).await.unwrap();
    let page = rig.storage.feed(&carrier.cursor, PAGE, Wanted::Kind(FOLLOW_UP)).await.unwrap();
    carrier.carry_all(page.iter().flat_map(follow_ups_of).collect()).await.unwrap();
    image(&disk, &behind);

    for (image, found) in [(before, (500, 0)), (behind, (0, 500))] {
        let again = Rig::reopened(on_disk(&image).await, settings()).await;
        assert_eq!((under_way(&again).await, again.points("1001").await), found);
        assert_eq!(carry(&again).await, 1);
        assert_eq!((under_way(&again).await, again.points("1001").await), (0, 500));
        assert_eq!(carry(&again).await, 0);
        again.outcomes().await;
    }
}

#[tokio::test]
async fn a_carrier_that_begins_again_knows_how_far_it_is_behind() {
    let rig = rig().await;
    brought(&rig, "a", Some("2002"), "1001").await;
    let mut carrier = Carrier::open(rig.engine.clone()).await.unwrap();
    let all = carrier.behind_commits();
    assert!(all > 4, "it has seen none of {all}");
    carrier.catch_up().await.unwrap();
    assert_eq!(carrier.behind_commits(), 0);
    let mut again = Carrier::open(rig.engine.clone()).await.unwrap();
    assert!(again.behind_commits() <= 2, "no more than what it wrote itself");
    again.catch_up().await.unwrap();
    assert_eq!(again.behind_commits(), 0, "commits without anything for the feed are not waited for");
}

#[tokio::test]
async fn p4_h5_two_carriers_at_once_carry_out_each_follow_up_once() {
    let rig = rig().await;
    let other = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    brought(&rig, "a", Some("2002"), "1001").await;
    brought(&rig, "b", Some("3003"), "1001").await;
    let (mut one, mut two) =
        (Carrier::open(rig.engine.clone()).await.unwrap(), Carrier::open(other.engine.clone()).await.unwrap());
    let (first, second) = tokio::join!(one.catch_up(), two.catch_up());
    assert!(first.is_ok() || second.is_ok(), "one of them writes the place");
    assert_eq!(under_way(&rig).await, 0);
    rig.outcomes().await;
}

#[tokio::test]
async fn h75_a_referrer_gets_no_more_than_the_limits_say_and_the_rest_goes_back() {
    let rig = rig().await;
    for (id, card) in [("a", "2002"), ("b", "3003"), ("c", "4004")] {
        brought(&rig, id, Some(card), "1001").await;
    }
    assert_eq!(carry(&rig).await, 3);
    assert_eq!((under_way(&rig).await, rig.points("1001").await), (0, 1_000), "two a month");
    let all = rig.outcomes().await;
    let beyond = all.iter().filter(|outcome| outcome.flags.contains(&i32::from(v1::OutcomeFlag::BeyondLimit)));
    assert_eq!(beyond.map(|outcome| outcome.rewards.len()).collect::<Vec<_>>(), [0]);
}

#[tokio::test]
async fn h75_own_cards_strangers_and_later_receipts_earn_nobody_a_referral() {
    let rig = rig().await;
    rig.settle(unquoted(basket("before", Some("2002")))).await.unwrap();
    let refused = i32::from(v1::OutcomeFlag::ReferralRefused);
    let table = [
        ("their own card", Some("3003"), "3003"),
        ("nobody has it", Some("4004"), "9999"),
        ("not the first receipt", Some("2002"), "1001"),
        ("nobody to bring", None, "1001"),
    ];
    for (number, (what, card, by)) in table.into_iter().enumerate() {
        let outcome = brought(&rig, &format!("t{number}"), card, by).await;
        assert!(outcome.flags.contains(&refused) && outcome.follow_ups.is_empty(), "{what}");
    }
    for (card, by) in [("5005", "5005"), ("6006", "9999")] {
        let status = enrol(&rig, card, Some(by)).await.unwrap_err();
        assert_eq!(reason(&status), v1::ErrorReason::InvalidReceipt, "{card}");
    }
    assert_eq!(carry(&rig).await, 0);
}

#[tokio::test]
async fn h75_nobody_is_brought_twice_or_by_whom_they_brought() {
    let rig = rig().await;
    let refused = i32::from(v1::OutcomeFlag::ReferralRefused);
    brought(&rig, "a", Some("2002"), "1001").await;
    let enrolled = enrol(&rig, "2002", Some("1001")).await.unwrap().outcome.unwrap();
    assert_eq!(enrolled.follow_ups.len(), 1, "who brought them with the first receipt brings them to enrol too");
    brought(&rig, "b", Some("3003"), "1001").await;
    rig.settle(unquoted(basket("known2", Some("4004")))).await.unwrap();
    let enrolled = enrol(&rig, "3003", Some("4004")).await.unwrap().outcome.unwrap();
    assert!(enrolled.flags.contains(&refused) && enrolled.follow_ups.is_empty(), "another one had brought them");
    let later = rig.settle(unquoted(basket("b2", Some("3003")))).await.unwrap().outcome.unwrap();
    assert!(later.follow_ups.is_empty(), "the first receipt is behind them");

    rig.settle(unquoted(basket("early", Some("5005")))).await.unwrap();
    assert_eq!(enrol(&rig, "5005", Some("1001")).await.unwrap().outcome.unwrap().follow_ups.len(), 1);
    let later = rig.settle(unquoted(basket("late", Some("5005")))).await.unwrap().outcome.unwrap();
    assert!(later.follow_ups.is_empty(), "the card was in use before");

    let status = enrol(&rig, "1001", Some("2002")).await.unwrap_err();
    assert_eq!(reason(&status), v1::ErrorReason::InvalidReceipt, "whom they brought");
    carry(&rig).await;
    assert_eq!((under_way(&rig).await, rig.points("1001").await), (0, 1_006), "two first receipts, two enrolments");
}

#[tokio::test]
async fn h31_a_broken_referrer_stops_nobody_elses_sale() {
    let rig = rig().await;
    let target = rig.outcomes().await.into_iter().find(|outcome| outcome.outcome_id == "known").unwrap();
    let partition = layout::account(&AccountId::parse(&target.account_id).unwrap());
    let good = rig.storage.head(&partition).await.unwrap().unwrap();
    let broken = rig.storage.commit(head_alone(&partition, good.version, Bytes::from_static(b"rot"))).await.unwrap();
    let again = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    assert_eq!(brought(&again, "a", Some("2002"), "1001").await.follow_ups.len(), 1);
    rig.storage.commit(head_alone(&partition, broken.version, good.value)).await.unwrap();
    let mended = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    assert_eq!(carry(&mended).await, 1);
    assert_eq!(mended.points("1001").await, 500);
}

/// A commit of that head and nothing else.
fn head_alone(partition: &tessera_storage::Partition, expected: Version, head: Bytes) -> Commit {
    Commit::of_head(partition.clone(), expected, head)
}

#[tokio::test]
async fn h31_a_follow_up_to_a_broken_account_is_set_aside_with_its_reason_and_tried_again() {
    let rig = rig().await;
    brought(&rig, "a", Some("2002"), "1001").await;
    let target = rig.outcomes().await.into_iter().find(|outcome| outcome.outcome_id == "a").unwrap();
    let target = AccountId::parse(&target.follow_ups[0].target_account_id).unwrap();
    let partition = layout::account(&target);
    let good = rig.storage.head(&partition).await.unwrap().unwrap();
    let broken = rig.storage.commit(head_alone(&partition, good.version, Bytes::from_static(b"rot"))).await.unwrap();

    let again = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    let mut carrier = Carrier::open(again.engine.clone()).await.unwrap();
    assert_eq!(carrier.catch_up().await.unwrap(), 1);
    let parked: Vec<_> = carrier.parked().iter().map(|parked| (parked.id.as_str(), parked.why.as_str())).collect();
    assert_eq!(parked, [("a#0", "Quarantined")]);

    rig.storage.commit(head_alone(&partition, broken.version, good.value)).await.unwrap();
    let mended = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    let mut carrier = Carrier::open(mended.engine.clone()).await.unwrap();
    carrier.try_parked().await.unwrap();
    assert_eq!(carrier.parked(), []);
    assert_eq!(mended.points("1001").await, 500);
}

#[tokio::test]
async fn p2_answers_are_rewarded_once_however_often_they_come() {
    let rig = rig().await;
    let answer = |id: &str, value: &str| v1::AnswerPromptsRequest {
        request_id: id.to_owned(),
        customer: Some(customer("1001")),
        answers: vec![v1::PromptAnswer { fact_id: "surname".to_owned(), value: value.to_owned(), ..Default::default() }],
        store_id: "S1".to_owned(),
        answered_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        ..Default::default()
    };
    for (id, value) in [("q1", "Smith"), ("q1", "Smith"), ("q2", "Jones")] {
        rig.billing.answer_prompts(Request::new(answer(id, value))).await.unwrap();
        rig.pass(Duration::from_secs(1));
    }
    assert_eq!(rig.points("1001").await, 7);
    assert_eq!(under_way(&rig).await, 0);
}

#[tokio::test]
async fn a_coupon_for_answers_that_came_with_a_sale_is_printed_with_it() {
    let rig = Rig::with_campaigns(
        "
  - {id: told, name: Told, for: {answers: [surname]}, grant: {give: {coupon: next}}}
  - {id: next, name: Next time, coupon_only: true, percent_off: 20, level: basket}
",
    )
    .await;
    let answer = v1::PromptAnswer { fact_id: "surname".to_owned(), value: "Smith".to_owned(), ..Default::default() };
    let request = v1::SettleRequest { answers: vec![answer], ..unquoted(basket("a", Some("1001"))) };
    let sold = rig.settle(request).await.unwrap().outcome.unwrap();
    assert_eq!(sold.rewards.iter().map(|reward| reward.campaign_id.as_str()).collect::<Vec<_>>(), ["told"]);
    assert!(sold.rewards[0].coupon.as_ref().is_some_and(|coupon| !coupon.code.is_empty()), "{:?}", sold.rewards);
}
