//! Limits of their own: what several campaigns, or redemptions of an asset, use up together.

use compact_str::format_compact;

use super::Checker;
use super::keys::program::COMMON_LIMIT;
use super::limits::Limited;
use super::program::Scope;
use super::read::Fields;
use crate::asset::Asset;
use crate::campaign::{Campaign, Limits};
use crate::common_limit::{CommonLimit, LIMIT_PREFIX};
use crate::diagnostic::nearest;
use crate::id::CampaignId;
use crate::limits::COMMON_LIMITS_MAX;
use crate::mechanic::{Act, Mechanic, Per};
use crate::tree::Node;

impl Checker<'_> {
    /// Reads them, and tells the campaigns that use them up.
    pub(super) fn common_limits(&mut self, node: &Node, campaigns: &mut [Campaign], scope: &mut Scope) {
        let items = self.list(node);
        if items.len() > COMMON_LIMITS_MAX {
            self.error(node.at, format!("a program has at most {COMMON_LIMITS_MAX} limits of its own"));
            return;
        }
        for item in items {
            if let Some(limit) = self.common_limit(item, campaigns, scope) {
                scope.program.limits.push(limit);
            }
        }
    }

    fn common_limit(&mut self, node: &Node, campaigns: &mut [Campaign], scope: &Scope) -> Option<CommonLimit> {
        let errors_before = self.errors;
        let fields = self.fields(node, &COMMON_LIMIT)?;
        let name = fields.get("id").and_then(|node| self.limit_name(node));
        let redeemed = fields.get("redeemed").map(|node| self.asset_named(node, scope));
        let given = fields.get("asset").map(|node| self.asset_named(node, scope));
        let asset = redeemed.or(given).flatten();
        let of = Limited { takes_money: redeemed.is_none() && given.is_none(), asset, scope };
        let budget = fields.get("budget").and_then(|node| self.budget(node, of));
        let limits = self.spans(Some(&fields), budget, of).limits();
        if limits == Limits::default() && self.errors == errors_before {
            let help = "add one, such as `per_customer_month: {value: 50.00}`";
            self.error_with_help(fields.at, "this limit limits nothing", help);
        }
        let limit = CommonLimit {
            name: name?,
            stores: self.places(&fields, scope),
            segments: self.segments(&fields, scope),
            redeemed: redeemed.flatten().map(|asset| asset.id.clone()),
            asset: given.flatten().map(|asset| asset.id.clone()),
            limits,
        };
        if redeemed.is_some() {
            self.only_redeemed(&fields, &limit);
        } else {
            self.members(&fields, &limit, campaigns, scope);
        }
        Some(limit)
    }

    fn limit_name(&mut self, node: &Node) -> Option<CampaignId> {
        let id = self.id(node, CampaignId::parse)?;
        self.define("limit", id.as_str(), node.at);
        let name = CampaignId::parse(&format_compact!("{LIMIT_PREFIX}{id}")).ok();
        if name.is_none() {
            self.error(
                node.at,
                format!("a limit's id has at most {} characters", CampaignId::LENGTH_MAX.saturating_sub(LIMIT_PREFIX.len())),
            );
        }
        name
    }

    fn asset_named<'s>(&mut self, node: &Node, scope: &'s Scope) -> Option<&'s Asset> {
        let id = self.reference(node, "asset", scope.assets.iter().map(|asset| asset.id.as_str()))?;
        scope.assets.iter().find(|asset| asset.id.as_str() == id)
    }

    /// Redemptions are no campaigns, and make no units of goods cheaper.
    fn only_redeemed(&mut self, fields: &Fields<'_>, limit: &CommonLimit) {
        for key in ["campaigns", "asset"].into_iter().filter(|key| fields.has(key)) {
            let help = "write two limits: one for what is given, one for what is redeemed";
            self.error_with_help(fields.place_of(key), format!("`{key}` and `redeemed` contradict each other"), help);
        }
        if limit.limits.in_units() {
            self.error_with_help(fields.at, "a limit in units has no meaning here", "limit the `points` or the `uses`");
        }
    }

    /// The campaigns that use it up: those named, else all that it can be about.
    fn members(&mut self, fields: &Fields<'_>, limit: &CommonLimit, campaigns: &mut [Campaign], scope: &Scope) {
        let mut members: Vec<usize> = Vec::new();
        match fields.get("campaigns") {
            None => {
                let own = campaigns.iter().enumerate().filter(|(_, campaign)| counts(limit, campaign, scope));
                members.extend(own.map(|(place, _)| place));
            }
            Some(node) => {
                for item in self.list(node) {
                    members.extend(self.member(item, limit, campaigns, scope));
                }
            }
        }
        if members.is_empty() && self.errors == 0 {
            self.warn(fields.at, "no campaign of this file uses this limit up", "name `campaigns`, or remove it");
        }
        let known_only = limit.limits.per_customer.is_some() && limit.segments.is_empty();
        for member in members {
            let Some(campaign) = campaigns.get_mut(member) else { continue };
            campaign.common_limits.push(scope.program.limits.len());
            campaign.customers_only |= known_only;
        }
    }

    fn member(&mut self, node: &Node, limit: &CommonLimit, campaigns: &[Campaign], scope: &Scope) -> Option<usize> {
        let id = self.id(node, CampaignId::parse)?;
        let Some((place, campaign)) = (0..).zip(campaigns).find(|(_, campaign)| campaign.id == id) else {
            let near = nearest(id.as_str(), campaigns.iter().map(|campaign| campaign.id.as_str()));
            let help = near.map_or_else(|| "name a campaign of this file".to_owned(), |near| format!("did you mean `{near}`?"));
            self.error_with_help(node.at, format!("there is no campaign `{id}`"), help);
            return None;
        };
        if !counts(limit, campaign, scope) {
            let help = match &limit.asset {
                Some(asset) => format!("it gives no units of `{asset}`"),
                None if limit.limits.in_units() => "only a campaign that makes single units cheaper uses `units` up".to_owned(),
                None => "only a campaign that takes money off uses `value` up; limit the `uses`".to_owned(),
            };
            self.error_with_help(node.at, format!("the campaign `{id}` does not use this limit up"), help);
            return None;
        }
        Some(place)
    }
}

/// Whether a limit has a meaning for a campaign.
fn counts(limit: &CommonLimit, campaign: &Campaign, scope: &Scope) -> bool {
    if let Some(asset) = &limit.asset {
        return campaign.gives() == Some(asset);
    }
    let per_unit = matches!(campaign.mechanic, Mechanic::Off { per: Per::Unit | Per::Line, .. } | Mechanic::PriceList { .. });
    if limit.limits.in_units() && !per_unit {
        return false;
    }
    let takes_money = campaign.mechanic.takes_money_off(scope.program.conventions.free_units);
    campaign.mechanic.act() != Act::Offers && (takes_money || !limit.limits.in_value())
}
