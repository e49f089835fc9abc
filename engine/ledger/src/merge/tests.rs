//! Tests of `merge`.

use proptest::prelude::*;
use tessera_rules::brakes::StaffOf;
use tessera_rules::id::{AssetId, CashierId, RewardId, StoreId, TierId};
use tessera_rules::money::Units;
use tessera_rules::usage::Usage;

use super::*;
use crate::account::{PersonalCoupon, Referred};
use crate::follow_up::{CarryOut, FollowUp, carry_out};
use crate::hold::OpenQuote;
use crate::lot::{Lot, spending_order};
use crate::posting::{Book, Posting, PostingPlace};
use crate::testing::*;
use crate::tier::TierGiven;

fn customer(name: &str) -> CustomerId {
    CustomerId::parse(name).unwrap()
}

fn two() -> Account {
    Account::new(AccountId::parse("a-2").unwrap(), customer("c-2"), at(0))
}

/// What both are after `one` was merged into `other`.
fn merged(one: &Account, other: &Account) -> (Profiled, Profiled) {
    let command = Merge {
        id: &receipt_id("m"),
        gone: &customer("c-1"),
        into: &other.id,
        survivor: &customer("c-2"),
        content_hash: [8; 32],
        booked_at: at(20),
        booking_date: day(),
        currency: gbp(),
    };
    let left = merge(one, &command);
    let follow_up = FollowUp::decode(&left.outcome.follow_ups[0].encode()).unwrap();
    assert_eq!(follow_up, left.outcome.follow_ups[0]);
    let work = CarryOut { follow_up: &follow_up, booked_at: at(25), booking_date: day(), currency: gbp(), programs: &[] };
    let arrived = carry_out(other, &work);
    (left, arrived)
}

fn transfer_book(postings: &[Posting]) -> i64 {
    let book = postings.iter().filter(|posting| posting.place == PostingPlace::Book(Book::Transfer));
    book.map(|posting| posting.units.units()).sum()
}

fn lots() -> impl Strategy<Value = Vec<Lot>> {
    let one = (0..4_usize, -50..200_i64, 0..10_i64, proptest::option::of(5..60_i64), 0..40_i64, proptest::bool::ANY);
    proptest::collection::vec(one, 0..90).prop_map(|drawn| {
        let mut lots: Vec<Lot> = Vec::new();
        for (place, (receipt, left, booked, expires, vests, stamps)) in (0_u16..).zip(drawn) {
            let left = if left == 0 { 1 } else { left };
            let mut lot = lot(&format!("r{receipt}"), left, booked, expires.filter(|_| left > 0));
            lot.id.place = place;
            lot.vests_at = at(vests);
            if stamps {
                lot.asset = AssetId::parse("stamps").unwrap();
            }
            lots.push(lot);
        }
        lots.sort_by(spending_order);
        lots
    })
}

fn total(accounts: &[&Account], asset: &str) -> Units {
    let held = accounts.iter().flat_map(|account| account.balances(at(25)));
    let units =
        held.filter(|balance| balance.asset.as_str() == asset).map(|balance| balance.vested.units() + balance.pending.units());
    units.map(Units::from_units).fold(Units::ZERO, crate::arithmetic::plus)
}

proptest! {
    #[test]
    fn h47_p5_two_accounts_hold_together_what_they_held_before_and_one_of_them_all_of_it(one in lots(), other in lots()) {
        let (one, other) = (Account { lots: one, ..account() }, Account { lots: other, ..two() });
        let (left, arrived) = merged(&one, &other);
        prop_assert!(left.account.lots.is_empty());
        for asset in [POINTS, "stamps"] {
            prop_assert_eq!(total(&[&arrived.account], asset), total(&[&one, &other], asset));
        }
        prop_assert!(is_balanced(&left.outcome.postings) && is_balanced(&arrived.outcome.postings));
        prop_assert_eq!(transfer_book(&left.outcome.postings), -transfer_book(&arrived.outcome.postings));
        if arrived.account.lots.len() == left.outcome.follow_ups[0].moved().len() + other.lots.len() {
            // No lot became one with another: each that came is as it was.
            for lot in one.lots.iter().filter(|lot| !lot.is_lapsed(at(20))) {
                let same = |known: &&Lot| (&known.vests_at, &known.expires_at, known.left) == (&lot.vests_at, &lot.expires_at, lot.left);
                prop_assert!(arrived.account.lots.iter().any(|known| same(&known) && known.id.receipt == lot.id.receipt));
            }
        }
    }
}

fn used(uses: i64, month: i8, on: i8) -> UseCount {
    let usage = Usage { uses, units: 0, value: 0 };
    UseCount {
        campaign: campaign("limited"),
        member: None,
        ever: usage,
        day: jiff::civil::date(2026, month, on),
        on_day: usage,
        in_month: usage,
    }
}

#[test]
fn p4_what_one_person_used_as_two_counts_as_used_by_one() {
    let table = [
        ("on one day", used(2, 3, 4), used(3, 3, 4), (5, 5, 5)),
        ("in one month", used(2, 3, 4), used(3, 3, 9), (5, 3, 5)),
        ("in two months", used(2, 3, 4), used(3, 4, 4), (5, 3, 3)),
    ];
    for (what, a, b, expected) in table {
        for (one, other) in [(&a, &b), (&b, &a)] {
            let one = Account { uses: vec![one.clone()], ..account() };
            let (_, arrived) = merged(&one, &Account { uses: vec![other.clone()], ..two() });
            let count = &arrived.account.uses[0];
            assert_eq!((count.ever.uses, count.on_day.uses, count.in_month.uses), expected, "{what}");
        }
    }
}

#[test]
fn h47_holds_coupons_counters_statistics_and_who_brought_whom_go_along() {
    let counter = |counted_milli, rewarded| Counter {
        campaign: campaign("tenth"),
        counted_milli,
        rewarded,
        calendar: None,
        stretches: Vec::new(),
    };
    let coupon = PersonalCoupon {
        code: "ABC".into(),
        campaign: campaign("ten"),
        issued_by: receipt_id("r"),
        reward: RewardId::parse("ten.0").unwrap(),
        valid_from: at(0),
        valid_until: None,
        used_by: None,
    };
    let quote =
        OpenQuote { receipt: receipt_id("q"), till: till(), quote_no: 4, attempt: 0, holds: vec![hold(5)], until: at(35) };
    let gone = OpenQuote { receipt: receipt_id("over"), until: at(10), ..quote.clone() };
    let statistics = |visits, minute| Statistics {
        visits,
        first_sold_at: Some(at(minute)),
        last_sold_at: Some(at(minute)),
        spent_minor: vec![("GBP".into(), 700)],
        habits: tessera_rules::habits::Habits::default(),
    };
    let brought = |by: &str| Some(Referred { by: AccountId::parse(by).unwrap(), has_bought: true });
    let one = Account {
        lots: vec![lot("a", 9, 0, None)],
        open_quotes: vec![gone, quote.clone()],
        coupons: vec![coupon.clone()],
        counters: vec![counter(7_000, 1)],
        statistics: statistics(3, 1),
        referred: brought("a-9"),
        ..account()
    };
    let other = Account { counters: vec![counter(8_000, 2)], statistics: statistics(2, 5), ..two() };
    let (left, arrived) = merged(&one, &other);
    let after = &arrived.account;
    assert_eq!((&after.open_quotes, &after.coupons), (&vec![quote], &vec![coupon]));
    assert_eq!(after.counters, [counter(15_000, 3)]);
    assert_eq!((after.statistics.visits, after.statistics.spent_minor[0].1), (5, 1_400));
    assert_eq!((after.statistics.first_sold_at, after.statistics.last_sold_at), (Some(at(1)), Some(at(5))));
    assert_eq!((&after.referred, after.stands_for(&one.id)), (&one.referred, true));
    let moved = left.account.moved_to.as_ref().unwrap();
    assert_eq!((&moved.account, moved.follow_up.as_str()), (&other.id, "m#0"));
    assert!(left.account.open_quotes.is_empty() && left.account.coupons.is_empty() && left.account.counters.is_empty());
    let (_, themselves) = merged(&Account { referred: brought("a-2"), ..account() }, &two());
    assert_eq!(themselves.account.referred, None, "nobody brings themselves");
}

#[test]
fn of_two_tiers_the_one_that_lasts_longer_is_kept_where_no_program_knows_the_higher_one() {
    let held = |until: Option<i64>| {
        let tier = TierId::parse("gold").unwrap();
        vec![TierHeld::new(program(), TierGiven { tier, since: at(0), begins: at(0), until: until.map(at), given_by: None })]
    };
    for (one, other, kept) in
        [(Some(90), Some(50), Some(90)), (Some(50), Some(90), Some(90)), (None, Some(90), None), (Some(5), Some(9), Some(9))]
    {
        let (_, arrived) = merged(&Account { tiers: held(one), ..account() }, &Account { tiers: held(other), ..two() });
        assert_eq!(arrived.account.tiers[0].now.until, kept.map(at));
    }
}

#[test]
fn lists_that_have_no_room_for_all_are_named_before_anything_moves() {
    let quote = |name: String| OpenQuote {
        receipt: receipt_id(&name),
        till: crate::entry::TillPlace { store: StoreId::parse("s-1").unwrap(), ..till() },
        quote_no: 1,
        attempt: 0,
        holds: vec![hold(1)],
        until: at(35),
    };
    let quotes = |letter: char| (10..10 + limits::OPEN_QUOTES_MAX - 1).map(|number| quote(format!("{letter}{number}"))).collect();
    let one = Account { open_quotes: quotes('a'), ..account() };
    let everything = |account| Everything::of(account, customer("c-1"), customer("c-2"));
    let full = no_room(&Account { open_quotes: quotes('b'), ..two() }, &everything(one.clone()), &[], at(20));
    assert_eq!(full, ["open quotes"]);
    assert_eq!(no_room(&two(), &everything(one), &[], at(20)), Vec::<&str>::new());
}

#[test]
fn what_tells_of_a_customer_is_sealed_on_its_way_and_an_account_is_read_in_its_own_version_alone() {
    let mut one = with_lots(vec![lot("a", 40, 0, None)]);
    one.members[0].staff = Some(StaffOf { store: None, cashier: CashierId::parse("planted-cashier").unwrap() });
    let (left, _) = merged(&one, &two());
    let mut follow_up = left.outcome.follow_ups[0].clone();
    let FollowUpKind::Merge { everything } = &mut follow_up.kind else { panic!("a merge sends everything") };
    let (whole, mut plain) = (everything.clone(), Vec::new());
    everything
        .seal(|account| {
            plain = account.to_vec();
            Ok::<_, ()>(vec![7; 3])
        })
        .unwrap();
    assert_eq!(everything.account.lots, whole.account.lots, "books are proven by them");
    assert_eq!(everything.unsealed(&plain).unwrap(), *whole);
    let within = everything.account.encode();
    let bytes = follow_up.encode();
    assert!(!bytes.windows(7).any(|window| window == b"planted"));
    assert_eq!(FollowUp::decode(&bytes).unwrap(), follow_up);
    let place = bytes.windows(within.len()).position(|window| window == within).unwrap();
    let mut other = bytes;
    other[place] += 1;
    assert!(FollowUp::decode(&other).is_err(), "the account is of a later version");
}
