//! Splits the accounts over threads. Each thread counts for itself, and what they counted is added up: sums of whole
//! numbers and a list with one order, so the answer is the same for any number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::ProgressBar;

use super::history::{Context, Counted, replay};
use super::names::Names;
use super::plan::Plan;
use super::side::Side;
use super::{Both, Question, SimulateError, Which};

/// Accounts that a thread takes at once: few enough that none waits long for the last one.
const ACCOUNTS_AT_ONCE: usize = 16;

/// Replays all accounts.
///
/// # Errors
/// The receipt that cannot be and stands first in the files, of those that were met.
pub(crate) fn run(question: &Question, names: &Names, plan: &Plan, bar: &ProgressBar) -> Result<Counted, SimulateError> {
    let side = |which: Which| Side::new(question, names, which);
    let context =
        Context { names, plan, lists: &question.lists, sides: Both { current: side(Which::Current), draft: side(Which::Draft) } };
    let next = AtomicUsize::new(0);
    let work = || take_turns(&context, &next, bar);
    let ended: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (1..question.threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mine = work();
        let theirs = threads.into_iter().map(|thread| thread.join().map_err(|_| (0, SimulateError::Thread)));
        std::iter::once(mine).chain(theirs.map(|ended| ended.and_then(|ended| ended))).collect()
    });
    let mut counted = Counted::new(names, plan);
    let mut fault: Option<(usize, SimulateError)> = None;
    for ended in ended {
        match ended {
            Ok(more) => counted.add(more),
            Err(other) if fault.as_ref().is_none_or(|fault| other.0 < fault.0) => fault = Some(other),
            Err(_) => {}
        }
    }
    match fault {
        Some((_, error)) => Err(error),
        None => Ok(counted),
    }
}

/// One thread: takes the next accounts until none is left.
fn take_turns(context: &Context<'_>, next: &AtomicUsize, bar: &ProgressBar) -> Result<Counted, (usize, SimulateError)> {
    let mut counted = Counted::new(context.names, context.plan);
    loop {
        let from = next.fetch_add(ACCOUNTS_AT_ONCE, Ordering::Relaxed);
        let accounts = context.plan.accounts.iter().skip(from).take(ACCOUNTS_AT_ONCE);
        if accounts.len() == 0 {
            return Ok(counted);
        }
        let mut receipts: usize = 0;
        for account in accounts {
            replay(context, account, &mut counted)?;
            receipts = receipts.saturating_add(account.receipts.len());
        }
        bar.inc(u64::try_from(receipts).unwrap_or(u64::MAX));
    }
}
