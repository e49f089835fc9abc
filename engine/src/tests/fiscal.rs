//! Receipts that are named by their fiscal document.

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tonic::{Code, Request, Status};

use super::super::testing::*;

fn document(number: &str) -> v1::FiscalDocument {
    v1::FiscalDocument { device_id: "F1".to_owned(), number: number.to_owned() }
}

fn sold(id: &str, card: Option<&str>, number: &str) -> v1::Receipt {
    v1::Receipt { fiscal: Some(document(number)), ..receipt(id, card, vec![line("1", "SOCKS", 2, 500)]) }
}

async fn get(rig: &Rig, number: &str) -> Result<v1::GetReceiptResponse, Status> {
    let wanted = v1::get_receipt_request::Receipt::Fiscal(document(number));
    let request = v1::GetReceiptRequest { contract_minor: 0, receipt: Some(wanted) };
    rig.billing.get_receipt(Request::new(request)).await.map(tonic::Response::into_inner)
}

fn back(id: &str, mode: v1::ReturnMode, number: &str) -> v1::ReturnRequest {
    v1::ReturnRequest {
        mode: i32::from(mode),
        original: Some(v1::return_request::Original::OriginalFiscal(document(number))),
        ..give_back(id, None, vec![("1", line("1", "SOCKS", 1, 500))])
    }
}

#[tokio::test]
async fn goods_come_back_by_the_fiscal_document_alone_and_once() {
    for card in [Some("1001"), None] {
        let rig = Rig::new().await;
        let sale = rig.sell(sold("A", card, "17")).await.outcome.unwrap();
        rig.sell(sold("B", card, "18")).await;
        let known = get(&rig, "17").await.unwrap();
        assert_eq!((known.receipt_id.as_str(), known.outcome.as_ref()), ("A", Some(&sale)));
        let preview = rig.give_back(back("R", v1::ReturnMode::Preview, "17")).await.unwrap().answer.unwrap();
        assert_eq!(preview.lines[0].refund_minor, 450, "a tenth was off");
        let done = rig.give_back(back("R", v1::ReturnMode::Done, "17")).await.unwrap();
        let outcome = done.outcome.unwrap();
        assert_eq!((outcome.original_receipt_id.as_str(), done.answer), ("A", Some(preview)));
        // Another receipt has got the document: a repeat is of what it was of, and a new return must say which.
        rig.sell(sold("C", card, "17")).await;
        let again = rig.give_back(back("R", v1::ReturnMode::Done, "17")).await.unwrap();
        assert_eq!((again.repeated_before, again.outcome.unwrap()), (true, outcome), "p2");
        for refused in [
            rig.give_back(back("R2", v1::ReturnMode::Done, "17")).await.unwrap_err(),
            rig.give_back(back("R2", v1::ReturnMode::Done, "99")).await.unwrap_err(),
            get(&rig, "17").await.unwrap_err(),
        ] {
            assert_eq!(refused.code(), Code::InvalidArgument, "{card:?} {refused:?}");
        }
        let unknown = get(&rig, "99").await.unwrap();
        assert_eq!((unknown.state(), unknown.receipt_id.as_str()), (v1::ReceiptState::Unknown, ""));
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn a_return_is_found_by_its_own_document_and_is_no_sale_that_goods_come_back_of() {
    let rig = Rig::new().await;
    rig.sell(sold("A", Some("1001"), "17")).await;
    let request = v1::ReturnRequest { fiscal: Some(document("18")), ..back("R", v1::ReturnMode::Done, "17") };
    rig.give_back(request).await.unwrap();
    assert_eq!(get(&rig, "18").await.unwrap().receipt_id, "R");
    let refused = rig.give_back(back("R2", v1::ReturnMode::Done, "18")).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
