//! A world of its own: a clock that is set, customers, providers that fail as told, and a book in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use async_trait::async_trait;
use tessera_contract::Pii;
use tessera_proto::billing::v1::Outcome;
use tessera_storage::{Fault as StorageFault, MemoryStorage};

use super::*;
use crate::notices::carrier::{Answer, Carrier, Message, Receipt};
use crate::notices::codes::CodeOf;
use crate::notices::contact::{Away, Contact};
use crate::notices::intake::tests::{deferred, response};
use crate::notices::intake::{Digits, Intake, Known};
use crate::notices::notice::tests::at;
use crate::notices::notice::{Ending, Fault, NoticeKind, Reason};
use crate::notices::plan::Channel;
use crate::notices::route::tests::settings;
use crate::notices::route::{AddressFrom, RouteSettings};
use crate::notices::wishes;

mod codes;
mod outage;
mod stopped;

pub(super) const NOON: &str = "2026-11-23T12:00:00Z";

#[derive(Debug)]
pub(super) struct SetClock(AtomicI64);

impl SetClock {
    pub(super) fn set(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Every customer has a phone, but for those whose id says otherwise.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) is_away: AtomicBool,
}

#[async_trait]
impl Contacts for People {
    async fn contact(&self, customer: &str, facts: &BTreeSet<String>, code: Option<&CodeOf>) -> Result<Option<Contact>, Away> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Away("told to".to_owned()));
        }
        let phone = (!customer.contains("nophone")).then(|| Pii::new("+4930123456".to_owned()));
        let all = [("chat", "9001"), ("zone", "Asia/Tokyo"), ("mobile", "+4930123457"), ("email", "c@example.org")];
        let stated = all.into_iter().filter(|(fact, _)| customer.contains(fact) || matches!(*fact, "mobile" | "email"));
        let values =
            stated.filter(|(fact, _)| facts.contains(*fact)).map(|(fact, value)| (fact.to_owned(), Pii::new(value.to_owned())));
        let code = code.filter(|_| customer.contains("code")).map(|_| Pii::new("123456".to_owned()));
        let contact = Contact { phone, language: None, values: values.collect(), code };
        Ok((!customer.contains("erased")).then_some(contact))
    }
}

/// What a provider does at a time.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// Nobody is there.
    Gone,
    /// It takes the message and does not say so.
    TakesInSilence,
    /// It says no for good.
    Refuses,
    /// It wants fewer.
    Throttles,
}

#[derive(Debug)]
pub(super) struct Provider {
    clock: Arc<SetClock>,
    troubles: Vec<(Range<Timestamp>, Trouble)>,
    /// What customers got: mark, time, text, whether it came with the mark of a repeat.
    pub(super) got: Mutex<Vec<(String, Timestamp, String, bool)>>,
    pub(super) asked: AtomicI64,
}

#[async_trait]
impl Carrier for Provider {
    async fn send(&self, message: &Message) -> Answer {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.clock.now();
        let take = || {
            let text = message.text.expose().clone();
            self.got.lock().unwrap().push((message.mark.clone(), now, text, message.is_again));
        };
        match self.troubles.iter().find(|(when, _)| when.contains(&now)).map(|(_, trouble)| trouble) {
            Some(Trouble::Gone) => Answer::NotTaken { why: "nobody is there".to_owned() },
            Some(Trouble::TakesInSilence) => {
                take();
                Answer::Unknown { why: "no answer".to_owned() }
            }
            Some(Trouble::Refuses) => Answer::Refused { code: "11".to_owned() },
            Some(Trouble::Throttles) => Answer::Throttled { retry_after: None },
            None => {
                take();
                Answer::Accepted { provider_id: String::new() }
            }
        }
    }
}

/// A route, and when its provider does what.
pub(super) type Troubled<'a> = (RouteSettings, Vec<(Range<&'a str>, Trouble)>);

pub(super) struct World {
    pub(super) clock: Arc<SetClock>,
    pub(super) storage: Arc<MemoryStorage>,
    pub(super) book: Arc<Book>,
    pub(super) people: Arc<People>,
    pub(super) providers: Vec<Arc<Provider>>,
    pub(super) tools: Tools,
    sequence: u64,
}

pub(super) fn route(name: &str) -> RouteSettings {
    settings(name)
}

impl World {
    /// With these routes, each with its provider's troubles.
    pub(super) fn new(routes: Vec<Troubled<'_>>) -> Self {
        let clock = Arc::new(SetClock(AtomicI64::new(at(NOON).as_microsecond())));
        let storage = Arc::new(MemoryStorage::new(&layout::SPACES));
        let book = Arc::new(Book::new(storage.clone()));
        let people = Arc::new(People::default());
        let (mut made, mut providers) = (Vec::new(), Vec::new());
        for (settings, troubles) in routes {
            let troubles = troubles.into_iter().map(|(when, trouble)| (at(when.start)..at(when.end), trouble)).collect();
            let (got, asked) = (Mutex::default(), AtomicI64::default());
            let provider = Arc::new(Provider { clock: Arc::clone(&clock), troubles, got, asked });
            made.push(Route { settings, carrier: provider.clone() });
            providers.push(provider);
        }
        let tools = Tools {
            book: Arc::clone(&book),
            contacts: people.clone(),
            wording: Wording::built_in(),
            routes: made,
            rules: Rules {
                quiet: None,
                zone: TimeZone::UTC,
                zone_fact: Some("zone".to_owned()),
                unknown_wait: SignedDuration::from_mins(10),
                receipt_wait: SignedDuration::from_hours(2),
                codes_hour_max: 1_000,
            },
            clock: clock.clone(),
        };
        Self { clock, storage, book, people, providers, tools, sequence: 0 }
    }

    /// Outcomes come by the feed.
    pub(super) async fn feed(&mut self, outcomes: Vec<Outcome>) {
        let mut intake = Intake::open(Arc::clone(&self.book)).await.unwrap();
        let mut numbered = |outcome| {
            self.sequence += 1;
            response(self.sequence, outcome)
        };
        let responses: Vec<_> = outcomes.into_iter().map(&mut numbered).collect();
        let known = Known { digits: &Digits::new(), now: self.clock.now() };
        for batch in responses.chunks(1_000) {
            intake.take(batch, known).await.unwrap();
        }
    }

    pub(super) async fn worker(&self) -> Worker {
        Worker::open(self.tools.clone()).await.unwrap()
    }

    /// Lets time pass until then, as fast as the worker wants it.
    pub(super) async fn run(&self, worker: &mut Worker, until: &str) {
        let until = at(until);
        loop {
            let wake = worker.pass().await.unwrap();
            if wake >= until {
                self.clock.set(until);
                return;
            }
            self.clock.set(wake.max(self.clock.now()));
        }
    }

    pub(super) async fn notice(&self, chain: &str) -> Notice {
        self.book.notice(&Notice::mark(NoticeKind::Deferred, chain)).await.unwrap().unwrap().value
    }

    /// How often each notice was got, by all providers.
    pub(super) fn got(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for provider in &self.providers {
            for (mark, ..) in provider.got.lock().unwrap().iter() {
                *times.entry(mark.clone()).or_default() += 1;
            }
        }
        times
    }

    pub(super) fn times(&self, chain: &str) -> usize {
        self.got().get(&Notice::mark(NoticeKind::Deferred, chain)).copied().unwrap_or(0)
    }
}

fn sale(receipt: &str, customer: &str) -> Outcome {
    deferred(receipt, customer, at(NOON), 150)
}

const TOMORROW: &str = "2026-11-24T13:00:00Z";

#[tokio::test]
async fn p8_a_notice_is_sent_once_with_what_it_tells_and_what_it_cost() {
    let mut world = World::new(vec![(route("a"), vec![])]);
    let mut worker = world.worker().await;
    world.feed(vec![sale("A", "c-1")]).await;
    world.run(&mut worker, TOMORROW).await;
    world.feed(vec![sale("A", "c-1")]).await;
    world.run(&mut worker, "2026-11-25T13:00:00Z").await;
    let got = world.providers[0].got.lock().unwrap().clone();
    assert_eq!(
        got,
        [(Notice::mark(NoticeKind::Deferred, "A"), at(NOON), "Your purchase earned 150 points. Thank you!".to_owned(), false)]
    );
    let notice = world.notice("A").await;
    assert_eq!((notice.state, notice.late, notice.cost_micros()), (State::Unconfirmed, None, 45_000));
    let counts = world.book.counts().await.unwrap();
    assert_eq!((counts["unconfirmed"], counts["due"], counts["sending"]), (1, 0, 0), "{counts:?}");
}

#[tokio::test]
async fn p8_who_cannot_be_told_has_a_reason_and_is_told_when_people_have_mended_it() {
    let mut world = World::new(vec![(route("a"), vec![(NOON.."2026-11-23T13:00:00Z", Trouble::Refuses)])]);
    let mut worker = world.worker().await;
    wishes::change(&world.book, "c-stopped", |wishes| wishes.stopped_at = Some(at(NOON))).await.unwrap();
    world.feed(vec![sale("A", "c-nophone"), sale("B", "c-erased"), sale("C", "c-stopped"), sale("D", "c-4")]).await;
    world.run(&mut worker, "2026-11-23T14:00:00Z").await;
    for (chain, reason) in
        [("A", Reason::NoAddress), ("B", Reason::UnknownCustomer), ("C", Reason::Stopped), ("D", Reason::Refused)]
    {
        assert_eq!(world.notice(chain).await.state, State::Undeliverable(reason), "{chain}");
        assert_eq!(world.times(chain), 0);
    }
    let listed = world.book.hints(layout::FOR_PEOPLE, None, 10).await.unwrap();
    assert_eq!(listed.len(), 4);
    let now = world.clock.now();
    world.book.change(&world.notice("D").await.own_mark(), |notice| progress::retry(notice, now)).await.unwrap();
    world.run(&mut worker, TOMORROW).await;
    assert_eq!((world.notice("D").await.state, world.times("D")), (State::Unconfirmed, 1));
    assert_eq!(world.book.hints(layout::FOR_PEOPLE, None, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn h66_what_comes_back_before_it_is_sent_is_not_told() {
    let mut world = World::new(vec![(route("a"), vec![(NOON.."2026-11-23T15:00:00Z", Trouble::Gone)])]);
    let mut worker = world.worker().await;
    world.feed(vec![sale("A", "c-1"), sale("B", "c-2")]).await;
    world.run(&mut worker, "2026-11-23T14:00:00Z").await;
    let back = |receipt: &str, units: i64| Outcome {
        kind: i32::from(tessera_proto::billing::v1::OutcomeKind::Return),
        original_receipt_id: receipt.to_owned(),
        rewards: vec![crate::notices::tells::tests::points(-units)],
        ..Outcome::default()
    };
    world.feed(vec![back("A", 50), back("B", 150)]).await;
    world.run(&mut worker, TOMORROW).await;
    let got = world.providers[0].got.lock().unwrap().clone();
    assert_eq!(got.len(), 1);
    assert!(got[0].2.contains("100 points"), "{got:?}");
    assert_eq!(world.notice("B").await.state, State::Ended(Ending::CameBack));
}

#[tokio::test]
async fn h71_nobody_is_woken_unless_the_notice_would_be_late_otherwise() {
    let mut world = World::new(vec![(route("a"), vec![])]);
    world.tools.rules.quiet = QuietHours::parse("21:00-09:00");
    let mut worker = world.worker().await;
    world.clock.set(at("2026-11-23T22:00:00Z"));
    let early = deferred("late", "c-3", at("2026-11-22T23:00:00Z"), 5);
    world.feed(vec![sale("A", "c-1"), sale("B", "c-zone"), early]).await;
    world.run(&mut worker, TOMORROW).await;
    for (chain, sent_at, in_quiet_hours) in
        [("A", "2026-11-24T09:00:00Z", false), ("B", "2026-11-24T00:00:00Z", false), ("late", "2026-11-23T22:00:00Z", true)]
    {
        let notice = world.notice(chain).await;
        // It is seven in the morning in Tokyo.
        assert_eq!(notice.attempts[0].started_at, at(sent_at), "{chain}");
        assert_eq!((notice.attempts[0].in_quiet_hours, notice.late), (in_quiet_hours, None), "{chain}");
    }
}

#[tokio::test]
async fn the_second_route_is_used_when_the_first_is_away_too_long_or_does_not_arrive() {
    let gone = vec![(NOON.."2026-11-24T12:00:00Z", Trouble::Gone)];
    let first = RouteSettings { gives_receipts: true, ..route("first") };
    let second = RouteSettings { price_micros: 90_000, ..route("second") };
    let mut world = World::new(vec![(first.clone(), gone), (second.clone(), vec![])]);
    let mut worker = world.worker().await;
    world.feed(vec![sale("A", "c-1")]).await;
    world.run(&mut worker, TOMORROW).await;
    let sent_at = world.notice("A").await.attempts[0].started_at;
    assert!(sent_at >= at("2026-11-23T12:30:00Z") && sent_at < at("2026-11-23T12:33:00Z"), "{sent_at}");
    let mut world = World::new(vec![(first, vec![]), (second, vec![])]);
    let mut worker = world.worker().await;
    world.feed(vec![sale("A", "c-1"), sale("B", "c-2")]).await;
    world.run(&mut worker, "2026-11-23T12:10:00Z").await;
    let failed = |notice: &mut Notice| {
        progress::receipt(notice, "first", Receipt::NotDelivered("2".to_owned()), at("2026-11-23T12:10:00Z"), &[])
    };
    world.book.change(&Notice::mark(NoticeKind::Deferred, "A"), failed).await.unwrap().unwrap();
    world.run(&mut worker, TOMORROW).await;
    let routes = |notice: Notice| notice.attempts.into_iter().map(|attempt| attempt.route).collect::<Vec<_>>();
    assert_eq!(routes(world.notice("A").await), ["first", "second"]);
    assert_eq!(routes(world.notice("B").await), ["first"], "no receipt is no reason to tell twice");
    assert_eq!(world.notice("B").await.state, State::Unconfirmed);
}

#[tokio::test]
async fn customers_are_told_on_the_channel_that_they_want() {
    let chat = RouteSettings {
        channel: Channel::Telegram,
        address: AddressFrom::Fact("chat".to_owned()),
        price_micros: 90_000,
        ..route("chat")
    };
    let mut world = World::new(vec![(route("sms"), vec![]), (chat, vec![])]);
    let mut worker = world.worker().await;
    for customer in ["c-chat", "c-2"] {
        wishes::change(&world.book, customer, |wishes| wishes.order = vec![Channel::Telegram]).await.unwrap();
    }
    world.feed(vec![sale("A", "c-chat"), sale("B", "c-2"), sale("C", "c-chat-too")]).await;
    world.run(&mut worker, TOMORROW).await;
    for (chain, by) in [("A", "chat"), ("B", "sms"), ("C", "sms")] {
        assert_eq!(world.notice(chain).await.attempts[0].route, by, "{chain}");
    }
}
