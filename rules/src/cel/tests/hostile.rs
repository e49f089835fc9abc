//! Expressions that were written to do harm: each gets a clear error or a value, within bounds.

use super::fixture::{STEPS, World, environment, fault, shown};
use crate::cel::{EvalFault, Scalar, condition, parse};
use crate::limits::{EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX};

fn first_mistake(text: &str) -> String {
    condition(text, &environment()).unwrap_err().remove(0).message
}

#[test]
fn endless_nesting_is_refused() {
    let deep = "the expression is nested deeper than 32 levels";
    let table = [
        format!("{}yes{}", "(".repeat(1_000), ")".repeat(1_000)),
        format!("{}yes", "(".repeat(4_000)),
        format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000)),
        format!("{}yes", "!".repeat(4_000)),
        format!("{}one == 1", "-".repeat(4_000)),
        format!("name{} == 'a'", ".lowerAscii()".repeat(300)),
        format!("shop{}", ".a".repeat(2_000)),
        format!("numbers{}", "[0]".repeat(1_000)),
        format!("{}1", "yes ? 1 : ".repeat(400)),
        format!("1{}", " + 1".repeat(1_000)),
        format!("{}1{}", "size(".repeat(600), ")".repeat(600)),
        format!("1{}", "==1".repeat(1_000)),
    ];
    for text in table {
        assert_eq!(first_mistake(&text), deep, "{text}");
    }
    let deepest = format!("{}yes{}", "(".repeat(EXPRESSION_DEPTH_MAX - 1), ")".repeat(EXPRESSION_DEPTH_MAX - 1));
    assert!(condition(&deepest, &environment()).is_ok());
}

#[test]
fn long_rows_of_conditions_are_not_deep() {
    let row = vec!["one == 2"; 300].join(" || ");
    assert_eq!(shown(&row), "false");
    let list: Vec<String> = (0..700).map(|number| format!("{number}")).collect();
    assert_eq!(shown(&format!("one in [{}]", list.join(","))), "true");
}

#[test]
fn a_text_beyond_the_limit_is_not_even_read() {
    let text = format!("name == '{}'", "x".repeat(100_000));
    assert_eq!(first_mistake(&text), format!("the expression has 100010 bytes, at most {EXPRESSION_BYTES_MAX} are possible"));
}

#[test]
fn more_parts_than_the_limit_are_refused() {
    let text = |parts: usize| format!("one in [{}1]", "1,".repeat(parts));
    assert_eq!(first_mistake(&text(EXPRESSION_NODES_MAX)), "the expression has more than 1024 parts");
    assert!(condition(&text(EXPRESSION_NODES_MAX - 4), &environment()).is_ok());
}

#[test]
fn huge_patterns_are_refused() {
    for pattern in ["(a{1000}){1000}", "((((a{100}){100}){100}){100})", r"\\w{500}", "(?:a|b|c){0,60000}"] {
        assert_eq!(first_mistake(&format!("name.matches('{pattern}')")), "this pattern is too large", "{pattern}");
    }
    let nested = format!("name.matches('{}a{}')", "(".repeat(500), ")".repeat(500));
    assert!(first_mistake(&nested).starts_with("this is no pattern"), "{}", first_mistake(&nested));
    // What drives a backtracking engine mad is linear here.
    assert_eq!(shown("(name + name + name + name + 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!').matches('^(a+)+$')"), "false");
    assert_eq!(shown(r"name.matches('^\\w+$') && name.matches('^\\p{L}+$')"), "true");
}

#[test]
fn loops_in_loops_end_by_their_steps() {
    let ten = "[1,2,3,4,5,6,7,8,9,10]";
    let text = format!("{ten}.all(a, {ten}.all(b, {ten}.all(c, {ten}.all(d, a + b + c + d > 0))))");
    let expression = condition(&text, &environment()).unwrap();
    let mut steps = STEPS;
    assert_eq!(expression.holds(&World, &mut steps).unwrap_err().fault, EvalFault::StepsUsedUp);
    assert_eq!(steps, 0);
    let mut plenty = 1_000_000;
    assert_eq!(expression.holds(&World, &mut plenty), Ok(true));
    let fifth = format!("{ten}.all(e, {text})");
    assert_eq!(first_mistake(&fifth), "there are more than 4 loops in each other");
}

#[test]
fn used_up_steps_are_never_absorbed() {
    for text in ["numbers.all(a, numbers.all(b, a + b > 0)) || yes", "numbers.exists(a, numbers.all(b, a + b > 0))"] {
        let expression = condition(text, &environment()).unwrap();
        assert_eq!(expression.holds(&World, &mut 12).map_err(|error| fault(error.fault)), Err("steps"), "{text}");
    }
}

#[test]
fn texts_cannot_grow_without_bounds() {
    let mut text = String::from("[name + 'xxxxxxxxxxxx']");
    for _ in 0..14 {
        text.push_str(".map(x, x + x + x + x)");
    }
    assert_eq!(shown(&format!("{text}[0]")), "overflow");
}

#[test]
fn mistakes_in_mistakes_are_not_looked_at_twice() {
    // Each level that looked at one of its sides again would double the time: 2^30 times here.
    let mut text = String::from("points");
    for _ in 0..30 {
        text = format!("(points == {text})");
    }
    assert!(!condition(&text, &environment()).unwrap_err().is_empty());
    let calls = format!("numbers{}", ".contains('a')".repeat(30));
    assert_eq!(condition(&calls, &environment()).unwrap_err().len(), 30);
}

#[test]
fn no_text_of_odd_characters_ends_the_process() {
    for text in [
        "\u{0}",
        "\u{feff}1",
        "'\u{0}' == name",
        "é",
        "'é",
        "\"\\",
        "'\\u12",
        "'\\x",
        "r",
        "r'",
        "1.e",
        "0x",
        "1e",
        "1e+",
        "a.?",
        "[?",
        "?",
        "..",
        "a[?b",
    ] {
        let _ = shown(text);
        if let Ok(expr) = parse(text) {
            let _ = crate::cel::check(&expr, &environment(), Scalar::Unknown);
        }
    }
    assert_eq!(shown("'\u{0}' == name"), "false");
}
