//! The engine: what the services call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_contract::signing::PublicKey;
use tessera_contract::token::TokenKeys;
use tessera_rules::effort::Effort;
use tessera_storage::{Storage, StorageError};

use crate::account_cache::AccountCache;
use crate::budgets::Budgets;
use crate::clock::Clock;
use crate::core::Core;
use crate::desk::{Case, Desk, Done, Job};
use crate::directory::{Directory, Found};
use crate::effort::effort;
use crate::keys::Keys;
use crate::layout::AggregateKey;
use crate::ledger::{Book, LedgerDays, LedgerError};
use crate::lists::ListTable;
use crate::nonce::Nonces;
use crate::packs::Packs;
use crate::programs::{Programs, ProgramsError};
use crate::queue::Queues;
use crate::settings::Settings;
use crate::skipped::Skipped;
use crate::stock::Stock;

/// Which key of the engines seals tokens now; a later rotation counts on.
const TOKEN_KEY: u32 = 1;
/// What a caller waits before it comes back to a crowded account.
const CROWDED_RETRY: Duration = Duration::from_millis(50);

/// A billing engine over one storage. Cheap to clone. Several may share a storage where no campaign is limited over all
/// customers, within one ledger day: the gate that keeps a day closed is each process's own.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) core: Arc<Core>,
    desk: Arc<Queues<AggregateKey, Job, Desk>>,
}

/// An engine could not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What is live cannot be read.
    #[error(transparent)]
    Programs(#[from] ProgramsError),
    /// The closed ledger days cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The records of imported lists cannot be read.
    #[error(transparent)]
    Lists(#[from] StorageError),
    /// There is no randomness for nonces.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// One call: when it came, and what time it is for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// The engine's time; in a storage made for replay, the receipt's.
    pub(crate) now: Timestamp,
    /// When it arrived.
    pub(crate) arrived: Instant,
    /// Until when it may wait before it has begun to change anything; none: its caller set no limit.
    pub(crate) wait_until: Option<Instant>,
}

impl Engine {
    /// Opens an engine over a storage that was opened with [`crate::layout::SPACES`].
    ///
    /// # Errors
    /// The newest revision or catalogue in the storage cannot be read, or the system has no randomness.
    pub async fn open(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        keys: Keys,
        settings: Settings,
    ) -> Result<Self, OpenError> {
        let ledger = LedgerDays::new(Book::open(storage.as_ref()).await?, &settings.ledger_time_zone);
        let programs = Arc::new(Programs::open(Arc::clone(&storage), Arc::clone(&clock), settings.people.clone()).await?);
        let lists = ListTable::open(storage.as_ref()).await?;
        let packs = Arc::new(Packs::new(Arc::clone(&storage), Arc::clone(&programs), keys.packs().clone()));
        let core = Arc::new(Core {
            storage,
            clock,
            programs,
            packs,
            cache: AccountCache::new(settings.accounts_in_memory_max),
            directory: Directory::new(settings.accounts_in_memory_max),
            budgets: Budgets::default(),
            lists,
            stock: Stock::default(),
            ledger,
            tokens: TokenKeys::new((TOKEN_KEY, keys.token()), &[]),
            keys,
            nonces: Nonces::new()?,
            skipped: Skipped::default(),
            settings,
        });
        let limits = core.settings.queues;
        let desk = Queues::new(Desk::new(Arc::clone(&core)), limits);
        Ok(Self { core, desk })
    }

    /// The revisions and catalogues.
    #[must_use]
    pub fn programs(&self) -> &Arc<Programs> {
        &self.core.programs
    }

    /// What its rule packs are signed with: a gateway believes no other.
    #[must_use]
    pub fn pack_key(&self) -> PublicKey {
        self.core.packs.key()
    }

    /// The storage.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.core.storage
    }

    /// Puts a case into the queue of one aggregate and waits for its answer.
    pub(crate) async fn queued(&self, key: AggregateKey, case: Case) -> Result<Done, Refusal> {
        let (job, wait) = Job::new(case);
        let turn = self.desk.submit(key, job).map_err(|_| {
            metrics::counter!("tessera_engine_crowded_total").increment(1);
            Refusal::TooManyWaiting { retry_after: CROWDED_RETRY }
        })?;
        turn.until(wait).await.unwrap_or(Err(Refusal::OutcomeUnknown))
    }

    /// Starts a call: `replay_time` is the time that it carries, which only a storage made for replay takes.
    pub(crate) fn call(&self, replay_time: Option<Timestamp>, budget: Option<Duration>) -> Result<Call, Refusal> {
        let arrived = Instant::now();
        if budget.is_some_and(|budget| budget < self.core.settings.deadline_min) {
            return Err(Refusal::DeadlineTooShort);
        }
        let now = match (replay_time, self.core.settings.replay) {
            (None, _) => self.core.clock.now(),
            (Some(time), true) => time,
            (Some(_), false) => return Err(Refusal::ReplayTimeRefused),
        };
        // A tenth is left to say that it came to nothing.
        let wait = budget.map(|budget| budget.saturating_sub(budget / 10));
        Ok(Call { now, arrived, wait_until: wait.and_then(|wait| arrived.checked_add(wait)) })
    }
}

impl Call {
    /// How much an evaluation that begins now may search. A replay's decisions depend on nothing that its machine does.
    pub(crate) fn effort(&self, replay: bool) -> Effort {
        let until = self.wait_until.filter(|_| !replay);
        effort(until.map(|until| until.saturating_duration_since(Instant::now())))
    }
}

/// The queue of a customer's account.
pub(crate) fn account_key(found: &Found) -> AggregateKey {
    AggregateKey::Account(found.account.clone())
}
