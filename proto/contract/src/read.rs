//! Wire to rules: each request is read whole, all its faults at once, each with its field's path (P11).
//!
//! One file a call; what calls share stands in `receipt`, `line`, `sold_line`, `customer`, `tender`, and
//! `field`, which reads single values and looks for payment cards' numbers in every text (H79).

mod answer_prompts;
mod claim;
mod customer;
mod delivery;
mod enrol;
mod field;
mod get_receipt;
mod hand_over;
mod identify;
mod line;
mod listed;
mod quote;
mod receipt;
mod return_goods;
mod settle;
mod sold_line;
mod tender;
mod void_receipt;

use jiff::Timestamp;

pub use answer_prompts::{AnswerPromptsInput, Said, StatedFact, read_answer_prompts};
pub use claim::{ClaimInput, read_claim};
pub use customer::Identity;
pub use delivery::DeliveryInput;
pub use enrol::{EnrolInput, read_enrol};
pub use field::{ENGINE_MARK_FAULT, check_contract_minor, holds_engine_mark};
pub use get_receipt::{GetReceiptInput, read_get_receipt};
pub use hand_over::{HandOverInput, read_hand_over};
pub use identify::{IdentifyInput, read_identify};
pub use listed::{ListedCustomer, read_asked_customer, read_list_rows};
pub use quote::{QuoteInput, read_quote};
pub use receipt::{FiscalDocument, InputNotes, TillDisplay};
pub use return_goods::{OriginalReceipt, ReturnInput, ReturnMode, ReturnedLine, read_return};
pub use settle::{InstructionDone, OfferShown, SettleInput, read_settle};
pub use sold_line::SoldLine;
pub use tender::TenderInput;
pub use void_receipt::{VoidInput, read_void};

/// What reading a request needs beside the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadContext {
    /// The engine's time; in storage made for replay, the receipt's.
    pub now: Timestamp,
}

#[cfg(test)]
mod tests;
