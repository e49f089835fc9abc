//! The notices of a configuration: how they are sent, and `[[route]]`, each provider with what it costs and how it is reached.

use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use tessera_carriers::Url;
use tessera_carriers::mail::Server;
use tessera_contract::Pii;
use tessera_crm::notices::plan::Channel;
use tessera_crm::notices::quiet::QuietHours;
use tessera_crm::notices::route::{AddressFrom, RouteSettings};
use tessera_crm::notices::worker::Rules;
use toml::{Table, Value};

use super::{Reader, Setting};

/// The name of the list in the file.
pub(super) const ROUTE: &str = "route";

/// The settings that stand for themselves.
pub(super) const SETTINGS: [Setting; 8] = [
    Setting {
        name: "notices.quiet",
        meaning: "When customers are not to be woken, by their own clock; empty: never mind. A notice that would be late is sent all the same.",
        default: "\"21:00-09:00\"",
    },
    Setting {
        name: "notices.time_zone",
        meaning: "Where customers live who said nothing else (IANA). Empty: in the ledger's time zone.",
        default: "\"\"",
    },
    Setting {
        name: "notices.time_zone_fact",
        meaning: "The fact that says where a customer lives, as a time zone. Empty: nobody is asked.",
        default: "\"\"",
    },
    Setting { name: "notices.texts", meaning: "File of texts (TOML). Empty: the texts that are built in.", default: "\"\"" },
    Setting {
        name: "notices.unknown_seconds",
        meaning: "How long a delivery receipt is waited for where nobody knows what became of a message, before it is sent once more.",
        default: "600",
    },
    Setting { name: "notices.receipt_hours", meaning: "How long a delivery receipt is waited for otherwise.", default: "20" },
    Setting {
        name: "notices.codes_per_hour",
        meaning: "Codes that confirm phones and addresses, at most so many an hour, whatever they cost; 0: none.",
        default: "1000",
    },
    Setting {
        name: "notices.receipts_at",
        meaning: "Where providers on this machine report what has arrived. Empty: at listen.crm.",
        default: "\"\"",
    },
];

/// How the list stands in the reference page.
pub(super) const REFERENCE: &str = "
# Whom notices are sent by: one [[route]] for each provider, at the end of the file; none: notices are kept and listed, and
# nothing is sent. The cheapest is used first, price divided by what arrives. Not in the environment, but for secrets: `secret`
# names a variable or a file that only we can read, and is never written here.
#
# [[route]]
# name = \"main\"
# by = \"kannel\"                  # kannel | telegram | smtp | webhook
# url = \"http://127.0.0.1:13013/cgi-bin/sendsms\"
# user = \"tessera\"
# secret = \"env:KANNEL_PASSWORD\" # or file:/etc/tessera/kannel
# sender = \"SHOP\"                # as it is registered; of smtp: Shop <shop@example.com>
# subject = \"Your purchase\"      # of smtp
# fact = \"email\"                 # the fact that holds the address; of smtp and telegram
# prefixes = [\"+44\", \"+49\"]      # none: everywhere
# price = \"0.045\"                # of a part, in your currency
# delivery_percent = 97
# per_second = 30
# window = 10                    # so many at once, up to 64
# patience_minutes = 30          # how long it may be away until the next one is used
# receipts = true                # the provider says later what has arrived; of kannel
";

/// What keys a route may have.
const KEYS: [&str; 15] = [
    "name",
    "by",
    "url",
    "user",
    "secret",
    "sender",
    "subject",
    "fact",
    "prefixes",
    "price",
    "delivery_percent",
    "per_second",
    "patience_minutes",
    "receipts",
    "window",
];

/// How notices are sent.
#[derive(Clone, Debug)]
pub(crate) struct NoticesConfig {
    pub(crate) rules: Rules,
    pub(crate) texts: Option<PathBuf>,
    pub(crate) receipts_at: Option<String>,
    pub(crate) routes: Vec<RouteConfig>,
}

/// A route as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct RouteConfig {
    pub(crate) settings: RouteSettings,
    pub(crate) by: By,
}

/// What a route's provider speaks.
#[derive(Clone, Debug)]
pub(crate) enum By {
    Kannel { url: Url, user: String, secret: Secret, sender: String },
    Telegram { url: Url, secret: Secret },
    Webhook { url: Url, secret: Secret },
    Smtp { server: Server, login: Option<(String, Secret)>, from: Mailbox, subject: String },
}

/// Where a secret stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Secret {
    Environment(String),
    File(PathBuf),
}

impl Secret {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("env", name) if !name.is_empty() => Some(Self::Environment(name.to_owned())),
            ("file", path) if !path.is_empty() => Some(Self::File(PathBuf::from(path))),
            _ => None,
        }
    }

    /// The secret itself; a file's last line break is not part of it.
    ///
    /// # Errors
    /// It is not there, or others can read its file.
    pub(crate) fn read(&self) -> Result<Pii<String>, String> {
        match self {
            Self::Environment(name) => std::env::var(name).map(Pii::new).map_err(|_| format!("{name} is not in the environment")),
            Self::File(path) => {
                let shown = path.display();
                refuse_open(path)?;
                let text = std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
                Ok(Pii::new(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
        }
    }
}

#[cfg(unix)]
fn refuse_open(path: &std::path::Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if metadata.mode() & 0o077 > 0 {
        return Err(format!("{shown} can be read by others: chmod 400 {shown}"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open(_: &std::path::Path) -> Result<(), String> {
    Ok(())
}

impl Reader {
    /// How notices are sent; none: faults were found.
    pub(super) fn notices(&mut self, ledger_zone: Option<&TimeZone>) -> Option<NoticesConfig> {
        let quiet = self.parsed("notices.quiet", "hours such as 21:00-09:00, or nothing", |text| {
            if text.is_empty() { Some(None) } else { QuietHours::parse(text).map(Some) }
        });
        let zone = self.parsed("notices.time_zone", "a time zone such as Europe/London, or nothing", |text| {
            if text.is_empty() { ledger_zone.cloned().or(Some(TimeZone::UTC)) } else { TimeZone::get(text).ok() }
        });
        let unknown = self.parsed("notices.unknown_seconds", "seconds from 1 to 3600", |text| within(text, 1, 3_600));
        let codes = self.parsed("notices.codes_per_hour", "a number from 0 to 100000", |text| within(text, 0, 100_000));
        let receipt = self.parsed("notices.receipt_hours", "hours from 1 to 168", |text| within(text, 1, 168));
        let receipts_at = self.parsed("notices.receipts_at", "an address such as http://127.0.0.1:7304, or nothing", |text| {
            if text.is_empty() { Some(None) } else { Url::parse(text).ok().map(|_| Some(text.trim_end_matches('/').to_owned())) }
        });
        let zone_fact = Some(self.text("notices.time_zone_fact")).filter(|fact| !fact.is_empty());
        Some(NoticesConfig {
            rules: Rules {
                quiet: quiet?,
                zone: zone?,
                zone_fact,
                unknown_wait: SignedDuration::from_secs(unknown?),
                receipt_wait: SignedDuration::from_hours(receipt?),
                codes_hour_max: usize::try_from(codes?).unwrap_or(usize::MAX),
            },
            texts: self.path("notices.texts"),
            receipts_at: receipts_at?,
            routes: std::mem::take(&mut self.routes),
        })
    }
}

fn within(text: &str, least: i64, most: i64) -> Option<i64> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

/// Reads the list; each fault is told with its place.
pub(super) fn read(value: &Value, origin: &str, faults: &mut Vec<String>) -> Vec<RouteConfig> {
    let Some(items) = value.as_array() else {
        faults.push(format!("{ROUTE} ({origin}): must be a list, each route under [[route]]"));
        return Vec::new();
    };
    let mut routes: Vec<RouteConfig> = Vec::new();
    for (place, item) in (1_usize..).zip(items) {
        let Some(table) = item.as_table() else {
            faults.push(format!("{ROUTE}[{place}] ({origin}): must be a table"));
            continue;
        };
        let mut route = Written { table, place: format!("{ROUTE}[{place}]"), origin, faults };
        let Some(read) = route.read() else { continue };
        if routes.iter().any(|known| known.settings.name == read.settings.name) {
            route.fault("name", "is the name of an earlier route too");
        }
        routes.push(read);
    }
    routes
}

/// A route as it is written, and where faults go.
struct Written<'a> {
    table: &'a Table,
    place: String,
    origin: &'a str,
    faults: &'a mut Vec<String>,
}

impl Written<'_> {
    fn fault(&mut self, key: &str, what: &str) {
        self.faults.push(format!("{}.{key} ({}): {what}", self.place, self.origin));
    }

    fn read(&mut self) -> Option<RouteConfig> {
        for key in self.table.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            self.faults.push(format!("{}.{key} ({}): there is no such setting of a route", self.place, self.origin));
        }
        let is_name = |text: &str| {
            let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
            (!text.is_empty() && text.len() <= 32 && text.chars().all(is_plain)).then(|| text.to_owned())
        };
        let name = self.text("name", None, "must be 1 to 32 letters, digits, - or _", is_name);
        let by = self.by();
        let price = self.text("price", Some("0"), "must be an amount such as \"0.045\"", micros);
        let prefixes = self.prefixes();
        let delivery_percent = self.number("delivery_percent", 100, 1, 100);
        let per_second = self.number("per_second", 10, 1, 10_000);
        let window = self.number("window", 10, 1, 64);
        let patience = self.number("patience_minutes", 30, 0, 24 * 60);
        let gives_receipts = match self.table.get("receipts").map(Value::as_bool) {
            None => Some(false),
            Some(Some(gives)) => Some(gives),
            Some(None) => {
                self.fault("receipts", "must be true or false");
                None
            }
        };
        let by = by?;
        let (channel, address) = self.address(&by)?;
        let settings = RouteSettings {
            name: name?,
            channel,
            address,
            prefixes: prefixes?,
            price_micros: price?,
            delivery_percent: delivery_percent?,
            per_second: per_second?,
            window: usize::try_from(window?).ok()?,
            patience: SignedDuration::from_mins(i64::from(patience?)),
            gives_receipts: gives_receipts? && channel == Channel::Sms,
        };
        Some(RouteConfig { settings, by })
    }

    fn by(&mut self) -> Option<By> {
        let kind = self.text("by", None, "must be kannel, telegram, smtp or webhook", |text| Some(text.to_owned()))?;
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let url = |written: &mut Self, default| {
            written.text("url", default, &tessera_carriers::UrlFault.to_string(), |text| Url::parse(text).ok())
        };
        let secret = |written: &mut Self| written.text("secret", None, "must be env:NAME or file:PATH", Secret::parse);
        match kind.as_str() {
            "kannel" => {
                let (url, secret) = (url(self, None), secret(self));
                let user = self.text("user", None, "must be the user of sendsms", some);
                let sender = self.text("sender", None, "must be the sender's name as it is registered", some);
                Some(By::Kannel { url: url?, user: user?, secret: secret?, sender: sender? })
            }
            "telegram" => {
                let (url, secret) = (url(self, Some("https://api.telegram.org")), secret(self));
                Some(By::Telegram { url: url?, secret: secret? })
            }
            "webhook" => {
                let (url, secret) = (url(self, None), secret(self));
                Some(By::Webhook { url: url?, secret: secret? })
            }
            "smtp" => {
                let server =
                    self.text("url", None, &tessera_carriers::mail::ServerFault.to_string(), |text| Server::parse(text).ok());
                let from = self.text("sender", None, "must be as in Shop <shop@example.com>", |text| text.parse().ok());
                let subject = self.text("subject", Some("Your purchase"), "must be a text", some);
                let login = match self.table.contains_key("user") {
                    true => Some((self.text("user", None, "must be a text", some)?, secret(self)?)),
                    false => None,
                };
                Some(By::Smtp { server: server?, login, from: from?, subject: subject? })
            }
            _ => {
                self.fault("by", "must be kannel, telegram, smtp or webhook");
                None
            }
        }
    }

    /// The channel that customers see, and where their address stands.
    fn address(&mut self, by: &By) -> Option<(Channel, AddressFrom)> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut fact = |default| self.text("fact", Some(default), "must be the id of a fact", some).map(AddressFrom::Fact);
        match by {
            By::Kannel { .. } => Some((Channel::Sms, AddressFrom::Phone)),
            By::Telegram { .. } => Some((Channel::Telegram, fact("telegram")?)),
            By::Smtp { .. } => Some((Channel::Email, fact("email")?)),
            By::Webhook { .. } => Some((Channel::Webhook, AddressFrom::Customer)),
        }
    }

    fn text<T>(&mut self, key: &str, default: Option<&str>, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = match self.table.get(key) {
            Some(value) => value.as_str(),
            None => default,
        };
        let value = text.and_then(parse);
        if value.is_none() {
            self.fault(key, wanted);
        }
        value
    }

    fn number(&mut self, key: &str, default: u32, least: u32, most: u32) -> Option<u32> {
        let number = match self.table.get(key) {
            None => Some(default),
            Some(value) => value.as_integer().and_then(|number| u32::try_from(number).ok()),
        };
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.fault(key, &format!("must be a number from {least} to {most}"));
        }
        number
    }

    fn prefixes(&mut self) -> Option<Vec<String>> {
        let Some(value) = self.table.get("prefixes") else { return Some(Vec::new()) };
        let is_prefix = |text: &str| {
            text.strip_prefix('+').is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit()))
        };
        let read = |item: &Value| item.as_str().filter(|text| is_prefix(text)).map(str::to_owned);
        let prefixes: Option<Vec<String>> = value.as_array().and_then(|items| items.iter().map(read).collect());
        if prefixes.is_none() {
            self.fault("prefixes", "must be a list such as [\"+44\", \"+49\"]");
        }
        prefixes
    }
}

/// An amount of money in micros.
fn micros(text: &str) -> Option<u64> {
    let amount: rust_decimal::Decimal = text.parse().ok()?;
    let micros = amount.checked_mul(rust_decimal::Decimal::from(1_000_000))?;
    if !micros.fract().is_zero() {
        return None;
    }
    u64::try_from(micros).ok()
}

#[cfg(test)]
mod tests;
