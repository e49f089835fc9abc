//! Goods that come back in a case.

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_ledger::outcome::{Basis, OutcomeLine};
use tessera_ledger::return_goods::{OriginalSale, Return, ReturnLine};
use tessera_ledger::terms::AssetTerms;
use tessera_rules::id::{LineId, ReceiptId, Sku, StoreId, TillId};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice};
use tessera_rules::receipt::{Measure, Place, Tender};

use super::world::Sale;
use crate::item::Item;
use crate::prepare::Binder;

/// A return as a case states it.
#[derive(Clone, Debug)]
pub(super) struct Goods {
    /// Of the sale with this number, from 1; none: of the last, 0: of none.
    of: Option<usize>,
    at: Option<Timestamp>,
    day: Option<Date>,
    place: Place,
    currency: Currency,
    tenders: Vec<Tender>,
    /// None: everything that has not come back yet.
    lines: Option<Vec<Back>>,
}

/// A line as a case states it.
#[derive(Clone, Debug)]
struct Back {
    line: Option<LineId>,
    sku: Option<Sku>,
    quantity: Option<Quantity>,
    amount: Option<Amount>,
}

/// Reads a return.
pub(super) fn goods(binder: &mut Binder<'_, '_, '_>, step: &Item) -> Option<Goods> {
    let at = step.get("at").and_then(|at| binder.sold_at(Some(at)));
    let of = step.get("of").and_then(|of| binder.whole(of)).and_then(|of| usize::try_from(of).ok());
    let lines = step.get("lines").map(|lines| lines.list().iter().filter_map(|line| back(binder, line)).collect());
    Some(Goods {
        of,
        at,
        day: at.map(|at| binder.day(at)),
        place: Place { store: StoreId::parse("store").ok()?, till: TillId::parse("till").ok()?, cashier: None },
        currency: binder.bench.currency,
        tenders: step.items("tenders").iter().filter_map(|tender| binder.tender(tender)).collect(),
        lines,
    })
}

fn back(binder: &mut Binder<'_, '_, '_>, item: &Item) -> Option<Back> {
    let back = Back {
        line: item.get("line").and_then(|line| binder.id(line, LineId::parse)),
        sku: item.get("sku").and_then(|sku| binder.id(sku, Sku::parse)),
        quantity: item.get("quantity").and_then(|quantity| binder.quantity(quantity)),
        amount: item.get("amount").and_then(|amount| binder.money(amount)),
    };
    if back.line.is_none() && back.sku.is_none() {
        binder.error(item.at, "a returned line needs `line` or `sku`", Some("add `line: 1`"));
        return None;
    }
    Some(back)
}

impl Goods {
    /// The sale whose goods come back.
    pub(super) fn sale<'s>(&self, sales: &'s [Sale]) -> Option<&'s Sale> {
        match self.of {
            None => sales.last(),
            Some(number) => sales.get(number.checked_sub(1)?),
        }
    }

    /// The lines as the ledger takes them.
    ///
    /// # Errors
    /// A line that was not sold, or goods without a receipt of which too little is said.
    pub(super) fn lines(&self, sales: &[Sale]) -> Result<Vec<ReturnLine>, String> {
        let sale = self.sale(sales);
        if self.of != Some(0) && sale.is_none() {
            return Err("no such receipt was settled".to_owned());
        }
        let sold = sale.map_or(&[][..], |sale| sale.outcome.lines.as_slice());
        let Some(lines) = &self.lines else {
            let left = |line: &OutcomeLine| {
                let back = sale.map_or(Quantity::ZERO, |sale| sale.so_far.quantity(&line.id));
                Quantity::from_milli(line.quantity.milli().saturating_sub(back.milli()))
            };
            let rest = sold.iter().enumerate().filter(|(_, line)| left(line).is_positive());
            return rest.map(|(place, line)| whole(place, line, left(line))).collect();
        };
        lines.iter().enumerate().map(|(place, back)| back.line(place, sold)).collect()
    }

    /// The ledger's command.
    ///
    /// # Errors
    /// Never but for an id that cannot be.
    pub(super) fn command<'a>(
        &'a self,
        (number, lines): (usize, &'a [ReturnLine]),
        sale: Option<&'a Sale>,
        basis: Basis,
        (assets, now): (&'a [AssetTerms], Timestamp),
    ) -> Result<Return<'a>, String> {
        let at = self.at.unwrap_or(now);
        let day = self.day.or_else(|| sale.map(|sale| sale.outcome.business_date)).unwrap_or_default();
        Ok(Return {
            id: ReceiptId::parse(&format!("return-{number}")).map_err(|error| error.to_string())?,
            place: &self.place,
            returned_at: at,
            business_date: day,
            currency: self.currency,
            lines,
            original: sale.map(|sale| OriginalSale { outcome: &sale.outcome, so_far: &sale.so_far }),
            repricing: None,
            tenders: &self.tenders,
            cash_rounding: Amount::ZERO,
            content_hash: [0; 32],
            attempt: 1,
            basis,
            booked_at: at,
            booking_date: day,
            customer: None,
            assets,
        })
    }
}

fn return_id(place: usize) -> Result<LineId, String> {
    LineId::parse(&place.saturating_add(1).to_string()).map_err(|error| error.to_string())
}

fn whole(place: usize, sold: &OutcomeLine, quantity: Quantity) -> Result<ReturnLine, String> {
    Ok(ReturnLine {
        id: return_id(place)?,
        original: Some(sold.id.clone()),
        sku: sold.sku.clone(),
        tax_code: sold.tax_code.clone(),
        quantity,
        measure: sold.measure,
        unit_price: sold.unit_price,
        amount: Amount::ZERO,
    })
}

impl Back {
    fn line(&self, place: usize, sold: &[OutcomeLine]) -> Result<ReturnLine, String> {
        let amount = self.amount.unwrap_or(Amount::ZERO);
        if let Some(id) = &self.line {
            let Some(sold) = sold.iter().find(|sold| sold.id == *id) else {
                return Err(format!("the line `{id}` was not sold"));
            };
            let quantity = self.quantity.unwrap_or(sold.quantity);
            return Ok(ReturnLine { amount, ..whole(place, sold, quantity)? });
        }
        let sku = self.sku.clone().ok_or("a returned line needs `line` or `sku`")?;
        Ok(ReturnLine {
            id: return_id(place)?,
            original: None,
            sku,
            tax_code: None,
            quantity: self.quantity.unwrap_or(Quantity::ONE),
            measure: Measure::Counted,
            unit_price: UnitPrice::ZERO,
            amount,
        })
    }
}
