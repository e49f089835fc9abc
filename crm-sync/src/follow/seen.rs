//! Which outcomes were handed out lately, by commit sequence and id.

use std::collections::{BTreeSet, VecDeque};

/// How many outcomes are remembered. What is sent twice lies within one commit, or within what a broken stream
/// had under way; both are far below this.
const SEEN_MAX: usize = 8_192;

type Key = (u64, Box<str>);

/// A bounded memory: the oldest is forgotten first.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: BTreeSet<Key>,
    oldest_first: VecDeque<Key>,
}

impl Seen {
    /// Whether this outcome is seen for the first time; remembers it.
    pub(super) fn first(&mut self, sequence: u64, outcome_id: &str) -> bool {
        let key: Key = (sequence, outcome_id.into());
        if !self.keys.insert(key.clone()) {
            return false;
        }
        self.oldest_first.push_back(key);
        if self.oldest_first.len() > SEEN_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let mut seen = Seen::default();
        for sequence in 0..20_000 {
            assert!(seen.first(sequence, "a"));
        }
        assert_eq!((seen.keys.len(), seen.oldest_first.len()), (SEEN_MAX, SEEN_MAX));
        assert!(!seen.first(19_999, "a"), "the newest is remembered");
        assert!(seen.first(19_999, "b"), "the id counts too");
        assert!(seen.first(0, "a"), "the oldest is forgotten");
    }
}
