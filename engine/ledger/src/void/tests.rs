//! Tests of `void`.

use crate::quote::{OpenQuoteCommand, open_quote};
use crate::testing::*;
use crate::void::void;

#[test]
fn a_void_releases_what_its_receipt_held_and_nothing_else() {
    let mut account = with_lots(vec![lot("a", 100, 0, None)]);
    for id in ["r-1", "r-2"] {
        let receipt = receipt_id(id);
        let command = OpenQuoteCommand {
            receipt: &receipt,
            quote_no: 1,
            now: at(0),
            until: at(15),
            promises: &[hold(30)],
            supersedes: None,
        };
        account = open_quote(&account, &command).unwrap();
    }
    let after = void(&account, &receipt_id("r-1"), at(1)).unwrap();
    assert_eq!(after.balances(at(1))[0].held, units(30));
    assert_eq!(void(&after, &receipt_id("r-1"), at(1)), None, "the second copy has nothing to do");
}
