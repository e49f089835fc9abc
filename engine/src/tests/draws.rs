//! Draws over the service: closed once, held once, without what was given back, and drawn again from what is told.

use std::future::{Future as _, poll_fn};
use std::task::Poll;

use tessera_ledger::draw::{Terms, TicketList, commitment, draw};
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::draw_service_server::DrawService as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_storage::Fault;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::super::testing::*;
use crate::Draws;

const CAMPAIGNS: &str = "
  - {id: car, name: Win a car, on: {sku: TICKET}, grant: {give: {tickets: {draw: car, count: 3}}}}
  - {id: boat, name: Win a boat, on: {sku: BOAT}, grant: {give: {tickets: {draw: boat, count: 1}}}}
";
const VALUE: &str = "3 17 22 41 44";

/// Customer 1001 has three tickets and three that came back, 1002 has six and 1003 three; one is in another draw.
async fn sold() -> Rig {
    let rig = Rig::with_campaigns(CAMPAIGNS).await;
    let sales = [("R1", "1001", "TICKET"), ("R2", "1001", "TICKET"), ("R3", "1002", "TICKET"), ("R4", "1002", "TICKET")];
    for (id, card, sku) in sales.into_iter().chain([("R5", "1003", "TICKET"), ("R6", "1003", "BOAT")]) {
        rig.sell(receipt(id, Some(card), vec![line("1", sku, 1, 2_000)])).await;
    }
    give_all_back(&rig, "B1", "R1").await;
    rig
}

async fn give_all_back(rig: &Rig, id: &str, original: &str) {
    rig.give_back(give_back(id, Some(original), vec![("1", line("1", "TICKET", 1, 2_000))])).await.unwrap();
}

fn service(rig: &Rig) -> Draws {
    Draws::new(rig.engine.clone())
}

async fn close(rig: &Rig, draw: &str, winners: u32, one_each: bool) -> Result<admin::Draw, Status> {
    close_by_numbers(rig, draw, winners, one_each, "").await
}

async fn close_by_numbers(rig: &Rig, draw: &str, winners: u32, one_each: bool, numbers: &str) -> Result<admin::Draw, Status> {
    let source = "the lottery of Christmas Day".to_owned();
    let numbers = numbers.to_owned();
    let request = admin::CloseDrawRequest { draw_id: draw.to_owned(), winners, one_each, source, numbers };
    Ok(service(rig).close_draw(Request::new(request)).await?.into_inner().draw.unwrap())
}

async fn hold(rig: &Rig, draw: &str, value: &str) -> Result<admin::Draw, Status> {
    let request = admin::HoldDrawRequest { draw_id: draw.to_owned(), value: value.to_owned() };
    Ok(service(rig).hold_draw(Request::new(request)).await?.into_inner().draw.unwrap())
}

async fn told(rig: &Rig, draw: &str) -> Result<admin::Draw, Status> {
    let request = admin::GetDrawRequest { draw_id: draw.to_owned() };
    Ok(service(rig).get_draw(Request::new(request)).await?.into_inner().draw.unwrap())
}

async fn tickets(rig: &Rig, draw: &str) -> Vec<String> {
    let request = Request::new(admin::ListDrawTicketsRequest { draw_id: draw.to_owned() });
    let mut told = service(rig).list_draw_tickets(request).await.unwrap().into_inner();
    let mut numbers = Vec::new();
    while let Some(some) = told.next().await {
        numbers.extend(some.unwrap().numbers);
    }
    numbers
}

/// The draw again, from what is told to everybody; winners, and who was out.
fn again(held: &admin::Draw, tickets: &[String], out: &[String]) -> [Vec<String>; 2] {
    let text: String = tickets.iter().map(|number| format!("{number}\n")).collect();
    let list = TicketList::parse(&text).unwrap();
    let secret: [u8; 32] = held.secret.as_slice().try_into().unwrap();
    assert_eq!(commitment(&secret).as_slice(), held.commitment);
    assert_eq!(list.digest().as_slice(), held.list_sha256);
    let terms = Terms {
        draw: &held.draw_id,
        list: list.digest(),
        secret,
        value: &held.value,
        winners: usize::try_from(held.winners_wanted).unwrap(),
        one_each: held.one_each,
    };
    let drawn = draw(&list, &terms, |series, place| out.contains(&format!("{series}-{place}")));
    assert_eq!(drawn.seed.as_slice(), held.seed);
    assert_eq!(u64::try_from(drawn.again).unwrap(), held.again_tickets);
    [drawn.winners, drawn.out].map(|indexes| indexes.iter().map(|index| tickets[*index].clone()).collect())
}

fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}

#[tokio::test]
async fn a_draw_is_drawn_among_good_tickets_and_anybody_can_draw_it_again() {
    let rig = sold().await;
    let closed = close(&rig, "car", 4, false).await.unwrap();
    assert_eq!((closed.tickets, closed.accounts, closed.winners_wanted), (12, 3, 4));
    assert!(closed.secret.is_empty() && closed.held_at.is_none(), "nobody knows the secret before the draw");
    let numbers = tickets(&rig, "car").await;
    assert_eq!(numbers.len(), 12);
    // What comes later takes no part; what is given back later is out.
    rig.sell(receipt("R7", Some("1004"), vec![line("1", "TICKET", 1, 2_000)])).await;
    give_all_back(&rig, "B2", "R3").await;
    assert_eq!(tickets(&rig, "car").await, numbers, "the list stands");
    let held = hold(&rig, "car", VALUE).await.unwrap();
    // 1001 has the places 4 to 6 of its series and 1003 1 to 3: the series with the places 1 and 6 is that of 1002.
    let mut sixths = numbers.iter().filter_map(|number| number.strip_suffix("-6"));
    let series = sixths.find(|series| numbers.contains(&format!("{series}-1"))).unwrap();
    let out: Vec<String> = (1..=3).map(|place| format!("{series}-{place}")).collect();
    let winners: Vec<String> = held.winners.iter().map(|winner| winner.ticket.clone()).collect();
    assert_eq!(again(&held, &numbers, &out), [winners.clone(), held.out_tickets.clone()]);
    assert!(out.iter().all(|number| !winners.contains(number)), "{winners:?}");
    assert_eq!(winners.len(), 4);
    assert!(held.winners.iter().all(|winner| !winner.account_id.is_empty() && winner.customer_ids.len() == 1), "{held:?}");
    assert_eq!(told(&rig, "car").await.unwrap(), held);
}

#[tokio::test]
async fn p4_a_draw_is_closed_once_and_held_once() {
    let rig = sold().await;
    let closed = close(&rig, "car", 2, true).await.unwrap();
    assert_eq!(refused(close(&rig, "car", 3, true).await), (Code::AlreadyExists, "ALREADY_CLOSED".to_owned()));
    assert_eq!(told(&rig, "car").await.unwrap(), closed);
    let (one, other) = tokio::join!(hold(&rig, "car", VALUE), hold(&rig, "car", "1 2 3 4 5"));
    let (held, beaten) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(refused(beaten), (Code::AlreadyExists, "ALREADY_HELD".to_owned()));
    assert_eq!(refused(hold(&rig, "car", "1 2 3 4 5").await), (Code::AlreadyExists, "ALREADY_HELD".to_owned()));
    let held = held.unwrap();
    assert_eq!(told(&rig, "car").await.unwrap(), held);
    let accounts: std::collections::BTreeSet<_> = held.winners.iter().map(|winner| &winner.account_id).collect();
    assert_eq!(accounts.len(), 2, "of each account one");
    // Another draw has tickets, a list and winners of its own.
    close(&rig, "boat", 5, false).await.unwrap();
    let boat = hold(&rig, "boat", VALUE).await.unwrap();
    assert_eq!((boat.tickets, boat.winners.len()), (1, 1));
    let all = service(&rig).list_draws(Request::new(admin::ListDrawsRequest {})).await.unwrap().into_inner().draws;
    assert_eq!(all.iter().map(|draw| (draw.draw_id.as_str(), draw.winners.len())).collect::<Vec<_>>(), [("boat", 0), ("car", 0)]);
}

/// One more sale, which gives three tickets of the car.
async fn one_more(rig: &Rig, id: &str) {
    rig.sell(receipt(id, Some("1004"), vec![line("1", "TICKET", 1, 2_000)])).await;
}

#[tokio::test]
async fn p4_of_two_closes_at_once_one_closes_with_its_own_list() {
    // The other closes, behind one more sale, after so many steps of the first; what the first then does is for nothing.
    for polls in 0..40 {
        let rig = sold().await;
        let mut first = Box::pin(close(&rig, "car", 2, false));
        let mut one = None;
        for _ in 0..polls {
            if let Poll::Ready(done) = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await {
                one = Some(done);
                break;
            }
            tokio::task::yield_now().await;
        }
        one_more(&rig, "R7").await;
        let other = close(&rig, "car", 3, true).await;
        let one = if let Some(done) = one { done } else { first.await };
        let (closed, beaten) = if one.is_ok() { (one, other) } else { (other, one) };
        assert_eq!(refused(beaten), (Code::AlreadyExists, "ALREADY_CLOSED".to_owned()), "after {polls} polls");
        let closed = closed.unwrap();
        assert_eq!(told(&rig, "car").await.unwrap(), closed, "after {polls} polls");
        assert_eq!(usize::try_from(closed.tickets).unwrap(), tickets(&rig, "car").await.len(), "after {polls} polls");
        let held = hold(&rig, "car", VALUE).await.unwrap();
        assert_eq!(held.winners.len(), usize::try_from(closed.winners_wanted).unwrap(), "after {polls} polls");
    }
}

#[tokio::test]
async fn a_close_that_came_to_nothing_leaves_no_list_behind() {
    let rig = sold().await;
    // The commits of a close: the list's one piece, its head, and the record.
    rig.storage.inject(3, Fault::Unavailable);
    assert_eq!(close(&rig, "car", 4, false).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(refused(told(&rig, "car").await), (Code::FailedPrecondition, "NOT_CLOSED".to_owned()));
    one_more(&rig, "R7").await;
    let closed = close(&rig, "car", 4, false).await.unwrap();
    assert_eq!((closed.tickets, closed.accounts), (15, 4), "the list is that of the close that closed");
    assert_eq!(hold(&rig, "car", VALUE).await.unwrap().winners.len(), 4);
}

async fn answer_surname(rig: &Rig, card: &str) {
    let request = v1::AnswerPromptsRequest {
        request_id: format!("answer-{card}"),
        customer: Some(customer(card)),
        answers: vec![v1::PromptAnswer { fact_id: "surname".to_owned(), value: "Smith".to_owned(), ..Default::default() }],
        store_id: "S1".to_owned(),
        answered_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        ..Default::default()
    };
    rig.billing.answer_prompts(Request::new(request)).await.unwrap();
}

#[tokio::test]
async fn a_ticket_that_waited_for_the_next_visit_and_came_back_does_not_stop_its_draw() {
    let campaigns = "
  - {id: car, name: Win a car, on: {sku: TICKET}, waits_for: next_visit, grant: {give: {tickets: {draw: car, count: 3}}}}
  - {id: more, name: Win a car, on: {sku: BOAT}, grant: {give: {tickets: {draw: car, count: 1}}}}
";
    for closed_first in [false, true] {
        let rig = Rig::with_campaigns(campaigns).await;
        for (id, card, sku) in [("R1", "1001", "TICKET"), ("R2", "1002", "BOAT")] {
            rig.sell(receipt(id, Some(card), vec![line("1", sku, 1, 2_000)])).await;
        }
        if !closed_first {
            give_all_back(&rig, "B1", "R1").await;
        }
        assert_eq!(close(&rig, "car", 9, false).await.unwrap().tickets, 1);
        if closed_first {
            give_all_back(&rig, "B1", "R1").await;
        }
        assert_eq!(hold(&rig, "car", VALUE).await.unwrap().winners.len(), 1, "closed before the return: {closed_first}");
    }
}

#[tokio::test]
async fn tickets_that_waited_for_answers_and_came_back_do_not_win() {
    let campaign = "
  - {id: car, name: Win a car, on: {sku: TICKET}, requires_answers: [surname], grant: {give: {tickets: {draw: car, count: 3}}}}
";
    for closed_first in [false, true] {
        let rig = Rig::with_campaigns(campaign).await;
        for (id, card) in [("R1", "1001"), ("R2", "1002"), ("R3", "1003")] {
            rig.sell(receipt(id, Some(card), vec![line("1", "TICKET", 1, 2_000)])).await;
        }
        // One comes back while it waits, one after the answer gave it its numbers, one stays.
        give_all_back(&rig, "B1", "R1").await;
        for card in ["1002", "1003"] {
            answer_surname(&rig, card).await;
        }
        if closed_first {
            assert_eq!(close(&rig, "car", 9, false).await.unwrap().tickets, 6);
            give_all_back(&rig, "B2", "R2").await;
        } else {
            give_all_back(&rig, "B2", "R2").await;
            assert_eq!(close(&rig, "car", 9, false).await.unwrap().tickets, 3);
        }
        let held = hold(&rig, "car", VALUE).await.unwrap();
        assert_eq!(held.winners.len(), 3, "closed before the return: {closed_first}");
        assert_eq!(held.out_tickets.len(), if closed_first { 3 } else { 0 }, "{:?}", held.out_tickets);
        let out: std::collections::BTreeSet<_> = held.out_tickets.iter().collect();
        assert!(held.winners.iter().all(|winner| !out.contains(&winner.ticket)), "{held:?}");
    }
}

#[tokio::test]
async fn p11_a_draw_without_tickets_list_or_words_is_refused() {
    let rig = sold().await;
    assert_eq!(refused(close(&rig, "plane", 1, false).await), (Code::NotFound, "NO_TICKETS".to_owned()));
    assert_eq!(refused(hold(&rig, "car", VALUE).await), (Code::FailedPrecondition, "NOT_CLOSED".to_owned()));
    assert_eq!(refused(told(&rig, "car").await), (Code::FailedPrecondition, "NOT_CLOSED".to_owned()));
    let (source, numbers) = (" two\nlines".to_owned(), "5+".to_owned());
    let request = admin::CloseDrawRequest { draw_id: String::new(), winners: 0, one_each: false, source, numbers };
    let status = service(&rig).close_draw(Request::new(request)).await.unwrap_err();
    let faults = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["draw_id", "winners", "source", "numbers"]);
    assert_eq!(hold(&rig, "car", "").await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn who_holds_a_draw_has_no_choice_of_how_its_numbers_are_written() {
    let rig = sold().await;
    let closed = close_by_numbers(&rig, "car", 2, false, " 5 + 2").await.unwrap();
    assert_eq!(closed.numbers, "5+2");
    for other in ["3 17 22 41 44", "3 17 22 41 44 + 2 x", "the numbers"] {
        let status = hold(&rig, "car", other).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{other}");
        assert_eq!(status.get_details_bad_request().unwrap().field_violations.first().unwrap().field, "value", "{other}");
    }
    let held = hold(&rig, "car", "44,3,17,22,041+9,2").await.unwrap();
    assert_eq!(held.value, "3 17 22 41 44 + 2 9");
    let numbers = tickets(&rig, "car").await;
    let winners: Vec<String> = held.winners.iter().map(|winner| winner.ticket.clone()).collect();
    assert_eq!(again(&held, &numbers, &[]), [winners, Vec::new()]);
}
