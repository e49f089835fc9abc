//! Campaigns of one file that compete for the same units with nothing that orders them: the best deal decides.
//!
//! Found along the properties that campaigns ask for, never by comparing all pairs.

use std::collections::BTreeMap;

use super::program::Scope;
use super::{Checker, Site};
use crate::attribute::{AttributeKey, CATEGORY, KeyMap, Property};
use crate::campaign::Campaign;
use crate::conventions::UnitsAre;
use crate::limits::OVERLAPS_REPORTED_MAX;
use crate::mechanic::Act;
use crate::selector::{Clause, Selector};

/// Campaigns with one key that are compared with a further one; the others would say nothing new.
const COMPARED_MAX: usize = 8;

/// Campaigns of one level, stacking group and priority.
#[derive(Default)]
struct Rivals {
    by_property: KeyMap<Vec<usize>>,
    /// By each category above theirs.
    by_above: KeyMap<Vec<usize>>,
    /// About all goods.
    of_all: Vec<usize>,
    /// Any of the others, for those that are about all goods.
    any: Vec<usize>,
}

impl Checker<'_> {
    /// Warns of the first campaigns that compete with an earlier one.
    pub(super) fn overlaps(&mut self, campaigns: &[Campaign], sites: &[Site], scope: &Scope) {
        // A file with mistakes is not what it will be.
        if scope.program.conventions.units == UnitsAre::Shared || self.errors > 0 {
            return;
        }
        let mut rivals: BTreeMap<(Act, &str, i64), Rivals> = BTreeMap::new();
        let mut found = 0_usize;
        for (place, campaign) in campaigns.iter().enumerate() {
            let act = campaign.mechanic.act();
            if act > Act::Basket {
                continue;
            }
            let rivals = rivals.entry((act, campaign.group.as_str(), campaign.priority)).or_default();
            let meets = rivals.first_that_meets(campaign, campaigns);
            rivals.add(place, campaign);
            let (Some(other), Some(site)) = (meets.and_then(|place| campaigns.get(place)), sites.get(place)) else { continue };
            found = found.saturating_add(1);
            if found <= OVERLAPS_REPORTED_MAX {
                self.warn(
                    site.id,
                    format!("`{}` and `{}` compete for the same goods: the best deal decides", campaign.id, other.id),
                    "give one a higher `priority` where one should come first, or another `group` where both should count",
                );
            }
        }
        if let Some(site) = sites.first().filter(|_| found > OVERLAPS_REPORTED_MAX) {
            let more = found.saturating_sub(OVERLAPS_REPORTED_MAX);
            self.warn(site.id, format!("{more} more campaigns of this file compete with others"), "see the warnings before");
        }
    }
}

impl Rivals {
    fn first_that_meets(&self, campaign: &Campaign, campaigns: &[Campaign]) -> Option<usize> {
        let meets = |place: &&usize| campaigns.get(**place).is_some_and(|other| compete(campaign, other));
        let of_all = self.of_all.iter().rev().take(COMPARED_MAX);
        let Some(clauses) = indexed(campaign) else {
            return self.any.iter().rev().take(COMPARED_MAX).chain(of_all).find(meets).copied();
        };
        let latest = |places: &'_ Vec<usize>| places.iter().rev().take(COMPARED_MAX).copied().collect::<Vec<usize>>();
        let properties = || clauses.iter().flat_map(|clause| clause.properties());
        let same = properties().filter_map(|property| self.by_property.get(&property.key));
        let below = properties().filter_map(|property| self.by_above.get(&property.key));
        let wider = properties().flat_map(above);
        let wider: Vec<usize> = wider.filter_map(|key| self.by_property.get(&key)).flat_map(latest).collect();
        same.chain(below).flat_map(latest).chain(wider).chain(of_all.copied()).find(|place| meets(&place))
    }

    fn add(&mut self, place: usize, campaign: &Campaign) {
        let Some(clauses) = indexed(campaign) else {
            self.of_all.push(place);
            return;
        };
        self.any.push(place);
        for property in clauses.iter().flat_map(|clause| clause.properties()) {
            self.by_property.entry(property.key).or_default().push(place);
            for key in above(property) {
                self.by_above.entry(key).or_default().push(place);
            }
        }
    }
}

/// The clauses along which a campaign is found: the shortest of each selector of which its goods come.
fn indexed(campaign: &Campaign) -> Option<Vec<&Clause>> {
    let shortest =
        |on: &'_ Selector| on.clauses.iter().enumerate().min_by_key(|(_, clause)| clause.len()).map(|(place, _)| place);
    if let Some(place) = shortest(&campaign.on) {
        return campaign.on.clauses.get(place).map(|clause| vec![clause]);
    }
    let groups = campaign.mechanic.groups();
    if groups.is_empty() {
        return None;
    }
    groups
        .iter()
        .map(|group| {
            let on = group.on.as_ref()?;
            on.clauses.get(shortest(on)?)
        })
        .collect()
}

/// The keys of the categories above a category.
fn above(property: &Property) -> impl Iterator<Item = AttributeKey> {
    let path = if property.name == CATEGORY { property.value.as_str() } else { "" };
    path.match_indices('/').filter_map(|(at, _)| path.get(..at)).map(|path| AttributeKey::of(CATEGORY, path))
}

/// Whether both can be on for one receipt and ask for goods that may be the same.
fn compete(a: &Campaign, b: &Campaign) -> bool {
    let apart_in_time =
        |a: &Campaign, b: &Campaign| matches!((a.validity.until, b.validity.from), (Some(until), Some(from)) if until <= from);
    let apart_in_place = match (&a.stores, &b.stores) {
        (Some(mine), Some(theirs)) => !mine.iter().any(|store| theirs.binary_search(store).is_ok()),
        (Some(_) | None, _) => false,
    };
    let apart_by_channel =
        !a.channels.is_empty() && !b.channels.is_empty() && !a.channels.iter().any(|channel| b.channels.contains(channel));
    let apart_by_tier = !a.tiers.is_empty() && !b.tiers.is_empty() && !a.tiers.iter().any(|tier| b.tiers.contains(tier));
    let apart_by_day =
        !a.validity.weekdays.is_empty() && !b.validity.weekdays.is_empty() && !a.validity.weekdays.meets(b.validity.weekdays);
    let apart = apart_in_time(a, b) || apart_in_time(b, a) || apart_in_place || apart_by_channel || apart_by_tier || apart_by_day;
    !apart && goods_of(a).iter().any(|mine| goods_of(b).iter().any(|theirs| mine.may_meet(theirs)))
}

/// The selectors of which a campaign's goods come, its own clauses in each.
fn goods_of(campaign: &Campaign) -> Vec<&Selector> {
    let own: Vec<&Selector> = campaign.mechanic.groups().iter().filter_map(|group| group.on.as_ref()).collect();
    if own.is_empty() || !campaign.on.clauses.is_empty() { vec![&campaign.on] } else { own }
}
