//! Runs notices beside an engine: reads its feed into the book, and works the book off, until something fails.

use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::book::{Book, BookError};
use super::intake::{Digits, Intake, Known};
use super::worker::{Clock, SystemClock, Worker};
use crate::engine_at::{AddressError, EngineAt};
use crate::follow::batch::next_batch;
use crate::follow::{FollowError, Follower};
use crate::revisions::{RevisionError, Revisions};

/// Longest sleep: a clock that was set is noticed within it.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// How often what is counted is told.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Notices cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The feed cannot be followed.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The book cannot be written.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The engine does not tell what a revision says.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// The engine cannot be called at its address.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// Reads the feed of an engine into a book, for as long as it can.
///
/// # Errors
/// Why it cannot any longer.
pub async fn read(book: Arc<Book>, engine: EngineAt) -> Result<Infallible, RunError> {
    let mut intake = Intake::open(book).await?;
    let mut follower = Follower::new(engine.clone(), intake.read().position(), true)?;
    let mut revisions = Revisions::new(engine)?;
    let mut digits = Digits::new();
    loop {
        // A follower that stays ends by an error alone.
        let Some(batch) = next_batch(&mut follower, None).await? else { continue };
        for revision in Intake::revisions(&batch.responses) {
            if let Entry::Vacant(unknown) = digits.entry(revision) {
                let assets = revisions.assets(revision).await?;
                unknown.insert(assets.into_iter().map(|told| (told.asset, told.digits)).collect());
            }
        }
        intake.take(&batch.responses, Known { digits: &digits, now: SystemClock.now() }).await?;
    }
}

/// Works a book off until it is told to close. What is on its way to a provider is waited for: a stop that is meant leaves no message
/// of unknown fate.
///
/// # Errors
/// Its storage failed.
pub async fn work(mut worker: Worker, mut closing: watch::Receiver<bool>) -> Result<(), RunError> {
    let book = Arc::clone(worker.book());
    let mut told_at: Option<Instant> = None;
    while !*closing.borrow_and_update() {
        let wake = worker.pass().await?;
        if told_at.is_none_or(|told_at| told_at.elapsed() >= TOLD_EVERY) {
            told_at = Some(Instant::now());
            tell(&book).await?;
        }
        let pause = Duration::try_from(wake.duration_since(SystemClock.now())).unwrap_or(Duration::ZERO).min(SLEEP_MAX);
        tokio::select! {
            () = sleep(pause) => {}
            () = book.moved() => {}
            // Whoever could say so is gone: that is an end too.
            closed = closing.changed() => if closed.is_err() { break },
        }
    }
    Ok(())
}

async fn tell(book: &Book) -> Result<(), BookError> {
    for (name, count) in book.counts().await? {
        let count = f64::from(i32::try_from(count).unwrap_or(i32::MAX));
        gauge!("notices", "state" => name).set(count);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tasks_may_run_on_any_thread() {
        fn may<T: Send>(_: impl FnOnce(Arc<Book>, Worker) -> T) {}
        may(|book, _| read(book, EngineAt::from("")));
        may(|_, worker| work(worker, watch::Sender::new(false).subscribe()));
    }
}
