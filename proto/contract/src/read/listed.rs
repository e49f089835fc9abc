//! Reads rows of an imported list of customers.

use jiff::Timestamp;
use tessera_proto::admin::v1::ListRow;
use tessera_proto::billing::v1;

use super::ReadContext;
use super::customer::{Identity, required_identity};
use super::field::Reader;
use crate::convert::timestamp_from_wire;
use crate::fault::At;
use crate::refusal::Refusal;

/// A customer of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedCustomer {
    /// Who.
    pub customer: Identity,
    /// Until when; none: for as long as the list says so.
    pub until: Option<Timestamp>,
}

/// Reads rows of a list, in their order.
///
/// # Errors
/// [`Refusal::CardNumber`], or [`Refusal::Invalid`] with every fault; paths begin at `rows[0]`.
pub fn read_list_rows(rows: &[ListRow], context: &ReadContext) -> Result<Vec<ListedCustomer>, Refusal> {
    let mut reader = Reader::new(context.now);
    let root = At::Request;
    let read: Vec<Option<ListedCustomer>> =
        rows.iter().enumerate().map(|(place, row)| listed(&mut reader, &root.item("rows", place), row)).collect();
    reader.finish(read.into_iter().collect())
}

/// Reads who a list is asked about.
///
/// # Errors
/// As [`read_list_rows`]; the path begins at `customer`.
pub fn read_asked_customer(customer: &v1::CustomerIdentity, context: &ReadContext) -> Result<Identity, Refusal> {
    let mut reader = Reader::new(context.now);
    let read = required_identity(&mut reader, &At::Request, Some(customer));
    reader.finish(read)
}

fn listed(reader: &mut Reader, at: &At<'_>, row: &ListRow) -> Option<ListedCustomer> {
    let customer = required_identity(reader, at, row.customer.as_ref());
    let until = row.until.as_ref().map(|until| match timestamp_from_wire(until) {
        Some(until) => Some(until),
        None => {
            reader.fault(&at.field("until"), "must be a time");
            None
        }
    });
    let until = match until {
        None => None,
        Some(read) => Some(read?),
    };
    Some(ListedCustomer { customer: customer?, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(identity: Option<v1::customer_identity::Identity>) -> ListRow {
        ListRow { customer: Some(v1::CustomerIdentity { identity, entry_method: 0 }), until: None }
    }

    #[test]
    fn p11_every_fault_of_the_rows_is_told_with_its_place_and_no_payment_card_is_taken() {
        use v1::customer_identity::Identity as Shown;
        let context = ReadContext { now: Timestamp::UNIX_EPOCH };
        let good = row(Some(Shown::CardNumber("1001".to_owned())));
        let rows = [good.clone(), row(None), row(Some(Shown::Phone("0301".to_owned()))), ListRow::default()];
        let Err(Refusal::Invalid(faults)) = read_list_rows(&rows, &context) else { panic!("three rows have faults") };
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["rows[1].customer", "rows[2].customer.phone", "rows[3].customer"]);
        let payment = row(Some(Shown::CardNumber("4111111111111111".to_owned())));
        let refused = read_list_rows(&[good.clone(), payment], &context);
        assert_eq!(refused, Err(Refusal::CardNumber { field: "rows[1].customer.card_number".to_owned() }));
        assert_eq!(read_list_rows(&[good], &context).map(|rows| rows.len()), Ok(1));
    }
}
