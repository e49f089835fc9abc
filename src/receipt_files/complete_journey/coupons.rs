//! Which coupons were shown with which basket.
//!
//! The redemptions name a household, a coupon and a day, and no basket: a coupon is shown once, with the household's first
//! basket of that day (by the clocks of New York) that holds a product of the coupon.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::ProgressBar;
use jiff::civil::Date;
use tessera_contract::limits::CODES_MAX;

use super::super::sale::{Sale, Texts};
use super::super::source::{Row, SourceError, Table};
use super::{card_number, is_household};

const COUPON_COLUMNS: [&str; 3] = ["coupon_upc", "product_id", "campaign_id"];
const COUPON_UPC: usize = 0;
const COUPON_PRODUCT: usize = 1;

const REDEMPTION_COLUMNS: [&str; 4] = ["household_id", "coupon_upc", "campaign_id", "redemption_date"];
const REDEMPTION_HOUSEHOLD: usize = 0;
const REDEMPTION_UPC: usize = 1;
const REDEMPTION_DATE: usize = 3;

/// Characters of a coupon's code.
const CODE_CHARACTERS_MAX: usize = 32;

/// A table of the same data set beside the receipts, compressed or not; none where neither is there.
pub(super) fn beside(receipts: &Path, name: &str) -> Option<PathBuf> {
    let plain = receipts.with_file_name(format!("{name}.csv"));
    let compressed = receipts.with_file_name(format!("{name}.csv.gz"));
    // A sample is plain where its receipts are plain: the same kind is looked for first.
    let is_compressed = receipts.extension().is_some_and(|extension| extension == "gz");
    let candidates = if is_compressed { [compressed, plain] } else { [plain, compressed] };
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// For each coupon the products that it is good for.
#[derive(Default, Debug)]
pub(crate) struct Coupons(BTreeMap<Arc<str>, BTreeSet<Arc<str>>>);

impl Coupons {
    /// Reads the coupons beside a file of receipts; none where they are not there.
    ///
    /// # Errors
    /// The file is there and is broken.
    pub(crate) fn beside(receipts: &Path) -> Result<Option<Self>, SourceError> {
        beside(receipts, "coupons").map(|file| Self::read(&file)).transpose()
    }

    fn read(file: &Path) -> Result<Self, SourceError> {
        let mut table = Table::open(file, &COUPON_COLUMNS, &ProgressBar::hidden())?;
        let mut texts = Texts::default();
        let mut coupons = Self::default();
        while let Some(row) = table.next_row()? {
            let code = texts.keep(code_of(&row, COUPON_UPC)?);
            let product = row.text(COUPON_PRODUCT);
            if product.is_empty() {
                return Err(row.fault(COUPON_PRODUCT, "must not be empty"));
            }
            coupons.0.entry(code).or_default().insert(texts.keep(product));
        }
        Ok(coupons)
    }

    /// The codes in ascending sequence.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(AsRef::as_ref)
    }

    /// For each product the coupons that are good for it, ascending.
    pub(crate) fn by_product(&self) -> HashMap<&str, Vec<&str>> {
        let mut by_product: HashMap<&str, Vec<&str>> = HashMap::new();
        for (code, products) in &self.0 {
            for product in products {
                by_product.entry(product).or_default().push(code);
            }
        }
        by_product
    }

    fn is_for(&self, code: &str, sku: &str) -> bool {
        self.0.get(code).is_some_and(|products| products.contains(sku))
    }
}

fn code_of<'t>(row: &Row<'t>, column: usize) -> Result<&'t str, SourceError> {
    let code = row.text(column);
    let fits = (1..=CODE_CHARACTERS_MAX).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(code) } else { Err(row.unreadable(column, "a coupon's code of 1 to 32 letters and digits")) }
}

/// How the redemptions went.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Tally {
    presented: u64,
    repeated: u64,
    without_basket: u64,
    beyond_limit: u64,
}

/// Puts the codes onto the baskets; answers what is to be told about it.
///
/// # Errors
/// A file beside the receipts is broken.
pub(super) fn present(receipts: &Path, sales: &mut [Sale]) -> Result<Vec<String>, SourceError> {
    let (Some(coupons), Some(file)) = (Coupons::beside(receipts)?, beside(receipts, "coupon_redemptions")) else {
        return Ok(vec![
            "no coupons are shown: coupons.csv.gz and coupon_redemptions.csv.gz do not lie beside the receipts".to_owned(),
        ]);
    };
    let tally = present_from(&file, &coupons, sales)?;
    Ok(vec![format!(
        "coupons: {} shown; {} fit no basket of their household and day, {} are listed twice for one day, {} are beyond the {CODES_MAX} codes of a receipt",
        tally.presented, tally.without_basket, tally.repeated, tally.beyond_limit
    )])
}

fn present_from(file: &Path, coupons: &Coupons, sales: &mut [Sale]) -> Result<Tally, SourceError> {
    let baskets = baskets_of_day(sales);
    let mut table = Table::open(file, &REDEMPTION_COLUMNS, &ProgressBar::hidden())?;
    let mut seen: HashSet<(String, String, Date)> = HashSet::new();
    let mut tally = Tally::default();
    while let Some(row) = table.next_row()? {
        let household = row.text(REDEMPTION_HOUSEHOLD);
        if !is_household(household) {
            return Err(row.unreadable(REDEMPTION_HOUSEHOLD, "a household number"));
        }
        let code = code_of(&row, REDEMPTION_UPC)?;
        let day: Date =
            row.text(REDEMPTION_DATE).parse().map_err(|_| row.unreadable(REDEMPTION_DATE, "a date written YYYY-MM-DD"))?;
        let card_number = card_number(household);
        let counted = if !seen.insert((card_number.clone(), code.to_owned(), day)) {
            &mut tally.repeated
        } else {
            match first_with(coupons, code, baskets.get(&(card_number, day)), sales) {
                None => &mut tally.without_basket,
                Some(sale) if sale.codes.len() >= CODES_MAX => &mut tally.beyond_limit,
                Some(sale) => {
                    sale.codes.push(Arc::from(code));
                    &mut tally.presented
                }
            }
        };
        *counted = counted.saturating_add(1);
    }
    Ok(tally)
}

/// The places of each household's baskets of a day, in the order of their times.
fn baskets_of_day(sales: &[Sale]) -> HashMap<(String, Date), Vec<usize>> {
    let mut baskets: HashMap<(String, Date), Vec<usize>> = HashMap::new();
    for (place, sale) in sales.iter().enumerate() {
        if let Some(card_number) = &sale.customer {
            baskets.entry((card_number.to_string(), sale.business_date)).or_default().push(place);
        }
    }
    for places in baskets.values_mut() {
        places.sort_by_key(|place| (sales.get(*place).map(|sale| sale.at), *place));
    }
    baskets
}

/// The first of some baskets that holds a product of the coupon.
fn first_with<'s>(coupons: &Coupons, code: &str, places: Option<&Vec<usize>>, sales: &'s mut [Sale]) -> Option<&'s mut Sale> {
    let holds = |sale: &Sale| sale.lines.iter().any(|line| coupons.is_for(code, &line.sku));
    let place = places?.iter().copied().find(|place| sales.get(*place).is_some_and(holds))?;
    sales.get_mut(place)
}
