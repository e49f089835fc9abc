//! Mistakes in free conditions stand under their place in the file, however the condition is written.

use super::{HEAD, found};

/// The lines under which carets stand, the carets, the message and the help; `»` begins a line of the file.
fn told(campaign: &str) -> Vec<String> {
    let all = found(&[format!("{HEAD}{campaign}\n")]);
    let shown = all.iter().map(|one| {
        let caret: String = one
            .snippet
            .chars()
            .skip(usize::try_from(one.column - 1).unwrap())
            .take(usize::try_from(one.length).unwrap())
            .collect();
        let line = one.line - u32::try_from(HEAD.lines().count()).unwrap();
        let help = one.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{line} [{caret}] {}{help}", one.message)
    });
    shown.collect()
}

#[test]
fn p11_a_mistake_in_a_condition_stands_under_its_caret() {
    let amount = "[ammount] a receipt has no field `ammount` (did you mean `receipt.amount`?)";
    let at = |line: u32, message: &str| format!("{line} {message}");
    let table = [
        ("- {id: a, name: N, percent_off: 5, when: receipt.ammount > 5}", vec![at(1, amount)]),
        ("- {id: a, name: N, percent_off: 5, when: {condition: 1 < receipt.ammount}}", vec![at(1, amount)]),
        ("- {id: a, name: N, percent_off: 5, when: \"'é' == 'e' || receipt.ammount > 5\"}", vec![at(1, amount)]),
        ("- {id: a, name: N, percent_off: 5, when: \"\\\"x\\\" == '\\u0041' || receipt.ammount > 5\"}", vec![at(1, amount)]),
        ("- {id: a, name: N, percent_off: 5, when: 'store.id == ''S'' || receipt.ammount > 5'}", vec![at(1, amount)]),
        (
            "- id: a\n  name: N\n  percent_off: 5\n  when: |\n    receipt.amount > 5 &&\n      receipt.ammount > 5",
            vec![at(6, amount)],
        ),
        (
            "- id: a\n  name: N\n  percent_off: 5\n  when:\n    condition: >-\n      receipt.amount > 5 &&\n      receipt.ammount > 5",
            vec![at(7, amount)],
        ),
        ("- id: a\n  name: N\n  percent_off: 5\n  when: receipt.amount > 5 &&\n    receipt.ammount > 5", vec![at(5, amount)]),
        (
            "- {id: a, name: N, percent_off: 5, on: {where: line.ammount > 5 && line.kind == 'food'}, when: receipt.ammount > 5}",
            vec![
                at(1, "[ammount] a line has no field `ammount` (did you mean `line.amount`?)"),
                at(
                    1,
                    "['food'] \"food\" never stands here (there is \"goods\", \"service\", \"deposit\", \"certificate_sale\", \"top_up\", \"bag\", \"donation\")",
                ),
                at(1, amount),
            ],
        ),
        (
            "- {id: a, name: N, percent_off: 5, when: receipt.amount}",
            vec![at(
                1,
                "[receipt.amount] the expression gives a number, but a condition (yes or no) is wanted (compare it with something: `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`)",
            )],
        ),
    ];
    for (campaign, expected) in table {
        assert_eq!(told(campaign), expected, "{campaign}");
    }
}

#[test]
fn p11_names_that_the_file_defines_are_known_to_conditions() {
    let table = [
        ("\"customer.tier == 'glod'\"", "['glod'] \"glod\" never stands here (did you mean \"gold\"?)"),
        ("\"'silvers' in customer.segments && 'golds' in customer.segments\"", ""),
        ("\"'sivlers' in customer.segments\"", "['sivlers'] \"sivlers\" never stands here (did you mean \"silvers\"?)"),
        ("\"'town' in store.zones\"", "['town'] \"town\" never stands here (there is \"city\")"),
        ("account.balance.points > 5", ""),
        ("\"account.uses['a'] < 5\"", ""),
    ];
    for (condition, expected) in table {
        let told = told(&format!("- {{id: a, name: N, percent_off: 5, when: {condition}}}"));
        let expected: Vec<String> = if expected.is_empty() { Vec::new() } else { vec![format!("1 {expected}")] };
        assert_eq!(told, expected, "{condition}");
    }
}

#[test]
fn p11_a_segment_may_not_ask_for_segments() {
    let text = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nsegments:\n- {id: a, condition: \"'b' in customer.segments\"}\n- {id: b, condition: receipt.amount > 5}\n";
    let all = found(&[text.to_owned()]);
    let told: Vec<(u32, u32, &str)> = all.iter().map(|one| (one.line, one.column, one.message.as_str())).collect();
    assert_eq!(told[0], (6, 39, "a segment's condition cannot ask for segments"), "{told:?}");
    assert_eq!((told[1].0, told[1].2), (7, "`receipt` is not known here"), "{told:?}");
}
