//! What each way of writing a mechanic means.

use super::HEAD;
use crate::counting::{Calendar, Counted, Counting, Within};
use crate::id::{AssetId, Sku};
use crate::mechanic::{EarnPer, Gain, Give, Measured, Mechanic, Off, Per, Which};
use crate::money::{Amount, Quantity, UnitPrice, Units};
use crate::ratio::Ratio;
use crate::revision::{Revision, Source};

fn mechanic(text: &str) -> Mechanic {
    let source = Source { name: "p".into(), text: format!("{HEAD}- {{id: a, name: A, {text}}}\n") };
    let compiled = Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[source]).unwrap_or_else(|error| panic!("{error}"));
    compiled.revision.campaigns()[0].mechanic.clone()
}

fn percent(percent: i64) -> Ratio {
    Ratio::new(percent, 100).unwrap()
}

#[test]
fn what_is_off_lines_and_baskets() {
    let off = |off: Off, per: Per| Mechanic::Off { off, per };
    let amount = |minor: i64| Off::Amount(Amount::from_minor(minor));
    let table = [
        ("percent_off: 10", off(Off::Percent(percent(10)), Per::Line)),
        ("percent_off: 10, level: basket", off(Off::Percent(percent(10)), Per::Basket)),
        ("amount_off: 1.50", off(amount(150), Per::Unit)),
        ("amount_off: 1.50, per: line", off(amount(150), Per::Line)),
        ("amount_off: 1.50, level: basket", off(amount(150), Per::Basket)),
        ("fixed_price: 1.459", off(Off::Price(UnitPrice::from_micros(1_459_000)), Per::Unit)),
        (
            "price_list: {B: 2.00, A: 1.00}",
            Mechanic::PriceList {
                prices: [("A", 1_000_000), ("B", 2_000_000)]
                    .map(|(sku, micros)| (Sku::parse(sku).unwrap(), UnitPrice::from_micros(micros)))
                    .to_vec(),
            },
        ),
    ];
    for (text, expected) in table {
        assert_eq!(mechanic(text), expected, "{text}");
    }
}

#[test]
fn ladders_keep_thousandths_or_minor_units() {
    let steps = |text: &str| {
        let Mechanic::Ladder { measured, marginal, steps } = mechanic(text) else { panic!("{text} is a ladder") };
        (measured, marginal, steps.iter().map(|step| (step.from, step.off)).collect::<Vec<_>>())
    };
    assert_eq!(
        steps("ladder: {by: quantity, steps: [{from: 2.5, percent_off: 5}, {from: 5, fixed_price: 1.00}]}"),
        (
            Measured::Quantity,
            false,
            vec![(2_500, Off::Percent(percent(5))), (5_000, Off::Price(UnitPrice::from_micros(1_000_000)))]
        )
    );
    assert_eq!(
        steps("ladder: {by: amount, mode: marginal, steps: [{from: 20.00, amount_off: 0.10}]}"),
        (Measured::Amount, true, vec![(2_000, Off::Amount(Amount::from_minor(10)))])
    );
}

#[test]
fn sets_have_one_shape() {
    let free = Off::Percent(Ratio::new(1, 1).unwrap());
    let set = |text: &str| {
        let Mechanic::Set { groups, gain } = mechanic(text) else { panic!("{text} is a set") };
        (groups.iter().map(|group| (group.on.is_some(), group.units)).collect::<Vec<_>>(), gain)
    };
    let units = |group: usize, units: i64, which: Which, off: Off| Gain::Units { group, units, which, off };
    let table = [
        ("n_for_m: {take: 3, pay: 2}", vec![(false, 3)], units(0, 1, Which::Cheapest, free)),
        ("n_for_m: {take: 5, pay: 3, free: dearest}", vec![(false, 5)], units(0, 2, Which::Dearest, free)),
        ("nth_unit: {nth: 2, percent_off: 50}", vec![(false, 2)], units(0, 1, Which::Cheapest, Off::Percent(percent(50)))),
        ("nth_unit: {nth: 4, free: true, which: dearest}", vec![(false, 4)], units(0, 1, Which::Dearest, free)),
        (
            "buy_get: {buy: [{on: {sku: A}, units: 2}, {on: {sku: B}}], get: {units: 3, amount_off: 0.20}}",
            vec![(true, 2), (true, 1), (false, 3)],
            units(2, 3, Which::Cheapest, Off::Amount(Amount::from_minor(20))),
        ),
        ("mix_and_match: {groups: [{units: 4}], price: 3.00}", vec![(false, 4)], Gain::Price(Amount::from_minor(300))),
        (
            "bundle: {groups: [{on: {sku: A}}, {on: {sku: B}}], percent_off: 15}",
            vec![(true, 1), (true, 1)],
            Gain::Percent(percent(15)),
        ),
        ("bundle: {groups: {units: 2}, amount_off: 1.00}", vec![(false, 2)], Gain::Amount(Amount::from_minor(100))),
    ];
    for (text, groups, gain) in table {
        assert_eq!(set(text), (groups, gain), "{text}");
    }
}

#[test]
fn rewards_name_what_they_are_given_for() {
    let asset = AssetId::parse("stamps").unwrap();
    let points = |per: EarnPer, units: i64| Mechanic::Points { per, units: Units::from_units(units), asset: asset.clone() };
    let table = [
        ("points: {per: 2.00, units: 3, asset: stamps}", points(EarnPer::Money(Amount::from_minor(200)), 3)),
        ("points: {per: {units: 2}, units: 3, asset: stamps}", points(EarnPer::Units(2), 3)),
        ("points: {per: {measure: 0.5}, units: 3, asset: stamps}", points(EarnPer::Measure(Quantity::from_milli(500)), 3)),
        ("points: {per: {visit: true}, units: 3, asset: stamps}", points(EarnPer::Visit, 3)),
        (
            "multiply_points: {by: 2.5, asset: stamps}",
            Mechanic::Multiply { asset: asset.clone(), by: Ratio::new(25, 10).unwrap() },
        ),
        (
            "count: {counted: money, every: 50.00, give: {prize: mug}}",
            Mechanic::Count(Counting {
                counted: Counted::Money,
                asset: None,
                within: None,
                in_a_row: false,
                give: Some((5_000, Give::Prize { prize: "mug".into(), count: 1, series: None })),
            }),
        ),
        (
            "count: {counted: points, asset: stamps, within: {months: 12}}",
            Mechanic::Count(Counting {
                counted: Counted::Points,
                asset: Some(asset.clone()),
                within: Some(Within { calendar: Calendar::Months, stretches: 12, remembered: 12 }),
                in_a_row: false,
                give: None,
            }),
        ),
        (
            "grant: {give: {tickets: {draw: car, count: 2}}}",
            Mechanic::Grant { give: Give::Tickets { draw: "car".into(), count: 2 } },
        ),
    ];
    for (text, expected) in table {
        assert_eq!(mechanic(text), expected, "{text}");
    }
}
