//! Receipts by their fiscal document: an index beside the outcome, since whoever brings goods back may have a paper that
//! names nothing else.

use bytes::Bytes;
use prost::Message as _;
use tessera_contract::read::FiscalDocument;
use tessera_contract::refusal::Refusal;
use tessera_ledger::entry::EntryState;
use tessera_proto::billing::v1;
use tessera_rules::id::ReceiptId;
use tessera_storage::Hint;

use crate::core::Core;
use crate::layout;

/// Receipts of one document that are looked at. A device that counts from the beginning again makes a second one; more
/// are a fault of the device.
const RECEIPTS_MAX: usize = 16;

/// Which of the receipts that a document names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sought {
    /// A sale.
    Sale,
    /// A sale or a return.
    Any,
}

/// Under which a receipt or return is found by its document.
pub(crate) fn hint(document: &FiscalDocument, id: &ReceiptId) -> Hint {
    let hash = hash(document);
    Hint { bucket: layout::fiscal_bucket(&hash), key: Bytes::from(format!("{}{id}", prefix(&hash))), value: Bytes::new() }
}

/// Documents have texts of any characters, and keys are short.
fn hash(document: &FiscalDocument) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    // No text has a control character.
    hasher.update(document.device.as_bytes()).update(&[0]).update(document.number.as_bytes());
    hasher.finalize()
}

fn prefix(hash: &blake3::Hash) -> String {
    format!("{}\n", hash.to_hex())
}

impl Core {
    /// The receipt that has this document; none: none is known.
    ///
    /// # Errors
    /// The storage cannot read, or the document is that of several: only an id tells them apart.
    pub(crate) async fn by_fiscal(
        &self,
        document: &FiscalDocument,
        sought: Sought,
        field: &'static str,
    ) -> Result<Option<ReceiptId>, Refusal> {
        let hash = hash(document);
        let (bucket, prefix) = (layout::fiscal_bucket(&hash), prefix(&hash));
        let hints = self.storage.hints(bucket, Some(prefix.as_bytes()), RECEIPTS_MAX).await;
        let hints = hints.map_err(|error| self.storage_refusal(&error))?;
        let mut found = None;
        for id in hints.iter().map_while(|hint| hint.key.strip_prefix(prefix.as_bytes())) {
            let Some(id) = std::str::from_utf8(id).ok().and_then(|id| ReceiptId::parse(id).ok()) else { continue };
            if !self.has_document(&id, document, sought).await? {
                continue;
            }
            if found.replace(id).is_some() {
                return Err(Refusal::fault(field, "names several receipts: name it by its id"));
            }
        }
        Ok(found)
    }

    /// Whether the receipt says so itself: a hint may be there without its commit.
    async fn has_document(&self, id: &ReceiptId, document: &FiscalDocument, sought: Sought) -> Result<bool, Refusal> {
        let (_, Some(entry)) = self.receipt_entry(id).await? else { return Ok(false) };
        let is_sought = match entry.state {
            EntryState::Settled => true,
            EntryState::Returned => sought == Sought::Any,
            EntryState::Awaited
            | EntryState::Voided
            | EntryState::Parked { .. }
            | EntryState::ParkedClaim { .. }
            | EntryState::Claimed { .. } => false,
        };
        let stored = if is_sought { self.outcome(&entry, id).await? } else { None };
        let Some(stored) = stored else { return Ok(false) };
        let outcome = v1::Outcome::decode(stored).map_err(|error| self.quarantined(id.as_str(), &error))?;
        Ok(outcome.fiscal.is_some_and(|own| own.device_id == document.device.as_str() && own.number == document.number.as_str()))
    }
}
