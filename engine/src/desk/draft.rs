//! A draft: an aggregate as it will be after the batch, and the one commit that makes it so.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_contract::read::FiscalDocument;
use tessera_contract::refusal::Refusal;
use tessera_contract::till_day::{DayReceipt, TillDay};
use tessera_ledger::account::{Account, MovedTo};
use tessera_ledger::claim::outcome_id;
use tessera_ledger::entry::{Aggregate, ReceiptEntry};
use tessera_ledger::follow_up::FollowUp;
use tessera_ledger::return_goods::{DecidedWith, ReturnedSoFar};
use tessera_rules::id::{AccountId, CustomerId, ReceiptId};
use tessera_rules::receipt::Place;
use tessera_storage::{Claim, Commit, Hint, Partition, Row, RowKey, Version};

use crate::account_cache::Known;
use crate::budgets::{self, Share, Spent};
use crate::core::Core;
use crate::fiscal;
use crate::heads::BACK_OFF;
use crate::layout;
use crate::layout::AggregateKey;
use crate::ledger::due_days;
use crate::sealing::{self, CustomerKey};
use crate::till_days;

/// An aggregate being changed.
///
/// INVARIANT: what a case reads through the draft includes what earlier cases of the batch put there. What a refused case
/// put there is taken out again with it.
#[derive(Clone)]
pub(crate) struct Draft<'a> {
    pub(crate) core: &'a Core,
    key: &'a AggregateKey,
    version: Version,
    /// From when on something may be booked: what was before is closed.
    open_from: Timestamp,
    /// The account as it was found.
    opened: Option<Arc<Account>>,
    account: Option<Arc<Account>>,
    entries: BTreeMap<ReceiptId, Entry>,
    rows: BTreeMap<RowKey, Bytes>,
    claims: Vec<Claim>,
    /// Where the batch's receipts and returns are in the days of their tills, and under which fiscal documents.
    found_under: Vec<Hint>,
    /// What the batch uses of what is limited over all customers, and gives back of it.
    spent: Vec<Spent>,
    changed: bool,
}

/// What the seal of what a sale was decided with names: no customer's id has a colon.
fn decided_name(sale: &ReceiptId) -> Vec<u8> {
    [b"decided:", sale.as_str().as_bytes()].concat()
}

#[derive(Clone)]
struct Entry {
    version: Version,
    entry: Option<ReceiptEntry>,
    changed: bool,
}

impl<'a> Draft<'a> {
    /// The aggregate as it is now.
    ///
    /// # Errors
    /// The storage cannot read it, or what it reads is broken: the account is set aside.
    pub(crate) async fn open(core: &'a Core, key: &'a AggregateKey, open_from: Timestamp) -> Result<Self, Refusal> {
        let mut draft = Self {
            core,
            key,
            version: Version::NONE,
            open_from,
            opened: None,
            account: None,
            entries: BTreeMap::new(),
            rows: BTreeMap::new(),
            claims: Vec::new(),
            found_under: Vec::new(),
            spent: Vec::new(),
            changed: false,
        };
        match key {
            AggregateKey::Account(id) => {
                let known = core.account(id).await?;
                draft.version = known.version;
                draft.opened.clone_from(&known.account);
                draft.account = known.account;
            }
            AggregateKey::Receipt(id) => {
                draft.load_entry(id).await?;
                draft.version = draft.entries.get(id).map_or(Version::NONE, |entry| entry.version);
            }
        }
        Ok(draft)
    }

    /// When something that comes now is booked: on a ledger day that is still open, and never before what the account
    /// has booked already (H70).
    pub(crate) fn booked_at(&self, now: Timestamp) -> Timestamp {
        let now = now.max(self.open_from);
        self.account.as_ref().map_or(now, |account| account.booked_at(now))
    }

    /// The ledger day of [`Draft::booked_at`].
    pub(crate) fn booking_date(&self, now: Timestamp) -> Date {
        self.core.ledger_day(self.booked_at(now))
    }

    /// The account, where the aggregate is one and it was ever committed.
    pub(crate) fn account(&self) -> Option<&Arc<Account>> {
        self.account.as_ref()
    }

    /// The id of the account, where the aggregate is one.
    pub(crate) fn account_id(&self) -> Option<&'a AccountId> {
        match self.key {
            AggregateKey::Account(id) => Some(id),
            AggregateKey::Receipt(_) => None,
        }
    }

    /// Where the outcome of a receipt that is committed here lies.
    pub(crate) fn aggregate(&self, receipt: &ReceiptId) -> Aggregate {
        match self.key {
            AggregateKey::Account(id) => Aggregate::Account(id.clone()),
            AggregateKey::Receipt(id) if id == receipt => Aggregate::Own,
            AggregateKey::Receipt(id) => Aggregate::Sale(id.clone()),
        }
    }

    /// Whether what lies in that aggregate, for a receipt of that id, is this one's: also where it was the one's of an
    /// account that was merged into this one.
    pub(crate) fn is_here(&self, aggregate: &Aggregate, id: &ReceiptId) -> bool {
        layout::aggregate(aggregate, id) == self.partition() || self.own_homes().contains(aggregate)
    }

    /// The account itself, then those that were merged into it; empty where the aggregate is no account.
    fn own_homes(&self) -> Vec<Aggregate> {
        let merged = self.account.iter().flat_map(|account| account.merged.iter());
        self.account_id()
            .into_iter()
            .flat_map(|own| std::iter::once(own).chain(merged.clone()))
            .cloned()
            .map(Aggregate::Account)
            .collect()
    }

    /// Whether an account is this one, or was merged into it.
    pub(crate) fn is_own(&self, account: &AccountId) -> bool {
        self.own_homes().contains(&Aggregate::Account(account.clone()))
    }

    /// Where the account went, where it was merged into another one.
    pub(crate) fn moved_to(&self) -> Option<MovedTo> {
        self.account.as_ref()?.moved_to.clone()
    }

    /// The entry of a receipt.
    pub(crate) async fn entry(&mut self, id: &ReceiptId) -> Result<Option<ReceiptEntry>, Refusal> {
        self.load_entry(id).await?;
        Ok(self.entries.get(id).and_then(|entry| entry.entry.clone()))
    }

    async fn load_entry(&mut self, id: &ReceiptId) -> Result<(), Refusal> {
        if self.entries.contains_key(id) {
            return Ok(());
        }
        let (version, entry) = self.core.receipt_entry(id).await?;
        self.entries.insert(id.clone(), Entry { version, entry, changed: false });
        Ok(())
    }

    /// The stored outcome of a receipt or request; none where the aggregate that its entry names has none.
    pub(crate) async fn outcome(&self, entry: Option<&ReceiptEntry>, id: &ReceiptId) -> Result<Option<Bytes>, Refusal> {
        let Some(entry) = entry else { return Ok(None) };
        self.row(&entry.aggregate, id, &layout::outcome_row(&entry.outcome_id(id))).await
    }

    /// What came back of a receipt so far: since it was claimed, with the account; before, with the receipt.
    pub(crate) async fn returned(&self, entry: &ReceiptEntry, id: &ReceiptId) -> Result<ReturnedSoFar, Refusal> {
        for aggregate in self.own_homes().into_iter().chain(entry.homes()) {
            if let Some(bytes) = self.row(&aggregate, id, &layout::returned_row(id)).await? {
                return ReturnedSoFar::decode(&bytes).map_err(|damaged| self.core.quarantined(id.as_str(), &damaged));
            }
        }
        Ok(ReturnedSoFar::default())
    }

    /// What came back so far of a receipt that is kept with this aggregate.
    pub(crate) async fn own_returned(&self, id: &ReceiptId) -> Result<ReturnedSoFar, Refusal> {
        for aggregate in std::iter::once(self.aggregate(id)).chain(self.own_homes()) {
            if let Some(bytes) = self.row(&aggregate, id, &layout::returned_row(id)).await? {
                return ReturnedSoFar::decode(&bytes).map_err(|damaged| self.core.quarantined(id.as_str(), &damaged));
            }
        }
        Ok(ReturnedSoFar::default())
    }

    /// The outcome of the claim of a sale, where this account's claim of it was carried out.
    pub(crate) async fn claim_outcome(&self, sale: &ReceiptId) -> Result<Option<Bytes>, Refusal> {
        for aggregate in self.own_homes() {
            if let Some(outcome) = self.row(&aggregate, sale, &layout::outcome_row(&outcome_id(sale))).await? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    /// The request of a sale, kept beside its outcome for a claim or for returns that price it anew.
    pub(crate) async fn kept_sale(&self, aggregate: &Aggregate, sale: &ReceiptId) -> Result<Option<Bytes>, Refusal> {
        self.row(aggregate, sale, &layout::sale_row(sale)).await
    }

    /// What a sale was decided with, kept for returns that price it anew. None: also where it was sealed and the customer
    /// was forgotten since.
    pub(crate) async fn decided_with(
        &self,
        aggregate: &Aggregate,
        (sale, customer): (&ReceiptId, Option<&CustomerId>),
    ) -> Result<Option<DecidedWith>, Refusal> {
        let row = layout::decided_row(sale);
        let Some(stored) = self.row(aggregate, sale, &row).await? else { return Ok(None) };
        let plain = match customer {
            Some(customer) => self.opened_of(customer, &stored, &decided_name(sale)).await?,
            None => Some(stored.to_vec()),
        };
        let read = |plain: Vec<u8>| DecidedWith::decode(&plain);
        plain.map(read).transpose().map_err(|damaged| self.core.quarantined(sale.as_str(), &damaged))
    }

    /// Keeps what a sale was decided with. It tells of a customer's habits, tiers and lists, and lies there for as long as
    /// goods may come back: their key seals it, and it is forgotten with them (H80).
    pub(crate) async fn put_decided(
        &mut self,
        (sale, customer): (&ReceiptId, Option<&CustomerId>),
        decided: &DecidedWith,
    ) -> Result<(), Refusal> {
        let plain = decided.encode();
        let value = match customer {
            Some(customer) => {
                let key = self.customer_key(customer).await?;
                let sealed = key.seal(self.core, &plain, &decided_name(sale))?;
                if let Some(claim) = key.claim {
                    self.put_claim(claim)?;
                }
                sealed
            }
            None => plain,
        };
        self.put_row(layout::decided_row(sale), Bytes::from(value));
        Ok(())
    }

    /// What a customer's key sealed, also where another case of this batch has just made the key.
    pub(crate) async fn opened_of(&self, customer: &CustomerId, sealed: &[u8], name: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let partition = layout::customer_key(customer);
        let claimed = self.claims.iter().find(|claim| claim.partition == partition);
        sealing::opened_of(self.core, (customer, claimed), sealed, name).await
    }

    /// Whether a case of this batch has written the row.
    pub(crate) fn has_written(&self, key: &RowKey) -> bool {
        self.rows.contains_key(key)
    }

    /// The outcome of that id in this aggregate.
    pub(crate) async fn own_outcome(&self, id: &ReceiptId) -> Result<Option<Bytes>, Refusal> {
        self.row(&self.aggregate(id), id, &layout::outcome_row(id.as_str())).await
    }

    async fn row(&self, aggregate: &Aggregate, id: &ReceiptId, key: &RowKey) -> Result<Option<Bytes>, Refusal> {
        let partition = layout::aggregate(aggregate, id);
        if partition == self.partition()
            && let Some(value) = self.rows.get(key)
        {
            return Ok(Some(value.clone()));
        }
        self.core.storage.row(&partition, key).await.map_err(|error| self.core.storage_refusal(&error))
    }

    /// From here on all that becomes due in the account counts as new, and it is written even if nothing else changes.
    pub(crate) fn forget_opened(&mut self) {
        self.opened = None;
        self.changed = true;
    }

    /// The account as it will be.
    pub(crate) fn put_account(&mut self, account: Account) {
        self.account = Some(Arc::new(account));
        self.changed = true;
    }

    /// The entry of a receipt as it will be.
    pub(crate) fn put_entry(&mut self, id: &ReceiptId, entry: ReceiptEntry) {
        let version = self.entries.get(id).map_or(Version::NONE, |known| known.version);
        self.entries.insert(id.clone(), Entry { version, entry: Some(entry), changed: true });
        self.changed = true;
    }

    /// A row of this aggregate.
    pub(crate) fn put_row(&mut self, key: RowKey, value: Bytes) {
        self.rows.insert(key, value);
        self.changed = true;
    }

    /// What an outcome of this commit does to other accounts.
    pub(crate) fn put_follow_ups(&mut self, follow_ups: &[FollowUp]) {
        for follow_up in follow_ups {
            self.put_row(layout::follow_up_row(&follow_up.id), Bytes::from(follow_up.encode()));
        }
    }

    /// Whether an outcome of that name lies in this account.
    pub(crate) async fn has_outcome(&self, id: &str) -> Result<bool, Refusal> {
        let row = layout::outcome_row(id);
        if self.rows.contains_key(&row) {
            return Ok(true);
        }
        let stored = self.core.storage.row(&self.partition(), &row).await;
        stored.map(|stored| stored.is_some()).map_err(|error| self.core.storage_refusal(&error))
    }

    /// The head of another partition, which must have the version that the claim expects.
    ///
    /// # Errors
    /// Another case of this batch claims the same: this one comes again, and reads what that one wrote.
    pub(crate) fn put_claim(&mut self, claim: Claim) -> Result<(), Refusal> {
        if self.claims.iter().any(|known| known.partition == claim.partition) {
            return Err(Refusal::TooManyWaiting { retry_after: BACK_OFF });
        }
        self.claims.push(claim);
        self.changed = true;
        Ok(())
    }

    /// A customer's key, also where another case of this batch has just made it.
    pub(crate) async fn customer_key(&self, customer: &CustomerId) -> Result<CustomerKey, Refusal> {
        let partition = layout::customer_key(customer);
        match self.claims.iter().find(|claim| claim.partition == partition) {
            Some(claim) => sealing::unwrapped(self.core, customer, &claim.head),
            None => sealing::customer_key(self.core, customer).await,
        }
    }

    /// Puts a receipt or return into its till's day.
    pub(crate) fn put_till_day(&mut self, place: &Place, date: Date, id: &ReceiptId, receipt: DayReceipt) {
        let day = TillDay { store: place.store.clone(), till: place.till.clone(), date };
        self.found_under.push(till_days::hint(&day, id, receipt));
    }

    /// Puts a receipt or return under its fiscal document.
    pub(crate) fn put_fiscal(&mut self, document: Option<&FiscalDocument>, id: &ReceiptId) {
        self.found_under.extend(document.map(|document| fiscal::hint(document, id)));
    }

    /// The codes that work once among what a sale or its claim uses: a return of all of it gives them back.
    pub(crate) fn put_codes(&mut self, sale: &ReceiptId, shares: &[Share]) {
        let codes: Vec<&str> = shares.iter().filter_map(|share| Some(share.code()?.as_str())).collect();
        if !codes.is_empty() {
            self.put_row(layout::codes_row(sale), Bytes::from(codes.join("\n")));
        }
    }

    /// The codes that work once and that a sale or its claim used.
    ///
    /// # Errors
    /// The storage cannot read, or what it reads is no text.
    pub(crate) async fn codes_used(&self, entry: &ReceiptEntry, sale: &ReceiptId) -> Result<Vec<CompactString>, Refusal> {
        let mut codes = Vec::new();
        for aggregate in entry.homes() {
            let Some(stored) = self.row(&aggregate, sale, &layout::codes_row(sale)).await? else { continue };
            let text = std::str::from_utf8(&stored).map_err(|error| self.core.quarantined(sale.as_str(), &error))?;
            // No code has a control character.
            codes.extend(text.lines().map(CompactString::from));
        }
        Ok(codes)
    }

    /// How often a code that works once is used, with what the batch has changed so far: twice where two sales were
    /// promised it.
    pub(crate) async fn uses_of_code(&self, code: &CompactString, day: Date) -> Result<i64, Refusal> {
        let used = self.core.budgets.uses_of_code(self.core.storage.as_ref(), code, day).await;
        let used = used.map_err(|error| self.core.storage_refusal(&error))?;
        let shares = self.spent.iter().flat_map(|spent| &spent.shares).filter(|share| share.code() == Some(code));
        Ok(shares.map(|share| share.usage.uses).fold(used, i64::saturating_add))
    }

    /// What a case uses of what is limited over all customers, or gives back of it.
    pub(crate) fn put_spent(&mut self, receipt: &ReceiptId, shares: Vec<Share>, day: Date) {
        if !shares.is_empty() {
            self.spent.push(Spent { receipt: receipt.clone(), shares, day });
            self.changed = true;
        }
    }

    fn partition(&self) -> Partition {
        match self.key {
            AggregateKey::Account(id) => layout::account(id),
            AggregateKey::Receipt(id) => layout::receipt(id),
        }
    }

    /// The one commit of the batch; none where no case changed anything.
    pub(super) fn to_commit(&self) -> Option<Commit> {
        if !self.changed {
            return None;
        }
        let mut claims = self.claims.clone();
        let own = match self.key {
            AggregateKey::Account(_) => None,
            AggregateKey::Receipt(id) => Some(id),
        };
        for (id, entry) in self.entries.iter().filter(|(id, entry)| entry.changed && Some(*id) != own) {
            let Some(known) = &entry.entry else { continue };
            claims.push(Claim { partition: layout::receipt(id), expected: entry.version, head: Bytes::from(known.encode()) });
        }
        let head = match self.key {
            AggregateKey::Account(_) => self.account.as_ref()?.encode(),
            AggregateKey::Receipt(id) => self.entries.get(id)?.entry.as_ref()?.encode(),
        };
        let mut feed_kinds = vec![layout::OUTCOME, layout::FOLLOW_UP];
        feed_kinds.retain(|kind| self.rows.keys().any(|key| key.kind == *kind));
        Some(Commit {
            partition: self.partition(),
            expected: self.version,
            head: Bytes::from(head),
            rows: self.rows.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() }).collect(),
            claims,
            hints: self.due_hints().into_iter().chain(self.held_hint()).chain(self.found_under.iter().cloned()).collect(),
            deltas: budgets::deltas(&self.spent),
            feed_kinds,
        })
    }

    /// On which days this account is to be looked at, since something lapses or becomes usable in it.
    fn due_hints(&self) -> Vec<Hint> {
        let (AggregateKey::Account(id), Some(account)) = (self.key, &self.account) else { return Vec::new() };
        let zone = &self.core.settings.ledger_time_zone;
        // What is due already is due today.
        let first = self.core.ledger_day(self.open_from.max(account.booked_at_last));
        let key = Bytes::copy_from_slice(id.as_str().as_bytes());
        let days = due_days(self.opened.as_deref(), account, zone).into_iter().map(|date| date.max(first));
        let hint = |date| Hint { bucket: layout::due_bucket(date), key: key.clone(), value: Bytes::new() };
        days.map(hint).collect()
    }

    /// On which day this account is found by whoever looks at what brakes hold: it holds something more now.
    fn held_hint(&self) -> Option<Hint> {
        let (AggregateKey::Account(id), Some(account)) = (self.key, &self.account) else { return None };
        let before = |receipt, reward| self.opened.iter().any(|opened| opened.waiting_for(receipt, reward).is_some());
        account.held().find(|held| !before(&held.receipt, &held.reward))?;
        let date = self.core.ledger_day(self.open_from.max(account.booked_at_last));
        let key = Bytes::copy_from_slice(id.as_str().as_bytes());
        Some(Hint { bucket: layout::held_bucket(date), key, value: Bytes::new() })
    }

    /// After the commit: quotes may see the account now.
    pub(super) fn remember(&self, version: Version) {
        self.spent.iter().for_each(|spent| self.core.budgets.settled(spent));
        if let (AggregateKey::Account(id), Some(account)) = (self.key, &self.account) {
            self.core.cache.put(id, Known { version, account: Some(Arc::clone(account)) });
        }
    }

    /// After a commit of unknown fate: what it would have spent stays held until the receipts are found, or not.
    pub(super) fn doubt(&self) {
        self.spent.iter().for_each(|spent| self.core.budgets.doubt(spent));
    }

    /// After a refused commit: the cache is older than the storage.
    pub(super) fn forget(&self) {
        if let AggregateKey::Account(id) = self.key {
            self.core.cache.forget(id);
        }
    }
}
