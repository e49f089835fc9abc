//! The customer service: two customers are one, one gives another points, what a brake holds is looked at, or one is
//! forgotten. People of finance sign.

mod erase;
mod review;
mod statement;

use tessera_contract::refusal::Refusal;
use tessera_ledger::merge::most_units;
use tessera_proto::admin::v1;
use tessera_proto::admin::v1::customer_service_server::CustomerService;
use tessera_proto::billing::v1 as billing;
use tessera_rules::id::CustomerId;
use tonic::{Request, Response, Status};

pub use statement::{Between, CustomerStatement, EraseStatement, ReviewStatement};

use crate::desk::{Case, CaseAnswer, MergeCase, TransferCase, UniteNames, last_merged};
use crate::directory::{Found, account_of};
use crate::engine::{Engine, account_key};
use crate::ledger::signers;

/// The customer service over an engine.
#[derive(Clone, Debug)]
pub struct Customers {
    engine: Engine,
}

impl Customers {
    /// The service.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Two customers are one person, or of one household: the one's account sends everything to the other's.
    async fn unite(&self, statement: CustomerStatement, signatures: &[v1::PersonSignature]) -> Result<billing::Outcome, Status> {
        let text = statement.text();
        let signers = signers(&self.engine, &text, signatures)?;
        self.let_last_arrive().await.map_err(Refusal::into_status)?;
        let joins = statement.act == Between::Join;
        let names = if joins { UniteNames::JOIN } else { UniteNames::MERGE };
        let gone = self.named(names.gone, &statement.from).map_err(Refusal::into_status)?;
        // Whoever is named may have moved into a household themselves.
        let to = self.named(names.survivor, &statement.to).map_err(Refusal::into_status)?;
        let to = self.engine.follow(to).await.map_err(Refusal::into_status)?;
        let survivor = if joins {
            Found { customer: gone.customer.clone(), account: to.account }
        } else if to.customer == statement.to {
            to
        } else {
            self.named(names.survivor, &statement.to).map_err(Refusal::into_status)?
        };
        let most = self.most_units(&gone).await.map_err(Refusal::into_status)?;
        self.refuse_too_few(most, signers.len())?;
        let key = account_key(&gone);
        let case = MergeCase {
            id: statement.id,
            names,
            gone,
            survivor,
            reason: statement.reason,
            units_max: self.units_max(signers.len()),
            signers,
            content_hash: *blake3::hash(text.as_bytes()).as_bytes(),
            now: self.engine.core.clock.now(),
        };
        let done = self.engine.at_desk(key, Case::Merge(Box::new(case))).await.map_err(Refusal::into_status)?;
        self.recorded(done.answer)
    }

    async fn transfer(&self, request: &v1::TransferUnitsRequest) -> Result<billing::Outcome, Status> {
        let statement = CustomerStatement::of_transfer(request).map_err(Refusal::into_status)?;
        let text = statement.text();
        let signers = signers(&self.engine, &text, &request.signatures)?;
        let Between::Transfer { asset, units } = statement.act else {
            return Err(self.engine.core.internal("a transfer of nothing was read").into_status());
        };
        self.refuse_too_few(units.units().unsigned_abs(), signers.len())?;
        let from = self.named("from_customer_id", &statement.from).map_err(Refusal::into_status)?;
        let to = self.known("to_customer_id", &statement.to).await.map_err(Refusal::into_status)?;
        let case = TransferCase {
            id: statement.id,
            to: to.account,
            asset,
            units,
            reason: statement.reason,
            signers,
            content_hash: *blake3::hash(text.as_bytes()).as_bytes(),
            now: self.engine.core.clock.now(),
        };
        let done = self.engine.at_desk(account_key(&from), Case::Transfer(Box::new(case))).await;
        self.recorded(done.map_err(Refusal::into_status)?.answer)
    }

    fn recorded(&self, answer: CaseAnswer) -> Result<billing::Outcome, Status> {
        let core = &self.engine.core;
        let CaseAnswer::Recorded { outcome } = answer else {
            return Err(core.internal("the desk answered what concerns two customers with something else").into_status());
        };
        prost::Message::decode(outcome).map_err(|error| core.quarantined("what concerns two customers", &error).into_status())
    }

    /// Sees to it that everything of the last merge has arrived.
    async fn let_last_arrive(&self) -> Result<(), Refusal> {
        if let (_, Some(last)) = last_merged(&self.engine.core).await? {
            self.engine.account_now(last).await?;
        }
        Ok(())
    }

    /// The account that a customer's id names.
    fn named(&self, field: &'static str, customer: &CustomerId) -> Result<Found, Refusal> {
        let account = account_of(customer).ok_or_else(|| Refusal::fault(field, "is no id of a customer"))?;
        Ok(Found { customer: customer.clone(), account })
    }

    /// A customer who is there and may be given something, as they now are.
    async fn known(&self, field: &'static str, customer: &CustomerId) -> Result<Found, Refusal> {
        let found = self.engine.follow(self.named(field, customer)?).await?;
        match self.engine.core.account(&found.account).await?.account {
            Some(account) if account.blocked => Err(Refusal::fault(field, "is blocked")),
            Some(_) => Ok(found),
            None => Err(Refusal::fault(field, "names no account")),
        }
    }

    /// The greatest sum of one asset that a customer has or owes.
    async fn most_units(&self, found: &Found) -> Result<u64, Refusal> {
        let known = self.engine.core.account(&found.account).await?;
        Ok(known.account.map_or(0, |account| most_units(&account)))
    }

    /// How many units so many people of finance may move: one as many as one may correct, two any number (H78).
    fn units_max(&self, signed: usize) -> u64 {
        match signed {
            0 => 0,
            1 => self.engine.core.settings.adjust_alone_units_max,
            _ => u64::MAX,
        }
    }

    fn refuse_too_few(&self, units: u64, signed: usize) -> Result<(), Status> {
        let alone = self.engine.core.settings.adjust_alone_units_max;
        if signed == 0 || units > self.units_max(signed) {
            let needed = if units <= alone { 1 } else { 2 };
            let text = format!("{needed} people of finance must sign; one alone may move up to {alone} units");
            return Err(Status::unauthenticated(text));
        }
        Ok(())
    }
}

#[tonic::async_trait]
impl CustomerService for Customers {
    async fn merge_customers(
        &self,
        request: Request<v1::MergeCustomersRequest>,
    ) -> Result<Response<v1::MergeCustomersResponse>, Status> {
        let request = request.into_inner();
        let statement = CustomerStatement::of_merge(&request).map_err(Refusal::into_status)?;
        let outcome = self.unite(statement, &request.signatures).await?;
        Ok(Response::new(v1::MergeCustomersResponse { outcome: Some(outcome) }))
    }

    async fn join_household(
        &self,
        request: Request<v1::JoinHouseholdRequest>,
    ) -> Result<Response<v1::JoinHouseholdResponse>, Status> {
        let request = request.into_inner();
        let statement = CustomerStatement::of_join(&request).map_err(Refusal::into_status)?;
        let outcome = self.unite(statement, &request.signatures).await?;
        Ok(Response::new(v1::JoinHouseholdResponse { outcome: Some(outcome) }))
    }

    async fn transfer_units(
        &self,
        request: Request<v1::TransferUnitsRequest>,
    ) -> Result<Response<v1::TransferUnitsResponse>, Status> {
        let outcome = self.transfer(&request.into_inner()).await?;
        Ok(Response::new(v1::TransferUnitsResponse { outcome: Some(outcome) }))
    }

    async fn review_receipt(
        &self,
        request: Request<v1::ReviewReceiptRequest>,
    ) -> Result<Response<v1::ReviewReceiptResponse>, Status> {
        let outcome = self.review(&request.into_inner()).await?;
        Ok(Response::new(v1::ReviewReceiptResponse { outcome: Some(outcome) }))
    }

    async fn erase_customer(
        &self,
        request: Request<v1::EraseCustomerRequest>,
    ) -> Result<Response<v1::EraseCustomerResponse>, Status> {
        let outcome = self.erase(&request.into_inner()).await?;
        Ok(Response::new(v1::EraseCustomerResponse { outcome: Some(outcome) }))
    }

    async fn list_held_receipts(
        &self,
        request: Request<v1::ListHeldReceiptsRequest>,
    ) -> Result<Response<v1::ListHeldReceiptsResponse>, Status> {
        self.held(&request.into_inner()).await.map(Response::new).map_err(Refusal::into_status)
    }
}
