//! One queue for each aggregate: whatever changes an account waits its turn here, and what waits together
//! is handed over together, so that one commit can carry it.
//!
//! INVARIANT: at most one batch of a key is being worked on at any time (H5). Whoever puts the first job of a key
//! into its queue carries the work of that key in their own task until they have their answer, which saves a task
//! for each call; what is left then, or when they hang up before, goes on in a task of its own, so a caller who
//! hangs up never cuts it short (H14).

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hash, RandomState};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;

use tokio::runtime::Handle;

/// Takes the batches of one key after another.
pub(crate) trait Work<K, J>: Send + Sync + 'static {
    /// Works through `jobs`, which are in the order of their arrival, and answers each.
    fn run(&self, key: &K, jobs: Vec<J>) -> impl Future<Output = ()> + Send;
}

/// Too many jobs wait for this aggregate already: try again later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{limit} receipts are waiting for this account already")]
pub(crate) struct QueueFull {
    /// How many may wait.
    pub limit: usize,
}

/// How long queues and batches may grow.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Jobs that may wait for one key.
    pub waiting_max: usize,
    /// Jobs handed over together.
    pub batch_max: usize,
}

/// The queues of all aggregates that have work; an aggregate without any costs nothing.
pub(crate) struct Queues<K, J, W> {
    shards: Box<[Shard<K, J>]>,
    hasher: RandomState,
    limits: QueueLimits,
    work: W,
}

type Shard<K, J> = Mutex<HashMap<K, VecDeque<J>>>;

impl<K, J, W> fmt::Debug for Queues<K, J, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues").field("shards", &self.shards.len()).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl<K, J, W> Queues<K, J, W>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    J: Send + 'static,
    W: Work<K, J>,
{
    /// Queues whose batches go to `work`.
    #[must_use]
    pub(crate) fn new(work: W, limits: QueueLimits) -> Arc<Self> {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Arc::new(Self { shards, hasher: RandomState::new(), limits, work })
    }

    /// Whom the batches go to; tests look at it.
    #[cfg(test)]
    pub(crate) fn work(&self) -> &W {
        &self.work
    }

    /// Puts a job behind the others of its key. The work goes on once the turn is polled or dropped.
    ///
    /// # Errors
    /// [`QueueFull`] where too many wait already (H39): nothing was queued, the job is dropped.
    pub(crate) fn submit(self: &Arc<Self>, key: K, job: J) -> Result<Turn, QueueFull> {
        let mut shard = self.shard(&key).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = shard.get_mut(&key) {
            if waiting.len() >= self.limits.waiting_max {
                return Err(QueueFull { limit: self.limits.waiting_max });
            }
            waiting.push_back(job);
            return Ok(Turn { work: None, runtime: None });
        }
        shard.insert(key.clone(), VecDeque::from([job]));
        drop(shard);
        let queues = Arc::clone(self);
        Ok(Turn { work: Some(Box::pin(queues.drain(key))), runtime: Some(Handle::current()) })
    }

    async fn drain(self: Arc<Self>, key: K) {
        let mut queue = Draining { queues: &self, key: &key, over: false };
        while let Some(batch) = self.take(&key) {
            self.work.run(&key, batch).await;
        }
        queue.over = true;
    }

    /// The next batch, or none where the queue has run empty and was taken away.
    fn take(&self, key: &K) -> Option<Vec<J>> {
        let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = shard.get_mut(key)?;
        if waiting.is_empty() {
            shard.remove(key);
            return None;
        }
        let count = waiting.len().min(self.limits.batch_max);
        Some(waiting.drain(..count).collect())
    }
}

impl<K: Hash, J, W> Queues<K, J, W> {
    fn shard(&self, key: &K) -> &Shard<K, J> {
        let hash = self.hasher.hash_one(key);
        let place = usize::try_from(hash % SHARDS_U64).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "the place is a remainder of the number of shards")]
        &self.shards[place]
    }
}

/// A queue that is being worked through. When the work breaks it goes, so that who waits in it hears so and who
/// comes later begins another.
struct Draining<'a, K: Eq + Hash, J, W> {
    queues: &'a Queues<K, J, W>,
    key: &'a K,
    /// It was taken away when it ran empty; another may be there by now.
    over: bool,
}

impl<K: Eq + Hash, J, W> Drop for Draining<'_, K, J, W> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let left = self.queues.shard(self.key).lock().unwrap_or_else(PoisonError::into_inner).remove(self.key);
        drop(left);
    }
}

/// The work on a key's queue, for whoever submitted its first job; nothing for those behind.
#[must_use = "the caller's own task carries the work, which saves one"]
pub(crate) struct Turn {
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Where it goes on.
    runtime: Option<Handle>,
}

impl Turn {
    /// Works until `answer` is there.
    ///
    /// # Panics
    /// Where the work does: nothing is caught around calls of the storage (H31). It is not gone on with then.
    pub(crate) async fn until<F: Future + Unpin>(mut self, mut answer: F) -> F::Output {
        std::future::poll_fn(|context| {
            self.work_on(context);
            Pin::new(&mut answer).poll(context)
        })
        .await
    }

    fn work_on(&mut self, context: &mut Context<'_>) {
        // Taken out while it is polled: work that panics is not there any more to be gone on with.
        let Some(mut work) = self.work.take() else { return };
        if work.as_mut().poll(context).is_pending() {
            self.work = Some(work);
        }
    }
}

impl Drop for Turn {
    /// Whoever waits behind must not wait for ever.
    fn drop(&mut self) {
        if let (Some(work), Some(runtime)) = (self.work.take(), self.runtime.take()) {
            runtime.spawn(work);
        }
    }
}

/// Enough that two cores seldom meet at one lock.
const SHARDS: usize = 64;
const SHARDS_U64: u64 = 64;

#[cfg(test)]
mod tests;
