//! What answers to facts look like at a till, and the service by which people confirm them.

use std::time::Instant;

use tessera_contract::fault::Fault;
use tessera_contract::read::{ENGINE_MARK_FAULT, ReadContext, holds_engine_mark, read_asked_customer};
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1 as admin;
use tessera_proto::admin::v1::profile_service_server::ProfileService;
use tessera_proto::billing::v1;
use tessera_rules::id::{FactId, ReceiptId};
use tessera_rules::program::{Confirm, FactRule};
use tonic::{Request, Response, Status};

use crate::desk::{Case, CaseAnswer, ConfirmCase};
use crate::directory::Found;
use crate::engine::{Call, Engine, account_key};

/// Facts of one request.
const FACTS_MAX: usize = 32;

/// What an answer to a fact looks like.
pub(crate) fn answer_kind(rule: &FactRule) -> v1::AnswerKind {
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
    facts: Vec<FactId>,
    content_hash: [u8; 32],
}

impl Profiles {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn confirm(&self, request: &admin::ConfirmFactsRequest) -> Result<v1::Outcome, Refusal> {
        let core = &self.engine.core;
        let call = Call { now: core.clock.now(), arrived: Instant::now(), wait_until: None };
        let wanted = request.customer.clone().unwrap_or_default();
        let identity = read_asked_customer(&wanted, &ReadContext { now: call.now })?;
        let found = core.directory.find(core, &identity).await?;
        let Some(found) = found else { return Err(Refusal::fault("customer", "is nobody known")) };
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
    if request.fact_ids.is_empty() || request.fact_ids.len() > FACTS_MAX {
        fault("fact_ids".to_owned(), format!("must be 1 to {FACTS_MAX}"));
    }
    let mut facts: Vec<FactId> = Vec::new();
    for (place, text) in request.fact_ids.iter().enumerate().take(FACTS_MAX) {
        match FactId::parse(text) {
            Ok(fact) if facts.contains(&fact) => fault(format!("fact_ids[{place}]"), "stands there twice".to_owned()),
            Ok(fact) => facts.push(fact),
            Err(error) => fault(format!("fact_ids[{place}]"), error.to_string()),
        }
    }
    facts.sort();
    match id {
        Some(id) if faults.is_empty() => {
            let mut hasher = blake3::Hasher::new_derive_key("tessera 2026 what people have checked");
            for part in [id.as_str(), found.customer.as_str()].into_iter().chain(facts.iter().map(FactId::as_str)) {
                hasher.update(part.as_bytes()).update(&[0]);
            }
            Ok(Checked { id, facts, content_hash: *hasher.finalize().as_bytes() })
        }
        Some(_) | None => Err(Refusal::Invalid(faults)),
    }
}

#[tonic::async_trait]
impl ProfileService for Profiles {
    async fn confirm_facts(
        &self,
        request: Request<admin::ConfirmFactsRequest>,
    ) -> Result<Response<admin::ConfirmFactsResponse>, Status> {
        let outcome = self.confirm(&request.into_inner()).await.map_err(Refusal::into_status)?;
        Ok(Response::new(admin::ConfirmFactsResponse { outcome: Some(outcome) }))
    }
}
