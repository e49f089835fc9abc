//! The cases that the desk works through, and how their answers find their way back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::right::PrizeState;
use tessera_storage::Committed;
use tokio::sync::oneshot;

use super::{
    AdjustCase, AnswersCase, ClaimCase, ConfirmCase, DayCase, Draft, EnrolCase, FollowUpCase, HandOverCase, QuoteCase, Quoted,
    ReturnCase, Returned, SettleCase, Settled, TakeClaimCase, Taking, VoidCase, Voided,
};

/// One thing to do for one aggregate.
#[derive(Debug)]
pub(crate) enum Case {
    /// A quote that promises something scarce, or replaces one that did.
    Quote(Box<QuoteCase>),
    /// A receipt was paid.
    Settle(Box<SettleCase>),
    /// A receipt will not be paid.
    Void(Box<VoidCase>),
    /// Goods came back.
    Return(Box<ReturnCase>),
    /// A customer is enrolled.
    Enrol(Box<EnrolCase>),
    /// A customer answered prompts.
    Answers(Box<AnswersCase>),
    /// People have checked what a customer stated.
    Confirm(Box<ConfirmCase>),
    /// A prize was handed over or cancelled.
    HandOver(Box<HandOverCase>),
    /// A sale without a customer is claimed: the first step, at the sale.
    TakeClaim(Box<TakeClaimCase>),
    /// The second step, at the account.
    Claim(Box<ClaimCase>),
    /// A ledger day is closed: what lapsed is posted.
    Day(DayCase),
    /// People correct an account.
    Adjust(Box<AdjustCase>),
    /// What an outcome does to a second account is carried out.
    FollowUp(FollowUpCase),
}

/// What a case was answered with.
#[derive(Debug)]
pub(crate) enum CaseAnswer {
    /// To a quote.
    Quoted(Box<Quoted>),
    /// To a settle.
    Settled(Settled),
    /// To a void.
    Voided(Voided),
    /// To a return.
    Returned(Box<Returned>),
    /// To an enrolment, answers, a confirmation, a hand-over, a claim or a correction: the outcome, stored now or before.
    Recorded {
        /// The outcome message as stored.
        outcome: bytes::Bytes,
    },
    /// To an enrolment: the card or phone belongs to somebody already.
    AlreadyKnown,
    /// To a hand-over: the prize is not due any more and stands so; nothing changed.
    Prize(PrizeState),
    /// To the first step of a claim.
    Taking(Taking),
    /// To the close of a day.
    DayPosted,
    /// To a follow-up: it is carried out, now or before.
    CarriedOut,
}

/// A case that was carried out.
#[derive(Debug)]
pub(crate) struct Done {
    /// Its answer.
    pub(crate) answer: CaseAnswer,
    /// How.
    pub(crate) carried: Carried,
}

/// How a case was carried out.
#[derive(Debug)]
pub(crate) struct Carried {
    /// The commit that carried it; none where nothing was written.
    pub(crate) committed: Option<Committed>,
    /// The account as it is now.
    pub(crate) account: Option<Arc<Account>>,
    /// How long it waited in the queue.
    pub(crate) queue_time: Duration,
    /// How long the commit took.
    pub(crate) commit_time: Duration,
    /// How long all of it took, waiting apart.
    pub(crate) work_time: Duration,
}

/// A case in the queue, with the way back to its caller.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) case: Case,
    queued: Instant,
    reply: oneshot::Sender<Result<Done, Refusal>>,
}

impl Case {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        match self {
            Self::Quote(case) => case.apply(draft).await.map(|quoted| CaseAnswer::Quoted(Box::new(quoted))),
            Self::Settle(case) => case.apply(draft).await.map(CaseAnswer::Settled),
            Self::Void(case) => case.apply(draft).await.map(CaseAnswer::Voided),
            Self::Return(case) => case.apply(draft).await.map(|returned| CaseAnswer::Returned(Box::new(returned))),
            Self::Enrol(case) => case.apply(draft).await,
            Self::Answers(case) => case.apply(draft).await,
            Self::Confirm(case) => case.apply(draft).await,
            Self::HandOver(case) => case.apply(draft).await,
            Self::TakeClaim(case) => case.apply(draft).await.map(CaseAnswer::Taking),
            Self::Claim(case) => case.apply(draft).await,
            Self::Day(case) => case.apply(draft).await,
            Self::Adjust(case) => case.apply(draft).await,
            Self::FollowUp(case) => case.apply(draft).await,
        }
    }
}

impl Job {
    pub(crate) fn new(case: Case) -> (Self, oneshot::Receiver<Result<Done, Refusal>>) {
        let (reply, wait) = oneshot::channel();
        (Self { case, queued: Instant::now(), reply }, wait)
    }

    /// Answers; a caller who has left is no fault.
    pub(super) fn answer(
        self,
        answer: Result<CaseAnswer, Refusal>,
        written: Option<(Committed, Duration)>,
        account: Option<Arc<Account>>,
        begun: Instant,
    ) {
        let done = answer.map(|answer| Done {
            answer,
            carried: Carried {
                committed: written.map(|(committed, _)| committed),
                account,
                queue_time: begun.saturating_duration_since(self.queued),
                commit_time: written.map_or(Duration::ZERO, |(_, time)| time),
                work_time: begun.elapsed(),
            },
        });
        let _ = self.reply.send(done);
    }

    pub(super) fn refuse(self, refusal: Refusal) {
        let _ = self.reply.send(Err(refusal));
    }
}
