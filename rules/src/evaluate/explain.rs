//! Verdicts on codes, and why campaigns did what they did.

use compact_str::{CompactString, format_compact};

use super::basket::Basket;
use super::candidates::{Reason, Span, admit, code_state};
use super::draft::{Draft, Effect};
use crate::decision::{CodeVerdict, Explained, NotApplied, Promise, Verdict};
use crate::id::CampaignId;
use crate::limits::EXPLAINED_MAX;
use crate::occasion;
use crate::receipt::Explain;
use crate::standing::{CodeState, NoPromises};
use crate::validity::OutOfTime;

impl Draft<'_, '_> {
    /// A verdict for each presented code, and a hold on each single-use code that was used.
    pub(super) fn code_verdicts(&mut self) -> Vec<CodeVerdict> {
        let codes = &self.case.receipt.codes;
        let mut verdicts = Vec::with_capacity(codes.len());
        for (place, code) in codes.iter().enumerate() {
            let again = codes.iter().take(place).any(|before| before == code);
            let (verdict, campaign) = if again { (Verdict::NotNeeded, None) } else { self.code_verdict(code) };
            verdicts.push(CodeVerdict { code: code.clone(), verdict, campaign });
        }
        verdicts
    }

    fn code_verdict(&mut self, code: &CompactString) -> (Verdict, Option<CampaignId>) {
        let revision = self.case.revision;
        let coupon = self.case.standing.codes.iter().find(|known| known.code == *code).and_then(|known| known.campaign.as_ref());
        let own = coupon.and_then(|campaign| revision.place_of(campaign));
        let campaigns: Vec<usize> = own.into_iter().chain(revision.opened_by(code)).collect();
        let first = campaigns.first().and_then(|place| revision.campaigns().get(*place));
        let known = first.map(|campaign| campaign.id.clone());
        match code_state(self.case, code) {
            CodeState::Used => return (Verdict::Used, known),
            CodeState::Expired => return (Verdict::Expired, known),
            CodeState::NotYetValid => return (Verdict::NotYetValid, known),
            CodeState::NotThisCustomer => return (Verdict::NotThisCustomer, known),
            CodeState::Open => {}
        }
        let Some(first) = first else { return (Verdict::Unknown, None) };
        if let Some(applied) = campaigns.iter().find(|place| self.effects.iter().any(|effect| effect.place == **place)) {
            if own.is_some() || revision.is_single_use(code) {
                self.promises.push(Promise::Code { code: code.clone() });
            }
            return (Verdict::Applied, revision.campaigns().get(*applied).map(|campaign| campaign.id.clone()));
        }
        let rule = first.codes.iter().find(|known| known.code == *code);
        let own_until = rule.and_then(|known| known.until);
        let early = campaigns.iter().all(|place| self.reason(*place) == Some(Reason::Time(OutOfTime::NotYet)));
        if early || rule.and_then(|known| known.from).is_some_and(|from| self.case.at < from) {
            return (Verdict::NotYetValid, known);
        }
        let over = campaigns.iter().all(|place| self.reason(*place) == Some(Reason::Time(OutOfTime::Over)));
        if over || own_until.is_some_and(|until| self.case.at >= until) {
            return (Verdict::Expired, known);
        }
        let not_needed = campaigns
            .iter()
            .any(|place| matches!(self.reason(*place), Some(Reason::NothingToTakeOff | Reason::Outdone | Reason::Declined)));
        (if not_needed { Verdict::NotNeeded } else { Verdict::ConditionMissing }, known)
    }

    /// Why a campaign was not applied. It need not have been looked at yet: its conditions take of the steps that those of
    /// the evaluation have left.
    fn reason(&self, place: usize) -> Option<Reason> {
        let known = self.refused.iter().find(|(refused, _)| *refused == place).map(|(_, reason)| *reason);
        known.or_else(|| {
            let campaign = self.case.revision.campaigns().get(place)?;
            let admitted = admit(self.case, &self.facts, campaign);
            Some(admitted.map_or_else(|reason| reason, |admitted| admitted.withheld.unwrap_or(Reason::NoLine)))
        })
    }

    pub(super) fn explain(&self) -> Vec<Explained> {
        let (named, candidates) = match &self.case.receipt.explain {
            Explain::Nothing => return Vec::new(),
            Explain::Named(named) => (named, false),
            Explain::Candidates(named) => (named, true),
        };
        let mut places: Vec<usize> = Vec::new();
        if candidates {
            places.extend(self.effects.iter().map(|effect| effect.place).chain(self.refused.iter().map(|(place, _)| *place)));
            places.sort_unstable();
            places.dedup();
            places.truncate(EXPLAINED_MAX);
        }
        let mut explained: Vec<Explained> = places.iter().filter_map(|place| self.explained(*place)).collect();
        for id in named {
            if explained.iter().any(|known| known.campaign == *id) {
                continue;
            }
            let found = self.case.revision.place_of(id).and_then(|place| self.explained(place));
            explained.push(found.unwrap_or_else(|| Explained {
                campaign: id.clone(),
                why: CompactString::const_new("this revision has no such campaign"),
                reason: Some(NotApplied::UnknownCampaign),
            }));
        }
        explained
    }

    fn explained(&self, place: usize) -> Option<Explained> {
        let campaign = self.case.revision.campaigns().get(place)?;
        let id = campaign.id.clone();
        if let Some(effect) = self.effects.iter().find(|effect| effect.place == place) {
            return Some(Explained { campaign: id, why: applied(effect, &self.basket), reason: None });
        }
        let reason = self.reason(place)?;
        let why = match (reason, &campaign.occasion) {
            (Reason::Failed(asked, error), _) => self.case.failure_words(campaign, asked, error),
            (Reason::OtherOccasion, Some(occasion)) => occasion::words(occasion),
            (reason, _) => CompactString::const_new(words(reason)),
        };
        Some(Explained { campaign: id, why, reason: Some(kind(reason)) })
    }
}

fn applied(effect: &Effect, basket: &Basket<'_>) -> CompactString {
    let decimal = rust_decimal::Decimal::try_from_i128_with_scale(i128::from(effect.discount), basket.currency.minor_digits())
        .unwrap_or_default();
    match (effect.times, effect.discount) {
        (times, 0) => format_compact!("applied, times: {times}"),
        (times, _) => format_compact!("applied, times: {times}, cheaper by {decimal} {}", basket.currency.code()),
    }
}

/// A reason in a marketer's words.
fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Currency => "the receipt is in another currency than the program",
        Reason::Time(OutOfTime::NotYet) => "it has not begun yet",
        Reason::Time(OutOfTime::Over) => "it is over",
        Reason::Time(OutOfTime::Weekday) => "it is not on this weekday",
        Reason::Time(OutOfTime::Hours) => "it is not on at this hour",
        Reason::Store => "it is not for this store",
        Reason::Channel => "it is not for sales through this channel",
        Reason::NoCustomer => "it is for known customers, and this one is not known",
        Reason::Blocked => "the customer's card is blocked",
        Reason::Tier => "the customer does not have the tier",
        Reason::Segment => "the customer is in none of its segments",
        Reason::NoCode => "its code was not presented",
        Reason::CodeNotUsable => "its code was presented, but is used up, expired or another customer's",
        Reason::LimitReached(Span::Ever) => "it has been used as often as its limits allow",
        Reason::LimitReached(Span::Day) => "it has been used today as often as its limits allow",
        Reason::LimitReached(Span::Month) => "it has been used this month as often as its limits allow",
        Reason::LimitReached(Span::SharedDay) => "it has been used today by all customers as often as its limits allow",
        Reason::CommonLimit => "a limit that it uses up together with others is reached",
        Reason::NotPromised(NoPromises::TooManyOpenQuotes) => "too many quotes are open to promise anything scarce",
        Reason::NotPromised(NoPromises::AccountFull) => "the account is too full to promise anything scarce",
        Reason::NoLine => "none of its products is on the receipt",
        Reason::SpendMore => "too little is spent",
        Reason::TooFewUnits => "too few units of its products are on the receipt",
        Reason::NothingToTakeOff => {
            "there is nothing left to take off: another campaign used the units, or they take no discount"
        }
        Reason::TooFewHeld => "the account has too few units of what it costs",
        Reason::Outdone => "another combination of campaigns leaves less to pay",
        Reason::Declined => "the customer declined it",
        Reason::OutOfStock => "the gift is out of stock",
        Reason::MinimumPrice => "the product has a minimum price and cannot be free",
        Reason::TooLate => "the receipt is paid, and it has no fallback for that",
        Reason::NothingToOffer => "there is nothing to offer that is in stock and not in the basket",
        Reason::StepsUsedUp => "the search steps were used up",
        Reason::ControlGroup => "the customer is in its control group",
        Reason::TenderUnknown => "it depends on how the receipt is paid, which is not known yet",
        Reason::Tender => "the receipt is not paid, or too little of it, by its means of payment",
        Reason::Birthday => "the customer's birthday is not near, or not known well enough",
        Reason::Visits => "the customer has had too few or too many receipts before this one",
        Reason::Enrolled => "the customer enrolled too long ago",
        Reason::Counter => "the counter that it looks at has not come so far",
        Reason::OnlyCounts => "it counts over receipts, and gives nothing itself",
        Reason::NotDrawn => "the receipt does not win it: it is drawn at the till",
        Reason::NoCoupon => "the personal coupon that opens it was not presented",
        Reason::BudgetUsedUp => "its budget is used up",
        Reason::Braked => "its program gives nothing on this receipt: the card is used too often, or at its owner's own till",
        Reason::ChoiceOpen => "the customer has not chosen yet",
        Reason::NothingToMultiply => "no campaign gave points on its goods",
        Reason::Condition => "its condition does not hold",
        Reason::Failed(..) => "its condition cannot be worked out",
        Reason::OtherOccasion => "it is for something else than receipts",
        Reason::TooLarge => "a number became too large to be exact",
    }
}

/// What kind of reason it is.
fn kind(reason: Reason) -> NotApplied {
    match reason {
        Reason::Currency => NotApplied::Currency,
        Reason::Time(_) => NotApplied::Time,
        Reason::Store => NotApplied::Store,
        Reason::Channel => NotApplied::Channel,
        Reason::NoCustomer | Reason::Blocked => NotApplied::Customer,
        Reason::Tier | Reason::Segment => NotApplied::Segment,
        Reason::ControlGroup => NotApplied::ControlGroup,
        Reason::NoCode | Reason::NoCoupon | Reason::CodeNotUsable => NotApplied::Code,
        Reason::NoLine | Reason::SpendMore | Reason::TooFewUnits => NotApplied::Goods,
        Reason::TenderUnknown
        | Reason::Tender
        | Reason::OtherOccasion
        | Reason::Birthday
        | Reason::Visits
        | Reason::Enrolled
        | Reason::Counter
        | Reason::NotDrawn
        | Reason::TooFewHeld
        | Reason::ChoiceOpen
        | Reason::Condition
        | Reason::Failed(..)
        | Reason::TooLarge => NotApplied::Condition,
        Reason::LimitReached(_) | Reason::CommonLimit | Reason::NotPromised(_) | Reason::BudgetUsedUp | Reason::Braked => {
            NotApplied::Limit
        }
        Reason::NothingToTakeOff
        | Reason::NothingToMultiply
        | Reason::NothingToOffer
        | Reason::OnlyCounts
        | Reason::OutOfStock
        | Reason::MinimumPrice
        | Reason::TooLate => NotApplied::Effect,
        Reason::Outdone => NotApplied::BetterDeal,
        Reason::Declined => NotApplied::Declined,
        Reason::StepsUsedUp => NotApplied::Dropped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reason, those that carry something once for each of it, and what is told of it.
    #[test]
    fn every_reason_is_told_in_words_and_as_a_kind() {
        let table: [(NotApplied, &[Reason]); 15] = [
            (NotApplied::Currency, &[Reason::Currency]),
            (NotApplied::Time, &[OutOfTime::NotYet, OutOfTime::Over, OutOfTime::Weekday, OutOfTime::Hours].map(Reason::Time)),
            (NotApplied::Store, &[Reason::Store]),
            (NotApplied::Channel, &[Reason::Channel]),
            (NotApplied::Customer, &[Reason::NoCustomer, Reason::Blocked]),
            (NotApplied::Segment, &[Reason::Tier, Reason::Segment]),
            (NotApplied::ControlGroup, &[Reason::ControlGroup]),
            (NotApplied::Code, &[Reason::NoCode, Reason::NoCoupon, Reason::CodeNotUsable]),
            (NotApplied::Goods, &[Reason::NoLine, Reason::SpendMore, Reason::TooFewUnits]),
            (
                NotApplied::Condition,
                &[
                    Reason::TenderUnknown,
                    Reason::Tender,
                    Reason::OtherOccasion,
                    Reason::Birthday,
                    Reason::Visits,
                    Reason::Enrolled,
                    Reason::Counter,
                    Reason::NotDrawn,
                    Reason::TooFewHeld,
                    Reason::ChoiceOpen,
                    Reason::Condition,
                    Reason::TooLarge,
                ],
            ),
            (
                NotApplied::Limit,
                &[
                    Reason::LimitReached(Span::Ever),
                    Reason::LimitReached(Span::Day),
                    Reason::LimitReached(Span::Month),
                    Reason::LimitReached(Span::SharedDay),
                    Reason::CommonLimit,
                    Reason::NotPromised(NoPromises::TooManyOpenQuotes),
                    Reason::NotPromised(NoPromises::AccountFull),
                    Reason::BudgetUsedUp,
                    Reason::Braked,
                ],
            ),
            (
                NotApplied::Effect,
                &[
                    Reason::NothingToTakeOff,
                    Reason::NothingToMultiply,
                    Reason::NothingToOffer,
                    Reason::OnlyCounts,
                    Reason::OutOfStock,
                    Reason::MinimumPrice,
                    Reason::TooLate,
                ],
            ),
            (NotApplied::BetterDeal, &[Reason::Outdone]),
            (NotApplied::Declined, &[Reason::Declined]),
            (NotApplied::Dropped, &[Reason::StepsUsedUp]),
        ];
        let mut told = std::collections::BTreeSet::new();
        for (expected, reasons) in table {
            for reason in reasons {
                assert_eq!(kind(*reason), expected, "{reason:?}");
                assert!(told.insert(words(*reason)), "{reason:?} has words of its own");
            }
        }
    }
}
