//! Cards that are blocked, unblocked and replaced by people, and what a card is.
//!
//! Numbers of cards are in requests and in what people sign, and nowhere else: the directory holds keyed hashes.

mod statement;

use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::{Identity, ReadContext, read_asked_customer};
use tessera_contract::refusal::Refusal;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::card_service_server::CardService;
use tessera_proto::billing::v1 as billing;
use tonic::{Request, Response, Status};

pub use statement::CardStatement;

use crate::desk::{CardAct, CardCase, Case, CaseAnswer};
use crate::directory::{CardName, CardState, Found, derived};
use crate::engine::{Engine, account_key};
use crate::ledger::signers;

/// The card service over an engine.
#[derive(Clone, Debug)]
pub struct Cards {
    engine: Engine,
}

impl Cards {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    async fn change(&self, request: &v1::ChangeCardRequest) -> Result<v1::ChangeCardResponse, Status> {
        let core = &self.engine.core;
        let statement = CardStatement::read(request).map_err(Refusal::into_status)?;
        let keys = signers(&self.engine, &statement.text(), &request.signatures)?;
        if keys.is_empty() {
            return Err(Status::unauthenticated("a person of finance must sign"));
        }
        let name = |field: &'static str, number: &str| self.name(field, number).map_err(Refusal::into_status);
        let card = name("card_number", &statement.card)?;
        let by = statement.new_card.as_deref().map(|number| name("new_card_number", number)).transpose()?;
        let act = match (statement.act, by) {
            (billing::CardAct::Replace, Some(by)) => CardAct::Replace { by },
            (billing::CardAct::Block, _) => CardAct::Block,
            (billing::CardAct::Unblock, _) => CardAct::Unblock,
            (billing::CardAct::Staff, _) => CardAct::Staff(statement.staff.clone()),
            (billing::CardAct::NotStaff, _) => CardAct::Staff(None),
            (billing::CardAct::Replace, None) | (billing::CardAct::Unspecified, _) => {
                return Err(core.internal("a statement without what it is about was read").into_status());
            }
        };
        let found = self.found(&card).await.map_err(Refusal::into_status)?;
        let case = CardCase {
            id: statement.id.clone(),
            content_hash: statement.hash(&card, by.as_ref()),
            act,
            card,
            found: found.clone(),
            reason: statement.reason,
            signers: keys,
            now: core.clock.now(),
        };
        let done = self.engine.at_desk(account_key(&found), Case::Card(Box::new(case))).await;
        core.directory.forget(&card);
        by.iter().for_each(|by| core.directory.forget(by));
        let CaseAnswer::Recorded { outcome } = done.map_err(Refusal::into_status)?.answer else {
            return Err(core.internal("the desk answered a change of a card with something else").into_status());
        };
        let outcome =
            prost::Message::decode(outcome).map_err(|error| core.quarantined("a change of a card", &error).into_status())?;
        Ok(v1::ChangeCardResponse { outcome: Some(outcome) })
    }

    async fn get(&self, request: &v1::GetCardRequest) -> Result<v1::GetCardResponse, Refusal> {
        let card = self.name("card_number", &request.card_number)?;
        let (_, entry) = self.engine.core.directory_entry(&card).await?;
        let found = self.found(&card).await?;
        let (state, since) = match entry.map(|entry| entry.state) {
            None | Some(CardState::Good) => (v1::CardState::Good, None),
            Some(CardState::Blocked { since }) => (v1::CardState::Blocked, Some(since)),
            Some(CardState::Replaced { since }) => (v1::CardState::Replaced, Some(since)),
        };
        let account = self.engine.core.account(&found.account).await?.account;
        let member = account.iter().flat_map(|account| &account.members).find(|member| member.customer == found.customer);
        let staff = member.and_then(|member| member.staff.as_ref());
        Ok(v1::GetCardResponse {
            state: i32::from(state),
            since: since.map(timestamp_to_wire),
            customer_id: found.customer.to_string(),
            account_id: found.account.to_string(),
            staff_cashier_id: staff.map(|staff| staff.cashier.to_string()).unwrap_or_default(),
            staff_store_id: staff.and_then(|staff| staff.store.as_ref()).map(ToString::to_string).unwrap_or_default(),
        })
    }

    /// The name of a card in the directory.
    fn name(&self, field: &'static str, number: &str) -> Result<CardName, Refusal> {
        let identity = billing::customer_identity::Identity::CardNumber(number.to_owned());
        let asked = billing::CustomerIdentity { identity: Some(identity), entry_method: 0 };
        match read_asked_customer(&asked, &ReadContext { now: self.engine.core.clock.now() }) {
            Ok(Identity::Card(number)) => Ok(self.engine.core.keys.directory_name("card", number.expose())),
            Ok(Identity::Qr(_) | Identity::Phone(_) | Identity::Customer(_)) => Err(Refusal::fault(field, "must be a card")),
            Err(Refusal::Invalid(faults)) => {
                let text = faults.first().map_or_else(String::new, |fault| fault.description.to_string());
                Err(Refusal::fault(field, text))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Whose a card is: a card that nobody has shown yet is its own customer's.
    async fn found(&self, card: &CardName) -> Result<Found, Refusal> {
        let core = &self.engine.core;
        match core.directory_entry(card).await? {
            (_, Some(entry)) => self.engine.follow(entry.found).await,
            (_, None) if core.settings.cards_open_accounts => self.engine.follow(derived(card)).await,
            (_, None) => Err(Refusal::fault("card_number", "is nobody's")),
        }
    }
}

#[tonic::async_trait]
impl CardService for Cards {
    async fn change_card(&self, request: Request<v1::ChangeCardRequest>) -> Result<Response<v1::ChangeCardResponse>, Status> {
        self.change(&request.into_inner()).await.map(Response::new)
    }

    async fn get_card(&self, request: Request<v1::GetCardRequest>) -> Result<Response<v1::GetCardResponse>, Status> {
        self.get(&request.into_inner()).await.map(Response::new).map_err(Refusal::into_status)
    }
}
