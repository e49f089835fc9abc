//! What was used lately, in memory, bounded by number.
//!
//! Two generations: what is used goes into the young one, and when that is full it becomes the old one, and
//! what was old is let go. So nothing that was among the last half of the bound to be used is ever missing,
//! and a look-up costs one lock that two callers seldom meet at.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Enough that two cores seldom meet at one lock.
const SHARDS: usize = 64;
const SHARDS_U64: u64 = 64;

/// Values by key; at most as many as it was made for.
pub(crate) struct Recent<K, V> {
    shards: Box<[Mutex<Shard<K, V>>]>,
    hasher: RandomState,
    /// Of one generation in one shard.
    entries_max: usize,
}

struct Shard<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("entries_max", &self.entries_max).finish_non_exhaustive()
    }
}

impl<K, V> Recent<K, V>
where
    K: Eq + Hash,
    V: Clone,
{
    /// Room for so many values, a few at least.
    pub(crate) fn new(entries_max: u64) -> Self {
        let each = usize::try_from(entries_max / (2 * SHARDS_U64)).unwrap_or(usize::MAX);
        let shard = || Mutex::new(Shard { young: HashMap::new(), old: HashMap::new() });
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), hasher: RandomState::new(), entries_max: each.max(1) }
    }

    /// The value as last put.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut shard = self.shard(key);
        if let Some(value) = shard.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = shard.old.remove_entry(key)?;
        let answer = value.clone();
        let gone = shard.insert(key, value, self.entries_max);
        drop(shard);
        drop(gone);
        Some(answer)
    }

    /// Puts a value, unless `keep` says of the one that is there that it stays.
    pub(crate) fn put<Q>(&self, key: &Q, value: V, keep: impl FnOnce(&V) -> bool)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let mut shard = self.shard(key);
        if let Some(present) = shard.young.get_mut(key) {
            // What is replaced is let go after the lock.
            let gone = if keep(present) { value } else { mem::replace(present, value) };
            drop(shard);
            drop(gone);
            return;
        }
        let (key, value) = match shard.old.remove_entry(key) {
            Some((key, present)) if keep(&present) => (key, present),
            Some((key, _)) => (key, value),
            None => (key.to_owned(), value),
        };
        let gone = shard.insert(key, value, self.entries_max);
        drop(shard);
        drop(gone);
    }

    /// Forgets a value.
    pub(crate) fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut shard = self.shard(key);
        let gone = (shard.young.remove(key), shard.old.remove(key));
        drop(shard);
        drop(gone);
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> MutexGuard<'_, Shard<K, V>> {
        let place = usize::try_from(self.hasher.hash_one(key) % SHARDS_U64).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "the place is a remainder of the number of shards")]
        self.shards[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Shard<K, V> {
    /// Puts into the young generation what is in neither. Answers what is to be let go.
    fn insert(&mut self, key: K, value: V, entries_max: usize) -> HashMap<K, V> {
        let gone = if self.young.len() >= entries_max {
            mem::replace(&mut self.old, mem::take(&mut self.young))
        } else {
            HashMap::new()
        };
        self.young.insert(key, value);
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_used_lately_and_never_more_than_its_bound() {
        let recent: Recent<String, u32> = Recent::new(1_280);
        for number in 0..100_000_u32 {
            recent.put(number.to_string().as_str(), number, |_| false);
            assert_eq!(recent.get("0"), Some(0), "it is used all the time");
        }
        let held = (0..100_000_u32).filter(|number| recent.get(number.to_string().as_str()).is_some()).count();
        assert!((64..=1_280).contains(&held), "{held}");
        recent.forget("0");
        assert_eq!(recent.get("0"), None);
    }

    #[test]
    fn what_is_to_be_kept_stays_in_either_generation() {
        let recent: Recent<String, u32> = Recent::new(128);
        recent.put("a", 5, |_| false);
        recent.put("a", 4, |present| *present > 4);
        assert_eq!(recent.get("a"), Some(5));
        for number in 0..64_u32 {
            recent.put(format!("other {number}").as_str(), number, |_| false);
        }
        recent.put("a", 4, |present| *present > 4);
        assert!(recent.get("a").is_none_or(|value| value >= 4));
        recent.put("a", 6, |present| *present > 6);
        assert_eq!(recent.get("a"), Some(6));
    }
}
