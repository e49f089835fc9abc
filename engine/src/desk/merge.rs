//! Merge: two customers are one, or of one household. The one's account sends everything to the other's; see `moved` for what
//! comes after.

use bytes::Bytes;
use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::follow_up::FollowUpKind;
use tessera_ledger::merge::{Everything, Merge, merge, most_units, no_room};
use tessera_ledger::outcome::Outcome;
use tessera_rules::id::{AccountId, FactId, ReceiptId};
use tessera_storage::{Claim, Version};

use super::day::keep_aside;
use super::enrol::{put_recorded, repeated};
use super::erase::names;
use super::{CaseAnswer, Draft};
use crate::core::Core;
use crate::directory::Found;
use crate::heads::BACK_OFF;
use crate::layout;
use crate::record::Extras;
use crate::sealing::{Contact, contact_row, deletion, fact_row, opened};

/// Fields of a request that name the two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UniteNames {
    pub(crate) gone: &'static str,
    pub(crate) survivor: &'static str,
}

impl UniteNames {
    /// Of one person who was known as two.
    pub(crate) const MERGE: Self = Self { gone: "from_customer_id", survivor: "into_customer_id" };
    /// Of one who moves into a household.
    pub(crate) const JOIN: Self = Self { gone: "customer_id", survivor: "household_of_customer_id" };
}

/// A merge that the people named may make, at the account that goes.
#[derive(Debug)]
pub(crate) struct MergeCase {
    pub(crate) id: ReceiptId,
    pub(crate) names: UniteNames,
    /// Who goes.
    pub(crate) gone: Found,
    /// Who they are from now on, and where: in a household who they were.
    pub(crate) survivor: Found,
    pub(crate) reason: String,
    /// The most units of one asset that those who signed may move.
    pub(crate) units_max: u64,
    /// The public keys of those who signed.
    pub(crate) signers: Vec<[u8; 32]>,
    /// BLAKE3 over what they signed.
    pub(crate) content_hash: [u8; 32],
    pub(crate) now: Timestamp,
}

impl MergeCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let entry = draft.entry(&self.id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), &self.id).await? {
            return repeated(entry.as_ref(), self.content_hash, outcome);
        }
        // Taken before the other account is looked at: of two merges at once the later one sees what the first has done.
        let turn = self.turn(draft).await?;
        let Some(account) = draft.account().cloned() else { return Err(Refusal::fault(self.names.gone, "names no account")) };
        self.refuse(draft, &account).await?;
        draft.put_claim(turn)?;
        let mut done = merge(
            &account,
            &Merge {
                id: &self.id,
                gone: &self.gone.customer,
                into: &self.survivor.account,
                survivor: &self.survivor.customer,
                content_hash: self.content_hash,
                booked_at: draft.booked_at(self.now),
                booking_date: draft.booking_date(self.now),
                currency: draft.core.settings.currency,
            },
        );
        self.seal(draft, &mut done.outcome).await?;
        let extras = Extras {
            adjustment_reason: self.reason.clone(),
            adjusted_by: self.signers.clone(),
            proven: true,
            ..Extras::default()
        };
        keep_aside(draft, done.aside).await?;
        Ok(put_recorded(draft, done.account, &done.outcome, &extras, entry.as_ref()))
    }

    /// What is on its way stays in the feed for ever, so that all of it that tells of the customer is sealed with their key.
    async fn seal(&self, draft: &mut Draft<'_>, outcome: &mut Outcome) -> Result<(), Refusal> {
        let key = draft.customer_key(&self.gone.customer).await?;
        for follow_up in &mut outcome.follow_ups {
            if let FollowUpKind::Merge { everything } = &mut follow_up.kind {
                everything.seal(|plain| key.seal(draft.core, plain, &merge_name(&follow_up.id)))?;
            }
        }
        key.claim.map_or(Ok(()), |claim| draft.put_claim(claim))
    }

    /// The claim that makes merges one after the other: the next one begins when everything of the last one has arrived, else
    /// nobody could say who has how much and whether there is room for it.
    async fn turn(&self, draft: &Draft<'_>) -> Result<Claim, Refusal> {
        let (expected, last) = last_merged(draft.core).await?;
        if let Some(last) = last {
            let moved = stored(draft, &last).await?.and_then(|account| account.moved_to);
            let there = match moved {
                Some(to) => stored(draft, &to.account).await?,
                None => None,
            };
            if !there.is_some_and(|there| there.stands_for(&last)) {
                return Err(Refusal::TooManyWaiting { retry_after: BACK_OFF });
            }
        }
        let head = Bytes::copy_from_slice(self.gone.account.as_str().as_bytes());
        Ok(Claim { partition: layout::merges(), expected, head })
    }

    async fn refuse(&self, draft: &Draft<'_>, account: &Account) -> Result<(), Refusal> {
        if account.moved_to.is_some() {
            return Err(Refusal::fault(self.names.gone, "was merged already, or is in a household"));
        }
        // It may have got more since the signatures were counted.
        if most_units(account) > self.units_max {
            return Err(Refusal::fault("signatures", "must be two: it has more units by now than one person may move"));
        }
        let survivor = stored(draft, &self.survivor.account).await?;
        let Some(survivor) = survivor else { return Err(Refusal::fault(self.names.survivor, "names no account")) };
        if survivor.moved_to.is_some() {
            return Err(Refusal::fault(self.names.survivor, "was merged itself, or is in a household"));
        }
        for (field, known) in [(self.names.gone, account), (self.names.survivor, &survivor)] {
            if known.blocked {
                return Err(Refusal::fault(field, "is blocked"));
            }
        }
        if account.members.len() > 1 {
            return Err(Refusal::fault(self.names.gone, "has a household, and people cannot be taken out of one"));
        }
        let (gone, to) = (self.gone.customer.clone(), self.survivor.customer.clone());
        let everything = Everything::of(account.clone(), gone, to);
        let programs = draft.core.programs.in_force();
        let now = draft.booked_at(self.now);
        match no_room(&survivor, &everything, programs.revision.programs(), now).first() {
            Some(what) => Err(Refusal::fault(self.names.survivor, format!("has no room for all {what} of both"))),
            None => Ok(()),
        }
    }
}

/// What the seal of what a merge brings names: no customer's id has a colon.
pub(super) fn merge_name(follow_up: &str) -> Vec<u8> {
    [b"merge:", follow_up.as_bytes()].concat()
}

/// The account that went last.
pub(crate) async fn last_merged(core: &Core) -> Result<(Version, Option<AccountId>), Refusal> {
    let head = core.storage.head(&layout::merges()).await.map_err(|error| core.storage_refusal(&error))?;
    let Some(head) = head else { return Ok((Version::NONE, None)) };
    let account = str::from_utf8(&head.value).ok().and_then(|account| AccountId::parse(account).ok());
    let account = account.ok_or_else(|| core.internal("what was merged last is no account"))?;
    Ok((head.version, Some(account)))
}

/// An account as the storage has it, not as it is remembered.
async fn stored(draft: &Draft<'_>, id: &AccountId) -> Result<Option<Account>, Refusal> {
    let head = draft.core.storage.head(&layout::account(id)).await.map_err(|error| draft.core.storage_refusal(&error))?;
    let read = head.map(|head| Account::decode(&head.value)).transpose();
    read.map_err(|damaged| draft.core.quarantined(id.as_str(), &damaged))
}

/// Seals anew, for the one who stays, the values that are known of the one who goes alone, and how they are reached. What
/// rules read of them is made from them.
pub(super) async fn take_values_over(
    draft: &mut Draft<'_>,
    (before, after): (&Account, &mut Account),
    everything: &Everything,
) -> Result<(), Refusal> {
    let known = before.members.iter().find(|member| member.customer == everything.survivor);
    let is_known = |fact: &FactId| known.is_some_and(|member| member.facts.iter().any(|own| own.fact == *fact));
    let gone = everything.account.members.iter().filter(|member| member.customer == everything.gone);
    let facts: Vec<FactId> = gone.flat_map(|member| &member.facts).map(|known| known.fact.clone()).collect();
    let facts: Vec<FactId> = facts.into_iter().filter(|fact| !is_known(fact)).collect();
    let from = Found { customer: everything.gone.clone(), account: everything.account.id.clone() };
    let (contact, values) = opened(draft.core, &from, &facts).await?;
    let own = Found { customer: everything.survivor.clone(), account: before.id.clone() };
    let (own_contact, _) = opened(draft.core, &own, &[]).await?;
    let takes_contact = own_contact == Contact::default() && contact != Contact::default();
    if values.is_empty() && !takes_contact {
        return Ok(());
    }
    let key = draft.customer_key(&own.customer).await?;
    if takes_contact {
        let row = contact_row(draft.core, &key, &own.customer, &contact)?;
        draft.put_row(row.key, row.value);
    }
    let revision = draft.core.programs.in_force().revision;
    for (fact, value) in values {
        let members = after.members.iter_mut().filter(|member| member.customer == everything.survivor);
        for known in members.flat_map(|member| &mut member.facts).filter(|known| known.fact == fact && !known.refused) {
            known.readable = revision.fact(&fact).and_then(|rule| rule.readable(value.expose()));
        }
        let row = fact_row(draft.core, &key, &own.customer, &fact, value.expose())?;
        draft.put_row(row.key, row.value);
    }
    if let Some(claim) = key.claim {
        draft.put_claim(claim)?;
    }
    Ok(())
}

/// Whoever stays was erased meanwhile: what is sealed of the one who goes is theirs too, and nobody opens it any more (H80).
pub(super) async fn delete_keys(draft: &mut Draft<'_>, everything: &Everything) -> Result<(), Refusal> {
    for customer in names(draft.core, &everything.account, &everything.gone).await? {
        if let Some(deletion) = deletion(draft.core, &customer).await? {
            draft.put_claim(deletion)?;
        }
    }
    Ok(())
}
