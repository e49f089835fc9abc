//! What a condition sees of an evaluation: receipt, lines, customer, account, store and time.
//!
//! One [`Facts`] serves all conditions of an evaluation; what costs something is worked out once, and only where a
//! condition asks for it.

mod goods;
mod habits;
mod words;

use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::case::Case;
use crate::attribute::CATEGORY;
use crate::catalogue::Entry;
use crate::cel::{
    AccountField, CustomerField, EvalError, Handle, LineField, ListPlace, ProductField, ReceiptField, Scope, Slot, StoreField,
    TenderField, TimeField, Value, Variable,
};
use crate::condition::FreeCondition;
use crate::id::SegmentId;
use crate::limits::{CONDITION_STEPS_MAX, CONDITION_STEPS_PER_STEP, CONDITIONS_STEPS_MAX};
use crate::money::{Amount, UnitPrice};
use crate::program::{Condition, Program};
use crate::receipt::Line;
use crate::selector::properties_of;
use crate::standing::Uses;

use goods::{LineFacts, is_property, values_of};
use words::{stage, tender_kind, weekday};

/// What the conditions of one evaluation have in common.
#[derive(Debug)]
pub(super) struct Facts<'c, 'a> {
    case: &'c Case<'a>,
    minor_digits: u32,
    lines: OnceCell<Vec<LineFacts<'a>>>,
    programs: OnceCell<Vec<ProgramFacts<'a>>>,
    /// Steps that conditions may still take.
    steps_left: Cell<u64>,
}

/// What differs from program to program.
#[derive(Debug, Default)]
struct ProgramFacts<'a> {
    local: OnceCell<DateTime>,
    segments: OnceCell<Members<'a>>,
    /// By the place of a segment, where a free condition says who is in it.
    free: OnceCell<Vec<OnceCell<Result<bool, EvalError>>>>,
    zones: OnceCell<Vec<&'a str>>,
}

/// The segments that a customer is in.
#[derive(Debug)]
struct Members<'a> {
    of: Vec<&'a str>,
    /// The first of which it could not be worked out, by its place.
    failed: Option<(usize, EvalError)>,
}

/// What one condition sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct CaseScope<'f, 'c, 'a> {
    facts: &'f Facts<'c, 'a>,
    program_place: usize,
    line: Option<usize>,
    product: Option<&'a Entry>,
}

impl<'c, 'a> Facts<'c, 'a> {
    pub(super) fn new(case: &'c Case<'a>) -> Self {
        Self {
            case,
            minor_digits: case.receipt.currency.minor_digits(),
            lines: OnceCell::new(),
            programs: OnceCell::new(),
            steps_left: Cell::new(CONDITIONS_STEPS_MAX),
        }
    }

    fn of_program(&self, place: usize) -> Option<&ProgramFacts<'a>> {
        let all = || self.case.revision.programs().iter().map(|_| ProgramFacts::default()).collect();
        self.programs.get_or_init(all).get(place)
    }

    /// What conditions have taken so far, in steps of the evaluation.
    pub(super) fn steps(&self) -> u64 {
        CONDITIONS_STEPS_MAX.saturating_sub(self.steps_left.get()).div_ceil(CONDITION_STEPS_PER_STEP)
    }

    /// Whether a condition holds, out of the steps that its campaign has left.
    pub(super) fn holds(
        &self,
        condition: &FreeCondition,
        scope: CaseScope<'_, 'c, 'a>,
        steps: &mut u64,
    ) -> Result<bool, EvalError> {
        let before = (*steps).min(self.steps_left.get());
        let mut left = before;
        let holds = condition.expression.holds(&scope, &mut left);
        let used = before.saturating_sub(left);
        *steps = steps.saturating_sub(used);
        self.steps_left.set(self.steps_left.get().saturating_sub(used));
        holds
    }

    /// What a condition of a program sees; `line` is the place of the line that it is about, if it is about one.
    pub(super) fn scope(&self, program_place: usize, line: Option<usize>) -> CaseScope<'_, 'c, 'a> {
        CaseScope { facts: self, program_place, line, product: None }
    }

    /// What a condition of a program on a product sees that may be offered.
    pub(super) fn product_scope(&self, program_place: usize, product: &'a Entry) -> CaseScope<'_, 'c, 'a> {
        CaseScope { product: Some(product), ..self.scope(program_place, None) }
    }

    fn line(&self, place: usize) -> Option<&LineFacts<'a>> {
        let case = self.case;
        let open = |line: &'a Line| {
            let entry = case.catalogue.entry(&line.sku);
            LineFacts { line, product: entry.map(|entry| &entry.product), properties: properties_of(line, entry) }
        };
        self.lines.get_or_init(|| case.receipt.lines.iter().map(open).collect()).get(place)
    }

    /// Money in major units.
    fn money(&self, amount: Amount) -> Value<'static> {
        Value::Decimal(Decimal::new(amount.minor(), self.minor_digits))
    }
}

fn price(price: UnitPrice) -> Value<'static> {
    Value::Decimal(Decimal::new(price.micros(), 6))
}

fn thousandths(milli: i64) -> Value<'static> {
    Value::Decimal(Decimal::new(milli, 3))
}

impl<'f, 'a> CaseScope<'f, '_, 'a> {
    fn program(&self) -> Option<&'a Program> {
        self.facts.case.revision.programs().get(self.program_place)
    }

    fn local_now(&self) -> DateTime {
        let at = self.facts.case.at;
        match self.facts.of_program(self.program_place) {
            Some(known) => *known.local.get_or_init(|| self.local(at)),
            None => self.local(at),
        }
    }

    fn line_of(&self, record: Handle) -> Option<&'f LineFacts<'a>> {
        let place = if record == Handle::ROOT { self.line? } else { usize::try_from(record.0).ok()? };
        self.facts.line(place)
    }

    fn tier(&self) -> Option<&'a str> {
        let program = self.program()?;
        let (_, now) = self.facts.case.tiers.iter().find(|(known, _)| *known == program.id)?;
        let given = self.facts.case.customer?.tiers.iter().find(|(known, tier)| *known == program.id && tier == now);
        // One that was given may be of an older revision, one that was reached is of this.
        let reached = || program.tiers.iter().find(|tier| tier.id == *now).map(|tier| tier.id.as_str());
        given.map(|(_, tier)| tier.as_str()).or_else(reached)
    }

    fn members(&self) -> Option<&'f Members<'a>> {
        Some(self.facts.of_program(self.program_place)?.segments.get_or_init(|| {
            let segments = self.program().map(|program| program.segments.as_slice()).unwrap_or_default();
            let mut members = Members { of: Vec::new(), failed: None };
            for (place, segment) in segments.iter().enumerate() {
                match self.in_segment(place) {
                    Ok(true) => members.of.push(segment.id.as_str()),
                    Ok(false) => {}
                    Err(error) => members.failed = members.failed.or(Some((place, error))),
                }
            }
            members
        }))
    }

    fn segments(&self) -> &'f [&'a str] {
        self.members().map(|members| members.of.as_slice()).unwrap_or_default()
    }

    /// The first segment of the program of which it cannot be worked out whether the customer is in it.
    pub(super) fn failed_segment(&self) -> Option<(usize, EvalError)> {
        self.members()?.failed
    }

    /// Whether the customer is in the segment at this place of the program.
    pub(super) fn in_segment(&self, place: usize) -> Result<bool, EvalError> {
        let Some(customer) = self.facts.case.customer else { return Ok(false) };
        let segment = self.program().and_then(|program| program.segments.get(place));
        Ok(match segment.map(|segment| &segment.condition) {
            Some(Condition::List(list)) => customer.lists.binary_search(list).is_ok(),
            Some(Condition::Tier(tiers)) => self.tier().is_some_and(|tier| tiers.iter().any(|known| known.as_str() == tier)),
            Some(Condition::Fact { fact, values }) => {
                let known = self.facts.case.fact(fact);
                known.is_some_and(|known| values.is_empty() || known.value.as_ref().is_some_and(|value| values.contains(value)))
            }
            Some(Condition::Free(condition)) => return self.in_free_segment(place, condition),
            None => false,
        })
    }

    /// Worked out once, since many campaigns may be for the same segment.
    fn in_free_segment(&self, place: usize, condition: &FreeCondition) -> Result<bool, EvalError> {
        let work_out = || {
            let mut steps = CONDITION_STEPS_MAX;
            self.facts.holds(condition, CaseScope { line: None, product: None, ..*self }, &mut steps)
        };
        let count = self.program().map_or(0, |program| program.segments.len());
        let known = self.facts.of_program(self.program_place).map(|known| &known.free);
        let known = known.and_then(|known| known.get_or_init(|| vec![OnceCell::new(); count]).get(place));
        known.map_or_else(work_out, |known| *known.get_or_init(work_out))
    }

    fn zones(&self) -> &'f [&'a str] {
        let Some(known) = self.facts.of_program(self.program_place) else { return &[] };
        let store = &self.facts.case.receipt.place.store;
        known.zones.get_or_init(|| {
            let zones = self.program().map(|program| program.zones.as_slice()).unwrap_or_default();
            zones.iter().filter(|zone| zone.stores.binary_search(store).is_ok()).map(|zone| zone.id.as_str()).collect()
        })
    }

    fn receipt_field(&self, field: ReceiptField) -> Option<Value<'a>> {
        let receipt = self.facts.case.receipt;
        Some(match field {
            ReceiptField::Store => Value::text(receipt.place.store.as_str()),
            ReceiptField::Till => Value::text(receipt.place.till.as_str()),
            ReceiptField::Cashier => Value::text(receipt.place.cashier.as_ref()?.as_str()),
            ReceiptField::Channel => Value::text(receipt.channel.as_str()),
            ReceiptField::Currency => Value::text(receipt.currency.code()),
            ReceiptField::Stage => Value::text(stage(receipt.stage)),
            ReceiptField::Training => Value::Bool(receipt.training),
            ReceiptField::BusinessDate => Value::Date(receipt.business_date),
            ReceiptField::SoldAt => Value::Timestamp(receipt.sold_at),
            ReceiptField::Amount => self.facts.money(receipt.total()),
            ReceiptField::Language => Value::text(receipt.language.as_deref()?),
            ReceiptField::Lines | ReceiptField::Codes | ReceiptField::Tenders => return None,
        })
    }

    fn time_field(&self, field: TimeField) -> Value<'a> {
        match field {
            TimeField::Now => Value::Timestamp(self.facts.case.at),
            TimeField::Date => Value::Date(self.local_now().date()),
            TimeField::Weekday => Value::text(weekday(self.local_now().weekday())),
            TimeField::Year => Value::Int(self.local_now().year().into()),
            TimeField::Month => Value::Int(self.local_now().month().into()),
            TimeField::Day => Value::Int(self.local_now().day().into()),
            TimeField::Hour => Value::Int(self.local_now().hour().into()),
            TimeField::Minute => Value::Int(self.local_now().minute().into()),
        }
    }

    fn customer_field(&self, field: CustomerField) -> Option<Value<'a>> {
        let customer = self.facts.case.customer;
        Some(match field {
            CustomerField::Known => Value::Bool(customer.is_some()),
            CustomerField::Tier => Value::text(self.tier()?),
            CustomerField::EnrolledAt => Value::Timestamp(customer?.enrolled_at?),
            CustomerField::EnrolledDays => {
                let passed = self.facts.case.at.duration_since(customer?.enrolled_at?);
                Value::Int(passed.as_hours().div_euclid(24))
            }
            CustomerField::Segments
            | CustomerField::Lists
            | CustomerField::Fact
            | CustomerField::Confirmed
            | CustomerField::Number
            | CustomerField::Yes => return None,
        })
    }

    fn tender_field(&self, field: TenderField, record: Handle) -> Option<Value<'a>> {
        let tender = self.facts.case.receipt.tenders.get(usize::try_from(record.0).ok()?)?;
        Some(match field {
            TenderField::Kind => Value::text(tender_kind(tender.kind)),
            TenderField::Amount => self.facts.money(tender.amount),
        })
    }

    fn account_field(&self, field: AccountField) -> Option<Value<'a>> {
        match field {
            AccountField::Visits => Some(Value::Int(self.facts.case.customer.map_or(0, |customer| customer.visits.into()))),
            AccountField::Balance | AccountField::Counter | AccountField::Uses | AccountField::UsesToday => None,
            AccountField::DaysSinceVisit
            | AccountField::UsualGapDays
            | AccountField::Visits30Days
            | AccountField::Visits90Days
            | AccountField::Visits90DaysBefore
            | AccountField::Spent30Days
            | AccountField::Spent90Days
            | AccountField::Spent90DaysBefore => self.habit(field),
        }
    }

    /// An entry of the account's tables. What the account has nothing of is 0 and not missing, without a customer too.
    fn account_entry(&self, field: AccountField, name: &str) -> Option<Value<'a>> {
        Some(match field {
            AccountField::Balance => {
                let assets = self.facts.case.revision.assets();
                let asset = assets.get(assets.binary_search_by(|asset| asset.id.as_str().cmp(name)).ok()?)?;
                let available = self.facts.case.customer.map(|customer| customer.available.as_slice()).unwrap_or_default();
                let found = find(available, |(known, _)| known.as_str().cmp(name));
                Value::Decimal(Decimal::new(found.map_or(0, |(_, units)| units.units()), asset.scale.into()))
            }
            AccountField::Counter => {
                let counters = self.facts.case.customer.map(|customer| customer.counters.as_slice()).unwrap_or_default();
                let found = find(counters, |counter| counter.campaign.as_str().cmp(name));
                Value::Decimal(found.map_or(Decimal::ZERO, |counter| self.facts.case.counted_in_words(&counter.campaign)))
            }
            AccountField::Uses => Value::Int(self.uses(name).map_or(0, |uses| uses.ever.uses)),
            AccountField::UsesToday => Value::Int(self.uses(name).map_or(0, |uses| uses.today.uses)),
            AccountField::Visits
            | AccountField::DaysSinceVisit
            | AccountField::UsualGapDays
            | AccountField::Visits30Days
            | AccountField::Visits90Days
            | AccountField::Visits90DaysBefore
            | AccountField::Spent30Days
            | AccountField::Spent90Days
            | AccountField::Spent90DaysBefore => return None,
        })
    }

    fn uses(&self, campaign: &str) -> Option<&'a Uses> {
        let customer = self.facts.case.customer?;
        let of = |all: &'a [Uses]| find(all, |uses| uses.campaign.as_str().cmp(campaign));
        of(&customer.uses_by_member).or_else(|| of(&customer.uses))
    }

    fn customer_entry(&self, field: CustomerField, name: &str) -> Option<Value<'a>> {
        let fact = find(&self.facts.case.customer?.facts, |fact| fact.fact.as_str().cmp(name))?;
        match field {
            CustomerField::Fact => Some(Value::text(fact.value.as_deref()?)),
            CustomerField::Confirmed => Some(Value::Bool(fact.confirmed)),
            CustomerField::Number => fact.value.as_deref()?.parse().ok().map(Value::Int),
            CustomerField::Yes => Some(Value::Bool(fact.value.as_deref()? == "yes")),
            CustomerField::Known
            | CustomerField::Tier
            | CustomerField::Segments
            | CustomerField::Lists
            | CustomerField::EnrolledAt
            | CustomerField::EnrolledDays => None,
        }
    }

    fn lists(&self) -> &'a [SegmentId] {
        self.facts.case.customer.map(|customer| customer.lists.as_slice()).unwrap_or_default()
    }
}

/// What stands in a sorted list, by its order.
fn find<T>(sorted: &[T], order: impl FnMut(&T) -> Ordering) -> Option<&T> {
    sorted.get(sorted.binary_search_by(order).ok()?)
}

impl Scope for CaseScope<'_, '_, '_> {
    fn field(&self, slot: Slot, record: Handle) -> Option<Value<'_>> {
        match Variable::of(slot)? {
            Variable::Line(field) => self.line_of(record)?.field(field, self.facts),
            Variable::Tender(field) => self.tender_field(field, record),
            Variable::Receipt(field) => self.receipt_field(field),
            Variable::Customer(field) => self.customer_field(field),
            Variable::Account(field) => self.account_field(field),
            Variable::Store(StoreField::Id) => Some(Value::text(self.facts.case.receipt.place.store.as_str())),
            Variable::Store(StoreField::Zones) => None,
            Variable::Time(field) => Some(self.time_field(field)),
            Variable::Product(field) => goods::product_field(self.product?, field),
        }
    }

    fn entry(&self, slot: Slot, record: Handle, name: &str) -> Option<Value<'_>> {
        match Variable::of(slot)? {
            Variable::Line(LineField::Attribute) if is_property(name) => {
                self.line_of(record)?.values(name).min().map(Value::text)
            }
            Variable::Product(ProductField::Attribute) if is_property(name) => {
                values_of(&self.product?.properties, name).min().map(Value::text)
            }
            Variable::Customer(field) => self.customer_entry(field, name),
            Variable::Account(field) => self.account_entry(field, name),
            Variable::Line(_)
            | Variable::Tender(_)
            | Variable::Receipt(_)
            | Variable::Store(_)
            | Variable::Time(_)
            | Variable::Product(_) => None,
        }
    }

    fn length(&self, list: ListPlace<'_>) -> usize {
        let receipt = self.facts.case.receipt;
        let values = |name: &str| self.line_of(list.record).map_or(0, |line| line.values(name).count());
        let of_product = |name: &str| self.product.map_or(0, |entry| values_of(&entry.properties, name).count());
        match Variable::of(list.slot) {
            Some(Variable::Receipt(ReceiptField::Lines)) => receipt.lines.len(),
            Some(Variable::Receipt(ReceiptField::Codes)) => receipt.codes.len(),
            Some(Variable::Receipt(ReceiptField::Tenders)) => receipt.tenders.len(),
            Some(Variable::Line(LineField::Categories)) => values(CATEGORY),
            Some(Variable::Line(LineField::Values)) => list.name.filter(|name| is_property(name)).map_or(0, values),
            Some(Variable::Product(ProductField::Categories)) => of_product(CATEGORY),
            Some(Variable::Product(ProductField::Values)) => list.name.filter(|name| is_property(name)).map_or(0, of_product),
            Some(Variable::Customer(CustomerField::Segments)) => self.segments().len(),
            Some(Variable::Customer(CustomerField::Lists)) => self.lists().len(),
            Some(Variable::Store(StoreField::Zones)) => self.zones().len(),
            Some(
                Variable::Receipt(_)
                | Variable::Line(_)
                | Variable::Tender(_)
                | Variable::Customer(_)
                | Variable::Account(_)
                | Variable::Store(_)
                | Variable::Time(_)
                | Variable::Product(_),
            )
            | None => 0,
        }
    }

    fn item(&self, list: ListPlace<'_>, place: usize) -> Option<Value<'_>> {
        let receipt = self.facts.case.receipt;
        let record = |length: usize| (place < length).then(|| Value::Record(Handle(u32::try_from(place).unwrap_or(u32::MAX))));
        match Variable::of(list.slot)? {
            Variable::Receipt(ReceiptField::Lines) => record(receipt.lines.len()),
            Variable::Receipt(ReceiptField::Tenders) => record(receipt.tenders.len()),
            Variable::Receipt(ReceiptField::Codes) => receipt.codes.get(place).map(|code| Value::text(code)),
            Variable::Line(LineField::Categories) => self.line_of(list.record)?.ranked(CATEGORY, place).map(Value::text),
            Variable::Product(ProductField::Categories) => {
                goods::ranked(&self.product?.properties, CATEGORY, place).map(Value::text)
            }
            Variable::Product(ProductField::Values) => {
                let name = list.name.filter(|name| is_property(name))?;
                goods::ranked(&self.product?.properties, name, place).map(Value::text)
            }
            Variable::Line(LineField::Values) => {
                let name = list.name.filter(|name| is_property(name))?;
                self.line_of(list.record)?.ranked(name, place).map(Value::text)
            }
            Variable::Customer(CustomerField::Segments) => self.segments().get(place).copied().map(Value::text),
            Variable::Customer(CustomerField::Lists) => self.lists().get(place).map(|known| Value::text(known.as_str())),
            Variable::Store(StoreField::Zones) => self.zones().get(place).copied().map(Value::text),
            Variable::Receipt(_)
            | Variable::Line(_)
            | Variable::Tender(_)
            | Variable::Customer(_)
            | Variable::Account(_)
            | Variable::Store(_)
            | Variable::Time(_)
            | Variable::Product(_) => None,
        }
    }

    fn local(&self, at: Timestamp) -> DateTime {
        self.program().map_or(&TimeZone::UTC, |program| &program.time_zone).to_datetime(at)
    }
}
