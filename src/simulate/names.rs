//! The campaigns and assets of both sides under common places, so that sums are kept by place and not by name.

use std::collections::BTreeMap;

use tessera_rules::asset::Asset;
use tessera_rules::campaign::Campaign;
use tessera_rules::id::{AssetId, CampaignId, ProgramId, SegmentId};
use tessera_rules::money::Rounding;
use tessera_rules::program::Program;
use tessera_rules::ratio::Ratio;

use super::{Both, Rules, Which};

/// A campaign of either side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CampaignName {
    pub(crate) id: CampaignId,
    /// For people; the draft's, where it is there.
    pub(crate) name: String,
    /// Who pays for it, by place, and the weight of each share; empty where the side does not have the campaign.
    pub(crate) funders: Both<Vec<(usize, i64)>>,
}

/// An asset of either side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AssetName {
    pub(crate) id: AssetId,
    /// Digits after the point, of the draft where it has the asset.
    pub(crate) scale: u32,
    /// Minor units that one smallest unit is worth, where the side says so.
    pub(crate) worth: Both<Option<Ratio>>,
}

/// A segment of either side.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SegmentName {
    pub(crate) program: ProgramId,
    pub(crate) id: SegmentId,
}

/// Everything by place, each list sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Names {
    pub(crate) campaigns: Vec<CampaignName>,
    pub(crate) assets: Vec<AssetName>,
    pub(crate) funders: Vec<String>,
    pub(crate) segments: Vec<SegmentName>,
}

impl Names {
    pub(crate) fn of(rules: &Both<Rules>) -> Self {
        let all = |which: Which| rules.of(which).revision.campaigns().iter();
        let mut funders: Vec<String> =
            Which::BOTH.into_iter().flat_map(all).flat_map(Campaign::funded_by).map(|(funder, _)| funder.to_string()).collect();
        funders.sort();
        funders.dedup();
        let mut campaigns: BTreeMap<CampaignId, CampaignName> = BTreeMap::new();
        for which in Which::BOTH {
            for campaign in all(which) {
                let entry = campaigns.entry(campaign.id().clone()).or_insert_with(|| of_campaign(campaign));
                // The draft comes last, so its words stand.
                entry.name = campaign.name().in_language(None).to_string();
                *entry.funders.of_mut(which) = shares(campaign, &funders);
            }
        }
        let mut assets: BTreeMap<AssetId, AssetName> = BTreeMap::new();
        for which in Which::BOTH {
            for asset in rules.of(which).revision.assets() {
                let entry = assets.entry(asset.id.clone()).or_insert_with(|| of_asset(asset));
                entry.scale = u32::from(asset.scale);
                *entry.worth.of_mut(which) = asset.worth;
            }
        }
        let segments = segments(rules);
        Self { campaigns: campaigns.into_values().collect(), assets: assets.into_values().collect(), funders, segments }
    }

    pub(crate) fn campaign(&self, id: &CampaignId) -> Option<usize> {
        self.campaigns.binary_search_by(|known| known.id.cmp(id)).ok()
    }

    pub(crate) fn asset(&self, id: &AssetId) -> Option<usize> {
        self.assets.binary_search_by(|known| known.id.cmp(id)).ok()
    }

    pub(crate) fn segment(&self, program: &ProgramId, id: &SegmentId) -> Option<usize> {
        self.segments.binary_search_by(|known| (&known.program, &known.id).cmp(&(program, id))).ok()
    }

    /// A segment as people call it: with its program where there are several.
    pub(crate) fn segment_key(&self, segment: &SegmentName) -> String {
        let several = self.segments.iter().any(|other| other.program != segment.program);
        if several { format!("{}: {}", segment.program, segment.id) } else { segment.id.to_string() }
    }

    /// Who pays for a campaign on a side, and the weight of each share; empty: nobody known.
    pub(crate) fn funders(&self, campaign: Option<usize>, which: Which) -> &[(usize, i64)] {
        campaign.and_then(|campaign| self.campaigns.get(campaign)).map_or(&[], |campaign| campaign.funders.of(which))
    }
}

fn segments(rules: &Both<Rules>) -> Vec<SegmentName> {
    let programs = Which::BOTH.into_iter().flat_map(|which| rules.of(which).revision.programs());
    let of =
        |program: &Program| program.segments().map(|id| SegmentName { program: program.id.clone(), id: id.clone() }).collect();
    let mut segments: Vec<SegmentName> = programs.flat_map(|program| -> Vec<SegmentName> { of(program) }).collect();
    segments.sort();
    segments.dedup();
    segments
}

fn of_campaign(campaign: &Campaign) -> CampaignName {
    CampaignName { id: campaign.id().clone(), name: String::new(), funders: Both::default() }
}

/// The shares of a campaign as whole weights: millionths, which tell percentages of the language exactly.
fn shares(campaign: &Campaign, funders: &[String]) -> Vec<(usize, i64)> {
    const WHOLE: i64 = 1_000_000;
    let shares = campaign.funded_by().iter();
    let placed = shares.filter_map(|(funder, share)| {
        let place = funders.binary_search_by(|known| known.as_str().cmp(funder)).ok()?;
        Some((place, share.of(WHOLE, Rounding::HalfUp)?))
    });
    placed.collect()
}

fn of_asset(asset: &Asset) -> AssetName {
    AssetName { id: asset.id.clone(), scale: u32::from(asset.scale), worth: Both::default() }
}
