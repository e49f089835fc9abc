//! What is told about expressions that cannot be right: where, what, and what to write instead.

use super::fixture::{environment, run};
use crate::cel::{CelError, condition};

/// Each mistake as `part: message (help)`.
fn told(text: &str, errors: &[CelError]) -> Vec<String> {
    let help = |error: &CelError| error.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    errors.iter().map(|error| format!("{}: {}{}", error.span.of(text), error.message, help(error))).collect()
}

fn check(table: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in table {
        let found = match run(text) {
            Err(errors) => told(text, &errors).join("; "),
            Ok(value) => format!("{value:?}"),
        };
        if found != *expected {
            wrong.push(format!("{text}\n  found {found}\n  not   {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_text_that_is_no_expression_is_told_with_what_is_meant() {
    check(&[
        ("", ": the expression ends too early: a name, a number, a text in quotes or `(` is missing"),
        ("one = 1", "=: `=` is not known here (write `==` to compare)"),
        ("one <> 1", "<>: `<>` is not known here (write `!=` for `is not`)"),
        ("yes and yes", "and: `and` is not known here (write `&&`)"),
        ("not yes", "not: `not` is not known here (write `!` before what must not be so)"),
        ("yes & yes", "&: `&` is not known here (write `&&` for `and`)"),
        ("name == “Anna”", "“: `“` is not known here (use straight quotes: \"…\")"),
        ("nothing == null", "null: `null` is no part of this language (ask with `has(…)` whether something is there)"),
        ("{'a': 1}", "{: `{` is not known here (tables in braces are no part of this language)"),
        ("1u", "1u: a number cannot end in `u` (leave out the `u`: there is one kind of whole numbers)"),
        ("5% > 1", ">: `>` does not belong here: a name, a number, a text in quotes or `(` is expected"),
        ("b'x'", "b'x': `b` before quotes: bytes are no part of this language (leave out the letter before the quotes)"),
        ("'abc", "': this text does not end (write ' at its end)"),
        ("'a\nb'", "': this text does not end (write ' at its end)"),
        (
            r"'\q'",
            r#"\q: this escape is not known or stands for no character (write `\\` for a backslash; known are \n \t \" \' \xHH \uHHHH)"#,
        ),
        (
            r"'\ud800'",
            r#"\ud800: this escape is not known or stands for no character (write `\\` for a backslash; known are \n \t \" \' \xHH \uHHHH)"#,
        ),
        ("9223372036854775808", "9223372036854775808: this whole number is too large; the largest is 9223372036854775807"),
        ("12345678901234567890", "12345678901234567890: this whole number is too large; the largest is 9223372036854775807"),
        ("0.00000000000000000000000000001", "0.00000000000000000000000000001: this number has too many digits; 28 are possible"),
        ("1e400000", "1e400000: the exponent of this number is missing or too large"),
        ("(yes", "(: `(` is not closed (write `)`)"),
        ("size(words, ", ": the expression ends too early: a name, a number, a text in quotes or `(` is missing"),
        ("numbers[1", "[: `[` is not closed (write `]`)"),
        ("yes ? 1", "?: `?` has no `:` (write `condition ? this : that`)"),
        ("name.", ": the expression ends too early: a name is missing"),
        ("if yes", "if: `if` is a reserved word (write `condition ? this : that`)"),
        ("größe > 1", "ö: `ö` is not known here (names have the letters a to z only; texts stand in quotes)"),
    ]);
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_known_one() {
    check(&[
        ("prise > 1", "prise: `prise` is not known here (did you mean `price`? A text stands in quotes: \"prise\")"),
        ("town == 'Bern'", "town: `town` is not known here (did you mean `shop.town`?)"),
        ("line.amount > 5", "line: `line` is not known here (write `items.exists(i, …)`)"),
        ("shop.twon == 'Bern'", "twon: a shop has no field `twon` (did you mean `shop.town`?)"),
        ("shop.zzz == 'Bern'", "zzz: a shop has no field `zzz` (it has town, rank)"),
        ("items.exists(i, i.brand == 'A')", "brand: a item has no field `brand` (did you mean `i.attribute[\"brand\"]`?)"),
        (
            "items.amount > 5",
            "amount: `items` is a list of items; it has no field `amount` (write `items.exists(x, x.amount …)`)",
        ),
        ("items[0].colour == 'rde'", "'rde': \"rde\" never stands here (did you mean \"red\"?)"),
        ("items[0].colour in ['red', 'green']", "['red', 'green']: \"green\" never stands here (there is \"red\", \"blue\")"),
        ("name.startWith('A')", "startWith: there is no function `startWith` (did you mean `startsWith`?)"),
        (
            "words.contains('red')",
            "words: this is a list of texts, but one value is wanted here (use `.exists(x, …)`, `.all(x, …)`, `.size()` or `in`)",
        ),
        ("len(words) > 1", "len: there is no function `len` (write `.size()`)"),
        ("double(one)", "double: there is no function `double` (write `decimal(…)`: numbers are exact here)"),
        ("contains(name, 'A')", "contains: `contains` is not written like this (write `line.sku.contains(\"A\")`)"),
    ]);
}

#[test]
fn kinds_that_do_not_go_together_are_told() {
    check(&[
        (
            "name > 5",
            "name > 5: a text cannot be compared with a whole number (write `decimal(name)` to read a number from the text)",
        ),
        ("one == '1'", "one == '1': a whole number cannot be compared with a text (write the number without quotes)"),
        (
            "today > '2026-01-01'",
            "today > '2026-01-01': a date cannot be compared with a text (write a date as `date(\"2026-12-24\")`)",
        ),
        (
            "now > 5",
            "now > 5: a point in time cannot be compared with a whole number (write a time as `timestamp(\"2026-12-24T18:00:00Z\")`)",
        ),
        (
            "1 < one < 3",
            "1 < one < 3: a condition (yes or no) cannot be compared with a whole number (write two comparisons with `&&`: `… && … < 3`)",
        ),
        ("yes && one", "one: a condition (yes or no) is wanted here, but this is a whole number"),
        ("!one", "one: a condition (yes or no) is wanted here, but this is a whole number"),
        ("-name", "name: `-` needs a number behind it, but this is a text"),
        ("name + 1", "name + 1: `+` does not work on a text and a whole number (write `name + string(1)`, or `decimal(name)`)"),
        ("price % 2", "price % 2: `%` does not work on a number and a whole number (`%` is for whole numbers only)"),
        ("today - today", "today - today: `-` does not work on a date and a date (write `today.daysSince(today)`)"),
        ("yes ? 1 : 'a'", "1 : 'a': the two choices differ: a whole number and a text"),
        ("[1, 'a'].size()", "'a': this is a text, but the list holds whole numbers before it"),
        ("[][0] + 1 > 0", "[][0] + 1 > 0: this speaks of the elements of a list that is always empty"),
        ("[].sum(x, x) + 1 == 1", "[].sum(x, x) + 1 == 1: this speaks of the elements of a list that is always empty"),
        ("[[1]].size()", "[1]: a list inside a list is no part of this language"),
        ("'a' in name", "name: `in` needs a list behind it, but this is a text (write `name.contains('a')`)"),
        ("'a' in numbers", "'a': this is a text, but the list holds whole numbers"),
        (
            "numbers > 3",
            "numbers > 3: a list cannot be compared with a whole number (write `value in list`, or compare its `.size()`)",
        ),
        ("items == items", "items == items: these two lists cannot be compared: they hold different things"),
        ("points > 3", "points: `points` has an entry for each name, and one of them is wanted here (write `points[\"name\"]`)"),
        ("words['a']", "'a': a whole number is wanted here, but this is a text"),
        ("points[1]", "1: a text is wanted here, but this is a whole number"),
        ("name.town", "town: a text has no field `town`"),
        (
            "items.exists(i.name, true)",
            "i.name: a name for the element stands first here (write `lines.exists(l, l.amount > 5.00)`)",
        ),
        ("items.exists(i, i)", "i: a condition (yes or no) is wanted here, but this is a item"),
        ("items.sum(i, i.name)", "i.name: only numbers have a sum, but this is a text"),
        ("max(one, name)", "name: numbers, dates or times of one kind are wanted here, but this is a text"),
        (
            "has(one + 1)",
            "one + 1: only a field or an entry can be missing (write it as `line.attribute[\"brand\"]` or `customer.tier`)",
        ),
        ("has(words)", "words: a list is always there, but it may be empty (ask with `.size() > 0`)"),
        (
            "points['gold'].orValue(1)",
            "points['gold']: `orValue` needs a `?` before what may be missing (write `line.attribute[?\"brand\"].orValue(\"none\")` or `customer.?tier.orValue(\"none\")`)",
        ),
        ("points.?gold", "points.?gold: `?` asks for something that may be missing (write `.orValue(…)` behind it)"),
        ("int(yes)", "yes: a whole number cannot be made of a condition (yes or no)"),
        ("date('2026-02-30')", "'2026-02-30': this is not a date (write `date(\"2026-12-24\")`)"),
        (
            "duration('1 day')",
            "'1 day': this is not a length of time (write hours, minutes and seconds, such as `duration(\"36h\")` or `duration(\"1h30m\")`, or days: `duration(\"30d\")`)",
        ),
        ("name.matches(name)", "name: the pattern must be written out in quotes here"),
        ("name.matches('[')", "'[': this is no pattern: unclosed character class"),
        ("name.getHours()", "name: `getHours` does not work on a text"),
    ]);
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_their_places() {
    let text = "prise > 1 && name > 5 || shop.twon == 'x' && items.exists(i, i.amont > 1)";
    let errors = condition(text, &environment()).unwrap_err();
    let parts: Vec<&str> = errors.iter().map(|error| error.span.of(text)).collect();
    assert_eq!(parts, ["prise", "name > 5", "twon", "amont"]);
    assert_eq!(errors[2].span.characters(text), (30, 4));
}

#[test]
fn a_condition_must_be_one() {
    let errors = condition("price * 2", &environment()).unwrap_err();
    let expected = "price * 2: the expression gives a number, but a condition (yes or no) is wanted (compare it with something: `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`)";
    assert_eq!(told("price * 2", &errors), [expected]);
}

#[test]
fn an_error_of_an_evaluation_is_explained_by_its_part() {
    let expression = condition("yes && points['gold'] > 3", &environment()).unwrap();
    let error = expression.holds(&super::fixture::World, &mut 100).unwrap_err();
    assert_eq!(expression.explain(error), "`points['gold']`: the value is not there");
}
