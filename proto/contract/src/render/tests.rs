//! Tests of rendered answers: the four parts, totals, cuts.

use tessera_proto::billing::v1;
use tessera_rules::decision::{AnswerPart, Decision, Explained, NotApplied};
use tessera_rules::id::CampaignId;
use tessera_rules::money::{Amount, Quantity};
use tessera_rules::receipt::Explain;

use super::*;
use crate::limits::EXPLANATION_BYTES_MAX;
use crate::read::{QuoteInput, read_quote};
use crate::sample;

fn input() -> QuoteInput {
    read_quote(&sample::quote(), &sample::context()).expect("is good")
}

#[test]
fn an_answer_holds_changed_lines_with_added_ones_last() {
    let input = input();
    let answer = answer(&sample::decision(2), AnswerContext::plain(&input.receipt, input.display));
    let lines: Vec<(&str, bool, &str, &str)> = answer
        .lines
        .iter()
        .map(|line| (line.line_id.as_str(), line.added, line.sku.as_str(), line.decline_id.as_str()))
        .collect();
    assert_eq!(lines, [("L1", false, "", ""), ("+3.1", true, "GIFT BOX", "+3.1")]);
    assert_eq!((answer.lines[0].parts.len(), answer.lines[0].added_quantity_milli), (2, 0));
}

#[test]
fn p6_lines_sum_to_totals_and_totals_per_tax_code_to_the_amount() {
    let input = input();
    let answer = answer(&sample::decision(2), AnswerContext::plain(&input.receipt, input.display));
    let (before, after) = (answer.totals_before.expect("is there"), answer.totals_after.expect("is there"));
    assert_eq!((before.amount_minor, before.due_minor), (1_194, 1_194));
    assert_eq!((after.amount_minor, after.due_minor), (995, 495), "500 points pay as tender");
    let codes: Vec<(&str, i64)> = after.tax_totals.iter().map(|total| (total.tax_code.as_str(), total.amount_minor)).collect();
    assert_eq!(codes, [("A", 995), ("B", 0)]);
}

#[test]
fn units_that_a_campaign_adds_are_declined_by_the_id_that_the_evaluation_knows() {
    let input = input();
    let mut decision = sample::decision(2);
    let part = &mut decision.lines[0].parts[1];
    part.quantity = Quantity::from_milli(2_000);
    part.adjustments[0].amount = Amount::ZERO;
    let answer = answer(&decision, AnswerContext::plain(&input.receipt, input.display));
    let line = &answer.lines[0];
    assert_eq!(
        (line.added_quantity_milli, line.decline_id.as_str(), line.campaign_id.as_str()),
        (1_000, "three-for-two.1", "three-for-two")
    );
}

#[test]
fn the_four_parts_are_filled_from_decision_and_context() {
    let input = input();
    let sku = tessera_rules::id::Sku::parse("SPRAY").expect("is one");
    let fact = tessera_rules::id::FactId::parse("birthday").expect("is an id");
    let descriptions = [(&sku, "Waterproof spray, 200 ml, for shoes")];
    let facts = [FactShape { fact, kind: v1::AnswerKind::Date, options: Vec::new(), valid_days: 365 }];
    let context = AnswerContext {
        revision: 17,
        catalogue: 5,
        customer_status: v1::CustomerStatus::Known,
        descriptions: &descriptions,
        facts: &facts,
        ..AnswerContext::plain(&input.receipt, input.display)
    };
    let answer = answer(&sample::decision(2), context);
    let reward = &answer.rewards[0];
    assert_eq!(
        (reward.kind, reward.units, reward.waits_for),
        (i32::from(v1::RewardKind::Points), 99, i32::from(v1::RewardWait::Event))
    );
    let prompt = &answer.prompts[0];
    assert_eq!(
        (prompt.prompt_id.as_str(), prompt.answer_kind, prompt.valid_days),
        ("prompt:birthday", i32::from(v1::AnswerKind::Date), 365)
    );
    assert_eq!(prompt.reward_ids, ["points.1"]);
    assert_eq!(answer.offers[0].description, "Waterproof spray, 200 ml, for...");
    assert_eq!(answer.near_misses[0].missing_quantity_milli, 1_000);
    assert_eq!(answer.code_verdicts[0].state, i32::from(v1::CodeState::Applied));
    assert_eq!((answer.notes[0].line_id.as_str(), answer.notes[0].code()), ("L2", v1::NoteCode::UnknownSku));
    assert_eq!(answer.limits_reached, [i32::from(v1::LimitReached::Steps)]);
    assert_eq!((answer.revision, answer.catalogue, answer.proven, answer.bound_minor, answer.steps), (17, 5, false, 3, 17));
    assert_eq!(answer.footer_texts, ["99 points for you"]);
    assert_eq!(answer.screen_texts, ["99 points for you", "One more is free"]);
}

#[test]
fn what_there_were_no_steps_for_is_named() {
    let input = input();
    let whole: [v1::AnswerPart; 0] = [];
    let table = [
        (None, &whole[..]),
        (Some(AnswerPart::Offers), &[v1::AnswerPart::Offers]),
        (Some(AnswerPart::Prompts), &[v1::AnswerPart::Prompts, v1::AnswerPart::Instructions, v1::AnswerPart::Offers]),
    ];
    for (dropped_from, expected) in table {
        let decision = Decision { dropped_from, ..sample::decision(2) };
        let answer = answer(&decision, AnswerContext::plain(&input.receipt, input.display));
        assert_eq!(answer.dropped_parts().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn an_explanation_tells_its_reason_as_a_code_beside_the_words() {
    let input = input();
    let table = [
        (None, v1::NotAppliedReason::Unspecified),
        (Some(NotApplied::UnknownCampaign), v1::NotAppliedReason::UnknownCampaign),
        (Some(NotApplied::Currency), v1::NotAppliedReason::Currency),
        (Some(NotApplied::Time), v1::NotAppliedReason::Time),
        (Some(NotApplied::Store), v1::NotAppliedReason::Store),
        (Some(NotApplied::Channel), v1::NotAppliedReason::Channel),
        (Some(NotApplied::Customer), v1::NotAppliedReason::NoCustomer),
        (Some(NotApplied::Segment), v1::NotAppliedReason::Segment),
        (Some(NotApplied::ControlGroup), v1::NotAppliedReason::ControlGroup),
        (Some(NotApplied::Code), v1::NotAppliedReason::NoCode),
        (Some(NotApplied::Goods), v1::NotAppliedReason::NoLines),
        (Some(NotApplied::Condition), v1::NotAppliedReason::Condition),
        (Some(NotApplied::Limit), v1::NotAppliedReason::Limit),
        (Some(NotApplied::Effect), v1::NotAppliedReason::NoEffect),
        (Some(NotApplied::BetterDeal), v1::NotAppliedReason::BetterDeal),
        (Some(NotApplied::Declined), v1::NotAppliedReason::Declined),
        (Some(NotApplied::Dropped), v1::NotAppliedReason::Dropped),
    ];
    for (reason, expected) in table {
        let told = Explained { campaign: CampaignId::parse("c").expect("is an id"), why: "why".into(), reason };
        let decision = tessera_rules::decision::Decision { explained: vec![told], ..sample::decision(2) };
        let mut receipt = input.receipt.clone();
        receipt.explain = Explain::Candidates(Vec::new());
        let answer = answer(&decision, AnswerContext::plain(&receipt, input.display));
        let explained = &answer.explanation[0];
        assert_eq!((explained.reason(), explained.applied, &*explained.text), (expected, reason.is_none(), "why"));
    }
}

#[test]
fn an_explanation_that_is_too_long_is_cut_and_says_so() {
    let input = input();
    let explained = |number: usize, why: &str| Explained {
        campaign: CampaignId::parse(&format!("c{number}")).expect("is an id"),
        why: why.into(),
        reason: Some(NotApplied::Goods),
    };
    let table = [(200, "no line is selected", false), (201, "no line is selected", true), (150, &*"x".repeat(1_000), true)];
    for (count, why, cut) in table {
        let decision = tessera_rules::decision::Decision {
            explained: (0..count).map(|number| explained(number, why)).collect(),
            ..sample::decision(2)
        };
        let answer = answer(&decision, AnswerContext::plain(&input.receipt, input.display));
        assert_eq!(answer.explanation_cut, cut, "{count}");
        let bytes: usize = answer.explanation.iter().map(prost::Message::encoded_len).sum();
        assert!(bytes <= EXPLANATION_BYTES_MAX && !answer.explanation.is_empty());
    }
}

#[test]
fn what_may_be_chosen_is_answered_and_what_was_chosen_is_read() {
    let sku = |text: &str| tessera_rules::id::Sku::parse(text).expect("is one");
    let (spray, laces) = (sku("SPRAY"), sku("TWO LACES"));
    let descriptions = [(&spray, "Waterproof spray")];
    let first = QuoteInput { receipt: Receipt { choices: Vec::new(), ..input().receipt }, ..input() };
    let context = AnswerContext { descriptions: &descriptions, ..AnswerContext::plain(&first.receipt, first.display) };
    let answered = answer(&sample::decision(2), context);
    let [choice] = answered.choices.as_slice() else { panic!("{:?}", answered.choices) };
    assert_eq!(
        (choice.choice_id.as_str(), choice.campaign_id.as_str(), choice.pick_max, choice.text.as_str()),
        ("thanks.0", "thanks", 1, "A present: which one?")
    );
    let options: Vec<(&str, &str, &str)> =
        choice.options.iter().map(|option| (option.option_id.as_str(), option.sku.as_str(), option.text.as_str())).collect();
    assert_eq!(options, [("SPRAY", "SPRAY", "Waterproof spray"), ("TWO LACES", "TWO LACES", "")]);

    // The till sends back the ids that it was answered; they name an option of the decision.
    let chosen = v1::ChosenOption { choice_id: choice.choice_id.clone(), option_ids: vec![choice.options[1].option_id.clone()] };
    let next = read_quote(&v1::QuoteRequest { choices: vec![chosen], ..sample::quote() }, &sample::context()).expect("is good");
    let asked = &sample::decision(2).choices[0];
    assert_eq!((&next.receipt.choices[0].choice, &next.receipt.choices[0].sku), (&asked.id, &laces));
    let answered = answer(&sample::decision(2), AnswerContext::plain(&next.receipt, next.display));
    assert!(answered.notes.iter().all(|note| note.code() != v1::NoteCode::UnknownId), "{:?}", answered.notes);
}

#[test]
fn a_choice_or_option_that_is_not_offered_is_noted() {
    for (choice_id, option, noted) in [("thanks.0", "SPRAY", 0), ("thanks.0", "CAR", 1), ("other.0", "SPRAY", 1)] {
        let chosen = v1::ChosenOption { choice_id: choice_id.to_owned(), option_ids: vec![option.to_owned()] };
        let request = v1::QuoteRequest { choices: vec![chosen], ..sample::quote() };
        let input = read_quote(&request, &sample::context()).expect("is good");
        let answer = answer(&sample::decision(2), AnswerContext::plain(&input.receipt, input.display));
        let found = answer.notes.iter().filter(|note| note.code() == v1::NoteCode::UnknownId).count();
        assert_eq!(found, noted, "{choice_id} {option}");
    }
}
