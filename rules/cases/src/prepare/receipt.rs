//! The receipt of a case and what else is known when it is evaluated.

use std::collections::BTreeSet;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::effort::Effort;
use tessera_rules::id::{CampaignId, CashierId, ChannelId, IdError, LineId, ReceiptId, RewardId, Sku, StoreId, TaxCode, TillId};
use tessera_rules::limits::{LINE_AMOUNT_MAX, RECEIPT_CODES_MAX, RECEIPT_LINES_MAX};
use tessera_rules::money::{Amount, Quantity, UnitPrice, amount_tolerance, extend};
use tessera_rules::receipt::{
    Chosen, Explain, Given, Line, Measure, Place, PriceReason, Receipt, RedeemMode, RedeemRequest, Stage, Tender, TenderKind,
};
use tessera_rules::standing::{CodeState, NoPromises};

use super::Binder;
use super::products::attributes;
use crate::item::Item;

/// When a case is sold that does not say when: a Monday.
const SOLD_AT: jiff::civil::DateTime = jiff::civil::date(2026, 6, 1).at(12, 0, 0, 0);

/// A receipt to be evaluated, and what is known beside the account.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) receipt: Receipt,
    pub(crate) at: Timestamp,
    pub(crate) code_states: Vec<(CompactString, CodeState)>,
    pub(crate) out_of_stock: Arc<[CompactString]>,
    pub(crate) no_promises: Option<NoPromises>,
    pub(crate) effort: Effort,
}

/// The `number`th receipt of a case; `setting` has its time and store, `about` the receipt and what is expected.
pub(crate) fn asked(binder: &mut Binder<'_, '_, '_>, number: usize, case: &Item, (file, about): (&Item, &Item)) -> Option<Asked> {
    let own = |key: &str| about.get(key).or_else(|| case.get(key)).or_else(|| file.get(key));
    let at = binder.sold_at(own("at"))?;
    let store = match own("store") {
        Some(item) => binder.id(item, StoreId::parse),
        None => StoreId::parse("store").ok(),
    };
    let item = about.get("receipt")?;
    let explain = about.get("expect").and_then(|expect| expect.get("explained"));
    let named = explain.map_or(&[][..], Item::entries);
    let named: Vec<CampaignId> = named.iter().filter_map(|entry| CampaignId::parse(&entry.key).ok()).collect();
    let id = ReceiptId::parse(&format!("receipt-{number}")).ok()?;
    let explain = if named.is_empty() { Explain::Nothing } else { Explain::Named(named) };
    let receipt = binder.receipt(item, (id, store?), at)?;
    let states = about.get("code_states").map_or(&[][..], Item::entries).iter();
    let mut out_of_stock: Vec<CompactString> = about.texts("out_of_stock").map(CompactString::from).collect();
    out_of_stock.sort();
    let steps = about.get("steps_max").and_then(|item| binder.whole(item));
    Some(Asked {
        receipt: Receipt { explain, ..receipt },
        at,
        code_states: states.map(|entry| (entry.key.as_str().into(), code_state(entry.item.text()))).collect(),
        out_of_stock: out_of_stock.into(),
        no_promises: no_promises(about),
        effort: steps.map_or_else(Effort::default, |steps| Effort::within(u64::from(steps))),
    })
}

/// Why nothing scarce may be promised, as the case says it.
fn no_promises(about: &Item) -> Option<NoPromises> {
    let said = [("too_many_open_quotes", NoPromises::TooManyOpenQuotes), ("account_full", NoPromises::AccountFull)];
    said.into_iter().find(|(key, _)| about.is(key)).map(|(_, why)| why)
}

fn code_state(word: Option<&str>) -> CodeState {
    match word {
        Some("used") => CodeState::Used,
        Some("expired") => CodeState::Expired,
        Some("not_yet_valid") => CodeState::NotYetValid,
        Some("not_this_customer") => CodeState::NotThisCustomer,
        // The shape lets only these words pass.
        Some(_) | None => CodeState::Open,
    }
}

impl Binder<'_, '_, '_> {
    /// A time of sale, in the program's time zone where it is not exact.
    pub(crate) fn sold_at(&mut self, item: Option<&Item>) -> Option<Timestamp> {
        let Some(item) = item else { return self.bench.zone.to_timestamp(SOLD_AT).ok() };
        let at = self.instant(item);
        if at.is_none() {
            self.error(item.at, "a sale needs a time", Some("write `2026-11-30T18:00`"));
        }
        at
    }

    /// The day of an instant where the program is at home.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        self.bench.zone.to_datetime(at).date()
    }

    fn receipt(&mut self, item: &Item, (id, store): (ReceiptId, StoreId), at: Timestamp) -> Option<Receipt> {
        let lines = self.lines(item);
        let codes: Vec<CompactString> = item.texts("codes").map(CompactString::from).collect();
        if codes.len() > RECEIPT_CODES_MAX {
            self.error(item.at, format!("a receipt has at most {RECEIPT_CODES_MAX} codes"), None);
        }
        let till = item.get("till").map_or_else(|| TillId::parse("till").ok(), |till| self.id(till, TillId::parse));
        let channel = item.get("channel").map_or_else(|| Some(ChannelId::till()), |channel| self.id(channel, ChannelId::parse));
        let business_date = item.get("business_date").and_then(|date| self.instant(date)).map(|date| self.day(date));
        Some(Receipt {
            id,
            place: Place { store, till: till?, cashier: item.get("cashier").and_then(|id| self.id(id, CashierId::parse)) },
            channel: channel?,
            sold_at: at,
            business_date: business_date.unwrap_or_else(|| self.day(at)),
            currency: self.bench.currency,
            stage: stage(item.text_of("stage")),
            lines: lines?,
            codes,
            redeem: item.items("redeem").iter().filter_map(|wish| self.redeem(wish)).collect(),
            tenders: item.items("tenders").iter().filter_map(|tender| self.tender(tender)).collect(),
            declined: item.items("declined").iter().filter_map(|id| self.id(id, RewardId::parse)).collect(),
            choices: item.items("choices").iter().filter_map(|choice| self.choice(choice)).collect(),
            given: self.given(item),
            training: item.is("training"),
            offers_max: item.get("offers_max").and_then(|most| self.whole(most)).and_then(|most| u8::try_from(most).ok()),
            language: item.text_of("language").map(CompactString::from),
            explain: Explain::Nothing,
        })
    }

    /// The lines of a receipt; none where one has a mistake.
    fn lines(&mut self, item: &Item) -> Option<Vec<Line>> {
        let items = item.items("lines");
        if items.len() > RECEIPT_LINES_MAX {
            self.error(item.at, format!("a receipt has at most {RECEIPT_LINES_MAX} lines"), None);
            return None;
        }
        let lines: Vec<Line> = items.iter().enumerate().filter_map(|(place, item)| self.line(item, place)).collect();
        let mut seen = BTreeSet::new();
        for (line, item) in lines.iter().zip(items) {
            if !seen.insert(&line.id) {
                self.error(item.at, format!("the line `{}` is there twice", line.id), Some("give each line an id of its own"));
            }
        }
        (lines.len() == items.len()).then_some(lines)
    }

    fn line(&mut self, item: &Item, place: usize) -> Option<Line> {
        let number = place.saturating_add(1).to_string();
        let id = item.get("id").map_or_else(|| LineId::parse(&number).ok(), |id| self.id(id, line_id));
        let sku = self.id(item.get("sku")?, Sku::parse);
        let measure = if item.is("measured") { Measure::Measured } else { Measure::Counted };
        let quantity = item.get("quantity").map_or(Some(Quantity::ONE), |quantity| self.quantity(quantity))?;
        if measure == Measure::Counted && !quantity.is_whole() {
            let help = "write `measured: true` where goods are weighed or measured";
            self.error(item.at, "counted goods come in whole pieces", Some(help));
        }
        let (sku, id) = (sku?, id?);
        let unit_price = self.unit_price(item, &sku, quantity)?;
        let amount = self.amount(item, quantity, unit_price)?;
        Some(Line {
            id,
            quantity,
            measure,
            unit_price,
            amount,
            regular_unit_price: item.get("regular_price").and_then(|price| self.price(price)),
            price_reason: price_reason(item.text_of("price_reason")),
            tax_code: item.get("tax_code").and_then(|code| self.id(code, TaxCode::parse)),
            marks: item.texts("marks").map(CompactString::from).collect(),
            no_discount: item.is("no_discount"),
            no_earn: item.is("no_earn"),
            attributes: attributes(item),
            sku,
        })
    }

    /// As written, else the catalogue's, else what the amount comes to.
    fn unit_price(&mut self, item: &Item, sku: &Sku, quantity: Quantity) -> Option<UnitPrice> {
        if let Some(price) = item.get("price") {
            return self.price(price);
        }
        if let Some(amount) = item.get("amount") {
            let amount = self.money(amount)?;
            return tessera_rules::money::unit_price(amount, quantity, self.bench.currency);
        }
        let known = self.bench.catalogue.product(sku).and_then(|product| product.price);
        if known.is_none() {
            self.error(item.at, format!("`{sku}` has no price here and none in the catalogue"), Some("add `price: 1.50`"));
        }
        known
    }

    /// As written, else quantity times price.
    fn amount(&mut self, item: &Item, quantity: Quantity, price: UnitPrice) -> Option<Amount> {
        let product = extend(quantity, price, self.bench.currency).filter(|amount| *amount <= LINE_AMOUNT_MAX);
        let Some(product) = product else {
            self.error(item.at, "the line costs more than any line may", None);
            return None;
        };
        let Some(written) = item.get("amount") else { return Some(product) };
        let amount = self.money(written)?;
        let apart = amount.minor().abs_diff(product.minor());
        if apart > amount_tolerance(quantity, self.bench.currency).minor().unsigned_abs() {
            self.error(written.at, "the amount is not quantity times price", None);
        }
        Some(amount)
    }

    fn redeem(&mut self, item: &Item) -> Option<RedeemRequest> {
        let asset = self.asset(item, "asset")?;
        let units = item.get("units").map(|units| self.units(units, asset));
        if units.flatten().is_some_and(|units| !units.is_positive()) {
            self.error(item.at, "redeem something above 0, or leave `units` out for as much as may be", None);
        }
        let mode = redeem_mode(item.text_of("as"));
        Some(RedeemRequest { asset: asset.id.clone(), units: units.flatten(), mode })
    }

    pub(crate) fn tender(&mut self, item: &Item) -> Option<Tender> {
        let amount = item.get("amount").and_then(|amount| self.money(amount))?;
        Some(Tender { kind: tender_kind(item.text_of("kind")), amount })
    }

    fn choice(&mut self, item: &Item) -> Option<Chosen> {
        Some(Chosen { choice: self.id(item.get("choice")?, RewardId::parse)?, sku: self.id(item.get("sku")?, Sku::parse)? })
    }

    fn given(&mut self, item: &Item) -> Vec<Given> {
        let entries = item.get("given").map_or(&[][..], Item::entries).iter();
        let given = entries.filter_map(|entry| Some((CampaignId::parse(&entry.key).ok()?, self.money(&entry.item)?)));
        given.map(|(campaign, amount)| Given { campaign, line: None, amount, added: Vec::new() }).collect()
    }
}

/// A line's id as tills may give it.
fn line_id(text: &str) -> Result<LineId, IdError> {
    // The engine's own ids begin with `+`.
    if text.starts_with('+') { Err(IdError::Character { place: 0 }) } else { LineId::parse(text) }
}

fn stage(word: Option<&str>) -> Stage {
    match word {
        Some("basket") => Stage::Basket,
        Some("tender") => Stage::Tender,
        Some("paid") => Stage::Paid,
        // The shape lets only these words pass.
        Some(_) | None => Stage::Total,
    }
}

fn price_reason(word: Option<&str>) -> PriceReason {
    match word {
        Some("markdown") => PriceReason::Markdown,
        Some("override") => PriceReason::Override,
        Some("staff") => PriceReason::Staff,
        // The shape lets only these words pass.
        Some(_) | None => PriceReason::Regular,
    }
}

fn redeem_mode(word: Option<&str>) -> RedeemMode {
    if word == Some("tender") { RedeemMode::Tender } else { RedeemMode::Discount }
}

fn tender_kind(word: Option<&str>) -> TenderKind {
    match word {
        Some("card") => TenderKind::Card,
        Some("certificate") => TenderKind::Certificate,
        Some("asset") => TenderKind::Asset,
        Some("transfer") => TenderKind::Transfer,
        Some("other") => TenderKind::Other,
        // The shape lets only these words pass.
        Some(_) | None => TenderKind::Cash,
    }
}
