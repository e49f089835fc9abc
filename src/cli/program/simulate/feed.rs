//! The receipts that a running engine has committed, from its feed.

use std::collections::HashMap;
use std::sync::Arc;

use tessera_crm::engine_at::EngineAt;
use tessera_crm::follow::{Follower, Position};
use tessera_proto::billing::v1::{Outcome, OutcomeKind, Receipt};
use tessera_rules::money::Currency;

use super::{Receipts, outcome};
use crate::cli::reach::{endpoint, identity};
use crate::cli::{ConfigFile, Failure, admin, read_config};
use crate::receipt_files::sale::{Sale, SaleKind, Texts};
use crate::replay::progress;

/// The newest format of outcomes that is understood here.
const FORMAT: u32 = 1;

/// Reads the feed of the configured engine from its beginning to where it stands now; sales in other currencies, and
/// what cannot be read as a receipt, are left out and told.
///
/// # Errors
/// No engine answers, its feed breaks off, or an outcome is of a later format.
pub(super) async fn read(config: &ConfigFile, currency: Currency, quiet: bool) -> Result<Receipts, Failure> {
    // Says best what to do where nobody answers.
    admin::running(config).await?;
    let config = read_config(config.config.as_deref())?;
    let engine = EngineAt::new(endpoint(&config, config.listen_engine), identity(&config)?);
    let mut follower = Follower::new(engine, Position::default(), false)?;
    let bar = progress(quiet, "reading the feed", "{msg} {spinner} {human_pos} outcomes, {per_sec}");
    let mut read = Read::new(currency);
    while let Some(response) = follower.next().await? {
        if let Some(outcome) = response.outcome {
            read.take(outcome)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    read.finish()
}

/// What was read so far.
#[derive(Debug)]
struct Read {
    currency: Currency,
    texts: Texts,
    sales: Vec<Arc<Sale>>,
    /// Places of sales to nobody known, which may be claimed.
    anonymous: HashMap<String, usize>,
    in_other_currencies: u64,
    without_goods: u64,
    /// Outcomes that no till could have sold so, and why the first of them.
    unreadable: Option<(u64, String)>,
}

impl Read {
    fn new(currency: Currency) -> Self {
        Self {
            currency,
            texts: Texts::default(),
            sales: Vec::new(),
            anonymous: HashMap::new(),
            in_other_currencies: 0,
            without_goods: 0,
            unreadable: None,
        }
    }

    fn take(&mut self, outcome: Outcome) -> Result<(), Failure> {
        let id = outcome.outcome_id.clone();
        if outcome.format > FORMAT {
            return Err(format!("outcome {id} is of a later format, {}: simulate with a later tessera", outcome.format).into());
        }
        let is_goods = !outcome.lines.is_empty();
        let sale = match outcome.kind() {
            OutcomeKind::Settle | OutcomeKind::Return if is_goods && outcome.currency_code != self.currency.code() => {
                self.in_other_currencies = self.in_other_currencies.saturating_add(1);
                return Ok(());
            }
            OutcomeKind::Settle if is_goods => Sale::of_receipt(outcome::receipt(outcome), &mut self.texts),
            OutcomeKind::Return if is_goods => Sale::of_return(outcome::goods_back(outcome), &mut self.texts),
            OutcomeKind::Claim => return self.claim(outcome),
            OutcomeKind::Unspecified
            | OutcomeKind::Settle
            | OutcomeKind::Return
            | OutcomeKind::FollowUp
            | OutcomeKind::Adjustment
            | OutcomeKind::Answers
            | OutcomeKind::Enrolment
            | OutcomeKind::Event
            | OutcomeKind::Code
            | OutcomeKind::Review
            | OutcomeKind::Erasure
            | OutcomeKind::HandOver
            | OutcomeKind::Expiry => {
                self.without_goods = self.without_goods.saturating_add(1);
                return Ok(());
            }
        };
        let sale = match sale {
            Ok(sale) => sale,
            Err(refusal) => {
                let (count, first) = self.unreadable.take().unwrap_or_else(|| (0, format!("{id}: {refusal}")));
                self.unreadable = Some((count.saturating_add(1), first));
                return Ok(());
            }
        };
        if sale.kind == SaleKind::Settle && sale.customer.is_none() {
            self.anonymous.insert(sale.receipt_id.clone(), self.sales.len());
        }
        self.sales.push(Arc::new(sale));
        Ok(())
    }

    /// A sale that was claimed is its customer's.
    fn claim(&mut self, outcome: Outcome) -> Result<(), Failure> {
        let place = self.anonymous.get(&outcome.original_receipt_id).copied();
        if let Some(sale) = place.and_then(|place| self.sales.get_mut(place)) {
            let receipt = Receipt { customer: outcome::identity(outcome.customer_id), ..sale.receipt() };
            let claimed = Sale::of_receipt(receipt, &mut self.texts);
            *sale = Arc::new(claimed.map_err(|refusal| format!("claim {} cannot be read: {refusal}", outcome.outcome_id))?);
        }
        Ok(())
    }

    fn finish(self) -> Result<Receipts, Failure> {
        let code = self.currency.code();
        let unreadable = self.unreadable.map(|(count, first)| {
            format!("{count} outcomes could not be read as receipts and were left out, the first of them {first}.")
        });
        if self.sales.is_empty() {
            let others = self.in_other_currencies;
            let unreadable = unreadable.map(|told| format!(". {told}")).unwrap_or_default();
            let told = format!("the feed holds no sale in {code}, the currency of the draft ({others} in others){unreadable}");
            return Err(told.into());
        }
        let mut remarks = vec![format!("The receipts were made of the outcomes of a running engine. {}", outcome::LACKS)];
        if self.in_other_currencies > 0 {
            remarks
                .push(format!("{} sales and returns in other currencies than {code} were left out.", self.in_other_currencies));
        }
        remarks.extend(unreadable);
        if self.without_goods > 0 {
            remarks.push(format!(
                "{} outcomes without goods (enrolments, answers and the like) were left out: the simulated accounts know nothing of them.",
                self.without_goods
            ));
        }
        Ok(Receipts { sales: self.sales, currency: self.currency, products: Vec::new(), remarks })
    }
}

#[cfg(test)]
mod tests;
