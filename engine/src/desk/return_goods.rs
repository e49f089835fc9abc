//! Return: goods of a settled receipt come back, or goods without a receipt.

use bytes::Bytes;
use compact_str::CompactString;
use jiff::Timestamp;
use prost::Message as _;
use tessera_contract::read::{OriginalReceipt, ReadContext, ReturnInput, read_return};
use tessera_contract::refusal::Refusal;
use tessera_contract::till_day::{DayKind, DayReceipt};
use tessera_ledger::account::Account;
use tessera_ledger::claim::claimed_sale;
use tessera_ledger::entry::{Aggregate, EntryState, ReceiptEntry, TillPlace, Waiting};
use tessera_ledger::order::{OriginalKnown, ReturnAdmission, admit_return};
use tessera_ledger::outcome::{Flag, Outcome};
use tessera_ledger::return_goods::{self as ledger, DecidedWith, OriginalSale, Return, ReturnLine, ReturnedSoFar, return_goods};
use tessera_proto::billing::v1;
use tessera_rules::id::{CustomerId, ReceiptId};
use tessera_rules::receipt::Receipt;

use super::Draft;
use super::day::keep_aside;
use super::reprice::{self, Anew};
use crate::core::asset_terms;
use crate::layout;
use crate::programs::Rules;
use crate::record::{Extras, encode_outcome, outcome_from_wire};

/// A return and all that it needs beside the aggregate.
#[derive(Debug)]
pub(crate) struct ReturnCase {
    pub(crate) input: ReturnInput,
    /// The request, kept where the return must wait for its original.
    pub(crate) request: Bytes,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) rules: Rules,
    /// Those of the sale, where it prices anew what is kept.
    pub(crate) sale_rules: Option<Rules>,
    pub(crate) now: Timestamp,
}

/// How a return was answered.
#[derive(Debug)]
pub(crate) enum Returned {
    /// Committed now, or before.
    Outcome {
        /// The outcome message as stored.
        outcome: Bytes,
        /// It had been committed before.
        repeated: bool,
        /// What it is computed from, where it was committed now.
        result: Option<Box<ledger::Returned>>,
    },
    /// It waits for its original.
    Parked {
        /// It waited already.
        repeated: bool,
    },
    /// The original lies with another aggregate: ask there.
    Elsewhere,
}

/// The receipt that a return names, as this draft sees it.
enum Original {
    NotNamed,
    NotSettled,
    Elsewhere,
    Settled(Box<Sale>),
}

pub(super) struct Sale {
    pub(super) outcome: Outcome,
    pub(super) so_far: ReturnedSoFar,
    /// It had no customer and was claimed afterwards.
    pub(super) claimed: bool,
    /// The codes that work once and that it used.
    pub(super) codes: Vec<CompactString>,
    /// As it was sent and what it was decided with, where what is kept of it is priced anew.
    pub(super) sold: Option<(Receipt, DecidedWith)>,
}

impl Sale {
    /// The codes that work once and that this sale uses no more, since with this return all has come back.
    fn gives_back(&self, result: &ledger::Returned) -> &[CompactString] {
        let completes = result.so_far.is_whole(&self.outcome) && !self.so_far.is_whole(&self.outcome);
        if completes { &self.codes } else { &[] }
    }
}

impl ReturnCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<Returned, Refusal> {
        let (id, till) = (&self.input.id, TillPlace::from(&self.input.place));
        let entry = draft.entry(id).await?.map(|entry| entry.seen_from(&till));
        let stored = draft.outcome(entry.as_ref(), id).await?;
        let original = self.original(draft).await?;
        let known = match original {
            Original::Elsewhere if stored.is_none() => return Ok(Returned::Elsewhere),
            Original::Elsewhere | Original::Settled(_) => OriginalKnown::Settled,
            Original::NotNamed => OriginalKnown::NotNamed,
            Original::NotSettled => OriginalKnown::NotSettled,
        };
        match admit_return(entry.as_ref(), stored.is_some(), &self.input.content_hash.0, self.input.attempt, known) {
            ReturnAdmission::Repeat => {
                draft.core.budgets.found(id);
                Ok(Returned::Outcome { outcome: stored.unwrap_or_default(), repeated: true, result: None })
            }
            ReturnAdmission::RepeatParked => Ok(Returned::Parked { repeated: true }),
            ReturnAdmission::Conflict | ReturnAdmission::Voided => Err(Refusal::Conflict),
            ReturnAdmission::Park => self.park(draft).await,
            ReturnAdmission::New => {
                self.refuse_other_currency(&original)?;
                self.commit(draft, original, false).await
            }
        }
    }

    async fn original(&self, draft: &mut Draft<'_>) -> Result<Original, Refusal> {
        let OriginalReceipt::Receipt(id) = &self.input.original else { return Ok(Original::NotNamed) };
        let entry = draft.entry(id).await?;
        let stored = draft.outcome(entry.as_ref(), id).await?;
        let (Some(entry), Some(stored)) = (entry, stored) else { return Ok(Original::NotSettled) };
        if entry.state != EntryState::Settled {
            return Ok(Original::NotSettled);
        }
        if !draft.is_here(&entry.home(), id) {
            return Ok(Original::Elsewhere);
        }
        let sale = read_stored(draft, id, &stored)?;
        let sold = reprice::sold(draft, &entry, &sale).await?;
        // It was settled since it was looked for: its rules must be found first.
        if sold.is_some() && self.sale_rules.is_none() {
            return Ok(Original::Elsewhere);
        }
        let claim = draft.claim_outcome(id).await?;
        let claimed = claim.is_some();
        let outcome = match claim {
            Some(claim) => claimed_sale(sale, read_stored(draft, id, &claim)?),
            None => sale,
        };
        let so_far = draft.returned(&entry, id).await?;
        let codes = draft.codes_used(&entry, id).await?;
        Ok(Original::Settled(Box::new(Sale { outcome, so_far, claimed, codes, sold })))
    }

    /// Amounts of two currencies cannot be compared.
    fn refuse_other_currency(&self, original: &Original) -> Result<(), Refusal> {
        match original {
            Original::Settled(sale) if sale.outcome.currency != self.input.currency => {
                Err(Refusal::fault("currency_code", "must be the currency of the original receipt"))
            }
            Original::Settled(_) | Original::NotNamed | Original::NotSettled | Original::Elsewhere => Ok(()),
        }
    }

    /// Keeps the request with the original's entry until the original arrives.
    async fn park(&self, draft: &mut Draft<'_>) -> Result<Returned, Refusal> {
        let OriginalReceipt::Receipt(original) = &self.input.original else { return Err(Refusal::UnknownOriginal) };
        let before = draft.entry(original).await?;
        let mut awaited = before.unwrap_or_else(|| {
            ReceiptEntry::new(draft.aggregate(original), EntryState::Awaited, [0; 32], 0, self.input.business_date)
        });
        awaited.park(self.input.id.clone(), self.request.to_vec()).map_err(|_| Refusal::LimitExceeded {
            what: "returns that wait for one receipt",
            limit: u64::try_from(tessera_ledger::limits::PARKED_MAX).unwrap_or(u64::MAX),
        })?;
        let state = EntryState::Parked { original: original.clone() };
        let own = ReceiptEntry::new(
            Aggregate::Sale(original.clone()),
            state,
            self.input.content_hash.0,
            self.input.attempt,
            self.input.business_date,
        );
        draft.put_entry(original, awaited);
        draft.put_entry(&self.input.id, own);
        self.put_into_day(draft);
        Ok(Returned::Parked { repeated: false })
    }

    async fn commit(&self, draft: &mut Draft<'_>, original: Original, was_parked: bool) -> Result<Returned, Refusal> {
        let sale = match original {
            Original::Settled(sale) => Some(sale),
            Original::NotNamed | Original::NotSettled | Original::Elsewhere => None,
        };
        let opened = draft.account_id().map(|id| match draft.account() {
            Some(account) => Account::clone(account),
            None => {
                Account::new(id.clone(), self.customer.clone().unwrap_or_else(|| crate::directory::customer_of(id)), self.now)
            }
        });
        let mut result = self.compute(draft, opened.as_ref(), sale.as_deref());
        self.free_codes(draft, sale.as_deref(), &mut result).await?;
        if was_parked && let Err(place) = result.outcome.flags.binary_search(&Flag::WasParked) {
            result.outcome.flags.insert(place, Flag::WasParked);
        }
        if !draft.core.has_signed_return(&self.input, self.now) {
            // The last of all flags, which stand in their order.
            result.outcome.flags.push(Flag::DeliveryUnproven);
        }
        let message = encode_outcome(&result.outcome, &self.extras(&result));
        if !self.input.training {
            self.put(draft, &result, message.clone());
            let codes = sale.as_deref().map_or(&[][..], |sale| sale.gives_back(&result));
            let budgets = &draft.core.budgets;
            let given_back = budgets.given_back(draft.core.storage.as_ref(), codes, self.input.business_date).await;
            let given_back = given_back.map_err(|error| draft.core.storage_refusal(&error))?;
            draft.put_spent(&self.input.id, given_back, self.input.business_date);
            keep_aside(draft, result.aside.clone()).await?;
        }
        Ok(Returned::Outcome { outcome: message, repeated: false, result: Some(Box::new(result)) })
    }

    fn put_into_day(&self, draft: &mut Draft<'_>) {
        if self.input.training {
            return;
        }
        let back = DayReceipt { kind: DayKind::Returned, content: self.input.content_hash };
        draft.put_till_day(&self.input.place, self.input.business_date, &self.input.id, back);
        draft.put_fiscal(self.input.fiscal.as_ref(), &self.input.id);
    }

    fn put(&self, draft: &mut Draft<'_>, result: &ledger::Returned, message: Bytes) {
        let id = &self.input.id;
        let aggregate = draft.aggregate(id);
        let entry = ReceiptEntry::new(
            aggregate,
            EntryState::Returned,
            self.input.content_hash.0,
            self.input.attempt,
            self.input.business_date,
        );
        if let Some(account) = &result.account {
            draft.put_account(account.clone());
        }
        if let OriginalReceipt::Receipt(original) = &self.input.original {
            draft.put_row(layout::returned_row(original), Bytes::from(result.so_far.encode()));
        }
        draft.put_entry(id, entry);
        self.put_into_day(draft);
        draft.put_row(layout::outcome_row(id.as_str()), message);
    }

    fn compute(&self, draft: &Draft<'_>, account: Option<&Account>, sale: Option<&Sale>) -> ledger::Returned {
        let lines: Vec<ReturnLine> = self.input.lines.iter().map(return_line).collect();
        let tenders: Vec<_> = self.input.tenders.iter().map(|tender| tender.tender.clone()).collect();
        let assets = asset_terms(&self.rules.revision, self.input.currency);
        let mut goods = Return {
            id: self.input.id.clone(),
            place: &self.input.place,
            returned_at: self.input.returned_at,
            business_date: self.input.business_date,
            currency: self.input.currency,
            lines: &lines,
            original: sale.map(|sale| OriginalSale { outcome: &sale.outcome, so_far: &sale.so_far }),
            repricing: None,
            tenders: &tenders,
            cash_rounding: self.input.cash_rounding,
            content_hash: self.input.content_hash.0,
            attempt: self.input.attempt,
            basis: self.rules.basis(),
            booked_at: draft.booked_at(self.now),
            booking_date: draft.booking_date(self.now),
            customer: self.customer.clone(),
            assets: &assets,
        };
        let anew = sale.and_then(|sale| self.price_kept(draft, account, sale, &goods));
        goods.repricing = anew.as_ref().map(Anew::repricing);
        return_goods(account, &goods)
    }

    /// Adds the codes that are free again with the return: those that no other sale uses besides.
    async fn free_codes(&self, draft: &Draft<'_>, sale: Option<&Sale>, result: &mut ledger::Returned) -> Result<(), Refusal> {
        let given_back = sale.map(|sale| sale.gives_back(result)).unwrap_or_default();
        for code in given_back {
            if draft.uses_of_code(code, self.input.business_date).await? <= 1 {
                result.restored.push(code.clone());
            }
        }
        Ok(())
    }

    fn extras(&self, result: &ledger::Returned) -> Extras {
        Extras {
            code_verdicts: result.restored.iter().map(|code| free_again(code)).collect(),
            tenders: self.input.tenders.iter().map(tessera_contract::read::TenderInput::to_wire).collect(),
            fiscal: self
                .input
                .fiscal
                .as_ref()
                .map(|fiscal| v1::FiscalDocument { device_id: fiscal.device.to_string(), number: fiscal.number.to_string() }),
            return_reasons: self
                .input
                .lines
                .iter()
                .filter_map(|line| Some((line.id.as_str().to_owned(), line.reason.as_ref()?.to_string())))
                .collect(),
            proven: true,
            ..Extras::default()
        }
    }
}

/// A code that can be used again.
fn free_again(code: &str) -> v1::CodeVerdict {
    v1::CodeVerdict { code: code.to_owned(), state: i32::from(v1::CodeState::NotNeeded), ..Default::default() }
}

fn return_line(line: &tessera_contract::read::ReturnedLine) -> ReturnLine {
    ReturnLine {
        id: line.id.clone(),
        original: line.original_line.clone(),
        sku: line.sku.clone(),
        tax_code: line.tax_code.clone(),
        quantity: line.quantity,
        measure: line.measure,
        unit_price: line.unit_price,
        amount: line.amount,
    }
}

pub(super) fn read_stored(draft: &Draft<'_>, id: &ReceiptId, stored: &Bytes) -> Result<Outcome, Refusal> {
    let wire = v1::Outcome::decode(stored.clone()).map_err(|error| draft.core.quarantined(id.as_str(), &error))?;
    outcome_from_wire(&wire).map_err(|error| draft.core.quarantined(id.as_str(), &error))
}

/// What a return would do; nothing is written.
///
/// # Errors
/// The original is not known, has another currency, or more would come back than was sold.
pub(crate) async fn preview(case: &ReturnCase, draft: &mut Draft<'_>) -> Result<Returned, Refusal> {
    let original = case.original(draft).await?;
    case.refuse_other_currency(&original)?;
    let sale = match &original {
        Original::NotNamed => None,
        Original::NotSettled => return Err(Refusal::UnknownOriginal),
        Original::Elsewhere => return Ok(Returned::Elsewhere),
        Original::Settled(sale) => Some(sale.as_ref()),
    };
    let account = draft.account().cloned();
    let mut result = case.compute(draft, account.as_deref(), sale);
    case.free_codes(draft, sale, &mut result).await?;
    if let Some(beyond) = result.beyond.first() {
        let place = case.input.lines.iter().position(|line| line.id == beyond.line).unwrap_or(0);
        return Err(Refusal::MoreThanSold { field: format!("lines[{place}].quantity_milli") });
    }
    let outcome = encode_outcome(&result.outcome, &case.extras(&result));
    Ok(Returned::Outcome { outcome, repeated: false, result: Some(Box::new(result)) })
}

/// Carries out a return that waited for the receipt which this draft has just settled.
///
/// # Errors
/// The storage cannot read. A request that cannot be read any more is left out and told to the log: it was
/// read whole when it was parked, so this is a fault of ours and no reason to refuse the sale.
pub(super) async fn apply_parked(
    draft: &mut Draft<'_>,
    original: &ReceiptId,
    waiting: &Waiting,
    (sale_rules, now): (&Rules, Timestamp),
) -> Result<(), Refusal> {
    let entry = draft.entry(&waiting.id).await?;
    if entry.as_ref().is_some_and(|entry| matches!(entry.state, EntryState::ParkedClaim { .. })) {
        return Ok(());
    }
    let read = v1::ReturnRequest::decode(waiting.request.as_slice())
        .ok()
        .and_then(|request| read_return(&request, &ReadContext { now }).ok());
    let Some(input) = read else {
        let _ = draft.core.internal(&format!("the parked return {} of {original} cannot be read", waiting.id));
        return Ok(());
    };
    if draft.outcome(entry.as_ref(), &waiting.id).await?.is_some() {
        return Ok(());
    }
    let rules = draft.core.programs.in_force();
    let sale_rules = Some(sale_rules.clone());
    let mut case = ReturnCase { input, request: Bytes::from(waiting.request.clone()), customer: None, rules, sale_rules, now };
    let sale = case.original(draft).await?;
    // A currency that is not the sale's was not known when the return was taken: it stands by itself.
    let sale = if case.refuse_other_currency(&sale).is_ok() { sale } else { Original::NotNamed };
    if let Original::Settled(sale) = &sale {
        case.customer.clone_from(&sale.outcome.customer);
    }
    case.commit(draft, sale, true).await?;
    Ok(())
}
