//! Tests of the order in which receipts are sent.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::receipt_files::currency;
use crate::receipt_files::sale::SaleKind;

fn sales(customers: &[Option<u8>]) -> Vec<Arc<Sale>> {
    let sale = |(place, customer): (usize, &Option<u8>)| Sale {
        kind: SaleKind::Settle,
        receipt_id: place.to_string(),
        store_id: Arc::from("S"),
        at: Timestamp::UNIX_EPOCH,
        business_date: date(2024, 3, 1),
        customer: customer.map(|number| Arc::from(format!("card{number}"))),
        currency: currency("GBP"),
        lines: Vec::new(),
        codes: Vec::new(),
        original: None,
        message: None,
    };
    customers.iter().enumerate().map(sale).map(Arc::new).collect()
}

/// Takes and answers until nothing is left; `choose` says which of those under way is answered next.
fn sent(sales: &[Arc<Sale>], in_flight: usize, mut choose: impl FnMut(usize) -> usize) -> Vec<usize> {
    let mut order = Order::new(sales);
    let mut under_way: Vec<usize> = Vec::new();
    let mut sent = Vec::new();
    loop {
        while under_way.len() < in_flight {
            let Some((place, sale)) = order.take() else { break };
            let same = |other: &&usize| sale.customer.is_some() && sales[**other].customer == sale.customer;
            assert_eq!(under_way.iter().find(same), None, "two receipts of one customer are under way");
            under_way.push(place);
            sent.push(place);
        }
        if under_way.is_empty() {
            return sent;
        }
        let answered = under_way.remove(choose(under_way.len()));
        order.answered(answered);
    }
}

#[test]
fn one_at_a_time_is_the_files_own_order() {
    let sales = sales(&[Some(1), None, Some(1), Some(2), Some(1), None, Some(2)]);
    assert_eq!(sent(&sales, 1, |_| 0), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_customer_waits_for_the_answer_and_nobody_else_does() {
    let sales = sales(&[Some(1), Some(1), None, Some(2), None]);
    // The newest is answered first, so customer 1 is answered last.
    assert_eq!(sent(&sales, 3, |count| count - 1), [0, 2, 3, 4, 1]);
}

proptest! {
    #[test]
    fn everything_is_sent_once_and_in_file_order_for_each_customer(
        customers in prop::collection::vec(prop::option::weighted(0.8, 0_u8..6), 0..60),
        in_flight in 1_usize..9,
        choices in prop::collection::vec(any::<prop::sample::Index>(), 60),
    ) {
        let sales = sales(&customers);
        let mut choices = choices.iter().cycle();
        let sent = sent(&sales, in_flight, |count| choices.next().unwrap().index(count));
        let mut all = sent.clone();
        all.sort_unstable();
        prop_assert_eq!(all, (0..sales.len()).collect::<Vec<_>>());
        for customer in customers.iter().flatten() {
            let of_customer: Vec<usize> = sent.iter().copied().filter(|place| customers[*place] == Some(*customer)).collect();
            prop_assert!(of_customer.is_sorted());
        }
    }
}
