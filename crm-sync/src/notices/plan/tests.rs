//! What a notice does next, as tables.

use super::super::notice::Attempt;
use super::super::notice::tests::{at, notice};
use super::*;

const NOON: &str = "2026-11-23T12:00:00Z";

fn works(name: &'static str, channel: Channel, cost_micros: u64) -> RouteNow<'static> {
    let patience = SignedDuration::from_mins(30);
    RouteNow { name, channel, cost_micros, condition: Condition::Works, away_since: None, patience, reaches: true }
}

fn rests(route: RouteNow<'static>, since: &str, until: &str) -> RouteNow<'static> {
    RouteNow { condition: Condition::Rests(at(until)), away_since: Some(at(since)), ..route }
}

fn may_try(route: RouteNow<'static>, since: &str) -> RouteNow<'static> {
    RouteNow { condition: Condition::MayTry, away_since: Some(at(since)), ..route }
}

fn customer() -> CustomerNow {
    CustomerNow { stopped: false, has_address: true, zone: TimeZone::UTC, order: BTreeMap::new() }
}

fn attempt(route: &str, result: AttemptResult) -> Attempt {
    Attempt {
        route: route.to_owned(),
        started_at: at(NOON),
        ended_at: None,
        result,
        provider_id: String::new(),
        parts: 1,
        cost_micros: 0,
        in_quiet_hours: false,
    }
}

fn send(route: usize) -> Step {
    Step::Send { route, in_quiet_hours: false }
}

fn end(reason: Reason) -> Step {
    Step::End(State::Undeliverable(reason))
}

fn night() -> Option<QuietHours> {
    QuietHours::parse("21:00-09:00")
}

#[test]
fn the_cheapest_route_goes_first_unless_the_customer_wants_another() {
    let routes = [
        works("a", Channel::Sms, 50),
        works("b", Channel::Telegram, 1),
        works("c", Channel::Sms, 40),
        works("d", Channel::Email, 0),
    ];
    let wants = |order: &[Channel]| CustomerNow {
        order: order.iter().enumerate().map(|(place, channel)| (*channel, place)).collect(),
        ..customer()
    };
    for (order, chosen) in
        [(&[][..], 3), (&[Channel::Sms], 2), (&[Channel::Telegram, Channel::Sms], 1), (&[Channel::Webhook, Channel::Sms], 2)]
    {
        assert_eq!(next(&notice("A"), at(NOON), &wants(order), &routes, None), send(chosen), "{order:?}");
    }
}

#[test]
fn p8_whoever_cannot_be_told_has_a_reason() {
    let refused = || Notice { attempts: vec![attempt("a", AttemptResult::Refused("8".to_owned()))], ..notice("A") };
    let lost = || Notice { attempts: vec![attempt("a", AttemptResult::NotDelivered("2".to_owned()))], ..notice("A") };
    let sms = works("a", Channel::Sms, 1);
    let other = works("b", Channel::Sms, 1);
    let elsewhere = RouteNow { reaches: false, ..sms.clone() };
    let nowhere = CustomerNow { has_address: false, ..customer() };
    let stopped = CustomerNow { stopped: true, ..customer() };
    for (notice, customer, routes, expected) in [
        (notice("A"), &stopped, vec![sms.clone()], end(Reason::Stopped)),
        (notice("A"), &nowhere, vec![elsewhere.clone()], end(Reason::NoAddress)),
        (notice("A"), &customer(), vec![elsewhere], end(Reason::NoRoute)),
        (refused(), &customer(), vec![sms.clone()], end(Reason::Refused)),
        (lost(), &customer(), vec![sms.clone()], end(Reason::NotDelivered)),
        (refused(), &customer(), vec![sms.clone(), other.clone()], send(1)),
        (lost(), &customer(), vec![sms, other], send(1)),
    ] {
        assert_eq!(next(&notice, at(NOON), customer, &routes, None), expected, "{notice:?}");
    }
}

#[test]
fn quiet_hours_are_waited_for_unless_the_notice_would_be_late() {
    let routes = [works("a", Channel::Sms, 1)];
    let morning = Step::Wait { until: at("2026-11-24T09:00:00Z") };
    let told = Step::Send { route: 0, in_quiet_hours: true };
    for (now, due, expected) in [
        ("2026-11-23T20:00:00Z", "2026-11-24T11:00:00Z", send(0)),
        ("2026-11-23T22:00:00Z", "2026-11-24T11:00:00Z", morning),
        ("2026-11-23T22:00:00Z", "2026-11-24T10:00:00Z", morning),
        ("2026-11-23T22:00:00Z", "2026-11-24T09:59:59Z", told),
        ("2026-11-23T22:00:00Z", "2026-11-23T12:00:00Z", told),
    ] {
        let notice = Notice { due_at: at(due), ..notice("A") };
        assert_eq!(next(&notice, at(now), &customer(), &routes, night()), expected, "{now} {due}");
    }
    let tokyo = CustomerNow { zone: TimeZone::get("Asia/Tokyo").unwrap(), ..customer() };
    let notice = Notice { due_at: at("2026-11-24T11:00:00Z"), ..notice("A") };
    let step = next(&notice, at(NOON), &tokyo, &routes, night());
    assert_eq!(step, Step::Wait { until: at("2026-11-24T00:00:00Z") }, "nine in the morning there");
}

#[test]
fn a_second_route_is_used_when_the_patience_with_the_first_has_ended_or_it_is_urgent() {
    let (first, second) = (works("a", Channel::Sms, 1), works("b", Channel::Sms, 9));
    let urgent = "2026-11-24T10:00:00Z";
    let blocked = |until| Step::Blocked { until: at(until) };
    for (now, first, expected) in [
        (NOON, rests(first.clone(), "2026-11-23T11:50:00Z", "2026-11-23T12:01:00Z"), blocked("2026-11-23T12:01:00Z")),
        (NOON, rests(first.clone(), "2026-11-23T11:30:01Z", "2026-11-23T12:01:00Z"), blocked("2026-11-23T12:00:01Z")),
        (NOON, rests(first.clone(), "2026-11-23T11:30:00Z", "2026-11-23T12:01:00Z"), send(1)),
        (NOON, may_try(first.clone(), "2026-11-23T10:00:00Z"), send(0)),
        (urgent, rests(first, "2026-11-24T09:59:00Z", "2026-11-24T10:01:00Z"), send(1)),
    ] {
        let both = [first, second.clone()];
        assert_eq!(next(&notice("A"), at(now), &customer(), &both, None), expected, "{now} {both:?}");
    }
    let only = [rests(works("a", Channel::Sms, 1), "2026-11-24T09:00:00Z", "2026-11-24T10:01:00Z")];
    assert_eq!(next(&notice("A"), at(urgent), &customer(), &only, None), blocked("2026-11-24T10:01:00Z"));
}

#[test]
fn h62_an_unknown_is_sent_once_more_by_its_own_route_when_that_works_and_a_second_one_goes_to_people() {
    let unknown = || attempt("b", AttemptResult::Unknown("no answer".to_owned()));
    let once = Notice { attempts: vec![unknown()], ..notice("A") };
    let twice = Notice { attempts: vec![unknown(), unknown()], ..notice("A") };
    let (first, second) = (works("a", Channel::Sms, 1), works("b", Channel::Sms, 9));
    let at_noon = |notice: &Notice, routes: &[RouteNow<'_>]| next(notice, at(NOON), &customer(), routes, None);
    assert_eq!(at_noon(&once, &[first.clone(), second.clone()]), send(1));
    assert_eq!(at_noon(&twice, &[first.clone(), second.clone()]), Step::End(State::Unknown));
    // A route that is away is tried by messages that cannot have arrived.
    let away = may_try(second, NOON);
    assert_eq!(at_noon(&once, std::slice::from_ref(&away)), Step::Wait { until: at("2026-11-23T12:01:00Z") });
    assert_eq!(at_noon(&notice("B"), std::slice::from_ref(&away)), send(0));
    let urgent = next(&once, at("2026-11-24T10:30:00Z"), &customer(), std::slice::from_ref(&away), None);
    assert_eq!(urgent, send(0));
}
