//! What was used lately, in memory, bounded by number: two generations, of which the older is let go.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// Values by key. What was put or taken among the last half of the bound is there.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    each_max: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// Room for so many values, two at least.
    pub(super) fn new(entries_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), each_max: entries_max.div_euclid(2).max(1) }
    }

    /// Takes a value out: whoever changes it puts it back.
    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        self.young.remove(key).or_else(|| self.old.remove(key))
    }

    /// Puts a value in.
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.each_max {
            self.old = mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_last_is_there_and_the_number_is_bounded() {
        let mut recent = Recent::new(10);
        for number in 0..100_u32 {
            recent.put(number, number);
            assert!(recent.young.len() + recent.old.len() <= 10, "{number}");
            for late in number.saturating_sub(4)..=number {
                let value = recent.take(&late);
                assert_eq!(value, Some(late), "{late} of {number}");
                recent.put(late, late);
            }
        }
        assert_eq!(recent.take(&0), None);
    }
}
