//! Answers that are numbers, or yes or no: asked for, checked, and read by conditions as what they are.

use tessera_proto::billing::v1;
use tessera_rules::revision::Source;

use super::super::testing::*;
use super::confirm::{answer, value};

const PROGRAM: &str = "
program: forms
language: 1
name: Forms
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1}]
facts:
  - {id: children, answer: number, at_most: 20, text: How many children?}
  - {id: runner, answer: yes_no, text: Do you run?}
campaigns:
  - {id: families, name: Families, on: {sku: MILK}, when: \"customer.number[?'children'].orValue(0) >= 3\", percent_off: 10}
  - {id: runners, name: Runners, on: {sku: SHOES}, when: \"customer.yes[?'runner'].orValue(false)\", percent_off: 20}
  - {id: told, name: Told, on: {sku: TEA}, requires_answers: [children], points: {per: 1.00, units: 1, asset: points}}
";

async fn rig() -> Rig {
    let rig = Rig::new().await;
    let source = Source { name: "forms.yaml".to_owned(), text: PROGRAM.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig
}

fn buy(id: &str, sku: &str) -> v1::Receipt {
    receipt(id, Some("1001"), vec![line("1", sku, 1, 1_000)])
}

async fn due(rig: &Rig, id: &str, sku: &str) -> i64 {
    let answer = rig.quote(quote(buy(id, sku))).await.unwrap().answer.unwrap();
    answer.totals_after.unwrap().amount_minor
}

#[tokio::test]
async fn numbers_and_yes_or_no_are_asked_for_and_read_as_what_they_are() {
    let rig = rig().await;
    let asked = rig.quote(quote(buy("A", "MILK"))).await.unwrap().answer.unwrap().prompts;
    let kinds: Vec<_> = asked.iter().map(|prompt| (prompt.fact_id.as_str(), prompt.answer_kind())).collect();
    assert_eq!(kinds, [("children", v1::AnswerKind::Number), ("runner", v1::AnswerKind::YesNo)]);
    assert_eq!((due(&rig, "B", "MILK").await, due(&rig, "C", "SHOES").await), (1_000, 1_000));
    answer(&rig, "q-1", vec![value("children", "2"), value("runner", "no")]).await.unwrap();
    assert_eq!((due(&rig, "D", "MILK").await, due(&rig, "E", "SHOES").await), (1_000, 1_000));
    answer(&rig, "q-2", vec![value("children", " 03"), value("runner", "yes")]).await.unwrap();
    assert_eq!((due(&rig, "F", "MILK").await, due(&rig, "G", "SHOES").await), (900, 800));
    assert!(rig.quote(quote(buy("H", "MILK"))).await.unwrap().answer.unwrap().prompts.is_empty());
}

#[tokio::test]
async fn p11_an_answer_of_another_form_names_its_field_and_changes_nothing() {
    let rig = rig().await;
    for (fact, said, must) in [
        ("children", "many", "must be a whole number from 0 to 20"),
        ("children", "21", "must be a whole number from 0 to 20"),
        ("children", "-1", "must be a whole number from 0 to 20"),
        ("children", "2.5", "must be a whole number from 0 to 20"),
        ("runner", "maybe", "must be yes or no"),
    ] {
        let status = answer(&rig, "q-1", vec![value(fact, said)]).await.unwrap_err();
        let faults = format!("{:?}", tonic_types::StatusExt::get_details_bad_request(&status));
        assert!(faults.contains("answers[0].value") && faults.contains(must), "{fact} {said}: {faults}");
        assert!(!faults.contains(said), "h81: what was said is not repeated");
    }
    assert_eq!(rig.quote(quote(buy("A", "MILK"))).await.unwrap().answer.unwrap().prompts.len(), 2);
}

#[tokio::test]
async fn an_answer_of_another_form_that_comes_with_a_sale_is_asked_for_again() {
    let rig = rig().await;
    let quoted = rig.quote(quote(buy("A", "TEA"))).await.unwrap();
    let answers = vec![v1::PromptAnswer { fact_id: "children".to_owned(), value: "many".to_owned(), ..Default::default() }];
    let request = v1::SettleRequest { answers, ..as_quoted(buy("A", "TEA"), &quoted) };
    let outcome = rig.settle(request).await.unwrap().outcome.unwrap();
    assert_eq!((outcome.recorded_answers.len(), rig.points("1001").await), (0, 0), "the sale stands, its points wait on");
    answer(&rig, "q-1", vec![value("children", "4")]).await.unwrap();
    assert_eq!(rig.points("1001").await, 10);
}
