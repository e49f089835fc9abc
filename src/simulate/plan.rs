//! Who bought what in which order: the receipts of each account, and the stores and months that there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Question, SimulateError};
use crate::receipt_files::sale::Sale;

/// A month of business dates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Month {
    pub(crate) year: i16,
    pub(crate) month: i8,
}

impl Month {
    fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }
}

/// A receipt, and where its figures are counted.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) sale: Arc<Sale>,
    /// Its place in the files.
    pub(crate) place: usize,
    /// Moved as asked.
    pub(crate) at: Timestamp,
    pub(crate) business_date: Date,
    /// Place of its store.
    pub(crate) store: usize,
    /// Place of its month.
    pub(crate) month: usize,
}

/// The receipts of one account, or one receipt of nobody known, in the order of sale.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// Whose it is; none: one receipt of nobody known, with what came back of it.
    pub(crate) customer: Option<Arc<str>>,
    pub(crate) receipts: Vec<Planned>,
    /// Whether a receipt of it is named by a return: its outcome must be kept until then.
    pub(crate) has_returns: bool,
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) accounts: Vec<Account>,
    /// Sorted.
    pub(crate) stores: Vec<Arc<str>>,
    /// Sorted.
    pub(crate) months: Vec<Month>,
    /// When the last receipt was sold: what is unspent then is owed.
    pub(crate) end: Timestamp,
    pub(crate) first_day: Date,
    pub(crate) last_day: Date,
    pub(crate) customers: u64,
}

impl Plan {
    /// # Errors
    /// A receipt cannot be moved so far.
    pub(crate) fn of(question: &Question) -> Result<Self, SimulateError> {
        let sales = &question.sales;
        let stores: Vec<Arc<str>> =
            sales.iter().map(|sale| Arc::clone(&sale.store_id)).collect::<BTreeSet<_>>().into_iter().collect();
        let dates: Vec<Date> = sales.iter().map(|sale| moved_date(question, sale)).collect::<Result<_, _>>()?;
        let months: Vec<Month> = dates.iter().map(|date| Month::of(*date)).collect::<BTreeSet<_>>().into_iter().collect();
        let mut plan = Self {
            accounts: Vec::new(),
            stores,
            months,
            end: Timestamp::MIN,
            first_day: dates.iter().min().copied().unwrap_or(Date::ZERO),
            last_day: dates.iter().max().copied().unwrap_or(Date::ZERO),
            customers: 0,
        };
        let accounts = accounts_of(sales);
        plan.customers = u64::try_from(accounts.customers.iter().flatten().count()).unwrap_or(u64::MAX);
        plan.accounts = accounts.customers.into_iter().map(|customer| Account { customer, ..Account::default() }).collect();
        for (place, ((sale, date), account)) in sales.iter().zip(dates).zip(accounts.of_sale).enumerate() {
            let planned = plan.planned(question, sale, (place, date))?;
            plan.end = plan.end.max(planned.at);
            if let Some(account) = plan.accounts.get_mut(account) {
                account.has_returns |= sale.original.is_some();
                account.receipts.push(planned);
            }
        }
        for account in &mut plan.accounts {
            account.receipts.sort_by_key(|receipt| (receipt.at, receipt.place));
        }
        Ok(plan)
    }

    fn planned(&self, question: &Question, sale: &Arc<Sale>, (place, date): (usize, Date)) -> Result<Planned, SimulateError> {
        let at = sale.at.checked_add(question.moved_by()).map_err(|_| beyond(question, sale))?;
        Ok(Planned {
            sale: Arc::clone(sale),
            place,
            at,
            business_date: date,
            store: self.stores.binary_search(&sale.store_id).unwrap_or(0),
            month: self.months.binary_search(&Month::of(date)).unwrap_or(0),
        })
    }
}

fn moved_date(question: &Question, sale: &Sale) -> Result<Date, SimulateError> {
    sale.business_date.checked_add(question.moved_by()).map_err(|_| beyond(question, sale))
}

fn beyond(question: &Question, sale: &Sale) -> SimulateError {
    SimulateError::Moved { receipt_id: sale.receipt_id.clone(), weeks: question.weeks }
}

struct Accounts {
    /// The account of each sale.
    of_sale: Vec<usize>,
    /// Whose each account is.
    customers: Vec<Option<Arc<str>>>,
}

/// A customer's receipts go to one account, receipts of nobody known to one each, and a return that names its receipt
/// to the account of that one, as in the engine: it stays nobody's where the goods were sold to nobody known.
fn accounts_of(sales: &[Arc<Sale>]) -> Accounts {
    let mut by_customer: HashMap<&str, usize> = HashMap::new();
    let mut of_sale: Vec<usize> = Vec::with_capacity(sales.len());
    let mut customers: Vec<Option<Arc<str>>> = Vec::new();
    for sale in sales {
        let fresh = customers.len();
        let account = match &sale.customer {
            Some(customer) => *by_customer.entry(customer).or_insert(fresh),
            None => fresh,
        };
        if account == fresh {
            customers.push(sale.customer.clone());
        }
        of_sale.push(account);
    }
    let named: BTreeSet<&str> = sales.iter().filter_map(|sale| sale.original.as_deref()).collect();
    if !named.is_empty() {
        let originals = sales.iter().zip(&of_sale).filter(|(sale, _)| named.contains(sale.receipt_id.as_str()));
        let originals: BTreeMap<&str, usize> = originals.map(|(sale, account)| (sale.receipt_id.as_str(), *account)).collect();
        for (sale, account) in sales.iter().zip(&mut of_sale) {
            if let Some(original) = sale.original.as_deref().and_then(|original| originals.get(original)) {
                *account = *original;
            }
        }
    }
    Accounts { of_sale, customers }
}
