//! What a notice does next: a pure function of the notice, the time, what is known of the customer, and how the routes are.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::health::Condition;
use super::notice::{AttemptResult, Ending, Notice, Reason, State, UNKNOWN_MAX};
use super::quiet::QuietHours;

/// So long before a notice is due nothing that is only polite or cheap delays it any more: quiet hours, a route's patience, an
/// unknown that waits for its route.
const URGENT_BEFORE_DUE: SignedDuration = SignedDuration::from_hours(1);

/// A message that may have arrived already tries no route out: it makes way for others and is looked at again after this.
const UNKNOWN_PUT_OFF: SignedDuration = SignedDuration::from_mins(1);

/// A way on which customers read messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Text messages to a phone.
    Sms,
    /// Messages of a Telegram bot.
    Telegram,
    /// Mail.
    Email,
    /// A call of the business's own system, which tells the customer.
    Webhook,
}

/// A route as it is now.
#[derive(Clone, Debug)]
pub struct RouteNow<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its channel.
    pub channel: Channel,
    /// What a message costs that arrives: the price of a part divided by the share that is delivered, micros.
    pub cost_micros: u64,
    /// How it is.
    pub condition: Condition,
    /// Since when it is away.
    pub away_since: Option<Timestamp>,
    /// How long it may be away until the next one is used instead.
    pub patience: SignedDuration,
    /// It goes to this customer's address.
    pub reaches: bool,
}

/// What is known of a customer when a notice is to be sent.
#[derive(Clone, Debug)]
pub struct CustomerNow {
    /// They want no messages.
    pub stopped: bool,
    /// They left an address for one of the channels that there are.
    pub has_address: bool,
    /// Where they live.
    pub zone: TimeZone,
    /// The place of each channel that they chose; those they did not name come behind, by cost.
    pub order: BTreeMap<Channel, usize>,
}

/// What a notice does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is looked at again then: written down.
    Wait {
        /// When.
        until: Timestamp,
    },
    /// It would be sent, but its route is away: nothing is written; what comes behind waits too.
    Blocked {
        /// When to look again at the latest.
        until: Timestamp,
    },
    /// It is sent.
    Send {
        /// By which of the routes.
        route: usize,
        /// In the customer's quiet hours, which end too late.
        in_quiet_hours: bool,
    },
    /// That is its end.
    End(State),
}

/// What an open notice, which is not under way, does at `now`.
#[must_use]
pub fn next(notice: &Notice, now: Timestamp, customer: &CustomerNow, routes: &[RouteNow<'_>], quiet: Option<QuietHours>) -> Step {
    if notice.code.is_some() {
        return next_of_code(notice, now, customer, routes);
    }
    if notice.unknowns() >= UNKNOWN_MAX {
        return Step::End(State::Unknown);
    }
    if customer.stopped {
        return Step::End(State::Undeliverable(Reason::Stopped));
    }
    let candidates = candidates(notice, customer, routes);
    if candidates.is_empty() {
        return Step::End(State::Undeliverable(why_not(notice, customer)));
    }
    let urgent_at = notice.due_at.saturating_sub(URGENT_BEFORE_DUE).unwrap_or(now);
    let quiet_until = quiet.and_then(|quiet| quiet.end(now, &customer.zone));
    if let Some(until) = quiet_until.filter(|until| *until <= urgent_at) {
        return Step::Wait { until };
    }
    let is_urgent = now >= urgent_at;
    let is_away = candidates.first().is_some_and(|(_, route)| route.condition != Condition::Works);
    if notice.unknowns() > 0 && is_away && !is_urgent {
        return Step::Wait { until: now.saturating_add(UNKNOWN_PUT_OFF).unwrap_or(urgent_at).min(urgent_at) };
    }
    match choose(now, urgent_at, &candidates) {
        Ok(route) => Step::Send { route, in_quiet_hours: quiet_until.is_some() },
        Err(until) => Step::Blocked { until },
    }
}

/// A code is sent at once, by the first route that may be tried, and never again once it may have arrived: its customer can have
/// another (H62). When its time is over there is nothing to tell.
fn next_of_code(notice: &Notice, now: Timestamp, customer: &CustomerNow, routes: &[RouteNow<'_>]) -> Step {
    if now >= notice.due_at {
        return Step::End(State::Ended(Ending::Lapsed));
    }
    if notice.unknowns() > 0 {
        return Step::Wait { until: notice.due_at };
    }
    if customer.stopped {
        return Step::End(State::Undeliverable(Reason::Stopped));
    }
    let candidates = candidates(notice, customer, routes);
    if candidates.is_empty() {
        return Step::End(State::Undeliverable(why_not(notice, customer)));
    }
    match choose(now, now, &candidates) {
        Ok(route) => Step::Send { route, in_quiet_hours: false },
        Err(until) => Step::Blocked { until: until.min(notice.due_at) },
    }
}

/// Routes that are left for it, the best first: as the customer wants, then the cheapest. Where the fate of an attempt is
/// unknown, its route comes first: by the same mark its provider may know it.
fn candidates<'a>(notice: &Notice, customer: &CustomerNow, routes: &'a [RouteNow<'a>]) -> Vec<(usize, &'a RouteNow<'a>)> {
    let has = |route: &str, wanted: fn(&AttemptResult) -> bool| {
        notice.current().iter().any(|attempt| attempt.route == route && wanted(&attempt.result))
    };
    let is_spent = |result: &AttemptResult| matches!(result, AttemptResult::Refused(_) | AttemptResult::NotDelivered(_));
    let is_unknown = |result: &AttemptResult| matches!(result, AttemptResult::Unknown(_));
    let mut left: Vec<(usize, &RouteNow<'_>)> =
        routes.iter().enumerate().filter(|(_, route)| route.reaches && !has(route.name, is_spent)).collect();
    left.sort_by_key(|(place, route)| {
        let wanted = customer.order.get(&route.channel).copied().unwrap_or(usize::MAX);
        (!has(route.name, is_unknown), wanted, route.cost_micros, *place)
    });
    left
}

fn why_not(notice: &Notice, customer: &CustomerNow) -> Reason {
    match notice.current().last().map(|attempt| &attempt.result) {
        Some(AttemptResult::NotDelivered(_)) => Reason::NotDelivered,
        Some(_) => Reason::Refused,
        None if customer.has_address => Reason::NoRoute,
        None => Reason::NoAddress,
    }
}

/// The first route that works. One that is away is waited for as long as its patience lasts and the notice is not urgent.
fn choose(now: Timestamp, urgent_at: Timestamp, candidates: &[(usize, &RouteNow<'_>)]) -> Result<usize, Timestamp> {
    let mut wake = Timestamp::MAX;
    let is_urgent = now >= urgent_at;
    for (place, route) in candidates {
        match route.condition {
            Condition::Works | Condition::MayTry => return Ok(*place),
            Condition::Rests(until) => wake = wake.min(until),
        }
        let patient_until = route.away_since.unwrap_or(now).saturating_add(route.patience).unwrap_or(now);
        if !is_urgent && now < patient_until {
            return Err(wake.min(patient_until).min(urgent_at));
        }
    }
    Err(wake)
}

#[cfg(test)]
mod tests;
