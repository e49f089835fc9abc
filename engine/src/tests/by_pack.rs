//! Sales that a gateway decided from its rule pack: what was given stands, what the whole revision gives beyond follows.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tessera_contract::canonical::BasketHash;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::pack::{OpenedPack, PackTexts, PackToken, SignedPackHead, answer_from_pack};
use tessera_contract::signing::PrivateKey;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::OutcomeFlag::{
    DecidedByPack, Deferred, DiffersFromQuote, TokenRejected, UnexplainedChange, UnknownSku,
};
use tessera_rules::effort::Effort;

use super::super::testing::*;

/// What a gateway holds.
pub(super) struct Held {
    opened: OpenedPack,
    signed: SignedPackHead,
}

impl Held {
    pub(super) async fn of(rig: &Rig) -> Self {
        let (made, signed) = rig.engine.core.packs.current(&[], rig.engine.core.clock.now()).await.unwrap();
        Self { opened: OpenedPack::open(made.hash, &made.content).unwrap(), signed }
    }

    fn quote(&self, receipt: &v1::Receipt, at: Timestamp) -> v1::QuoteResponse {
        self.quote_signed(receipt, at, |_| Vec::new())
    }

    pub(super) fn quote_signed(
        &self,
        receipt: &v1::Receipt,
        at: Timestamp,
        sign: impl FnOnce(&str) -> Vec<u8>,
    ) -> v1::QuoteResponse {
        let request = quote(receipt.clone());
        let reason = v1::BasisReason::LinkDown;
        answer_from_pack(&request, (&self.opened, &self.signed), (at, Effort::default()), reason, PackTexts::default(), sign)
            .unwrap()
    }
}

/// Brought later, by a gateway's spool.
pub(super) fn spooled(request: v1::SettleRequest) -> v1::SettleRequest {
    let delivery = v1::Delivery { route: v1::DeliveryRoute::Spool.into(), ..v1::Delivery::default() };
    v1::SettleRequest { delivery: Some(delivery), ..request }
}

pub(super) fn flags(outcome: &v1::Outcome) -> Vec<v1::OutcomeFlag> {
    outcome.flags().filter(|flag| *flag != UnknownSku).collect()
}

pub(super) fn socks(id: &str, card: Option<&str>) -> v1::Receipt {
    receipt(id, card, vec![line("1", "SOCKS", 1, 500)])
}

#[tokio::test]
async fn p8_what_a_pack_gave_stands_and_what_the_revision_gives_beyond_follows_within_a_day() {
    let rig = Rig::with_campaigns(
        "  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}\n  - {id: tenth, name: A tenth, on: {sku: [SOCKS]}, percent_off: 10, fallback: {points: points}}\n  - {id: card, name: Card, on: {sku: [SOCKS]}, customers_only: true, percent_off: 20, group: cards, fallback: {points: points}}\n",
    )
    .await;
    let held = Held::of(&rig).await;
    let quoted = held.quote(&socks("A", Some("1001")), begin());
    let answer = quoted.answer.as_ref().unwrap();
    assert_eq!((quoted.basis(), quoted.basis_reason()), (v1::AnswerBasis::Pack, v1::BasisReason::LinkDown));
    assert_eq!(answer.totals_after.as_ref().unwrap().amount_minor, 450);
    assert_eq!((answer.revision, answer.customer_status()), (2, v1::CustomerStatus::Unspecified));
    assert_eq!(answer.screen_texts.last().unwrap(), tessera_contract::pack::MORE_FOLLOWS_TEXT);

    // The link returns a day and a half later; the till's clock is not asked.
    rig.pass(Duration::from_secs(36 * 3_600));
    let settle = spooled(as_quoted(socks("A", Some("1001")), &quoted));
    let outcome = rig.settle(settle.clone()).await.unwrap().outcome.unwrap();
    assert_eq!(flags(&outcome), [Deferred, DecidedByPack]);
    assert_eq!(outcome.totals_after.as_ref().unwrap().amount_minor, 450);
    assert_eq!((outcome.lines[0].paid_minor, outcome.lines[0].unexplained_minor), (450, 0));
    let given: Vec<_> =
        outcome.rewards.iter().map(|reward| (reward.campaign_id.as_str(), reward.units, reward.fallback)).collect();
    assert_eq!(given, [("card", 100, true), ("earn", 4, false)], "a fifth as points, and points on what was paid");
    let applied: Vec<_> = outcome.applied_campaigns.iter().map(|applied| applied.campaign_id.as_str()).collect();
    assert!(applied.contains(&"tenth"), "{applied:?}");
    assert_eq!(outcome.notice_due_at, Some(timestamp_to_wire(begin() + SignedDuration::from_hours(24))));
    let again = rig.settle(settle).await.unwrap();
    assert!(again.repeated_before && again.outcome == Some(outcome));
    rig.outcomes().await;
}

#[tokio::test]
async fn p8_of_two_campaigns_of_one_group_the_better_one_gives_only_what_the_pack_did_not() {
    let rig = Rig::with_campaigns(
        "  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}\n  - {id: tenth, name: A tenth, on: {sku: [SOCKS]}, percent_off: 10, fallback: {points: points}}\n  - {id: card, name: Card, on: {sku: [SOCKS]}, customers_only: true, percent_off: 20, fallback: {points: points}}\n",
    )
    .await;
    let quoted = Held::of(&rig).await.quote(&socks("A", Some("1001")), begin());
    let outcome = rig.settle(spooled(as_quoted(socks("A", Some("1001")), &quoted))).await.unwrap().outcome.unwrap();
    let given: Vec<_> = outcome.rewards.iter().map(|reward| (reward.campaign_id.as_str(), reward.units)).collect();
    assert_eq!(given, [("card", 50), ("earn", 4)], "a fifth in all: a tenth was taken off");
    rig.outcomes().await;
}

#[tokio::test]
async fn p7_a_pack_answers_a_stranger_as_the_engine_does_on_random_receipts() {
    let rig = Rig::with_campaigns(
        "  - {id: tenth, name: A tenth, on: {sku: [SOCKS, MILK]}, percent_off: 10}\n  - {id: packs, name: More, on: {sku: [PACK]}, extra_units: {every: 10, add: 1}}\n  - {id: three, name: Three, on: {sku: [MILK]}, n_for_m: {take: 3, pay: 2}}\n  - {id: five, name: Five, spend: {at_least: 50.00, give: {amount: 5.00}}}\n",
    )
    .await;
    let held = Held::of(&rig).await;
    assert_eq!(held.opened.revision().campaigns().len(), 4, "every campaign of this program is in the pack");
    let mut seed = 0x9e37_79b9_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    for number in 0..100 {
        let goods = ["SOCKS", "PACK", "MILK", "OTHER"];
        let lines = (0..1 + next(6)).map(|place| {
            let sku = goods[usize::try_from(next(4)).unwrap()];
            line(&format!("{place}"), sku, 1 + next(12), 1 + next(2_000))
        });
        let receipt = receipt(&format!("R{number}"), None, lines.collect());
        let by_engine = rig.quote(quote(receipt.clone())).await.unwrap();
        let by_pack = held.quote(&receipt, begin());
        let (mut engine, pack) = (by_engine.answer.unwrap(), by_pack.answer.unwrap());
        engine.claim_code.clear(); // Made by a key that no gateway has.
        assert_eq!(pack, engine, "{receipt:?}");
    }
}

#[tokio::test]
async fn what_is_sold_otherwise_than_a_pack_decided_is_explained_as_far_as_the_pack_gives_it() {
    let rig = Rig::new().await;
    let held = Held::of(&rig).await;
    let quoted = held.quote(&socks("A", Some("1001")), begin());
    let mut settle = spooled(as_quoted(socks("A", Some("1001")), &quoted));
    let part = &mut settle.receipt.as_mut().unwrap().lines[0].sold_parts[0];
    (part.amount_minor, part.unit_price_micros, part.adjustments[0].amount_minor) = (400, 4_000_000, -100);
    let outcome = rig.settle(settle).await.unwrap().outcome.unwrap();
    assert_eq!(flags(&outcome), [DiffersFromQuote, UnexplainedChange, Deferred, DecidedByPack]);
    assert_eq!((outcome.lines[0].paid_minor, outcome.lines[0].unexplained_minor), (400, -50));
    rig.outcomes().await;
}

#[tokio::test]
async fn h15_a_token_that_no_engine_stands_behind_promises_nothing() {
    let rig = Rig::new().await;
    let held = Held::of(&rig).await;
    let hours = SignedDuration::from_hours;
    let forged = PrivateKey::from_seed(&[66; 32]);
    let changes: [(_, fn(&mut PackToken), _); 6] = [
        ("another receipt", |token| token.receipt = tessera_rules::id::ReceiptId::parse("B").unwrap(), hours(0)),
        ("a later end", |token| token.signed.head.valid_until += SignedDuration::from_hours(24), hours(0)),
        ("another pack", |token| token.signed.head.pack.0[0] ^= 1, hours(0)),
        ("decided after the end", |token| token.decided_at += SignedDuration::from_hours(200), hours(200)),
        ("decided before the pack", |token| token.decided_at -= SignedDuration::from_hours(2), hours(-2)),
        ("sold two days before", |_| {}, hours(-48)),
    ];
    let settle_with = async |number: usize, token: &PackToken, sold: SignedDuration| {
        let mut receipt = socks(&format!("R{number}"), Some("1001"));
        let quoted = held.quote(&receipt, begin());
        receipt.sold_at = Some(timestamp_to_wire(begin() + sold));
        let mut settle = spooled(as_quoted(receipt, &quoted));
        settle.quote_token = token.encode();
        rig.settle(settle).await.unwrap().outcome.unwrap()
    };
    let token_of =
        |number: usize| PackToken::decode(&held.quote(&socks(&format!("R{number}"), Some("1001")), begin()).quote_token).unwrap();
    rig.pass(Duration::from_secs(250 * 3_600));
    for (number, (what, change, sold)) in changes.into_iter().enumerate() {
        let mut token = token_of(number);
        change(&mut token);
        let outcome = settle_with(number, &token, sold).await;
        assert!(flags(&outcome).contains(&TokenRejected), "{what}: {:?}", flags(&outcome));
        assert_eq!(outcome.lines[0].unexplained_minor, -50, "{what}");
    }
    let mut token = token_of(10);
    token.signed = token.signed.head.signed(&forged);
    assert!(flags(&settle_with(10, &token, hours(0)).await).contains(&TokenRejected), "signed by somebody else");
    let mut token = token_of(11);
    token.basket_hash = BasketHash([0; 32]);
    assert!(flags(&settle_with(11, &token, hours(0)).await).contains(&DiffersFromQuote), "of another basket");
    rig.outcomes().await;
}

#[tokio::test]
async fn p8_h15_what_comes_straight_was_decided_this_hour_and_what_was_promised_falsely_is_told_all_the_same() {
    let rig = Rig::new().await;
    let held = Held::of(&rig).await;
    rig.pass(Duration::from_secs(3 * 3_600));
    let now = begin() + SignedDuration::from_hours(3);
    for (number, (minutes, good)) in [(0, true), (-59, true), (-61, false), (59, true), (61, false)].into_iter().enumerate() {
        let receipt = v1::Receipt { sold_at: Some(timestamp_to_wire(now)), ..socks(&format!("R{number}"), Some("1001")) };
        let quoted = held.quote(&receipt, now + SignedDuration::from_mins(minutes));
        let outcome = rig.settle(as_quoted(receipt, &quoted)).await.unwrap().outcome.unwrap();
        let flags = flags(&outcome);
        assert_eq!((flags.contains(&DecidedByPack), flags.contains(&TokenRejected)), (good, !good), "{minutes}: {flags:?}");
        assert!(flags.contains(&Deferred), "{minutes}: {flags:?}");
        let due = now + SignedDuration::from_hours(24);
        assert_eq!(outcome.notice_due_at, Some(timestamp_to_wire(due)), "{minutes}: the till said that more follows");
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn what_needs_an_engine_is_said_and_left_alone() {
    let rig = Rig::new().await;
    let held = Held::of(&rig).await;
    let mut receipt = socks("A", Some("1001"));
    receipt.codes = vec![v1::PresentedCode { code: "TEN".to_owned(), ..v1::PresentedCode::default() }];
    receipt.redeem_requested = vec![v1::RedeemRequest {
        asset_id: "points".to_owned(),
        amount: Some(v1::redeem_request::Amount::Max(true)),
        redeem_as: 0,
    }];
    let answer = held.quote(&receipt, begin()).answer.unwrap();
    let verdicts: Vec<_> = answer.code_verdicts.iter().map(|verdict| (verdict.code.as_str(), verdict.state())).collect();
    assert_eq!(verdicts, [("TEN", v1::CodeState::NotChecked)]);
    let redeemable = &answer.redeemable_max[0];
    assert_eq!((redeemable.asset_id.as_str(), redeemable.units, redeemable.cap()), ("points", 0, v1::RedeemCap::Offline));
    assert_eq!(redeemable.program_id, "club");
    assert!(!redeemable.text.is_empty() && answer.redemptions.is_empty());
    for text in [tessera_contract::pack::NOT_REDEEMED_TEXT, tessera_contract::pack::NOT_CHECKED_TEXT] {
        assert!(answer.screen_texts.iter().any(|row| row == text), "{:?}", answer.screen_texts);
    }
}
