//! Quote: what if this receipt is paid now. Comes to the desk only where something scarce is promised or
//! was promised before; everything else is answered without a queue.

mod code;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tessera_contract::read::QuoteInput;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::entry::{EntryState, ReceiptEntry, TillPlace};
use tessera_ledger::order::{QuoteAdmission, admit_quote};
use tessera_ledger::quote::{OpenQuoteCommand, QuoteRefusal, must_write, open_quote};
use tessera_ledger::standing::View;
use tessera_rules::decision::Decision;
use tessera_rules::effort::Effort;
use tessera_rules::evaluate::evaluate;
use tessera_rules::id::{AccountId, CustomerId, ReceiptId};
use tessera_rules::standing::{CodeStanding, CodeState, NoPromises, Standing};

use super::Draft;
use crate::budgets::{Asker, BUDGET_ATTEMPTS_MAX, Held, SharedUse, shares};
use crate::core::Core;
use crate::programs::Rules;
use crate::surroundings::Surroundings;

/// What is asked: a receipt, under rules, at a time, with so much effort.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) input: Arc<QuoteInput>,
    pub(crate) rules: Rules,
    pub(crate) at: Timestamp,
    pub(crate) effort: Effort,
}

/// A quote and all that its evaluation needs beside the account.
#[derive(Debug)]
pub(crate) struct QuoteCase {
    pub(crate) asked: Asked,
    pub(crate) customer: CustomerId,
    pub(crate) account: AccountId,
}

/// How a quote was answered.
#[derive(Debug)]
pub(crate) enum Quoted {
    /// With a decision.
    Decided(Box<Decided>),
    /// The receipt was paid.
    AlreadySettled(Bytes),
    /// The receipt was voided.
    Voided,
    /// A later quote was answered, or another receipt took over.
    Superseded,
}

/// A decision and until when what it promises is held.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) held_until: Option<Timestamp>,
    pub(crate) account: Option<Arc<Account>>,
}

/// What a presented code stands for before the rules have seen it.
pub(crate) fn code_standings(
    account: Option<&Account>,
    codes: &[compact_str::CompactString],
    view: &View<'_>,
    taken: &SharedUse,
) -> Vec<CodeStanding> {
    codes
        .iter()
        .map(|code| {
            let open = if taken.codes.contains(code) { CodeState::Used } else { CodeState::Open };
            CodeStanding {
                code: code.clone(),
                state: account.and_then(|account| account.coupon_state(code, view)).unwrap_or(open),
                campaign: account.and_then(|account| account.coupon_campaign(code)).cloned(),
            }
        })
        .collect()
}

/// Evaluates a quote on an account as it stands, or on none, and on what is left of budgets.
///
/// # Errors
/// The storage cannot read what budgets have left.
pub(crate) async fn evaluate_quote(
    core: &Core,
    asked: &Asked,
    account: Option<&Account>,
    customer: Option<&CustomerId>,
) -> Result<Decision, Refusal> {
    let view = asked.view(customer, account);
    let exhausted = account.is_some_and(|account| account.promises_exhausted(&view));
    let no_promises = exhausted.then_some(NoPromises::TooManyOpenQuotes);
    let asker = asked.asker(core, account.map(|known| &known.id));
    let around = core.surroundings((&asked.rules.revision, &asked.input.receipt, asked.at), customer, asker).await?;
    Ok(asked.evaluate(core, account, &view, (around, no_promises)))
}

/// Evaluates a sale to nobody known, and holds what it uses of budgets. What does not fit any more is evaluated again.
///
/// # Errors
/// The storage cannot read what budgets have left.
pub(crate) async fn evaluate_anonymous(core: &Core, asked: &Asked) -> Result<Quoted, Refusal> {
    let (receipt, asker) = (&asked.input.receipt, asked.asker(core, None));
    for _ in 0..BUDGET_ATTEMPTS_MAX {
        let decision = evaluate_quote(core, asked, None, None).await?;
        let shares = shares(&asked.rules.revision, &decision);
        let held = !receipt.training && !shares.is_empty();
        match if receipt.training { Held::Fits } else { core.budgets.hold(&shares, asker) } {
            Held::Fits => {
                let held_until = held.then(|| core.held_until(asked.at));
                return Ok(Quoted::Decided(Box::new(Decided { decision, held_until, account: None })));
            }
            Held::Superseded => return Ok(Quoted::Superseded),
            Held::Elsewhere => {
                quoted_elsewhere(asked);
                break;
            }
            Held::Beyond => {}
        }
    }
    let around = (Surroundings::default(), Some(NoPromises::TooManyOpenQuotes));
    let decision = asked.evaluate(core, None, &asked.view(None, None), around);
    Ok(Quoted::Decided(Box::new(Decided { decision, held_until: None, account: None })))
}

/// What the receipt holds is another till's, and stays so: this till is answered, and promised nothing (H73).
fn quoted_elsewhere(asked: &Asked) {
    let receipt = &asked.input.receipt;
    metrics::counter!("tessera_engine_foreign_calls_total").increment(1);
    tracing::warn!(receipt = %receipt.id, store = %receipt.place.store, till = %receipt.place.till, "a quote of another till's receipt was promised nothing");
}

impl Asked {
    fn asker<'a>(&'a self, core: &Core, account: Option<&'a AccountId>) -> Asker<'a> {
        Asker {
            receipt: &self.input.receipt.id,
            quote_no: Some(quote_no(&self.input)),
            place: &self.input.receipt.place,
            account,
            supersedes: self.input.supersedes.as_ref(),
            day: self.input.receipt.business_date,
            now: self.at,
            until: core.held_until(self.at),
        }
    }

    /// The receipt that this one takes over from; none also where a till of another store holds it: an id alone does not say
    /// whose it is (H73).
    fn supersedes(&self, account: Option<&Account>) -> Option<&ReceiptId> {
        let parked = self.input.supersedes.as_ref()?;
        let held = account.and_then(|account| account.open_quotes.iter().find(|quote| quote.receipt == *parked));
        held.is_none_or(|held| held.till.store == self.input.receipt.place.store).then_some(parked)
    }

    fn view<'a>(&'a self, customer: Option<&'a CustomerId>, account: Option<&Account>) -> View<'a> {
        View {
            customer,
            receipt: &self.input.receipt.id,
            supersedes: self.supersedes(account),
            now: self.at,
            business_date: self.input.receipt.business_date,
            lists: &[],
        }
    }

    fn evaluate(
        &self,
        core: &Core,
        account: Option<&Account>,
        view: &View<'_>,
        (around, no_promises): (Surroundings, Option<NoPromises>),
    ) -> Decision {
        let view = &View { lists: &around.lists, ..view.clone() };
        let receipt = &self.input.receipt;
        let standing = Standing {
            customer: account.map(|account| account.standing(view)),
            codes: code_standings(account, &receipt.codes, view, &around.shared),
            shared: around.shared.uses,
            out_of_stock: Arc::clone(&around.out_of_stock),
            no_promises,
            claimed_from: None,
            untold_from: None,
            draw: Some(core.keys.draw(&receipt.id)),
        };
        evaluate(&self.rules.revision, &self.rules.catalogue, &standing, receipt, self.at, self.effort)
    }
}

/// Whether the decision must go through the account's queue.
pub(crate) fn needs_desk(account: &Account, customer: &CustomerId, asked: &Asked, decision: &Decision) -> bool {
    let command = command(asked, account, decision, asked.at);
    !asked.input.receipt.training && (must_write(account, &command) || asked.needs_code(account, customer, decision))
}

/// Numbers beyond what is kept are all the greatest.
fn quote_no(input: &QuoteInput) -> u32 {
    u32::try_from(input.quote_no).unwrap_or(u32::MAX)
}

fn command<'a>(asked: &'a Asked, account: &Account, decision: &'a Decision, until: Timestamp) -> OpenQuoteCommand<'a> {
    OpenQuoteCommand {
        receipt: &asked.input.receipt.id,
        place: &asked.input.receipt.place,
        quote_no: quote_no(&asked.input),
        attempt: asked.input.attempt,
        now: asked.at,
        until,
        promises: &decision.promises,
        supersedes: asked.supersedes(Some(account)),
    }
}

impl QuoteCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<Quoted, Refusal> {
        let input = &self.asked.input;
        let till = TillPlace::from(&input.receipt.place);
        let entry = draft.entry(&input.receipt.id).await?.map(|entry| entry.seen_from(&till));
        let outcome = draft.outcome(entry.as_ref(), &input.receipt.id).await?;
        match admit_quote(entry.as_ref(), outcome.is_some(), input.attempt) {
            QuoteAdmission::Open => self.open(draft).await,
            QuoteAdmission::AlreadySettled => Ok(Quoted::AlreadySettled(outcome.unwrap_or_default())),
            QuoteAdmission::Voided => Ok(Quoted::Voided),
            QuoteAdmission::Superseded { .. } => Ok(Quoted::Superseded),
            QuoteAdmission::Conflict => Err(Refusal::Conflict),
        }
    }

    async fn open(&self, draft: &mut Draft<'_>) -> Result<Quoted, Refusal> {
        let asked = &self.asked;
        let before = match draft.account() {
            Some(account) => Arc::clone(account),
            None => Arc::new(Account::new(self.account.clone(), self.customer.clone(), asked.at)),
        };
        let before = self.with_code(draft, before);
        let until = draft.core.held_until(asked.at);
        for _ in 0..BUDGET_ATTEMPTS_MAX {
            let decision = evaluate_quote(draft.core, asked, Some(&before), Some(&self.customer)).await?;
            match open_quote(&before, &command(asked, &before, &decision, until)) {
                Ok(account) => {
                    let shares = shares(&asked.rules.revision, &decision);
                    match draft.core.budgets.hold(&shares, asked.asker(draft.core, Some(&self.account))) {
                        Held::Fits => {
                            self.leave_tombstone(draft, &before).await?;
                            return Ok(self.held(draft, decision, account, until));
                        }
                        Held::Superseded => return Ok(Quoted::Superseded),
                        Held::Elsewhere => {
                            quoted_elsewhere(asked);
                            break;
                        }
                        Held::Beyond => {}
                    }
                }
                Err(QuoteRefusal::QuotedElsewhere) => {
                    quoted_elsewhere(asked);
                    break;
                }
                Err(QuoteRefusal::Superseded { .. }) => return Ok(Quoted::Superseded),
                Err(QuoteRefusal::TooManyOpenQuotes) => break,
                Err(QuoteRefusal::AccountFull) => return self.without_promises(draft, &before, NoPromises::AccountFull).await,
            }
        }
        self.without_promises(draft, &before, NoPromises::TooManyOpenQuotes).await
    }

    /// Where this receipt takes over what a parked one held, that one is not paid any more unless its cashier decides so.
    async fn leave_tombstone(&self, draft: &mut Draft<'_>, before: &Account) -> Result<(), Refusal> {
        let input = &self.asked.input;
        let Some(parked) = self.asked.supersedes(Some(before)).filter(|parked| **parked != input.receipt.id) else {
            return Ok(());
        };
        let now = before.booked_at(self.asked.at);
        let held = before.open_quotes.iter().find(|quote| quote.receipt == *parked && quote.is_open(now));
        let Some(held) = held else { return Ok(()) };
        let entry = draft.entry(parked).await?;
        // What was voided and resumed by a later decision is parked as what never was voided.
        let is_open = |entry: &ReceiptEntry| match entry.state {
            EntryState::Awaited => true,
            EntryState::Voided => entry.attempt < held.attempt,
            EntryState::Settled
            | EntryState::Returned
            | EntryState::Parked { .. }
            | EntryState::ParkedClaim { .. }
            | EntryState::Claimed { .. } => false,
        };
        if !entry.as_ref().is_none_or(is_open) {
            return Ok(());
        }
        let (day, by) = (input.receipt.business_date, input.receipt.id.clone());
        let of = (held.attempt, held.till.clone());
        let tombstone = ReceiptEntry::superseded(entry.as_ref(), draft.aggregate(parked), day, of, by);
        draft.put_entry(parked, tombstone);
        Ok(())
    }

    fn held(&self, draft: &mut Draft<'_>, decision: Decision, account: Account, until: Timestamp) -> Quoted {
        let held_until = (!decision.promises.is_empty()).then_some(until);
        let is_put = self.send_code(draft, decision.code_wanted.as_ref(), &account);
        if !is_put && draft.account().is_none_or(|before| **before != account) {
            draft.put_account(account);
        }
        Quoted::Decided(Box::new(Decided { decision, held_until, account: draft.account().cloned() }))
    }

    /// There is no room for another open quote, or the receipt is another till's: what is scarce is left out, and the answer says so.
    async fn without_promises(&self, draft: &Draft<'_>, account: &Arc<Account>, why: NoPromises) -> Result<Quoted, Refusal> {
        let lists = draft.core.lists_of(&self.customer, self.asked.at).await?;
        let out_of_stock = draft.core.out_of_stock(&self.asked.input.receipt.place.store).await?;
        let around = Surroundings { lists, out_of_stock, ..Surroundings::default() };
        let decision = self.asked.evaluate(
            draft.core,
            Some(account),
            &self.asked.view(Some(&self.customer), Some(account)),
            (around, Some(why)),
        );
        Ok(Quoted::Decided(Box::new(Decided { decision, held_until: None, account: draft.account().cloned() })))
    }
}

/// What the receipt entry makes of a quote that needs no queue; none: answer it.
///
/// # Errors
/// The id is a return's, or the storage cannot read.
pub(crate) async fn before_quote(core: &Core, input: &QuoteInput) -> Result<Option<Quoted>, Refusal> {
    let (_, entry) = core.receipt_entry(&input.receipt.id).await?;
    let till = TillPlace::from(&input.receipt.place);
    let Some(entry) = entry.map(|entry| entry.seen_from(&till)) else { return Ok(None) };
    let outcome = core.outcome(&entry, &input.receipt.id).await?;
    match admit_quote(Some(&entry), outcome.is_some(), input.attempt) {
        QuoteAdmission::Open => Ok(None),
        QuoteAdmission::AlreadySettled => Ok(Some(Quoted::AlreadySettled(outcome.unwrap_or_default()))),
        QuoteAdmission::Voided => Ok(Some(Quoted::Voided)),
        QuoteAdmission::Superseded { .. } => Ok(Some(Quoted::Superseded)),
        QuoteAdmission::Conflict => Err(Refusal::Conflict),
    }
}
