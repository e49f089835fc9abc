//! `for`: a campaign that is given for something else than a receipt.

use super::Checker;
use super::keys::campaign::{CAMPAIGN, FOR};
use super::program::Scope;
use super::read::Fields;
use crate::campaign::Campaign;
use crate::id::FactId;
use crate::mechanic::{Give, Mechanic};
use crate::occasion::{Brought, Occasion};
use crate::tree::{Kind, Node};
use crate::usage::Usage;

pub(crate) const BROUGHT: [(&str, Brought); 2] = [("enrolment", Brought::Enrolled), ("first_receipt", Brought::FirstReceipt)];

/// Keys of a campaign that say something without a receipt.
const WITHOUT_RECEIPT: [&str; 12] =
    ["id", "name", "text", "valid", "stores", "zones", "pilot_stores", "priority", "limits", "funded_by", "for", "grant"];

impl Checker<'_> {
    pub(super) fn occasion(&mut self, node: &Node, scope: &Scope) -> Option<Occasion> {
        if let Kind::Scalar { .. } = &node.kind {
            return self.choice(node, &[("enrolment", ())]).map(|()| Occasion::Enrolment);
        }
        let fields = self.fields(node, &FOR)?;
        let only = self.only(&fields)?;
        if only.key == "referral" {
            return self.choice(&only.value, &BROUGHT).map(Occasion::Referral);
        }
        let known = scope.facts.iter().map(|fact| fact.id.as_str());
        let nodes = self.list(&only.value);
        let names_none = nodes.is_empty();
        let ids = nodes.into_iter().filter_map(|node| self.reference(node, "fact", known.clone()));
        let facts: Vec<FactId> = ids.filter_map(|id| FactId::parse(id).ok()).collect();
        if names_none {
            self.error_with_help(only.value.at, "no answer is named", "name the facts that must be answered");
        }
        if facts.is_empty() {
            return None;
        }
        Some(Occasion::Answers(facts))
    }

    /// Without a receipt there are no goods, no prices and no tenders.
    pub(super) fn occasion_fits(&mut self, fields: &Fields<'_>, campaign: &Campaign) {
        let Some(occasion) = &campaign.occasion else { return };
        for key in CAMPAIGN.names().filter(|key| fields.has(key) && !WITHOUT_RECEIPT.contains(key)) {
            let message = format!("`{key}` says nothing here: there is no receipt");
            self.error_with_help(fields.place_of(key), message, "remove it, or remove `for`");
        }
        // Another mechanic was told above: it is a key that says nothing here.
        let Mechanic::Grant { give } = &campaign.mechanic else { return };
        let can_be_given = match give {
            Give::Points { .. } => true,
            Give::Coupon { .. } | Give::Prize { .. } | Give::Tickets { .. } => !matches!(occasion, Occasion::Referral(_)),
            Give::Status { .. } | Give::Percent(_) | Give::Amount(_) | Give::Gift { .. } | Give::Choice { .. } => false,
        };
        if !can_be_given {
            let help = match occasion {
                Occasion::Referral(_) => "give `points`: they go to the other account",
                Occasion::Enrolment | Occasion::Answers(_) => "give `points`, a `coupon`, `tickets` or a `prize`",
            };
            self.error_with_help(fields.place_of("grant"), "this cannot be given without a receipt", help);
        }
        let limits = &campaign.limits;
        if limits.shared.is_some() || limits.per_receipt != Usage::UNLIMITED || limits.in_units() {
            let help = "say `per_customer`, `per_customer_day` or `per_customer_month`, in uses or points";
            self.error_with_help(fields.place_of("limits"), "only what one account gets can be limited here", help);
        }
        if limits.per_member && matches!(occasion, Occasion::Referral(_)) {
            let help = "leave `per: member` out";
            self.error_with_help(
                fields.place_of("limits"),
                "the account that brought somebody is rewarded, no member of it",
                help,
            );
        }
    }
}
