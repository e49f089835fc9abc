//! What a gateway decided from its rule pack, decided again: what it gave stands as far as the pack gives it.

use std::sync::Arc;

use tessera_contract::canonical::BasketHash;
use tessera_contract::pack::{OpenedPack, PackToken};
use tessera_contract::read::SettleInput;
use tessera_contract::token::decision_hash;
use tessera_ledger::settle::Relation;
use tessera_rules::decision::Decision;
use tessera_rules::effort::Effort;
use tessera_rules::receipt::{Receipt, Stage};

use super::as_decided::is_as_decided;

/// A promise from a pack.
#[derive(Debug)]
pub(crate) struct ByPack {
    /// What the gateway said.
    pub(crate) token: PackToken,
    /// The pack.
    pub(crate) pack: Arc<OpenedPack>,
}

impl ByPack {
    /// What the pack gives for the receipt as it was settled, and whether it was sold so.
    pub(super) fn judge(&self, input: &SettleInput, basket: BasketHash) -> (Decision, Relation) {
        let receipt = Receipt { stage: Stage::Tender, choices: self.token.choices.clone(), ..input.receipt.clone() };
        let effort = Effort::within(self.token.steps_max.min(Effort::default().steps_max));
        let given = self.pack.decide(&receipt, self.token.decided_at, effort);
        let is_same = self.token.basket_hash == basket && self.token.decision == decision_hash(&given);
        let relation = if is_same && is_as_decided(input, &given) { Relation::ByPack } else { Relation::DiffersFromPack };
        (given, relation)
    }
}
