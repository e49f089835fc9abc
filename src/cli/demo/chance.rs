//! Numbers that look like chance and are the same for the same seed: what a demo shows can be shown again.

use std::fmt;

use blake3::OutputReader;

/// An endless row of numbers.
pub(super) struct Chance(OutputReader);

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chance").finish_non_exhaustive()
    }
}

impl Chance {
    /// The row of one till under a seed.
    pub(super) fn new(seed: u64, till: usize) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"tessera demo 1");
        hasher.update(&seed.to_le_bytes());
        hasher.update(format!("/{till}").as_bytes());
        Self(hasher.finalize_xof())
    }

    /// A number from 0 on, below `end`; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        let wide = u64::from_le_bytes(bytes);
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        wide.checked_rem(end).and_then(|rest| usize::try_from(rest).ok()).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_till_give_the_same_row_and_others_another() {
        let row = |seed, till| {
            let mut chance = Chance::new(seed, till);
            (0..8).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(row(1, 2), row(1, 2));
        assert_ne!(row(1, 2), row(1, 3));
        assert_ne!(row(1, 2), row(2, 2));
    }

    #[test]
    fn nothing_to_choose_from_is_no_fault() {
        let mut chance = Chance::new(0, 0);
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.pick::<u8>(&[]), None);
        assert!((0..50).all(|_| chance.percent(100)));
        assert!((0..50).all(|_| !chance.percent(0)));
    }
}
