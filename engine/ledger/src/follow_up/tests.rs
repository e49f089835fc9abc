//! Follow-ups on an account: what arrives, what is owed, and what goes back.

use tessera_rules::decision::RewardKind;
use tessera_rules::usage::{Usage, UsageLimits};

use super::*;
use crate::posting::PostingPlace;
use crate::testing::*;

fn bonus(limits: UsageLimits) -> Bonus {
    let kind = RewardKind::Points { asset: asset(POINTS), units: units(500) };
    Bonus { reward: reward("friend.0", kind), limits, per_member: false }
}

/// The outcome of whom somebody brought, with the follow-up that it causes.
fn referred(limits: UsageLimits) -> Outcome {
    let mut outcome = Outcome::without_lines(OutcomeKind::Settle, receipt_id("sale"), at(1), day(), gbp());
    refer(&mut outcome, &account().id, vec![bonus(limits)]);
    outcome
}

fn in_transfer(outcome: &Outcome) -> i64 {
    let book = outcome.postings.iter().filter(|posting| posting.place == PostingPlace::Book(Book::Transfer));
    book.map(|posting| posting.units.units()).sum()
}

#[test]
fn p4_p5_what_one_outcome_sends_the_other_takes_out_of_the_transfer_book() {
    let once = Usage { uses: 1, ..Usage::UNLIMITED };
    let mut used_up = account();
    used_up.uses = vec![crate::account::UseCount {
        campaign: bonus(UsageLimits::NONE).reward.campaign,
        member: None,
        ever: uses(1),
        day: day(),
        on_day: uses(1),
        in_month: uses(1),
    }];
    let blocked = Account { blocked: true, ..account() };
    let limited = UsageLimits { month: once, ..UsageLimits::NONE };
    let table: [(&str, Account, UsageLimits, i64, &[Flag]); 4] = [
        ("without limits", account(), UsageLimits::NONE, 500, &[]),
        ("within its limits", account(), limited, 500, &[]),
        ("beyond its limits", used_up, limited, 0, &[Flag::BeyondLimit]),
        ("blocked", blocked, UsageLimits::NONE, 0, &[Flag::CustomerBlocked]),
    ];
    for (what, before, limits, given, flags) in table {
        let sent = referred(limits);
        let follow_up = &sent.follow_ups[0];
        assert_eq!((follow_up.id.as_str(), in_transfer(&sent)), ("sale#0", 500), "{what}");
        let read = FollowUp::decode(&follow_up.encode()).unwrap();
        assert_eq!(read, *follow_up);
        let work = CarryOut { follow_up: &read, booked_at: at(5), booking_date: day(), currency: gbp(), programs: &[] };
        let done = carry_out(&before, &work);
        assert_eq!(in_transfer(&done.outcome), -500, "{what}");
        assert_eq!(done.account.lots.iter().map(|lot| lot.left.units()).sum::<i64>(), given, "{what}");
        assert_eq!((done.outcome.flags.as_slice(), done.outcome.rewards.len()), (flags, usize::from(given > 0)), "{what}");
    }
}

#[test]
fn p5_no_two_lots_of_one_cause_have_one_name_whatever_is_used_up_between() {
    let mut sent = Outcome::without_lines(OutcomeKind::Settle, receipt_id("sale"), at(1), day(), gbp());
    refer(&mut sent, &account().id, vec![bonus(UsageLimits::NONE), bonus(UsageLimits::NONE)]);
    let opened = |follow_up: &FollowUp| {
        let work = CarryOut { follow_up, booked_at: at(5), booking_date: day(), currency: gbp(), programs: &[] };
        carry_out(&account(), &work).account.lots.remove(0).id
    };
    let lots: Vec<_> = sent.follow_ups.iter().map(opened).collect();
    assert_eq!(lots.iter().map(|lot| lot.place).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(lots[0].receipt, lots[1].receipt);
}

#[test]
fn p5_a_bonus_that_arrives_pays_what_is_owed_first() {
    let sent = referred(UsageLimits::NONE);
    let work = CarryOut { follow_up: &sent.follow_ups[0], booked_at: at(5), booking_date: day(), currency: gbp(), programs: &[] };
    let done = carry_out(&with_lots(vec![lot("owed", -30, 0, None)]), &work);
    assert_eq!(done.account.lots.iter().map(|lot| lot.left.units()).collect::<Vec<_>>(), [470]);
}

#[test]
fn damaged_bytes_of_a_follow_up_are_a_value() {
    let bytes = referred(UsageLimits::NONE).follow_ups[0].encode();
    assert!(FollowUp::decode(&[]).is_err());
    assert!(FollowUp::decode(&bytes[..bytes.len() - 1]).is_err());
    assert!(FollowUp::decode(&[&bytes[..], &[0]].concat()).is_err());
}
