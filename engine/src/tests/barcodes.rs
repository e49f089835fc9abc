//! Coupons as scanners read them, and what an answer says where no program is in force.

use tessera_proto::billing::v1;

use super::super::testing::*;

const CAMPAIGNS: &str = "
  - {id: next, name: Next time, coupon_only: true, barcode: ean13, percent_off: 10}
  - {id: thanks, name: Thanks, on: {sku: BLUE}, grant: {give: {coupon: {campaign: next, days: 30}}}}
  - {id: square, name: In a square, coupon_only: true, barcode: qr, percent_off: 20}
  - {id: too, name: Thanks too, on: {sku: RED}, grant: {give: {coupon: {campaign: square, days: 30}}}}
  - {id: typed, name: Typed, coupon_only: true, barcode: none, percent_off: 30}
  - {id: third, name: Thanks again, on: {sku: GREEN}, grant: {give: {coupon: {campaign: typed, days: 30}}}}
";

/// A receipt of the tests' customer with codes.
fn with(id: &str, sku: &str, codes: &[&str]) -> v1::Receipt {
    let presented = |code: &&str| v1::PresentedCode { code: (*code).to_owned(), ..Default::default() };
    let codes = codes.iter().map(presented).collect();
    v1::Receipt { codes, ..receipt(id, Some("1001"), vec![line("1", sku, 1, 1_000)]) }
}

/// The coupon that a sale of this article issues.
async fn coupon(rig: &Rig, id: &str, sku: &str) -> v1::Coupon {
    let quoted = rig.quote(quote(with(id, sku, &[]))).await.unwrap();
    let outcome = rig.settle(as_quoted(with(id, sku, &[]), &quoted)).await.unwrap().outcome.unwrap();
    let told = quoted.answer.unwrap().rewards.into_iter().find_map(|reward| reward.coupon).unwrap();
    let issued = outcome.rewards.into_iter().find_map(|reward| reward.coupon).unwrap();
    assert_eq!(told, issued, "the same in the answer and in the outcome");
    issued
}

fn states(quoted: &v1::QuoteResponse) -> Vec<v1::CodeState> {
    quoted.answer.as_ref().unwrap().code_verdicts.iter().map(v1::CodeVerdict::state).collect()
}

/// The check digit of an EAN-13 by the table of the GS1 General Specifications, digit by digit from the left.
fn is_gs1(number: &str) -> bool {
    let weights = [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1];
    let digits = number.chars().map(|digit| digit.to_digit(10).unwrap());
    number.len() == 13 && digits.zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 10 == 0
}

#[tokio::test]
async fn a_coupon_is_printed_as_its_program_says() {
    let rig = Rig::with_campaigns(CAMPAIGNS).await;
    let number = coupon(&rig, "R1", "BLUE").await;
    assert_eq!(number.barcode_type(), v1::BarcodeType::Ean13);
    assert!(number.payload.starts_with("99") && is_gs1(&number.payload), "{}", number.payload);
    let square = coupon(&rig, "R2", "RED").await;
    assert_eq!((square.barcode_type(), &square.payload), (v1::BarcodeType::Qr, &square.code));
    let typed = coupon(&rig, "R3", "GREEN").await;
    assert_eq!((typed.barcode_type(), typed.payload.as_str()), (v1::BarcodeType::Unspecified, ""));
}

#[tokio::test]
async fn p4_a_coupon_that_is_scanned_by_its_number_is_the_coupon_of_its_code() {
    use v1::CodeState::{Applied, Unknown, Used};
    let rig = Rig::with_campaigns(CAMPAIGNS).await;
    let v1::Coupon { code, payload, .. } = coupon(&rig, "R1", "BLUE").await;
    let strange =
        rig.quote(quote(v1::Receipt { customer: Some(customer("2002")), ..with("X", "TEA", &[&payload]) })).await.unwrap();
    assert_eq!(states(&strange), [Unknown], "it is nobody else's");
    let scanned = rig.quote(quote(with("A", "TEA", &[&payload]))).await.unwrap();
    assert_eq!(states(&scanned), [Applied]);
    for (id, presented) in [("B", &code), ("C", &payload)] {
        let other = rig.quote(quote(with(id, "TEA", &[presented]))).await.unwrap();
        assert_eq!(states(&other), [Used], "p4: another open quote holds it, by whatever it is called");
    }
    let both = rig.quote(v1::QuoteRequest { quote_no: 2, ..quote(with("A", "TEA", &[&payload, &code])) }).await.unwrap();
    assert_eq!(both.answer.as_ref().unwrap().totals_after.as_ref().unwrap().amount_minor, 900, "p4: it takes off once");
    rig.settle(as_quoted(with("A", "TEA", &[&payload, &code]), &both)).await.unwrap();
    for (id, presented) in [("D", &code), ("E", &payload)] {
        let later = rig.quote(quote(with(id, "TEA", &[presented]))).await.unwrap();
        assert_eq!(states(&later), [Used], "p4: it was used");
    }
    let back = rig.give_back(give_back("F", Some("A"), vec![("1", line("1", "TEA", 1, 900))])).await.unwrap();
    assert_eq!(back.answer.unwrap().restored_codes, std::slice::from_ref(&code));
    let again = rig.quote(quote(with("G", "TEA", &[&payload]))).await.unwrap();
    assert_eq!(states(&again), [Applied], "what it was used on has come back");
}

#[tokio::test]
async fn where_no_program_is_in_force_the_answer_says_so() {
    let storage = std::sync::Arc::new(tessera_storage::MemoryStorage::with_claims_first(&crate::layout::SPACES));
    let rig = Rig::reopened(storage, settings()).await;
    let answer = rig.quote(quote(with("R1", "TEA", &[]))).await.unwrap().answer.unwrap();
    let notes: Vec<_> = answer.notes.iter().map(v1::Note::code).collect();
    assert!(notes.contains(&v1::NoteCode::NoRevision), "{notes:?}");
    let rig = Rig::with_campaigns(CAMPAIGNS).await;
    let answer = rig.quote(quote(with("R1", "TEA", &[]))).await.unwrap().answer.unwrap();
    assert!(answer.notes.iter().all(|note| note.code() != v1::NoteCode::NoRevision));
}
