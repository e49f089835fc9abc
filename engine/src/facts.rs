//! What answers to facts look like at a till, and the service by which people say what they know of customers.

use std::time::Instant;

use jiff::Timestamp;
use tessera_contract::convert::{timestamp_from_wire, timestamp_to_wire};
use tessera_contract::fault::Fault;
use tessera_contract::read::{ENGINE_MARK_FAULT, ReadContext, holds_engine_mark, read_asked_customer};
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::profile_service_server::ProfileService;
use tessera_proto::billing::v1;
use tessera_rules::id::{EventId, FactId, ReceiptId};
use tessera_rules::program::{AnswerForm, Confirm, FactRule};
use tessera_rules::revision::Revision;
use tonic::{Request, Response, Status};

use crate::desk::{Case, CaseAnswer, ConfirmCase, EventCase};
use crate::directory::Found;
use crate::engine::{Call, Engine, account_key};
use crate::sealing::opened;

/// Facts of one request.
const FACTS_MAX: usize = 32;

/// What an answer to a fact looks like.
pub(crate) fn answer_kind(rule: &FactRule) -> v1::AnswerKind {
    match rule.form {
        AnswerForm::Text => {}
        AnswerForm::YesNo => return v1::AnswerKind::YesNo,
        AnswerForm::Number { .. } => return v1::AnswerKind::Number,
    }
    match (rule.confirm, rule.options.is_empty(), rule.is_birthday()) {
        (Some(Confirm::CodeToPhone), ..) => v1::AnswerKind::Phone,
        (Some(Confirm::CodeToEmail), ..) => v1::AnswerKind::Email,
        (Some(Confirm::ByPeople) | None, false, _) => v1::AnswerKind::OneOf,
        (Some(Confirm::ByPeople) | None, true, true) => v1::AnswerKind::Date,
        (Some(Confirm::ByPeople) | None, true, false) => v1::AnswerKind::Text,
    }
}

/// The profile service over an engine.
#[derive(Clone, Debug)]
pub struct Profiles {
    engine: Engine,
}

/// What was checked, read.
struct Checked {
    id: ReceiptId,
    facts: Vec<(FactId, Timestamp)>,
    content_hash: [u8; 32],
}

impl Profiles {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Whose, of those that are known.
    async fn found(&self, customer: Option<&v1::CustomerIdentity>, call: &Call) -> Result<Found, Refusal> {
        let core = &self.engine.core;
        let wanted = customer.cloned().unwrap_or_default();
        let identity = read_asked_customer(&wanted, &ReadContext { now: call.now })?;
        let found = core.directory.find(core, &identity).await?;
        match found {
            Some(found) => self.engine.follow(found).await,
            None => Err(Refusal::fault("customer", "is nobody known")),
        }
    }

    fn call(&self) -> Call {
        Call { now: self.engine.core.clock.now(), arrived: Instant::now(), wait_until: None }
    }

    async fn list(&self, request: &admin::ListFactsRequest) -> Result<Vec<admin::StatedFact>, Refusal> {
        let core = &self.engine.core;
        let found = self.found(request.customer.as_ref(), &self.call()).await?;
        let account = core.account(&found.account).await?.account;
        let member = account.iter().flat_map(|account| &account.members).find(|member| member.customer == found.customer);
        let known = member.map(|member| member.facts.as_slice()).unwrap_or_default();
        let facts: Vec<FactId> = known.iter().map(|known| known.fact.clone()).collect();
        let (_, values) = opened(core, &found, &facts).await?;
        let stated = known.iter().map(|known| {
            let value = values.iter().find(|(fact, _)| *fact == known.fact && !known.refused);
            let trust = if known.confirmed { v1::FactTrust::Confirmed } else { v1::FactTrust::Stated };
            admin::StatedFact {
                fact_id: known.fact.as_str().to_owned(),
                known_at: Some(timestamp_to_wire(known.known_at)),
                value: value.map(|(_, value)| value.expose().clone()).unwrap_or_default(),
                trust: i32::from(trust),
                refused: known.refused,
            }
        });
        Ok(stated.collect())
    }

    async fn report(&self, request: &admin::ReportEventRequest) -> Result<Option<v1::Outcome>, Refusal> {
        let (core, call) = (&self.engine.core, self.call());
        let found = self.found(request.customer.as_ref(), &call).await?;
        let rules = core.rules_at(call.now, &call).await?;
        let (id, event, receipt) = read_event(request, &rules.revision)?;
        let key = account_key(&found);
        let about = receipt.as_ref().map_or("", ReceiptId::as_str);
        let content_hash = hashed("what has happened", &[id.as_str(), found.customer.as_str(), event.as_str(), about]);
        let case = EventCase { id, found, event, receipt, content_hash, rules, now: call.now };
        let done = self.engine.at_desk(key, Case::Event(Box::new(case))).await?;
        let CaseAnswer::Recorded { outcome } = done.answer else { return Ok(None) };
        prost::Message::decode(outcome).map(Some).map_err(|error| core.quarantined("an event", &error))
    }

    async fn confirm(&self, request: &admin::ConfirmFactsRequest) -> Result<v1::Outcome, Refusal> {
        let (core, call) = (&self.engine.core, self.call());
        let found = self.found(request.customer.as_ref(), &call).await?;
        let Checked { id, facts, content_hash } = read(request, &found)?;
        let key = account_key(&found);
        let rules = core.rules_at(call.now, &call).await?;
        let case = ConfirmCase { id, found, facts, content_hash, rules, now: call.now };
        let done = self.engine.at_desk(key, Case::Confirm(Box::new(case))).await?;
        let CaseAnswer::Recorded { outcome } = done.answer else {
            return Err(core.internal("the desk answered a confirmation with something else"));
        };
        prost::Message::decode(outcome).map_err(|error| core.quarantined("a confirmation", &error))
    }
}

/// Reads what was checked; all faults at once.
fn read(request: &admin::ConfirmFactsRequest, found: &Found) -> Result<Checked, Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: String, text: String| faults.push(Fault { field, description: text.into() });
    if holds_engine_mark(&request.request_id) {
        fault("request_id".to_owned(), ENGINE_MARK_FAULT.to_owned());
    }
    let id = ReceiptId::parse(&request.request_id).map_err(|error| fault("request_id".to_owned(), error.to_string())).ok();
    if request.facts.is_empty() || request.facts.len() > FACTS_MAX {
        fault("facts".to_owned(), format!("must be 1 to {FACTS_MAX}"));
    }
    let mut facts: Vec<(FactId, Timestamp)> = Vec::new();
    for (place, checked) in request.facts.iter().enumerate().take(FACTS_MAX) {
        let known_at = checked.known_at.as_ref().and_then(timestamp_from_wire);
        if known_at.is_none() {
            fault(format!("facts[{place}].known_at"), "must be the time that the fact was read with".to_owned());
        }
        match FactId::parse(&checked.fact_id) {
            Ok(fact) if facts.iter().any(|(known, _)| *known == fact) => {
                fault(format!("facts[{place}].fact_id"), "stands there twice".to_owned());
            }
            Ok(fact) => facts.push((fact, known_at.unwrap_or_default())),
            Err(error) => fault(format!("facts[{place}].fact_id"), error.to_string()),
        }
    }
    facts.sort();
    match id {
        Some(id) if faults.is_empty() => {
            let read: Vec<(&str, String)> = facts.iter().map(|(fact, at)| (fact.as_str(), at.to_string())).collect();
            let whose = [id.as_str(), found.customer.as_str()].into_iter();
            let parts: Vec<&str> = whose.chain(read.iter().flat_map(|(fact, at)| [*fact, at.as_str()])).collect();
            let content_hash = hashed("what people have checked", &parts);
            Ok(Checked { id, facts, content_hash })
        }
        Some(_) | None => Err(Refusal::Invalid(faults)),
    }
}

/// Reads what has happened; all faults at once.
fn read_event(
    request: &admin::ReportEventRequest,
    revision: &Revision,
) -> Result<(ReceiptId, EventId, Option<ReceiptId>), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, text: String| faults.push(Fault { field: field.to_owned(), description: text.into() });
    if holds_engine_mark(&request.request_id) {
        fault("request_id", ENGINE_MARK_FAULT.to_owned());
    }
    let id = ReceiptId::parse(&request.request_id).map_err(|error| fault("request_id", error.to_string())).ok();
    let event = EventId::parse(&request.event_id).map_err(|error| fault("event_id", error.to_string())).ok();
    if event.as_ref().is_some_and(|event| !revision.has_event(event)) {
        fault("event_id", "is no event of a program in force".to_owned());
    }
    let receipt = (!request.receipt_id.is_empty()).then(|| ReceiptId::parse(&request.receipt_id));
    let receipt = receipt.transpose().map_err(|error| fault("receipt_id", error.to_string())).ok();
    match (id, event, receipt) {
        (Some(id), Some(event), Some(receipt)) if faults.is_empty() => Ok((id, event, receipt)),
        _ => Err(Refusal::Invalid(faults)),
    }
}

fn hashed(what: &str, parts: &[&str]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("tessera 2026 what people say of customers");
    for part in [what].iter().chain(parts) {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    *hasher.finalize().as_bytes()
}

#[tonic::async_trait]
impl ProfileService for Profiles {
    async fn list_facts(&self, request: Request<admin::ListFactsRequest>) -> Result<Response<admin::ListFactsResponse>, Status> {
        let facts = self.list(&request.into_inner()).await.map_err(Refusal::into_status)?;
        Ok(Response::new(admin::ListFactsResponse { facts }))
    }

    async fn confirm_facts(
        &self,
        request: Request<admin::ConfirmFactsRequest>,
    ) -> Result<Response<admin::ConfirmFactsResponse>, Status> {
        let outcome = self.confirm(&request.into_inner()).await.map_err(Refusal::into_status)?;
        Ok(Response::new(admin::ConfirmFactsResponse { outcome: Some(outcome) }))
    }

    async fn report_event(
        &self,
        request: Request<admin::ReportEventRequest>,
    ) -> Result<Response<admin::ReportEventResponse>, Status> {
        let outcome = self.report(&request.into_inner()).await.map_err(Refusal::into_status)?;
        Ok(Response::new(admin::ReportEventResponse { outcome }))
    }
}
