//! What campaigns give for something else than a receipt, when and where.

use super::*;
use crate::revision::Source;

const PROGRAM: &str = "
program: club
language: 1
name: Club
currency: GBP
time_zone: Europe/London
assets:
  - {id: points, kind: points, scale: 0, expires: {after_days: 10}}
facts:
  - {id: children, ask: {when: always}, text: Children?}
  - {id: pets, ask: {when: always}, text: Pets?}
campaigns:
  - {id: welcome, name: Welcome, for: enrolment, grant: {give: {points: {units: 200}}}}
  - {id: gold, name: A golden mug, for: enrolment, stores: [S1], grant: {give: {coupon: {campaign: mug, days: 30}}}}
  - {id: mug, name: Mug, coupon_only: true, percent_off: 5}
  - {id: summer, name: Summer, for: enrolment, valid: {from: 2026-06-01, until: 2026-09-01}, grant: {give: {points: {units: 5}}}}
  - {id: survey, name: Survey, for: {answers: [children, pets]}, grant: {give: {points: {units: 50}}}}
  - {id: friend, name: Friend, for: {referral: first_receipt}, limits: {per_customer_month: 2}, grant: {give: {points: {units: 500}}}}
  - {id: soon, name: Soon, for: {referral: enrolment}, priority: 3, grant: {give: {points: {units: 10}}}}
  - {id: sale, name: On a receipt, grant: {give: {points: {units: 1}}}}
";

fn revision() -> Revision {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    Revision::compile(1, at, &[Source { name: "club.yaml".to_owned(), text: PROGRAM.to_owned() }]).unwrap().revision
}

fn fact(id: &str) -> FactId {
    FactId::parse(id).unwrap()
}

#[test]
fn each_happening_is_rewarded_by_its_own_campaigns_where_and_while_they_are_on() {
    let revision = revision();
    let (children, pets, other) = ([fact("children")], [fact("children"), fact("pets")], [fact("other")]);
    let winter = "2026-01-10T12:00:00Z";
    let answered = |now, known| Happening::Answered { now, known };
    let table: [(&str, Happening<'_>, &str, &str, &[&str]); 8] = [
        ("enrolment in another store", Happening::Enrolled, winter, "S2", &["welcome"]),
        ("enrolment", Happening::Enrolled, winter, "S1", &["gold", "welcome"]),
        ("enrolment in summer", Happening::Enrolled, "2026-07-01T12:00:00Z", "S2", &["summer", "welcome"]),
        ("one of two answers", answered(&children, &children), winter, "S1", &[]),
        ("the last of two answers", answered(&children, &pets), winter, "S1", &["survey"]),
        ("another answer, later", answered(&other, &pets), winter, "S1", &[]),
        ("a friend enrolled", Happening::Referred(Brought::Enrolled), winter, "S1", &["soon"]),
        ("a friend bought", Happening::Referred(Brought::FirstReceipt), winter, "S1", &["friend"]),
    ];
    for (what, happening, at, store, expected) in table {
        let given = revision.bonuses(happening, at.parse().unwrap(), &StoreId::parse(store).unwrap(), None);
        let ids: Vec<&str> = given.iter().map(|bonus| bonus.reward.campaign.as_str()).collect();
        assert_eq!(ids, expected, "{what}");
    }
}

#[test]
fn a_bonus_has_the_times_of_its_asset_and_the_limits_of_its_campaign() {
    let revision = revision();
    let at = "2026-01-10T12:00:00Z".parse().unwrap();
    let store = StoreId::parse("S1").unwrap();
    let mut given = revision.bonuses(Happening::Referred(Brought::FirstReceipt), at, &store, None);
    let friend = given.remove(0);
    assert_eq!(friend.reward.expires_at, Some("2026-01-21T00:00:00Z".parse().unwrap()));
    assert_eq!(friend.reward.vests_at, at);
    assert_eq!((friend.limits.month.uses, friend.limits.ever.uses), (2, i64::MAX));

    let enrolled = revision.bonuses(Happening::Enrolled, at, &store, None);
    let gold = enrolled.iter().find(|bonus| bonus.reward.campaign.as_str() == "gold").unwrap();
    assert_eq!(gold.reward.expires_at, Some("2026-02-10T00:00:00Z".parse().unwrap()));
    assert_eq!(gold.limits, UsageLimits::NONE);

    let facts = [fact("children"), fact("pets")];
    let survey = revision.bonuses(Happening::Answered { now: &facts, known: &facts }, at, &store, None).remove(0);
    assert_eq!(survey.limits.ever.uses, 1, "answers are rewarded once");
}
