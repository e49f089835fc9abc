//! How free conditions spell stages, weekdays, kinds of product, reasons of prices and kinds of tender.

use jiff::civil::Weekday;

use crate::catalogue::ProductKind;
use crate::receipt::{PriceReason, Stage, TenderKind};

pub(super) const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Basket => "basket",
        Stage::Total => "total",
        Stage::Tender => "tender",
        Stage::Paid => "paid",
    }
}

pub(super) const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

pub(super) const fn kind(kind: ProductKind) -> &'static str {
    match kind {
        ProductKind::Goods => "goods",
        ProductKind::Service => "service",
        ProductKind::Deposit => "deposit",
        ProductKind::CertificateSale => "certificate_sale",
        ProductKind::TopUp => "top_up",
        ProductKind::Bag => "bag",
        ProductKind::Donation => "donation",
    }
}

pub(super) const fn price_reason(reason: PriceReason) -> &'static str {
    match reason {
        PriceReason::Regular => "regular",
        PriceReason::Markdown => "markdown",
        PriceReason::Override => "override",
        PriceReason::Staff => "staff",
    }
}

pub(super) const fn tender_kind(kind: TenderKind) -> &'static str {
    match kind {
        TenderKind::Cash => "cash",
        TenderKind::Card => "card",
        TenderKind::Certificate => "certificate",
        TenderKind::Asset => "asset",
        TenderKind::Transfer => "transfer",
        TenderKind::Other => "other",
    }
}
