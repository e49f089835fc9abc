//! What is kept of a sale, evaluated again under the sale's own rules, for a return whose program prices it anew.

use prost::Message as _;
use tessera_contract::read::{ReadContext, read_settle};
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::entry::ReceiptEntry;
use tessera_ledger::outcome::Outcome;
use tessera_ledger::return_goods::{DecidedWith, Kept, Repricing, Return, is_repriced, kept};
use tessera_ledger::standing::View;
use tessera_proto::billing::v1;
use tessera_rules::decision::Decision;
use tessera_rules::evaluate::evaluate;
use tessera_rules::receipt::Receipt;
use tessera_rules::standing::{CodeStanding, CodeState};

use super::Draft;
use super::return_goods::{ReturnCase, Sale};

/// What is kept, and the decision on it.
pub(super) struct Anew {
    kept: Kept,
    decision: Decision,
    rewards: bool,
}

impl Anew {
    pub(super) fn repricing(&self) -> Repricing<'_> {
        Repricing { kept: &self.kept.receipt, decision: &self.decision, rewards: self.rewards }
    }
}

/// A sale as it was sent and what it was decided with, where a return of it prices anew what is kept.
pub(super) async fn sold(
    draft: &Draft<'_>,
    entry: &ReceiptEntry,
    sale: &Outcome,
) -> Result<Option<(Receipt, DecidedWith)>, Refusal> {
    if !is_repriced(sale) {
        return Ok(None);
    }
    let Some(stored) = draft.kept_sale(&entry.aggregate, &sale.receipt).await? else { return Ok(None) };
    let Some(decided) = draft.decided_with(&entry.aggregate, (&sale.receipt, sale.customer.as_ref())).await? else {
        return Ok(None);
    };
    let read = v1::SettleRequest::decode(stored).ok();
    let read = read.and_then(|request| read_settle(&request, &ReadContext { now: sale.booked_at }).ok());
    let unreadable = || draft.core.internal(&format!("the kept sale {} cannot be read", sale.receipt));
    Ok(Some((read.ok_or_else(unreadable)?.receipt, decided)))
}

impl ReturnCase {
    /// Prices anew what is kept after this return; none where nothing is.
    pub(super) fn price_kept(
        &self,
        draft: &Draft<'_>,
        account: Option<&Account>,
        sale: &Sale,
        goods: &Return<'_>,
    ) -> Option<Anew> {
        let ((sold, decided), rules) = (sale.sold.as_ref()?, self.sale_rules.as_ref()?);
        // A sale that was claimed was priced for nobody known.
        let account = account.filter(|_| !sale.claimed);
        let kept = kept(account, goods, (sold, decided))?;
        let view = View {
            customer: sale.outcome.customer.as_ref().filter(|_| !sale.claimed),
            receipt: &sale.outcome.receipt,
            supersedes: None,
            now: decided.at(),
            business_date: sale.outcome.business_date,
            // Those of the sale stand with what it was decided with.
            lists: &[],
        };
        let mut standing = kept.standing(&rules.revision, &view, Some(draft.core.keys.draw(&sale.outcome.receipt)));
        // A code that had been used by another sale opens nothing for what is kept of this one.
        let others = |code: &CodeStanding| rules.revision.is_single_use(&code.code) && !sale.codes.contains(&code.code);
        standing.codes.iter_mut().filter(|code| others(code)).for_each(|code| code.state = CodeState::Used);
        let decision = evaluate(&rules.revision, &rules.catalogue, &standing, &kept.receipt, decided.at(), decided.effort());
        Some(Anew { kept, decision, rewards: !sale.claimed })
    }
}
