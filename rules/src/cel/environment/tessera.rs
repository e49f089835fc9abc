//! The variables of the program language: what a condition may know of receipt, line, product, customer, account, store
//! and time. Everything declared here is provided by the evaluation; its scope matches on [`Variable`] without a wildcard.

use super::{Declared, Environment, Slot};
use crate::cel::kind::Kind::{List, Named, NamedList, One};
use crate::cel::kind::Scalar::{Bool, Date, Decimal, Int, Record, Text, Timestamp};
use crate::cel::kind::{Kind, RecordId};

/// What a condition is about, and so what it may speak of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// One line of a receipt: everything, `line` being the line in question.
    Line,
    /// A receipt: everything but `line`; `lines` are its lines.
    Receipt,
    /// A product of the catalogue that may be offered: as a receipt, and `product`.
    Product,
    /// A customer, whatever they buy: customer, account and time.
    Customer,
}

/// The records of this language, in the order in which their ids are given.
const LINE: RecordId = RecordId(0);
const TENDER: RecordId = RecordId(1);
const RECEIPT: RecordId = RecordId(2);
const CUSTOMER: RecordId = RecordId(3);
const ACCOUNT: RecordId = RecordId(4);
const STORE: RecordId = RecordId(5);
const TIME: RecordId = RecordId(6);
const PRODUCT: RecordId = RecordId(7);

/// What the records are called, in the order of their ids.
const RECORDS: [&str; 8] = ["line", "tender", "receipt", "customer", "account", "store", "time", "product"];

/// The variables that are records, and what they mean.
const ROOTS: [(&str, RecordId, &str); 7] = [
    ("line", LINE, "The line that the condition is about."),
    ("receipt", RECEIPT, "The receipt as rung up, before any discount."),
    ("customer", CUSTOMER, "Who buys."),
    ("account", ACCOUNT, "What the customer's account holds, net of what open quotes hold."),
    ("store", STORE, "Where it is sold."),
    ("time", TIME, "The time of sale on the clock of the program's time zone."),
    ("product", PRODUCT, "The product that may be offered."),
];

/// The slots of the variables that are records; no scope is asked for them.
const ROOT_SLOT: u16 = 1_000;

/// The days of the week as [`TimeField::Weekday`] names them.
pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// How far a sale has come, as [`ReceiptField::Stage`] names it.
pub const STAGES: [&str; 4] = ["basket", "total", "tender", "paid"];
/// Product kinds as [`LineField::Kind`] names them.
pub const KINDS: [&str; 7] = ["goods", "service", "deposit", "certificate_sale", "top_up", "bag", "donation"];
/// Why a price differs, as [`LineField::PriceReason`] names it.
pub const PRICE_REASONS: [&str; 4] = ["regular", "markdown", "override", "staff"];
/// Means of payment as [`TenderField::Kind`] names them.
pub const TENDER_KINDS: [&str; 6] = ["cash", "card", "certificate", "asset", "transfer", "other"];

/// A field that every record of its kind has.
const ALWAYS: bool = false;
/// A field that may not be there.
const SOMETIMES: bool = true;

macro_rules! variables {
    ($( #[doc = $about:literal] $group:ident $field:ident $record:ident {
        $( $variant:ident $name:literal $kind:expr, $presence:expr, $text:literal; )*
    } )*) => {
        $(
            #[doc = $about]
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
            pub enum $field {
                $( #[doc = $text] $variant, )*
            }
        )*

        /// Everything that a scope is asked for.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Variable {
            $( #[doc = $about] $group($field), )*
        }

        /// Every one at the place that is its slot.
        const ALL: &[Variable] = &[ $( $( Variable::$group($field::$variant), )* )* ];

        /// The fields of all records, in the same order.
        const FIELDS: &[(RecordId, &str, Kind, bool, &str)] = &[
            $( $( ($record, $name, $kind, $presence, $text), )* )*
        ];
    };
}

variables! {
    /// What is known of a line.
    Line LineField LINE {
        Id "id" One(Text), ALWAYS, "The till's id of the line.";
        Sku "sku" One(Text), ALWAYS, "The article number.";
        Name "name" One(Text), SOMETIMES, "The product's name, where the catalogue has the article.";
        Quantity "quantity" One(Decimal), ALWAYS, "Pieces, or kilograms, litres, metres: 0.250.";
        Measured "measured" One(Bool), ALWAYS, "Whether it is measured goods and not pieces.";
        Amount "amount" One(Decimal), ALWAYS, "What was rung up for the line: 12.50.";
        UnitPrice "unit_price" One(Decimal), ALWAYS, "The price of one unit as rung up: 1.459.";
        RegularPrice "regular_price" One(Decimal), ALWAYS, "The price of one unit before a markdown or override; where there was none, the unit price.";
        PriceReason "price_reason" One(Text), ALWAYS, "Why the price differs: regular, markdown, override or staff.";
        TaxCode "tax_code" One(Text), SOMETIMES, "The code of its tax rate as the till names it.";
        Kind "kind" One(Text), ALWAYS, "The product's kind; goods where the catalogue does not have the article.";
        Category "category" One(Text), SOMETIMES, "Its place in the catalogue from the root: food/dairy/milk.";
        Categories "categories" List(Text), ALWAYS, "The same at every depth: food, food/dairy, food/dairy/milk.";
        Attribute "attribute" Named(Text), ALWAYS, "A property of the line or product by its name; of several values the first in the order of the alphabet.";
        Values "values" NamedList(Text), ALWAYS, "All values of a property by its name; none where it has none.";
        TakesDiscount "takes_discount" One(Bool), ALWAYS, "Whether kind, catalogue and till allow a discount.";
        Earns "earns" One(Bool), ALWAYS, "Whether kind, catalogue and till allow to earn.";
    }
    /// What is known of a means of payment.
    Tender TenderField TENDER {
        Kind "kind" One(Text), ALWAYS, "cash, card, certificate, asset, transfer or other.";
        Amount "amount" One(Decimal), ALWAYS, "How much is paid by it.";
    }
    /// What is known of a receipt as rung up, before any discount.
    Receipt ReceiptField RECEIPT {
        Store "store" One(Text), ALWAYS, "The store's id.";
        Till "till" One(Text), ALWAYS, "The till's id.";
        Cashier "cashier" One(Text), SOMETIMES, "The cashier's id, where the till says it.";
        Channel "channel" One(Text), ALWAYS, "The way it is sold: till, or one of the program's channels.";
        Currency "currency" One(Text), ALWAYS, "The currency of all amounts: EUR.";
        Stage "stage" One(Text), ALWAYS, "How far the sale has come: basket, total, tender or paid.";
        Training "training" One(Bool), ALWAYS, "Whether the till is in training mode.";
        BusinessDate "business_date" One(Date), ALWAYS, "The till's trading day.";
        SoldAt "sold_at" One(Timestamp), ALWAYS, "When, by the till's clock.";
        Amount "amount" One(Decimal), ALWAYS, "The sum of all lines as rung up.";
        Lines "lines" List(Record(LINE)), ALWAYS, "Its lines in the order of the receipt.";
        Codes "codes" List(Text), ALWAYS, "The coupon and certificate codes presented.";
        Tenders "tenders" List(Record(TENDER)), ALWAYS, "How it is paid, where known: from stage tender on.";
        Language "language" One(Text), SOMETIMES, "The customer's language, where the till knows it.";
    }
    /// What is known of who buys.
    Customer CustomerField CUSTOMER {
        Known "known" One(Bool), ALWAYS, "Whether there is one who is not blocked.";
        Tier "tier" One(Text), SOMETIMES, "The tier in this program.";
        Segments "segments" List(Text), ALWAYS, "The program's segments that the customer is in.";
        Lists "lists" List(Text), ALWAYS, "The imported lists that the customer is on.";
        Fact "fact" Named(Text), ALWAYS, "The answer to a question, where it is one of its `values`.";
        Confirmed "confirmed" Named(Bool), ALWAYS, "Whether a known profile field was checked by somebody.";
        Number "number" Named(Int), ALWAYS, "The answer to a question with `answer: number`.";
        Yes "yes" Named(Bool), ALWAYS, "Whether the answer to a question with `answer: yes_no` is yes.";
        EnrolledAt "enrolled_at" One(Timestamp), SOMETIMES, "When the customer was enrolled.";
        EnrolledDays "enrolled_days" One(Int), SOMETIMES, "Whole days since then.";
    }
    /// What is known of the customer's account, net of what open quotes hold.
    Account AccountField ACCOUNT {
        Balance "balance" Named(Decimal), ALWAYS, "What may be spent of an asset; 0 where there is none.";
        Counter "counter" Named(Decimal), ALWAYS, "Counted so far for a campaign, of what still counts, money in major units; 0 where nothing was.";
        Uses "uses" Named(Int), ALWAYS, "How often a campaign was used ever.";
        UsesToday "uses_today" Named(Int), ALWAYS, "How often a campaign was used on this business date.";
        Visits "visits" One(Int), ALWAYS, "Receipts settled so far; 0 without a customer.";
        DaysSinceVisit "days_since_visit" One(Int), SOMETIMES, "Days since the trading day of the last receipt, where there was one.";
        UsualGapDays "usual_gap_days" One(Int), SOMETIMES, "After how many days the customer usually comes again: the median of the last sixteen gaps, from four visits on.";
        Visits30Days "visits_30_days" One(Int), ALWAYS, "Receipts of the last 30 days.";
        Visits90Days "visits_90_days" One(Int), ALWAYS, "Receipts of the last 90 days.";
        Visits90DaysBefore "visits_90_days_before" One(Int), ALWAYS, "Receipts of the 90 days before those.";
        Spent30Days "spent_30_days" One(Decimal), ALWAYS, "Paid less refunded for receipts of the last 30 days.";
        Spent90Days "spent_90_days" One(Decimal), ALWAYS, "The same of the last 90 days.";
        Spent90DaysBefore "spent_90_days_before" One(Decimal), ALWAYS, "The same of the 90 days before those.";
    }
    /// What is known of where it is sold.
    Store StoreField STORE {
        Id "id" One(Text), ALWAYS, "The store's id.";
        Zones "zones" List(Text), ALWAYS, "The program's zones that it is in.";
    }
    /// The time of sale on the clock of the program's time zone.
    Time TimeField TIME {
        Now "now" One(Timestamp), ALWAYS, "The time of sale by which campaigns are valid.";
        Date "date" One(Date), ALWAYS, "The day.";
        Weekday "weekday" One(Text), ALWAYS, "monday, tuesday, and so on.";
        Year "year" One(Int), ALWAYS, "The year.";
        Month "month" One(Int), ALWAYS, "The month, 1 to 12.";
        Day "day" One(Int), ALWAYS, "The day of the month, 1 to 31.";
        Hour "hour" One(Int), ALWAYS, "The hour, 0 to 23.";
        Minute "minute" One(Int), ALWAYS, "The minute, 0 to 59.";
    }
    /// What the catalogue knows of a product that may be offered.
    Product ProductField PRODUCT {
        Sku "sku" One(Text), ALWAYS, "Its article number.";
        Name "name" One(Text), ALWAYS, "Its name.";
        Price "price" One(Decimal), SOMETIMES, "Its ordinary price, where the catalogue says it.";
        Kind "kind" One(Text), ALWAYS, "Its kind.";
        Category "category" One(Text), SOMETIMES, "Its place in the catalogue from the root.";
        Categories "categories" List(Text), ALWAYS, "The same at every depth.";
        Attribute "attribute" Named(Text), ALWAYS, "A property of it by its name; of several values the first in the order of the alphabet.";
        Values "values" NamedList(Text), ALWAYS, "All values of a property by its name; none where it has none.";
    }
}

impl Variable {
    /// The one with this slot; none where it is another environment's.
    #[must_use]
    pub fn of(slot: Slot) -> Option<Self> {
        ALL.get(usize::from(slot.0)).copied()
    }

    /// Its slot.
    #[must_use]
    pub fn slot(self) -> Slot {
        let place = ALL.iter().position(|other| *other == self).and_then(|place| u16::try_from(place).ok());
        assert!(place.is_some(), "every variable stands in the list of all");
        Slot(place.unwrap_or(u16::MAX))
    }
}

impl Environment {
    /// What a condition of a program may speak of.
    #[must_use]
    pub fn of_program(subject: Subject) -> Self {
        let mut environment = Self::new();
        let fields = (0_u16..).zip(FIELDS);
        for (id, name) in (0_u16..).zip(RECORDS) {
            let own = fields.clone().filter(|(_, (record, ..))| record.0 == id).map(|(slot, (_, name, kind, optional, text))| {
                Declared { optional: *optional, ..Declared::new(name, *kind, Slot(slot), text) }
            });
            environment.record(name, own.collect());
        }
        for (place, (name, record, text)) in (ROOT_SLOT..).zip(ROOTS) {
            if subject.may_speak_of(record) {
                environment.variable(Declared::new(name, One(Record(record)), Slot(place), text));
            } else {
                environment.elsewhere(name, subject.instead_of(record));
            }
        }
        if subject != Subject::Customer {
            let lines = Variable::Receipt(ReceiptField::Lines).slot();
            environment.variable(Declared::new("lines", List(Record(LINE)), lines, "The lines of the receipt."));
        }
        let known: [(Variable, &[&str]); 6] = [
            (Variable::Time(TimeField::Weekday), &WEEKDAYS),
            (Variable::Receipt(ReceiptField::Stage), &STAGES),
            (Variable::Line(LineField::Kind), &KINDS),
            (Variable::Product(ProductField::Kind), &KINDS),
            (Variable::Line(LineField::PriceReason), &PRICE_REASONS),
            (Variable::Tender(TenderField::Kind), &TENDER_KINDS),
        ];
        for (variable, values) in known {
            environment.know(variable.slot(), values.iter().copied());
        }
        environment
    }
}

impl Subject {
    fn may_speak_of(self, record: RecordId) -> bool {
        match self {
            Self::Line => record != PRODUCT,
            Self::Receipt => record != LINE && record != PRODUCT,
            Self::Product => record != LINE,
            Self::Customer => [CUSTOMER, ACCOUNT, TIME].contains(&record),
        }
    }

    fn instead_of(self, record: RecordId) -> &'static str {
        match self {
            Self::Receipt if record == LINE => {
                "this condition is about the whole receipt: write `lines.exists(l, l.amount > 5.00)`"
            }
            Self::Customer => "this condition is about the customer alone: `customer`, `account` and `time` are known here",
            Self::Product => {
                "this condition is about a product to offer: write `product`, or `lines.exists(l, l.sku == 'MILK')` for what is bought"
            }
            Self::Line | Self::Receipt => "only `where` under `suggest` is about a product that is not bought",
        }
    }
}
