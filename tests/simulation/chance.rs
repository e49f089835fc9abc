//! Chance from a seed.

use std::time::Duration;

/// A row of numbers that looks like chance and is the same for a seed (`SplitMix64`).
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Another row for another part of the play, so that none changes what the others do.
    pub(super) fn part(&self, part: u64) -> Self {
        Self(self.0 ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to below this.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Of so many once.
    pub(super) fn once_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// Milliseconds from and below.
    pub(super) fn millis(&mut self, from: u64, end: u64) -> Duration {
        Duration::from_millis(from + self.below(end - from))
    }
}
