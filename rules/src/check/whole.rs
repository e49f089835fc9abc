//! What only a campaign as a whole shows: that it can never act, contradicts itself, or costs more than it may.

use super::Checker;
use super::program::Scope;
use super::read::Fields;
use crate::campaign::Campaign;
use crate::counting::Counting;
use crate::mechanic::{Act, Give, Mechanic, Off, Per};
use crate::money::Amount;
use crate::program::Condition;

impl Checker<'_> {
    pub(super) fn whole_campaign(&mut self, fields: &Fields<'_>, campaign: &Campaign, scope: &Scope) {
        self.reachable(fields, campaign, scope);
        self.caps_fit(fields, campaign, scope);
        self.tenders_fit(fields, campaign);
        self.waiting_fits(fields, campaign);
        self.cost_fits(fields, campaign);
        self.occasion_fits(fields, campaign);
        self.duties_fit(fields, campaign);
        if fields.has("budget") {
            self.cost_of_codes(fields, campaign);
        }
    }

    fn reachable(&mut self, fields: &Fields<'_>, campaign: &Campaign, scope: &Scope) {
        if campaign.stores.as_ref().is_some_and(Vec::is_empty) {
            let key = ["pilot_stores", "stores", "zones"].into_iter().find(|key| fields.has(key)).unwrap_or("stores");
            let help = "name at least one store, or remove the key";
            self.warn(fields.place_of(key), "no store is left: the campaign is unreachable", help);
        }
        if let Some(from) = campaign.validity.from
            && !campaign.codes.is_empty()
            && campaign.codes.iter().all(|code| code.until.is_some_and(|until| until <= from))
        {
            let at = fields.place_of(if fields.has("code") { "code" } else { "codes" });
            self.warn(at, "its codes are over before it begins: the campaign is unreachable", "change the dates");
        }
        if fields.has("barcode") && !campaign.coupon_only {
            let help = "it belongs to a campaign with `coupon_only: true`";
            self.error_with_help(fields.place_of("barcode"), "no coupon opens this campaign, so none is printed", help);
        }
        if campaign.coupon_only && !campaign.codes.is_empty() {
            let at = fields.place_of("coupon_only");
            self.error_with_help(at, "`coupon_only` and codes contradict each other", "remove one of them");
        }
        let no_tier_left = |place: &usize| match scope.program.segments.get(*place).map(|segment| &segment.condition) {
            Some(Condition::Tier(tiers)) => !tiers.iter().any(|tier| campaign.tiers.contains(tier)),
            Some(Condition::List(_) | Condition::Fact { .. } | Condition::Free(_)) | None => false,
        };
        if !campaign.tiers.is_empty() && !campaign.segments.is_empty() && campaign.segments.iter().all(no_tier_left) {
            let help = "a customer needs one of `segments` and one of `tiers`";
            self.warn(fields.place_of("segments"), "no one with its tiers is in its segments: the campaign is unreachable", help);
        }
    }

    /// Caps are for what has that kind of effect.
    fn caps_fit(&mut self, fields: &Fields<'_>, campaign: &Campaign, scope: &Scope) {
        let caps = &campaign.caps;
        let money = caps.per_line.is_some() || caps.per_receipt.is_some() || caps.basket_share.is_some();
        let at = fields.place_of("caps");
        if money && campaign.mechanic.act() > Act::Basket {
            self.warn(at, "this campaign takes no money off, so the cap says nothing", "remove it, or use `points_per_receipt`");
        } else if money && !campaign.mechanic.takes_money_off(scope.program.conventions.free_units) {
            self.error_with_help(at, "this campaign takes no money off: it adds units", "limit the `uses`");
        }
        if caps.per_line.is_some() && campaign.mechanic.act() == Act::Basket {
            self.warn(fields.place_of("caps"), "`per_line` says nothing for an offer on the basket", "use `per_receipt`");
        }
        let per_unit = matches!(campaign.mechanic, Mechanic::Off { per: Per::Unit | Per::Line, .. } | Mechanic::PriceList { .. });
        if campaign.limits.in_units() && !per_unit {
            let help = "limit the `uses`; units belong to `percent_off`, `amount_off`, `fixed_price` and `price_list` on lines";
            self.error_with_help(fields.place_of("limits"), "a limit in units has no meaning here", help);
        }
    }

    /// Only what is given can be given later.
    fn waiting_fits(&mut self, fields: &Fields<'_>, campaign: &Campaign) {
        let gives_nothing = match &campaign.mechanic {
            Mechanic::Multiply { .. } | Mechanic::Offer { .. } | Mechanic::Count(Counting { give: None, .. }) => true,
            Mechanic::Points { .. }
            | Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::Set { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Spend { .. }
            | Mechanic::Count(_)
            | Mechanic::Grant { .. } => campaign.mechanic.changes_lines(),
        };
        if campaign.awaits.is_some() && gives_nothing {
            let help = "let points, a coupon, a prize, a status or tickets wait";
            self.error_with_help(
                fields.place_of("waits_for"),
                "this cannot wait: it changes the receipt, or gives nothing",
                help,
            );
        }
    }

    /// An amount or a price is given or not: points and percentages can count the share that a tender paid.
    fn tenders_fit(&mut self, fields: &Fields<'_>, campaign: &Campaign) {
        let open = campaign.conditions.tender.as_ref().is_some_and(|tender| tender.at_least.is_none());
        let in_shares = match &campaign.mechanic {
            Mechanic::Points { .. }
            | Mechanic::Off { off: Off::Percent(_), .. }
            | Mechanic::Spend { give: Give::Percent(_), .. }
            | Mechanic::Grant { give: Give::Percent(_) } => true,
            Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::Set { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Spend { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Count(_)
            | Mechanic::Grant { .. }
            | Mechanic::Offer { .. } => false,
        };
        if open && !in_shares {
            self.error_with_help(
                fields.place_of("when"),
                "only points and percentages count a tender's share",
                "add `share_percent_at_least: 100` to `tender`",
            );
        }
    }

    /// Nothing is spent unasked: a code, a coupon or the customer's choice opens what costs units.
    fn cost_fits(&mut self, fields: &Fields<'_>, campaign: &Campaign) {
        if campaign.cost.is_none() {
            return;
        }
        let at = fields.place_of("costs");
        let help = "it belongs to what lowers prices, and to `grant`";
        match &campaign.mechanic {
            Mechanic::Points { .. } | Mechanic::Multiply { .. } | Mechanic::Count(_) | Mechanic::Offer { .. } => {
                self.error_with_help(at, "`costs` says nothing here", help);
            }
            Mechanic::Spend { give, .. } if !matches!(give, Give::Percent(_) | Give::Amount(_)) => {
                self.error_with_help(at, "`costs` says nothing here", help);
            }
            Mechanic::Grant { give } if !matches!(give, Give::Percent(_) | Give::Amount(_) | Give::Choice { .. }) => {
                if campaign.codes.is_empty() && !campaign.coupon_only {
                    let help = "add a `code`, or give a `choice`";
                    self.error_with_help(at, "nothing says that the customer wants it, and nothing is spent unasked", help);
                }
            }
            Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::Set { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Spend { .. }
            | Mechanic::Grant { .. } => {}
        }
        if campaign.fallback.is_some() {
            let help = "remove `fallback`: what is paid already costs no units any more";
            self.error_with_help(at, "`costs` and `fallback` contradict each other", help);
        }
    }

    /// The worst case of a budget that can be known: every single-use code used once, or one receipt alone.
    fn cost_of_codes(&mut self, fields: &Fields<'_>, campaign: &Campaign) {
        let Some(once) = worst_case(campaign) else { return };
        let single = campaign.codes.iter().filter(|code| code.single_use).count();
        let sales = if single > 0 && single == campaign.codes.len() { i64::try_from(single).unwrap_or(i64::MAX) } else { 1 };
        let budget = match &campaign.limits.shared {
            Some(shared) if shared.ever.value < i64::MAX => Amount::from_minor(shared.ever.value),
            Some(_) | None => return,
        };
        let worst = Amount::from_minor(once.minor().saturating_mul(sales));
        if worst > budget {
            let of = if sales > 1 { format!("its {sales} codes") } else { String::from("one receipt") };
            self.warn(
                fields.place_of("budget"),
                format!("{of} alone can cost {} minor units, and the budget is {}", worst.minor(), budget.minor()),
                "raise the budget, lower the amount, or add `caps: {per_receipt: …}`",
            );
        }
    }
}

/// The most that one receipt can cost, where the program alone says it.
fn worst_case(campaign: &Campaign) -> Option<Amount> {
    let uses = Some(campaign.limits.per_receipt.uses).filter(|uses| *uses < i64::MAX);
    let times = |amount: Amount, most: Option<i64>| Some(Amount::from_minor(amount.minor().saturating_mul(most?)));
    let own = match &campaign.mechanic {
        Mechanic::Off { off: Off::Amount(amount), per: Per::Basket } => Some(*amount),
        Mechanic::Off { off: Off::Amount(amount), per: Per::Unit | Per::Line } => times(*amount, uses),
        Mechanic::Spend { give: Give::Amount(amount), repeating, .. } => times(*amount, if *repeating { uses } else { Some(1) }),
        Mechanic::Grant { give: Give::Amount(amount) } => Some(*amount),
        Mechanic::Off { .. }
        | Mechanic::PriceList { .. }
        | Mechanic::Ladder { .. }
        | Mechanic::Set { .. }
        | Mechanic::ExtraUnits { .. }
        | Mechanic::Spend { .. }
        | Mechanic::Points { .. }
        | Mechanic::Multiply { .. }
        | Mechanic::Count { .. }
        | Mechanic::Grant { .. }
        | Mechanic::Offer { .. } => None,
    };
    [own, campaign.caps.per_receipt].into_iter().flatten().min()
}
