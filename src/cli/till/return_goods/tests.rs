//! Lines of a return, from a sale and what came back of it before.

use super::*;

fn line(line_id: &str, quantity_milli: i64) -> OutcomeLine {
    OutcomeLine {
        line_id: line_id.into(),
        sku: format!("SKU-{line_id}"),
        quantity_milli,
        unit_price_micros: 900_000,
        ..OutcomeLine::default()
    }
}

fn sale() -> Outcome {
    Outcome { lines: vec![line("1", 3_000), line("2", 350), line("+3", 1_000)], ..Outcome::default() }
}

fn came_back(original_line_id: &str, quantity_milli: i64) -> Outcome {
    let line = OutcomeLine { original_line_id: original_line_id.into(), quantity_milli, ..OutcomeLine::default() };
    Outcome { lines: vec![line], ..Outcome::default() }
}

fn quantities(lines: &[ReturnedLine]) -> Vec<(&str, &str, i64)> {
    lines.iter().map(|line| (line.line_id.as_str(), line.original_line_id.as_str(), line.quantity_milli)).collect()
}

#[test]
fn all_that_has_not_come_back_comes_back() {
    let sale = sale();
    let left = left_of(&sale, &[came_back("1", 1_000), came_back("2", 350), came_back("1", 500)]);
    assert_eq!(quantities(&all_lines(&left)), [("1", "1", 1_500), ("2", "+3", 1_000)]);
}

#[test]
fn named_lines_come_back_whole_or_in_part() {
    let sale = sale();
    let left = left_of(&sale, &[]);
    let named: Vec<String> = ["1=2", "2", "+3=0.5"].map(str::to_owned).to_vec();
    let lines = named_lines(&left, &named).unwrap();
    assert_eq!(quantities(&lines), [("1", "1", 2_000), ("2", "2", 350), ("3", "+3", 500)]);
    assert_eq!((lines[0].sku.as_str(), lines[0].unit_price_micros), ("SKU-1", 900_000));
}

#[test]
fn a_line_that_is_not_there_and_a_quantity_that_is_none_are_refused_by_name() {
    let sale = sale();
    let left = left_of(&sale, &[]);
    for (text, part) in [("9=1", "it has 1, 2, +3"), ("1=0", "above 0"), ("1=x", "above 0"), ("1=", "above 0")] {
        let error = named_lines(&left, &[text.to_owned()]).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(text), "{error}");
    }
}
