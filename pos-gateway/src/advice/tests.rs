//! What is read of an advice, what is refused, and how its delivery is told.

use tessera_proto::billing::v1::{PromptAnswer, Receipt};

use super::*;

fn settle(card: &str, minor: u32) -> SettleRequest {
    let sold_at = Timestamp::from_second(1_800_000_000).unwrap();
    let line = tessera_proto::billing::v1::Line {
        line_id: "1".to_owned(),
        sku: "MILK".to_owned(),
        quantity_milli: 1_000,
        unit_price_micros: 1_000_000,
        amount_minor: 100,
        ..Default::default()
    };
    SettleRequest {
        contract_minor: minor,
        attempt: 3,
        receipt: Some(Receipt {
            receipt_id: "S1/T1/20270115/1/x".to_owned(),
            sold_at: Some(timestamp_to_wire(sold_at)),
            business_date: "2027-01-15".to_owned(),
            store_id: "S1".to_owned(),
            till_id: "T1".to_owned(),
            currency_code: "EUR".to_owned(),
            customer: Some(CustomerIdentity {
                identity: Some(customer_identity::Identity::CardNumber(card.to_owned())),
                entry_method: 0,
            }),
            lines: vec![line],
            ..Receipt::default()
        }),
        ..SettleRequest::default()
    }
}

fn read(call: Call, request: &impl prost::Message) -> Result<Option<Advice>, Refusal> {
    Advice::read(call, &request.encode_to_vec().into())
}

#[test]
fn a_settle_is_ordered_by_its_id_and_customer_and_is_due_a_day_after_the_sale() {
    let advice = read(Call::Settle, &settle("4711", 0)).unwrap().unwrap();
    assert_eq!((advice.id.as_str(), advice.attempt), ("S1/T1/20270115/1/x", 3));
    assert_eq!(advice.due_ms, (1_800_000_000 + 86_400) * 1_000);
    let other = read(Call::Settle, &settle("4712", 0)).unwrap().unwrap();
    assert_eq!(advice.keys[0], other.keys[0]);
    assert_ne!(advice.keys[2], other.keys[2]);
    assert_ne!(advice.content(), other.content());

    let mut anonymous = settle("4711", 0);
    anonymous.receipt.as_mut().unwrap().customer = None;
    let anonymous = read(Call::Settle, &anonymous).unwrap().unwrap();
    assert_eq!((anonymous.due_ms, anonymous.keys[2]), (0, 0), "nobody need be told");
}

#[test]
fn p11_an_advice_at_fault_is_refused_with_the_field_and_one_of_a_later_contract_is_kept_unread() {
    let mut wrong = settle("4711", 0);
    wrong.receipt.as_mut().unwrap().lines[0].quantity_milli = -1;
    let refusal = read(Call::Settle, &wrong).unwrap_err();
    assert_eq!(refusal.faults()[0].field, "receipt.lines[0].quantity_milli");
    wrong.contract_minor = CONTRACT_MINOR + 1;
    let kept = read(Call::Settle, &wrong).unwrap().unwrap();
    assert_eq!((kept.content(), kept.id.as_str()), (0, "S1/T1/20270115/1/x"));
    assert!(Advice::read(Call::Settle, &Bytes::from_static(b"\xff\xff")).is_err());
}

#[test]
fn h58_an_id_that_no_record_has_room_for_is_refused_also_of_a_later_contract() {
    let (longest, too_long) = ("x".repeat(RECEIPT_ID_BYTES_MAX), "x".repeat(RECEIPT_ID_BYTES_MAX + 1));
    for minor in [CONTRACT_MINOR, CONTRACT_MINOR + 1, 99] {
        let with_id = |id: &str| {
            let mut request = settle("4711", minor);
            request.receipt.as_mut().unwrap().receipt_id = id.to_owned();
            read(Call::Settle, &request)
        };
        assert_eq!(with_id(&longest).unwrap().unwrap().id, longest, "{minor}");
        assert!(matches!(with_id(&too_long), Err(Refusal::Invalid(_))), "{minor}");
        let void = VoidRequest { receipt_id: too_long.clone(), contract_minor: minor, ..VoidRequest::default() };
        assert!(read(Call::Void, &void).is_err(), "{minor}");
    }
}

#[test]
fn h69_a_gateway_without_a_clock_refuses_no_time() {
    let mut ahead = settle("4711", 0);
    ahead.receipt.as_mut().unwrap().sold_at = Some(timestamp_to_wire(Timestamp::from_second(4_000_000_000).unwrap()));
    assert!(read(Call::Settle, &ahead).unwrap().is_some());
}

#[test]
fn what_is_about_a_receipt_waits_behind_it() {
    let sale = read(Call::Settle, &settle("4711", 0)).unwrap().unwrap();
    let id = || sale.id.clone();
    let claim = ClaimRequest { request_id: "C1".to_owned(), receipt_id: id(), contract_minor: 9, ..ClaimRequest::default() };
    let original = Some(Original::OriginalReceiptId(id()));
    let goods_back =
        ReturnRequest { receipt_id: "B1".to_owned(), original, mode: 2, contract_minor: 9, ..ReturnRequest::default() };
    let void = VoidRequest { receipt_id: id(), contract_minor: 9, ..VoidRequest::default() };
    for advice in [read(Call::Claim, &claim), read(Call::Return, &goods_back), read(Call::Void, &void)] {
        assert!(advice.unwrap().unwrap().keys.contains(&sale.keys[0]));
    }
    let preview = ReturnRequest { mode: ReturnMode::Preview.into(), ..goods_back };
    assert_eq!(read(Call::Return, &preview).unwrap(), None);
}

fn route(by: DeliveryRoute) -> Route<'static> {
    Route { by, gateway_id: "g1", signer: None }
}

#[test]
fn the_route_merges_with_the_tills_own_delivery_and_loses_no_unknown_field() {
    let mut request = settle("4711", 0);
    request.delivery =
        Some(Delivery { deferred: true, customer_told: true, gateway_id: "till".to_owned(), ..Delivery::default() });
    let mut bytes = request.encode_to_vec();
    let unknown = [0x80, 0x7d, 0x2a];
    bytes.extend_from_slice(&unknown);
    let sent = with_route(Call::Settle, &bytes.clone().into(), route(DeliveryRoute::Spool), 1_800_000_000_123);
    assert!(sent.starts_with(&bytes), "the till's bytes stay as they are");
    let delivery = SettleRequest::decode(sent).unwrap().delivery.unwrap();
    assert!(delivery.deferred && delivery.customer_told);
    assert_eq!((delivery.route(), delivery.gateway_id.as_str()), (DeliveryRoute::Spool, "g1"));
    assert_eq!(delivery.spooled_at.unwrap().nanos, 123_000_000);

    let void = VoidRequest { receipt_id: "R".to_owned(), ..VoidRequest::default() }.encode_to_vec();
    let sent = with_route(Call::Void, &void.into(), route(DeliveryRoute::Export), 0);
    assert_eq!(VoidRequest::decode(sent).unwrap().delivery.unwrap().route(), DeliveryRoute::Export);
    let returned = ReturnRequest::default().encode_to_vec();
    let sent = with_route(Call::Return, &returned.into(), route(DeliveryRoute::Spool), 0);
    assert_eq!(ReturnRequest::decode(sent).unwrap().delivery.unwrap().gateway_id, "g1");
    let claimed = with_route(Call::Claim, &Bytes::new(), route(DeliveryRoute::Spool), 0);
    assert_eq!(ClaimRequest::decode(claimed).unwrap().delivery.unwrap().gateway_id, "g1");
    let answered = with_route(Call::AnswerPrompts, &Bytes::new(), route(DeliveryRoute::Spool), 0);
    assert_eq!(AnswerPromptsRequest::decode(answered).unwrap().delivery.unwrap().gateway_id, "g1");
}

#[test]
fn every_advice_has_an_answer_that_says_that_it_is_accepted() {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let accepted = |call| accepted(call, "g1", at).unwrap();
    assert_eq!(SettleResponse::decode(accepted(Call::Settle)).unwrap().status(), SettleStatus::Accepted);
    assert_eq!(VoidResponse::decode(accepted(Call::Void)).unwrap().status(), VoidStatus::Accepted);
    assert_eq!(ReturnResponse::decode(accepted(Call::Return)).unwrap().status(), ReturnStatus::Accepted);
    assert_eq!(ClaimResponse::decode(accepted(Call::Claim)).unwrap().status(), ClaimStatus::Accepted);
    let answers = AnswerPromptsResponse::decode(accepted(Call::AnswerPrompts)).unwrap().accepted.unwrap();
    assert_eq!((answers.gateway_id.as_str(), answers.accepted_at.unwrap().seconds), ("g1", 1_800_000_000));
}

#[test]
fn h79_a_payment_cards_number_never_reaches_the_disk() {
    let answers = vec![PromptAnswer { value: "4111111111111111".to_owned(), fact_id: "f".to_owned(), ..PromptAnswer::default() }];
    let request = SettleRequest { answers, ..settle("4711", 0) };
    assert!(matches!(read(Call::Settle, &request), Err(Refusal::CardNumber { .. })));
}

#[tokio::test]
async fn h73_what_is_delivered_from_a_spool_is_signed_by_its_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    let file = |name: &str, text: String| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let authorities = file("ca.crt", params.self_signed(&key).unwrap().pem());
    let issuer = rcgen::Issuer::new(params, key);
    let own = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.subject_alt_names = vec![rcgen::SanType::URI("tessera://gateway/S1".try_into().unwrap())];
    let certificate = file("g.crt", params.signed_by(&own, &issuer).unwrap().pem());
    let files =
        tessera_identity::IdentityFiles { certificate, key: file("g.key", own.serialize_pem()), authorities, revoked: None };
    let identity = Identity::open(files).unwrap();
    let signed = Route { signer: Some(&identity), ..route(DeliveryRoute::Spool) };
    let at_ms = 1_800_000_000_123;
    let at = Timestamp::from_millisecond(at_ms).unwrap();
    let request = settle("4711", 0);
    let sent = with_route(Call::Settle, &request.encode_to_vec().into(), signed, at_ms);
    let delivery = SettleRequest::decode(sent.clone()).unwrap().delivery.unwrap();
    let id = &request.receipt.as_ref().unwrap().receipt_id;
    let text = delivery_text("Settle", (id, request.attempt), settle_hash(&request), Some(at));
    let now = u64::try_from(at.as_second()).unwrap();
    assert!(identity.signer(&delivery.gateway_signature, &text, now).unwrap().forwards_for(Some("S1")));
    // Whoever carries an export adds how it came, and the signature is still that of who took it.
    let carried = with_route(Call::Settle, &sent, Route { gateway_id: "g2", ..route(DeliveryRoute::Export) }, at_ms);
    let after = SettleRequest::decode(carried).unwrap().delivery.unwrap();
    assert_eq!((after.route(), after.gateway_signature), (DeliveryRoute::Export, delivery.gateway_signature));
    // Of a contract that is not known here nobody can say what its content is.
    let later = SettleRequest { contract_minor: CONTRACT_MINOR + 1, ..request };
    let sent = with_route(Call::Settle, &later.encode_to_vec().into(), signed, at_ms);
    assert!(SettleRequest::decode(sent).unwrap().delivery.unwrap().gateway_signature.is_empty());
}
