//! Imported lists: loaded through the list service, seen at the till.

use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::list_service_server::ListService as _;
use tessera_proto::billing::v1;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

use super::super::testing::*;
use crate::Lists;

/// A program for the staff with a monthly limit, prices for a group, and prices for one person.
const PEOPLE: &str = "
program: people
language: 1
name: People
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1}]
segments:
  - {id: staff, list: staff-2026}
  - {id: builders, list: trade}
  - {id: mrs-brown, list: brown}
campaigns:
  - {id: staff-price, name: Staff, segments: staff, on: {sku: BOOTS}, percent_off: 20, limits: {per_customer_month: {value: 10.00}}}
  - {id: staff-points, name: Points, segments: staff, on: {sku: PEAS}, points: {per: 1.00, units: 2}}
  - {id: trade-price, name: Trade, segments: builders, price_list: {NAILS: 1.50}}
  - {id: own-price, name: Her price, segments: mrs-brown, price_list: {TEA: 0.99}}
  - {id: seen, name: Seen, when: \"'trade' in customer.lists\", on: {sku: GLUE}, amount_off: 1.00}
";

struct Shop {
    rig: Rig,
    lists: Lists,
}

impl Shop {
    async fn new() -> Self {
        let rig = Rig::new().await;
        let source = tessera_rules::revision::Source { name: "people.yaml".to_owned(), text: PEOPLE.to_owned() };
        rig.engine.programs().publish(&[source], begin()).await.unwrap();
        let lists = Lists::new(rig.engine.clone());
        Self { rig, lists }
    }

    async fn begin(&self, list: &str, mode: admin::ListMode, file: &[&str]) -> Result<admin::BeginListLoadResponse, Status> {
        let request = admin::BeginListLoadRequest {
            list_id: list.to_owned(),
            mode: i32::from(mode),
            content_hash: blake3::hash(file.join("\n").as_bytes()).as_bytes().to_vec(),
            rows: u64::try_from(file.len()).unwrap(),
            note: String::new(),
        };
        self.lists.begin_list_load(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    async fn rows(&self, list: &str, version: u32, first: u64, cards: &[&str]) -> Result<admin::LoadListRowsResponse, Status> {
        let rows = cards.iter().map(|card| admin::ListRow { customer: Some(who(card)), until: None });
        let request = admin::LoadListRowsRequest { list_id: list.to_owned(), version, first_row: first, rows: rows.collect() };
        self.lists.load_list_rows(Request::new(request)).await.map(tonic::Response::into_inner)
    }

    async fn finish(&self, list: &str, version: u32) -> Result<admin::CustomerList, Status> {
        let request = admin::FinishListLoadRequest { list_id: list.to_owned(), version };
        self.lists.finish_list_load(Request::new(request)).await.map(|done| done.into_inner().list.unwrap())
    }

    async fn undo(&self, list: &str, version: u32) -> Result<admin::CustomerList, Status> {
        let request = admin::UndoListLoadRequest { list_id: list.to_owned(), version };
        self.lists.undo_list_load(Request::new(request)).await.map(|done| done.into_inner().list.unwrap())
    }

    /// Loads a file whole.
    async fn load(&self, list: &str, mode: admin::ListMode, cards: &[&str]) -> admin::CustomerList {
        let begun = self.begin(list, mode, cards).await.unwrap();
        if !cards.is_empty() {
            self.rows(list, begun.version, 1, cards).await.unwrap();
        }
        self.finish(list, begun.version).await.unwrap()
    }

    /// What a customer pays for one piece.
    async fn price(&self, card: Option<&str>, sku: &str, pence: i64) -> i64 {
        let receipt = v1::Receipt { customer: card.map(who), ..receipt("Q1", None, vec![line("1", sku, 1, pence)]) };
        let answer = self.rig.quote(quote(receipt)).await.unwrap().answer.unwrap();
        answer.totals_after.unwrap().amount_minor
    }

    async fn is_on(&self, list: &str, card: &str) -> bool {
        let request = admin::GetListRequest { list_id: list.to_owned(), customer: Some(who(card)) };
        self.lists.get_list(Request::new(request)).await.unwrap().into_inner().listed
    }
}

fn who(card: &str) -> v1::CustomerIdentity {
    let identity = match card.strip_prefix('+') {
        Some(_) => v1::customer_identity::Identity::Phone(card.to_owned()),
        None => v1::customer_identity::Identity::CardNumber(card.to_owned()),
    };
    v1::CustomerIdentity { identity: Some(identity), entry_method: 0 }
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

#[tokio::test]
async fn staff_price_groups_and_personal_prices_are_given_to_who_is_on_the_list_and_to_nobody_else() {
    let shop = Shop::new().await;
    assert_eq!(shop.price(Some("1001"), "BOOTS", 2_000).await, 2_000, "nothing was loaded yet");
    let loaded = shop.load("staff-2026", admin::ListMode::Replace, &["1001", "1002", "1001", "+4930123456"]).await;
    let change = loaded.versions[0].change.unwrap();
    assert_eq!((loaded.members, change.others, change.repeated, change.unknown), (2, 2, 1, 1));
    shop.load("trade", admin::ListMode::Replace, &["1002"]).await;
    shop.load("brown", admin::ListMode::Replace, &["1003"]).await;
    for (card, sku, full, pays) in [
        (Some("1001"), "BOOTS", 2_000, 1_600),
        (Some("1002"), "BOOTS", 2_000, 1_600),
        (Some("1003"), "BOOTS", 2_000, 2_000),
        (None, "BOOTS", 2_000, 2_000),
        (Some("1002"), "NAILS", 200, 150),
        (Some("1001"), "NAILS", 200, 200),
        (Some("1003"), "TEA", 199, 99),
        (Some("1002"), "GLUE", 300, 200),
        (Some("1001"), "GLUE", 300, 300),
    ] {
        assert_eq!(shop.price(card, sku, full).await, pays, "{card:?} buys {sku}");
    }
}

#[tokio::test]
async fn what_was_quoted_to_staff_is_settled_so_and_a_settle_without_a_quote_knows_the_list_too() {
    let shop = Shop::new().await;
    shop.load("staff-2026", admin::ListMode::Replace, &["1001"]).await;
    let sold = shop.rig.sell(receipt("R1", Some("1001"), vec![line("1", "BOOTS", 1, 4_000)])).await;
    assert_eq!(sold.outcome.unwrap().totals_after.unwrap().amount_minor, 3_200);
    // The month has two pounds left.
    let sold = shop.rig.sell(receipt("R2", Some("1001"), vec![line("1", "BOOTS", 1, 4_000)])).await;
    assert_eq!(sold.outcome.unwrap().totals_after.unwrap().amount_minor, 3_800);
    // Without a quote it is evaluated when it is settled.
    shop.rig.settle(unquoted(receipt("R3", Some("1001"), vec![line("1", "PEAS", 1, 500)]))).await.unwrap();
    shop.rig.settle(unquoted(receipt("R4", Some("1002"), vec![line("1", "PEAS", 1, 500)]))).await.unwrap();
    assert_eq!((shop.rig.points("1001").await, shop.rig.points("1002").await), (10, 0));
    shop.rig.outcomes().await;
}

#[tokio::test]
async fn a_load_is_seen_when_it_is_finished_and_taken_back_as_a_whole() {
    let shop = Shop::new().await;
    shop.load("trade", admin::ListMode::Replace, &["1001", "1002"]).await;
    let begun = shop.begin("trade", admin::ListMode::Replace, &["1002", "1003"]).await.unwrap();
    shop.rows("trade", begun.version, 1, &["1002", "1003"]).await.unwrap();
    assert!(shop.is_on("trade", "1001").await && !shop.is_on("trade", "1003").await, "nobody sees it yet");
    let now = shop.finish("trade", begun.version).await.unwrap();
    let change = now.versions[0].change.unwrap();
    assert_eq!((now.members, change.others, change.listed), (2, 1, 1));
    assert!(!shop.is_on("trade", "1001").await && shop.is_on("trade", "1003").await);
    assert_eq!(shop.price(Some("1003"), "NAILS", 200).await, 150);
    for repeated in [false, true] {
        let before = shop.undo("trade", begun.version).await.unwrap();
        assert_eq!((before.members, before.versions.len()), (2, 1), "repeated: {repeated}");
    }
    assert!(shop.is_on("trade", "1001").await && !shop.is_on("trade", "1003").await);
    assert_eq!(shop.price(Some("1003"), "NAILS", 200).await, 200);
    shop.load("trade", admin::ListMode::Add, &["1004"]).await;
    let left = shop.load("trade", admin::ListMode::Remove, &["1001", "1003"]).await;
    assert_eq!(left.members, 2, "1002 and 1004");
    assert!(!shop.is_on("trade", "1001").await && shop.is_on("trade", "1004").await);
    let nobody = shop.load("trade", admin::ListMode::Replace, &[]).await;
    assert_eq!(nobody.members, 0);
    assert_eq!(shop.price(Some("1004"), "NAILS", 200).await, 200);
}

#[tokio::test]
async fn a_load_that_was_cut_short_goes_on_and_counts_each_customer_once() {
    let shop = Shop::new().await;
    let file = ["1001", "1002", "1003", "1002", "1004"];
    let begun = shop.begin("trade", admin::ListMode::Replace, &file).await.unwrap();
    assert_eq!((begun.rows_taken, begun.unchanged), (0, false));
    shop.rows("trade", begun.version, 1, &file[..2]).await.unwrap();
    let unfinished = shop.finish("trade", begun.version).await.unwrap_err();
    assert_eq!(reason(&unfinished), "ROWS_MISSING");
    let gap = shop.rows("trade", begun.version, 4, &file[3..]).await.unwrap_err();
    assert_eq!(reason(&gap), "ROWS_MISSING");
    // Begun again with the same file, by an engine that knows nothing of before.
    let again = Rig::reopened(std::sync::Arc::clone(&shop.rig.storage), settings()).await;
    let shop = Shop { lists: Lists::new(again.engine.clone()), rig: again };
    let goes_on = shop.begin("trade", admin::ListMode::Replace, &file).await.unwrap();
    assert_eq!((goes_on.version, goes_on.rows_taken), (begun.version, 2));
    for _ in 0..2 {
        let taken = shop.rows("trade", begun.version, 1, &file[..2]).await.unwrap();
        assert_eq!((taken.rows_taken, taken.change.unwrap().others), (2, 2), "rows taken before change nothing");
    }
    shop.rows("trade", begun.version, 3, &file[2..]).await.unwrap();
    let done = shop.finish("trade", begun.version).await.unwrap();
    let change = done.versions[0].change.unwrap();
    assert_eq!((done.members, change.others, change.repeated), (4, 4, 1));
    let repeated = shop.begin("trade", admin::ListMode::Replace, &file).await.unwrap();
    assert!(repeated.unchanged, "the same file again changes nothing");
}

/// What a list's record is, to be put back as it was: the engine stopped before it had noted the rows it wrote.
async fn noted(shop: &Shop, list: &str) -> (tessera_storage::Partition, Option<tessera_storage::Head>) {
    let place = crate::layout::list(&tessera_rules::id::SegmentId::parse(list).unwrap());
    let head = shop.rig.engine.storage().head(&place).await.unwrap();
    (place, head)
}

async fn forget_rows(shop: &Shop, (partition, before): (tessera_storage::Partition, Option<tessera_storage::Head>)) {
    let now = shop.rig.engine.storage().head(&partition).await.unwrap().unwrap();
    let back = tessera_storage::Commit::of_head(partition, now.version, before.unwrap().value);
    shop.rig.engine.storage().commit(back).await.unwrap();
}

#[tokio::test]
async fn a_row_whose_answer_was_lost_counts_as_it_did_however_rows_are_divided_then() {
    let file = ["1001", "1002", "1003", "1001"];
    for again in [&[4][..], &[1, 3], &[3, 1]] {
        let shop = Shop::new().await;
        shop.load("trade", admin::ListMode::Replace, &["1002"]).await;
        let begun = shop.begin("trade", admin::ListMode::Add, &file).await.unwrap();
        let before = noted(&shop, "trade").await;
        shop.rows("trade", begun.version, 1, &file).await.unwrap();
        forget_rows(&shop, before).await;
        let mut first = 0;
        let mut told = None;
        for rows in again {
            let taken =
                shop.rows("trade", begun.version, u64::try_from(first).unwrap() + 1, &file[first..first + rows]).await.unwrap();
            (first, told) = (first + rows, taken.change);
        }
        let change = told.unwrap();
        assert_eq!((change.others, change.listed, change.repeated), (2, 1, 1), "{again:?}");
        assert_eq!(shop.finish("trade", begun.version).await.unwrap().members, 3, "{again:?}");
    }
}

#[tokio::test]
async fn a_load_goes_on_past_a_customer_who_is_on_as_many_lists_as_may_be() {
    let shop = Shop::new().await;
    for number in 0..256 {
        shop.load(&format!("l{number}"), admin::ListMode::Replace, &["1001"]).await;
    }
    let counted = shop.rows("trade", 0, 0, &["1001", "1002"]).await.unwrap().change.unwrap();
    let loaded = shop.load("trade", admin::ListMode::Replace, &["1001", "1002"]).await;
    let change = loaded.versions[0].change.unwrap();
    assert_eq!((loaded.members, change.others, change.beyond), (1, 1, 1));
    assert_eq!(counted, change);
    assert!(shop.is_on("l7", "1001").await && shop.is_on("trade", "1002").await && !shop.is_on("trade", "1001").await);
    let off = shop.load("trade", admin::ListMode::Remove, &["1001", "1002"]).await;
    assert_eq!((off.members, off.versions[0].change.unwrap().beyond), (0, 0));
    assert_eq!(shop.load("l7", admin::ListMode::Remove, &["1001"]).await.members, 0, "a list that names them is not one more");
}

#[tokio::test]
async fn a_count_writes_nothing_and_says_what_a_load_would_change() {
    let shop = Shop::new().await;
    shop.load("trade", admin::ListMode::Replace, &["1001", "1002"]).await;
    let counted = shop.rows("trade", 0, 0, &["1002", "1003", "1003", "+4930123456"]).await.unwrap();
    let change = counted.change.unwrap();
    assert_eq!((change.listed, change.others, change.repeated, change.unknown), (1, 1, 1, 1));
    assert!(!shop.is_on("trade", "1003").await);
}

#[tokio::test]
async fn a_customer_is_on_a_list_until_their_time_is_over() {
    let shop = Shop::new().await;
    let begun = shop.begin("trade", admin::ListMode::Replace, &["1001"]).await.unwrap();
    let until = begin().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    let row = admin::ListRow { customer: Some(who("1001")), until: Some(tessera_contract::convert::timestamp_to_wire(until)) };
    let request =
        admin::LoadListRowsRequest { list_id: "trade".to_owned(), version: begun.version, first_row: 1, rows: vec![row] };
    shop.lists.load_list_rows(Request::new(request)).await.unwrap();
    shop.finish("trade", begun.version).await.unwrap();
    assert_eq!(shop.price(Some("1001"), "NAILS", 200).await, 150);
    shop.rig.pass(std::time::Duration::from_secs(3_600));
    assert_eq!(shop.price(Some("1001"), "NAILS", 200).await, 200);
}

#[tokio::test]
async fn p11_what_cannot_be_done_with_a_list_says_why_and_changes_nothing() {
    let shop = Shop::new().await;
    assert_eq!(reason(&shop.undo("trade", 1).await.unwrap_err()), "UNKNOWN_LIST");
    assert_eq!(reason(&shop.rows("trade", 1, 1, &["1001"]).await.unwrap_err()), "OTHER_LOAD");
    let first = shop.begin("trade", admin::ListMode::Replace, &["1001"]).await.unwrap();
    let second = shop.begin("trade", admin::ListMode::Replace, &["1002"]).await.unwrap();
    assert_ne!(first.version, second.version);
    assert_eq!(reason(&shop.rows("trade", first.version, 1, &["1001"]).await.unwrap_err()), "OTHER_LOAD");
    assert_eq!(reason(&shop.undo("trade", 9).await.unwrap_err()), "NOTHING_BEFORE");
    for (list, mode, rows) in [("", 1, 1), ("trade", 0, 1), ("trade", 9, 1), ("trade", 2, 0)] {
        let request =
            admin::BeginListLoadRequest { list_id: list.to_owned(), mode, content_hash: vec![0; 32], rows, note: String::new() };
        let refused = shop.lists.begin_list_load(Request::new(request)).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{list} {mode} {rows}");
    }
    let payment = shop.rows("trade", second.version, 1, &["4111111111111111"]).await.unwrap_err();
    assert_eq!(super::super::testing::reason(&payment), v1::ErrorReason::CardNumberRefused);
    assert!(!format!("{payment:?}").contains("4111"));
}

#[tokio::test]
async fn lists_that_programs_ask_for_and_nobody_loaded_are_named() {
    let shop = Shop::new().await;
    shop.load("trade", admin::ListMode::Replace, &["1001"]).await;
    let told = shop.lists.list_lists(Request::new(admin::ListListsRequest {})).await.unwrap().into_inner();
    assert_eq!(told.missing_list_ids, ["brown", "staff-2026"]);
    assert_eq!(told.lists.len(), 1);
}
