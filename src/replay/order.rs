//! Which receipt may be sent next: file order for each customer, and no order between customers.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::receipt_files::sale::Sale;

/// What is still to be sent. With one receipt in flight at a time this is the file's own order.
#[derive(Debug)]
pub(crate) struct Order<'s> {
    sales: &'s [Arc<Sale>],
    next: usize,
    /// Receipts whose customer's earlier one has just been answered.
    ready: VecDeque<usize>,
    /// Customers with a receipt under way, and their later receipts met meanwhile.
    busy: HashMap<Arc<str>, VecDeque<usize>>,
}

impl<'s> Order<'s> {
    /// Everything is to be sent.
    pub(crate) fn new(sales: &'s [Arc<Sale>]) -> Self {
        Self { sales, next: 0, ready: VecDeque::new(), busy: HashMap::new() }
    }

    /// Takes a receipt that may be sent now, with its place; none: something must be answered first, or nothing is left.
    pub(crate) fn take(&mut self) -> Option<(usize, Arc<Sale>)> {
        if let Some(place) = self.ready.pop_front() {
            return self.at(place);
        }
        while let Some(sale) = self.sales.get(self.next) {
            let place = self.next;
            self.next = self.next.saturating_add(1);
            let Some(customer) = &sale.customer else {
                return self.at(place);
            };
            match self.busy.entry(Arc::clone(customer)) {
                Entry::Occupied(mut waiting) => waiting.get_mut().push_back(place),
                Entry::Vacant(free) => {
                    free.insert(VecDeque::new());
                    return self.at(place);
                }
            }
        }
        None
    }

    fn at(&self, place: usize) -> Option<(usize, Arc<Sale>)> {
        self.sales.get(place).map(|sale| (place, Arc::clone(sale)))
    }

    /// The receipt at this place has been answered: the customer's next one may go.
    pub(crate) fn answered(&mut self, place: usize) {
        let Some(customer) = self.sales.get(place).and_then(|sale| sale.customer.as_ref()) else {
            return;
        };
        let Some(waiting) = self.busy.get_mut(customer) else {
            return;
        };
        match waiting.pop_front() {
            Some(next) => self.ready.push_back(next),
            None => {
                self.busy.remove(customer);
            }
        }
    }
}

#[cfg(test)]
mod tests;
