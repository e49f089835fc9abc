//! What people sign when they change a card.

use tessera_contract::Fault;
use tessera_contract::read::{ENGINE_MARK_FAULT, holds_engine_mark};
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1;
use tessera_proto::billing::v1 as billing;
use tessera_rules::brakes::StaffOf;
use tessera_rules::id::{CashierId, ReceiptId, StoreId};

use crate::directory::CardName;

/// What a statement begins with, so that its signature is good for nothing else.
const FIRST_LINE: &str = "tessera card, statement 1";
/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 200;

/// A change of a card as it is signed.
#[derive(Clone, PartialEq, Eq)]
pub struct CardStatement {
    /// Its minted id: a repeat with the same content changes nothing.
    pub id: ReceiptId,
    /// What is done.
    pub act: billing::CardAct,
    /// The card's number.
    pub card: String,
    /// The number of the card that takes its place; only where it is replaced.
    pub new_card: Option<String>,
    /// The cashier whose own it is; only where that is said.
    pub staff: Option<StaffOf>,
    /// Why, 1 to 200 characters without line breaks.
    pub reason: String,
}

impl std::fmt::Debug for CardStatement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardStatement").field("id", &self.id).field("act", &self.act).finish_non_exhaustive()
    }
}

impl CardStatement {
    /// The text that is signed.
    ///
    /// INVARIANT: two statements have the same text only if they are equal; no field holds a line break.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_with(&self.card, self.new_card.as_deref().unwrap_or("none"))
    }

    /// BLAKE3 over the text with names of the directory in place of numbers: it is kept, and numbers could be guessed from
    /// a hash.
    pub(super) fn hash(&self, card: &CardName, new_card: Option<&CardName>) -> [u8; 32] {
        let hex = |name: &CardName| data_encoding::HEXLOWER.encode(name);
        let text = self.text_with(&hex(card), &new_card.map_or_else(|| "none".to_owned(), hex));
        *blake3::hash(text.as_bytes()).as_bytes()
    }

    fn text_with(&self, card: &str, new_card: &str) -> String {
        let act = match self.act {
            billing::CardAct::Block => "block",
            billing::CardAct::Unblock => "unblock",
            billing::CardAct::Replace => "replace",
            billing::CardAct::Staff => "staff",
            billing::CardAct::NotStaff => "not_staff",
            billing::CardAct::Unspecified => "nothing",
        };
        let cashier = self.staff.as_ref().map_or("none", |staff| staff.cashier.as_str());
        let store = self.staff.as_ref().and_then(|staff| staff.store.as_ref()).map_or("none", |store| store.as_str());
        format!(
            "{FIRST_LINE}\nact: {act}\nid: {}\ncard: {card}\nnew card: {new_card}\ncashier: {cashier}\nstore: {store}\nreason: {}\n",
            self.id, self.reason
        )
    }

    /// Reads a request; all faults at once. What the numbers are is read later.
    pub(super) fn read(request: &v1::ChangeCardRequest) -> Result<Self, Refusal> {
        let mut faults = Vec::new();
        let mut fault =
            |field: &'static str, text: String| faults.push(Fault { field: field.to_owned(), description: text.into() });
        if holds_engine_mark(&request.request_id) {
            fault("request_id", ENGINE_MARK_FAULT.to_owned());
        }
        let id = ReceiptId::parse(&request.request_id).map_err(|error| fault("request_id", error.to_string())).ok();
        let act = billing::CardAct::try_from(request.act).unwrap_or_default();
        if act == billing::CardAct::Unspecified {
            fault("act", "must be BLOCK, UNBLOCK, REPLACE, STAFF or NOT_STAFF".to_owned());
        }
        for (field, number) in [("card_number", &request.card_number), ("new_card_number", &request.new_card_number)] {
            if number.chars().any(char::is_control) {
                fault(field, "must have no line breaks".to_owned());
            }
        }
        if (act == billing::CardAct::Replace) == request.new_card_number.is_empty() {
            fault("new_card_number", "is required with REPLACE, and with nothing else".to_owned());
        }
        if request.new_card_number == request.card_number {
            fault("new_card_number", "must be another card".to_owned());
        }
        let staff = read_staff(request, act, &mut fault);
        let characters = request.reason.chars().count();
        if request.reason.trim().is_empty() || characters > REASON_CHARACTERS_MAX || request.reason.chars().any(char::is_control)
        {
            fault("reason", format!("must have 1 to {REASON_CHARACTERS_MAX} characters, no line breaks"));
        }
        match id {
            Some(id) if faults.is_empty() => Ok(Self {
                id,
                act,
                card: request.card_number.clone(),
                new_card: Some(request.new_card_number.clone()).filter(|number| !number.is_empty()),
                staff,
                reason: request.reason.clone(),
            }),
            _ => Err(Refusal::Invalid(faults)),
        }
    }
}

/// The cashier that a request names, where it is about one.
fn read_staff(
    request: &v1::ChangeCardRequest,
    act: billing::CardAct,
    fault: &mut impl FnMut(&'static str, String),
) -> Option<StaffOf> {
    if act != billing::CardAct::Staff {
        for (field, text) in [("cashier_id", &request.cashier_id), ("store_id", &request.store_id)] {
            if !text.is_empty() {
                fault(field, "goes with STAFF alone".to_owned());
            }
        }
        return None;
    }
    let cashier = CashierId::parse(&request.cashier_id).map_err(|error| fault("cashier_id", error.to_string())).ok();
    let given = Some(request.store_id.as_str()).filter(|text| !text.is_empty());
    let store = given.and_then(|text| StoreId::parse(text).map_err(|error| fault("store_id", error.to_string())).ok());
    Some(StaffOf { store, cashier: cashier? })
}
