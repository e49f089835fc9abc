//! Claim: a customer is attached to a sale that had none. First the sale's own aggregate says who may have it, then
//! the customer's account gets what the sale would have given.

use std::sync::Arc;

use bytes::Bytes;
use compact_str::CompactString;
use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::read::{ClaimInput, ReadContext, read_settle};
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::claim::{Claim, claim, claimable, is_left, outcome_id};
use tessera_ledger::entry::{Aggregate, EntryState, ReceiptEntry, Taken, Waiting};
use tessera_ledger::limits::{PARKED_CLAIMS_MAX, PARKED_MAX};
use tessera_ledger::order::{ClaimAdmission, admit_claim};
use tessera_ledger::outcome::Outcome;
use tessera_ledger::return_goods::ReturnedSoFar;
use tessera_ledger::settle::{Relation, Settle, Settled};
use tessera_ledger::standing::View;
use tessera_ledger::terms::limit_terms;
use tessera_proto::billing::v1;
use tessera_rules::decision::Decision;
use tessera_rules::effort::Effort;
use tessera_rules::evaluate::evaluate;
use tessera_rules::id::ProgramId;
use tessera_rules::money::Amount;
use tessera_rules::receipt::{Place, Receipt, Stage};
use tessera_rules::standing::Standing;

use super::case::erased;
use super::day::keep_aside;
use super::quote::code_standings;
use super::return_goods::read_stored;
use super::settle::printed_coupons;
use super::{CaseAnswer, Draft};
use crate::budgets::{Asker, BUDGET_ATTEMPTS_MAX, Held, Share, shares};
use crate::core::asset_terms;
use crate::directory::Found;
use crate::layout;
use crate::programs::Rules;
use crate::record::{Extras, encode_outcome};
use crate::surroundings::Surroundings;

/// The first step, at the sale: may this account have it?
#[derive(Debug)]
pub(crate) struct TakeClaimCase {
    pub(crate) input: ClaimInput,
    /// The request, kept where the claim must wait for its receipt.
    pub(crate) request: Bytes,
    pub(crate) found: Found,
    /// Whoever claims was forgotten since they did: the sale stays free.
    pub(crate) is_erased: bool,
    /// The sale's rules; none: when it was looked for it was not there.
    pub(crate) rules: Option<Rules>,
    /// The time against which the hours count.
    pub(crate) at: Timestamp,
    pub(crate) now: Timestamp,
}

/// What the first step came to.
#[derive(Debug)]
pub(crate) enum Taking {
    /// The sale is this account's to have.
    Taken {
        /// Its outcome message as stored.
        sale: Bytes,
    },
    /// It waits for its receipt.
    Parked,
    /// The sale has come since it was looked for.
    Again,
}

impl TakeClaimCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<Taking, Refusal> {
        let own = draft.entry(&self.input.request).await?;
        if own.as_ref().is_some_and(|own| own.content_hash != self.input.content_hash.0) {
            return Err(Refusal::Conflict);
        }
        let entry = draft.entry(&self.input.receipt).await?;
        let stored = draft.outcome(entry.as_ref(), &self.input.receipt).await?;
        let taken_by = entry.as_ref().and_then(ReceiptEntry::claimant).cloned();
        let stands_for = match &taken_by {
            Some(by) if draft.core.account(&self.found.account).await?.account.is_some_and(|own| own.stands_for(by)) => by,
            Some(_) | None => &self.found.account,
        };
        let admission = admit_claim(entry.as_ref(), stored.is_some(), stands_for);
        let (Some(entry), Some(stored)) = (&entry, &stored) else { return self.park(draft).await };
        match admission {
            ClaimAdmission::Park => self.park(draft).await,
            ClaimAdmission::Conflict => Err(Refusal::Conflict),
            ClaimAdmission::Free | ClaimAdmission::Own | ClaimAdmission::Taken => {
                self.refuse_wrong_code(draft, stored)?;
                self.take(draft, admission, entry, stored)
            }
        }
    }

    /// Before anything else is told of the receipt: who has no paper learns nothing.
    fn refuse_wrong_code(&self, draft: &Draft<'_>, stored: &Bytes) -> Result<(), Refusal> {
        let sale = read_stored(draft, &self.input.receipt, stored)?;
        let code = sale.place.map(|place| draft.core.keys.claim_code(&place.store, &self.input.receipt));
        if code.is_some_and(|code| code.letters() == self.input.code) {
            return Ok(());
        }
        metrics::counter!("tessera_engine_claim_codes_wrong_total").increment(1);
        Err(Refusal::WrongClaimCode)
    }

    fn take(
        &self,
        draft: &mut Draft<'_>,
        admission: ClaimAdmission,
        entry: &ReceiptEntry,
        stored: &Bytes,
    ) -> Result<Taking, Refusal> {
        if admission == ClaimAdmission::Taken {
            return Err(Refusal::AlreadyClaimed);
        }
        if admission == ClaimAdmission::Free {
            let Some(rules) = &self.rules else { return Ok(Taking::Again) };
            if self.is_erased {
                return Err(erased());
            }
            let sale = read_stored(draft, &self.input.receipt, stored)?;
            if rules.revision.claimable_at(sale.sold_at, self.at).is_empty() {
                return Err(Refusal::ClaimClosed);
            }
            if self.input.cashier.is_some() && self.input.cashier == sale.place.and_then(|place| place.cashier) {
                return Err(Refusal::SellingCashier);
            }
            let taken = Taken { by: self.found.account.clone(), at: self.at };
            draft.put_entry(&self.input.receipt, ReceiptEntry { claimed: Some(taken), ..entry.clone() });
        }
        Ok(Taking::Taken { sale: stored.clone() })
    }

    /// Keeps the request with the receipt's entry until the receipt arrives.
    async fn park(&self, draft: &mut Draft<'_>) -> Result<Taking, Refusal> {
        let (id, receipt) = (&self.input.request, &self.input.receipt);
        let today = draft.core.ledger_day(self.now);
        let before = draft.entry(receipt).await?;
        let aggregate = draft.aggregate(receipt);
        let mut awaited = before.unwrap_or_else(|| ReceiptEntry::new(aggregate, EntryState::Awaited, [0; 32], 0, today));
        let waits = awaited.parked.iter().any(|waiting| waiting.id == *id);
        // Without the receipt nobody can say whether the code is right, so claims may not take all the room.
        if !waits && waiting_claims(draft, &awaited.parked).await?.len() >= PARKED_CLAIMS_MAX {
            return Err(too_many_wait(PARKED_CLAIMS_MAX));
        }
        awaited.park(id.clone(), self.request.to_vec()).map_err(|_| too_many_wait(PARKED_MAX))?;
        let state = EntryState::ParkedClaim { receipt: receipt.clone() };
        let own = ReceiptEntry::new(Aggregate::Sale(receipt.clone()), state, self.input.content_hash.0, 0, today);
        draft.put_entry(receipt, awaited);
        draft.put_entry(id, own);
        Ok(Taking::Parked)
    }
}

fn too_many_wait(limit: usize) -> Refusal {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    Refusal::LimitExceeded { what: "returns and claims that wait for one receipt", limit }
}

/// The second step, at the account: it gets what the sale would have given, once.
#[derive(Debug)]
pub(crate) struct ClaimCase {
    pub(crate) input: ClaimInput,
    pub(crate) found: Found,
    /// The sale's outcome message as stored.
    pub(crate) sale: Bytes,
    /// The sale's rules.
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
}

impl ClaimCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let receipt = &self.input.receipt;
        if let Some(outcome) = draft.claim_outcome(receipt).await? {
            draft.core.budgets.found(&read_stored(draft, receipt, &outcome)?.receipt);
            return Ok(CaseAnswer::Recorded { outcome });
        }
        let entry = draft.entry(receipt).await?.filter(|entry| entry.claimant().is_some_and(|by| draft.is_own(by)));
        let Some((entry, taken)) = entry.and_then(|entry| Some((entry.clone(), entry.claimed?))) else {
            return Err(Refusal::InProgress);
        };
        let own = draft.entry(&self.input.request).await?;
        if own.is_some_and(|own| own.content_hash != self.input.content_hash.0) {
            return Err(Refusal::Conflict);
        }
        let Some(kept) = draft.kept_sale(&Aggregate::Own, receipt).await? else { return Err(Refusal::ClaimClosed) };
        let sale = read_stored(draft, receipt, &self.sale)?;
        let so_far = draft.returned(&entry, receipt).await?;
        let sold = self.sold(draft, &kept, &so_far)?;
        let place = self.place(&sale).ok_or_else(|| draft.core.internal(&format!("the sale {receipt} was made nowhere")))?;
        let account = match draft.account() {
            Some(account) => Arc::clone(account),
            None => Arc::new(Account::new(self.found.account.clone(), self.found.customer.clone(), self.now)),
        };
        let open = self.rules.revision.claimable_at(sale.sold_at, taken.at);
        let used = draft.codes_used(&entry, receipt).await?;
        let (decision, shares) = self.judge_within_budgets(draft, (&account, &open), &sold, (&sale, &so_far, &used)).await?;
        let done = self.claim(draft, (&account, &sold), &decision, (&sale, &place, &so_far));
        let extras = Extras { coupons: printed_coupons(&done.outcome, &self.rules.revision), proven: true, ..Extras::default() };
        let outcome = encode_outcome(&done.outcome, &extras);
        if let Some(account) = done.account {
            draft.put_account(account);
        }
        let today = draft.booking_date(self.now);
        let state = EntryState::Claimed { receipt: receipt.clone() };
        let own = ReceiptEntry::new(draft.aggregate(&self.input.request), state, self.input.content_hash.0, 0, today);
        draft.put_entry(&self.input.request, own);
        draft.put_row(layout::outcome_row(&outcome_id(receipt)), outcome.clone());
        draft.put_row(layout::returned_row(receipt), Bytes::from(so_far.encode()));
        draft.put_codes(receipt, &shares);
        draft.put_spent(&self.input.request, shares, sold.business_date);
        keep_aside(draft, done.aside).await?;
        Ok(CaseAnswer::Recorded { outcome })
    }

    /// The receipt as it is evaluated: as paid, and without what has come back.
    fn sold(&self, draft: &Draft<'_>, kept: &Bytes, so_far: &ReturnedSoFar) -> Result<Receipt, Refusal> {
        let read = v1::SettleRequest::decode(kept.clone()).ok();
        let read = read.and_then(|request| read_settle(&request, &ReadContext { now: self.now }).ok());
        let unreadable = || draft.core.internal(&format!("the kept sale {} cannot be read", self.input.receipt));
        let mut receipt = Receipt { stage: Stage::Paid, ..read.ok_or_else(unreadable)?.receipt };
        receipt.redeem.clear();
        receipt.lines.retain(|line| is_left(&line.id, so_far));
        Ok(receipt)
    }

    fn claim(
        &self,
        draft: &Draft<'_>,
        (account, sold): (&Account, &Receipt),
        decision: &Decision,
        (sale, place, so_far): (&Outcome, &Place, &ReturnedSoFar),
    ) -> Settled {
        let assets = asset_terms(&self.rules.revision, sold.currency);
        let settle = Settle {
            receipt: sold,
            sold: &[],
            decision,
            promised: None,
            relation: Relation::WithoutQuote,
            after_void: false,
            deferred: false,
            till_clock_off: false,
            delivery_unproven: false,
            content_hash: self.input.content_hash.0,
            attempt: 0,
            basis: self.rules.basis(),
            booked_at: draft.booked_at(self.now),
            booking_date: draft.booking_date(self.now),
            cash_rounding: Amount::ZERO,
            customer: Some(self.found.customer.clone()),
            assets: &assets,
            renewals: &self.rules.revision.renewals(sold.sold_at),
            limits: &limit_terms(&self.rules.revision, decision),
            return_terms: &[],
            seen: &draft.core.programs.in_force().revision.receipts_seen(),
            codes: draft.core.keys.codes(),
            handed_over: &[],
            must_confirm: None,
        };
        let command = Claim {
            settle: &settle,
            sale,
            so_far,
            request: &self.input.request,
            place,
            claimed_at: self.input.claimed_at,
            business_date: settle.booking_date,
        };
        claim(account, &command)
    }

    /// A decision whose shares of budgets are held until the commit. One that does not fit any more is made again, at last
    /// without anything that is limited over all customers. A code that works once and that the sale used is the sale's,
    /// and is not used again.
    async fn judge_within_budgets(
        &self,
        draft: &Draft<'_>,
        who: (&Account, &[ProgramId]),
        sold: &Receipt,
        (sale, so_far, used): (&Outcome, &ReturnedSoFar, &[CompactString]),
    ) -> Result<(Decision, Vec<Share>), Refusal> {
        let asker = Asker {
            receipt: &self.input.request,
            quote_no: None,
            place: &sold.place,
            account: Some(&self.found.account),
            supersedes: None,
            day: sold.business_date,
            now: self.now,
            until: draft.core.held_until(self.now),
        };
        let draw = draft.core.keys.draw(&sold.id);
        let decide = |mut around: Surroundings| {
            around.shared.codes.retain(|code| !used.contains(code));
            claimable(self.evaluate(who, sold, (sale.sold_at, draw), around), sale, so_far)
        };
        let of = (self.rules.revision.as_ref(), sold, sale.sold_at);
        let customer = Some(&self.found.customer);
        for _ in 0..BUDGET_ATTEMPTS_MAX {
            let decision = decide(draft.core.surroundings(of, customer, asker).await?);
            let mut shares = shares(&self.rules.revision, &decision);
            shares.retain(|share| share.code().is_none_or(|code| !used.contains(code)));
            if draft.core.budgets.hold(&shares, asker) == Held::Fits {
                return Ok((decision, shares));
            }
        }
        let around = draft.core.surroundings(of, customer, asker).await?;
        Ok((decide(around.used_up(&self.rules.revision, sold)), Vec::new()))
    }

    /// Where it was claimed; what was not said is as the sale has it.
    fn place(&self, sale: &Outcome) -> Option<Place> {
        let sold = sale.place.as_ref()?;
        Some(Place {
            store: self.input.store.clone().unwrap_or_else(|| sold.store.clone()),
            till: self.input.till.clone().unwrap_or_else(|| sold.till.clone()),
            cashier: self.input.cashier.clone(),
        })
    }

    fn evaluate(
        &self,
        (account, open): (&Account, &[ProgramId]),
        sold: &Receipt,
        (at, draw): (Timestamp, [u8; 32]),
        around: Surroundings,
    ) -> Decision {
        let view = View {
            customer: Some(&self.found.customer),
            receipt: &sold.id,
            supersedes: None,
            now: self.now,
            business_date: sold.business_date,
            lists: &around.lists,
        };
        let standing = Standing {
            customer: Some(account.standing(&view)),
            codes: code_standings(Some(account), &sold.codes, &view, &around.shared),
            shared: around.shared.uses.clone(),
            out_of_stock: Arc::clone(&around.out_of_stock),
            no_promises: None,
            claimed_from: Some(open.to_vec()),
            untold_from: None,
            draw: Some(draw),
        };
        evaluate(&self.rules.revision, &self.rules.catalogue, &standing, sold, at, Effort::default().whole())
    }
}

/// Of what waited for a receipt the claims, as they were received.
pub(super) async fn waiting_claims(draft: &mut Draft<'_>, parked: &[Waiting]) -> Result<Vec<Bytes>, Refusal> {
    let mut claims = Vec::new();
    for waiting in parked {
        let entry = draft.entry(&waiting.id).await?;
        if entry.is_some_and(|entry| matches!(entry.state, EntryState::ParkedClaim { .. })) {
            claims.push(Bytes::from(waiting.request.clone()));
        }
    }
    Ok(claims)
}
