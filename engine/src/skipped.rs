//! Counts campaigns that were skipped since their condition could not be worked out: a program at fault that no
//! till notices, since its other campaigns go on.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tessera_rules::decision::{Decision, Note};
use tessera_rules::id::CampaignId;

/// Campaigns that are counted by name: each is a row of the metrics page for as long as the process lives.
const NAMED_MAX: usize = 100;
/// Under what all others are counted. No campaign's id: those have no space.
const OTHERS: &str = "all others";

/// Counts campaigns that were skipped.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    named: Mutex<BTreeSet<CampaignId>>,
}

/// The campaigns that a decision skipped.
pub(crate) fn skipped(decision: &Decision) -> impl Iterator<Item = &CampaignId> {
    decision.notes.iter().filter_map(|note| match note {
        Note::ConditionFailed { campaign } => Some(campaign),
        Note::UnknownSku { .. }
        | Note::TooManyOpenQuotes { .. }
        | Note::AccountFull { .. }
        | Note::NotProven
        | Note::AbovePriceMax { .. } => None,
    })
}

impl Skipped {
    /// Counts the campaigns that one served call skipped.
    pub(crate) fn count<'c>(&self, call: &'static str, campaigns: impl IntoIterator<Item = &'c CampaignId>) {
        for campaign in campaigns {
            let name = self.name(campaign).into_owned();
            metrics::counter!("tessera_engine_campaigns_skipped_total", "call" => call, "campaign" => name).increment(1);
        }
    }

    /// The campaign's name while there is room for names.
    fn name<'c>(&self, campaign: &'c CampaignId) -> Cow<'c, str> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if !named.contains(campaign) {
            if named.len() >= NAMED_MAX {
                return Cow::Borrowed(OTHERS);
            }
            tracing::warn!(%campaign, "a campaign is skipped: its condition cannot be worked out; `tessera program explain` says why");
            named.insert(campaign.clone());
        }
        Cow::Borrowed(campaign.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_a_named_campaign_keeps_its_name() {
        let skipped = Skipped::default();
        let campaign = |number: usize| CampaignId::parse(&format!("c{number}")).unwrap();
        for _ in 0..2 {
            let names: BTreeSet<String> = (0..NAMED_MAX * 3).map(|number| skipped.name(&campaign(number)).into_owned()).collect();
            assert_eq!(names.len(), NAMED_MAX + 1);
            assert!(names.contains("c0") && names.contains("c99") && names.contains(OTHERS) && !names.contains("c100"));
        }
        assert!(CampaignId::parse(OTHERS).is_err(), "no campaign is mistaken for the others");
    }
}
