//! What is done for one notice that is due: ask how its customer is reached, ask what comes next, and do that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use metrics::counter;
use tessera_contract::Pii;

use super::{Handled, Worker, still_open};
use crate::notices::book::{BookError, Kept};
use crate::notices::carrier::{Answer, Message};
use crate::notices::codes::Sent;
use crate::notices::contact::Contact;
use crate::notices::health::Condition;
use crate::notices::layout;
use crate::notices::notice::{Attempt, AttemptResult, Ending, Notice, Reason, State};
use crate::notices::plan::{self, CustomerNow, RouteNow, Step};
use crate::notices::progress::{self, Waits};
use crate::notices::route::{AddressFrom, Route, stated};
use crate::notices::scan::Entry;
use crate::notices::tells;
use crate::notices::wishes::Wishes;

/// After so long an engine that does not answer is asked again.
const ENGINE_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// A notice whose own routes are away, while others work, is put off by this: it must not stand in the way.
const PUT_OFF: SignedDuration = SignedDuration::from_secs(60);

impl Worker {
    pub(super) async fn go_on(&self, entry: Entry, kept: &Kept<Notice>, now: Timestamp) -> Result<Handled, BookError> {
        let notice = &kept.value;
        if notice.code.is_none() && notice.is_untold() && tells::is_nothing(&notice.tells) {
            return self.end(kept, State::Ended(Ending::CameBack), now).await;
        }
        let contact = match self.tools.contacts.contact(&notice.customer, &self.facts(notice), notice.code.as_ref()).await {
            Ok(Some(contact)) => contact,
            Ok(None) => return self.end(kept, State::Undeliverable(Reason::UnknownCustomer), now).await,
            Err(away) => {
                tracing::warn!(error = %away, "notices wait for the engine");
                return Ok(Handled::Blocked(entry, later(now, ENGINE_PAUSE)));
            }
        };
        if notice.code.is_some() && contact.code.is_none() {
            return self.end(kept, State::Ended(Ending::Lapsed), now).await;
        }
        let address = |route: &Route| match &notice.code {
            None => route.settings.address(&contact, &notice.customer),
            Some(code) => code.address(route.settings.channel, &contact),
        };
        let addresses: Vec<Option<Pii<String>>> = self.tools.routes.iter().map(address).collect();
        let customer = self.customer(notice, &contact, &addresses).await?;
        let routes = self.routes(&addresses, now);
        match plan::next(notice, now, &customer, &routes, self.tools.rules.quiet) {
            Step::Wait { until } => self.change(kept, |notice| notice.look_at = until).await,
            Step::End(state) => self.end(kept, state, now).await,
            Step::Blocked { until } => {
                if routes.iter().any(|route| route.condition == Condition::Works) {
                    return self.change(kept, |notice| notice.look_at = until.max(later(now, PUT_OFF))).await;
                }
                Ok(Handled::Blocked(entry, until))
            }
            Step::Send { route, in_quiet_hours } => {
                let to = addresses.into_iter().nth(route).flatten().unwrap_or_else(|| Pii::new(String::new()));
                let text = self.text(notice, &contact);
                let message = Message {
                    mark: notice.own_mark(),
                    to,
                    text: Pii::new(text),
                    customer: notice.customer.clone(),
                    is_again: notice.unknowns() > 0,
                };
                self.send(entry, kept, (route, in_quiet_hours), message).await
            }
        }
    }

    async fn end(&self, kept: &Kept<Notice>, state: State, now: Timestamp) -> Result<Handled, BookError> {
        self.change(kept, |notice| progress::end(notice, state, now)).await
    }

    fn codes(&self) -> MutexGuard<'_, Sent> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self, notice: &Notice, contact: &Contact) -> String {
        let (wording, language, stated) = (&self.tools.wording, contact.language.as_deref(), stated(contact));
        match &contact.code {
            Some(code) => wording.text_of_code(notice, language, &stated, code),
            None => wording.text(notice, language, &stated),
        }
    }

    /// The facts without which nothing can be sent, and no others.
    fn facts(&self, notice: &Notice) -> BTreeSet<String> {
        let mut facts = self.tools.wording.facts().clone();
        facts.extend(notice.code.iter().map(|code| code.fact.clone()));
        facts.extend(self.tools.rules.zone_fact.clone());
        facts.extend(self.tools.routes.iter().filter_map(|route| match &route.settings.address {
            AddressFrom::Fact(fact) => Some(fact.clone()),
            AddressFrom::Phone | AddressFrom::Customer => None,
        }));
        facts
    }

    async fn customer(
        &self,
        notice: &Notice,
        contact: &Contact,
        addresses: &[Option<Pii<String>>],
    ) -> Result<CustomerNow, BookError> {
        let wishes = self.tools.book.read::<Wishes>("a customer", &layout::customer(&notice.customer)).await?;
        let wishes = wishes.map(|kept| kept.value).unwrap_or_default();
        let rules = &self.tools.rules;
        let stated = rules.zone_fact.as_ref().and_then(|fact| contact.values.get(fact));
        let zone = stated.and_then(|zone| TimeZone::get(zone.expose()).ok());
        let order: BTreeMap<_, _> = wishes.order.iter().enumerate().map(|(place, channel)| (*channel, place)).collect();
        Ok(CustomerNow {
            stopped: wishes.stopped_at.is_some(),
            has_address: addresses.iter().any(Option::is_some),
            zone: zone.unwrap_or_else(|| rules.zone.clone()),
            order,
        })
    }

    fn routes(&self, addresses: &[Option<Pii<String>>], now: Timestamp) -> Vec<RouteNow<'_>> {
        let routes = self.tools.routes.iter().zip(addresses).enumerate();
        let now_of = routes.map(|(place, (route, address))| {
            let (condition, away_since) = self.condition(place, now);
            RouteNow {
                name: &route.settings.name,
                channel: route.settings.channel,
                cost_micros: route.settings.cost_of_arrival(),
                condition,
                away_since,
                patience: route.settings.patience,
                reaches: address.as_ref().is_some_and(|address| route.settings.reaches(address)),
            }
        });
        now_of.collect()
    }

    /// Takes leave, writes the attempt down, makes it, writes down what became of it.
    async fn send(
        &self,
        entry: Entry,
        kept: &Kept<Notice>,
        (place, in_quiet_hours): (usize, bool),
        message: Message,
    ) -> Result<Handled, BookError> {
        let now = self.tools.clock.now();
        let Some(route) = self.tools.routes.get(place) else { return Ok(Handled::Done) };
        if let Some(Err(until)) = self.health(place).map(|mut health| health.take(now)) {
            return Ok(Handled::Blocked(entry, until));
        }
        let is_code = kept.value.code.is_some();
        if is_code && !self.codes().take(now, &message.to, &kept.value.store) {
            self.give_back(place, None);
            return self.end(kept, State::Undeliverable(Reason::TooManyCodes), now).await;
        }
        let code_to = is_code.then_some(&message.to);
        let parts = route.settings.parts(message.text.expose());
        let attempt = Attempt {
            route: route.settings.name.clone(),
            started_at: now,
            ended_at: None,
            result: AttemptResult::Started,
            provider_id: String::new(),
            parts,
            cost_micros: route.settings.price_micros.saturating_mul(u64::from(parts)),
            in_quiet_hours,
        };
        let mut begun = kept.value.clone();
        progress::begin(&mut begun, attempt);
        if self.tools.book.put(Some(kept), begun).await?.is_none() {
            self.give_back(place, code_to);
            return Ok(Handled::Open(entry));
        }
        let answer = route.carrier.send(&message).await;
        if let (Some(to), Answer::NotTaken { .. } | Answer::Throttled { .. } | Answer::Refused { .. }) = (code_to, &answer) {
            self.codes().give_back(to);
        }
        self.note_answer(place, &answer);
        self.write_answer(place, &message.mark, answer).await
    }

    /// What was taken leave for is not sent.
    fn give_back(&self, place: usize, code_to: Option<&Pii<String>>) {
        if let Some(mut health) = self.health(place) {
            health.give_back();
        }
        if let Some(to) = code_to {
            self.codes().give_back(to);
        }
    }

    /// What an answer says of its route.
    fn note_answer(&self, place: usize, answer: &Answer) {
        let now = self.tools.clock.now();
        let (Some(mut health), Some(route)) = (self.health(place), self.tools.routes.get(place)) else { return };
        let name = match answer {
            Answer::Accepted { .. } => {
                health.worked();
                "accepted"
            }
            Answer::Refused { .. } => {
                health.worked();
                "refused"
            }
            Answer::NotTaken { why } => {
                tracing::warn!(route = route.settings.name, why, "the provider takes nothing");
                health.failed(now, false);
                "not_taken"
            }
            Answer::Unknown { why } => {
                tracing::warn!(route = route.settings.name, why, "what became of a message is unknown");
                health.failed(now, true);
                "unknown"
            }
            Answer::Throttled { retry_after } => {
                health.throttled(now, retry_after.and_then(|pause| SignedDuration::try_from(pause).ok()));
                "throttled"
            }
        };
        counter!("notices_attempts_total", "route" => route.settings.name.clone(), "answer" => name).increment(1);
    }

    /// Somebody may have written the notice meanwhile: goods came back, or a receipt was quicker than the answer.
    async fn write_answer(&self, place: usize, mark: &str, answer: Answer) -> Result<Handled, BookError> {
        let (rules, now) = (&self.tools.rules, self.tools.clock.now());
        let gives_receipts = self.tools.routes.get(place).is_some_and(|route| route.settings.gives_receipts);
        let waits = Waits { unknown: rules.unknown_wait, receipt: gives_receipts.then_some(rules.receipt_wait) };
        while let Some(kept) = self.tools.book.notice(mark).await? {
            let mut notice = kept.value.clone();
            progress::answered(&mut notice, answer.clone(), now, waits, self.outages());
            if let Some(written) = self.tools.book.put(Some(&kept), notice).await? {
                return Ok(still_open(&written));
            }
        }
        Ok(Handled::Done)
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}
