//! Counters and the tiers that they reach. Each mistake is one row.

use super::{HEAD, check, found, said};

#[test]
fn counters_in_time_are_checked() {
    let row = "id: a, count: {counted: weeks, in_a_row: true, every: 4, give: {prize: mug}}";
    check(&[
        (row, &[]),
        ("id: a, count: {counted: points, asset: stamps, within: {months: 2}, every: 10, give: {prize: mug}}", &[]),
        ("id: a, count: {within: {months: 12}}", &[]),
        ("id: a, count: {every: 4}", &["error: `every` says nothing without `give`"]),
        ("id: a, count: {give: {prize: mug}}", &["error: `give` says nothing without `every`"]),
        ("id: a, count: {counted: visits, asset: points}", &["error: only points are of an asset"]),
        ("id: a, count: {counted: points}", &["error: it does not say of which asset"]),
        ("id: a, count: {counted: visits, in_a_row: true}", &["error: only days, weeks and months follow one another"]),
        ("id: a, count: {counted: weeks, within: {months: 1}}", &["error: days, weeks and months are counted for ever"]),
        ("id: a, count: {within: {months: 61}}", &["error: 61 is out of range: 1 to 60"]),
        ("id: a, count: {within: {months: 1, weeks: 2}}", &["error: `within` has only one of these, not 2: months, weeks"]),
        ("id: a, count: {counted: points, asset: stamps, every: 1.5, give: {prize: mug}}", &["error: `1.5` has too many digits"]),
    ]);
}

#[test]
fn tiers_are_reached_by_counters_that_there_are() {
    let campaigns = [
        "id: spent, name: N, count: {counted: money, within: {months: 12}}",
        "id: ever, name: N, count: {counted: visits}",
        "id: weeks, name: N, count: {counted: weeks}",
        "id: off, name: N, percent_off: 5",
    ];
    let table = [
        ("{counter: spent, at_least: 99.50, keeps: 12, grace_days: 30}", vec![]),
        ("{counter: ever, at_least: 10}", vec![]),
        ("{counter: spend, at_least: 10.00}", vec!["error: there is no counter `spend`"]),
        ("{counter: off, at_least: 10.00}", vec!["error: there is no counter `off`"]),
        ("{counter: ever, at_least: 10.50}", vec!["error: `10.50` is no whole number"]),
        ("{counter: ever, at_least: 10, keeps: 1}", vec!["error: what is counted for ever is kept for ever"]),
        ("{counter: weeks, at_least: 10}", vec!["error: a tier is not reached by days, weeks or months"]),
        (
            "{counter: spent, at_least: 10.00, keeps: 60}",
            vec!["error: 72 stretches of the calendar would have to be remembered, at most 60 are"],
        ),
        ("{counter: spent, at_least: 10.00, keep: 1}", vec!["error: `reached` has no key `keep`"]),
    ];
    for (reached, expected) in table {
        let head = HEAD.replace("- {id: gold}", &format!("- {{id: gold, reached: {reached}}}"));
        let campaigns: String = campaigns.map(|campaign| format!("- {{{campaign}}}\n")).concat();
        let all: Vec<String> = found(&[format!("{head}{campaigns}")]).iter().map(said).collect();
        assert_eq!(all, expected, "{reached}");
    }
}
