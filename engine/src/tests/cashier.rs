//! What cashiers are told and tell: documents, scans, and things with serial numbers.

use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::series_service_server::SeriesService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::InstructionState as Went;
use tonic::{Request, Status};

use super::super::testing::*;
use crate::SeriesAccounts;

const CAMPAIGNS: &str = "
  - {id: packs, name: One more, on: {sku: CIGS}, extra_units: {every: 10, add: 1}}
  - {id: seniors, name: Seniors, on: {sku: TEA}, percent_off: 10, cashier: {do: check_document, text: See the card}}
  - {id: thanks, name: Points for seniors, on: {sku: TEA}, points: {per: 1.00, units: 1, asset: points}, cashier: {do: check_document, text: See the card}}
  - {id: sticker, name: Stickers, on: {sku: TOY}, grant: {give: {prize: {id: sticker, count: 2, series: stickers}}}}
series: [{id: stickers, name: Stickers}]
";

async fn rig() -> Rig {
    Rig::with_campaigns(CAMPAIGNS).await
}

fn tea(id: &str) -> v1::Receipt {
    receipt(id, Some("1001"), vec![line("1", "TEA", 1, 500)])
}

/// Ten packs, each with an excise mark.
fn packs(id: &str) -> v1::Receipt {
    let marks = (0..10).map(|pack| format!("0104{pack}")).collect();
    receipt(id, None, vec![v1::Line { marks, ..line("1", "CIGS", 10, 900) }])
}

fn went(id: &str, state: Went, serial: &str) -> v1::InstructionResult {
    let (instruction_id, serial) = (id.to_owned(), serial.to_owned());
    v1::InstructionResult { instruction_id, state: i32::from(state), serial, ..Default::default() }
}

fn has(outcome: &v1::Outcome, flag: v1::OutcomeFlag) -> bool {
    outcome.flags.contains(&i32::from(flag))
}

fn paid(outcome: &v1::Outcome) -> i64 {
    outcome.totals_after.as_ref().unwrap().amount_minor
}

#[tokio::test]
async fn who_has_no_document_gets_nothing_for_it_and_a_price_that_was_told_stands() {
    let rig = rig().await;
    let quoted = rig.quote(quote(tea("R1"))).await.unwrap();
    let told = &quoted.answer.as_ref().unwrap().instructions;
    let shown: Vec<_> = told.iter().map(|one| (one.kind(), one.instruction_id.as_str(), one.text.as_str())).collect();
    let check = v1::InstructionKind::CheckDocument;
    assert_eq!(shown, [(check, "check:seniors", "See the card"), (check, "check:thanks", "See the card")]);
    let declined_ids = vec!["check:seniors".to_owned(), "check:thanks".to_owned()];
    let without = rig.quote(v1::QuoteRequest { declined_ids, ..quote(tea("R2")) }).await.unwrap().answer.unwrap();
    assert_eq!((without.totals_after.as_ref().unwrap().amount_minor, without.instructions.len()), (500, 0));
    let unknown = without.notes.iter().filter(|note| note.code() == v1::NoteCode::UnknownId).count();
    assert_eq!((without.rewards, unknown), (vec![], 0), "both ids name something that could be given");

    let results =
        [Went::Done, Went::Refused].map(|state| vec![went("check:seniors", Went::Done, ""), went("check:thanks", state, "")]);
    for (place, (results, points)) in results.into_iter().zip([4, 0]).enumerate() {
        let receipt = tea(&format!("S{place}"));
        let quoted = rig.quote(quote(receipt.clone())).await.unwrap();
        let before = rig.points("1001").await;
        let request = v1::SettleRequest { instruction_results: results, ..as_quoted(receipt, &quoted) };
        let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
        assert_eq!((paid(&outcome), rig.points("1001").await - before), (450, points), "{place}");
        assert_eq!(has(&outcome, v1::OutcomeFlag::DiffersFromQuote), points == 0, "{place}");
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn units_of_marked_goods_are_a_line_whose_marks_are_scanned() {
    let rig = rig().await;
    for (id, scanned, differs, lacks) in [("R1", Some(1), false, false), ("R2", Some(0), false, true), ("R3", None, true, false)]
    {
        let quoted = rig.quote(quote(packs(id))).await.unwrap();
        let answer = quoted.answer.as_ref().unwrap();
        let told = &answer.instructions[0];
        assert_eq!((told.kind(), told.quantity), (v1::InstructionKind::ScanOneMore, 1));
        let added = answer.lines.iter().find(|line| line.line_id == told.line_id).unwrap();
        assert!(added.added && added.sku == "CIGS" && added.parts[0].amount_minor == 0, "{added:?}");
        let mut request = as_quoted(packs(id), &quoted);
        match scanned {
            Some(marks) => request.added_lines[0].marks = vec!["010410".to_owned(); marks],
            None => request.added_lines.clear(),
        }
        let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
        assert_eq!(has(&outcome, v1::OutcomeFlag::MarksMissing), lacks, "{id}");
        assert_eq!(has(&outcome, v1::OutcomeFlag::DiffersFromQuote), differs, "{id}");
        assert_eq!((outcome.lines.len(), paid(&outcome)), (if differs { 1 } else { 2 }, 9_000), "{id}");
    }
    rig.outcomes().await;
}

async fn issue(rig: &Rig, id: &str, cashier: &str, first: &str, quantity: u32, back: bool) -> Result<bool, Status> {
    let request = admin::IssueSeriesRequest {
        request_id: id.to_owned(),
        series_id: "stickers".to_owned(),
        store_id: "S1".to_owned(),
        cashier_id: cashier.to_owned(),
        first_serial: first.to_owned(),
        quantity,
        taken_back: back,
    };
    let noted = SeriesAccounts::new(rig.engine.clone()).issue_series(Request::new(request)).await?;
    Ok(noted.into_inner().repeated_before)
}

async fn count(rig: &Rig, store: &str) -> admin::CountSeriesResponse {
    let request = admin::CountSeriesRequest { series_id: "stickers".to_owned(), store_id: store.to_owned() };
    SeriesAccounts::new(rig.engine.clone()).count_series(Request::new(request)).await.unwrap().into_inner()
}

/// Sells a toy and tells how its stickers went.
async fn toy(rig: &Rig, id: &str, state: Went, serial: &str) -> v1::Outcome {
    let receipt = receipt(id, Some("1001"), vec![line("1", "TOY", 1, 800)]);
    let quoted = rig.quote(quote(receipt.clone())).await.unwrap();
    let told = quoted.answer.as_ref().unwrap().instructions[0].clone();
    assert_eq!((told.kind(), told.series_id.as_str(), told.quantity), (v1::InstructionKind::HandOver, "stickers", 2));
    let instruction_results = vec![went(&told.instruction_id, state, serial)];
    let request = v1::SettleRequest { instruction_results, ..as_quoted(receipt, &quoted) };
    rig.settle(request).await.unwrap().outcome.unwrap()
}

#[tokio::test]
async fn p2_p4_stickers_are_issued_once_and_what_was_handed_out_is_accounted_for() {
    let rig = rig().await;
    assert!(!issue(&rig, "I1", "anna", "A001", 100, false).await.unwrap());
    assert!(issue(&rig, "I1", "anna", "A001", 100, false).await.unwrap(), "p2: a repeat changes nothing");
    let other = issue(&rig, "I1", "anna", "A001", 99, false).await.unwrap_err();
    assert_eq!(reason(&other), v1::ErrorReason::Conflict);
    assert!(issue(&rig, "I2", "bob", "A100", 10, false).await.is_err(), "p4: one of them is anna's");
    let outcome = toy(&rig, "R1", Went::Done, "A001").await;
    let result = &outcome.instruction_results[0];
    assert_eq!((result.series_id.as_str(), result.quantity, result.serial.as_str()), ("stickers", 2, "A001"));
    toy(&rig, "R2", Went::Refused, "").await;
    toy(&rig, "R3", Went::NoneLeft, "").await;
    assert!(issue(&rig, "I3", "anna", "A002", 99, true).await.is_err(), "p4: a customer has it");
    assert!(!issue(&rig, "I4", "anna", "A051", 50, true).await.unwrap());
    let told = count(&rig, "S1").await;
    let anna = &told.cashiers[0];
    assert_eq!((anna.cashier_id.as_str(), anna.issued, anna.taken_back, anna.handed_over), ("anna", 100, 50, 2));
    assert_eq!((anna.refused, anna.none_left, anna.left), (1, 1, 48));
    assert_eq!((anna.left_runs[0].first_serial.as_str(), anna.left_runs[0].quantity), ("A003", 48));
    let differs: Vec<_> = told.differences.iter().map(|one| (one.differs(), one.receipt_id.as_str())).collect();
    assert_eq!(differs, [(admin::SeriesDiffers::SomeWereLeft, "R3")]);
    assert_eq!(count(&rig, "S2").await.cashiers, [], "another store has its own");

    toy(&rig, "R4", Went::Done, "A001").await;
    let again = Rig::reopened(std::sync::Arc::clone(&rig.storage), settings()).await;
    let told = count(&again, "S1").await;
    assert_eq!(told.differences_count, 2, "known after a restart");
    assert_eq!(told.differences[1].differs(), admin::SeriesDiffers::Twice);
}

#[tokio::test]
async fn p11_what_cannot_be_issued_names_its_fields_and_changes_nothing() {
    let rig = rig().await;
    for (first, quantity, field) in [("A", 1, "first_serial"), ("A98", 3, "quantity"), ("A1", 0, "quantity")] {
        let status = issue(&rig, "I1", "anna", first, quantity, false).await.unwrap_err();
        assert!(status.message().contains(field) || format!("{status:?}").contains(field), "{first}: {status:?}");
    }
    assert!(issue(&rig, "I1", "anna", "A1", 1, true).await.is_err(), "nobody has it");
    let strange = admin::IssueSeriesRequest { series_id: "mugs".to_owned(), ..Default::default() };
    let status = SeriesAccounts::new(rig.engine.clone()).issue_series(Request::new(strange)).await.unwrap_err();
    let faults = format!("{:?}", tonic_types::StatusExt::get_details_bad_request(&status));
    for field in ["request_id", "series_id", "store_id", "cashier_id", "quantity"] {
        assert!(faults.contains(field), "{field}: {faults}");
    }
    assert_eq!(count(&rig, "S1").await.cashiers, []);
}
