//! An ordered map whose keys mostly come in their order, in as little memory as what it holds: the standard library's leaves
//! every node of such a map half empty. Pages hold up to 64 entries and are full where keys only grow.

use std::collections::BTreeMap;

/// Entries of a page; a power of two, which is what a growing vector has room for.
const PAGE: usize = 64;

/// A map; `Pages<K, ()>` is a set.
#[derive(Debug)]
pub(super) struct Pages<K, V> {
    /// By a key that none of the page's own is below; never empty ones.
    pages: BTreeMap<K, Vec<(K, V)>>,
    count: usize,
}

impl<K, V> Default for Pages<K, V> {
    fn default() -> Self {
        Self { pages: BTreeMap::new(), count: 0 }
    }
}

impl<K: Copy + Ord, V> Pages<K, V> {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let (_, page) = self.pages.range(..=key).next_back()?;
        let place = page.binary_search_by_key(key, |(key, _)| *key).ok()?;
        page.get(place).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (_, page) = self.pages.range_mut(..=key).next_back()?;
        let place = page.binary_search_by_key(key, |(key, _)| *key).ok()?;
        page.get_mut(place).map(|(_, value)| value)
    }

    /// Puts a value under its key, in place of another one.
    pub(super) fn insert(&mut self, key: K, value: V) {
        let page = self.page_for(key);
        match page.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(place) => {
                if let Some(entry) = page.get_mut(place) {
                    entry.1 = value;
                }
                return;
            }
            Err(place) if page.len() < PAGE => page.insert(place, (key, value)),
            // A key behind all of a full page begins the next one; else the page's upper half does.
            Err(PAGE) => {
                self.pages.insert(key, vec![(key, value)]);
            }
            Err(place) => {
                let mut upper = page.split_off(PAGE / 2);
                match place.checked_sub(PAGE / 2) {
                    None | Some(0) => page.insert(place, (key, value)),
                    Some(place) => upper.insert(place, (key, value)),
                }
                if let Some(first) = upper.first().map(|(key, _)| *key) {
                    self.pages.insert(first, upper);
                }
            }
        }
        self.count = self.count.saturating_add(1);
    }

    /// The page in whose range a key is; the first one reaches down to whatever is below it.
    fn page_for(&mut self, key: K) -> &mut Vec<(K, V)> {
        let floor = self.pages.range(..=key).next_back().map(|(floor, _)| *floor);
        let floor = floor.unwrap_or_else(|| {
            let first = self.pages.pop_first().map(|(_, page)| page);
            self.pages.insert(key, first.unwrap_or_default());
            key
        });
        self.pages.entry(floor).or_default()
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (floor, page) = self.pages.range_mut(..=key).next_back()?;
        let place = page.binary_search_by_key(key, |(key, _)| *key).ok()?;
        let (_, value) = page.remove(place);
        if page.is_empty() {
            let floor = *floor;
            self.pages.remove(&floor);
        } else if page.len() * 4 < page.capacity() {
            // What is delivered out of order must not keep the room of what is gone.
            page.shrink_to(page.len() * 2);
        }
        self.count = self.count.saturating_sub(1);
        Some(value)
    }

    /// Of all the one with the least key.
    pub(super) fn first(&self) -> Option<(&K, &V)> {
        self.pages.first_key_value()?.1.first().map(|(key, value)| (key, value))
    }

    /// Of those at or above a key the one with the least.
    pub(super) fn from(&self, key: K) -> Option<(&K, &V)> {
        let below = self.pages.range(..=key).next_back().map(|(_, page)| page);
        let above = self.pages.range(key..).map(|(_, page)| page);
        below.into_iter().chain(above).find_map(|page| {
            let place = page.partition_point(|(other, _)| *other < key);
            page.get(place).map(|(key, value)| (key, value))
        })
    }

    /// All, least first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.pages.values().flatten().map(|(key, value)| (key, value))
    }

    /// Bytes of the room that its pages take.
    #[cfg(test)]
    fn room(&self) -> usize {
        self.pages.values().map(|page| page.capacity() * size_of::<(K, V)>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16, u8),
        Remove(u16),
        From(u16),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let key = || 0_u16..600;
        let step = prop_oneof![
            4 => (key(), any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
            2 => key().prop_map(Step::Remove),
            1 => key().prop_map(Step::From),
        ];
        prop::collection::vec(step, 0..1_500)
    }

    proptest! {
        #[test]
        fn pages_are_a_map_as_that_of_the_standard_library(steps in steps(), rising in any::<bool>()) {
            let (mut pages, mut twin) = (Pages::default(), BTreeMap::new());
            if rising {
                for key in 100..500 {
                    pages.insert(key, 0);
                    twin.insert(key, 0);
                }
            }
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        pages.insert(key, value);
                        twin.insert(key, value);
                    }
                    Step::Remove(key) => prop_assert_eq!(pages.remove(&key), twin.remove(&key)),
                    Step::From(key) => prop_assert_eq!(pages.from(key), twin.range(key..).next()),
                }
                prop_assert_eq!(pages.first(), twin.first_key_value());
                prop_assert_eq!(pages.len(), twin.len());
            }
            prop_assert!(pages.iter().eq(twin.iter()));
            for key in 0..600 {
                prop_assert_eq!(pages.get(&key), twin.get(&key));
                prop_assert_eq!(pages.get_mut(&key), twin.get_mut(&key));
            }
        }
    }

    #[test]
    fn keys_that_rise_take_the_room_that_they_need_and_removed_ones_none() {
        let mut pages = Pages::default();
        for key in 0_u64..64_000 {
            pages.insert(key, [0_u8; 8]);
        }
        assert_eq!(pages.room(), 64_000 * 16);
        for key in (0..64_000).filter(|key| key % 16 != 0) {
            pages.remove(&key);
        }
        assert!(pages.room() <= 4_000 * 16 * 4, "{} bytes for 4,000 entries", pages.room());
    }
}
