//! One immutable published version of all programs, compiled: what the evaluation reads.

use compact_str::CompactString;
use jiff::{SignedDuration, Timestamp};

use crate::asset::Asset;
use crate::campaign::{Campaign, Limits};
use crate::check;
use crate::common_limit::CommonLimit;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::id::{AssetId, CampaignId, EventId, FactId, ProgramId, SegmentId, SeriesId, StoreId};
use crate::index::Index;
use crate::mechanic::Mechanic;
use crate::program::{Condition, FactRule, Program, Reached};
use crate::standing::Uses;
use crate::usage::{Usage, UsageLimits};

/// The newest version of the program language; its meaning never changes.
pub const LANGUAGE: u32 = 1;

/// One program file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The file's name as it stands in diagnostics.
    pub name: String,
    /// Its text: YAML 1.2.
    pub text: String,
}

/// A compiled revision and what may not be as it was meant.
#[derive(Debug)]
pub struct Compiled {
    /// What the evaluation reads.
    pub revision: Revision,
    /// Only warnings, in the order of files and lines.
    pub warnings: Diagnostics,
}

/// All programs at one version. Share it in an `Arc`.
#[derive(Debug)]
pub struct Revision {
    number: u64,
    hash: [u8; 32],
    valid_from: Timestamp,
    /// Sorted by id.
    programs: Vec<Program>,
    /// Sorted by id.
    assets: Vec<Asset>,
    /// Sorted by id.
    facts: Vec<FactRule>,
    /// In the order of application: priority, then id.
    campaigns: Vec<Campaign>,
    /// Places of campaigns in the order of their ids.
    by_id: Vec<usize>,
    /// Sorted; a code may open several campaigns.
    by_code: Vec<(CompactString, usize)>,
    /// Places of the campaigns that are limited over all customers.
    shared: Vec<usize>,
    /// Whether a tier of any program can be reached by counting.
    reaches_tiers: bool,
    index: Index,
}

impl Revision {
    /// Compiles program files, one program each; their order does not matter.
    ///
    /// # Errors
    /// All mistakes of all files at once, each with its place and what to write instead.
    pub fn compile(number: u64, valid_from: Timestamp, sources: &[Source]) -> Result<Compiled, Diagnostics> {
        let (checked, mut diagnostics) = check::check(sources);
        let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        order(&mut diagnostics, sources);
        if failed {
            return Err(Diagnostics(diagnostics));
        }
        let mut revision = Self::empty(number, valid_from);
        revision.hash = hash_of(sources);
        revision.programs = checked.programs;
        revision.assets = checked.assets;
        revision.facts = checked.facts;
        revision.campaigns = checked.campaigns;
        revision.link();
        Ok(Compiled { revision, warnings: Diagnostics(diagnostics) })
    }

    /// A revision without programs: every receipt is sold as rung up.
    #[must_use]
    pub fn empty(number: u64, valid_from: Timestamp) -> Self {
        Self {
            number,
            hash: hash_of(&[]),
            valid_from,
            programs: Vec::new(),
            assets: Vec::new(),
            facts: Vec::new(),
            campaigns: Vec::new(),
            by_id: Vec::new(),
            by_code: Vec::new(),
            shared: Vec::new(),
            reaches_tiers: false,
            index: Index::default(),
        }
    }

    /// Puts everything in its order and builds what is looked up.
    fn link(&mut self) {
        self.programs.sort_by(|a, b| a.id.cmp(&b.id));
        self.assets.sort_by(|a, b| a.id.cmp(&b.id));
        self.facts.sort_by(|a, b| a.id.cmp(&b.id));
        // By key, since campaigns are too large to be moved often.
        self.campaigns.sort_by_cached_key(|campaign| (std::cmp::Reverse(campaign.priority), campaign.id.clone()));
        let mut groups: Vec<CompactString> = self.campaigns.iter().map(|campaign| campaign.group.clone()).collect();
        groups.sort();
        groups.dedup();
        for campaign in &mut self.campaigns {
            campaign.program_place =
                self.programs.binary_search_by(|program| program.id.cmp(&campaign.program)).unwrap_or(usize::MAX);
            let group = groups.binary_search(&campaign.group).unwrap_or(0);
            campaign.group_bit = 1_u64.rotate_left(u32::try_from(group).unwrap_or(0));
        }
        self.by_id = (0..self.campaigns.len()).collect();
        let campaigns = &self.campaigns;
        self.by_id
            .sort_by(|a, b| campaigns.get(*a).map(|campaign| &campaign.id).cmp(&campaigns.get(*b).map(|campaign| &campaign.id)));
        let codes = campaigns
            .iter()
            .enumerate()
            .flat_map(|(place, campaign)| campaign.codes.iter().map(move |code| (code.code.clone(), place)));
        self.by_code = codes.collect();
        self.by_code.sort();
        let limited = campaigns.iter().enumerate().filter(|(_, campaign)| campaign.limits.shared.is_some());
        self.shared = limited.map(|(place, _)| place).collect();
        self.index = Index::build(campaigns, &self.programs);
        self.link_tiers();
        self.link_facts();
    }

    /// Finds the counters that tiers look at, and has them remember as much as the tiers need.
    fn link_tiers(&mut self) {
        let mut tiers: Vec<&mut Reached> =
            self.programs.iter_mut().flat_map(|program| &mut program.tiers).filter_map(|tier| tier.reached.as_mut()).collect();
        self.reaches_tiers = !tiers.is_empty();
        for reached in &mut tiers {
            let by_id = |place: &usize| self.campaigns.get(*place).map(|campaign| &campaign.id).cmp(&Some(&reached.counter));
            let found = self.by_id.binary_search_by(by_id).ok().and_then(|place| self.by_id.get(place));
            let Some(place) = found.copied() else { continue };
            reached.counter_place = place;
            if let Some(Mechanic::Count(counting)) = self.campaigns.get_mut(place).map(|campaign| &mut campaign.mechanic) {
                counting.remember_for(reached);
            }
        }
    }

    /// Finds what rules read of the facts, so that no account keeps more.
    fn link_facts(&mut self) {
        for fact in &mut self.facts {
            let segments = self.programs.iter().flat_map(|program| &program.segments);
            for segment in segments {
                if let Condition::Fact { fact: id, values } = &segment.condition
                    && *id == fact.id
                {
                    fact.values.extend(values.iter().cloned());
                }
            }
            fact.values.sort_unstable();
            fact.values.dedup();
        }
        for birthday in self.campaigns.iter().filter_map(|campaign| campaign.conditions.birthday.as_ref()) {
            if let Ok(place) = self.facts.binary_search_by(|fact| fact.id.cmp(&birthday.fact))
                && let Some(fact) = self.facts.get_mut(place)
            {
                fact.birthday = true;
            }
        }
    }

    /// Whether a tier of any program can be reached by counting.
    pub(crate) fn reaches_tiers(&self) -> bool {
        self.reaches_tiers
    }

    /// Its number, which every outcome names.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// BLAKE3 over its sources, whatever their order and names.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// From when it is in force.
    #[must_use]
    pub fn valid_from(&self) -> Timestamp {
        self.valid_from
    }

    /// The version of the program language whose meaning it has.
    #[must_use]
    pub fn language(&self) -> u32 {
        LANGUAGE
    }

    /// Its programs in the order of their ids.
    #[must_use]
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// Its assets in the order of their ids.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// The asset with this id.
    #[must_use]
    pub fn asset(&self, id: &AssetId) -> Option<&Asset> {
        self.assets.get(self.assets.binary_search_by(|asset| asset.id.cmp(id)).ok()?)
    }

    /// Assets that lapse only where nobody buys, and until when a sale at `at` renews them.
    #[must_use]
    pub fn renewals(&self, at: Timestamp) -> Vec<(AssetId, Timestamp)> {
        self.assets.iter().filter_map(|asset| Some((asset.id.clone(), asset.renewed_until(at)?))).collect()
    }

    /// The imported lists that its segments name; one may come twice.
    pub fn lists(&self) -> impl Iterator<Item = &SegmentId> {
        self.programs.iter().flat_map(|program| &program.segments).filter_map(|segment| match &segment.condition {
            Condition::List(list) => Some(list),
            Condition::Tier(_) | Condition::Fact { .. } | Condition::Free(_) => None,
        })
    }

    /// The facts that its programs ask for, in the order of their ids.
    #[must_use]
    pub fn facts(&self) -> &[FactRule] {
        &self.facts
    }

    /// The fact with this id.
    #[must_use]
    pub fn fact(&self, id: &FactId) -> Option<&FactRule> {
        self.facts.get(self.facts.binary_search_by(|fact| fact.id.cmp(id)).ok()?)
    }

    /// The facts that count only once they are confirmed.
    #[must_use]
    pub fn must_confirm(&self) -> Vec<FactId> {
        self.facts.iter().filter(|rule| rule.confirm.is_some()).map(|rule| rule.id.clone()).collect()
    }

    /// The fact that a code confirms before anybody is enrolled; none: no program wants one.
    #[must_use]
    pub fn enrolment_code(&self) -> Option<&FactId> {
        self.programs.iter().find_map(|program| program.enrolment_code.as_ref())
    }

    /// Whether a program names this event.
    #[must_use]
    pub fn has_event(&self, event: &EventId) -> bool {
        self.programs.iter().any(|program| program.events.contains(event))
    }

    /// Its campaigns in the order of their application.
    #[must_use]
    pub fn campaigns(&self) -> &[Campaign] {
        &self.campaigns
    }

    /// The series that what a campaign gives is handed out from; none: it gives nothing with serial numbers.
    #[must_use]
    pub fn series_of(&self, campaign: &CampaignId) -> Option<&SeriesId> {
        self.campaign(campaign)?.mechanic.series()
    }

    /// Whether a program names this series.
    #[must_use]
    pub fn has_series(&self, series: &SeriesId) -> bool {
        self.programs.iter().any(|program| program.series.iter().any(|known| known.id == *series))
    }

    /// Whether some campaign adds this article to receipts as a gift.
    #[must_use]
    pub fn is_gift(&self, sku: &str) -> bool {
        self.campaigns.iter().any(|campaign| campaign.mechanic.gifts().iter().any(|gift| gift.as_str() == sku))
    }

    /// The programs that let a sale of `sold_at` without a customer be claimed at that time, sorted.
    #[must_use]
    pub fn claimable_at(&self, sold_at: Timestamp, at: Timestamp) -> Vec<ProgramId> {
        let until = |program: &Program| {
            let hours = SignedDuration::from_hours(program.claim_within_hours?.into());
            sold_at.checked_add(hours).ok()
        };
        let open = self.programs.iter().filter(|program| until(program).is_some_and(|until| at <= until));
        let mut open: Vec<ProgramId> = open.map(|program| program.id.clone()).collect();
        open.sort();
        open
    }

    /// The campaign with this id.
    #[must_use]
    pub fn campaign(&self, id: &CampaignId) -> Option<&Campaign> {
        self.campaigns.get(self.place_of(id)?)
    }

    /// The place of a campaign in the order of application.
    pub(crate) fn place_of(&self, id: &CampaignId) -> Option<usize> {
        let found =
            self.by_id.binary_search_by(|place| self.campaigns.get(*place).map(|campaign| &campaign.id).cmp(&Some(id))).ok()?;
        self.by_id.get(found).copied()
    }

    /// The places of the campaigns that a code opens, in the order of application.
    pub(crate) fn opened_by<'r>(&'r self, code: &'r str) -> impl Iterator<Item = usize> + 'r {
        let from = self.by_code.partition_point(|(known, _)| known.as_str() < code);
        self.by_code.iter().skip(from).take_while(move |(known, _)| known == code).map(|(_, place)| *place)
    }

    /// Whether a code works once, whoever presents it.
    #[must_use]
    pub fn is_single_use(&self, code: &str) -> bool {
        let opened = self.opened_by(code).filter_map(|place| self.campaigns.get(place));
        opened.flat_map(|campaign| &campaign.codes).any(|known| known.single_use && known.code == code)
    }

    /// What is limited over all customers and may be on at that time in that store, and how far.
    pub fn shared_at<'r>(
        &'r self,
        at: Timestamp,
        store: &'r StoreId,
    ) -> impl Iterator<Item = (&'r CampaignId, &'r UsageLimits)> + 'r {
        let sold_here = |stores: &Option<Vec<StoreId>>| stores.as_ref().is_none_or(|stores| stores.binary_search(store).is_ok());
        let limited = self.shared.iter().filter_map(|place| self.campaigns.get(*place));
        let own = limited.filter(move |campaign| {
            let validity = &campaign.validity;
            validity.from.is_none_or(|from| from <= at)
                && validity.until.is_none_or(|until| at < until)
                && sold_here(&campaign.stores)
        });
        let common = self.common_limits().filter(move |limit| sold_here(&limit.stores));
        own.map(|campaign| (&campaign.id, &campaign.limits))
            .chain(common.map(|limit| (&limit.name, &limit.limits)))
            .filter_map(|(name, limits)| Some((name, limits.shared.as_deref()?)))
    }

    /// The names of the limits that several campaigns, or redemptions, share and that these used.
    pub fn common_limits_of(&self, applied: &[CampaignId], redeemed: impl Fn(&AssetId) -> bool) -> Vec<&CampaignId> {
        let applied: Vec<&Campaign> = applied.iter().filter_map(|id| self.campaign(id)).collect();
        let mut names = Vec::new();
        for (program_place, program) in self.programs.iter().enumerate() {
            for (place, limit) in program.limits.iter().enumerate() {
                let of_campaign = |own: &&Campaign| own.program_place == program_place && own.common_limits.contains(&place);
                if limit.redeemed.as_ref().map_or_else(|| applied.iter().any(of_campaign), &redeemed) {
                    names.push(&limit.name);
                }
            }
        }
        names
    }

    /// The limits of their own of all programs.
    fn common_limits(&self) -> impl Iterator<Item = &CommonLimit> {
        self.programs.iter().flat_map(|program| &program.limits)
    }

    fn limits_of(&self, name: &CampaignId) -> Option<&Limits> {
        if name.is_common_limit() {
            return self.common_limits().find(|limit| limit.name == *name).map(|limit| &limit.limits);
        }
        self.campaign(name).map(|campaign| &campaign.limits)
    }

    /// The asset of which a campaign gives units, or which a limit of its own counts; none: money off.
    #[must_use]
    pub fn valued_in(&self, name: &CampaignId) -> Option<&Asset> {
        let limit = self.common_limits().find(|limit| limit.name == *name);
        let id = limit.and_then(|limit| limit.asset.as_ref().or(limit.redeemed.as_ref()));
        self.asset(id.or_else(|| self.campaign(name)?.gives())?)
    }

    /// How much one customer may use of a campaign, or of a limit of its own; none: as much as fits.
    #[must_use]
    pub fn limits_per_customer(&self, name: &CampaignId) -> Option<&UsageLimits> {
        self.limits_of(name)?.per_customer.as_deref()
    }

    /// How much all customers together may use of a campaign, or of a limit of its own; none: as much as fits.
    #[must_use]
    pub fn limits_shared(&self, name: &CampaignId) -> Option<&UsageLimits> {
        self.limits_of(name)?.shared.as_deref()
    }

    /// What is used of campaigns that are limited over all customers where nothing was used yet.
    #[must_use]
    pub fn nothing_shared(&self) -> Vec<Uses> {
        let own = self.shared.iter().filter_map(|place| self.campaigns.get(*place)).map(|campaign| &campaign.id);
        let common = self.common_limits().filter(|limit| limit.limits.shared.is_some()).map(|limit| &limit.name);
        let none =
            |name: &CampaignId| Uses { campaign: name.clone(), ever: Usage::NONE, today: Usage::NONE, this_month: Usage::NONE };
        let mut all: Vec<Uses> = own.chain(common).map(none).collect();
        all.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        all
    }

    /// The campaigns whose reward is drawn, in the order of their places.
    pub fn drawn(&self) -> impl Iterator<Item = &CampaignId> {
        self.campaigns.iter().filter(|campaign| campaign.conditions.chance.is_some()).map(|campaign| &campaign.id)
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }
}

/// Sorts mistakes by file in the order given, then by place.
fn order(diagnostics: &mut [Diagnostic], sources: &[Source]) {
    let file = |diagnostic: &Diagnostic| sources.iter().position(|source| source.name == diagnostic.file);
    diagnostics.sort_by(|a, b| file(a).cmp(&file(b)).then((a.line, a.column).cmp(&(b.line, b.column))));
}

/// Over the texts alone, each hashed by itself and the hashes sorted: order and names of files do not matter.
fn hash_of(sources: &[Source]) -> [u8; 32] {
    let mut hashes: Vec<[u8; 32]> = sources.iter().map(|source| *blake3::hash(source.text.as_bytes()).as_bytes()).collect();
    hashes.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tessera revision 1");
    for hash in &hashes {
        hasher.update(hash);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests;
