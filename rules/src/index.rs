//! From properties of goods to the campaigns that may be about them: cost follows candidates, not campaigns.

use std::collections::BTreeMap;

use crate::attribute::{AttributeKey, KeyMap, Property};
use crate::campaign::Campaign;
use crate::selector::Clause;

/// Built once per revision. It may name campaigns that do not match; it never leaves out one that does.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Places of campaigns, ascending, by one property that each of their products must have.
    by_property: KeyMap<Vec<u32>>,
    /// Campaigns that ask for no property.
    always: Vec<u32>,
}

impl Index {
    pub(crate) fn build(campaigns: &[Campaign]) -> Self {
        let mut popularity: BTreeMap<AttributeKey, u64> = BTreeMap::new();
        for key in campaigns.iter().flat_map(|campaign| &campaign.on.clauses).flat_map(Clause::keys) {
            let count = popularity.entry(key).or_default();
            *count = count.saturating_add(1);
        }
        let mut index = Self::default();
        for (place, campaign) in (0_u32..).zip(campaigns) {
            match most_selective(&campaign.on.clauses, &popularity) {
                Some(clause) => {
                    for key in clause.keys() {
                        index.by_property.entry(key).or_default().push(place);
                    }
                }
                None => index.always.push(place),
            }
        }
        index
    }

    /// Campaigns to look at for any product.
    pub(crate) fn always(&self) -> &[u32] {
        &self.always
    }

    /// Campaigns to look at for goods with these properties; a place may come twice.
    pub(crate) fn candidates(&self, item: &[Property]) -> impl Iterator<Item = u32> {
        item.iter().filter_map(|property| self.by_property.get(&property.key)).flatten().copied()
    }
}

/// The clause whose properties the fewest campaigns ask for, then the shortest, then the first.
fn most_selective<'c>(clauses: &'c [Clause], popularity: &BTreeMap<AttributeKey, u64>) -> Option<&'c Clause> {
    let cost = |clause: &Clause| clause.keys().map(|key| popularity.get(&key).copied().unwrap_or(0)).max().unwrap_or(0);
    clauses.iter().min_by_key(|clause| (cost(clause), clause.len()))
}
