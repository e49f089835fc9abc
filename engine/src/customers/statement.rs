//! What people sign when they merge customers, make a household, move points between them, look at what a brake holds, or erase a customer.

use tessera_contract::Fault;
use tessera_contract::read::{ENGINE_MARK_FAULT, holds_engine_mark};
use tessera_contract::refusal::Refusal;
use tessera_ledger::review::Finding;
use tessera_proto::admin::v1;
use tessera_rules::id::{AssetId, CustomerId, ReceiptId};
use tessera_rules::money::Units;

/// What a statement begins with, so that its signature is good for nothing else.
const FIRST_LINE: &str = "tessera customer, statement 1";
/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 200;
/// Units of one transfer: far beyond any balance, far below where sums end.
const UNITS_MAX: i64 = 1_000_000_000_000;

/// What is done with two customers, as it is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomerStatement {
    /// Its minted id: a repeat with the same content changes nothing.
    pub id: ReceiptId,
    /// Who goes, moves in, or gives.
    pub from: CustomerId,
    /// Who stays, has the household, or gets.
    pub to: CustomerId,
    /// What becomes of the two.
    pub act: Between,
    /// Why, 1 to 200 characters without line breaks.
    pub reason: String,
}

/// What becomes of two customers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Between {
    /// They are one person: everything goes, and whoever names the one is led to the other.
    Merge,
    /// They are of one household: everything goes into the account of the other, and both stay who they are.
    Join,
    /// The one gives the other some of what they have.
    Transfer {
        /// Of what.
        asset: AssetId,
        /// How much.
        units: Units,
    },
}

/// What somebody found who looked at a receipt, as it is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReviewStatement {
    /// Its minted id: a repeat with the same content changes nothing.
    pub id: ReceiptId,
    /// Whose receipt it is.
    pub customer: CustomerId,
    /// The receipt.
    pub receipt: ReceiptId,
    /// What they found.
    pub finding: Finding,
    /// Why, 1 to 200 characters without line breaks.
    pub reason: String,
}

/// Who is to be forgotten, as it is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EraseStatement {
    /// Its minted id: a repeat with the same content changes nothing.
    pub id: ReceiptId,
    /// Who.
    pub customer: CustomerId,
    /// Why, 1 to 200 characters without line breaks.
    pub reason: String,
}

impl EraseStatement {
    /// The text that is signed.
    ///
    /// INVARIANT: two statements have the same text only if they are equal; no field holds a line break.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { id, customer, reason } = self;
        format!("{FIRST_LINE}\nact: erase\nid: {id}\ncustomer: {customer}\nreason: {reason}\n")
    }

    pub(super) fn read(request: &v1::EraseCustomerRequest) -> Result<Self, Refusal> {
        let mut read = Read::default();
        let id = read.id(&request.request_id);
        let customer = read.parsed("customer_id", CustomerId::parse(&request.customer_id));
        read.reason(&request.reason);
        match (id, customer) {
            (Some(id), Some(customer)) if read.faults.is_empty() => Ok(Self { id, customer, reason: request.reason.clone() }),
            _ => Err(Refusal::Invalid(read.faults)),
        }
    }
}

impl ReviewStatement {
    /// The text that is signed.
    ///
    /// INVARIANT: two statements have the same text only if they are equal; no field holds a line break.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { id, customer, receipt, finding, reason } = self;
        let act = match finding {
            Finding::Release => "release",
            Finding::Refuse => "refuse",
        };
        format!("{FIRST_LINE}\nact: {act}\nid: {id}\ncustomer: {customer}\nreceipt: {receipt}\nreason: {reason}\n")
    }

    pub(super) fn read(request: &v1::ReviewReceiptRequest) -> Result<Self, Refusal> {
        let mut read = Read::default();
        let id = read.id(&request.request_id);
        let customer = read.parsed("customer_id", CustomerId::parse(&request.customer_id));
        let receipt = read.parsed("receipt_id", ReceiptId::parse(&request.receipt_id));
        let finding = match request.finding() {
            v1::ReviewFinding::Release => Some(Finding::Release),
            v1::ReviewFinding::Refuse => Some(Finding::Refuse),
            v1::ReviewFinding::Unspecified => None,
        };
        if finding.is_none() {
            read.fault("finding", "must be RELEASE or REFUSE".to_owned());
        }
        read.reason(&request.reason);
        match (id, customer, receipt, finding) {
            (Some(id), Some(customer), Some(receipt), Some(finding)) if read.faults.is_empty() => {
                Ok(Self { id, customer, receipt, finding, reason: request.reason.clone() })
            }
            _ => Err(Refusal::Invalid(read.faults)),
        }
    }
}

impl CustomerStatement {
    /// The text that is signed.
    ///
    /// INVARIANT: two statements have the same text only if they are equal; no field holds a line break.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { id, from, to, act, reason } = self;
        match act {
            Between::Merge => format!("{FIRST_LINE}\nact: merge\nid: {id}\nfrom: {from}\ninto: {to}\nreason: {reason}\n"),
            Between::Join => {
                format!("{FIRST_LINE}\nact: join\nid: {id}\ncustomer: {from}\nhousehold of: {to}\nreason: {reason}\n")
            }
            Between::Transfer { asset, units } => format!(
                "{FIRST_LINE}\nact: transfer\nid: {id}\nfrom: {from}\nto: {to}\nasset: {asset}\nunits: {}\nreason: {reason}\n",
                units.units()
            ),
        }
    }

    pub(super) fn of_merge(request: &v1::MergeCustomersRequest) -> Result<Self, Refusal> {
        let mut read = Read::default();
        let id = read.id(&request.request_id);
        let from = read.parsed("from_customer_id", CustomerId::parse(&request.from_customer_id));
        let to = read.parsed("into_customer_id", CustomerId::parse(&request.into_customer_id));
        read.other("into_customer_id", from.as_ref() == to.as_ref());
        read.both((id, from, to), Between::Merge, &request.reason)
    }

    pub(super) fn of_join(request: &v1::JoinHouseholdRequest) -> Result<Self, Refusal> {
        let mut read = Read::default();
        let id = read.id(&request.request_id);
        let from = read.parsed("customer_id", CustomerId::parse(&request.customer_id));
        let to = read.parsed("household_of_customer_id", CustomerId::parse(&request.household_of_customer_id));
        read.other("household_of_customer_id", from.as_ref() == to.as_ref());
        read.both((id, from, to), Between::Join, &request.reason)
    }

    pub(super) fn of_transfer(request: &v1::TransferUnitsRequest) -> Result<Self, Refusal> {
        let mut read = Read::default();
        let id = read.id(&request.request_id);
        let from = read.parsed("from_customer_id", CustomerId::parse(&request.from_customer_id));
        let to = read.parsed("to_customer_id", CustomerId::parse(&request.to_customer_id));
        read.other("to_customer_id", from.as_ref() == to.as_ref());
        let asset = read.parsed("asset_id", AssetId::parse(&request.asset_id));
        if !(1..=UNITS_MAX).contains(&request.units) {
            read.fault("units", format!("must be 1 to {UNITS_MAX}"));
        }
        let Some(asset) = asset else {
            read.reason(&request.reason);
            return Err(Refusal::Invalid(read.faults));
        };
        read.both((id, from, to), Between::Transfer { asset, units: Units::from_units(request.units) }, &request.reason)
    }
}

/// Reads fields, and keeps all faults.
#[derive(Default)]
struct Read {
    faults: Vec<Fault>,
}

impl Read {
    fn fault(&mut self, field: &str, text: String) {
        self.faults.push(Fault { field: field.to_owned(), description: text.into() });
    }

    /// The statement of two customers, if nothing is wrong with it.
    fn both(
        mut self,
        (id, from, to): (Option<ReceiptId>, Option<CustomerId>, Option<CustomerId>),
        act: Between,
        reason: &str,
    ) -> Result<CustomerStatement, Refusal> {
        self.reason(reason);
        match (id, from, to) {
            (Some(id), Some(from), Some(to)) if self.faults.is_empty() => {
                Ok(CustomerStatement { id, from, to, act, reason: reason.to_owned() })
            }
            _ => Err(Refusal::Invalid(self.faults)),
        }
    }

    fn parsed<T, E: std::fmt::Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.fault(field, error.to_string())).ok()
    }

    fn id(&mut self, text: &str) -> Option<ReceiptId> {
        if holds_engine_mark(text) {
            self.fault("request_id", ENGINE_MARK_FAULT.to_owned());
        }
        self.parsed("request_id", ReceiptId::parse(text))
    }

    fn other(&mut self, field: &str, same: bool) {
        if same {
            self.fault(field, "must be another customer".to_owned());
        }
    }

    fn reason(&mut self, reason: &str) {
        if reason.trim().is_empty() || reason.chars().count() > REASON_CHARACTERS_MAX || reason.chars().any(char::is_control) {
            self.fault("reason", format!("must have 1 to {REASON_CHARACTERS_MAX} characters, no line breaks"));
        }
    }
}
