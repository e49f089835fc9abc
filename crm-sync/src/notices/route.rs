//! A route: a provider with what it costs, how fast it may be used and whom it reaches.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use tessera_contract::Pii;

use super::carrier::Carrier;
use super::contact::Contact;
use super::phone::normalised;
use super::plan::Channel;
use super::segments::split;

/// Where a customer's address for a route stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AddressFrom {
    /// The phone that they enrolled with.
    Phone,
    /// A fact that they stated, such as a chat or an address of mail.
    Fact(String),
    /// Nowhere here: the provider knows customers by their id.
    Customer,
}

/// What is configured of a route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteSettings {
    /// Its name, unique.
    pub name: String,
    /// Its channel.
    pub channel: Channel,
    /// Where the address stands.
    pub address: AddressFrom,
    /// Beginnings of numbers to which it goes, such as `+44`; none: all. A list keeps text messages out of costly countries (H67).
    pub prefixes: Vec<String>,
    /// What a part costs, micros of the business's currency.
    pub price_micros: u64,
    /// Of a hundred messages so many arrive, 1 to 100.
    pub delivery_percent: u32,
    /// Messages a second, at least 1.
    pub per_second: u32,
    /// Messages that may be under way at once, at least 1.
    pub window: usize,
    /// How long it may be away until the next route is used.
    pub patience: SignedDuration,
    /// Its provider tells later whether a message has arrived.
    pub gives_receipts: bool,
}

/// A route that can be used.
#[derive(Clone, Debug)]
pub struct Route {
    /// What is configured.
    pub settings: RouteSettings,
    /// What sends by it.
    pub carrier: Arc<dyn Carrier>,
}

impl RouteSettings {
    /// The customer's address for it; none: they left none.
    #[must_use]
    pub fn address(&self, contact: &Contact, customer: &str) -> Option<Pii<String>> {
        match &self.address {
            AddressFrom::Phone => number(contact.phone.as_ref()?),
            AddressFrom::Fact(fact) => contact.values.get(fact).cloned(),
            AddressFrom::Customer => Some(Pii::new(customer.to_owned())),
        }
    }

    /// It goes to this address.
    #[must_use]
    pub fn reaches(&self, address: &Pii<String>) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| address.expose().starts_with(prefix))
    }

    /// What a message costs that arrives, micros.
    #[must_use]
    pub fn cost_of_arrival(&self) -> u64 {
        let percent = u64::from(self.delivery_percent.clamp(1, 100));
        self.price_micros.saturating_mul(100).checked_div(percent).unwrap_or(self.price_micros)
    }

    /// How many parts of a text are paid for.
    #[must_use]
    pub fn parts(&self, text: &str) -> u32 {
        match self.channel {
            Channel::Sms => split(text).count(),
            Channel::Telegram | Channel::Email | Channel::Webhook => 1,
        }
    }
}

/// A phone in its one form; whether a number that is none we know of was given out since, the provider knows better.
pub(super) fn number(phone: &Pii<String>) -> Option<Pii<String>> {
    normalised(phone.expose(), None).ok().or_else(|| Some(phone.clone()).filter(is_number))
}

/// It has the form of a number, whether it was given out or not.
fn is_number(phone: &Pii<String>) -> bool {
    let digits = phone.expose().strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the customer stated, without the names of whose it is.
#[must_use]
pub fn stated(contact: &Contact) -> BTreeMap<String, String> {
    contact.values.iter().map(|(fact, value)| (fact.clone(), value.expose().clone())).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn settings(name: &str) -> RouteSettings {
        RouteSettings {
            name: name.to_owned(),
            channel: Channel::Sms,
            address: AddressFrom::Phone,
            prefixes: Vec::new(),
            price_micros: 45_000,
            delivery_percent: 100,
            per_second: 1_000,
            window: 64,
            patience: SignedDuration::from_mins(30),
            gives_receipts: false,
        }
    }

    #[test]
    fn h67_a_route_goes_to_its_prefixes_and_a_phone_has_one_form() {
        let route = RouteSettings { prefixes: vec!["+44".to_owned(), "+49".to_owned()], ..settings("a") };
        for (phone, address, reaches) in [
            (Some("+49 (0)30 123456"), Some("+4930123456"), true),
            (Some("+441632960001"), Some("+441632960001"), true),
            (Some("+247 6288"), None, false),
            (Some("+7 495 123-45-67"), Some("+74951234567"), false),
            (None, None, false),
        ] {
            let contact = Contact { phone: phone.map(|phone| Pii::new(phone.to_owned())), ..Contact::default() };
            let found = route.address(&contact, "c-1");
            assert_eq!(found.as_ref().map(|found| found.expose().as_str()), address);
            assert_eq!(found.is_some_and(|found| route.reaches(&found)), reaches, "{phone:?}");
        }
    }

    #[test]
    fn the_cheapest_route_is_price_by_delivery() {
        let route = |price_micros, delivery_percent| RouteSettings { price_micros, delivery_percent, ..settings("a") };
        assert!(route(50_000, 99).cost_of_arrival() < route(40_000, 70).cost_of_arrival());
        assert_eq!((route(45_000, 90).cost_of_arrival(), route(7, 0).cost_of_arrival()), (50_000, 700));
    }
}
