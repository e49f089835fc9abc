//! The nine rewards through the till: issued, seen on the card, used, taken back.

use std::time::Duration;

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::revision::Source;
use tonic::{Request, Status};

use super::super::testing::*;
use crate::clock::Clock as _;

/// One campaign a reward, each opened by the product of its name.
const NINE: &str = "
program: nine
language: 1
name: Nine
currency: GBP
time_zone: Europe/London
assets:
  - {id: points, kind: points, worth_minor: 1}
  - {id: bonus, kind: bonus_money, scale: 2, worth_minor: 100, vests: {after_days: 2}, expires: {after_days: 10}, redeem: {minimum_units: 0.01}}
  - {id: gift, kind: certificate, scale: 2, worth_minor: 100, redeem: {minimum_units: 0.01}}
  - {id: cash, kind: money, scale: 2, worth_minor: 100}
  - {id: active, kind: points, expires: {after_idle_days: 5}}
tiers: [{id: silver}, {id: gold}]
facts:
  - {id: phone, ask: {when: enrolment}, text: Your phone?}
campaigns:
  - {id: now, name: A tenth off, on: {sku: NOW}, percent_off: 10}
  - {id: later, name: Five off next time, on: {sku: LATER}, grant: {give: {coupon: {campaign: five, days: 7}}}}
  - {id: five, name: Five off, coupon_only: true, level: basket, amount_off: 5.00}
  - {id: bonus, name: Two pounds of bonus, on: {sku: BONUS}, grant: {give: {points: {asset: bonus, units: 2.00}}}}
  - {id: points, name: Thirty points, on: {sku: POINTS}, grant: {give: {points: {asset: points, units: 30}}}}
  - {id: mug, name: A mug, on: {sku: PRIZE}, grant: {give: {prize: {id: mug, count: 2}}}}
  - {id: gold, name: You are gold, on: {sku: STATUS}, grant: {give: {status: {tier: gold, days: 30}}}}
  - {id: car, name: Win a car, on: {sku: TICKET}, grant: {give: {tickets: {draw: car, count: 3}}}}
  - {id: voucher, name: A voucher, on: {sku: GIFT}, grant: {give: {points: {asset: gift, units: 10.00}}}}
  - {id: payout, name: A pound back, on: {sku: CASH}, grant: {give: {points: {asset: cash, units: 1.00}}}}
  - {id: active, name: Ten active points, on: {sku: ACTIVE}, grant: {give: {points: {asset: active, units: 10}}}}
  - {id: told, name: Forty points for your phone, on: {sku: TOLD}, requires_answers: [phone], grant: {give: {points: {asset: points, units: 40}}}}
  - {id: asked, name: Two pounds for your phone, on: {sku: ASKED}, requires_answers: [phone], grant: {give: {points: {asset: bonus, units: 2.00}}}}
";

const CARD: &str = "1001";

async fn rig() -> Rig {
    let rig = Rig::new().await;
    let source = Source { name: "nine.yaml".to_owned(), text: NINE.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig
}

fn buy(id: &str, sku: &str) -> v1::Receipt {
    receipt(id, Some(CARD), vec![line("1", sku, 2, 2_000)])
}

async fn card(rig: &Rig) -> v1::IdentifyResponse {
    let request = v1::IdentifyRequest { customer: Some(customer(CARD)), store_id: "S1".to_owned(), ..Default::default() };
    rig.billing.identify(Request::new(request)).await.unwrap().into_inner()
}

/// What can be used of the bonus, and what cannot yet.
fn bonus(card: &v1::IdentifyResponse) -> (i64, i64) {
    let balance = card.balances.iter().find(|balance| balance.asset_id == "bonus");
    balance.map_or((0, 0), |balance| (balance.available_units, balance.vesting_units))
}

fn reward<'a>(outcome: &'a v1::Outcome, campaign: &str) -> &'a v1::Reward {
    outcome.rewards.iter().find(|reward| reward.campaign_id == campaign).unwrap()
}

fn hand_over(id: &str, receipt: &str, state: v1::PrizeState) -> v1::HandOverRequest {
    v1::HandOverRequest {
        request_id: id.to_owned(),
        customer: Some(customer(CARD)),
        receipt_id: receipt.to_owned(),
        reward_id: "mug.0".to_owned(),
        state: i32::from(state),
        serial: "M-7".to_owned(),
        store_id: "S1".to_owned(),
        handed_over_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        ..Default::default()
    }
}

async fn close(rig: &Rig, request: v1::HandOverRequest) -> Result<v1::HandOverResponse, Status> {
    rig.billing.hand_over(Request::new(request)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn each_of_the_nine_rewards_is_answered_recorded_seen_on_the_card_and_taken_back_with_its_goods() {
    use v1::RewardKind as Kind;
    let table = [
        ("LATER", "later", Kind::DiscountLater),
        ("BONUS", "bonus", Kind::BonusMoney),
        ("POINTS", "points", Kind::Points),
        ("PRIZE", "mug", Kind::Prize),
        ("STATUS", "gold", Kind::Status),
        ("TICKET", "car", Kind::DrawTicket),
        ("GIFT", "voucher", Kind::GiftCertificate),
        ("CASH", "payout", Kind::MoneyToAccount),
    ];
    for (sku, campaign, kind) in table {
        let rig = rig().await;
        let quoted = rig.quote(quote(buy("R1", sku))).await.unwrap();
        let answered = quoted.answer.as_ref().unwrap().rewards[0].clone();
        let settled = rig.settle(as_quoted(buy("R1", sku), &quoted)).await.unwrap();
        let outcome = settled.outcome.unwrap();
        let given = reward(&outcome, campaign);
        assert_eq!((given.kind(), answered.kind()), (kind, kind), "{sku}");
        assert_eq!(given.coupon, answered.coupon, "{sku}: what was printed is what was issued");
        assert_eq!(rig.get("R1").await.outcome.unwrap(), outcome, "{sku}");
        let seen = |card: &v1::IdentifyResponse| {
            let units: i64 = card.balances.iter().map(|balance| balance.available_units + balance.vesting_units).sum();
            let due = card.prizes.iter().filter(|held| held.prize.as_ref().unwrap().state() == v1::PrizeState::Due).count();
            let good: u32 = card.tickets.iter().map(|held| held.good).sum();
            card.coupons.len() + due + card.tiers.len() + usize::from(good > 0) + usize::from(units > 0)
        };
        assert_eq!(seen(&card(&rig).await), 1, "{sku} is seen on the card");
        let back = rig.give_back(give_back("B1", Some("R1"), vec![("1", line("1", sku, 2, 2_000))])).await.unwrap();
        let taken = &back.answer.unwrap().taken_back[0];
        assert_eq!((taken.reward_id.as_str(), taken.kind()), (given.reward_id.as_str(), kind), "{sku}");
        assert_eq!(seen(&card(&rig).await), 0, "{sku} went with its goods");
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn p4_h76_a_coupon_is_printed_used_once_held_by_an_open_quote_and_free_again_after_a_return() {
    let rig = rig().await;
    let outcome = rig.sell(buy("R1", "LATER")).await.outcome.unwrap();
    let coupon = reward(&outcome, "later").coupon.clone().unwrap();
    assert_eq!((coupon.code.len(), coupon.barcode_type()), (17, v1::BarcodeType::Code128));
    assert_eq!((coupon.payload.as_str(), coupon.coupon_id.as_str()), (coupon.code.as_str(), "five"));
    assert_eq!((coupon.valid_from.as_str(), coupon.valid_until.as_str()), ("2026-11-22", "2026-11-29"));
    let with = |id: &str, card: Option<&str>| {
        let mut goods = receipt(id, card, vec![line("1", "OTHER", 1, 2_000)]);
        goods.codes = vec![v1::PresentedCode { code: coupon.code.clone(), ..Default::default() }];
        goods
    };
    let verdict = |quoted: &v1::QuoteResponse| quoted.answer.as_ref().unwrap().code_verdicts[0].state();
    let strange = rig.quote(quote(with("X", Some("2002")))).await.unwrap();
    assert_eq!(verdict(&strange), v1::CodeState::Unknown, "h76: it opens nothing for anybody else");
    let first = rig.quote(quote(with("A", Some(CARD)))).await.unwrap();
    assert_eq!(verdict(&first), v1::CodeState::Applied);
    assert_eq!(first.answer.as_ref().unwrap().totals_after.as_ref().unwrap().amount_minor, 1_500);
    let second = rig.quote(quote(with("B", Some(CARD)))).await.unwrap();
    assert_eq!(verdict(&second), v1::CodeState::Used, "p4: held by another open quote");
    rig.settle(as_quoted(with("A", Some(CARD)), &first)).await.unwrap();
    assert!(card(&rig).await.coupons.is_empty());
    let third = rig.quote(quote(with("C", Some(CARD)))).await.unwrap();
    assert_eq!(verdict(&third), v1::CodeState::Used);
    let back = rig.give_back(give_back("D", Some("A"), vec![("1", line("1", "OTHER", 1, 1_500))])).await.unwrap();
    assert_eq!(back.answer.unwrap().restored_codes, vec![coupon.code.clone()]);
    assert_eq!(card(&rig).await.coupons, vec![coupon.clone()]);
    rig.pass(Duration::from_secs(8 * 86_400));
    assert!(card(&rig).await.coupons.is_empty(), "its time is over");
    let late = rig.quote(quote(with("E", Some(CARD)))).await.unwrap();
    assert_eq!(verdict(&late), v1::CodeState::Expired);
    rig.outcomes().await;
}

#[tokio::test]
async fn p2_a_prize_is_handed_over_once_whatever_is_repeated() {
    let rig = rig().await;
    rig.sell(buy("R1", "PRIZE")).await;
    let first = close(&rig, hand_over("H1", "R1", v1::PrizeState::HandedOver)).await.unwrap();
    assert_eq!(first.state(), v1::PrizeState::HandedOver);
    let outcome = first.outcome.clone().unwrap();
    assert_eq!(outcome.kind(), v1::OutcomeKind::HandOver);
    assert_eq!((outcome.original_receipt_id.as_str(), outcome.instruction_results[0].serial.as_str()), ("R1", "M-7"));
    let again = close(&rig, hand_over("H1", "R1", v1::PrizeState::HandedOver)).await.unwrap();
    assert_eq!(again.outcome, first.outcome, "p2: the same bytes");
    let other = close(&rig, hand_over("H1", "R1", v1::PrizeState::Cancelled)).await.unwrap_err();
    assert_eq!(reason(&other), v1::ErrorReason::Conflict);
    let late = close(&rig, hand_over("H2", "R1", v1::PrizeState::Cancelled)).await.unwrap();
    assert_eq!((late.state(), late.outcome), (v1::PrizeState::HandedOver, None), "p4: it is given once");
    let none = close(&rig, hand_over("H3", "R9", v1::PrizeState::Cancelled)).await.unwrap_err();
    assert_eq!(reason(&none), v1::ErrorReason::UnknownPrize);
    assert_eq!(card(&rig).await.prizes[0].prize.as_ref().unwrap().state(), v1::PrizeState::HandedOver);
    assert_eq!(rig.outcomes().await.len(), 2);
}

#[tokio::test]
async fn an_instruction_hands_the_prize_over_at_the_sale_and_the_settle_says_how_it_went() {
    use v1::{InstructionState as Went, PrizeState as Stands};
    for (went, stands) in [
        (Some(Went::Done), Stands::HandedOver),
        (Some(Went::Refused), Stands::Cancelled),
        (Some(Went::NoneLeft), Stands::Due),
        (None, Stands::Due),
    ] {
        let rig = rig().await;
        let quoted = rig.quote(quote(buy("R1", "PRIZE"))).await.unwrap();
        let told = &quoted.answer.as_ref().unwrap().instructions[0];
        assert_eq!((told.kind(), told.quantity, told.text.as_str()), (v1::InstructionKind::HandOver, 2, "A mug"));
        let mut request = as_quoted(buy("R1", "PRIZE"), &quoted);
        request.instruction_results = went
            .map(|state| v1::InstructionResult {
                instruction_id: told.instruction_id.clone(),
                state: i32::from(state),
                serial: "M-1".to_owned(),
                ..Default::default()
            })
            .into_iter()
            .collect();
        let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
        assert_eq!(reward(&outcome, "mug").prize.as_ref().unwrap().state(), stands, "{went:?}");
        assert_eq!(card(&rig).await.prizes[0].prize.as_ref().unwrap().state(), stands, "{went:?}");
    }
}

#[tokio::test]
async fn tickets_are_numbered_over_receipts_and_named_in_outcomes() {
    let rig = rig().await;
    rig.sell(buy("R1", "TICKET")).await;
    let second = rig.sell(buy("R2", "TICKET")).await.outcome.unwrap();
    let first_ticket = &reward(&second, "car").first_ticket;
    assert!(first_ticket.ends_with("-4"), "{first_ticket}");
    let back = rig.give_back(give_back("B", Some("R2"), vec![("1", line("1", "TICKET", 2, 2_000))])).await.unwrap();
    let taken = back.answer.unwrap().taken_back[0].clone();
    assert_eq!((taken.draw_tickets, &taken.first_ticket), (-3, first_ticket));
    let held = card(&rig).await.tickets[0].clone();
    assert_eq!((held.draw_id.as_str(), held.good, held.numbered), ("car", 3, 6));
}

fn phone() -> v1::PromptAnswer {
    v1::PromptAnswer { fact_id: "phone".to_owned(), value: "+447700900123".to_owned(), ..Default::default() }
}

fn phone_told() -> v1::AnswerPromptsRequest {
    v1::AnswerPromptsRequest {
        request_id: "Q1".to_owned(),
        customer: Some(customer(CARD)),
        answers: vec![phone()],
        store_id: "S1".to_owned(),
        answered_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        ..Default::default()
    }
}

#[tokio::test]
async fn p5_what_was_given_after_waiting_and_lapsed_is_not_taken_back_from_what_came_later() {
    for closes_first in [false, true] {
        let rig = rig().await;
        rig.sell(buy("R1", "ASKED")).await;
        rig.billing.answer_prompts(Request::new(phone_told())).await.unwrap();
        assert_eq!(bonus(&card(&rig).await), (0, 200));
        rig.pass(Duration::from_secs(20 * 86_400));
        while closes_first && rig.engine.close_day(rig.clock.now()).await.unwrap().is_some() {}
        let sold_at = Some(tessera_contract::convert::timestamp_to_wire(rig.clock.now()));
        rig.sell(v1::Receipt { sold_at, ..buy("R2", "BONUS") }).await;
        rig.give_back(give_back("B", Some("R1"), vec![("1", line("1", "ASKED", 2, 2_000))])).await.unwrap();
        assert_eq!(bonus(&card(&rig).await), (0, 200), "closed first: {closes_first}");
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn a_reward_that_waits_for_an_answer_is_given_when_it_comes() {
    let rig = rig().await;
    let sold = rig.sell(buy("R1", "TOLD")).await;
    let outcome = sold.outcome.unwrap();
    assert_eq!(reward(&outcome, "told").requires_answers, ["phone"]);
    assert_eq!((rig.points(CARD).await, card(&rig).await.waiting_rewards.len()), (0, 1));
    let request = phone_told();
    let told = rig.billing.answer_prompts(Request::new(request.clone())).await.unwrap().into_inner();
    assert_eq!(reward(&told.outcome.unwrap(), "told").units, 40);
    rig.billing.answer_prompts(Request::new(request)).await.unwrap();
    assert_eq!((rig.points(CARD).await, card(&rig).await.waiting_rewards.len()), (40, 0));
    let back = rig.give_back(give_back("B", Some("R1"), vec![("1", line("1", "TOLD", 2, 2_000))])).await.unwrap();
    assert!(reward(&back.outcome.unwrap(), "told").requires_answers.is_empty(), "what had been given waits for nothing");
    assert_eq!(rig.points(CARD).await, 0, "given later, taken back all the same");
    rig.outcomes().await;
}

#[tokio::test]
async fn an_answer_that_comes_with_the_sale_gives_its_reward_at_once() {
    let rig = rig().await;
    let quoted = rig.quote(quote(buy("R1", "TOLD"))).await.unwrap();
    let mut request = as_quoted(buy("R1", "TOLD"), &quoted);
    request.answers = vec![phone()];
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert!(reward(&outcome, "told").requires_answers.is_empty());
    assert_eq!(rig.points(CARD).await, 40);
    rig.outcomes().await;
}

#[tokio::test]
async fn bonus_money_vests_pays_and_lapses() {
    let rig = rig().await;
    rig.sell(buy("R1", "BONUS")).await;
    assert_eq!(bonus(&card(&rig).await), (0, 200));
    rig.pass(Duration::from_secs(2 * 86_400));
    assert_eq!(bonus(&card(&rig).await), (200, 0));
    let mut goods = receipt("R2", Some(CARD), vec![line("1", "OTHER", 1, 2_000)]);
    let amount = Some(v1::redeem_request::Amount::Units(150));
    goods.redeem_requested =
        vec![v1::RedeemRequest { asset_id: "bonus".to_owned(), amount, redeem_as: i32::from(v1::RedeemAs::Tender) }];
    let used = rig.sell(goods).await.outcome.unwrap();
    assert_eq!((used.redemptions[0].units, used.redemptions[0].amount_minor), (150, 150));
    assert_eq!(bonus(&card(&rig).await), (50, 0));
    rig.pass(Duration::from_secs(9 * 86_400));
    assert_eq!(bonus(&card(&rig).await), (0, 0), "lapsed");
    rig.outcomes().await;
}

#[tokio::test]
async fn what_lapses_by_idleness_is_renewed_by_every_sale() {
    let rig = rig().await;
    rig.sell(buy("R1", "ACTIVE")).await;
    let left = |card: &v1::IdentifyResponse| {
        let balance = card.balances.iter().find(|balance| balance.asset_id == "active");
        balance.map_or((0, 0), |balance| (balance.available_units, balance.next_expires_at.map_or(0, |at| at.seconds)))
    };
    let day = 86_400;
    let first = left(&card(&rig).await);
    rig.pass(Duration::from_secs(4 * 86_400));
    let mut other = buy("R2", "OTHER");
    other.sold_at = Some(tessera_contract::convert::timestamp_to_wire(rig.clock.now()));
    other.business_date = "2026-11-26".to_owned();
    let outcome = rig.sell(other).await.outcome.unwrap();
    let renewed: Vec<i64> =
        outcome.postings.iter().filter(|p| p.reason() == v1::PostingReason::Renewed).map(|p| p.units).collect();
    assert_eq!(renewed, [-10, 10]);
    assert_eq!(left(&card(&rig).await), (10, first.1 + 4 * day));
    rig.pass(Duration::from_secs(6 * 86_400));
    assert_eq!(left(&card(&rig).await).0, 0);
    rig.outcomes().await;
}
