//! Reports against sums made by hand, over a feed that is made up.

use std::sync::Arc;

use tessera_proto::billing::v1::posting::Side;
use tessera_proto::billing::v1::{BookKind, PostingReason};
use tessera_proto::feed::v1::FollowResponse;
use tessera_storage::{Commit, MemoryStorage, Storage as _};

use super::written::{cells, header};
use super::*;
use crate::mirror::assets::AssetTold;
use crate::mirror::layout::position;
use crate::mirror::tests::folded;
use crate::mirror::tests::made::{book, feed, lot, outcome, responses};

fn question(kind: Kind, from: &str, to: &str, by: &[Dimension]) -> Question {
    Question { kind, from: from.parse().unwrap(), to: to.parse().unwrap(), by: by.to_vec(), basis: Basis::Ledger }
}

async fn reader(feed: &[FollowResponse]) -> Reader {
    Reader::new(folded(feed, 100).await)
}

/// A number of a row by its column's name.
fn number(report: &Report, row: &Row, name: &str) -> i64 {
    let place = report.columns.iter().position(|column| column.name == name).unwrap();
    row.numbers[place].unwrap()
}

/// Units on lots of an asset that were booked before the end of a day, as the postings say.
fn held(feed: &[FollowResponse], asset: &str, through: Date) -> i64 {
    let outcomes = feed.iter().map(|response| response.outcome.as_ref().unwrap());
    let until = outcomes.filter(|outcome| outcome.booking_date.parse::<Date>().unwrap() <= through);
    let postings = until.flat_map(|outcome| &outcome.postings);
    let on_lots = postings.filter(|posting| posting.asset_id == asset && matches!(posting.side, Some(Side::LotId(_))));
    on_lots.map(|posting| posting.units).sum()
}

#[tokio::test]
async fn p5_an_accrual_opens_with_what_the_day_before_closed_with_and_is_what_was_posted() {
    let feed = feed(7, 600);
    let reader = reader(&feed).await;
    let [first, last] = ["2026-01-10", "2026-02-20"].map(|day| day.parse::<Date>().unwrap());
    let by_day = question(Kind::Accrual, "2026-01-10", "2026-02-20", &[Dimension::Day]);
    let report = compute(&reader, &by_day, None).await.unwrap();
    assert!(report.check.agrees, "{:?}", report.check.faults);
    for asset in ["points", "bonus"] {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.asset == asset).collect();
        assert_eq!(rows.len(), 42, "each day of the period has its row");
        for (one, next) in rows.iter().zip(&rows[1..]) {
            assert_eq!(number(&report, one, "closing"), number(&report, next, "opening"), "{next:?}");
            assert_eq!(number(&report, one, "pending_closing"), number(&report, next, "pending_opening"), "{next:?}");
        }
        for row in &rows {
            assert_eq!(number(&report, row, "closing"), held(&feed, asset, row.keys[0].parse().unwrap()), "{row:?}");
        }
        let total = report.totals.iter().find(|row| row.asset == asset).unwrap();
        assert_eq!(number(&report, total, "opening"), held(&feed, asset, first.yesterday().unwrap()));
        assert_eq!(number(&report, total, "closing"), held(&feed, asset, last));
    }
}

#[tokio::test]
async fn every_report_split_by_anything_sums_to_its_totals() {
    let feed = feed(8, 400);
    let reader = reader(&feed).await;
    let all = [
        Kind::Accrual,
        Kind::Redemption,
        Kind::Expiry,
        Kind::Liability,
        Kind::Breakage,
        Kind::Campaign,
        Kind::Coupon,
        Kind::Prize,
        Kind::Till,
    ];
    for kind in all {
        let mut totals = None;
        let singles = kind.dimensions().iter().map(|by| vec![*by]);
        for by in singles.chain([vec![], kind.dimensions().to_vec(), kind.dimensions().iter().rev().copied().collect()]) {
            let report = compute(&reader, &question(kind, "2026-01-15", "2026-02-10", &by), None).await.unwrap();
            assert!(report.check.agrees, "{kind:?} by {by:?}: {:?}", report.check.faults);
            assert_eq!(*totals.get_or_insert(report.totals.clone()), report.totals, "{kind:?} by {by:?}");
        }
        let is_empty = totals.unwrap().is_empty();
        assert_eq!(is_empty, matches!(kind, Kind::Coupon | Kind::Prize), "{kind:?}");
    }
}

#[tokio::test]
async fn a_campaign_by_store_and_a_till_day_are_as_worked_out_by_hand() {
    let sold = |id: &str, day: &str, store: &str, off: i64| {
        let postings = vec![
            book("money:GBP", -off, BookKind::Issued, "c9", PostingReason::Discounted),
            book("money:GBP", off, BookKind::Redeemed, "c9", PostingReason::Discounted),
        ];
        outcome(id, day, store, postings)
    };
    let feed = responses(
        "a-1",
        [sold("r1", "2026-03-01", "S1", 150), sold("r2", "2026-03-01", "S2", 20), sold("r3", "2026-03-02", "S1", 5)],
    );
    let reader = reader(&feed).await;
    let by = [Dimension::Campaign, Dimension::Store];
    let report = compute(&reader, &question(Kind::Campaign, "2026-03-01", "2026-03-02", &by), None).await.unwrap();
    let shown: Vec<(String, i64)> = report.rows.iter().map(|row| (row.keys.join(" "), number(&report, row, "given"))).collect();
    assert_eq!(shown, [("c9 S1".to_owned(), 155), ("c9 S2".to_owned(), 20)]);
    let till = Question { basis: Basis::Till, ..question(Kind::Till, "2026-03-01", "2026-03-01", &[]) };
    let report = compute(&reader, &till, None).await.unwrap();
    assert_eq!(number(&report, &report.totals[0], "receipts"), 2);
    assert_eq!(cells(&report, &report.totals[0])[4].text(), "20.00", "{:?}", header(&report));
}

#[tokio::test]
async fn a_book_is_told_by_why_it_was_posted_to() {
    use BookKind::{Expired, Issued, Redeemed, Returned};
    let postings = [
        (-100, Issued, PostingReason::Earned),
        (-7, Issued, PostingReason::Adjusted),
        (30, Redeemed, PostingReason::Redeemed),
        (-10, Redeemed, PostingReason::Restored),
        (-3, Redeemed, PostingReason::TakenBack),
        (3, Returned, PostingReason::TakenBack),
        // What had lapsed is taken back between the books.
        (-5, Expired, PostingReason::TakenBack),
        (5, Returned, PostingReason::TakenBack),
    ];
    let postings = postings.map(|(units, kind, reason)| book("points", units, kind, "c1", reason)).to_vec();
    let reader = reader(&responses("a-1", [outcome("r1", "2026-03-01", "S1", postings)])).await;
    for (kind, wanted) in [
        (Kind::Redemption, [("redeemed", 30), ("restored", 10), ("net", 20)]),
        (Kind::Campaign, [("given", 100), ("taken_back", 8), ("net", 92)]),
    ] {
        let report = compute(&reader, &question(kind, "2026-03-01", "2026-03-01", &[]), None).await.unwrap();
        for (name, wanted) in wanted {
            assert_eq!(number(&report, &report.totals[0], name), wanted, "{kind:?} {name}");
        }
    }
}

#[tokio::test]
async fn rows_that_come_to_nothing_have_their_total_and_are_written_as_their_asset_is() {
    let posted = |id: &str, campaign: &str, minor: i64| {
        let posting = book("money:JPY", minor, BookKind::Issued, campaign, PostingReason::Discounted);
        let lot = lot("points", minor, &format!("{campaign}~0"), PostingReason::Earned);
        let issued = book("points", -minor, BookKind::Issued, campaign, PostingReason::Earned);
        outcome(id, "2026-03-01", "S1", vec![posting, lot, issued])
    };
    let reader = reader(&responses("a-1", [posted("r1", "c1", 40), posted("r2", "c2", -40)])).await;
    // On the day after: the roll of all is nothing, those of campaigns are not.
    for (kind, day, assets) in
        [(Kind::Campaign, "2026-03-01", vec!["money:JPY", "points"]), (Kind::Liability, "2026-03-02", vec!["points"])]
    {
        let report = compute(&reader, &question(kind, day, day, &[Dimension::Campaign]), None).await.unwrap();
        assert_eq!(report.rows.len(), assets.len() * 2, "{kind:?}");
        let totals: Vec<&str> = report.totals.iter().map(|total| total.asset.as_str()).collect();
        assert_eq!(totals, assets, "{kind:?}");
        assert!(report.totals.iter().all(|total| total.numbers.iter().flatten().all(|number| *number == 0)), "{kind:?}");
        assert!(report.check.agrees, "{:?}", report.check.faults);
        assert_eq!(report.written.get("money:JPY").map(|how| how.digits), (kind == Kind::Campaign).then_some(0), "{kind:?}");
    }
}

#[tokio::test]
async fn worth_is_rounded_once_so_that_rows_sum_to_the_total() {
    let earned = |number: usize| {
        let id = format!("r{number}");
        let postings = vec![
            lot("points", 1, &format!("{id}~0"), PostingReason::Earned),
            book("points", -1, BookKind::Issued, &format!("c{number}"), PostingReason::Earned),
        ];
        outcome(&id, "2026-03-01", "S1", postings)
    };
    let storage = folded(&responses("a-1", (0..10).map(earned)), 10).await;
    let told = AssetTold {
        asset: "points".to_owned(),
        program: "club".to_owned(),
        digits: 0,
        currency: "GBP".to_owned(),
        currency_digits: 2,
        worth: Some((1, 3)),
    };
    let mirror = crate::mirror::Mirror::open(Arc::<tessera_storage::MemoryStorage>::clone(&storage), jiff::tz::TimeZone::UTC);
    mirror.await.unwrap().keep_assets(1, &[told]).await.unwrap();
    let by = question(Kind::Liability, "2026-03-01", "2026-03-01", &[Dimension::Campaign]);
    let report = compute(&Reader::new(storage), &by, None).await.unwrap();
    assert_eq!(report.rows.len(), 10);
    assert_eq!(number(&report, &report.totals[0], "worth"), 3);
    assert!(report.check.agrees, "{:?}", report.check.faults);
    assert_eq!(report.written["points"].currency, "GBP");
}

#[tokio::test]
async fn h83_no_cell_of_a_csv_begins_as_a_formula_does() {
    let mut outcomes = Vec::new();
    for (number, name) in ["=cmd()", "+1", "-1", "@x", "\tx", "\rx", "\0x", "a\"b,c\nd"].into_iter().enumerate() {
        let id = format!("r{number}");
        let postings = vec![
            lot("points", 5, &format!("{id}~0"), PostingReason::Earned),
            book("points", -5, BookKind::Issued, name, PostingReason::Earned),
        ];
        outcomes.push(outcome(&id, "2026-03-01", name, postings));
    }
    let reader = reader(&responses("a-1", outcomes)).await;
    let by = question(Kind::Accrual, "2026-03-01", "2026-03-01", &[Dimension::Campaign, Dimension::Store]);
    let report = compute(&reader, &by, None).await.unwrap();
    let text = csv_file::text(&report);
    assert_eq!(text.matches("\"'=cmd()\"").count(), 2, "{text}");
    assert!(text.contains("\"a\"\"b,c\nd\""), "{text}");
    let dangerous = ['=', '+', '@', '\t', '\r', '\0'];
    let quotes = text.match_indices('"').map(|(place, _)| text.split_at(place));
    let begins = |before: &str| before.is_empty() || before.ends_with(',') || before.ends_with("\r\n");
    let mut beginnings = quotes.filter(|(before, _)| begins(before)).map(|(_, cell)| cell.strip_prefix('"').unwrap());
    assert!(!beginnings.any(|cell| cell.starts_with(dangerous)), "{text}");
    assert!(text.contains("\"check\",\"agrees "), "{text}");
}

#[tokio::test]
async fn a_report_is_of_one_moment_or_says_that_it_is_not() {
    let sold = |id: &str, day: &str| outcome(id, day, "S1", vec![]);
    let feed = responses("a-1", [sold("r1", "2026-03-01"), sold("r2", "2026-03-01"), sold("r3", "2026-03-01")]);
    // As if stopped before the position of the last batch was written: the days have what the position does not say.
    let storage = folded(&feed, 10).await;
    let earlier = folded(&feed[..2], 10).await.head(&position()).await.unwrap().unwrap().value;
    put_position(&storage, earlier).await;
    let reader = Reader::new(Arc::<MemoryStorage>::clone(&storage));
    let till = Question { basis: Basis::Till, ..question(Kind::Till, "2026-03-01", "2026-03-01", &[]) };
    let says_so = |report: &Report| report.notes.iter().any(|note| note.contains("went on while it was read"));
    let stopped = compute(&reader, &till, None).await.unwrap();
    assert!(says_so(&stopped), "{:?}", stopped.notes);
    // A day that the last batch had no part in is of one moment all the same.
    let before = Question { from: "2026-02-01".parse().unwrap(), to: "2026-02-28".parse().unwrap(), ..till.clone() };
    assert!(!says_so(&compute(&reader, &before, None).await.unwrap()));
    // What counts its own days alone reads no others; what units are worth may come from any.
    for (kind, wanted) in [(Kind::Till, false), (Kind::Coupon, false), (Kind::Prize, false), (Kind::Redemption, true)] {
        let after = Question { kind, ..question(Kind::Till, "2026-03-02", "2026-03-03", &[]) };
        assert_eq!(says_so(&compute(&reader, &after, None).await.unwrap()), wanted, "{kind:?}");
    }
    // The mirror goes on after the first reading: the report is of what is there then.
    let last = folded(&feed, 10).await.head(&position()).await.unwrap().unwrap().value;
    let (report, ()) = tokio::join!(compute(&reader, &till, None), put_position(&storage, last));
    let report = report.unwrap();
    assert!(!says_so(&report), "{:?}", report.notes);
    assert_eq!((number(&report, &report.totals[0], "receipts"), report.folded.sequence), (3, 3));
}

async fn put_position(storage: &MemoryStorage, head: bytes::Bytes) {
    let (partition, expected) = (position(), storage.head(&position()).await.unwrap().unwrap().version);
    let (rows, claims, hints, deltas, feed_kinds) = Default::default();
    storage.commit(Commit { partition, expected, head, rows, claims, hints, deltas, feed_kinds }).await.unwrap();
}

#[tokio::test]
async fn a_workbook_of_the_same_report_has_the_same_bytes() {
    let reader = reader(&feed(9, 60)).await;
    let by = question(Kind::Accrual, "2026-01-01", "2026-01-20", &[Dimension::Day]);
    let report = compute(&reader, &by, None).await.unwrap();
    let once = workbook::content(&report).unwrap();
    assert!(once.starts_with(b"PK"));
    assert_eq!(once, workbook::content(&report).unwrap());
}

#[tokio::test]
async fn p11_a_question_that_has_no_answer_says_why() {
    let reader = reader(&[]).await;
    let till_days = Question { basis: Basis::Till, ..question(Kind::Accrual, "2026-01-01", "2026-01-02", &[]) };
    for (question, wanted) in [
        (question(Kind::Accrual, "2026-01-02", "2026-01-01", &[]), "not in order"),
        (question(Kind::Accrual, "2000-01-02", "2026-01-01", &[]), "ten years"),
        (question(Kind::Accrual, "2026-01-01", "2026-01-02", &[Dimension::Cashier]), "only by day, program, campaign, store"),
        (question(Kind::Till, "2026-01-01", "2026-01-02", &[Dimension::Day, Dimension::Day]), "day is named twice"),
        (till_days, "ledger days alone"),
    ] {
        let refused = compute(&reader, &question, None).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{refused}");
    }
}

#[tokio::test]
async fn a_report_of_days_that_are_not_closed_says_so() {
    let reader = reader(&feed(10, 20)).await;
    let of = question(Kind::Accrual, "2026-01-01", "2026-01-20", &[]);
    for (closed, wanted) in [
        (None, Some("no day is known to be closed")),
        (Some("2026-01-19"), Some("days after 2026-01-19 are not closed")),
        (Some("2026-01-20"), None),
    ] {
        let report = compute(&reader, &of, closed.map(|day| day.parse().unwrap())).await.unwrap();
        assert_eq!(
            report.notes.first().map(|note| note.contains(wanted.unwrap_or_default())),
            wanted.map(|_| true),
            "{:?}",
            report.notes
        );
    }
}
