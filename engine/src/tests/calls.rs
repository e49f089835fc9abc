//! The other calls: customers, prompts, streams, the feed, and what the edge refuses.

use std::time::Duration;

use super::super::testing::*;
use crate::Feed;
use crate::service::REPLAY_TIME;
use futures_util::StreamExt as _;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Answered;
use tessera_proto::feed::v1::FollowRequest;
use tessera_proto::feed::v1::feed_service_server::FeedService as _;
use tessera_storage::Storage as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;

pub(super) fn enrolment(id: &str, card: &str, phone: &str) -> v1::EnrolRequest {
    v1::EnrolRequest {
        request_id: id.to_owned(),
        card_number: card.to_owned(),
        phone: phone.to_owned(),
        data_consent: true,
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        enrolled_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        answers: vec![v1::PromptAnswer {
            fact_id: "surname".to_owned(),
            value: "Planted-Surname".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

async fn identify(rig: &Rig, identity: v1::customer_identity::Identity) -> v1::IdentifyResponse {
    let customer = Some(v1::CustomerIdentity { identity: Some(identity), entry_method: 0 });
    let request = v1::IdentifyRequest { customer, store_id: "S1".to_owned(), ..Default::default() };
    rig.billing.identify(Request::new(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_customer_is_enrolled_once_and_found_by_card_phone_and_id_with_what_the_card_earned_before() {
    use v1::customer_identity::Identity;
    let rig = Rig::new().await;
    rig.sell(receipt("A", Some("1001"), vec![line("1", "OTHER", 1, 700)])).await;
    let phone = "+4930123456";
    assert_eq!(identify(&rig, Identity::Phone(phone.to_owned())).await.customer_status(), v1::CustomerStatus::Unknown);
    let first = rig.billing.enrol(Request::new(enrolment("E1", "1001", phone))).await.unwrap().into_inner();
    assert_eq!(first.status(), v1::EnrolStatus::Enrolled);
    let again = rig.billing.enrol(Request::new(enrolment("E1", "1001", phone))).await.unwrap().into_inner();
    assert_eq!(
        (again.status(), &again.customer_id, &again.outcome),
        (v1::EnrolStatus::Enrolled, &first.customer_id, &first.outcome)
    );
    let taken = rig.billing.enrol(Request::new(enrolment("E2", "1001", ""))).await.unwrap().into_inner();
    assert_eq!(taken.status(), v1::EnrolStatus::AlreadyKnown);
    let conflict = rig.billing.enrol(Request::new(enrolment("E1", "1001", "+4930999999"))).await.unwrap_err();
    assert_eq!(reason(&conflict), v1::ErrorReason::Conflict);
    for identity in [
        Identity::Phone(phone.to_owned()),
        Identity::CardNumber("1001".to_owned()),
        Identity::CustomerId(first.customer_id.clone()),
    ] {
        let known = identify(&rig, identity).await;
        assert_eq!((known.customer_status(), &known.customer_id), (v1::CustomerStatus::Known, &first.customer_id));
        assert_eq!(known.balances[0].available_units, 7);
        assert!(known.prompts.is_empty(), "the surname was told at enrolment");
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn two_who_answer_for_a_customer_at_once_are_sealed_by_one_key() {
    let rig = Rig::new().await;
    let told = |id: &str, value: &str| v1::AnswerPromptsRequest {
        request_id: id.to_owned(),
        customer: Some(customer("1001")),
        answers: vec![v1::PromptAnswer { fact_id: "surname".to_owned(), value: value.to_owned(), ..Default::default() }],
        store_id: "S1".to_owned(),
        answered_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        ..Default::default()
    };
    // While the first is committed the others wait, and are one batch.
    let ids: Vec<String> = (0..8).map(|number| format!("Q{number}")).collect();
    let calls = ids.iter().map(|id| rig.billing.answer_prompts(Request::new(told(id, "Planted-Surname"))));
    let sale = rig.sell(receipt("A", Some("1001"), vec![line("1", "OTHER", 1, 700)]));
    let (answers, _) = tokio::join!(futures_util::future::join_all(calls), sale);
    for answer in answers {
        answer.unwrap();
    }
}

#[tokio::test]
async fn a_prompt_is_asked_until_it_is_answered_and_again_when_the_answer_is_too_old() {
    let rig = Rig::new().await;
    let goods = |id: &str| receipt(id, Some("1001"), vec![line("1", "OTHER", 1, 700)]);
    let asked =
        |quoted: &v1::QuoteResponse| quoted.answer.as_ref().unwrap().prompts.iter().map(v1::Prompt::reason).collect::<Vec<_>>();
    let quoted = rig.quote(quote(goods("A"))).await.unwrap();
    assert_eq!(asked(&quoted), vec![v1::PromptReason::Missing]);
    // Told with the settle, as the cashier would.
    let answer = v1::PromptAnswer { fact_id: "surname".to_owned(), value: "Planted-Surname".to_owned(), ..Default::default() };
    let settled =
        rig.settle(v1::SettleRequest { answers: vec![answer.clone()], ..as_quoted(goods("A"), &quoted) }).await.unwrap();
    assert_eq!(settled.outcome.unwrap().recorded_answers[0].fact_id, "surname");
    assert!(asked(&rig.quote(quote(goods("B"))).await.unwrap()).is_empty());
    rig.pass(Duration::from_secs(366 * 86_400));
    let mut later = goods("C");
    later.business_date = "2027-11-23".to_owned();
    assert_eq!(asked(&rig.quote(quote(later.clone())).await.unwrap()), vec![v1::PromptReason::Expired]);
    let told = v1::AnswerPromptsRequest {
        request_id: "Q1".to_owned(),
        customer: Some(customer("1001")),
        answers: vec![answer],
        store_id: "S1".to_owned(),
        answered_at: later.sold_at,
        ..Default::default()
    };
    let response = rig.billing.answer_prompts(Request::new(told.clone())).await.unwrap().into_inner();
    assert_eq!(response.customer_status(), v1::CustomerStatus::Known);
    assert!(response.prompts.is_empty());
    assert_eq!(rig.billing.answer_prompts(Request::new(told)).await.unwrap().into_inner().outcome, response.outcome);
    assert!(asked(&rig.quote(quote(later)).await.unwrap()).is_empty());
}

#[tokio::test]
async fn h81_no_value_of_a_profile_is_in_any_answer_outcome_head_or_row() {
    let rig = Rig::new().await;
    let enrolled = rig.billing.enrol(Request::new(enrolment("E1", "77001001", "+4930123456"))).await.unwrap().into_inner();
    rig.sell(receipt("A", Some("77001001"), vec![line("1", "OTHER", 1, 700)])).await;
    let mut seen = format!("{enrolled:?} {:?} {:?}", rig.outcomes().await, rig.get("A").await);
    for space in layout_spaces() {
        for (key, head) in rig.storage.heads(space, None, 1_000).await.unwrap() {
            seen.push_str(&format!("{} {}", String::from_utf8_lossy(&key), String::from_utf8_lossy(&head.value)));
            let partition = tessera_storage::Partition { space, key };
            for kind in 0..=crate::layout::CONTACT {
                for row in rig.storage.rows(&partition, kind, None, 1_000).await.unwrap() {
                    seen.push_str(&format!("{} {}", String::from_utf8_lossy(&row.key.id), String::from_utf8_lossy(&row.value)));
                }
            }
        }
    }
    for planted in ["Planted-Surname", "77001001", "4930123456"] {
        assert!(!seen.contains(planted), "{planted} was found");
    }
}

fn layout_spaces() -> [tessera_storage::Space; 4] {
    [crate::layout::ACCOUNTS, crate::layout::RECEIPTS, crate::layout::DIRECTORY, crate::layout::KEYS]
}

#[tokio::test]
async fn h79_a_payment_card_typed_anywhere_is_refused_and_not_repeated() {
    let rig = Rig::new().await;
    let number = "4111111111111111";
    let mut by_card = receipt("A", Some(number), vec![line("1", "OTHER", 1, 700)]);
    by_card.codes = vec![];
    let mut by_code = receipt("A", None, vec![line("1", "OTHER", 1, 700)]);
    by_code.codes = vec![v1::PresentedCode { code: number.to_owned(), entry_method: 0 }];
    for receipt in [by_card, by_code] {
        let status = rig.quote(quote(receipt)).await.unwrap_err();
        assert_eq!(reason(&status), v1::ErrorReason::CardNumberRefused);
        assert!(!format!("{status:?}").contains(number));
    }
}

#[tokio::test]
async fn h18_a_request_of_a_later_contract_is_refused_for_an_upgrade() {
    let rig = Rig::new().await;
    let request = v1::SettleRequest { contract_minor: 99, ..unquoted(receipt("A", None, vec![line("1", "OTHER", 1, 700)])) };
    assert_eq!(reason(&rig.settle(request).await.unwrap_err()), v1::ErrorReason::UpgradeEngine);
}

#[tokio::test]
async fn the_time_of_a_replay_is_refused_by_any_other_storage() {
    let rig = Rig::new().await;
    let mut request = Request::new(quote(receipt("A", None, vec![line("1", "OTHER", 1, 700)])));
    request.metadata_mut().insert(REPLAY_TIME, BEGIN.parse().unwrap());
    let status = rig.billing.quote(request).await.unwrap_err();
    assert_eq!(reason(&status), v1::ErrorReason::ReplayTimeRefused);
    let mut nonsense = Request::new(quote(receipt("A", None, vec![line("1", "OTHER", 1, 700)])));
    nonsense.metadata_mut().insert(REPLAY_TIME, "yesterday".parse().unwrap());
    assert_eq!(reason(&rig.billing.quote(nonsense).await.unwrap_err()), v1::ErrorReason::InvalidReceipt);
}

#[tokio::test]
async fn the_feed_sends_every_outcome_in_order_resumes_at_a_cursor_and_goes_on_as_more_is_committed() {
    let rig = Rig::new().await;
    for number in 0..5 {
        rig.sell(receipt(&format!("R{number}"), Some("1001"), vec![line("1", "OTHER", 1, 700)])).await;
    }
    let feed = Feed::new(&rig.engine, rig.closing.subscribe());
    let follow = |cursor, until_caught_up| {
        let request = Request::new(FollowRequest { cursor, until_caught_up, batch_limit: 2 });
        async { feed.follow(request).await.unwrap().into_inner() }
    };
    let all: Vec<_> = follow(Default::default(), true).await.map(Result::unwrap).collect().await;
    let ids: Vec<_> = all.iter().map(|response| response.outcome.as_ref().unwrap().receipt_id.clone()).collect();
    assert_eq!(ids, vec!["R0", "R1", "R2", "R3", "R4"]);
    assert!(all.windows(2).all(|pair| pair[0].sequence < pair[1].sequence && pair[0].account_version < pair[1].account_version));
    let mut staying = follow(all[3].cursor.clone(), false).await;
    let mut next = async || staying.next().await.unwrap().unwrap().outcome.unwrap().receipt_id;
    assert_eq!(next().await, "R4");
    rig.sell(receipt("R5", None, vec![line("1", "OTHER", 1, 700)])).await;
    assert_eq!(next().await, "R5");
    rig.closing.send_replace(true);
    assert_eq!(reason(&staying.next().await.unwrap().unwrap_err()), v1::ErrorReason::ShuttingDown);
    let bad = follow(bytes::Bytes::from_static(b"nonsense"), true).await.next().await.unwrap().unwrap_err();
    assert_eq!(reason(&bad), v1::ErrorReason::UnknownCursor);
}

#[tokio::test]
async fn converse_carries_every_call_answers_each_once_and_says_when_it_closes() {
    let rig = Rig::new().await;
    let listener = tessera_identity::Listener::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(crate::server::serve(rig.engine.clone(), listener, rig.closing.subscribe()));
    let mut client = BillingServiceClient::connect(format!("http://{address}")).await.unwrap();
    let (requests, stream) = mpsc::channel(16);
    let ask = |correlation_id, call| v1::ConverseRequest { correlation_id, budget_ms: 5_000, call: Some(call) };
    let goods = receipt("A", Some("1001"), vec![line("1", "OTHER", 1, 700)]);
    requests.send(ask(1, Call::Quote(quote(goods.clone())))).await.unwrap();
    requests.send(ask(2, Call::GetReceipt(v1::GetReceiptRequest::default()))).await.unwrap();
    requests.send(ask(3, Call::Claim(v1::ClaimRequest::default()))).await.unwrap();
    let mut answers = client.converse(ReceiverStream::new(stream)).await.unwrap().into_inner();
    let mut got = std::collections::BTreeMap::new();
    while got.len() < 3 {
        let answer = answers.next().await.unwrap().unwrap();
        assert!(got.insert(answer.correlation_id, answer.result.unwrap()).is_none(), "each is answered once");
    }
    assert!(matches!(&got[&1], Answered::Quote(quoted) if quoted.status() == v1::QuoteStatus::Ok));
    assert!(matches!(&got[&2], Answered::Error(error) if error.field_violations[0].field == "receipt_id"));
    assert!(matches!(&got[&3], Answered::Error(error) if error.field_violations[0].field == "request_id"));
    requests.send(ask(0, Call::Settle(unquoted(goods.clone())))).await.unwrap();
    assert!(matches!(answers.next().await.unwrap().unwrap().result.unwrap(), Answered::Error(_)));
    rig.closing.send_replace(true);
    assert!(matches!(answers.next().await.unwrap().unwrap().result.unwrap(), Answered::Closing(_)));
    // What was on its way is still carried out; the stream ends once the caller half-closes.
    requests.send(ask(9, Call::Settle(unquoted(goods)))).await.unwrap();
    assert!(matches!(answers.next().await.unwrap().unwrap().result.unwrap(), Answered::Settle(_)));
    drop(requests);
    assert!(answers.next().await.is_none());
    drop((answers, client));
    server.await.unwrap().unwrap();
}
