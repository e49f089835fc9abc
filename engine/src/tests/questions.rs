//! Questions through the till: what it shows, who is asked, and what waits for the answer.

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::revision::Source;
use tonic::Request;

use super::super::testing::*;

const QUESTIONS: &str = "
program: questions
language: 1
name: Questions
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1}]
facts:
  - {id: born, ask: {when: enrolment}, text: When were you born?}
  - {id: maiden, segments: women, text: Your maiden name?}
  - {id: sex, values: [m, f], text: Female or male?}
segments: [{id: women, fact: {id: sex, values: [f]}}]
campaigns:
  - {id: told, name: Told, requires_answers: maiden, grant: {give: {points: {units: 50, asset: points}}}}
  - {id: cake, name: Cake, when: {birthday: {fact: born}}, on: {sku: CAKE}, percent_off: 10}
";

async fn asked(rig: &Rig, id: &str, card: &str) -> Vec<v1::Prompt> {
    let receipt = receipt(id, Some(card), vec![line("1", "MILK", 1, 500)]);
    rig.quote(quote(receipt)).await.unwrap().answer.unwrap().prompts
}

async fn answer(rig: &Rig, card: &str, fact: &str, value: &str) {
    let request = v1::AnswerPromptsRequest {
        request_id: format!("answer-{card}-{fact}"),
        customer: Some(customer(card)),
        answers: vec![v1::PromptAnswer { fact_id: fact.to_owned(), value: value.to_owned(), ..Default::default() }],
        store_id: "S1".to_owned(),
        answered_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        ..Default::default()
    };
    rig.billing.answer_prompts(Request::new(request)).await.unwrap();
}

#[tokio::test]
async fn a_question_is_shown_as_what_it_asks_for_and_asked_of_who_has_an_answer() {
    let rig = Rig::new().await;
    let source = Source { name: "questions.yaml".to_owned(), text: QUESTIONS.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    let prompts = asked(&rig, "R1", "1001").await;
    let shown: Vec<(&str, v1::AnswerKind)> =
        prompts.iter().map(|prompt| (prompt.fact_id.as_str(), prompt.answer_kind())).collect();
    assert_eq!(shown, [("born", v1::AnswerKind::Date), ("sex", v1::AnswerKind::OneOf)]);
    let options: Vec<&str> = prompts[1].options.iter().map(|option| option.value.as_str()).collect();
    assert_eq!(options, ["m", "f"], "in the sequence of the file");
    for (card, sex, then) in [("1001", "f", &["maiden"][..]), ("1002", "m", &[])] {
        rig.sell(receipt(&format!("S{card}"), Some(card), vec![line("1", "MILK", 1, 500)])).await;
        answer(&rig, card, "sex", sex).await;
        let facts: Vec<String> = asked(&rig, &format!("T{card}"), card).await.into_iter().map(|prompt| prompt.fact_id).collect();
        assert_eq!(facts, then, "{card}");
        let before = rig.points(card).await;
        rig.sell(receipt(&format!("U{card}"), Some(card), vec![line("1", "MILK", 1, 500)])).await;
        let given = rig.points(card).await - before;
        assert_eq!(given, if sex == "m" { 50 } else { 0 }, "who has no such fact waits for none: {card}");
    }
}
