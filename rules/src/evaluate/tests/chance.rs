//! Chances that are drawn at the till.

use super::fixture::{catalogue, customer, noon, receipt, revision};
use crate::standing::Standing;
use crate::{Effort, evaluate};

#[test]
fn a_chance_is_drawn_once_for_a_receipt_and_never_without_a_key() {
    let body = "campaigns:\n- {id: a, name: A, when: {chance_percent: 25}, grant: {give: {prize: mug}}}\n- {id: b, name: B, when: {chance_percent: 25}, grant: {give: {prize: pen}}}\n";
    let (revision, catalogue, receipt) = (revision(body), catalogue(), receipt("MILK 1x0.99"));
    let won = |draw: Option<[u8; 32]>| {
        let standing = Standing { draw, ..customer() };
        let decision = evaluate(&revision, &catalogue, &standing, &receipt, noon(), Effort::default());
        let of = |id: &str| decision.applied.iter().any(|applied| applied.campaign.as_str() == id);
        (of("a"), of("b"))
    };
    assert_eq!(won(None), (false, false));
    let draws = (0_u32..800).map(|number| *blake3::hash(&number.to_le_bytes()).as_bytes());
    let all: Vec<(bool, bool)> = draws.clone().map(|draw| won(Some(draw))).collect();
    assert!(draws.zip(&all).all(|(draw, before)| won(Some(draw)) == *before), "asked again, the same");
    let count = |which: fn(&(bool, bool)) -> bool| all.iter().filter(|won| which(won)).count();
    let (first, second, both) = (count(|won| won.0), count(|won| won.1), count(|won| won.0 && won.1));
    assert!((150..250).contains(&first) && (150..250).contains(&second), "{first} and {second} of 800");
    assert!((20..80).contains(&both), "each campaign draws by itself: {both} of 800");
}
