//! The cases that the desk works through, and how their answers find their way back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tessera_contract::refusal::Refusal;
use tessera_ledger::account::{Account, MovedTo};
use tessera_ledger::outcome::Flag;
use tessera_ledger::right::PrizeState;
use tessera_rules::id::CustomerId;
use tessera_storage::Committed;
use tokio::sync::oneshot;

use super::{
    AdjustCase, AnswersCase, CardCase, ClaimCase, ConfirmCase, DayCase, Draft, EnrolCase, EraseCase, EventCase, FollowUpCase,
    HandOverCase, MergeCase, QuoteCase, Quoted, ReturnCase, Returned, ReviewCase, SettleCase, Settled, TakeClaimCase, Taking,
    TransferCase, VoidCase, Voided,
};
use crate::layout::AggregateKey;

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
    /// Something has happened to a customer.
    Event(Box<EventCase>),
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
    /// A card is blocked, unblocked or replaced.
    Card(Box<CardCase>),
    /// Somebody has looked at a receipt whose rewards a brake holds.
    Review(Box<ReviewCase>),
    /// A customer wants to be forgotten.
    Erase(Box<EraseCase>),
    /// What an outcome does to a second account is carried out.
    FollowUp(FollowUpCase),
    /// An account becomes part of another one: it sends everything there.
    Merge(Box<MergeCase>),
    /// A customer gives another one points: they are sent.
    Transfer(Box<TransferCase>),
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
    /// To an enrolment: a code is sent to the phone first.
    CodeSent,
    /// To an event: no reward has waited for it; nothing changed.
    NothingWaited,
    /// To a hand-over: the prize is not due any more and stands so; nothing changed.
    Prize(PrizeState),
    /// To the first step of a claim.
    Taking(Taking),
    /// To the close of a day.
    DayPosted,
    /// To a follow-up: it is carried out, now or before.
    CarriedOut,
    /// To anything: the account was merged into another one, and the case is for that one. Nothing was done.
    Moved {
        /// Where it went.
        to: MovedTo,
        /// The case, handed back with the answer.
        case: Option<Box<Case>>,
    },
    /// To a settle: whoever the account was kept for was erased, and the sale is nobody's. Nothing was done.
    Nobodys {
        /// The case, handed back with the answer.
        case: Option<Box<Case>>,
    },
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
        if let Some(to) = draft.moved_to()
            && !self.is_answered_here(draft).await?
        {
            return Ok(CaseAnswer::Moved { to, case: None });
        }
        if draft.account().is_some_and(|account| account.erased_at.is_some())
            && let Some(answer) = self.of_erased(draft).await?
        {
            return Ok(answer);
        }
        self.apply_here(draft).await
    }

    /// What is answered of a customer who was erased; none: what is carried out all the same, since it was carried out before
    /// or only ends what was begun with them.
    async fn of_erased(&self, draft: &mut Draft<'_>) -> Result<Option<CaseAnswer>, Refusal> {
        let id = match self {
            Self::Settle(_) => return Ok(Some(CaseAnswer::Nobodys { case: None })),
            Self::Answers(case) => &case.input.request,
            Self::Confirm(case) => &case.id,
            Self::Event(case) => &case.id,
            Self::HandOver(case) => &case.input.request,
            Self::Adjust(case) => &case.id,
            Self::Card(case) => &case.id,
            Self::Review(case) => &case.id,
            Self::Merge(case) => &case.id,
            Self::Transfer(case) => &case.id,
            Self::Claim(case) => {
                return match draft.claim_outcome(&case.input.receipt).await? {
                    Some(_) => Ok(None),
                    None => Err(erased()),
                };
            }
            Self::Quote(_)
            | Self::Void(_)
            | Self::Return(_)
            | Self::Enrol(_)
            | Self::TakeClaim(_)
            | Self::Day(_)
            | Self::Erase(_)
            | Self::FollowUp(_) => return Ok(None),
        };
        let entry = draft.entry(id).await?;
        match draft.outcome(entry.as_ref(), id).await? {
            Some(_) => Ok(None),
            None => Err(erased()),
        }
    }

    /// The same without a customer; none: it is nothing without one.
    pub(crate) fn of_nobody(self) -> Option<(AggregateKey, Self)> {
        let Self::Settle(mut case) = self else { return None };
        case.customer = None;
        case.no_customer = Some(Flag::CustomerBlocked);
        Some((AggregateKey::Receipt(case.input.receipt.id.clone()), Self::Settle(case)))
    }

    /// What an account that was merged into another one answers all the same: its days, the merge itself, and what was
    /// carried out before under a name that only this account knows.
    async fn is_answered_here(&self, draft: &Draft<'_>) -> Result<bool, Refusal> {
        match self {
            Self::Day(_) | Self::Merge(_) => Ok(true),
            Self::FollowUp(case) => draft.has_outcome(&case.follow_up.id).await,
            Self::Claim(case) => draft.claim_outcome(&case.input.receipt).await.map(|claimed| claimed.is_some()),
            Self::Quote(_)
            | Self::Settle(_)
            | Self::Void(_)
            | Self::Return(_)
            | Self::Enrol(_)
            | Self::Answers(_)
            | Self::Confirm(_)
            | Self::Event(_)
            | Self::HandOver(_)
            | Self::TakeClaim(_)
            | Self::Adjust(_)
            | Self::Card(_)
            | Self::Review(_)
            | Self::Erase(_)
            | Self::Transfer(_) => Ok(false),
        }
    }

    /// The same for the account that has everything now.
    pub(crate) fn moved(mut self, to: &MovedTo) -> Self {
        let rename = |customer: &mut CustomerId| {
            if *customer == to.gone {
                customer.clone_from(&to.survivor);
            }
        };
        match &mut self {
            Self::Quote(case) => {
                case.account.clone_from(&to.account);
                rename(&mut case.customer);
            }
            Self::Settle(case) => case.customer.iter_mut().for_each(rename),
            Self::Void(case) => case.customer.iter_mut().for_each(rename),
            Self::Return(case) => case.customer.iter_mut().for_each(rename),
            Self::Enrol(case) => case.found.move_to(to),
            Self::Answers(case) => case.found.move_to(to),
            Self::Confirm(case) => case.found.move_to(to),
            Self::Event(case) => case.found.move_to(to),
            Self::HandOver(case) => case.found.move_to(to),
            Self::TakeClaim(case) => case.found.move_to(to),
            Self::Claim(case) => case.found.move_to(to),
            Self::Card(case) => case.found.move_to(to),
            Self::Review(case) => case.found.move_to(to),
            Self::Erase(case) => case.found.move_to(to),
            Self::FollowUp(case) => case.move_to(to),
            Self::Day(_) | Self::Adjust(_) | Self::Merge(_) | Self::Transfer(_) => {}
        }
        self
    }

    async fn apply_here(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        match self {
            Self::Quote(case) => case.apply(draft).await.map(|quoted| CaseAnswer::Quoted(Box::new(quoted))),
            Self::Settle(case) => case.apply(draft).await.map(CaseAnswer::Settled),
            Self::Void(case) => case.apply(draft).await.map(CaseAnswer::Voided),
            Self::Return(case) => case.apply(draft).await.map(|returned| CaseAnswer::Returned(Box::new(returned))),
            Self::Enrol(case) => case.apply(draft).await,
            Self::Answers(case) => case.apply(draft).await,
            Self::Confirm(case) => case.apply(draft).await,
            Self::Event(case) => case.apply(draft).await,
            Self::HandOver(case) => case.apply(draft).await,
            Self::TakeClaim(case) => case.apply(draft).await.map(CaseAnswer::Taking),
            Self::Claim(case) => case.apply(draft).await,
            Self::Day(case) => case.apply(draft).await,
            Self::Adjust(case) => case.apply(draft).await,
            Self::Card(case) => case.apply(draft).await,
            Self::Review(case) => case.apply(draft).await,
            Self::Erase(case) => case.apply(draft).await,
            Self::FollowUp(case) => case.apply(draft).await,
            Self::Merge(case) => case.apply(draft).await,
            Self::Transfer(case) => case.apply(draft).await,
        }
    }
}

/// Nothing is done any more for who was forgotten.
pub(super) fn erased() -> Refusal {
    Refusal::fault("customer", "was erased")
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
        let with_case = |answer| match answer {
            CaseAnswer::Moved { to, .. } => CaseAnswer::Moved { to, case: Some(Box::new(self.case)) },
            CaseAnswer::Nobodys { .. } => CaseAnswer::Nobodys { case: Some(Box::new(self.case)) },
            CaseAnswer::Quoted(_)
            | CaseAnswer::Settled(_)
            | CaseAnswer::Voided(_)
            | CaseAnswer::Returned(_)
            | CaseAnswer::Recorded { .. }
            | CaseAnswer::AlreadyKnown
            | CaseAnswer::CodeSent
            | CaseAnswer::NothingWaited
            | CaseAnswer::Prize(_)
            | CaseAnswer::Taking(_)
            | CaseAnswer::DayPosted
            | CaseAnswer::CarriedOut => answer,
        };
        let done = answer.map(|answer| Done {
            answer: with_case(answer),
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
