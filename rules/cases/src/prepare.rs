//! From items to what the evaluation and the ledger take: numbers get the unit that their place and program give
//! them, names are checked, everything is held against the limits of the engine.

mod account;
mod bench;
mod products;
mod receipt;

use jiff::Timestamp;
use rust_decimal::Decimal;
use tessera_rules::asset::Asset;
use tessera_rules::diagnostic::nearest;
use tessera_rules::id::IdError;
use tessera_rules::limits::{LINE_AMOUNT_MAX, LINE_QUANTITY_MAX, UNIT_PRICE_MAX};
use tessera_rules::money::{Amount, Quantity, UnitPrice, Units};
use tessera_rules::tree::Span;

use crate::item::Item;
use crate::marks::Marks;
use crate::shape::shortened;

pub(crate) use account::{Opening, opening};
pub(crate) use bench::{Bench, Benches};
pub(crate) use products::products;
pub(crate) use receipt::{Asked, asked};

/// More of an asset than any account holds.
const UNITS_MAX: i64 = 1_000_000_000_000_000;

/// Turns items of one case into values, and notes what is wrong with them.
#[derive(Debug)]
pub(crate) struct Binder<'b, 'm, 't> {
    pub(crate) bench: &'b Bench,
    pub(crate) marks: &'m mut Marks<'t>,
}

impl<'b> Binder<'b, '_, '_> {
    pub(crate) fn error(&mut self, at: Span, message: impl Into<String>, help: Option<&str>) {
        self.marks.error(at, message, help.map(str::to_owned));
    }

    /// A name of the kind that `parse` reads.
    pub(crate) fn id<T>(&mut self, item: &Item, parse: impl FnOnce(&str) -> Result<T, IdError>) -> Option<T> {
        id(item, parse, self.marks)
    }

    /// Money that is not negative.
    pub(crate) fn money(&mut self, item: &Item) -> Option<Amount> {
        let digits = self.bench.currency.minor_digits();
        scaled(item, digits, 0..=LINE_AMOUNT_MAX.minor(), self.marks).map(Amount::from_minor)
    }

    /// A price of one unit.
    pub(crate) fn price(&mut self, item: &Item) -> Option<UnitPrice> {
        price(item, self.marks)
    }

    /// A quantity above zero.
    pub(crate) fn quantity(&mut self, item: &Item) -> Option<Quantity> {
        scaled(item, 3, 1..=LINE_QUANTITY_MAX.milli(), self.marks).map(Quantity::from_milli)
    }

    /// A count that is not negative, in thousandths.
    pub(crate) fn milli(&mut self, item: &Item) -> Option<i64> {
        scaled(item, 3, 0..=LINE_QUANTITY_MAX.milli(), self.marks)
    }

    /// A whole number that is not negative.
    pub(crate) fn whole(&mut self, item: &Item) -> Option<u32> {
        let number = scaled(item, 0, 0..=i64::from(u32::MAX), self.marks)?;
        u32::try_from(number).ok()
    }

    /// A number of so many digits after the point that is not negative.
    pub(crate) fn counted(&mut self, item: &Item, digits: u32) -> Option<i64> {
        scaled(item, digits, 0..=UNITS_MAX, self.marks)
    }

    /// Units of an asset, of either sign.
    pub(crate) fn units(&mut self, item: &Item, asset: &Asset) -> Option<Units> {
        scaled(item, u32::from(asset.scale), -UNITS_MAX..=UNITS_MAX, self.marks).map(Units::from_units)
    }

    /// The instant; none: never.
    pub(crate) fn instant(&mut self, item: &Item) -> Option<Timestamp> {
        item.moment()?.instant(&self.bench.zone)
    }

    /// The asset that `key` names, or the only one there is.
    pub(crate) fn asset(&mut self, item: &Item, key: &str) -> Option<&'b Asset> {
        match (item.get(key), self.bench.revision.assets()) {
            (None, [only]) => Some(only),
            (None, _) => {
                self.error(item.at, format!("which asset? `{key}` is missing"), Some("add a line `asset: …`"));
                None
            }
            (Some(named), _) => self.asset_named(named.text()?, named.at),
        }
    }

    /// The asset of this name.
    pub(crate) fn asset_named(&mut self, name: &str, at: Span) -> Option<&'b Asset> {
        let assets = self.bench.revision.assets();
        let found = assets.iter().find(|asset| asset.id.as_str() == name);
        if found.is_none() {
            let known = assets.iter().map(|asset| asset.id.as_str());
            let help = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
            self.error(at, format!("the program has no asset `{}`", shortened(name)), help.as_deref());
        }
        found
    }

    /// A campaign of the program, by name.
    pub(crate) fn campaign(&mut self, item: &Item) -> Option<tessera_rules::id::CampaignId> {
        let id = self.id(item, tessera_rules::id::CampaignId::parse)?;
        if self.bench.revision.campaign(&id).is_none() && self.bench.revision.limits_per_customer(&id).is_none() {
            let known = self.bench.revision.campaigns().iter().map(|campaign| campaign.id().as_str());
            let help = nearest(id.as_str(), known).map(|near| format!("did you mean `{near}`?"));
            self.error(item.at, format!("the program has no campaign `{id}`"), help.as_deref());
            return None;
        }
        Some(id)
    }
}

/// A name of the kind that `parse` reads.
pub(crate) fn id<T>(item: &Item, parse: impl FnOnce(&str) -> Result<T, IdError>, marks: &mut Marks<'_>) -> Option<T> {
    let text = item.text()?;
    match parse(text) {
        Ok(id) => Some(id),
        Err(error) => {
            marks.error(item.at, format!("`{}` is no name: it {error}", shortened(text)), None);
            None
        }
    }
}

/// A price of one unit.
fn price(item: &Item, marks: &mut Marks<'_>) -> Option<UnitPrice> {
    scaled(item, 6, 0..=UNIT_PRICE_MAX.micros(), marks).map(UnitPrice::from_micros)
}

/// A number as a whole number of units of 10^-digits within a range.
fn scaled(item: &Item, digits: u32, range: std::ops::RangeInclusive<i64>, marks: &mut Marks<'_>) -> Option<i64> {
    let number = item.number()?;
    let factor = Decimal::from(10_i64.checked_pow(digits)?);
    let whole = number.checked_mul(factor).map(|scaled| scaled.normalize()).filter(|scaled| scaled.scale() == 0);
    match whole.and_then(|whole| i64::try_from(whole.mantissa()).ok()) {
        Some(whole) if range.contains(&whole) => Some(whole),
        Some(_) => {
            marks.error(item.at, format!("`{number}` is out of range"), None);
            None
        }
        None => {
            let help = format!("at most {digits} digits after the point are possible here");
            marks.error(item.at, format!("`{number}` has too many digits"), Some(help));
            None
        }
    }
}
