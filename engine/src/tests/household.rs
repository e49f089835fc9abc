//! Households: several customers of one account, each of whom stays who they are.

use std::sync::Arc;

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::customer_service_server::CustomerService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::id::{FactId, ReceiptId};
use tessera_rules::revision::Source;
use tonic::{Code, Request, Status};

use super::super::testing::*;
use super::between::{ONE, OTHER, carry, found, merge, sale, signatures, staff, under_way};
use super::erase;
use crate::directory::Found;
use crate::sealing::opened;
use crate::{Between, CustomerStatement, Customers};

/// A third card.
const THIRD: &str = "3003";
const PROGRAM: &str = "
program: family
language: 1
name: Family
currency: GBP
assets: [{id: points, kind: points, worth_minor: 1}]
facts: [{id: birthday, text: When is your birthday?}]
campaigns:
  - {id: earn, name: Points, points: {per: 1.00, units: 1, asset: points}}
  - {id: each, name: For each, on: {sku: CAKE}, percent_off: 50, limits: {per_customer: 1, per: member}}
  - {id: all, name: For all, on: {sku: CAR}, percent_off: 50, limits: {per_customer: 1}}
  - {id: told, name: Told, for: {answers: birthday}, grant: {give: {points: {units: 20, asset: points}}}}
";

/// A hundred points on the one card and fifty on the other.
async fn rig() -> Rig {
    let plain = Rig::new().await;
    let source = Source { name: "family.yaml".to_owned(), text: PROGRAM.to_owned() };
    plain.engine.programs().publish(&[source], begin()).await.unwrap();
    plain.sell(sale(&plain, "first", Some(ONE), 100)).await;
    plain.sell(sale(&plain, "second", Some(OTHER), 50)).await;
    Rig::reopened(Arc::clone(&plain.storage), staff()).await
}

async fn join(rig: &Rig, id: &str, customer: &str, household_of: &str) -> Result<v1::Outcome, Status> {
    let statement = CustomerStatement {
        id: ReceiptId::parse(id).unwrap(),
        from: found(rig, customer).customer,
        to: found(rig, household_of).customer,
        act: Between::Join,
        reason: "a family".to_owned(),
    };
    let request = admin::JoinHouseholdRequest {
        request_id: id.to_owned(),
        customer_id: statement.from.to_string(),
        household_of_customer_id: statement.to.to_string(),
        reason: statement.reason.clone(),
        signatures: signatures(&statement, &[1]),
    };
    let done = Customers::new(rig.engine.clone()).join_household(Request::new(request)).await;
    done.map(|done| done.into_inner().outcome.unwrap())
}

async fn identify(rig: &Rig, card: &str) -> v1::IdentifyResponse {
    let request = v1::IdentifyRequest { customer: Some(customer(card)), store_id: "S1".to_owned(), ..Default::default() };
    rig.billing.identify(Request::new(request)).await.unwrap().into_inner()
}

/// Whose birthday is asked for where that card is shown.
async fn asked(rig: &Rig, card: &str) -> Vec<(String, String)> {
    let quoted = rig.quote(quote(sale(rig, &format!("ask-{card}"), Some(card), 1))).await.unwrap();
    let prompts = quoted.answer.unwrap().prompts.into_iter();
    prompts.map(|prompt| (prompt.fact_id, prompt.customer_id)).collect()
}

#[tokio::test]
async fn h47_p5_a_household_has_one_account_and_all_of_them_stay_who_they_are() {
    let rig = rig().await;
    let joined = join(&rig, "j1", ONE, OTHER).await.unwrap();
    assert_eq!(joined.follow_ups[0].kind(), v1::FollowUpKind::HouseholdMove);
    assert_eq!(under_way(&rig).await, 100);
    assert_eq!(join(&rig, "j1", ONE, OTHER).await.unwrap(), joined, "a repeat");
    assert_eq!((rig.points(ONE).await, rig.points(OTHER).await, under_way(&rig).await), (150, 150, 0));
    let (one, other) = (identify(&rig, ONE).await, identify(&rig, OTHER).await);
    assert_eq!((one.customer_id, one.account_id.as_str()), (found(&rig, ONE).customer.to_string(), other.account_id.as_str()));
    assert_eq!(other.customer_id, found(&rig, OTHER).customer.to_string());
    let sold = rig.sell(sale(&rig, "third", Some(ONE), 7)).await.outcome.unwrap();
    assert_eq!((sold.customer_id, sold.account_id), (found(&rig, ONE).customer.to_string(), other.account_id));
    assert_eq!(rig.points(OTHER).await, 157);
    // Goods that the one had bought alone take from the account of both.
    rig.give_back(give_back("back", Some("first"), vec![("1", line("1", "OTHER", 1, 10_000))])).await.unwrap();
    assert_eq!((rig.points(ONE).await, rig.points(OTHER).await), (57, 57));
    rig.outcomes().await;
}

#[tokio::test]
async fn of_a_household_each_is_asked_for_what_they_have_not_said_themselves() {
    let rig = rig().await;
    let who = |card: &str| vec![("birthday".to_owned(), found(&rig, card).customer.to_string())];
    let born = |id: &str, card: &str| v1::AnswerPromptsRequest {
        request_id: id.to_owned(),
        customer: Some(customer(card)),
        answers: vec![v1::PromptAnswer { fact_id: "birthday".to_owned(), value: "1980-02-29".to_owned(), ..Default::default() }],
        store_id: "S1".to_owned(),
        answered_at: Some(timestamp_to_wire(begin())),
        ..Default::default()
    };
    rig.billing.answer_prompts(Request::new(born("a1", ONE))).await.unwrap();
    join(&rig, "j1", ONE, OTHER).await.unwrap();
    assert_eq!((asked(&rig, ONE).await, asked(&rig, OTHER).await), (Vec::new(), who(OTHER)), "the answer moved in with them");
    rig.billing.answer_prompts(Request::new(born("a2", OTHER))).await.unwrap();
    assert_eq!((asked(&rig, ONE).await, asked(&rig, OTHER).await), (Vec::new(), Vec::new()));
    assert_eq!(rig.points(ONE).await, 100 + 50 + 20 + 20, "each is rewarded for what they said");
}

#[tokio::test]
async fn h47_who_may_move_into_which_household() {
    let rig = rig().await;
    rig.sell(sale(&rig, "third", Some(THIRD), 7)).await;
    assert_eq!(join(&rig, "j0", ONE, "9999").await.unwrap_err().code(), Code::InvalidArgument, "to nobody");
    assert_eq!(join(&rig, "j0", ONE, ONE).await.unwrap_err().code(), Code::InvalidArgument, "to themselves");
    join(&rig, "j1", ONE, OTHER).await.unwrap();
    // Anybody of a household may be named, and a further card of one of them becomes theirs.
    join(&rig, "j2", THIRD, ONE).await.unwrap();
    rig.sell(sale(&rig, "fourth", Some("4004"), 3)).await;
    merge(&rig, "m1", "4004", ONE).await.unwrap();
    carry(&rig).await;
    let cards = [ONE, OTHER, THIRD, "4004"];
    for card in cards {
        assert_eq!(rig.points(card).await, 160, "{card}");
    }
    assert_eq!(identify(&rig, "4004").await.customer_id, found(&rig, ONE).customer.to_string());
    let account = rig.engine.core.account(&found(&rig, OTHER).account).await.unwrap().account.unwrap();
    assert_eq!((account.members.len(), account.merged.len()), (3, 3));
    rig.sell(sale(&rig, "fifth", Some("5005"), 1)).await;
    let table = [("who is in one", THIRD, "5005"), ("who has one", OTHER, "5005"), ("the same one", OTHER, ONE)];
    for (what, customer, household_of) in table {
        assert_eq!(join(&rig, "j3", customer, household_of).await.unwrap_err().code(), Code::InvalidArgument, "{what}");
    }
    assert_eq!(under_way(&rig).await, 0);
    rig.outcomes().await;
}

/// A cake and a car at ten pounds each, half price for who may have them so.
fn cake_and_car(id: &str, card: &str) -> v1::Receipt {
    receipt(id, Some(card), vec![line("1", "CAKE", 1, 1_000), line("2", "CAR", 1, 1_000)])
}

fn due(quoted: &v1::QuoteResponse) -> i64 {
    quoted.answer.as_ref().unwrap().totals_after.as_ref().unwrap().amount_minor
}

#[tokio::test]
async fn p4_each_of_a_household_uses_their_own_limit_and_no_other() {
    let rig = rig().await;
    join(&rig, "j1", ONE, OTHER).await.unwrap();
    carry(&rig).await;
    let first = rig.quote(quote(cake_and_car("A", ONE))).await.unwrap();
    assert_eq!(due(&first), 1_000);
    let again = rig.quote(quote(cake_and_car("B", ONE))).await.unwrap();
    assert_eq!(due(&again), 2_000, "both are promised to the first receipt");
    let other = rig.quote(quote(cake_and_car("C", OTHER))).await.unwrap();
    assert_eq!(due(&other), 1_500, "the other has their own cake, and the account its one car");
    let sold = rig.settle(as_quoted(cake_and_car("A", ONE), &first)).await.unwrap().outcome.unwrap();
    let change = |id: &str, times: i64, per_member: bool| v1::UseChange {
        campaign_id: id.to_owned(),
        uses: times,
        units: times,
        value: times * 500,
        by_campaign_id: String::new(),
        per_member,
    };
    assert_eq!(sold.use_changes, [change("all", 1, false), change("each", 1, true)]);
    let of_other = rig.settle(as_quoted(cake_and_car("C", OTHER), &other)).await.unwrap().outcome.unwrap();
    assert_eq!(of_other.use_changes, [change("each", 1, true)]);
    for (id, card) in [("D", ONE), ("E", OTHER)] {
        assert_eq!(due(&rig.quote(quote(cake_and_car(id, card))).await.unwrap()), 2_000, "{card}");
    }
    let lines = vec![("1", line("1", "CAKE", 1, 500)), ("2", line("2", "CAR", 1, 500))];
    let back = rig.give_back(give_back("R", Some("A"), lines)).await.unwrap().outcome.unwrap();
    assert_eq!(back.use_changes, [change("all", -1, false), change("each", -1, true)]);
    assert_eq!(
        due(&rig.quote(quote(cake_and_car("F", OTHER))).await.unwrap()),
        1_500,
        "only the car is free again for the other"
    );
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_h47_what_was_promised_to_who_goes_is_used_by_who_they_are() {
    let rig = rig().await;
    let promised = rig.quote(quote(cake_and_car("A", ONE))).await.unwrap();
    merge(&rig, "m1", ONE, OTHER).await.unwrap();
    carry(&rig).await;
    assert_eq!(due(&rig.quote(quote(cake_and_car("B", OTHER))).await.unwrap()), 2_000, "it is promised to themselves");
    rig.settle(as_quoted(cake_and_car("A", ONE), &promised)).await.unwrap();
    for (id, card) in [("C", ONE), ("D", OTHER)] {
        assert_eq!(due(&rig.quote(quote(cake_and_car(id, card))).await.unwrap()), 2_000, "{card}");
    }
    let lines = vec![("1", line("1", "CAKE", 1, 500)), ("2", line("2", "CAR", 1, 500))];
    rig.give_back(give_back("R", Some("A"), lines)).await.unwrap();
    assert_eq!(
        due(&rig.quote(quote(cake_and_car("E", OTHER))).await.unwrap()),
        1_000,
        "both are free again for the one they are"
    );
    rig.outcomes().await;
}

#[tokio::test]
async fn h80_of_a_household_one_is_forgotten_under_all_their_names_and_the_others_are_not() {
    let rig = erase::rig().await;
    rig.sell(sale(&rig, "third", Some(THIRD), 7)).await;
    let told = v1::AnswerPromptsRequest {
        request_id: "a1".to_owned(),
        customer: Some(customer(THIRD)),
        answers: vec![v1::PromptAnswer { fact_id: "birthday".to_owned(), value: "1980-02-29".to_owned(), ..Default::default() }],
        store_id: "S1".to_owned(),
        answered_at: Some(timestamp_to_wire(begin())),
        ..Default::default()
    };
    rig.billing.answer_prompts(Request::new(told)).await.unwrap();
    merge(&rig, "m1", OTHER, ONE).await.unwrap();
    carry(&rig).await;
    join(&rig, "j1", ONE, THIRD).await.unwrap();
    carry(&rig).await;
    let points = rig.points(THIRD).await;
    let birthday = FactId::parse("birthday").unwrap();
    let home = found(&rig, THIRD).account;
    let known = async |card: &str| {
        let mut known = 0;
        for account in [found(&rig, card).account, home.clone()] {
            let of = Found { customer: found(&rig, card).customer, account };
            let (contact, values) = opened(&rig.engine.core, &of, std::slice::from_ref(&birthday)).await.unwrap();
            known += values.len() + usize::from(contact.phone.is_some());
        }
        known
    };
    assert!(known(ONE).await > 0 && known(OTHER).await > 0 && known(THIRD).await > 0);
    erase::erase(&rig, "e1", ONE, &[1]).await.unwrap();
    assert_eq!((known(ONE).await, known(OTHER).await), (0, 0));
    assert!(known(THIRD).await > 0 && points > 0);
    assert_eq!(rig.points(THIRD).await, points);
    rig.outcomes().await;
}
