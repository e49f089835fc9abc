//! The desk: where everything that changes an aggregate is worked through, batch by batch.
//!
//! A batch is applied to a draft one case after another by pure functions, written by one conditional
//! commit, and only then answered. When the commit finds another version the whole batch is worked
//! through again on what is there now; a case whose outcome is stored by then answers as a repeat, which is
//! also how a commit of unknown fate is resolved.

mod adjust;
mod answers;
mod as_decided;
mod bonus;
mod by_pack;
mod card;
mod case;
mod claim;
mod confirm;
mod day;
mod draft;
mod enrol;
mod erase;
mod event;
mod follow_up;
mod hand_over;
mod merge;
mod promised;
mod quote;
mod reprice;
mod return_goods;
mod review;
mod settle;
mod transfer;
mod void;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tessera_contract::refusal::Refusal;
use tessera_storage::{CommitError, Committed};

pub(crate) use adjust::AdjustCase;
pub(crate) use answers::AnswersCase;
pub(crate) use bonus::Referrer;
pub(crate) use by_pack::ByPack;
pub(crate) use card::{CardAct, CardCase};
pub(crate) use case::{Carried, Case, CaseAnswer, Done, Job};
pub(crate) use claim::{ClaimCase, TakeClaimCase, Taking};
pub(crate) use confirm::ConfirmCase;
pub(crate) use day::DayCase;
pub(crate) use draft::Draft;
pub(crate) use enrol::EnrolCase;
pub(crate) use erase::{CUSTOMER as ERASED, EraseCase, names};
pub(crate) use event::EventCase;
pub(crate) use follow_up::FollowUpCase;
pub(crate) use hand_over::HandOverCase;
pub(crate) use merge::{MergeCase, UniteNames, last_merged};
pub(crate) use promised::{Issuer, Promised};
pub(crate) use quote::{Asked, Decided, QuoteCase, Quoted, before_quote, evaluate_anonymous, evaluate_quote, needs_desk};
pub(crate) use return_goods::{ReturnCase, Returned, preview};
pub(crate) use review::ReviewCase;
pub(crate) use settle::{SettleCase, Settled};
pub(crate) use transfer::TransferCase;
pub(crate) use void::{VoidCase, Voided};

use crate::core::Core;
use crate::layout::AggregateKey;
use crate::queue::Work;

/// How often a batch is worked through when its commit finds another version (H40).
const ATTEMPTS_MAX: u32 = 4;
/// What is waited before the next attempt, times the number of the attempt.
const BACK_OFF: Duration = Duration::from_millis(5);

/// Works through the batches of all aggregates.
#[derive(Debug)]
pub(crate) struct Desk {
    core: Arc<Core>,
}

/// How a batch went.
enum Batch {
    /// Each case's answer, in the order of the jobs.
    Answered(Vec<Result<CaseAnswer, Refusal>>, Option<Written>),
    /// The commit found another version or its fate is unknown: once more.
    Again,
    /// None of the cases was carried out.
    Refused(Refusal),
}

struct Written {
    committed: Committed,
    commit_time: Duration,
}

impl Desk {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    async fn work_through(&self, key: &AggregateKey, jobs: &[Job]) -> Batch {
        // A day is closed between two batches, never within one.
        let open_from = self.core.ledger.enter().await;
        let mut draft = match Draft::open(&self.core, key, *open_from).await {
            Ok(draft) => draft,
            Err(refusal) => return Batch::Refused(refusal),
        };
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            let before = draft.clone();
            let answer = job.case.apply(&mut draft).await;
            if answer.is_err() {
                draft = before;
            }
            answers.push(answer);
        }
        let Some(commit) = draft.to_commit() else { return Batch::Answered(answers, None) };
        let begun = Instant::now();
        match self.core.storage.commit(commit).await {
            Ok(committed) => {
                draft.remember(committed.version);
                Batch::Answered(answers, Some(Written { committed, commit_time: begun.elapsed() }))
            }
            Err(CommitError::Conflict { .. } | CommitError::ClaimTaken { .. }) => {
                draft.forget();
                Batch::Again
            }
            Err(CommitError::Unknown(_)) => {
                draft.doubt();
                draft.forget();
                Batch::Again
            }
            Err(CommitError::Busy) => Batch::Refused(Refusal::TooManyWaiting { retry_after: BACK_OFF }),
            Err(CommitError::Storage(error)) => Batch::Refused(self.core.storage_refusal(&error)),
            Err(error @ CommitError::TooLarge { .. }) => {
                Batch::Refused(self.core.internal(&format!("a commit was refused: {error}")))
            }
        }
    }
}

impl Work<AggregateKey, Job> for Desk {
    async fn run(&self, key: &AggregateKey, jobs: Vec<Job>) {
        let begun = Instant::now();
        for attempt in 1..=ATTEMPTS_MAX {
            match self.work_through(key, &jobs).await {
                Batch::Answered(answers, written) => {
                    let account = self.core.known(key);
                    for (job, answer) in jobs.into_iter().zip(answers) {
                        job.answer(answer, written.as_ref().map(|w| (w.committed, w.commit_time)), account.clone(), begun);
                    }
                    return;
                }
                Batch::Refused(refusal) => {
                    for job in jobs {
                        job.refuse(refusal.clone());
                    }
                    return;
                }
                Batch::Again => tokio::time::sleep(BACK_OFF.saturating_mul(attempt)).await,
            }
        }
        metrics::counter!("tessera_engine_unknown_total").increment(1);
        for job in jobs {
            job.refuse(Refusal::OutcomeUnknown);
        }
    }
}
