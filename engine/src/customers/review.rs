//! Receipts of which a brake holds rewards: what is held, and what somebody found who looked.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::{Timestamp, ToSpan};
use prost::Message as _;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::review::Finding;
use tessera_proto::admin::v1;
use tessera_proto::billing::v1 as billing;
use tessera_rules::id::{AccountId, ReceiptId};
use tonic::Status;

use super::{Customers, ReviewStatement};
use crate::desk::{Case, ReviewCase};
use crate::engine::{Call, account_key};
use crate::layout;
use crate::ledger::signers;
use crate::programs::Rules;
use crate::rights;

/// Ledger days that are looked at where nobody says how many.
const DAYS: i32 = 30;
/// Ledger days that are looked at, at most.
const DAYS_MAX: i32 = 400;
/// Receipts of one answer.
const RECEIPTS_MAX: usize = 1_000;
/// Hints that are read at once.
const PAGE: usize = 256;

/// Receipts with what is held of them, by when they were booked.
type Found = BTreeMap<(Timestamp, AccountId, ReceiptId), v1::HeldReceipt>;

impl Customers {
    pub(super) async fn review(&self, request: &v1::ReviewReceiptRequest) -> Result<billing::Outcome, Status> {
        let core = &self.engine.core;
        let statement = ReviewStatement::read(request).map_err(Refusal::into_status)?;
        let text = statement.text();
        let signers = signers(&self.engine, &text, &request.signatures)?;
        let found = self.named("customer_id", &statement.customer).map_err(Refusal::into_status)?;
        let found = self.engine.follow(found).await.map_err(Refusal::into_status)?;
        let account = core.account(&found.account).await.map_err(Refusal::into_status)?.account;
        let units = match statement.finding {
            Finding::Refuse => 0,
            Finding::Release => {
                let units = account.map(|account| account.units_held_of(&statement.receipt));
                units.map_or(0, |units| units.units().unsigned_abs())
            }
        };
        self.refuse_too_few(units, signers.len())?;
        let call = Call { now: core.clock.now(), arrived: Instant::now(), wait_until: None };
        let rules = core.rules_at(call.now, &call).await.map_err(Refusal::into_status)?;
        let sale_rules = self.rules_of_sale(&statement.receipt, &call).await.map_err(Refusal::into_status)?;
        let case = ReviewCase {
            id: statement.id,
            found: found.clone(),
            receipt: statement.receipt,
            finding: statement.finding,
            reason: statement.reason,
            units_max: self.units_max(signers.len()),
            signers,
            content_hash: *blake3::hash(text.as_bytes()).as_bytes(),
            rules,
            sale_rules,
            now: call.now,
        };
        let done = self.engine.at_desk(account_key(&found), Case::Review(Box::new(case))).await;
        self.recorded(done.map_err(Refusal::into_status)?.answer)
    }

    /// The rules under which a receipt was sold; none: it is not known.
    async fn rules_of_sale(&self, receipt: &ReceiptId, call: &Call) -> Result<Option<Rules>, Refusal> {
        let core = &self.engine.core;
        let (_, entry) = core.receipt_entry(receipt).await?;
        let Some(entry) = entry else { return Ok(None) };
        let Some(stored) = core.outcome(&entry, receipt).await? else { return Ok(None) };
        let sale = billing::Outcome::decode(stored).map_err(|error| core.quarantined(receipt.as_str(), &error))?;
        core.rules(sale.revision, sale.catalogue, call).await.map(Some)
    }

    /// What is held of receipts of the last days. A day that is over for a day and holds nothing more of an
    /// account forgets it: hints go before the commits that they are of.
    pub(super) async fn held(&self, request: &v1::ListHeldReceiptsRequest) -> Result<v1::ListHeldReceiptsResponse, Refusal> {
        let core = &self.engine.core;
        let days = if request.days == 0 { DAYS } else { request.days };
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(Refusal::fault("days", format!("must be 1 to {DAYS_MAX}")));
        }
        let today = core.ledger_day(core.clock.now());
        let mut found = Found::new();
        for ago in (0..days).rev() {
            let Ok(date) = today.checked_sub(ago.days()) else { continue };
            let bucket = layout::held_bucket(date);
            let mut after: Option<bytes::Bytes> = None;
            loop {
                let hints = core.storage.hints(bucket, after.as_deref(), PAGE).await;
                let hints = hints.map_err(|error| core.storage_refusal(&error))?;
                for hint in &hints {
                    if !self.held_of(&hint.key, &mut found).await? && ago > 1 {
                        let closed = core.storage.close_hint(bucket, &hint.key).await;
                        closed.map_err(|error| core.storage_refusal(&error))?;
                    }
                    if found.len() > RECEIPTS_MAX {
                        let receipts = found.into_values().take(RECEIPTS_MAX).collect();
                        return Ok(v1::ListHeldReceiptsResponse { receipts, cut: true });
                    }
                }
                after = match hints.last() {
                    Some(last) => Some(last.key.clone()),
                    None => break,
                };
            }
        }
        Ok(v1::ListHeldReceiptsResponse { receipts: found.into_values().collect(), cut: false })
    }

    /// Adds what an account holds; whether there is something. What was merged into another account is found there.
    async fn held_of(&self, key: &[u8], found: &mut Found) -> Result<bool, Refusal> {
        let core = &self.engine.core;
        let Some(id) = std::str::from_utf8(key).ok().and_then(|text| AccountId::parse(text).ok()) else { return Ok(false) };
        let id = self.engine.account_now(id).await?;
        // One account that cannot be read hides nobody else's: it is named among the quarantined ones (H31).
        let account = match core.account(&id).await {
            Ok(found) => found.account,
            Err(Refusal::Quarantined) => return Ok(true),
            Err(refusal) => return Err(refusal),
        };
        let Some(account) = account else { return Ok(false) };
        add(&account, found);
        Ok(account.held().next().is_some())
    }
}

fn add(account: &Account, found: &mut Found) {
    let mut receipts: BTreeMap<&ReceiptId, v1::HeldReceipt> = BTreeMap::new();
    let mut since: BTreeMap<&ReceiptId, Timestamp> = BTreeMap::new();
    for held in account.held() {
        let first = *since.entry(&held.receipt).or_insert(held.since);
        let receipt = receipts.entry(&held.receipt).or_insert_with(|| v1::HeldReceipt {
            customer_id: account.members.first().map(|member| member.customer.to_string()).unwrap_or_default(),
            account_id: account.id.to_string(),
            receipt_id: held.receipt.to_string(),
            held_since: Some(timestamp_to_wire(first)),
            rewards: Vec::new(),
        });
        receipt.rewards.extend(rights::waiting(held).reward);
    }
    for (id, receipt) in receipts {
        let first = since.get(id).copied().unwrap_or_default();
        found.insert((first, account.id.clone(), id.clone()), receipt);
    }
}
