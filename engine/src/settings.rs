//! What an engine is told when it is made.

use std::time::Duration;

use jiff::tz::TimeZone;
use tessera_identity::Identity;
use tessera_rules::money::Currency;

use crate::programs::people::People;
use crate::queue::QueueLimits;

/// Settings of an engine, read once at the edge.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a quote holds what it promised.
    pub hold: Duration,
    /// The one time zone whose days are ledger days.
    pub ledger_time_zone: TimeZone,
    /// Whether a card that nobody knows opens an account at its first use.
    pub cards_open_accounts: bool,
    /// Whether this storage was made for replay: each call then carries its own time.
    pub replay: bool,
    /// The currency of records without amounts.
    pub currency: Currency,
    /// Accounts kept in memory.
    pub accounts_in_memory_max: u64,
    /// How queues may grow.
    pub queues: QueueLimits,
    /// Work that is begun in less time than this cannot end in time.
    pub deadline_min: Duration,
    /// Who may change the programs; nobody: whoever is at this machine.
    pub people: People,
    /// Units that one person of finance may correct alone, by one correction; more needs a second one.
    pub adjust_alone_units_max: u64,
    /// The authorities by which gateways prove what they promised and what they took; none: engines without certificates
    /// take their word, as they take every caller's.
    pub gateways: Option<Identity>,
}

impl Settings {
    /// The defaults, for one currency.
    #[must_use]
    pub fn new(currency: Currency) -> Self {
        Self {
            hold: Duration::from_secs(15 * 60),
            ledger_time_zone: TimeZone::UTC,
            cards_open_accounts: true,
            replay: false,
            currency,
            accounts_in_memory_max: 200_000,
            queues: QueueLimits { waiting_max: 256, batch_max: 32 },
            deadline_min: Duration::from_millis(2),
            people: People::default(),
            adjust_alone_units_max: 0,
            gateways: None,
        }
    }
}
