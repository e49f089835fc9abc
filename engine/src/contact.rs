//! The contact service: tells whoever sends notices how a customer is reached. Nothing of it is logged (H81).

use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Consents, Member};
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::contact_service_server::ContactService;
use tessera_rules::id::{CustomerId, FactId, ReceiptId};
use tonic::{Request, Response, Status};

use crate::directory::{Found, account_of};
use crate::engine::Engine;
use crate::sealing::{is_deleted, opened};

/// Facts of one request.
const FACTS_MAX: usize = 32;

/// The contact service over an engine.
#[derive(Clone, Debug)]
pub struct Contacts {
    engine: Engine,
}

impl Contacts {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn tell(
        &self,
        customer: CustomerId,
        facts: &[FactId],
        code: Option<&(FactId, ReceiptId)>,
    ) -> Result<v1::GetContactResponse, Refusal> {
        let Some(account) = account_of(&customer) else { return Ok(unknown()) };
        let Found { customer, account } = self.engine.follow(Found { customer, account }).await?;
        let Some(known) = self.engine.core.account(&account).await?.account else { return Ok(unknown()) };
        let Some(member) = known.members.iter().find(|member| member.customer == customer) else { return Ok(unknown()) };
        if is_deleted(&self.engine.core, &customer).await? && member.enrolled_at.is_none() {
            return Ok(unknown());
        }
        let consents = member.consents.clone();
        let code = code.map(|code| self.code(member, code)).unwrap_or_default();
        let (contact, values) = opened(&self.engine.core, &Found { customer, account }, facts).await?;
        let values = values
            .into_iter()
            .map(|(fact, value)| v1::ContactValue { fact_id: fact.as_str().to_owned(), value: value.into_exposed() });
        Ok(v1::GetContactResponse {
            status: i32::from(v1::ContactStatus::Known),
            phone: contact.phone.map(|phone| phone.expose().to_string()).unwrap_or_default(),
            language: contact.language.map(|language| language.to_string()).unwrap_or_default(),
            values: values.collect(),
            code,
            ..told(consents)
        })
    }

    /// The code that is to be sent; empty: it is not good any more, or another answer has taken its place.
    fn code(&self, member: &Member, (fact, asked_by): &(FactId, ReceiptId)) -> String {
        let known = member.facts.iter().find(|known| known.fact == *fact).and_then(|known| known.code.as_ref());
        let open = known.filter(|code| code.asked_by == *asked_by && code.is_open(self.engine.core.clock.now()));
        let codes = self.engine.core.keys.codes();
        open.map(|_| codes.confirmation(&member.customer, fact, asked_by).into()).unwrap_or_default()
    }
}

fn code_wanted(wanted: &v1::CodeWanted) -> Result<(FactId, ReceiptId), Refusal> {
    let fact = FactId::parse(&wanted.fact_id).map_err(|error| Refusal::fault("code.fact_id", error.to_string()))?;
    let asked_by =
        ReceiptId::parse(&wanted.asked_by_id).map_err(|error| Refusal::fault("code.asked_by_id", error.to_string()))?;
    Ok((fact, asked_by))
}

#[tonic::async_trait]
impl ContactService for Contacts {
    async fn get_contact(&self, request: Request<v1::GetContactRequest>) -> Result<Response<v1::GetContactResponse>, Status> {
        let request = request.into_inner();
        let customer = CustomerId::parse(&request.customer_id)
            .map_err(|_| Refusal::fault("customer_id", "must be 1 to 40 characters of an id").into_status())?;
        if request.fact_ids.len() > FACTS_MAX {
            return Err(Refusal::LimitExceeded { what: "fact_ids", limit: 32 }.into_status());
        }
        let facts = request.fact_ids.iter().enumerate().map(|(place, id)| {
            FactId::parse(id).map_err(|error| Refusal::fault(format!("fact_ids[{place}]"), error.to_string()))
        });
        let facts: Vec<FactId> = facts.collect::<Result<_, _>>().map_err(Refusal::into_status)?;
        let code = request.code.as_ref().map(code_wanted).transpose().map_err(Refusal::into_status)?;
        self.tell(customer, &facts, code.as_ref()).await.map(Response::new).map_err(Refusal::into_status)
    }
}

fn unknown() -> v1::GetContactResponse {
    v1::GetContactResponse { status: i32::from(v1::ContactStatus::Unknown), ..Default::default() }
}

fn told(consents: Consents) -> v1::GetContactResponse {
    v1::GetContactResponse {
        data_consent: consents.data_since.is_some(),
        marketing_consent: consents.marketing_since.is_some(),
        ..Default::default()
    }
}
