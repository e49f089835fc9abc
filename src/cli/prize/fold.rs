//! Prizes as the feed tells them: won, handed over, cancelled, taken back with their goods.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tessera_proto::billing::v1::{FollowUpKind, Outcome, OutcomeKind, PrizeState, Reward, RewardKind, RewardWait};

use crate::cli::Failure;

/// The newest format of outcomes that is understood here.
const FORMAT: u32 = 1;

/// A prize, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Won {
    /// The receipt that won it.
    pub(super) receipt_id: String,
    /// The reward of that receipt.
    pub(super) reward_id: String,
    /// The campaign.
    pub(super) campaign_id: String,
    /// The store that gave it. Empty: none took part.
    pub(super) store_id: String,
    /// Whose it is now, opaque.
    pub(super) account_id: String,
    /// What it is.
    pub(super) prize_id: String,
    /// How many.
    pub(super) quantity: i64,
    /// Where it stands.
    pub(super) state: PrizeState,
    /// The day on which it was won.
    pub(super) won_on: String,
    /// The day on which it was handed over or cancelled. Empty: it is due.
    pub(super) closed_on: String,
}

/// All prizes, by the receipt and reward that won them.
#[derive(Debug, Default)]
pub(super) struct Prizes {
    won: BTreeMap<(String, String), Won>,
}

impl Prizes {
    /// Takes an outcome in.
    pub(super) fn take(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        if outcome.format > FORMAT {
            let (id, format) = (&outcome.outcome_id, outcome.format);
            return Err(format!("outcome {id} is of a later format, {format}: list prizes with a later tessera").into());
        }
        let prizes = outcome.rewards.iter().filter(|reward| reward.kind() == RewardKind::Prize);
        for reward in prizes.filter(|reward| reward.waits_for() == RewardWait::Unspecified) {
            self.take_prize(outcome, reward);
        }
        for follow_up in outcome.follow_ups.iter().filter(|follow_up| follow_up.kind() == FollowUpKind::Merge) {
            for won in self.won.values_mut().filter(|won| won.account_id == outcome.account_id) {
                won.account_id.clone_from(&follow_up.target_account_id);
            }
        }
        if outcome.kind() == OutcomeKind::Erasure {
            // Nobody is there any more to whom it could be handed over.
            for won in self.won.values_mut().filter(|won| won.account_id == outcome.account_id) {
                won.close(PrizeState::Cancelled, day_of(outcome));
            }
        }
        Ok(())
    }

    fn take_prize(&mut self, outcome: &Outcome, reward: &Reward) {
        let Some(prize) = &reward.prize else { return };
        let is_return = outcome.kind() == OutcomeKind::Return;
        let named = [&reward.earned_by_receipt_id, &outcome.original_receipt_id, &outcome.receipt_id];
        let receipt_id = named.into_iter().find(|id| !id.is_empty()).cloned().unwrap_or_default();
        let state = if is_return { PrizeState::Cancelled } else { prize.state() };
        let key = (receipt_id, reward.reward_id.clone());
        let won = self.won.entry(key).or_insert_with_key(|(receipt_id, reward_id)| Won {
            receipt_id: receipt_id.clone(),
            reward_id: reward_id.clone(),
            campaign_id: reward.campaign_id.clone(),
            store_id: outcome.store_id.clone(),
            account_id: outcome.account_id.clone(),
            prize_id: prize.prize_id.clone(),
            quantity: prize.quantity,
            state: PrizeState::Due,
            won_on: day_of(outcome).to_owned(),
            closed_on: String::new(),
        });
        won.close(state, day_of(outcome));
    }

    /// Those that are due; of a day, those that were won or closed on it. In the order of the day and the receipt.
    pub(super) fn list(&self, day: Option<Date>, store: Option<&str>) -> Vec<&Won> {
        let day = day.map(|day| day.to_string());
        let is_wanted = |won: &&Won| match &day {
            Some(day) => won.won_on == *day || won.closed_on == *day,
            None => won.state == PrizeState::Due,
        };
        let own = self.won.values().filter(is_wanted);
        let mut wanted: Vec<&Won> = own.filter(|won| store.is_none_or(|store| won.store_id == store)).collect();
        wanted.sort_by(|a, b| (&a.won_on, &a.receipt_id, &a.reward_id).cmp(&(&b.won_on, &b.receipt_id, &b.reward_id)));
        wanted
    }
}

impl Won {
    /// What is closed stays so.
    fn close(&mut self, state: PrizeState, day: &str) {
        if self.state == PrizeState::Due && matches!(state, PrizeState::HandedOver | PrizeState::Cancelled) {
            self.state = state;
            day.clone_into(&mut self.closed_on);
        }
    }
}

/// The till's trading day; where no till took part, the ledger's.
fn day_of(outcome: &Outcome) -> &str {
    if outcome.business_date.is_empty() { &outcome.booking_date } else { &outcome.business_date }
}

#[cfg(test)]
mod tests {
    use tessera_proto::billing::v1::{FollowUp, Prize};

    use super::*;

    fn outcome(id: &str, kind: OutcomeKind, day: &str, (account, store): (&str, &str)) -> Outcome {
        Outcome {
            format: FORMAT,
            outcome_id: id.to_owned(),
            receipt_id: id.to_owned(),
            kind: i32::from(kind),
            business_date: day.to_owned(),
            booking_date: "2026-12-31".to_owned(),
            account_id: account.to_owned(),
            store_id: store.to_owned(),
            ..Outcome::default()
        }
    }

    fn with_mugs(outcome: Outcome, of: &str, state: PrizeState) -> Outcome {
        let mugs = Reward {
            reward_id: "mugs.0".to_owned(),
            campaign_id: "mugs".to_owned(),
            kind: i32::from(RewardKind::Prize),
            prize: Some(Prize { prize_id: "mug".to_owned(), quantity: 2, state: i32::from(state) }),
            ..Reward::default()
        };
        Outcome { rewards: vec![mugs], original_receipt_id: of.to_owned(), ..outcome }
    }

    fn told(prizes: &Prizes, day: Option<&str>, store: Option<&str>) -> Vec<(String, PrizeState, String)> {
        let wanted = prizes.list(day.map(|day| day.parse().unwrap()), store);
        wanted.iter().map(|won| (won.receipt_id.clone(), won.state, won.closed_on.clone())).collect()
    }

    #[test]
    fn a_day_tells_what_was_won_and_closed_on_it_and_no_day_what_is_due() {
        let (first, second) = ("2026-11-22", "2026-11-23");
        let waits = with_mugs(outcome("waits", OutcomeKind::Settle, first, ("a-4", "S1")), "", PrizeState::Due);
        let mut waits = waits;
        waits.rewards[0].waits_for = i32::from(RewardWait::Answers);
        let merge = FollowUp { kind: i32::from(FollowUpKind::Merge), target_account_id: "a-9".to_owned(), ..FollowUp::default() };
        let steps = [
            with_mugs(outcome("A", OutcomeKind::Settle, first, ("a-1", "S1")), "", PrizeState::Due),
            with_mugs(outcome("B", OutcomeKind::Settle, first, ("a-2", "S2")), "", PrizeState::Due),
            with_mugs(outcome("C", OutcomeKind::Settle, first, ("a-3", "S1")), "", PrizeState::HandedOver),
            with_mugs(outcome("D", OutcomeKind::Settle, first, ("a-4", "S1")), "", PrizeState::Due),
            with_mugs(outcome("E", OutcomeKind::Settle, second, ("a-5", "S1")), "", PrizeState::Due),
            waits,
            with_mugs(outcome("h", OutcomeKind::HandOver, second, ("a-1", "S1")), "A", PrizeState::HandedOver),
            with_mugs(outcome("back", OutcomeKind::Return, second, ("a-2", "S2")), "B", PrizeState::Due),
            // Goods of what was handed over come back: the mug is gone all the same.
            with_mugs(outcome("late", OutcomeKind::Return, second, ("a-3", "S1")), "C", PrizeState::HandedOver),
            Outcome { follow_ups: vec![merge], ..outcome("m", OutcomeKind::Adjustment, "", ("a-4", "")) },
            outcome("x", OutcomeKind::Erasure, "", ("a-9", "")),
        ];
        let mut prizes = Prizes::default();
        for step in &steps {
            prizes.take(step).unwrap();
        }
        let row = |id: &str, state, closed: &str| (id.to_owned(), state, closed.to_owned());
        let a = row("A", PrizeState::HandedOver, second);
        let b = row("B", PrizeState::Cancelled, second);
        let c = row("C", PrizeState::HandedOver, first);
        let d = row("D", PrizeState::Cancelled, "2026-12-31");
        let e = row("E", PrizeState::Due, "");
        assert_eq!(told(&prizes, None, None), std::slice::from_ref(&e));
        assert_eq!(told(&prizes, Some(first), None), [a.clone(), b.clone(), c.clone(), d.clone()]);
        assert_eq!(told(&prizes, Some(second), None), [a.clone(), b, e.clone()]);
        assert_eq!(told(&prizes, Some(second), Some("S1")), [a, e]);
        assert_eq!(told(&prizes, Some("2026-12-31"), None), [d]);
        let later = Outcome { format: FORMAT + 1, ..steps[0].clone() };
        assert!(prizes.take(&later).is_err());
    }
}
