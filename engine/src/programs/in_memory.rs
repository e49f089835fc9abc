//! What is compiled in memory, by number: at most three at a time, and each one that is missing is made once,
//! however many calls wait for it, and off their threads.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::{Semaphore, watch};

use super::error::ProgramsError;

/// How many there may be: the one in force, the one before, the next one.
pub const IN_MEMORY_MAX: usize = 3;

/// Compiled things by number. Reading one that is there takes no lock.
pub(super) struct InMemory<T> {
    what: &'static str,
    slots: ArcSwap<Vec<Arc<Slot<T>>>>,
    /// Counts what was put in; a slot that is read remembers the count, so that the least used one goes.
    age: AtomicU64,
    state: Mutex<State<T>>,
    /// One is made at a time: what is made has a core and memory for itself, and the tills have the rest.
    making: Arc<Semaphore>,
}

struct Slot<T> {
    number: u64,
    value: Arc<T>,
    used: AtomicU64,
}

struct State<T> {
    /// Those that stay whatever is asked for: the one in force and the next one.
    kept: Vec<u64>,
    flights: BTreeMap<u64, watch::Receiver<Option<Landed<T>>>>,
}

type Landed<T> = Result<Arc<T>, Arc<ProgramsError>>;

impl<T> fmt::Debug for InMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory").field("what", &self.what).field("numbers", &self.numbers()).finish_non_exhaustive()
    }
}

impl<T> InMemory<T> {
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            slots: ArcSwap::from_pointee(Vec::new()),
            age: AtomicU64::new(0),
            state: Mutex::new(State { kept: Vec::new(), flights: BTreeMap::new() }),
            making: Arc::new(Semaphore::new(1)),
        }
    }

    /// The one with this number, where it is there.
    pub(super) fn get(&self, number: u64) -> Option<Arc<T>> {
        let slots = self.slots.load();
        let slot = slots.iter().find(|slot| slot.number == number)?;
        let age = self.age.load(Ordering::Relaxed);
        // Most reads find the age that they would write: no line of the cache moves between cores then.
        if slot.used.load(Ordering::Relaxed) != age {
            slot.used.store(age, Ordering::Relaxed);
        }
        Some(Arc::clone(&slot.value))
    }

    /// Which are there, ascending.
    pub(super) fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.slots.load().iter().map(|slot| slot.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Whether one more would send none away.
    pub(super) fn has_room(&self) -> bool {
        self.slots.load().len() < IN_MEMORY_MAX
    }

    /// Says which stay whatever else is asked for; at most one less than there may be.
    pub(super) fn keep(&self, numbers: impl IntoIterator<Item = u64>) {
        let kept: Vec<u64> = numbers.into_iter().take(IN_MEMORY_MAX - 1).collect();
        self.state.lock().unwrap_or_else(PoisonError::into_inner).kept = kept;
    }

    /// Puts one in; the least used one of those that need not stay goes.
    pub(super) fn put(&self, number: u64, value: Arc<T>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.put_locked(&state, number, value);
    }

    fn put_locked(&self, state: &State<T>, number: u64, value: Arc<T>) {
        let age = self.age.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let mut slots: Vec<Arc<Slot<T>>> =
            self.slots.load().iter().filter(|slot| slot.number != number).map(Arc::clone).collect();
        while slots.len() >= IN_MEMORY_MAX {
            let least = slots
                .iter()
                .enumerate()
                .min_by_key(|(_, slot)| (state.kept.contains(&slot.number), slot.used.load(Ordering::Relaxed)))
                .map(|(place, _)| place);
            slots.remove(least.unwrap_or(0));
        }
        slots.push(Arc::new(Slot { number, value, used: AtomicU64::new(age) }));
        assert!(slots.len() <= IN_MEMORY_MAX, "no more are in memory than may be");
        let count = u32::try_from(slots.len()).unwrap_or(u32::MAX);
        self.slots.store(Arc::new(slots));
        metrics::gauge!("tessera_engine_rules_in_memory", "kind" => self.what).set(f64::from(count));
    }
}

impl<T: Send + Sync + 'static> InMemory<T> {
    /// The one with this number, made by `make` where it is not there. Of many who ask at once one makes it
    /// and all get it; it is made to the end although they stop waiting.
    pub(super) async fn get_or_make<F>(self: &Arc<Self>, number: u64, make: F) -> Result<Arc<T>, ProgramsError>
    where
        F: Future<Output = Result<T, ProgramsError>> + Send + 'static,
    {
        let mut landing = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            // It may have landed between the caller's look and the lock.
            if let Some(there) = self.get(number) {
                return Ok(there);
            }
            // One whose task broke will never land.
            match state.flights.get(&number).filter(|landing| landing.has_changed().is_ok()) {
                Some(landing) => landing.clone(),
                None => {
                    let (sender, landing) = watch::channel(None);
                    state.flights.insert(number, landing.clone());
                    tokio::spawn(Arc::clone(self).fly(number, make, sender));
                    landing
                }
            }
        };
        let landed = landing.wait_for(Option::is_some).await.ok().and_then(|landed| landed.as_ref().cloned());
        match landed {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(ProgramsError::Shared(error)),
            None => Err(ProgramsError::Unreadable { what: self.what, number, why: "the engine is going down".to_owned() }),
        }
    }

    async fn fly<F>(self: Arc<Self>, number: u64, make: F, sender: watch::Sender<Option<Landed<T>>>)
    where
        F: Future<Output = Result<T, ProgramsError>> + Send + 'static,
    {
        // Never closed: whoever holds it is this.
        let turn = self.making.acquire().await.ok();
        let begun = std::time::Instant::now();
        let landed = make.await.map(Arc::new).map_err(Arc::new);
        drop(turn);
        metrics::histogram!("tessera_engine_rules_made_seconds", "kind" => self.what).record(begun.elapsed());
        match &landed {
            Ok(_) => tracing::info!(what = self.what, number, elapsed = ?begun.elapsed(), "made on demand"),
            Err(error) => {
                metrics::counter!("tessera_engine_rules_unreadable_total", "kind" => self.what).increment(1);
                tracing::error!(what = self.what, number, %error, "cannot be made");
            }
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(value) = &landed {
            self.put_locked(&state, number, Arc::clone(value));
        }
        state.flights.remove(&number);
        drop(state);
        sender.send_replace(Some(landed));
    }
}

#[cfg(test)]
mod tests;
