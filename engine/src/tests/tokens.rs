//! What a quote promised is kept, and nothing else is believed.

use std::time::Duration;

use super::super::testing::*;
use tessera_proto::billing::v1;
use tessera_rules::catalogue::Product;
use tessera_rules::id::Sku;
use tessera_rules::money::UnitPrice;
use tessera_rules::revision::Source;

fn flags(outcome: &v1::Outcome) -> Vec<v1::OutcomeFlag> {
    outcome.flags().collect()
}

#[tokio::test]
async fn h15_a_forged_or_foreign_token_settles_as_without_a_quote_and_is_flagged() {
    let rig = Rig::new().await;
    let goods = |id: &str| receipt(id, Some("1001"), vec![line("1", "SOCKS", 1, 500)]);
    let quoted = rig.quote(quote(goods("A"))).await.unwrap();
    let other = rig.quote(quote(goods("B"))).await.unwrap();
    let mut forged = quoted.quote_token.to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for (number, token) in [other.quote_token.to_vec(), forged, b"nonsense".to_vec()].into_iter().enumerate() {
        let request = v1::SettleRequest { quote_token: token.into(), ..unquoted(goods(&format!("R{number}"))) };
        let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
        assert_eq!(flags(&outcome), vec![v1::OutcomeFlag::TokenRejected, v1::OutcomeFlag::UnknownSku]);
        assert_eq!(outcome.totals_after.unwrap().amount_minor, 500, "what was paid is the fact");
        assert!(
            outcome.rewards.iter().any(|reward| reward.fallback && reward.units == 50),
            "the tenth off comes as points worth the same"
        );
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn h15_a_price_that_the_till_changed_by_itself_is_recorded_and_not_trusted() {
    let rig = Rig::new().await;
    let goods = receipt("A", Some("1001"), vec![line("1", "SOCKS", 1, 500)]);
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    let mut request = as_quoted(goods, &quoted);
    let part = &mut request.receipt.as_mut().unwrap().lines[0].sold_parts[0];
    assert_eq!(part.amount_minor, 450);
    part.amount_minor = 100;
    part.unit_price_micros = 1_000_000;
    part.adjustments.push(v1::Adjustment { amount_minor: -350, ..Default::default() });
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.lines[0].paid_minor, 100);
    assert_eq!(outcome.lines[0].unexplained_minor, -350);
    let flagged = flags(&outcome);
    assert!(
        flagged.contains(&v1::OutcomeFlag::DiffersFromQuote) && flagged.contains(&v1::OutcomeFlag::UnexplainedChange),
        "{flagged:?}"
    );
    rig.outcomes().await;
}

#[tokio::test]
async fn an_unknown_article_flags_the_outcome_with_a_token_and_without() {
    let rig = Rig::new().await;
    let goods = |id: &str| receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 500)]);
    let quoted = rig.sell(goods("A")).await.outcome.unwrap();
    let unquoted = rig.settle(unquoted(goods("B"))).await.unwrap().outcome.unwrap();
    assert_eq!(flags(&quoted), vec![v1::OutcomeFlag::UnknownSku]);
    assert_eq!(flags(&unquoted), vec![v1::OutcomeFlag::WithoutQuote, v1::OutcomeFlag::UnknownSku]);
}

#[tokio::test]
async fn h16_the_token_pins_its_revision_while_another_is_published() {
    let rig = Rig::new().await;
    let goods = |id: &str| receipt(id, Some("1001"), vec![line("1", "SOCKS", 1, 500)]);
    let before = rig.quote(quote(goods("A"))).await.unwrap();
    let text = PROGRAM.replace("percent_off: 10", "percent_off: 50");
    rig.pass(Duration::from_secs(1));
    let now = begin().checked_add(Duration::from_secs(1)).unwrap();
    rig.engine.programs().publish(&[Source { name: "club.yaml".to_owned(), text }], now).await.unwrap();
    let after = rig.quote(quote(goods("B"))).await.unwrap();
    let first = rig.settle(as_quoted(goods("A"), &before)).await.unwrap().outcome.unwrap();
    let second = rig.settle(as_quoted(goods("B"), &after)).await.unwrap().outcome.unwrap();
    assert_eq!((first.revision, first.totals_after.unwrap().amount_minor), (1, 450));
    assert_eq!((second.revision, second.totals_after.unwrap().amount_minor), (2, 250));
    // Without a quote the revision of the time of sale counts, not today's.
    let late = rig.settle(unquoted(goods("C"))).await.unwrap().outcome.unwrap();
    assert_eq!(late.revision, 1);
}

#[tokio::test]
async fn sold_otherwise_is_evaluated_again_under_the_token_and_price_changes_given_stand() {
    let rig = Rig::new().await;
    let whole = receipt("A", Some("1001"), vec![line("1", "SOCKS", 2, 500), line("2", "OTHER", 1, 1_000)]);
    let quoted = rig.quote(quote(whole.clone())).await.unwrap();
    let mut request = as_quoted(whole, &quoted);
    request.receipt.as_mut().unwrap().lines.remove(1);
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.totals_after.as_ref().unwrap().amount_minor, 900);
    assert!(flags(&outcome).contains(&v1::OutcomeFlag::DiffersFromQuote));
    assert!(!flags(&outcome).contains(&v1::OutcomeFlag::UnexplainedChange));
    assert_eq!(rig.points("1001").await, 9, "rewards follow what was sold");
}

#[tokio::test]
async fn a_declined_id_that_names_nothing_is_noted() {
    let rig = Rig::new().await;
    let goods = receipt("A", Some("1001"), vec![line("1", "PACK", 10, 100)]);
    let offered = rig.quote(quote(goods.clone())).await.unwrap().answer.unwrap().lines[0].decline_id.clone();
    let table = [(vec![offered.as_str(), "redeem:points"], 0), (vec![offered.as_str(), "packs.7", "nobody.1"], 2)];
    for (number, (declined, expected)) in (2..).zip(table) {
        let declined_ids = declined.iter().map(|id| (*id).to_owned()).collect();
        let answer = rig.quote(v1::QuoteRequest { quote_no: number, declined_ids, ..quote(goods.clone()) }).await.unwrap().answer;
        let answer = answer.unwrap();
        let noted = answer.notes.iter().filter(|note| note.code() == v1::NoteCode::UnknownId).count();
        assert_eq!(noted, expected, "{declined:?}");
        assert!(answer.lines.iter().all(|line| line.added_quantity_milli == 0), "what it names is declined all the same");
    }
}

#[tokio::test]
async fn an_added_unit_that_was_declined_is_not_sold_and_not_explained_away() {
    let rig = Rig::new().await;
    let goods = receipt("A", None, vec![line("1", "PACK", 10, 100)]);
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    let changed = &quoted.answer.as_ref().unwrap().lines[0];
    assert_eq!(changed.added_quantity_milli, 1_000);
    let request = v1::SettleRequest {
        quote_token: quoted.quote_token.clone(),
        declined_ids: vec![changed.decline_id.clone()],
        ..unquoted(goods)
    };
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.lines[0].quantity_milli, 10_000);
    assert_eq!(outcome.declined_ids, vec![changed.decline_id.clone()]);
    assert!(outcome.rewards.iter().all(|reward| !reward.fallback), "a declined unit is not paid in points");
    rig.outcomes().await;
}

#[tokio::test]
async fn units_that_the_till_added_before_a_settle_without_a_quote_are_not_paid_in_points_too() {
    for (packs, shown, fallback) in [(10, 0, 250), (10, 1, 0), (20, 1, 250), (20, 2, 0)] {
        let rig = Rig::new().await;
        let mut goods = receipt("A", Some("1001"), vec![line("1", "PACK", packs, 250)]);
        let part = |pieces: i64, amount_minor: i64| v1::SoldPart {
            quantity_milli: pieces * 1_000,
            unit_price_micros: amount_minor / pieces * 10_000,
            amount_minor,
            ..Default::default()
        };
        if shown > 0 {
            let free = v1::Adjustment { campaign_id: "packs".to_owned(), ..Default::default() };
            let added = v1::SoldPart { adjustments: vec![free], ..part(shown, 0) };
            goods.lines[0].sold_parts = vec![part(packs, packs * 250), added];
        }
        let outcome = rig.settle(unquoted(goods)).await.unwrap().outcome.unwrap();
        let paid: i64 = outcome.rewards.iter().filter(|reward| reward.fallback).map(|reward| reward.units).sum();
        assert_eq!(paid, fallback, "{packs} packs, {shown} more are shown");
        rig.outcomes().await;
    }
}

/// A rig whose program gives a mug or a towel with each cake, and a quote of a cake and socks with the towel chosen.
async fn with_a_towel_chosen() -> (Rig, v1::Receipt, v1::QuoteResponse) {
    let rig = Rig::new().await;
    let thanks = "  - id: thanks\n    name: Thanks\n    on: {sku: [CAKE]}\n    grant: {give: {choice: {skus: [MUG, TOWEL]}}}\n";
    rig.pass(Duration::from_secs(1));
    let source = Source { name: "club.yaml".to_owned(), text: format!("{PROGRAM}{thanks}") };
    rig.engine.programs().publish(&[source], begin().checked_add(Duration::from_secs(1)).unwrap()).await.unwrap();
    let goods = receipt("A", Some("1001"), vec![line("1", "CAKE", 1, 500), line("2", "SOCKS", 1, 500)]);
    let asked = rig.quote(quote(goods.clone())).await.unwrap().answer.unwrap();
    assert!(asked.lines.iter().all(|line| line.sku != "TOWEL"), "nothing is given before the customer has chosen");
    let choice = &asked.choices[0];
    let options: Vec<&str> = choice.options.iter().map(|option| option.option_id.as_str()).collect();
    assert_eq!((choice.campaign_id.as_str(), options), ("thanks", vec!["MUG", "TOWEL"]));
    let chosen = v1::ChosenOption { choice_id: choice.choice_id.clone(), option_ids: vec![choice.options[1].option_id.clone()] };
    let quoted = rig.quote(v1::QuoteRequest { quote_no: 2, choices: vec![chosen], ..quote(goods.clone()) }).await.unwrap();
    (rig, goods, quoted)
}

#[tokio::test]
async fn a_present_is_asked_for_chosen_and_sold_as_it_was_quoted() {
    let (rig, goods, quoted) = with_a_towel_chosen().await;
    let outcome = rig.settle(as_quoted(goods, &quoted)).await.unwrap().outcome.unwrap();
    let [_, _, present] = outcome.lines.as_slice() else { panic!("{:?}", outcome.lines) };
    assert_eq!((present.sku.as_str(), present.paid_minor, present.campaign_id.as_str()), ("TOWEL", 0, "thanks"));
    assert!(!flags(&outcome).contains(&v1::OutcomeFlag::DiffersFromQuote));
    rig.outcomes().await;
}

#[tokio::test]
async fn a_settle_that_differs_from_its_quote_keeps_what_the_customer_chose() {
    let (rig, goods, quoted) = with_a_towel_chosen().await;
    let mut request = as_quoted(goods, &quoted);
    request.receipt.as_mut().unwrap().lines.remove(1);
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    let [_, present] = outcome.lines.as_slice() else { panic!("{:?}", outcome.lines) };
    assert_eq!((present.sku.as_str(), present.campaign_id.as_str()), ("TOWEL", "thanks"));
    assert!(flags(&outcome).contains(&v1::OutcomeFlag::DiffersFromQuote));
    let applied: Vec<&str> = outcome.applied_campaigns.iter().map(|applied| applied.campaign_id.as_str()).collect();
    assert!(applied.contains(&"thanks"), "the present was lost with the socks: {applied:?}");
    rig.outcomes().await;
}

#[tokio::test]
async fn what_was_sold_at_its_largest_price_is_given_nothing_more_where_its_token_is_broken() {
    let rig = Rig::with_campaigns("  - {id: tenth, name: Tenth, percent_off: 10, fallback: {points: points}}\n").await;
    let mut pills = Product::new(Sku::parse("PILLS").unwrap(), "Pills");
    pills.unit_price_max = Some(UnitPrice::from_micros(8_000_000));
    rig.engine.programs().load_catalogue(vec![pills], begin()).await.unwrap();
    let goods = receipt("A", Some("1001"), vec![line("1", "PILLS", 1, 1_000)]);
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    let request = v1::SettleRequest { quote_token: b"nonsense".to_vec().into(), ..as_quoted(goods, &quoted) };
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert!(flags(&outcome).contains(&v1::OutcomeFlag::TokenRejected));
    assert_eq!(outcome.lines[0].paid_minor, 720, "8.00 less a tenth");
    assert_eq!(outcome.lines[0].unexplained_minor, -80, "the catalogue explains the largest price, nothing the tenth");
    assert!(outcome.rewards.iter().all(|reward| !reward.fallback), "{:?}", outcome.rewards);
    rig.outcomes().await;
}
