//! Accounts that were merged into others: whoever names one is led on to where it went, once everything has arrived there.
//!
//! A merge is two commits. The first empties an account and leaves its name and the follow-up that brings everything to the
//! other one. Whoever comes to the empty account in between carries that out before going on, so that nobody is told of an
//! account in which something is missing.

use std::pin::Pin;

use tessera_contract::read::Identity;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::MovedTo;
use tessera_ledger::limits::MERGED_MAX;
use tessera_rules::id::AccountId;

use crate::desk::{Case, CaseAnswer, Done};
use crate::directory::{Found, Recognised, customer_of};
use crate::engine::Engine;
use crate::follow_ups::carry;
use crate::layout::{self, AggregateKey};

type Arriving<'a> = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + 'a>>;

impl Engine {
    /// Puts a case into the queue of its aggregate and waits for its answer; where an account went, the case goes too
    /// (H47). Whoever stops waiting does not stop the case (H14).
    pub(crate) async fn at_desk(&self, key: AggregateKey, case: Case) -> Result<Done, Refusal> {
        let (mut key, mut case) = (key, case);
        for _ in 0..=MERGED_MAX {
            let done = self.queued(key.clone(), case).await?;
            match done {
                Done { answer: CaseAnswer::Moved { to, case: Some(again) }, .. } => {
                    let AggregateKey::Account(from) = &key else { break };
                    self.let_arrive(from, &to).await?;
                    (key, case) = (AggregateKey::Account(to.account.clone()), again.moved(&to));
                }
                Done { answer: CaseAnswer::Nobodys { case: Some(again) }, .. } => {
                    let Some(nobodys) = again.of_nobody() else { break };
                    (key, case) = nobodys;
                }
                done => return Ok(done),
            }
        }
        Err(self.core.internal("a case was led from account to account without end"))
    }

    /// Who an identity belongs to, as the account now is.
    ///
    /// # Errors
    /// As [`crate::directory::Directory::recognise`].
    pub(crate) async fn recognise(&self, identity: Option<&Identity>) -> Result<Recognised, Refusal> {
        Ok(match self.core.directory.recognise(&self.core, identity).await? {
            Recognised::Known(found) => {
                let found = self.follow(found).await?;
                match self.core.account(&found.account).await?.account.and_then(|account| account.erased_at) {
                    Some(since) => Recognised::Blocked { of: found, since },
                    None => Recognised::Known(found),
                }
            }
            Recognised::Blocked { of, since } => Recognised::Blocked { of: self.follow(of).await?, since },
            nobody @ (Recognised::Anonymous | Recognised::Unknown) => nobody,
        })
    }

    /// Where an account is now.
    pub(crate) async fn account_now(&self, account: AccountId) -> Result<AccountId, Refusal> {
        let found = Found { customer: customer_of(&account), account };
        Ok(self.follow(found).await?.account)
    }

    /// Which account was promised something, as it is now, where it matters whose a blocked card was: that is told as it is now.
    pub(crate) async fn promised_now(&self, by: &Recognised, promised: Option<&AccountId>) -> Result<Option<AccountId>, Refusal> {
        match (by, promised) {
            (Recognised::Blocked { .. }, Some(promised)) => self.account_now(promised.clone()).await.map(Some),
            _ => Ok(None),
        }
    }

    /// A customer and account as they are now.
    pub(crate) async fn follow(&self, found: Found) -> Result<Found, Refusal> {
        let mut found = found;
        for _ in 0..=MERGED_MAX {
            let known = self.core.account(&found.account).await?;
            let Some(to) = known.account.and_then(|account| account.moved_to.clone()) else { return Ok(found) };
            self.let_arrive(&found.account, &to).await?;
            found.move_to(&to);
        }
        Err(self.core.internal("an account was merged in a circle"))
    }

    /// Makes sure that everything has arrived.
    fn let_arrive<'a>(&'a self, from: &'a AccountId, to: &'a MovedTo) -> Arriving<'a> {
        Box::pin(async move {
            let there = self.core.account(&to.account).await?;
            if there.account.is_some_and(|account| account.stands_for(from)) {
                return Ok(());
            }
            let row = self.core.storage.row(&layout::account(from), &layout::follow_up_row(&to.follow_up)).await;
            let row = row.map_err(|error| self.core.storage_refusal(&error))?;
            let row = row.ok_or_else(|| self.core.internal("a merged account does not say what it had"))?;
            carry(self, &row).await
        })
    }
}
