//! A code that is sent to the customer is wanted before much is redeemed.

use tessera_proto::billing::v1;
use tessera_rules::revision::Source;

use super::super::testing::*;
use super::confirm::{answer, code, code_sent, value};

const PROGRAM: &str = "
program: codes
language: 1
name: Codes
currency: GBP
facts: [{id: mobile, confirm: phone, text: Your mobile?}]
assets: [{id: points, kind: points, worth_minor: 1, redeem: {code: {above: 5.00, to: mobile, text: The code?}}}]
campaigns:
  - {id: earn, name: Earn, on: {sku: MILK}, points: {per: 0.01, units: 1, asset: points}}
";

/// A customer with 2000 points and a phone that a code has confirmed.
async fn rig() -> Rig {
    let rig = Rig::new().await;
    let source = Source { name: "codes.yaml".to_owned(), text: PROGRAM.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig.sell(receipt("S", Some("1001"), vec![line("1", "MILK", 1, 2_000)])).await;
    answer(&rig, "q-1", vec![value("mobile", "+447700900123")]).await.unwrap();
    let sent = code_sent(&rig, "mobile", "q-1").await;
    answer(&rig, "q-2", vec![code("mobile", &sent)]).await.unwrap();
    rig
}

/// A receipt that pays with points.
fn paying(id: &str, units: i64) -> v1::Receipt {
    let amount = Some(v1::redeem_request::Amount::Units(units));
    let redeem = v1::RedeemRequest { asset_id: "points".to_owned(), amount, redeem_as: i32::from(v1::RedeemAs::Tender) };
    let lines = vec![line("1", "CAKE", 1, 1_500), line("2", "TEA", 1, 500)];
    v1::Receipt { redeem_requested: vec![redeem], ..receipt(id, Some("1001"), lines) }
}

async fn quoted(rig: &Rig, receipt: v1::Receipt, number: u64, code: &str) -> v1::QuoteResponse {
    let confirmation_code = code.to_owned();
    rig.quote(v1::QuoteRequest { quote_no: number, confirmation_code, ..quote(receipt) }).await.unwrap()
}

fn redeemed(quoted: &v1::QuoteResponse) -> i64 {
    quoted.answer.as_ref().unwrap().redemptions.iter().map(|redemption| redemption.units).sum()
}

fn asks_for_code(quoted: &v1::QuoteResponse) -> bool {
    let mut instructions = quoted.answer.as_ref().unwrap().instructions.iter();
    instructions.any(|told| told.kind() == v1::InstructionKind::EnterCodeSent && told.text == "The code?")
}

/// Whether the cashier is told that the code does not fit.
fn says_wrong(quoted: &v1::QuoteResponse) -> bool {
    quoted.answer.as_ref().unwrap().notes.iter().any(|note| note.code() == v1::NoteCode::ConfirmationWrong)
}

/// The names under which codes were sent for redemptions.
async fn asked(rig: &Rig) -> Vec<String> {
    let outcomes = rig.outcomes().await;
    let codes = outcomes.into_iter().filter(|outcome| outcome.kind() == v1::OutcomeKind::Code);
    codes.map(|outcome| outcome.outcome_id).collect()
}

async fn last_code(rig: &Rig) -> String {
    code_sent(rig, "mobile", asked(rig).await.last().unwrap()).await
}

fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn up_to_the_amount_no_code_is_wanted() {
    let rig = rig().await;
    let answered = quoted(&rig, paying("A", 500), 1, "").await;
    assert_eq!((redeemed(&answered), asks_for_code(&answered), asked(&rig).await), (500, false, vec![]));
}

#[tokio::test]
async fn above_it_nothing_is_redeemed_until_the_code_comes_and_the_settle_needs_none() {
    let rig = rig().await;
    let first = quoted(&rig, paying("A", 800), 1, "").await;
    assert_eq!((redeemed(&first), asks_for_code(&first)), (0, true));
    let most = first.answer.as_ref().unwrap().redeemable_max[0].clone();
    assert_eq!((most.units, most.cap()), (500, v1::RedeemCap::ConfirmationWanted));
    let outcome = rig.outcomes().await.pop().unwrap();
    let told = outcome.recorded_answers[0].clone();
    assert_eq!((outcome.kind(), told.fact_id.as_str(), told.code_to()), (v1::OutcomeKind::Code, "mobile", v1::AnswerKind::Phone));
    assert!(told.code_until.is_some());
    check_outcome(&outcome);
    // The same quote again, and one more while goods are scanned, send no second code.
    for number in [1, 2] {
        let again = quoted(&rig, paying("A", 800), number, "").await;
        assert_eq!((redeemed(&again), asks_for_code(&again), asked(&rig).await.len()), (0, true, 1));
    }
    let sent = last_code(&rig).await;
    let wrong = quoted(&rig, paying("A", 800), 3, &other_than(&sent)).await;
    assert_eq!((redeemed(&wrong), asks_for_code(&wrong), asked(&rig).await.len()), (0, true, 1));
    assert_eq!((says_wrong(&first), says_wrong(&wrong)), (false, true));
    let (begun, ended) = sent.split_at(3);
    let right = quoted(&rig, paying("A", 800), 4, &format!("{begun} {ended}")).await;
    assert_eq!((redeemed(&right), asks_for_code(&right), says_wrong(&right)), (800, false, false));
    let later = quoted(&rig, paying("A", 900), 5, "").await;
    assert_eq!((redeemed(&later), asks_for_code(&later)), (900, false));
    rig.settle(as_quoted(paying("A", 900), &later)).await.unwrap();
    assert_eq!(rig.points("1001").await, 1_100);
    // The next receipt wants a code of its own.
    let next = quoted(&rig, paying("B", 800), 1, &sent).await;
    assert_eq!((redeemed(&next), asks_for_code(&next), asked(&rig).await.len()), (0, true, 2));
    assert!(says_wrong(&next), "h76: a code that was sent for another receipt looks like a wrong one");
    assert_ne!(last_code(&rig).await, sent);
}

#[tokio::test]
async fn h76_a_code_for_a_redemption_is_none_after_five_wrong_ones_and_another_is_sent() {
    let rig = rig().await;
    quoted(&rig, paying("A", 800), 1, "").await;
    let sent = last_code(&rig).await;
    for number in 2..6 {
        quoted(&rig, paying("A", 800), number, &other_than(&sent)).await;
    }
    assert_eq!(asked(&rig).await.len(), 1);
    // The fifth: the quote is answered with another code at once.
    rig.pass(std::time::Duration::from_secs(1));
    let fifth = quoted(&rig, paying("A", 800), 6, &other_than(&sent)).await;
    assert_eq!((asks_for_code(&fifth), asked(&rig).await.len()), (true, 2));
    assert_eq!(redeemed(&quoted(&rig, paying("A", 800), 7, &sent).await), 0);
    assert_eq!(redeemed(&quoted(&rig, paying("A", 800), 8, &last_code(&rig).await).await), 800);
}

#[tokio::test]
async fn h76_a_quote_in_training_sends_no_code_and_tells_no_right_one_from_a_wrong_one() {
    let rig = rig().await;
    let training = |id| v1::Receipt { training: true, ..paying(id, 800) };
    assert_eq!(redeemed(&quoted(&rig, training("T"), 1, "").await), 0);
    assert_eq!(asked(&rig).await.len(), 0);
    quoted(&rig, paying("A", 800), 1, "").await;
    let sent = last_code(&rig).await;
    for tried in [sent.clone(), other_than(&sent)] {
        let answered = quoted(&rig, training("A"), 2, &tried).await;
        assert_eq!((redeemed(&answered), asks_for_code(&answered)), (0, true));
    }
    assert_eq!(redeemed(&quoted(&rig, paying("A", 800), 3, &sent).await), 800, "its tries are left");
}

#[tokio::test]
async fn what_was_quoted_with_its_code_is_redeemed_though_sold_otherwise_and_another_receipt_asks_meanwhile() {
    let rig = rig().await;
    quoted(&rig, paying("A", 800), 1, "").await;
    let right = quoted(&rig, paying("A", 800), 2, &last_code(&rig).await).await;
    quoted(&rig, paying("B", 700), 1, "").await;
    assert_eq!(asked(&rig).await.len(), 2);
    let mut sold = paying("A", 800);
    sold.lines.truncate(1);
    let settled = rig.settle(as_quoted(sold, &right)).await.unwrap().outcome.unwrap();
    assert_eq!(settled.redemptions.iter().map(|redemption| redemption.units).sum::<i64>(), 800);
    assert_eq!(rig.points("1001").await, 1_200);
}

#[tokio::test]
async fn what_waited_for_a_code_is_not_redeemed_by_its_settle() {
    let rig = rig().await;
    let waiting = quoted(&rig, paying("A", 800), 1, "").await;
    let settled = rig.settle(as_quoted(paying("A", 800), &waiting)).await.unwrap().outcome.unwrap();
    assert_eq!((settled.redemptions, rig.points("1001").await), (vec![], 2_000));
}
