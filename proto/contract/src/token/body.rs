//! What a token holds, and the form of its bytes: numbers and texts as in [`crate::compact`]; times as the
//! difference to the time before; a name (an id) once, later by its place among the names. Writing and reading
//! name the same fields in the same order.

mod read_decision;
mod write_decision;

use jiff::Timestamp;
use tessera_rules::decision::Decision;
use tessera_rules::id::{AccountId, CustomerId, ReceiptId};
use tessera_rules::receipt::Chosen;

use crate::canonical::BasketHash;
use crate::compact::{CompactReader, CompactWriter};

/// Bytes that a decision is given at first where only its hash is wanted.
const FIRST_BYTES: usize = 4 << 10;
/// What stands before a decision.
const DECISION: u8 = 0;
/// What stands before a hash.
const HASH: u8 = 1;

/// A revision by number and hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevisionName {
    /// Its number.
    pub number: u64,
    /// BLAKE3 over its content.
    pub hash: [u8; 32],
}

/// What a token holds beside the decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenHead {
    /// The receipt that was quoted.
    pub receipt: ReceiptId,
    /// What was quoted but tenders and stage.
    pub basket_hash: BasketHash,
    /// The revision that was evaluated; none: no campaigns.
    pub revision: Option<RevisionName>,
    /// The catalogue that was used; 0: none.
    pub catalogue: u64,
    /// The time under which campaigns were evaluated.
    pub quoted_at: Timestamp,
    /// The most search steps that the evaluation was given.
    pub steps_max: u64,
    /// Which quote of the receipt it was.
    pub quote_no: u64,
    /// The customer, where known.
    pub customer: Option<CustomerId>,
    /// The account, where there is one.
    pub account: Option<AccountId>,
    /// Until when what was promised is held; none: nothing is.
    pub held_until: Option<Timestamp>,
    /// What the customer chose, which a settle does not repeat.
    pub choices: Vec<Chosen>,
}

/// What a token holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenBody {
    /// Everything beside the decision.
    pub head: TokenHead,
    /// What was decided.
    pub promised: Promised,
}

/// What was decided, as a token holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Promised {
    /// The decision, without prompts, offers, choices, what may be redeemed, a code that is wanted, explanations, near misses, the texts of
    /// instructions and adjustments, and all notes but those on unknown articles, which flag the outcome.
    Decision(Box<Decision>),
    /// It was too large: [`decision_hash`] of it, so that an evaluation under the same arguments can be
    /// known to have come to the same.
    Hash([u8; 32]),
}

impl Promised {
    /// Whether something is redeemed, as far as it is told.
    #[must_use]
    pub fn has_redemptions(&self) -> bool {
        match self {
            Self::Decision(decision) => !decision.redemptions.is_empty(),
            Self::Hash(_) => false,
        }
    }
}

/// Hash of a decision as a token holds it.
#[must_use]
pub fn decision_hash(decision: &Decision) -> [u8; 32] {
    let mut writer = CompactWriter::after(Vec::with_capacity(FIRST_BYTES));
    write_decision::decision(&mut writer, decision);
    blake3::hash(&writer.into_bytes()).into()
}

/// The bytes with the body behind them, its decision whole.
pub(super) fn write_whole(bytes: Vec<u8>, head: &TokenHead, decision: &Decision) -> Vec<u8> {
    let mut writer = CompactWriter::after(bytes);
    write_head(&mut writer, head);
    writer.byte(DECISION);
    write_decision::decision(&mut writer, decision);
    writer.into_bytes()
}

/// The same with the decision's hash.
pub(super) fn write_hash(bytes: Vec<u8>, head: &TokenHead, decision: &Decision) -> Vec<u8> {
    let mut writer = CompactWriter::after(bytes);
    write_head(&mut writer, head);
    writer.byte(HASH);
    writer.bytes(&decision_hash(decision));
    writer.into_bytes()
}

/// Reads a body; none where the bytes are not one body and nothing else.
pub(super) fn read(bytes: &[u8]) -> Option<TokenBody> {
    let mut reader = CompactReader::of(bytes);
    let head = read_head(&mut reader)?;
    let promised = match reader.byte()? {
        DECISION => Promised::Decision(Box::new(read_decision::decision(&mut reader)?)),
        HASH => Promised::Hash(reader.bytes()?),
        _ => return None,
    };
    reader.is_at_end().then_some(TokenBody { head, promised })
}

fn write_head<'a>(writer: &mut CompactWriter<'a>, head: &'a TokenHead) {
    writer.text(head.receipt.as_str());
    writer.bytes(&head.basket_hash.0);
    writer.optional(head.revision.as_ref(), |writer, revision| {
        writer.unsigned(revision.number);
        writer.bytes(&revision.hash);
    });
    writer.unsigned(head.catalogue);
    writer.time(head.quoted_at);
    writer.unsigned(head.steps_max);
    writer.unsigned(head.quote_no);
    writer.optional(head.customer.as_ref(), |writer, customer| writer.text(customer.as_str()));
    writer.optional(head.account.as_ref(), |writer, account| writer.text(account.as_str()));
    writer.optional(head.held_until, CompactWriter::time);
    writer.list(&head.choices, |writer, chosen| {
        writer.text(chosen.choice.as_str());
        writer.name(chosen.sku.as_str());
    });
}

fn read_head(reader: &mut CompactReader<'_>) -> Option<TokenHead> {
    Some(TokenHead {
        receipt: reader.text()?,
        basket_hash: BasketHash(reader.bytes()?),
        revision: reader.optional(|reader| Some(RevisionName { number: reader.unsigned()?, hash: reader.bytes()? }))?,
        catalogue: reader.unsigned()?,
        quoted_at: reader.time()?,
        steps_max: reader.unsigned()?,
        quote_no: reader.unsigned()?,
        customer: reader.optional(CompactReader::text)?,
        account: reader.optional(CompactReader::text)?,
        held_until: reader.optional(CompactReader::time)?,
        choices: reader.list(|reader| Some(Chosen { choice: reader.text()?, sku: reader.name()? }))?,
    })
}

#[cfg(test)]
mod tests;
