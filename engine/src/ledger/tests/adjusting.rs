//! Corrections: who may, what they sign, and what the books say.

use tessera_contract::signing::PrivateKey;
use tessera_ledger::posting::PostingReason;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::ledger_service_server::LedgerService as _;
use tonic::{Code, Request};

use super::super::{AdjustmentStatement, Ledger};
use super::*;
use crate::programs::people::{People, Person, Role};

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

async fn staffed() -> (Rig, String) {
    let person = |name: &str, seed, role| Person { name: name.to_owned(), key: key(seed).public(), roles: vec![role] };
    let people = vec![person("Anna", 1, Role::Finance), person("Ben", 2, Role::Finance), person("Cora", 3, Role::Marketer)];
    let settings = crate::Settings { people: People::new(people).unwrap(), adjust_alone_units_max: 100, ..settings() };
    let plain = rig().await;
    plain.settle(unquoted(sale(&plain, "A", Some("1001"), 50))).await.unwrap();
    let rig = Rig::reopened(Arc::clone(&plain.storage), settings).await;
    let outcome = rig.get("A").await.outcome.unwrap();
    (rig, outcome.account_id)
}

fn request(account: &str, units: i64, signers: &[u8]) -> v1::AdjustRequest {
    let mut request = v1::AdjustRequest {
        request_id: "fix-1".to_owned(),
        account_id: account.to_owned(),
        asset_id: "stamps".to_owned(),
        program_id: "days".to_owned(),
        units,
        reason: "the till was down".to_owned(),
        ..Default::default()
    };
    let text = AdjustmentStatement::read(&request).map(|statement| statement.text()).unwrap_or_default();
    request.signatures = signers.iter().map(|seed| signature(*seed, &text)).collect();
    request
}

fn signature(seed: u8, text: &str) -> v1::PersonSignature {
    v1::PersonSignature { public_key: key(seed).public().as_bytes().to_vec(), signature: key(seed).sign(text).to_vec() }
}

async fn adjust(rig: &Rig, request: v1::AdjustRequest) -> Result<v1::AdjustResponse, tonic::Status> {
    Ledger::new(rig.engine.clone()).adjust(Request::new(request)).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn p2_p5_a_correction_is_an_outcome_with_its_reason_and_keys_once() {
    let (rig, account) = staffed().await;
    let first = adjust(&rig, request(&account, 100, &[1])).await.unwrap().outcome.unwrap();
    assert_eq!((first.kind(), first.adjustment_reason.as_str()), (v1_kind(), "the till was down"));
    assert_eq!(first.adjusted_by, [key(1).public().as_bytes().to_vec()]);
    assert_eq!(adjust(&rig, request(&account, 100, &[1])).await.unwrap().outcome.unwrap(), first, "a repeat");
    let conflict = adjust(&rig, request(&account, 99, &[1])).await.unwrap_err();
    assert_eq!(reason(&conflict), tessera_proto::billing::v1::ErrorReason::Conflict);
    let back = v1::AdjustRequest { request_id: "fix-2".to_owned(), ..request(&account, -150, &[]) };
    let text = AdjustmentStatement::read(&back).unwrap().text();
    adjust(&rig, v1::AdjustRequest { signatures: vec![signature(1, &text), signature(2, &text)], ..back }).await.unwrap();
    rig.pass(DAY);
    let day = close_all(&rig).await.remove(0);
    // One stamp of the sale, 100 given, 150 taken, of which 49 are owed.
    assert_eq!(held(&day, "stamps", Side::Lots), -49);
    assert!(moved(&day, "stamps").contains(&(Side::Book(Book::Issued), PostingReason::Adjust, 50)));
    proven(&rig).await;
}

const fn v1_kind() -> tessera_proto::billing::v1::OutcomeKind {
    tessera_proto::billing::v1::OutcomeKind::Adjustment
}

#[tokio::test]
async fn p2_what_is_given_must_not_have_lapsed_but_a_repeat_is_answered_for_ever() {
    let (rig, account) = staffed().await;
    let until = |ahead: Duration| {
        let at = begin().checked_add(jiff::SignedDuration::try_from(ahead).unwrap()).unwrap();
        let mut request = v1::AdjustRequest {
            expires_at: Some(tessera_contract::convert::timestamp_to_wire(at)),
            ..request(&account, 10, &[])
        };
        let text = AdjustmentStatement::read(&request).unwrap().text();
        request.signatures = vec![signature(1, &text)];
        request
    };
    let lapsed = adjust(&rig, until(Duration::ZERO)).await.unwrap_err();
    assert!(lapsed.code() == Code::InvalidArgument && format!("{lapsed:?}").contains("expires_at"), "{lapsed:?}");
    let given = adjust(&rig, until(DAY)).await.unwrap();
    rig.pass(2 * DAY);
    assert_eq!(adjust(&rig, until(DAY)).await.unwrap(), given, "a repeat");
}

#[tokio::test]
async fn nobody_who_corrects_takes_a_name_that_the_engine_gives() {
    let (rig, account) = staffed().await;
    for id in ["A#claim", "ledger@2026-11-22@1", "A+1"] {
        let request = v1::AdjustRequest { request_id: id.to_owned(), ..request(&account, 1, &[1]) };
        let refused = adjust(&rig, request).await.unwrap_err();
        assert!(refused.code() == Code::InvalidArgument && format!("{refused:?}").contains("request_id"), "{id}: {refused:?}");
    }
}

#[tokio::test]
async fn p12_h78_who_may_not_correct_changes_nothing() {
    let (rig, account) = staffed().await;
    let cases: [(v1::AdjustRequest, Code, &str); 10] = [
        (request(&account, 100, &[]), Code::Unauthenticated, "1 people of finance"),
        (request(&account, 101, &[1]), Code::Unauthenticated, "2 people of finance"),
        (request(&account, -101, &[2]), Code::Unauthenticated, "2 people of finance"),
        (request(&account, 101, &[1, 1]), Code::PermissionDenied, "one person"),
        (request(&account, 100, &[3]), Code::PermissionDenied, "not the key of a person of finance"),
        (request(&account, 101, &[1, 9]), Code::PermissionDenied, "not the key of a person of finance"),
        (v1::AdjustRequest { units: 99, ..request(&account, 100, &[1]) }, Code::PermissionDenied, "not over this"),
        (v1::AdjustRequest { reason: "a\nb".to_owned(), ..request(&account, 1, &[1]) }, Code::InvalidArgument, ""),
        (request(&account, 0, &[1]), Code::InvalidArgument, ""),
        (request("a-nobody", 1, &[1]), Code::InvalidArgument, ""),
    ];
    for (request, code, text) in cases {
        let refused = adjust(&rig, request).await.unwrap_err();
        assert!(refused.code() == code && refused.message().contains(text), "{text}: {refused:?}");
    }
    assert_eq!(rig.outcomes().await.len(), 1, "nothing was committed");
    let nobody = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    let refused = adjust(&nobody, request(&account, 1, &[1])).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}
