//! A few things that were used lately, each made once by whoever asks first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Where a thing is, or will be once it is made: whoever asks meanwhile waits for it, and for nothing else.
pub(super) type Place<V> = Arc<OnceCell<Arc<V>>>;

/// At most so many things; the one that was asked for longest ago goes first.
#[derive(Debug)]
pub(super) struct Lately<K, V> {
    /// The newest last.
    places: Mutex<VecDeque<(K, Place<V>)>>,
    most: usize,
}

impl<K: Copy + PartialEq, V> Lately<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { places: Mutex::default(), most }
    }

    /// The place of a thing, which is used now.
    pub(super) fn place(&self, key: K) -> Place<V> {
        // Places are whole whoever panicked beside them.
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let known = places.iter().position(|(known, _)| *known == key).and_then(|found| places.remove(found));
        if known.is_none() && places.len() >= self.most {
            places.pop_front();
        }
        let place = known.map(|(_, place)| place).unwrap_or_default();
        places.push_back((key, Arc::clone(&place)));
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_longest_ago_goes_first() {
        let lately: Lately<u8, u8> = Lately::new(2);
        for (key, made) in [(1, true), (2, true), (1, false), (3, true), (1, false), (2, true), (3, true)] {
            let place = lately.place(key);
            assert_eq!(place.get().is_none(), made, "{key}");
            let _ = place.set(Arc::new(key));
        }
    }
}
