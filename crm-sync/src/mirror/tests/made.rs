//! Outcomes that are made up: single ones, and a whole feed by a seed, whose postings sum to zero.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _};
use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1::posting::Side;
use tessera_proto::billing::v1::{Book, BookKind, Outcome, OutcomeKind, Posting, PostingReason, Totals};
use tessera_proto::feed::v1::FollowResponse;

pub(crate) fn at(text: &str) -> Option<tessera_proto::Timestamp> {
    Some(timestamp_to_wire(text.parse::<Timestamp>().unwrap()))
}

pub(crate) fn lot(asset: &str, units: i64, id: &str, reason: PostingReason) -> Posting {
    let side = Some(Side::LotId(id.to_owned()));
    Posting { asset_id: asset.to_owned(), units, side, reason: i32::from(reason), ..Posting::default() }
}

pub(crate) fn book(asset: &str, units: i64, kind: BookKind, campaign: &str, reason: PostingReason) -> Posting {
    let book =
        Book { kind: i32::from(kind), program_id: "club".to_owned(), campaign_id: campaign.to_owned(), entity_id: String::new() };
    let side = Some(Side::Book(book));
    Posting { asset_id: asset.to_owned(), units, side, reason: i32::from(reason), ..Posting::default() }
}

/// A settle at noon of a day, of one customer, for 10.00.
pub(crate) fn outcome(id: &str, day: &str, store: &str, postings: Vec<Posting>) -> Outcome {
    Outcome {
        format: 1,
        outcome_id: id.to_owned(),
        receipt_id: id.to_owned(),
        kind: i32::from(OutcomeKind::Settle),
        store_id: store.to_owned(),
        till_id: "T1".to_owned(),
        cashier_id: "anna".to_owned(),
        sold_at: at(&format!("{day}T12:00:00Z")),
        booked_at: at(&format!("{day}T12:00:00Z")),
        business_date: day.to_owned(),
        booking_date: day.to_owned(),
        currency_code: "GBP".to_owned(),
        customer_id: "c-1".to_owned(),
        revision: 1,
        totals_before: Some(Totals { amount_minor: 1_000, due_minor: 1_000, ..Totals::default() }),
        totals_after: Some(Totals { amount_minor: 1_000, due_minor: 1_000, ..Totals::default() }),
        postings,
        ..Outcome::default()
    }
}

/// Outcomes of one account, a commit each.
pub(crate) fn responses(account: &str, outcomes: impl IntoIterator<Item = Outcome>) -> Vec<FollowResponse> {
    let responses = outcomes.into_iter().zip(1_u64..);
    responses.map(|(outcome, sequence)| response(account, sequence, true, outcome)).collect()
}

fn response(account: &str, sequence: u64, is_last: bool, outcome: Outcome) -> FollowResponse {
    FollowResponse {
        cursor: if is_last { Bytes::from(sequence.to_be_bytes().to_vec()) } else { Bytes::new() },
        sequence,
        account_id: account.to_owned(),
        account_version: sequence,
        outcome: Some(outcome),
        ..FollowResponse::default()
    }
}

/// A multiplicative generator: the same numbers for a seed, everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// So many outcomes of a few accounts and stores over some weeks; sometimes several in one commit, some without a customer.
pub(crate) fn feed(seed: u64, outcomes: usize) -> Vec<FollowResponse> {
    let mut numbers = Numbers(seed);
    let mut lots: BTreeMap<(u64, String), (String, i64)> = BTreeMap::new();
    let mut feed = Vec::new();
    let (mut sequence, mut time) = (0, "2026-01-01T08:00:00Z".parse::<Timestamp>().unwrap());
    while feed.len() < outcomes {
        sequence += 1 + numbers.below(3);
        let account = numbers.below(9);
        let several = 1 + numbers.below(6) / 5;
        for number in 0..several {
            time += (1 + i64::try_from(numbers.below(9)).unwrap()).hours();
            let id = format!("r{}", feed.len());
            let made = one(&mut numbers, (account, &id, time), &mut lots);
            let name = if account == 0 { String::new() } else { format!("a-{account}") };
            feed.push(response(&name, sequence, number + 1 == several, made));
        }
    }
    feed
}

fn one(
    numbers: &mut Numbers,
    (account, id, time): (u64, &str, Timestamp),
    lots: &mut BTreeMap<(u64, String), (String, i64)>,
) -> Outcome {
    let day = time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let mut postings = Vec::new();
    if account > 0 {
        spend(numbers, account, lots, &mut postings);
        earn(numbers, (account, id, time), lots, &mut postings);
    }
    let off = i64::try_from(numbers.below(50)).unwrap();
    if off > 0 {
        postings.push(book("money:GBP", -off, BookKind::Issued, "c9", PostingReason::Discounted));
        postings.push(book("money:GBP", off, BookKind::Redeemed, "c9", PostingReason::Discounted));
    }
    let kind = if numbers.below(8) == 0 { OutcomeKind::Return } else { OutcomeKind::Settle };
    let customer_id = if account == 0 { String::new() } else { format!("c-{account}-{}", numbers.below(2)) };
    Outcome {
        kind: i32::from(kind),
        booked_at: Some(timestamp_to_wire(time)),
        customer_id,
        ..outcome(id, &day, &format!("S{}", numbers.below(3)), postings)
    }
}

fn spend(numbers: &mut Numbers, account: u64, lots: &mut BTreeMap<(u64, String), (String, i64)>, postings: &mut Vec<Posting>) {
    let held: Vec<(u64, String)> = lots.keys().filter(|(owner, _)| *owner == account).cloned().collect();
    for key in held {
        let (asset, left) = lots.get_mut(&key).unwrap();
        let units = i64::try_from(numbers.below(3)).unwrap().min(1) * (1 + *left / 2).min(*left);
        let (kind, reason) = match numbers.below(3) {
            0 => (BookKind::Redeemed, PostingReason::Redeemed),
            1 => (BookKind::Returned, PostingReason::TakenBack),
            _ => (BookKind::Expired, PostingReason::Expired),
        };
        if units > 0 {
            postings.push(lot(asset, -units, &key.1, reason));
            postings.push(book(asset, units, kind, "", reason));
            *left -= units;
        }
        if *left == 0 {
            lots.remove(&key);
        }
    }
}

fn earn(
    numbers: &mut Numbers,
    (account, id, time): (u64, &str, Timestamp),
    lots: &mut BTreeMap<(u64, String), (String, i64)>,
    postings: &mut Vec<Posting>,
) {
    for place in 0..numbers.below(3) {
        let asset = ["points", "bonus"][usize::try_from(numbers.below(2)).unwrap()];
        let units = 1 + i64::try_from(numbers.below(500)).unwrap();
        let campaign = format!("c{}", numbers.below(4));
        let days = |count: u64| timestamp_to_wire(time + (24 * i64::try_from(count).unwrap()).hours());
        let name = format!("{id}~{place}");
        postings.push(Posting {
            vests_at: Some(days(numbers.below(3))),
            expires_at: Some(days(5 + numbers.below(30))),
            ..lot(asset, units, &name, PostingReason::Earned)
        });
        postings.push(book(asset, -units, BookKind::Issued, &campaign, PostingReason::Earned));
        lots.insert((account, name), (asset.to_owned(), units));
    }
}
