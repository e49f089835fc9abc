//! Campaigns by when they are on, from a first moment to a last: which of them are on at an instant takes as many looks
//! as there are doublings of the moments, and one for each that is on.

use jiff::Timestamp;

use crate::campaign::Campaign;

/// A tree over the stretches of time between all moments at which one of its campaigns begins or ends. Each campaign lies
/// on the few nodes that together are the stretches in which it is on.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// Ascending. Before the first, between two, and from the last on are the stretches.
    moments: Vec<Timestamp>,
    /// Places of campaigns by node: the root is 1, the children of a node twice its number and the one after.
    nodes: Vec<Vec<u32>>,
}

impl Times {
    /// Of campaigns given by their places.
    pub(super) fn build(campaigns: &[Campaign], places: &[u32]) -> Self {
        let of = |place: u32| usize::try_from(place).ok().and_then(|place| campaigns.get(place)).map(|own| &own.validity);
        let mut moments: Vec<Timestamp> =
            places.iter().filter_map(|place| of(*place)).flat_map(|own| own.from.into_iter().chain(own.until)).collect();
        moments.sort_unstable();
        moments.dedup();
        let mut times = Self { moments, nodes: Vec::new() };
        let leaves = times.leaves();
        times.nodes = vec![Vec::new(); leaves.saturating_mul(2)];
        for place in places {
            let Some(own) = of(*place) else { continue };
            let from = own.from.map_or(0, |from| times.stretch(from));
            let until = own.until.map_or(leaves, |until| times.stretch(until));
            times.add(*place, (leaves.saturating_add(from), leaves.saturating_add(until)));
        }
        times
    }

    pub(super) fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// Places of the campaigns that are on at an instant, each once.
    pub(super) fn on_at(&self, at: Timestamp) -> impl Iterator<Item = u32> {
        let leaf = self.leaves().saturating_add(self.stretch(at));
        let up = std::iter::successors(Some(leaf), |node| Some(node >> 1).filter(|parent| *parent > 0));
        up.filter_map(|node| self.nodes.get(node)).flatten().copied()
    }

    fn leaves(&self) -> usize {
        self.moments.len().saturating_add(1)
    }

    /// The stretch in which an instant lies.
    fn stretch(&self, at: Timestamp) -> usize {
        self.moments.partition_point(|moment| *moment <= at)
    }

    /// Puts a campaign on the nodes that are together the leaves from one up to another without it.
    fn add(&mut self, place: u32, (mut from, mut until): (usize, usize)) {
        while from < until {
            if from & 1 == 1 {
                self.nodes.get_mut(from).into_iter().for_each(|node| node.push(place));
                from = from.saturating_add(1);
            }
            if until & 1 == 1 {
                until = until.saturating_sub(1);
                self.nodes.get_mut(until).into_iter().for_each(|node| node.push(place));
            }
            (from, until) = (from >> 1, until >> 1);
        }
    }
}

/// How many campaigns there are that are on at some moment together with one of them.
#[derive(Debug)]
pub(super) struct Overlaps {
    begin: Vec<Timestamp>,
    end: Vec<Timestamp>,
}

impl Overlaps {
    /// Of all campaigns that begin or end at some moment.
    pub(super) fn of(campaigns: &[Campaign]) -> Self {
        let bounded =
            || campaigns.iter().map(|campaign| &campaign.validity).filter(|own| own.from.is_some() || own.until.is_some());
        let mut begin: Vec<Timestamp> = bounded().map(|own| own.from.unwrap_or(Timestamp::MIN)).collect();
        let mut end: Vec<Timestamp> = bounded().map(|own| own.until.unwrap_or(Timestamp::MAX)).collect();
        begin.sort_unstable();
        end.sort_unstable();
        Self { begin, end }
    }

    /// With this campaign, itself counted; none: it is always on.
    pub(super) fn with(&self, campaign: &Campaign) -> Option<u32> {
        let own = &campaign.validity;
        if own.from.is_none() && own.until.is_none() {
            return None;
        }
        let begun = own.until.map_or(self.begin.len(), |until| self.begin.partition_point(|begin| *begin < until));
        let over = own.from.map_or(0, |from| self.end.partition_point(|end| *end <= from));
        Some(u32::try_from(begun.saturating_sub(over)).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::{Revision, Source};

    #[test]
    fn what_is_on_at_an_instant_is_what_a_scan_finds() {
        let day = |day: u32| format!("2026-01-{:02}", 1 + day);
        let mut text = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n".to_owned();
        for number in 0_u32..40 {
            let (from, until) = (number * 7 % 23, number * 7 % 23 + 1 + number * 5 % 9);
            let valid = match number % 5 {
                0 => format!("from: {}", day(from)),
                1 => format!("until: {}", day(until % 30)),
                _ => format!("from: {}, until: {}", day(from), day(until.min(30))),
            };
            text += &format!("- {{id: c{number}, name: C, priority: {number}, valid: {{{valid}}}, percent_off: 5}}\n");
        }
        let revision = Revision::compile(1, Timestamp::UNIX_EPOCH, &[Source { name: "p".into(), text }]).unwrap().revision;
        let campaigns = revision.campaigns();
        let places: Vec<u32> = (0..u32::try_from(campaigns.len()).unwrap()).collect();
        let (times, overlaps) = (Times::build(campaigns, &places), Overlaps::of(campaigns));
        let start: Timestamp = "2025-12-30T00:00:00Z".parse().unwrap();
        let mut found = 0;
        for hour in 0..35_i64 * 24 {
            for nanosecond in [-1, 0] {
                let at = start + jiff::SignedDuration::from_hours(hour) + jiff::SignedDuration::from_nanos(nanosecond);
                let mut indexed: Vec<u32> = times.on_at(at).collect();
                indexed.sort_unstable();
                let is_on = |campaign: &Campaign| campaign.validity.check(at, || unreachable!()).is_ok();
                let scanned: Vec<u32> =
                    places.iter().copied().filter(|place| is_on(&campaigns[usize::try_from(*place).unwrap()])).collect();
                found += scanned.len();
                assert_eq!(indexed, scanned, "{at}");
                let most = scanned.iter().filter_map(|place| overlaps.with(&campaigns[usize::try_from(*place).unwrap()])).min();
                assert!(most.is_none_or(|most| usize::try_from(most).unwrap() >= scanned.len()), "{at}");
            }
        }
        assert!(found > 5_000, "{found}");
    }
}
