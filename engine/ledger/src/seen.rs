//! Receipts as brakes count them: by trading day and place, in constant space.

use tessera_rules::brakes::{ReceiptsSeen, SeenTerms};
use tessera_rules::receipt::{Receipt, TRADING_DAYS_APART_MAX};

use crate::limits::SEEN_MAX;

/// Days that a receipt may be counted ahead of today: its time by a day, its trading day by more.
const AHEAD_MAX: i32 = 1 + TRADING_DAYS_APART_MAX;

/// Counts a receipt where the brakes of the revision look, and forgets days that none of them looks at any more, also where
/// this receipt is of a day that is still to come.
pub(crate) fn count(seen: &mut Vec<ReceiptsSeen>, terms: &SeenTerms, receipt: &Receipt) {
    if terms.days == 0 {
        seen.clear();
        return;
    }
    let day = ReceiptsSeen::day_of(receipt.counted_on());
    for place in terms.at.iter().filter_map(|at| at.name(&receipt.place)) {
        add(seen, ReceiptsSeen { day, place, count: 1 });
    }
    let last = seen.last().map_or(day, |last| last.day);
    seen.retain(|known| known.day > last.saturating_sub(terms.days).saturating_sub(AHEAD_MAX));
    cut(seen);
}

/// What two accounts have seen that turn out to be one.
pub(crate) fn join(seen: &mut Vec<ReceiptsSeen>, other: &[ReceiptsSeen]) {
    other.iter().for_each(|other| add(seen, *other));
    cut(seen);
}

fn add(seen: &mut Vec<ReceiptsSeen>, one: ReceiptsSeen) {
    match seen.binary_search_by(|known| (known.day, known.place).cmp(&(one.day, one.place))) {
        Ok(place) => {
            if let Some(known) = seen.get_mut(place) {
                known.count = known.count.saturating_add(one.count);
            }
        }
        Err(place) => seen.insert(place, one),
    }
}

/// Where there is no room for all, the oldest go first, of a day the places with the fewest receipts, so that who has been
/// at many places is counted at the next one too; what is counted over all places stays to the last.
fn cut(seen: &mut Vec<ReceiptsSeen>) {
    while seen.len() > SEEN_MAX {
        let least =
            seen.iter().enumerate().min_by_key(|(_, known)| (known.place == ReceiptsSeen::ANYWHERE, known.day, known.count));
        let Some(place) = least.map(|(place, _)| place) else { return };
        seen.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use tessera_rules::brakes::SeenAt;
    use tessera_rules::id::{CashierId, TillId};

    use super::*;
    use crate::testing::{line, receipt};

    fn terms(days: i32) -> SeenTerms {
        SeenTerms { days, at: vec![SeenAt::Anywhere, SeenAt::Cashier, SeenAt::Till] }
    }

    fn sale(day: i32, cashier: u8) -> Receipt {
        let mut sale = receipt("sale", vec![line("1", 1, 100)]);
        sale.business_date = sale.business_date.checked_add(jiff::ToSpan::days(day)).unwrap();
        sale.sold_at = sale.sold_at.checked_add(jiff::ToSpan::hours(i64::from(day) * 24)).unwrap();
        sale.place.cashier = (cashier > 0).then(|| CashierId::parse(&format!("c{cashier}")).unwrap());
        sale.place.till = TillId::parse(&format!("t{}", cashier % 3)).unwrap();
        sale
    }

    proptest! {
        /// Against a map that forgets nothing: whatever the order of days, the window of the newest day is told exactly.
        #[test]
        fn h75_receipts_of_a_card_are_counted_by_day_and_place(
            sales in proptest::collection::vec((0..12_i32, 0..4_u8), 1..40),
            days in 1..8_i32,
        ) {
            let (mut seen, mut all) = (Vec::new(), BTreeMap::new());
            for (day, cashier) in sales {
                let sale = sale(day, cashier);
                count(&mut seen, &terms(days), &sale);
                let number = ReceiptsSeen::day_of(sale.business_date);
                for place in terms(days).at.iter().filter_map(|at| at.name(&sale.place)) {
                    *all.entry((number, place)).or_insert(0) += 1;
                }
                let last = *all.keys().map(|(day, _)| day).max().unwrap();
                let within = all.iter().filter(|((day, _), _)| *day > last - days);
                // Days that came late were forgotten before: what is there is never more than there was.
                for known in &seen {
                    prop_assert!(all[&(known.day, known.place)] >= known.count);
                }
                for ((day, place), count) in within.filter(|((day, _), _)| *day == last) {
                    let known = seen.iter().find(|known| (known.day, known.place) == (*day, *place));
                    prop_assert_eq!(known.map(|known| known.count), Some(*count));
                }
            }
        }
    }

    #[test]
    fn h75_however_many_tills_a_card_is_shown_at_its_receipts_are_counted_over_all_of_them() {
        let mut seen = Vec::new();
        for number in 0..200_u8 {
            let mut sale = sale(0, 1);
            sale.place.till = TillId::parse(&format!("till-{number}")).unwrap();
            count(&mut seen, &terms(7), &sale);
        }
        assert!(seen.len() <= SEEN_MAX);
        let anywhere = seen.iter().find(|known| known.place == ReceiptsSeen::ANYWHERE);
        assert_eq!(anywhere.map(|known| known.count), Some(200));
        let most = seen.iter().filter(|known| known.place != ReceiptsSeen::ANYWHERE).map(|known| known.count).max();
        assert_eq!(most, Some(200), "one cashier stays, whoever goes");
    }

    #[test]
    fn without_brakes_nothing_is_counted_and_what_was_is_forgotten() {
        let mut seen = vec![ReceiptsSeen { day: 1, place: 0, count: 3 }];
        count(&mut seen, &SeenTerms::default(), &sale(0, 1));
        assert_eq!(seen, []);
    }
}
