//! What was used lately, in memory, bounded by number.
//!
//! Keys are dealt over shards by their hash, so that a look-up costs one lock that two callers seldom meet at.
//! Each shard has two generations: what is used goes into the young one, and when that is full it becomes the
//! old one, and what was old is let go. So within a shard nothing that was among the last half of its bound to
//! be used is missing; over all shards that holds as far as the hash deals evenly.

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
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(Shard::new())).collect(),
            hasher: RandomState::new(),
            entries_max: each.max(1),
        }
    }

    /// The value as last put.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut shard = self.shard(key);
        let (answer, gone) = shard.get(key, self.entries_max);
        drop(shard);
        drop(gone);
        answer
    }

    /// Puts a value, unless `keep` says of the one that is there that it stays.
    pub(crate) fn put<Q>(&self, key: &Q, value: V, keep: impl FnOnce(&V) -> bool)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let mut shard = self.shard(key);
        let gone = shard.put(key, value, keep, self.entries_max);
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

/// A generation that is let go after the lock; empty, and without memory, where none is.
type LetGo<K, V> = HashMap<K, V>;

impl<K: Eq + Hash, V: Clone> Shard<K, V> {
    fn new() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }

    /// The value as last put, which is young from now on.
    fn get<Q>(&mut self, key: &Q, entries_max: usize) -> (Option<V>, LetGo<K, V>)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(value) = self.young.get(key) {
            return (Some(value.clone()), HashMap::new());
        }
        let Some((key, value)) = self.old.remove_entry(key) else { return (None, HashMap::new()) };
        let answer = value.clone();
        (Some(answer), self.insert(key, value, entries_max))
    }

    /// Puts a value, unless `keep` says of the one that is there that it stays. Answers which of the two goes.
    fn put<Q>(&mut self, key: &Q, value: V, keep: impl FnOnce(&V) -> bool, entries_max: usize) -> (Option<V>, LetGo<K, V>)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(present) = self.young.get_mut(key) {
            let gone = if keep(present) { value } else { mem::replace(present, value) };
            return (Some(gone), LetGo::new());
        }
        let (key, value, gone) = match self.old.remove_entry(key) {
            Some((key, present)) if keep(&present) => (key, present, Some(value)),
            Some((key, present)) => (key, value, Some(present)),
            None => (key.to_owned(), value, None),
        };
        (gone, self.insert(key, value, entries_max))
    }

    /// Puts into the young generation what is in neither. Answers what is to be let go.
    fn insert(&mut self, key: K, value: V, entries_max: usize) -> LetGo<K, V> {
        let gone = if self.young.len() >= entries_max {
            mem::replace(&mut self.old, mem::take(&mut self.young))
        } else {
            HashMap::new()
        };
        self.young.insert(key, value);
        assert!(self.young.len() <= entries_max && self.old.len() <= entries_max, "no generation is larger than it may be");
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: usize = 4;

    fn put(shard: &mut Shard<String, u32>, key: u32, value: u32) {
        shard.put(key.to_string().as_str(), value, |_| false, EACH);
    }

    fn get(shard: &mut Shard<String, u32>, key: u32) -> Option<u32> {
        shard.get(key.to_string().as_str(), EACH).0
    }

    #[test]
    fn a_shard_holds_the_last_half_of_its_bound_to_be_used_and_never_more_than_its_bound() {
        let mut shard = Shard::new();
        let mut used: Vec<u32> = Vec::new();
        let mut state = 1_u32;
        for step in 0..20_000_u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Few keys for a while, then many: both that hold and that are let go.
            let key = (state >> 16) % if step % 100 < 50 { 5 } else { 40 };
            let lately = used.iter().rev().take(EACH).any(|lately| *lately == key);
            let found = get(&mut shard, key);
            assert!(!lately || found == Some(key + 1), "step {step}: {key} was used lately and is missing");
            if found.is_none() {
                put(&mut shard, key, key + 1);
            }
            used.retain(|before| *before != key);
            used.push(key);
            assert!(shard.young.len() + shard.old.len() <= 2 * EACH, "step {step}");
        }
    }

    #[test]
    fn what_is_not_used_is_let_go_with_its_generation() {
        let mut shard = Shard::new();
        for key in 0..4 {
            put(&mut shard, key, key);
        }
        // The first four are old from here on; one of them is used again.
        put(&mut shard, 4, 4);
        assert_eq!(get(&mut shard, 0), Some(0));
        for key in 5..8 {
            put(&mut shard, key, key);
        }
        let held: Vec<u32> = (0..8).filter(|key| shard.get(key.to_string().as_str(), 100).0.is_some()).collect();
        assert_eq!(held, [0, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_to_be_kept_stays_in_either_generation() {
        for pushed_out in [0, 4] {
            let mut shard = Shard::new();
            put(&mut shard, 100, 5);
            // So many more, and it is in the old generation.
            for key in 0..pushed_out {
                put(&mut shard, key, 0);
            }
            assert_eq!(shard.old.contains_key("100"), pushed_out > 0);
            let older = shard.put("100", 4, |present| *present > 4, EACH);
            assert_eq!((older.0, get(&mut shard, 100)), (Some(4), Some(5)), "an older one does not replace it");
            let newer = shard.put("100", 6, |present| *present > 6, EACH);
            assert_eq!((newer.0, get(&mut shard, 100)), (Some(5), Some(6)));
            assert!(shard.young.contains_key("100") && !shard.old.contains_key("100"));
        }
    }

    #[test]
    fn over_all_shards_it_is_bounded_and_forgets() {
        let recent: Recent<String, u32> = Recent::new(1_280);
        for number in 0..10_000_u32 {
            recent.put(number.to_string().as_str(), number, |_| false);
            assert_eq!(recent.get("0"), Some(0), "it is used all the time");
        }
        let held: usize = recent.shards.iter().map(|shard| shard.lock().unwrap()).map(|s| s.young.len() + s.old.len()).sum();
        assert!((640..=1_280).contains(&held), "{held}");
        recent.forget("0");
        assert_eq!(recent.get("0"), None);
    }
}
