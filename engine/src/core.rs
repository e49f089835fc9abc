//! What every call of the engine shares: storage, clock, programs, accounts in memory, keys.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tessera_contract::refusal::Refusal;
use tessera_contract::token::{TokenBody, TokenKeys};
use tessera_ledger::account::Account;
use tessera_ledger::entry::ReceiptEntry;
use tessera_ledger::terms::{AssetTerms, Worth};
use tessera_rules::id::{AccountId, ReceiptId};
use tessera_rules::money::{Amount, Currency, Units};
use tessera_rules::revision::Revision;
use tessera_storage::{Storage, StorageError, Version};

use crate::account_cache::{AccountCache, Known};
use crate::budgets::Budgets;
use crate::clock::Clock;
use crate::desk::ByPack;
use crate::directory::Directory;
use crate::engine::Call;
use crate::keys::Keys;
use crate::layout;
use crate::layout::AggregateKey;
use crate::ledger::LedgerDays;
use crate::lists::ListTable;
use crate::nonce::Nonces;
use crate::packs::{Packs, PacksError};
use crate::programs::{Programs, ProgramsError, Rules};
use crate::settings::Settings;
use crate::skipped::Skipped;
use crate::stock::Stock;

/// Shared by all calls.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) programs: Arc<Programs>,
    pub(crate) packs: Arc<Packs>,
    pub(crate) cache: AccountCache,
    pub(crate) directory: Directory,
    pub(crate) budgets: Budgets,
    pub(crate) lists: ListTable,
    pub(crate) stock: Stock,
    pub(crate) ledger: LedgerDays,
    pub(crate) keys: Keys,
    pub(crate) tokens: TokenKeys,
    pub(crate) nonces: Nonces,
    pub(crate) skipped: Skipped,
    pub(crate) settings: Settings,
}

impl Core {
    /// The account as known, from memory or storage.
    ///
    /// # Errors
    /// The storage cannot read it, or what it reads is broken: the account is set aside (H31).
    pub(crate) async fn account(&self, id: &AccountId) -> Result<Known, Refusal> {
        if let Some(known) = self.cache.get(id) {
            return Ok(known);
        }
        let head = self.storage.head(&layout::account(id)).await.map_err(|error| self.storage_refusal(&error))?;
        let known = match head {
            None => Known { version: Version::NONE, account: None },
            Some(head) => {
                let account = Account::decode(&head.value).map_err(|damaged| self.quarantined(id.as_str(), &damaged))?;
                Known { version: head.version, account: Some(Arc::new(account)) }
            }
        };
        self.cache.put(id, known.clone());
        Ok(known)
    }

    /// The account in memory after a batch of its queue.
    pub(crate) fn known(&self, key: &AggregateKey) -> Option<Arc<Account>> {
        match key {
            AggregateKey::Account(id) => self.cache.get(id).and_then(|known| known.account),
            AggregateKey::Receipt(_) => None,
        }
    }

    /// The entry of a receipt and its version.
    ///
    /// # Errors
    /// The storage cannot read it, or what it reads is broken.
    pub(crate) async fn receipt_entry(&self, id: &ReceiptId) -> Result<(Version, Option<ReceiptEntry>), Refusal> {
        let head = self.storage.head(&layout::receipt(id)).await.map_err(|error| self.storage_refusal(&error))?;
        match head {
            None => Ok((Version::NONE, None)),
            Some(head) => {
                let entry = ReceiptEntry::decode(&head.value).map_err(|damaged| self.quarantined(id.as_str(), &damaged))?;
                Ok((head.version, Some(entry)))
            }
        }
    }

    /// The stored outcome of a receipt; none where the aggregate that its entry names has none.
    ///
    /// # Errors
    /// The storage cannot read it.
    pub(crate) async fn outcome(&self, entry: &ReceiptEntry, id: &ReceiptId) -> Result<Option<Bytes>, Refusal> {
        let partition = layout::aggregate(&entry.aggregate, id);
        self.storage
            .row(&partition, &layout::outcome_row(&entry.outcome_id(id)))
            .await
            .map_err(|error| self.storage_refusal(&error))
    }

    /// What a receipt's token holds; none where it is forged, damaged, or another receipt's.
    pub(crate) fn opened(&self, receipt: &ReceiptId, token: &[u8]) -> Option<Box<TokenBody>> {
        let body = self.tokens.open(token).ok()?;
        (body.head.receipt == *receipt).then(|| Box::new(body))
    }

    /// The day in the ledger's time zone.
    pub(crate) fn ledger_day(&self, now: Timestamp) -> Date {
        self.settings.ledger_time_zone.to_datetime(now).date()
    }

    /// Until when a quote made now holds what it promises.
    pub(crate) fn held_until(&self, now: Timestamp) -> Timestamp {
        SignedDuration::try_from(self.settings.hold).ok().and_then(|hold| now.checked_add(hold).ok()).unwrap_or(Timestamp::MAX)
    }

    /// The rules with these numbers; where they must be compiled first, no longer is waited than the call has.
    pub(crate) async fn rules(&self, revision: u64, catalogue: u64, call: &Call) -> Result<Rules, Refusal> {
        self.in_time(self.programs.numbered(revision, catalogue), call).await
    }

    /// The rules that are valid at a time, as [`Core::rules`].
    pub(crate) async fn rules_at(&self, at: Timestamp, call: &Call) -> Result<Rules, Refusal> {
        self.in_time(self.programs.at(at), call).await
    }

    /// A call that gives up here has changed nothing, and the rules are there when it comes again.
    async fn in_time(&self, rules: impl Future<Output = Result<Rules, ProgramsError>>, call: &Call) -> Result<Rules, Refusal> {
        let found = match call.wait_until {
            None => rules.await,
            Some(until) => match tokio::time::timeout_at(until.into(), rules).await {
                Ok(found) => found,
                Err(_) => {
                    metrics::counter!("tessera_engine_rules_late_total").increment(1);
                    return Err(Refusal::DeadlineTooShort);
                }
            },
        };
        found.map_err(|error| self.programs_refusal(&error))
    }

    /// What a gateway promised from a rule pack: see [`Packs::promised`].
    pub(crate) async fn promised_by_pack(
        &self,
        token: &[u8],
        sold_at: Timestamp,
        straight: Option<Timestamp>,
    ) -> Result<Option<ByPack>, Refusal> {
        match self.packs.promised(token, sold_at, straight).await {
            Ok(promised) => Ok(promised.map(|(token, pack)| ByPack { token, pack })),
            Err(PacksError::Programs(error)) => Err(self.programs_refusal(&error)),
            // A sale is settled all the same: as one without a quote.
            Err(error @ (PacksError::TooLarge { .. } | PacksError::Making { .. } | PacksError::Opening { .. })) => {
                tracing::error!(%error, "what a gateway promised cannot be looked at");
                Ok(None)
            }
        }
    }

    fn programs_refusal(&self, error: &ProgramsError) -> Refusal {
        match error {
            ProgramsError::Storage(error) => self.storage_refusal(error),
            ProgramsError::Shared(error) => self.programs_refusal(error),
            ProgramsError::Mistakes(_)
            | ProgramsError::Products(_)
            | ProgramsError::Refused(_)
            | ProgramsError::Blob(_)
            | ProgramsError::Commit(_)
            | ProgramsError::Randomness(_)
            | ProgramsError::Unreadable { .. } => self.internal(&error.to_string()),
        }
    }

    /// What a failure of the storage is to a caller; the details go to the log.
    pub(crate) fn storage_refusal(&self, error: &StorageError) -> Refusal {
        metrics::counter!("tessera_engine_storage_errors_total").increment(1);
        tracing::error!(%error, "the storage failed");
        match error {
            StorageError::Damaged { place, .. } => self.quarantined(place, error),
            StorageError::Stopped(_) | StorageError::Unavailable(_) => Refusal::StorageStopped,
            StorageError::Misuse(what) => self.internal(what),
        }
    }

    /// A record that was read is broken: a value, not an assertion, so that one rotten account does not
    /// stop every till (H31).
    pub(crate) fn quarantined(&self, place: &str, why: &dyn std::error::Error) -> Refusal {
        metrics::counter!("tessera_engine_quarantined_total").increment(1);
        tracing::error!(place, %why, "a broken record was read: its aggregate is set aside");
        Refusal::Quarantined
    }

    /// A fault of the engine, with a number by which support finds it in the log.
    pub(crate) fn internal(&self, what: &str) -> Refusal {
        let mut bytes = [0_u8; 8];
        if getrandom::fill(&mut bytes).is_err() {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            bytes = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).to_be_bytes();
        }
        let support_number = u64::from_be_bytes(bytes);
        tracing::error!(support_number, what, "a fault of the engine");
        Refusal::Internal { support_number }
    }
}

/// What the ledger must know of a revision's assets.
pub(crate) fn asset_terms(revision: &Revision, currency: Currency) -> Vec<AssetTerms> {
    /// Enough that the worth of the smallest unit is told without a fraction.
    const SAMPLE: Units = Units::from_units(1_000_000);
    revision
        .assets()
        .iter()
        .map(|asset| AssetTerms {
            asset: asset.id.clone(),
            program: asset.program.clone(),
            worth: asset
                .worth_of(SAMPLE)
                .filter(|amount| asset.currency == currency && *amount > Amount::ZERO)
                .map(|amount| Worth { units: SAMPLE, amount }),
        })
        .collect()
}
