//! From properties of goods, from what a receipt brings and from the time to the campaigns that may act: cost follows
//! candidates, not campaigns.

mod times;

use std::collections::BTreeMap;

use compact_str::format_compact;
use jiff::Timestamp;

use crate::attribute::{AttributeKey, KeyMap, Property};
use crate::campaign::Campaign;
use crate::id::{ProgramId, StoreId};
use crate::program::{Condition, Program};
use crate::selector::Clause;
use times::{Overlaps, Times};

/// What a receipt itself brings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Brought<'b> {
    Store(&'b str),
    /// The way it is sold.
    Channel(&'b str),
    /// A presented code.
    Code(&'b str),
    /// A personal coupon of this campaign.
    Coupon(&'b str),
    /// A customer on an imported list.
    List(&'b str),
    /// A customer with a tier of a program.
    Tier(&'b ProgramId, &'b str),
    /// A customer of whom a fact is known.
    Fact(&'b str),
    /// An hour of the week where a program is.
    Hour(&'b ProgramId, u8),
}

/// Built once per revision. It may name campaigns that do not match; it never leaves out one that does.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Places of campaigns, ascending, by one property that each of their products must have.
    by_property: KeyMap<Vec<u32>>,
    /// The same by one thing that the receipt must bring; a store stands for the sets of stores that it is in.
    by_receipt: KeyMap<Vec<u32>>,
    /// The keys of those sets.
    sets_of_store: KeyMap<Vec<AttributeKey>>,
    /// Those that few others are on together with.
    times: Times,
    /// Campaigns that ask for none of these.
    always: Vec<u32>,
    /// Places of the programs that have campaigns for some hours of the week, ascending.
    by_hours: Vec<usize>,
}

/// Keys of which a receipt must have one, else the campaign cannot act.
#[derive(Debug)]
enum Way {
    Goods(Vec<AttributeKey>),
    Receipt(Vec<AttributeKey>),
    /// The time, at which so many others may be on.
    Time(u32),
}

impl Brought<'_> {
    fn key(self) -> AttributeKey {
        match self {
            Self::Store(store) => AttributeKey::of("store", store),
            Self::Channel(channel) => AttributeKey::of("channel", channel),
            Self::Code(code) => AttributeKey::of("code", code),
            Self::Coupon(campaign) => AttributeKey::of("coupon", campaign),
            Self::List(list) => AttributeKey::of("list", list),
            Self::Tier(program, tier) => AttributeKey::of(program.as_str(), tier),
            Self::Fact(fact) => AttributeKey::of("fact", fact),
            // No tier's name has a space.
            Self::Hour(program, hour) => AttributeKey::of(program.as_str(), &format_compact!("hour {hour}")),
        }
    }
}

impl Index {
    pub(crate) fn build(campaigns: &[Campaign], programs: &[Program]) -> Self {
        let mut index = Self::default();
        let mut sets = BTreeMap::new();
        let ways: Vec<Vec<Vec<AttributeKey>>> =
            campaigns.iter().map(|campaign| index.receipt_ways(campaign, programs, &mut sets)).collect();
        let mut popularity: KeyMap<u32> = KeyMap::default();
        let goods = campaigns.iter().flat_map(clauses_of).flat_map(Clause::keys);
        for key in goods.chain(ways.iter().flatten().flatten().copied()) {
            let count = popularity.entry(key).or_default();
            *count = count.saturating_add(1);
        }
        let (overlaps, mut by_time) = (Overlaps::of(campaigns), Vec::new());
        for ((place, campaign), ways) in (0_u32..).zip(campaigns).zip(ways) {
            if campaign.occasion.is_some() {
                continue;
            }
            let (map, mut keys) = match found_by(campaign, ways, &popularity, overlaps.with(campaign)) {
                Some(Way::Goods(keys)) => (&mut index.by_property, keys),
                Some(Way::Receipt(keys)) => (&mut index.by_receipt, keys),
                Some(Way::Time(_)) => {
                    by_time.push(place);
                    continue;
                }
                None => {
                    index.always.push(place);
                    continue;
                }
            };
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                map.entry(key).or_default().push(place);
            }
        }
        index.times = Times::build(campaigns, &by_time);
        index
    }

    /// Campaigns to look at for any receipt.
    pub(crate) fn always(&self) -> &[u32] {
        &self.always
    }

    /// Campaigns to look at for goods with these properties; a place may come twice.
    pub(crate) fn candidates(&self, item: &[Property]) -> impl Iterator<Item = u32> {
        item.iter().filter_map(|property| self.by_property.get(&property.key)).flatten().copied()
    }

    /// Whether anything is found by what a receipt brings.
    pub(crate) fn looks_at_receipts(&self) -> bool {
        !self.by_receipt.is_empty()
    }

    /// Places of the programs whose hour of the week opens campaigns.
    pub(crate) fn by_hours(&self) -> &[usize] {
        &self.by_hours
    }

    /// Campaigns to look at, with all goods, at this time.
    pub(crate) fn on_at(&self, at: Timestamp) -> impl Iterator<Item = u32> {
        let times = Some(&self.times).filter(|times| !times.is_empty());
        times.into_iter().flat_map(move |times| times.on_at(at))
    }

    /// Campaigns to look at, with all goods, for a receipt that brings this; a place may come twice.
    pub(crate) fn opened_by(&self, brought: Brought<'_>) -> impl Iterator<Item = u32> {
        let key = brought.key();
        let (sets, own) = match brought {
            Brought::Store(_) => (self.sets_of_store.get(&key), None),
            Brought::Channel(_)
            | Brought::Code(_)
            | Brought::Coupon(_)
            | Brought::List(_)
            | Brought::Tier(..)
            | Brought::Hour(..)
            | Brought::Fact(_) => (None, self.by_receipt.get(&key)),
        };
        let of_sets = sets.into_iter().flatten().filter_map(|set| self.by_receipt.get(set));
        of_sets.chain(own).flatten().copied()
    }

    /// All ways to find a campaign by what a receipt brings, the rarest kind first. Stores go by their set, since
    /// thousands of campaigns may be for the same hundreds of stores.
    fn receipt_ways<'c>(
        &mut self,
        campaign: &'c Campaign,
        programs: &[Program],
        sets: &mut BTreeMap<&'c [StoreId], AttributeKey>,
    ) -> Vec<Vec<AttributeKey>> {
        if campaign.coupon_only {
            return vec![vec![Brought::Coupon(campaign.id.as_str()).key()]];
        }
        if !campaign.codes.is_empty() {
            return vec![campaign.codes().map(|code| Brought::Code(code).key()).collect()];
        }
        let mut ways = Vec::new();
        ways.extend(keys_of_segments(campaign, programs));
        if !campaign.tiers.is_empty() {
            let tiers = campaign.tiers.iter();
            ways.push(tiers.map(|tier| Brought::Tier(&campaign.program, tier.as_str()).key()).collect());
        }
        if !campaign.channels.is_empty() {
            ways.push(campaign.channels.iter().map(|channel| Brought::Channel(channel.as_str()).key()).collect());
        }
        if let Some(hours) = campaign.validity.hours_of_week() {
            ways.push(hours.into_iter().map(|hour| Brought::Hour(&campaign.program, hour).key()).collect());
            if let Err(at) = self.by_hours.binary_search(&campaign.program_place) {
                self.by_hours.insert(at, campaign.program_place);
            }
        }
        if let Some(stores) = &campaign.stores {
            let set = *sets.entry(stores).or_insert_with(|| {
                let names: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
                let set = AttributeKey::of("stores", &names.join("\0"));
                for store in &names {
                    self.sets_of_store.entry(Brought::Store(store).key()).or_default().push(set);
                }
                set
            });
            ways.push(vec![set]);
        }
        ways
    }
}

/// What brings a customer into one of a campaign's segments; none: it has none, or one may be reached without.
fn keys_of_segments(campaign: &Campaign, programs: &[Program]) -> Option<Vec<AttributeKey>> {
    if campaign.segments.is_empty() {
        return None;
    }
    let segments = &programs.get(campaign.program_place)?.segments;
    let mut keys = Vec::new();
    for place in &campaign.segments {
        match &segments.get(*place)?.condition {
            Condition::List(list) => keys.push(Brought::List(list.as_str()).key()),
            Condition::Tier(tiers) => {
                keys.extend(tiers.iter().map(|tier| Brought::Tier(&campaign.program, tier.as_str()).key()));
            }
            Condition::Fact { fact, .. } => keys.push(Brought::Fact(fact.as_str()).key()),
            Condition::Free(_) => return None,
        }
    }
    Some(keys)
}

/// Every clause that products of a campaign must satisfy.
fn clauses_of(campaign: &Campaign) -> impl Iterator<Item = &Clause> {
    let groups = campaign.mechanic.groups().iter().filter_map(|group| group.on.as_ref());
    campaign.on.clauses.iter().chain(groups.flat_map(|on| &on.clauses))
}

/// The way that the fewest campaigns share, goods first; none: it may act on any receipt. A code is always the way,
/// since hardly a receipt brings one; the time is it where fewer are on together than share anything else.
fn found_by(
    campaign: &Campaign,
    receipt: Vec<Vec<AttributeKey>>,
    popularity: &KeyMap<u32>,
    on_together: Option<u32>,
) -> Option<Way> {
    let goods: Vec<AttributeKey> = goods_of(campaign, popularity).into_iter().flat_map(Clause::keys).collect();
    let goods = (!goods.is_empty()).then_some(Way::Goods(goods));
    let mut receipt = receipt.into_iter().map(Way::Receipt);
    if campaign.coupon_only || !campaign.codes.is_empty() {
        return receipt.next();
    }
    goods.into_iter().chain(receipt).chain(on_together.map(Way::Time)).min_by_key(|way| match way {
        Way::Goods(keys) | Way::Receipt(keys) => cost(keys.iter().copied(), popularity),
        Way::Time(on_together) => *on_together,
    })
}

/// The clauses of which every receipt that the campaign may be about satisfies one; empty: it may be about any.
///
/// A set needs goods of all its groups, but who has goods of one of them has nearly missed it.
fn goods_of<'c>(campaign: &'c Campaign, popularity: &KeyMap<u32>) -> Vec<&'c Clause> {
    if let Some(clause) = most_selective(&campaign.on.clauses, popularity) {
        return vec![clause];
    }
    let groups = campaign.mechanic.groups().iter().filter_map(|group| group.on.as_ref());
    groups.filter_map(|on| most_selective(&on.clauses, popularity)).collect()
}

/// The clause whose properties the fewest campaigns ask for, then the shortest, then the first.
fn most_selective<'c>(clauses: &'c [Clause], popularity: &KeyMap<u32>) -> Option<&'c Clause> {
    clauses.iter().min_by_key(|clause| (cost(clause.keys(), popularity), clause.len()))
}

/// How many campaigns ask for the most wanted of these.
fn cost(keys: impl Iterator<Item = AttributeKey>, popularity: &KeyMap<u32>) -> u32 {
    keys.map(|key| popularity.get(&key).copied().unwrap_or(0)).max().unwrap_or(0)
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
