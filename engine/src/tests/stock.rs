//! What a store lacks is offered and given by none of its tills.

use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::stock_service_server::StockService as _;
use tessera_proto::billing::v1;
use tessera_rules::catalogue::Product;
use tonic::{Request, Status};

use super::super::testing::*;
use crate::StockFlags;

const CAMPAIGNS: &str = "
  - {id: laces, name: Laces, offer: {to: {sku: SHOES}, suggest: {sku: [LACE-A, LACE-B]}, limit: 2}}
  - {id: sock, name: A sock, on: {sku: SHOES}, grant: {give: {gift: {sku: SOCK-A, quantity: 1}}}}
";

pub(super) async fn set(
    rig: &Rig,
    store: &str,
    whole: bool,
    (gone, back): (&[&str], &[&str]),
) -> Result<admin::SetStockResponse, Status> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let request = admin::SetStockRequest { store_id: store.to_owned(), whole, gone_skus: texts(gone), back_skus: texts(back) };
    StockFlags::new(rig.engine.clone()).set_stock(Request::new(request)).await.map(tonic::Response::into_inner)
}

/// What a store's till offers and adds to a pair of shoes.
async fn answered(rig: &Rig, store: &str) -> (Vec<String>, Vec<String>) {
    let shoes = v1::Receipt { store_id: store.to_owned(), ..receipt("R1", Some("1001"), vec![line("1", "SHOES", 1, 5_000)]) };
    let answer = rig.quote(quote(shoes)).await.unwrap().answer.unwrap();
    let offers = answer.offers.into_iter().map(|offer| offer.sku).collect();
    let added = answer.lines.into_iter().filter(|line| line.line_id.starts_with('+')).map(|line| line.sku).collect();
    (offers, added)
}

#[tokio::test]
async fn what_a_store_lacks_is_neither_offered_nor_given_there() {
    let rig = Rig::with_campaigns(CAMPAIGNS).await;
    let products = ["SHOES", "LACE-A", "LACE-B", "SOCK-A"]
        .map(|sku| serde_json::from_value::<Product>(serde_json::json!({"sku": sku, "name": sku})).unwrap());
    rig.engine.programs().load_catalogue(products.to_vec(), begin()).await.unwrap();
    let (all, sock) = (["LACE-A", "LACE-B"].map(String::from), ["SOCK-A".to_owned()]);
    assert_eq!(answered(&rig, "S1").await, (all.to_vec(), sock.to_vec()), "what nobody said is there");
    let said = set(&rig, "S1", false, (&["LACE-A", "SOCK-A"], &[])).await.unwrap();
    assert_eq!((said.gone, said.unchanged), (2, false));
    assert!(set(&rig, "S1", false, (&["LACE-A", "SOCK-A"], &[])).await.unwrap().unchanged);
    assert_eq!(answered(&rig, "S1").await, (vec!["LACE-B".to_owned()], Vec::new()));
    assert_eq!(answered(&rig, "S2").await, (all.to_vec(), sock.to_vec()), "another store has its own");
    set(&rig, "S1", false, (&[], &["SOCK-A"])).await.unwrap();
    assert_eq!(answered(&rig, "S1").await, (vec!["LACE-B".to_owned()], sock.to_vec()));
    set(&rig, "S1", true, (&["LACE-B"], &[])).await.unwrap();
    assert_eq!(answered(&rig, "S1").await, (vec!["LACE-A".to_owned()], sock.to_vec()));
    let again = Rig::reopened(std::sync::Arc::clone(&rig.storage), settings()).await;
    assert_eq!(answered(&again, "S1").await.0, ["LACE-A"], "it is known after a restart");
}

#[tokio::test]
async fn p11_what_is_no_stock_names_its_fields_and_changes_nothing() {
    let rig = Rig::new().await;
    for (store, whole, gone, back, fields) in [
        ("", false, &["A"][..], &[][..], &["store_id"][..]),
        ("S1", true, &["A"], &["B"], &["back_skus"]),
        ("S1", false, &["A", ""], &["\u{7}"], &["gone_skus[1]", "back_skus[0]"]),
    ] {
        let refused = set(&rig, store, whole, (gone, back)).await.unwrap_err();
        let details = tonic_types::StatusExt::get_error_details(&refused);
        let named: Vec<&str> = details.bad_request().unwrap().field_violations.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(named, fields);
    }
    let request = admin::GetStockRequest { store_id: "S1".to_owned() };
    let told = StockFlags::new(rig.engine.clone()).get_stock(Request::new(request)).await.unwrap().into_inner();
    assert!(told.gone_skus.is_empty() && told.changed_at.is_none());
}
