//! Codes that confirm a phone number or an address of mail: how a notice of one is made, where it goes, and how many are sent
//! (H67). A code is asked of the engine when it is sent and kept nowhere; it is sent once, whatever becomes of it (H62).

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tessera_contract::Pii;
use tessera_contract::convert::timestamp_from_wire;
use tessera_proto::billing::v1::{AnswerKind, Outcome, RecordedAnswer};

use super::contact::Contact;
use super::plan::Channel;
use super::route::number;

/// Codes to one address in [`WINDOW`].
const TO_ONE_MAX: usize = 5;
/// Codes for customers of one store in an hour.
const OF_STORE_HOUR_MAX: usize = 120;
/// How long codes to one address are counted.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Which code a notice tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodeOf {
    /// The fact that it confirms.
    pub fact: String,
    /// The request or receipt that brought the answer.
    pub asked_by: String,
    /// Where it goes.
    pub to: CodeTo,
}

/// What the answer is that a code goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeTo {
    /// A phone number.
    Phone,
    /// An address of mail.
    Email,
}

impl CodeOf {
    /// The code that an answer of an outcome asks for, and until when it is good; none: it asks for none.
    #[must_use]
    pub fn asked(outcome: &Outcome, answer: &RecordedAnswer) -> Option<(Self, Timestamp)> {
        let until = answer.code_until.as_ref().and_then(timestamp_from_wire)?;
        let to = match answer.code_to() {
            AnswerKind::Phone => CodeTo::Phone,
            AnswerKind::Email => CodeTo::Email,
            AnswerKind::Unspecified
            | AnswerKind::Text
            | AnswerKind::Date
            | AnswerKind::Number
            | AnswerKind::YesNo
            | AnswerKind::OneOf => return None,
        };
        Some((Self { fact: answer.fact_id.clone(), asked_by: outcome.outcome_id.clone(), to }, until))
    }

    /// The name of its notice's chain: no receipt's, since minted ids have no `#`.
    #[must_use]
    pub fn chain(&self) -> String {
        format!("{}#{}", self.asked_by, self.fact)
    }

    /// The answer as an address of this channel; none: the code does not go there.
    #[must_use]
    pub fn address(&self, channel: Channel, contact: &Contact) -> Option<Pii<String>> {
        let value = contact.values.get(&self.fact)?;
        match (self.to, channel) {
            (CodeTo::Phone, Channel::Sms) => number(value),
            (CodeTo::Email, Channel::Email) => Some(value.clone()),
            (CodeTo::Phone, Channel::Telegram | Channel::Email | Channel::Webhook)
            | (CodeTo::Email, Channel::Sms | Channel::Telegram | Channel::Webhook) => None,
        }
    }
}

/// Codes that were sent of late. In memory: a restart forgets them, and then as many may go again.
#[derive(Debug)]
pub struct Sent {
    hour_max: usize,
    recent: VecDeque<OneSent>,
}

#[derive(Debug)]
struct OneSent {
    at: Timestamp,
    /// Of the address: it is kept nowhere (H80).
    to: [u8; 16],
    store: String,
}

impl Sent {
    /// None yet; at most so many in an hour, whatever they are for.
    #[must_use]
    pub const fn new(hour_max: usize) -> Self {
        Self { hour_max, recent: VecDeque::new() }
    }

    /// Takes leave to send one. False: too many were sent of late, to this address, for this store or at all.
    pub fn take(&mut self, at: Timestamp, to: &Pii<String>, store: &str) -> bool {
        while self.recent.front().is_some_and(|sent| at.duration_since(sent.at) >= WINDOW) {
            self.recent.pop_front();
        }
        let hash = hash(to);
        let in_hour = |sent: &&OneSent| at.duration_since(sent.at) < HOUR;
        let to_one = self.recent.iter().filter(|sent| sent.to == hash).count();
        let of_store = self.recent.iter().filter(in_hour).filter(|sent| sent.store == store).count();
        let all = self.recent.iter().filter(in_hour).count();
        let may = to_one < TO_ONE_MAX && of_store < OF_STORE_HOUR_MAX && all < self.hour_max;
        if may {
            self.recent.push_back(OneSent { at, to: hash, store: store.to_owned() });
        }
        may
    }

    /// The last one to this address was not sent.
    pub fn give_back(&mut self, to: &Pii<String>) {
        let hash = hash(to);
        if let Some(place) = self.recent.iter().rposition(|sent| sent.to == hash) {
            self.recent.remove(place);
        }
    }
}

fn hash(to: &Pii<String>) -> [u8; 16] {
    let mut hash = [0; 16];
    blake3::Hasher::new_derive_key("tessera addresses of codes 1").update(to.expose().as_bytes()).finalize_xof().fill(&mut hash);
    hash
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::at;
    use super::*;

    fn taken(sent: &mut Sent, times: usize, minute: usize, to: &str, store: &str) -> usize {
        let now = at("2026-11-23T12:00:00Z") + SignedDuration::from_mins(i64::try_from(minute).unwrap());
        (0..times).filter(|_| sent.take(now, &Pii::new(to.to_owned()), store)).count()
    }

    #[test]
    fn h67_codes_are_capped_by_address_by_store_and_at_all() {
        let mut sent = Sent::new(1_000);
        assert_eq!(taken(&mut sent, 2, 0, "+441", "S1"), 2);
        sent.give_back(&Pii::new("+441".to_owned()));
        assert_eq!(taken(&mut sent, 9, 0, "+441", "S1"), TO_ONE_MAX - 1, "what was not sent counts not");
        assert_eq!(taken(&mut sent, 1, 24 * 60 - 1, "+441", "S2"), 0, "a day has not gone by");
        assert_eq!(taken(&mut sent, 9, 24 * 60, "+441", "S1"), TO_ONE_MAX);
        let mut of_store = 0;
        for number in 0..100 {
            of_store += taken(&mut sent, 2, 48 * 60, &format!("+44{number}"), "S1");
        }
        assert_eq!(of_store, OF_STORE_HOUR_MAX);
        assert_eq!(taken(&mut sent, 1, 48 * 60, "+4599", "S2"), 1, "another store's goes");
        assert_eq!(taken(&mut sent, 1, 49 * 60, "+4598", "S1"), 1, "an hour later too");
        let mut few = Sent::new(3);
        let all: usize = (0..9).map(|number| taken(&mut few, 1, 0, &format!("+44{number}"), &format!("S{number}"))).sum();
        assert_eq!(all, 3);
    }

    #[test]
    fn a_code_goes_to_the_answer_by_its_own_channel_alone() {
        let contact = |fact: &str, value: &str| Contact {
            phone: Some(Pii::new("+441632960009".to_owned())),
            values: [(fact.to_owned(), Pii::new(value.to_owned()))].into(),
            ..Contact::default()
        };
        let of = |fact: &str, to| CodeOf { fact: fact.to_owned(), asked_by: "q".to_owned(), to };
        for (code, value, channel, expected) in [
            (of("mobile", CodeTo::Phone), "+441632960001", Channel::Sms, Some("+441632960001")),
            (of("mobile", CodeTo::Phone), "+441632960001", Channel::Email, None),
            (of("mobile", CodeTo::Phone), "nonsense", Channel::Sms, None),
            (of("email", CodeTo::Email), "a@b.example", Channel::Email, Some("a@b.example")),
            (of("email", CodeTo::Email), "a@b.example", Channel::Sms, None),
            (of("email", CodeTo::Email), "a@b.example", Channel::Webhook, None),
        ] {
            let found = code.address(channel, &contact(&code.fact, value));
            assert_eq!(found.as_ref().map(|found| found.expose().as_str()), expected, "{code:?} {channel:?}");
        }
        assert_eq!(of("mobile", CodeTo::Phone).address(Channel::Sms, &contact("email", "+441632960001")), None);
    }
}
