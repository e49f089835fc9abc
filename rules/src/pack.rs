//! The rule pack of a revision: the campaigns that a gateway can decide without an engine, as program files of their
//! own, and the products that they need.
//!
//! What is left out keeps its reason. A pack is compiled as any revision is, here and at the gateway, so that both
//! decide by the same code; nothing in the evaluation knows of packs.

mod cut;
mod decide;
mod flow;
mod products;

use std::collections::BTreeMap;

use crate::campaign::Campaign;
use crate::catalogue::{Catalogue, Product};
use crate::cel::Variable;
use crate::condition::FreeCondition;
use crate::id::{CampaignId, StoreId};
use crate::limits::{PACK_BYTES_MAX, PACK_CAMPAIGNS_MAX, PROGRAM_BYTES_MAX};
use crate::mechanic::Mechanic;
use crate::revision::{Revision, Source};
use crate::tree::TreeError;

pub use decide::decide;

/// Why a campaign is not in a pack: the first that holds, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LeftOut {
    /// It asks who the customer is, or gives what an account keeps.
    Customer,
    /// A code opens it, and whether a code is still good the engines know.
    Code,
    /// It is drawn, and the key of the draw never leaves the engines.
    Chance,
    /// It has a limit wider than the receipt.
    Limit,
    /// It suggests goods, which needs the whole catalogue and the store's stock.
    Offer,
    /// It is for other stores.
    Elsewhere,
    /// The pack has as many campaigns or bytes as it may.
    Full,
}

impl LeftOut {
    /// Every reason, in their order.
    pub const ALL: [Self; 7] = [Self::Customer, Self::Code, Self::Chance, Self::Limit, Self::Offer, Self::Elsewhere, Self::Full];

    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Customer => "needs the customer's account",
            Self::Code => "needs a code to be checked",
            Self::Chance => "is drawn by the engine",
            Self::Limit => "has a limit or budget wider than the receipt",
            Self::Offer => "suggests goods, which needs catalogue and stock",
            Self::Elsewhere => "is for other stores",
            Self::Full => "finds no room: a pack has 5,000 campaigns and 16 MiB",
        }
    }
}

/// What a gateway needs to decide without an engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pack {
    /// Program files with the campaigns of the pack alone.
    pub sources: Vec<Source>,
    /// The products that they need, by number.
    pub products: Vec<Product>,
    /// The campaigns in the order of their application.
    pub campaigns: Vec<CampaignId>,
    /// All others in the same order, with the reason.
    pub left_out: Vec<(CampaignId, LeftOut)>,
}

/// Makes the pack of a revision for some stores; none named: for every store. The same arguments make the same pack.
///
/// `sources` are those of the revision. Where not all campaigns find room those applied first do, as many as fit.
///
/// # Errors
/// A source is no YAML: it is not the revision's.
pub fn pack(revision: &Revision, sources: &[Source], catalogue: &Catalogue, stores: &[StoreId]) -> Result<Pack, TreeError> {
    let reasons: Vec<Option<LeftOut>> =
        revision.campaigns().iter().map(|campaign| left_out(revision, campaign, stores)).collect();
    let able: Vec<&Campaign> = able(revision, &reasons).take(PACK_CAMPAIGNS_MAX).collect();
    let chosen = |room: usize| able.get(..room).unwrap_or_default();
    let cut = |room: usize| Cut { revision, sources, catalogue, chosen: chosen(room) }.made();
    // More campaigns take no less room: the most that fit lie between a number that fits and one that does not.
    let (mut fitting, mut room, mut beyond) = ((0_usize, cut(0)?), able.len(), able.len().saturating_add(1));
    while fitting.0 < room {
        let made = cut(room)?;
        if fits(&made) {
            fitting = (room, made);
        } else {
            beyond = room;
        }
        room = fitting.0.midpoint(beyond);
    }
    Ok(named(revision, &reasons, chosen(fitting.0), fitting.1))
}

/// Sources and products.
type Made = (Vec<Source>, Vec<Product>);

struct Cut<'a> {
    revision: &'a Revision,
    sources: &'a [Source],
    catalogue: &'a Catalogue,
    chosen: &'a [&'a Campaign],
}

impl Cut<'_> {
    fn made(&self) -> Result<Made, TreeError> {
        let products = if self.chosen.is_empty() { Vec::new() } else { products::needed(self.catalogue, self.chosen) };
        Ok((cut::sources(self.revision, self.sources, self.chosen)?, products))
    }
}

/// Whether programs and products are within the limits of files and packs.
fn fits((sources, products): &Made) -> bool {
    let texts = sources.iter().map(|source| source.text.len());
    let bytes = texts.clone().fold(products::bytes(products), usize::saturating_add);
    texts.max().unwrap_or(0) <= PROGRAM_BYTES_MAX && bytes <= PACK_BYTES_MAX
}

fn able<'a>(revision: &'a Revision, reasons: &'a [Option<LeftOut>]) -> impl Iterator<Item = &'a Campaign> {
    revision.campaigns().iter().zip(reasons).filter(|(_, reason)| reason.is_none()).map(|(campaign, _)| campaign)
}

fn named(revision: &Revision, reasons: &[Option<LeftOut>], chosen: &[&Campaign], (sources, products): Made) -> Pack {
    let mut left_out = Vec::new();
    let mut able = 0_usize;
    for (campaign, reason) in revision.campaigns().iter().zip(reasons) {
        let reason = match reason {
            Some(reason) => *reason,
            None => {
                able = able.saturating_add(1);
                if able <= chosen.len() {
                    continue;
                }
                LeftOut::Full
            }
        };
        left_out.push((campaign.id.clone(), reason));
    }
    let campaigns: Vec<CampaignId> = chosen.iter().map(|campaign| campaign.id.clone()).collect();
    assert_eq!(campaigns.len().saturating_add(left_out.len()), revision.campaigns().len(), "each is in the pack or is not");
    Pack { sources, products, campaigns, left_out }
}

/// Why a campaign cannot be decided without an engine; none: it can.
fn left_out(revision: &Revision, campaign: &Campaign, stores: &[StoreId]) -> Option<LeftOut> {
    let elsewhere = |own: &Vec<StoreId>| !stores.is_empty() && !stores.iter().any(|store| own.binary_search(store).is_ok());
    let holds = [
        (needs_customer(campaign), LeftOut::Customer),
        (!campaign.codes.is_empty(), LeftOut::Code),
        (campaign.conditions.chance.is_some(), LeftOut::Chance),
        (is_limited(revision, campaign), LeftOut::Limit),
        (matches!(campaign.mechanic, Mechanic::Offer { .. }), LeftOut::Offer),
        (campaign.stores.as_ref().is_some_and(elsewhere), LeftOut::Elsewhere),
    ];
    holds.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
}

/// A control group is among them: a pack also decides for customers whose number nobody can look up meanwhile, and one of
/// them may be in the group.
fn needs_customer(campaign: &Campaign) -> bool {
    campaign.personal()
        || campaign.mechanic.needs_customer()
        || campaign.control_group.is_some()
        || !campaign.requires_answers.is_empty()
        || campaign.awaits.is_some()
        || campaign.occasion.is_some()
        || campaign.free_conditions().any(asks_for_customer)
}

fn asks_for_customer(free: &FreeCondition) -> bool {
    free.reads_segments
        || free.expression.slots().filter_map(Variable::of).any(|variable| match variable {
            Variable::Customer(_) | Variable::Account(_) => true,
            Variable::Line(_)
            | Variable::Product(_)
            | Variable::Tender(_)
            | Variable::Receipt(_)
            | Variable::Store(_)
            | Variable::Time(_) => false,
        })
}

/// Whether it, or a limit that it shares with others, counts more than this receipt or only some customers.
fn is_limited(revision: &Revision, campaign: &Campaign) -> bool {
    let limits = revision.programs().get(campaign.program_place).map_or(&[][..], |program| program.limits.as_slice());
    let common = campaign.common_limits.iter().filter_map(|place| limits.get(*place));
    campaign.limits.is_scarce() || common.into_iter().any(|limit| limit.limits.is_scarce() || !limit.segments.is_empty())
}

/// How many campaigns were left out for which reason, by reason.
#[must_use]
pub fn reasons(left_out: &[(CampaignId, LeftOut)]) -> BTreeMap<LeftOut, usize> {
    let mut counts = BTreeMap::new();
    for (_, reason) in left_out {
        let count: &mut usize = counts.entry(*reason).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

#[cfg(test)]
mod tests;
