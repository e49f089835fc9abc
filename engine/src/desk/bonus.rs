//! What campaigns give for enrolling, for answers and for bringing a customer, as a part of the outcome of that.

use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Account, Referred};
use tessera_ledger::aside::Aside;
use tessera_ledger::bonus::give;
use tessera_ledger::follow_up::refer;
use tessera_ledger::outcome::{Flag, Outcome};
use tessera_ledger::settle::Settled;
use tessera_rules::id::{AccountId, CustomerId, FactId, StoreId};
use tessera_rules::occasion::{Bonus, Brought, Happening};

use crate::core::Core;
use crate::programs::Rules;

/// Who is said to have brought a customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Referrer {
    /// Nothing is said of that.
    Unsaid,
    /// Nobody who could be rewarded for it; what `referred_by` must be.
    Refused(&'static str),
    /// Whose account it is: another one than the customer's own.
    Known(AccountId),
}

impl Referrer {
    /// An enrolment says at once what is wrong: nobody has left the shop yet.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Refused(must) => Err(Refusal::fault("referred_by", *must)),
            Self::Unsaid | Self::Known(_) => Ok(()),
        }
    }
}

/// When and where it happened, and the rules of then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) core: &'a Core,
    pub(super) rules: &'a Rules,
    pub(super) at: Timestamp,
    pub(super) store: &'a StoreId,
}

impl Moment<'_> {
    fn bonuses(&self, happening: Happening<'_>) -> Vec<Bonus> {
        self.rules.revision.bonuses(happening, self.at, self.store, None)
    }

    /// A customer enrolled; what they get, and what goes to the one who brought them.
    pub(super) fn enrolled(&self, account: &mut Account, outcome: &mut Outcome, referrer: &Referrer) -> Aside {
        let aside = self.give(account, outcome, &self.bonuses(Happening::Enrolled));
        let Referrer::Known(by) = referrer else { return aside };
        // A card may have been in use before it was enrolled: its first receipt is behind it.
        let has_bought = account.statistics.visits > 0;
        let referred = account.referred.get_or_insert_with(|| Referred { by: by.clone(), has_bought });
        if referred.by == *by {
            refer(outcome, by, self.bonuses(Happening::Referred(Brought::Enrolled)));
        } else {
            refuse(outcome);
        }
        aside
    }

    /// A member answered these facts: those that campaigns ask for together may all be known now.
    pub(super) fn answered(
        &self,
        account: &mut Account,
        outcome: &mut Outcome,
        (customer, facts): (&CustomerId, &[FactId]),
    ) -> Aside {
        if facts.is_empty() {
            return Aside::default();
        }
        let must_confirm = self.rules.revision.must_confirm();
        let member = account.members.iter().find(|member| member.customer == *customer);
        let told = member.into_iter().flat_map(|member| &member.facts);
        let counts = told.filter(|known| !known.refused && (known.confirmed || !must_confirm.contains(&known.fact)));
        let known: Vec<FactId> = counts.map(|known| known.fact.clone()).collect();
        let now: Vec<FactId> = facts.iter().filter(|fact| known.contains(fact)).cloned().collect();
        let bonuses = self.bonuses(Happening::Answered { now: &now, known: &known });
        self.give(account, outcome, &bonuses)
    }

    /// What the answers that came with a sale are worth, and what goes to the one who brought the customer.
    pub(super) fn settled(&self, settled: &mut Settled, customer: Option<&CustomerId>, brought: (&Referrer, bool)) {
        match (&mut settled.account, customer) {
            (Some(account), Some(customer)) if !account.blocked => {
                let facts = settled.outcome.facts.clone();
                settled.aside.append(self.answered(account, &mut settled.outcome, (customer, &facts)));
                self.bought(account, &mut settled.outcome, brought);
            }
            _ if *brought.0 != Referrer::Unsaid => refuse(&mut settled.outcome),
            _ => {}
        }
    }

    /// A receipt was paid: with the first one whoever brought the customer gets what there is for it.
    fn bought(&self, account: &mut Account, outcome: &mut Outcome, (referrer, is_first): (&Referrer, bool)) {
        let known = account.referred.as_ref().map(|referred| &referred.by);
        match referrer {
            Referrer::Unsaid => {}
            Referrer::Known(by) if known == Some(by) => {}
            Referrer::Known(by) if known.is_none() && is_first => {
                account.referred = Some(Referred { by: by.clone(), has_bought: false });
            }
            Referrer::Known(_) | Referrer::Refused(_) => refuse(outcome),
        }
        if let Some(referred) = account.referred.as_mut().filter(|referred| !referred.has_bought) {
            referred.has_bought = true;
            refer(outcome, &referred.by, self.bonuses(Happening::Referred(Brought::FirstReceipt)));
        }
    }

    fn give(&self, account: &mut Account, outcome: &mut Outcome, bonuses: &[Bonus]) -> Aside {
        if bonuses.is_empty() { Aside::default() } else { give(account, outcome, bonuses, self.core.keys.codes()) }
    }
}

/// Says that whoever is said to have brought the customer gets nothing.
fn refuse(outcome: &mut Outcome) {
    if let Err(place) = outcome.flags.binary_search(&Flag::ReferralRefused) {
        outcome.flags.insert(place, Flag::ReferralRefused);
    }
}
