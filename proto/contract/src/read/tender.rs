//! Reads means of payment.

use compact_str::CompactString;
use tessera_proto::billing::v1;
use tessera_rules::id::AssetId;
use tessera_rules::money::Amount;
use tessera_rules::receipt::Tender;

use super::field::Reader;
use crate::convert::tender_kind_from_wire;
use crate::fault::At;
use crate::limits::{BRAND_CHARACTERS_MAX, SHORT_TEXT_CHARACTERS_MAX, TENDER_AMOUNT_MINOR_MAX, TENDERS_MAX};

/// A means of payment with what only the outcome keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TenderInput {
    /// As the evaluation sees it.
    pub tender: Tender,
    /// The wire's finer kind; never unspecified.
    pub wire_kind: v1::TenderKind,
    /// The till's reference of the payment.
    pub reference: Option<CompactString>,
    /// Card brand, bank or wallet as the till names it.
    pub brand: Option<CompactString>,
    /// The asset that pays; only and always with kind asset.
    pub asset: Option<AssetId>,
}

impl TenderInput {
    /// The tender as it came.
    #[must_use]
    pub fn to_wire(&self) -> v1::Tender {
        let text = |text: &Option<CompactString>| text.as_ref().map(ToString::to_string).unwrap_or_default();
        v1::Tender {
            kind: i32::from(self.wire_kind),
            amount_minor: self.tender.amount.minor(),
            reference: text(&self.reference),
            brand: text(&self.brand),
            asset_id: self.asset.as_ref().map(|asset| asset.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

/// The tenders at `tenders` below `above`.
pub(super) fn tenders(reader: &mut Reader, above: &At<'_>, wire: &[v1::Tender]) -> Vec<TenderInput> {
    reader.length(&above.field("tenders"), wire.len(), TENDERS_MAX);
    let mut read = Vec::with_capacity(wire.len().min(TENDERS_MAX));
    for (index, wire) in wire.iter().enumerate().take(TENDERS_MAX) {
        read.extend(tender(reader, &above.item("tenders", index), wire));
    }
    read
}

fn tender(reader: &mut Reader, at: &At<'_>, wire: &v1::Tender) -> Option<TenderInput> {
    let wire_kind = reader.required::<v1::TenderKind>(&at.field("kind"), wire.kind);
    let amount = reader.range(&at.field("amount_minor"), wire.amount_minor, 0, TENDER_AMOUNT_MINOR_MAX);
    let reference = reader.text(&at.field("reference"), &wire.reference, SHORT_TEXT_CHARACTERS_MAX);
    let brand = reader.text(&at.field("brand"), &wire.brand, BRAND_CHARACTERS_MAX);
    let asset_at = at.field("asset_id");
    let asset = reader.optional_id(&asset_at, &wire.asset_id, AssetId::parse);
    let wire_kind = wire_kind?;
    match (wire_kind == v1::TenderKind::Asset, wire.asset_id.is_empty()) {
        (true, true) => reader.fault(&asset_at, "must name the asset that pays"),
        (false, false) => reader.fault(&asset_at, "must be empty where no asset pays"),
        (true, false) | (false, true) => {}
    }
    let kind = tender_kind_from_wire(wire_kind)?;
    Some(TenderInput { tender: Tender { kind, amount: Amount::from_minor(amount?) }, wire_kind, reference, brand, asset })
}
