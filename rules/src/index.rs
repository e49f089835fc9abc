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
        for key in campaigns.iter().flat_map(clauses_of).flat_map(Clause::keys) {
            let count = popularity.entry(key).or_default();
            *count = count.saturating_add(1);
        }
        let mut index = Self::default();
        for (place, campaign) in (0_u32..).zip(campaigns) {
            let mut keys: Vec<AttributeKey> = found_by(campaign, &popularity).into_iter().flat_map(Clause::keys).collect();
            keys.sort_unstable();
            keys.dedup();
            if keys.is_empty() {
                index.always.push(place);
            }
            for key in keys {
                index.by_property.entry(key).or_default().push(place);
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

/// Every clause that products of a campaign must satisfy.
fn clauses_of(campaign: &Campaign) -> impl Iterator<Item = &Clause> {
    let groups = campaign.mechanic.groups().iter().filter_map(|group| group.on.as_ref());
    campaign.on.clauses.iter().chain(groups.flat_map(|on| &on.clauses))
}

/// The clauses of which every receipt that the campaign may be about satisfies one; empty: it may be about any.
///
/// A set needs goods of all its groups, but who has goods of one of them has nearly missed it.
fn found_by<'c>(campaign: &'c Campaign, popularity: &BTreeMap<AttributeKey, u64>) -> Vec<&'c Clause> {
    if let Some(clause) = most_selective(&campaign.on.clauses, popularity) {
        return vec![clause];
    }
    let groups = campaign.mechanic.groups().iter().filter_map(|group| group.on.as_ref());
    groups.filter_map(|on| most_selective(&on.clauses, popularity)).collect()
}

/// The clause whose properties the fewest campaigns ask for, then the shortest, then the first.
fn most_selective<'c>(clauses: &'c [Clause], popularity: &BTreeMap<AttributeKey, u64>) -> Option<&'c Clause> {
    let cost = |clause: &Clause| clause.keys().map(|key| popularity.get(&key).copied().unwrap_or(0)).max().unwrap_or(0);
    clauses.iter().min_by_key(|clause| (cost(clause), clause.len()))
}

#[cfg(test)]
mod tests {
    use crate::attribute::{CATEGORY, Property, SKU};
    use crate::receipt::Measure;
    use crate::revision::{Revision, Source};

    /// Every kind of selector, alone and in groups.
    const CAMPAIGNS: [&str; 12] = [
        "percent_off: 5",
        "on: {sku: A}, percent_off: 5",
        "on: {sku: [A, B], category: food}, percent_off: 5",
        "on: {category: food/pasta, except: {sku: A}}, percent_off: 5",
        "on: {attribute: {brand: [X, Y], kind: bottle}}, percent_off: 5",
        "on: {except: {sku: A}}, percent_off: 5",
        "price_list: {A: 1.00, C: 2.00}",
        "buy_get: {buy: {on: {sku: A}}, get: {on: {sku: B}, free: true}}",
        "buy_get: {buy: {on: {category: food}}, get: {free: true}}",
        "on: {attribute: {brand: X}}, mix_and_match: {groups: [{on: {sku: A}}, {on: {category: food}}], price: 1.00}",
        "bundle: {groups: [{on: {sku: A}}, {on: {attribute: {kind: bottle}}, units: 2}], percent_off: 5}",
        "offer: {to: {sku: A}, suggest: {sku: C}}",
    ];

    #[test]
    fn the_index_leaves_out_no_campaign_that_a_naive_scan_finds() {
        let campaigns: String = CAMPAIGNS
            .iter()
            .enumerate()
            .map(|(number, campaign)| format!("- {{id: c{number}, name: N, priority: {number}, {campaign}}}\n"))
            .collect();
        let text = format!("program: p\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n{campaigns}");
        let source = Source { name: "p".into(), text };
        let revision = Revision::compile(1, jiff::Timestamp::UNIX_EPOCH, &[source]).unwrap().revision;
        let mut found = 0;
        for bits in 0_u32..64 {
            let has = |bit: u32| bits & (1 << bit) != 0;
            let mut item = vec![Property::new(SKU, ["A", "B", "C", "D"][usize::try_from(bits % 4).unwrap()])];
            for (bit, name, value) in
                [(2, CATEGORY, "food"), (3, CATEGORY, "food/pasta"), (4, "brand", "X"), (5, "kind", "bottle")]
            {
                if has(bit) {
                    item.push(Property::new(name, value));
                }
            }
            let mut indexed: Vec<usize> =
                revision.index().candidates(&item).map(|place| usize::try_from(place).unwrap()).collect();
            indexed.extend(revision.index().always().iter().map(|place| usize::try_from(*place).unwrap()));
            for (place, campaign) in revision.campaigns().iter().enumerate() {
                if campaign.is_about(&item, Measure::Counted) {
                    found += 1;
                    // Goods of a group that says nothing of its own are found by the other groups' goods.
                    let by_others = campaign.mechanic.groups().iter().any(|group| group.on.is_none());
                    assert!(indexed.contains(&place) || by_others, "{} {item:?}", campaign.id());
                }
            }
        }
        assert!(found > 200, "{found}");
        assert_eq!(revision.index().always().len(), 2, "only what asks for nothing is always looked at");
    }
}
