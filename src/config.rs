//! Configuration: one file, overridden by the environment under the same names, read once; every fault is
//! told at once.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use tessera_contract::limits::PACK_STORES_MAX;
use tessera_contract::signing::PublicKey;
use tessera_engine::programs::people::{People, Person};
use tessera_identity::IdentityFiles;
use tessera_rules::id::StoreId;
use tessera_rules::money::Currency;

use notices::{NoticesConfig, RouteConfig};

pub(crate) mod notices;
mod people;

/// What the environment's names begin with: `listen.engine` is `TESSERA_LISTEN_ENGINE`.
const PREFIX: &str = "TESSERA_";

/// One setting: its name, what it means, its default as it would be written.
struct Setting {
    name: &'static str,
    meaning: &'static str,
    default: &'static str,
}

/// Hours for which an engine's word on a rule pack is good at most.
const PACK_HOURS_MAX: u64 = 168;

/// Every setting there is; the reference page is made from this.
fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().chain(&notices::SETTINGS).chain(&LAST)
}

/// Settings of everything but notices.
const SETTINGS: [Setting; 23] = [
    Setting { name: "data", meaning: "Folder of the storage and the keys; made where it is not there.", default: "\"data\"" },
    Setting {
        name: "watermark",
        meaning: "Folder for the storage's watermark, best on another disk. Empty: in the data folder.",
        default: "\"\"",
    },
    Setting { name: "programs", meaning: "Program files (*.yaml), or a folder of them. Empty: no campaigns.", default: "\"\"" },
    Setting {
        name: "listen.engine",
        meaning: "Where the engine answers tills, gateways and followers of the feed. Without tls.*: loopback only.",
        default: "\"127.0.0.1:7301\"",
    },
    Setting {
        name: "listen.gateway",
        meaning: "Where the gateway answers tills. Without tls.*: loopback only.",
        default: "\"127.0.0.1:7302\"",
    },
    Setting {
        name: "listen.metrics",
        meaning: "Where metrics and health are read over HTTP. Loopback only.",
        default: "\"127.0.0.1:7303\"",
    },
    Setting {
        name: "listen.crm",
        meaning: "Where `tessera crm serve` answers over HTTP. Loopback only.",
        default: "\"127.0.0.1:7304\"",
    },
    Setting { name: "gateway.id", meaning: "Name of this gateway in what it forwards.", default: "\"gateway-1\"" },
    Setting {
        name: "gateway.engines",
        meaning: "Engines that the gateway forwards to, with commas between. Empty: the engine of this process.",
        default: "\"\"",
    },
    Setting {
        name: "gateway.spool",
        meaning: "Folder of what no engine has yet: settles, voids, returns, claims, answers. Empty: spool in the data folder.",
        default: "\"\"",
    },
    Setting {
        name: "gateway.spool_megabytes",
        meaning: "How much that folder may hold; then nothing more is accepted.",
        default: "4096",
    },
    Setting {
        name: "gateway.stores",
        meaning: "Stores of this gateway, with commas between: its rule pack has the campaigns of these. Empty: of every store.",
        default: "\"\"",
    },
    Setting {
        name: "gateway.pack_key",
        meaning: "What the engines sign rule packs with (`tessera gateway pack-key` at an engine). Empty: the engine of this process, else no pack.",
        default: "\"\"",
    },
    Setting {
        name: "gateway.pack_hours",
        meaning: "How long after an engine's last word quotes are decided from the rule pack. 0: never.",
        default: "72",
    },
    Setting { name: "store.currency", meaning: "Currency of records without amounts, ISO 4217.", default: "\"GBP\"" },
    Setting {
        name: "ledger.time_zone",
        meaning: "Time zone whose days are ledger days (IANA). Never change it later.",
        default: "\"UTC\"",
    },
    Setting {
        name: "ledger.adjust_alone_units",
        meaning: "Units up to which one person of finance signs a correction alone, each for itself; above, two sign.",
        default: "0",
    },
    Setting { name: "quote.hold_seconds", meaning: "How long a quote holds what it promised.", default: "900" },
    Setting {
        name: "cards.open_accounts",
        meaning: "Whether a card that nobody enrolled opens an account at its first use.",
        default: "true",
    },
    Setting {
        name: "tls.certificate",
        meaning: "Own certificate, PEM (`tessera pki` makes one). Then engine and gateway ask everybody for theirs.",
        default: "\"\"",
    },
    Setting { name: "tls.key", meaning: "Its private key, PEM.", default: "\"\"" },
    Setting { name: "tls.authorities", meaning: "Certificates of the authorities that are believed, PEM.", default: "\"\"" },
    Setting {
        name: "tls.revoked",
        meaning: "What they took back, PEM. All four are read again when they change.",
        default: "\"\"",
    },
];

/// What stands last on the page.
const LAST: [Setting; 1] =
    [Setting { name: "log.format", meaning: "How log lines are written: text or json.", default: "\"text\"" }];

/// The configuration of a process.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) watermark: Option<PathBuf>,
    pub(crate) programs: Option<PathBuf>,
    pub(crate) listen_engine: SocketAddr,
    pub(crate) listen_gateway: SocketAddr,
    pub(crate) listen_metrics: SocketAddr,
    pub(crate) listen_crm: SocketAddr,
    pub(crate) gateway_id: String,
    pub(crate) gateway_engines: Vec<String>,
    pub(crate) gateway_spool: PathBuf,
    pub(crate) gateway_spool_bytes: u64,
    pub(crate) gateway_stores: Vec<StoreId>,
    pub(crate) gateway_pack_key: Option<PublicKey>,
    pub(crate) gateway_pack_age_max: Duration,
    pub(crate) currency: Currency,
    pub(crate) ledger_time_zone: TimeZone,
    pub(crate) hold: Duration,
    pub(crate) cards_open_accounts: bool,
    pub(crate) tls: Option<IdentityFiles>,
    pub(crate) log_format: LogFormat,
    pub(crate) people: People,
    pub(crate) adjust_alone_units_max: u64,
    pub(crate) notices: NoticesConfig,
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Every fault of a configuration.
#[derive(Debug)]
pub(crate) struct ConfigFaults(Vec<String>);

impl std::error::Error for ConfigFaults {}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration has {} fault{}:", self.0.len(), if self.0.len() == 1 { "" } else { "s" })?;
        for fault in &self.0 {
            writeln!(f, "  - {fault}")?;
        }
        write!(f, "`tessera config` prints every setting with its default")
    }
}

/// A value and where it was set, for texts of faults.
struct Given {
    text: String,
    origin: String,
}

/// Values by name, and the faults found so far.
struct Reader {
    given: BTreeMap<&'static str, Given>,
    people: Vec<Person>,
    routes: Vec<RouteConfig>,
    faults: Vec<String>,
}

impl Config {
    /// Reads `file` (none: defaults alone) and the environment.
    ///
    /// # Errors
    /// Every fault: unknown names, wrong forms, a file that cannot be read.
    pub(crate) fn read(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigFaults> {
        let mut reader = Reader { given: BTreeMap::new(), people: Vec::new(), routes: Vec::new(), faults: Vec::new() };
        if let Some(file) = file {
            reader.read_file(file);
        }
        reader.read_environment(environment);
        reader.finish()
    }

    /// The defaults with another data folder, for the demo.
    pub(crate) fn defaults() -> Result<Self, ConfigFaults> {
        Self::read(None, std::iter::empty())
    }
}

impl Reader {
    fn read_file(&mut self, file: &Path) {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return self.faults.push(format!("{} cannot be read: {error}", file.display())),
        };
        match text.parse::<toml::Table>() {
            Ok(table) => self.read_table("", &table, &file.display().to_string()),
            Err(error) => self.faults.push(format!("{} is no TOML: {}", file.display(), error.message())),
        }
    }

    fn read_table(&mut self, above: &str, table: &toml::Table, origin: &str) {
        for (key, value) in table {
            let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
            match value {
                _ if name == people::PEOPLE => self.people = people::read(value, origin, &mut self.faults),
                _ if name == notices::ROUTE => self.routes = notices::read(value, origin, &mut self.faults),
                toml::Value::Table(below) => self.read_table(&name, below, origin),
                toml::Value::String(text) => self.give(&name, text.clone(), origin.to_owned()),
                toml::Value::Integer(_) | toml::Value::Boolean(_) => self.give(&name, value.to_string(), origin.to_owned()),
                toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) => {
                    self.faults.push(format!("{name} ({origin}): must be a text, a whole number, true or false"));
                }
            }
        }
    }

    fn read_environment(&mut self, environment: impl Iterator<Item = (String, String)>) {
        for (key, value) in environment {
            let Some(rest) = key.strip_prefix(PREFIX) else { continue };
            let Some(setting) = settings().find(|setting| environment_name(setting.name) == rest) else { continue };
            self.given.insert(setting.name, Given { text: value, origin: format!("environment {key}") });
        }
    }

    fn give(&mut self, name: &str, text: String, origin: String) {
        match settings().find(|setting| setting.name == name) {
            Some(setting) => {
                self.given.insert(setting.name, Given { text, origin });
            }
            None => self.faults.push(format!("{name} ({origin}): there is no such setting{}", nearest(name))),
        }
    }

    /// The text of a setting, as given or by default.
    fn text(&self, name: &str) -> String {
        let default = settings().find(|setting| setting.name == name).map_or("", |setting| setting.default);
        self.given.get(name).map_or_else(|| default.trim_matches('"').to_owned(), |given| given.text.clone())
    }

    fn parsed<T>(&mut self, name: &'static str, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name);
        let value = parse(&text);
        if value.is_none() {
            let origin = self.given.get(name).map_or("default", |given| given.origin.as_str());
            self.faults.push(format!("{name} ({origin}): «{text}» must be {wanted}"));
        }
        value
    }

    fn address(&mut self, name: &'static str) -> Option<SocketAddr> {
        self.parsed(name, "an address and port such as 127.0.0.1:7301", |text| text.parse().ok())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(PathBuf::from)
    }

    /// The files of an identity: all that are needed or none.
    fn tls(&mut self) -> Option<IdentityFiles> {
        let revoked = self.path("tls.revoked");
        let needed = ["tls.certificate", "tls.key", "tls.authorities"];
        match needed.map(|name| self.path(name)) {
            [Some(certificate), Some(key), Some(authorities)] => Some(IdentityFiles { certificate, key, authorities, revoked }),
            [None, None, None] if revoked.is_none() => None,
            paths => {
                let missing: Vec<&str> =
                    needed.iter().zip(&paths).filter(|(_, path)| path.is_none()).map(|(name, _)| *name).collect();
                self.faults.push(format!("{}: needed beside the other settings of tls", missing.join(", ")));
                None
            }
        }
    }

    fn finish(mut self) -> Result<Config, ConfigFaults> {
        let listen_engine = self.address("listen.engine");
        let listen_gateway = self.address("listen.gateway");
        let listen_metrics = self.address("listen.metrics");
        let listen_crm = self.address("listen.crm");
        let currency = self.parsed("store.currency", "a currency of ISO 4217 such as GBP", Currency::from_code);
        let zone = self.parsed("ledger.time_zone", "a time zone such as Europe/London", |text| TimeZone::get(text).ok());
        let hold = self.parsed("quote.hold_seconds", "seconds from 1 to 2592000", |text| {
            text.parse().ok().filter(|seconds| (1..=2_592_000).contains(seconds))
        });
        let spool_bytes = self.parsed("gateway.spool_megabytes", "a number from 32 to 1000000", |text| {
            text.parse::<u64>().ok().filter(|megabytes| (32..=1_000_000).contains(megabytes)).map(|megabytes| megabytes << 20)
        });
        let stores = self.parsed("gateway.stores", "store ids with commas between", |text| {
            let stores: Vec<StoreId> = listed(text).map(StoreId::parse).collect::<Result<_, _>>().ok()?;
            (stores.len() <= PACK_STORES_MAX).then_some(stores)
        });
        let pack_key = self.parsed("gateway.pack_key", "a key as `tessera gateway pack-key` prints it", |text| {
            if text.is_empty() { Some(None) } else { PublicKey::parse(text).map(Some) }
        });
        let pack_hours = self.parsed("gateway.pack_hours", "hours from 0 to 168", |text| {
            text.parse::<u64>().ok().filter(|hours| *hours <= PACK_HOURS_MAX)
        });
        let cards = self.parsed("cards.open_accounts", "true or false", |text| text.parse().ok());
        let log_format = self.parsed("log.format", "text or json", |text| match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        let adjust_alone = self.parsed("ledger.adjust_alone_units", "units, 0 or more", |text| text.parse().ok());
        let notices = self.notices(zone.as_ref());
        let people = People::new(std::mem::take(&mut self.people));
        let people = people.map_err(|fault| self.faults.push(format!("people: {fault}"))).ok();
        let tls = self.tls();
        let data = self.path("data");
        if data.is_none() {
            self.faults.push("data: must name a folder".to_owned());
        }
        let all = (|| {
            let data = data?;
            Some(Config {
                gateway_spool: self.path("gateway.spool").unwrap_or_else(|| data.join("spool")),
                gateway_spool_bytes: spool_bytes?,
                gateway_stores: stores?,
                gateway_pack_key: pack_key?,
                gateway_pack_age_max: Duration::from_secs(pack_hours? * 3_600),
                data,
                watermark: self.path("watermark"),
                programs: self.path("programs"),
                listen_engine: listen_engine?,
                listen_gateway: listen_gateway?,
                listen_metrics: listen_metrics?,
                listen_crm: listen_crm?,
                gateway_id: self.text("gateway.id"),
                gateway_engines: listed(&self.text("gateway.engines")).map(str::to_owned).collect(),
                currency: currency?,
                ledger_time_zone: zone?,
                hold: Duration::from_secs(hold?),
                cards_open_accounts: cards?,
                tls,
                log_format: log_format?,
                people: people?,
                adjust_alone_units_max: adjust_alone?,
                notices: notices?,
            })
        })();
        match all {
            Some(config) if self.faults.is_empty() => Ok(config),
            _ => Err(ConfigFaults(self.faults)),
        }
    }
}

/// What stands between commas.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|text| !text.is_empty())
}

fn environment_name(name: &str) -> String {
    name.replace('.', "_").to_ascii_uppercase()
}

/// «did you mean», where a name of a setting ends or begins alike.
fn nearest(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let near = settings().find(|setting| setting.name.rsplit('.').next() == Some(last) || setting.name.starts_with(name));
    near.map(|setting| format!("; did you mean {}?", setting.name)).unwrap_or_default()
}

/// The reference page: every setting with its meaning, default and name in the environment.
pub(crate) fn reference() -> String {
    let mut page = String::from(
        "# Every setting of Tessera with its default. Copy what you change into a file of your own and name it with --config.\n# The environment overrides the file.\n",
    );
    let (plain, grouped): (Vec<&Setting>, Vec<&Setting>) = settings().partition(|setting| !setting.name.contains('.'));
    for setting in plain {
        page.push_str(&entry(setting, setting.name));
    }
    let mut group = "";
    for setting in grouped {
        let (above, name) = setting.name.split_once('.').unwrap_or(("", setting.name));
        if above != group {
            page.push_str(&format!("\n[{above}]\n"));
            group = above;
        }
        page.push_str(&entry(setting, name));
    }
    page.push_str(notices::REFERENCE);
    page.push_str(people::REFERENCE);
    page
}

fn entry(setting: &Setting, name: &str) -> String {
    format!("\n# {}\n# Environment: {PREFIX}{}\n{name} = {}\n", setting.meaning, environment_name(setting.name), setting.default)
}

#[cfg(test)]
mod tests;
