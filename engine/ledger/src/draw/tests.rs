//! Tests of draws; the expected winners were worked out by a program of its own, in another language, from the words above.

use super::*;

const VALUE: &str = "3 17 22 41 44";

/// `2A` has 3 tickets, `B0` 12, `ZZ` 5.
fn list() -> TicketList {
    let series = [("ZZ", 5), ("2A", 3), ("B0", 12)];
    TicketList::new(series.into_iter().flat_map(|(name, count)| (1..=count).rev().map(move |place| (name.into(), place))))
}

fn terms(list: &TicketList, value: &'static str, winners: usize, one_each: bool) -> Terms<'static> {
    Terms { draw: "car", list: list.digest(), secret: [7; 32], value, winners, one_each }
}

fn numbers(list: &TicketList, indexes: &[usize]) -> String {
    let number = |index: &usize| list.ticket(*index).map(|(series, place)| format!("{series}-{place}")).unwrap();
    indexes.iter().map(number).collect::<Vec<_>>().join(" ")
}

#[test]
fn anybody_who_knows_list_secret_and_value_comes_to_the_same_winners() {
    let list = list();
    assert_eq!(hex(&list.digest()), "f27ad8a0d8eea9cc4d23f9708229868b5a46a496fa3065b558bb314bc5a67cac");
    assert_eq!(hex(&commitment(&[7; 32])), "1967c0fdaed0b8f2618d3b1f4a9f8541ed315505acc26f5a41f382da8bdd9954");
    let table = [
        ((VALUE, 4, false), "ZZ-1 B0-9 B0-7 B0-11", "", 0),
        ((VALUE, 3, true), "ZZ-1 B0-9 2A-2", "", 7),
        (("3 17 22 41 45", 3, true), "2A-3 B0-11 ZZ-2", "B0-3", 1),
        (("3 17 22 41 46", 0, false), "", "", 0),
    ];
    for ((value, winners, one_each), won, out, again) in table {
        let is_out = |series: &str, place: u32| value != VALUE && matches!((series, place), ("B0", 3 | 7) | ("2A", 1));
        let drawn = draw(&list, &terms(&list, value, winners, one_each), is_out);
        let told = [&drawn.winners, &drawn.out].map(|indexes| numbers(&list, indexes));
        assert_eq!((told, drawn.again), ([won.to_owned(), out.to_owned()], again), "{value} {winners} {one_each}");
    }
    let drawn = draw(&list, &terms(&list, VALUE, 4, false), |_, _| false);
    assert_eq!(hex(&drawn.seed), "2be8bf2d747d6539480e82e0714bcf349d2efc973e538923273d2af400a05757");
}

#[test]
fn more_winners_than_tickets_are_all_tickets_once_each() {
    let list = list();
    let drawn = draw(&list, &terms(&list, "3 17 22 41 45", 99, false), |_, _| false);
    let expected = "2A-3 B0-3 B0-11 B0-12 ZZ-2 B0-2 B0-5 ZZ-4 B0-8 B0-6 B0-1 ZZ-3 ZZ-1 B0-10 2A-1 B0-9 ZZ-5 2A-2 B0-4 B0-7";
    assert_eq!(numbers(&list, &drawn.winners), expected);
}

#[test]
fn a_draw_with_one_prize_each_ends_when_nobody_is_left_who_could_win() {
    let list = list();
    for (given_back, won, out) in [("", "ZZ-1 B0-9 2A-2", 0), ("2A", "ZZ-1 B0-9", 3)] {
        let drawn = draw(&list, &terms(&list, VALUE, 1_000, true), |series, _| series == given_back);
        assert_eq!((numbers(&list, &drawn.winners), drawn.out.len()), (won.to_owned(), out));
        let looked_at = drawn.winners.len() + drawn.out.len() + drawn.again;
        assert!(looked_at < list.len(), "{looked_at}: the rest of those who have won need not be drawn");
    }
}

#[test]
fn another_list_secret_value_or_draw_has_other_winners() {
    let list = list();
    let first = terms(&list, VALUE, 5, false);
    let drawn = |terms: &Terms<'_>| draw(&list, terms, |_, _| false).winners;
    let others = [
        Terms { draw: "boat", ..first.clone() },
        Terms { list: [0; 32], ..first.clone() },
        Terms { secret: [8; 32], ..first.clone() },
        Terms { value: "3 17 22 41 44 ", ..first.clone() },
    ];
    for other in others {
        assert_ne!(drawn(&other), drawn(&first), "{other:?}");
    }
}

#[test]
fn each_ticket_is_as_likely_at_each_place() {
    let list = TicketList::new((1..=5).map(|place| ("A".into(), place)));
    let mut drawn_at = [[0_u32; 5]; 5];
    for number in 0..5_000_u32 {
        let secret: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
        let terms = Terms { secret, ..terms(&list, VALUE, 5, false) };
        for (place, index) in draw(&list, &terms, |_, _| false).winners.into_iter().enumerate() {
            drawn_at[place][index] += 1;
        }
    }
    // 1,000 each, give or take five times the spread of 28.
    assert!(drawn_at.iter().flatten().all(|count| (860..=1_140).contains(count)), "{drawn_at:?}");
}

#[test]
fn numbers_that_would_favour_some_tickets_are_left_out() {
    let mut numbers = Numbers { seed: "seed".to_owned(), block: 0 };
    let most = (1 << 63) + 1;
    // Nearly every second block is left out.
    assert!((0..64).map(|_| numbers.below(most)).all(|number| number < most));
    assert!((90..170).contains(&numbers.block), "{}", numbers.block);
}

#[test]
fn p11_a_list_comes_back_as_it_was_published_and_another_text_is_refused() {
    let text: String = list().numbers().map(|number| format!("{number}\n")).collect();
    assert_eq!(TicketList::parse(&text), Ok(list()));
    assert_eq!(TicketList::parse(""), Ok(TicketList::default()));
    let table = [
        ("A-1\nA-2\nB\n", 3, "is no number of a ticket"),
        ("A-0\n", 1, "is no number of a ticket"),
        ("A-01\n", 1, "is no number of a ticket"),
        ("A-4294967296\n", 1, "is no number of a ticket"),
        ("A-2\nA-1\n", 2, "stands behind a later ticket of its series"),
        ("A-2\nA-2\n", 2, "stands behind a later ticket of its series"),
        ("B-1\nA-1\n", 2, "stands behind a later series"),
    ];
    for (text, line, what) in table {
        assert_eq!(TicketList::parse(text), Err(ListError { line, what }), "{text:?}");
    }
}
