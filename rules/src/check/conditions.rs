//! Conditions of a campaign, and who pays for it.

use compact_str::CompactString;

use super::campaign::USES_MAX;
use super::keys::campaign::{BIRTHDAY, COUNTED, TENDER, VISITS, WHEN};
use super::program::Scope;
use super::{Checker, Later};
use crate::campaign::{Birthday, Conditions, TenderShare};
use crate::cel::Subject;
use crate::id::{CampaignId, FactId};
use crate::limits::DAYS_MAX;
use crate::money::{Amount, Quantity};
use crate::ratio::Ratio;
use crate::receipt::TenderKind;
use crate::tree::{Kind, Node};

pub(super) const TENDERS: [(&str, TenderKind); 6] = [
    ("cash", TenderKind::Cash),
    ("card", TenderKind::Card),
    ("certificate", TenderKind::Certificate),
    ("asset", TenderKind::Asset),
    ("transfer", TenderKind::Transfer),
    ("other", TenderKind::Other),
];
/// Half a year: more days around a birthday would meet the next one.
const BIRTHDAY_DAYS_MAX: i64 = 180;

impl Checker<'_> {
    pub(super) fn when(&mut self, node: &Node, scope: &Scope) -> (Option<Amount>, Conditions) {
        if let Kind::Scalar { .. } = &node.kind {
            let free = self.free_condition(node, Subject::Receipt, scope);
            return (None, Conditions { free, ..Conditions::default() });
        }
        let Some(fields) = self.fields(node, &WHEN) else { return Default::default() };
        let spend = fields.get("spend_at_least").and_then(|node| self.money(node, scope.program.currency));
        let counted = fields.get("counted").and_then(|node| self.counted(node));
        let enrolled = fields.get("enrolled_days_max").and_then(|node| self.integer(node, 1..=DAYS_MAX));
        let conditions = Conditions {
            units_at_least: fields.get("units_at_least").and_then(|node| self.integer(node, 1..=USES_MAX)),
            tender: fields.get("tender").and_then(|node| self.tender(node)),
            birthday: fields.get("birthday").and_then(|node| self.birthday(node, scope)),
            visits: fields.get("visits").and_then(|node| self.visits(node)),
            enrolled_days_max: enrolled.and_then(|days| u32::try_from(days).ok()),
            counted,
            chance: fields.get("chance_percent").and_then(|node| self.percent(node)),
            free: fields.get("condition").and_then(|node| self.free_condition(node, Subject::Receipt, scope)),
        };
        (spend, conditions)
    }

    fn tender(&mut self, node: &Node) -> Option<TenderShare> {
        let fields = self.fields(node, &TENDER)?;
        let nodes = self.list(fields.get("kind")?);
        let mut kinds: Vec<TenderKind> = nodes.into_iter().filter_map(|node| self.choice(node, &TENDERS)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let at_least = fields.get("share_percent_at_least").and_then(|node| self.percent(node));
        Some(TenderShare { kinds, at_least })
    }

    fn birthday(&mut self, node: &Node, scope: &Scope) -> Option<Birthday> {
        let fields = self.fields(node, &BIRTHDAY)?;
        let known = scope.facts.iter().map(|fact| fact.id.as_str());
        let fact = fields.get("fact").and_then(|node| self.reference(node, "fact", known)).and_then(|id| FactId::parse(id).ok());
        if let Some(rule) = scope.facts.iter().find(|rule| Some(&rule.id) == fact.as_ref())
            && !rule.lapses_for.is_empty()
        {
            let help = "leave `lapses_for` out of the fact";
            self.error_with_help(fields.at, "a birthday that lapses for some only cannot be kept", help);
        }
        let mut days = |key: &str| {
            let days = fields.get(key).map_or(Some(0), |node| self.integer(node, 0..=BIRTHDAY_DAYS_MAX));
            days.and_then(|days| i32::try_from(days).ok())
        };
        let (days_before, days_after) = (days("days_before"), days("days_after"));
        Some(Birthday { fact: fact?, days_before: days_before?, days_after: days_after? })
    }

    fn visits(&mut self, node: &Node) -> Option<(u32, u32)> {
        let fields = self.fields(node, &VISITS)?;
        let mut bound = |key: &str, otherwise: u32| {
            let value = fields.get(key).map(|node| self.integer(node, 0..=USES_MAX));
            value.map_or(Some(otherwise), |value| value.and_then(|value| u32::try_from(value).ok()))
        };
        let (least, most) = (bound("at_least", 0)?, bound("at_most", u32::MAX)?);
        if least > most {
            self.error_with_help(fields.at, "`at_least` is above `at_most`: it would never hold", "exchange the two");
        }
        Some((least, most))
    }

    fn counted(&mut self, node: &Node) -> Option<(CampaignId, i64)> {
        let fields = self.fields(node, &COUNTED)?;
        let named = fields.get("campaign")?;
        let campaign = self.id(named, CampaignId::parse);
        let least = fields.get("at_least").and_then(|node| self.integer(node, 1..=USES_MAX));
        let campaign = campaign?;
        self.later.push((Later::Counter, campaign.clone(), named.at));
        Some((campaign, least?.saturating_mul(Quantity::ONE.milli())))
    }

    /// `funded_by: Supplier`, or shares in percent that sum to 100.
    pub(super) fn funding(&mut self, node: &Node) -> Vec<(CompactString, Ratio)> {
        let Kind::Map(shares) = &node.kind else {
            return self.word(node).map(|word| (CompactString::from(word), Ratio::ONE)).into_iter().collect();
        };
        let mut funding = Vec::with_capacity(shares.len());
        let mut sum = rust_decimal::Decimal::ZERO;
        for share in shares {
            let Some(ratio) = self.percent(&share.value) else { continue };
            sum = self.decimal(&share.value).and_then(|percent| sum.checked_add(percent)).unwrap_or(sum);
            funding.push((CompactString::from(share.key.as_str()), ratio));
        }
        if funding.len() == shares.len() && sum != rust_decimal::Decimal::ONE_HUNDRED {
            self.error_with_help(node.at, format!("the shares sum to {sum} and not to 100"), "write `{own: 50, Supplier: 50}`");
        }
        funding.sort_by(|a, b| a.0.cmp(&b.0));
        funding
    }
}
