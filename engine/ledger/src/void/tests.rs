//! Tests of `void`.

use tessera_rules::id::{StoreId, TillId};

use crate::entry::TillPlace;
use crate::quote::{OpenQuoteCommand, open_quote};
use crate::testing::*;
use crate::void::{QuotedElsewhere, is_held_by, void};

#[test]
fn h73_a_void_releases_what_its_receipt_held_at_that_till_and_nothing_else() {
    let mut account = with_lots(vec![lot("a", 100, 0, None)]);
    for id in ["r-1", "r-2"] {
        let receipt = receipt_id(id);
        let command = OpenQuoteCommand {
            receipt: &receipt,
            place: here(),
            quote_no: 1,
            attempt: 0,
            now: at(0),
            until: at(15),
            promises: &[hold(30)],
            supersedes: None,
        };
        account = open_quote(&account, &command).unwrap();
    }
    let own = till();
    let held = |id: &str, till: &TillPlace, minute: i64| is_held_by(&account, &receipt_id(id), till, at(minute));
    let beside = TillPlace { till: TillId::parse("t-2").unwrap(), ..till() };
    let elsewhere = TillPlace { store: StoreId::parse("s-2").unwrap(), ..till() };
    for other in [&beside, &elsewhere] {
        assert_eq!((held("r-1", &own, 1), held("r-1", other, 1), held("r-3", &own, 1)), (true, false, false));
        assert_eq!(void(&account, &receipt_id("r-1"), other, at(1)), Err(QuotedElsewhere));
        assert_eq!(void(&account, &receipt_id("r-3"), other, at(1)), Ok(None));
    }
    assert!(!held("r-1", &own, 15), "its time is over");
    let after = void(&account, &receipt_id("r-1"), &own, at(1)).unwrap().unwrap();
    assert_eq!(after.balances(at(1))[0].held, units(30));
    assert_eq!(void(&after, &receipt_id("r-1"), &own, at(1)), Ok(None), "the second copy has nothing to do");
    let lapsed = void(&account, &receipt_id("r-1"), &beside, at(15)).unwrap().unwrap();
    assert_eq!(lapsed.open_quotes.len(), 0, "what is not held any more is nobody's");
}
