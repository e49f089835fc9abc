//! What the evaluation may know that lies outside the customer's account and the programs.

use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_rules::id::{CustomerId, SegmentId};
use tessera_rules::receipt::Receipt;
use tessera_rules::revision::Revision;

use crate::budgets::{Asker, SharedUse};
use crate::core::Core;

/// What is around an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// What all customers together have used.
    pub(crate) shared: SharedUse,
    /// The imported lists that the customer is on, sorted.
    pub(crate) lists: Vec<SegmentId>,
    /// Articles that the store does not have in stock, sorted.
    pub(crate) out_of_stock: Arc<[CompactString]>,
}

impl Surroundings {
    /// The same, with nothing left of what is limited over all customers.
    pub(crate) fn used_up(self, revision: &Revision, receipt: &Receipt) -> Self {
        Self { shared: SharedUse::everything(revision, receipt), ..self }
    }
}

impl Core {
    /// What is around the account of whom a receipt names that was sold at that time; none: an anonymous sale.
    ///
    /// # Errors
    /// The storage cannot read it.
    pub(crate) async fn surroundings(
        &self,
        (revision, receipt, at): (&Revision, &Receipt, Timestamp),
        customer: Option<&CustomerId>,
        asker: Asker<'_>,
    ) -> Result<Surroundings, Refusal> {
        let shared = self.budgets.standing(self.storage.as_ref(), (revision, receipt, at), asker).await;
        let shared = shared.map_err(|error| self.storage_refusal(&error))?;
        let lists = match customer {
            Some(customer) if self.is_any_list_asked_for(revision) => self.lists_of(customer, asker.now).await?,
            Some(_) | None => Vec::new(),
        };
        let out_of_stock = self.out_of_stock(&receipt.place.store).await?;
        Ok(Surroundings { shared, lists, out_of_stock })
    }
}
