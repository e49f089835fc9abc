//! The lines of an outcome's message.

use tessera_contract::convert::measure_to_wire;
use tessera_contract::sold::is_own_change;
use tessera_ledger::outcome::{Outcome, OutcomeLine, OutcomeRedemption, OutcomeReward};
use tessera_rules::decision::{LineShare, Part, RewardKind};

use super::Extras;
use crate::record::fields::Fields;

/// The shares on lines of a reward or redemption, with the place up to which they have been told.
struct Shares<'a, T> {
    of: &'a T,
    all: &'a [LineShare],
    rest: &'a [LineShare],
}

impl<'a, T> Shares<'a, T> {
    fn new(of: &'a T, all: &'a [LineShare]) -> Self {
        Self { of, all, rest: all }
    }

    /// The share of a line. Shares mostly stand in the order of the lines; where they do not, all are looked at.
    fn on(&mut self, line: &OutcomeLine) -> Option<&'a LineShare> {
        if let Some((share, rest)) = self.rest.split_first()
            && share.line == line.id
        {
            self.rest = rest;
            return Some(share);
        }
        self.all.iter().find(|share| share.line == line.id)
    }
}

/// Whether it is said of each line what it has of which reward.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RewardShares {
    Written,
    LeftOut,
}

/// Field 21: each line with its parts and its shares of rewards and redemptions.
pub(super) fn write(fields: &mut Fields, outcome: &Outcome, extras: &Extras, shares: RewardShares) {
    let rewards = if shares == RewardShares::Written { outcome.rewards.as_slice() } else { &[] };
    let mut earned: Vec<_> = rewards.iter().map(|reward| Shares::new(reward, &reward.earned_on)).collect();
    let mut paid: Vec<_> = outcome.redemptions.iter().map(|redemption| Shares::new(redemption, &redemption.paid_on)).collect();
    for line in &outcome.lines {
        fields.message(21, |fields| {
            write_line(fields, line);
            for shares in &mut earned {
                if let Some(share) = shares.on(line) {
                    fields.message(14, |fields| write_share(fields, shares.of, share));
                }
            }
            fields.text_of(16, extras.return_reasons.get(line.id.as_str()), |reason| reason);
            for shares in &mut paid {
                if let Some(share) = shares.on(line) {
                    fields.message(17, |fields| write_payment(fields, shares.of, share));
                }
            }
        });
    }
}

/// All of a line but its rewards and the reason of its return.
fn write_line(fields: &mut Fields, line: &OutcomeLine) {
    let id = line.id.as_str();
    fields.text(1, id);
    fields.text_of(2, line.original.as_ref(), |id| id.as_str());
    fields.text(3, line.sku.as_str());
    fields.text_of(4, line.tax_code.as_ref(), |code| code.as_str());
    fields.signed(5, line.quantity.milli());
    fields.signed(6, i32::from(measure_to_wire(line.measure)));
    fields.signed(7, line.unit_price.micros());
    fields.signed(8, line.rung_up.minor());
    fields.signed(9, line.paid.minor());
    for part in &line.parts {
        fields.message(10, |fields| write_part(fields, part));
    }
    fields.truth(11, id.starts_with('+'));
    fields.text_of(12, line.added_by.as_ref(), |campaign| campaign.as_str());
    fields.zigzag(13, line.unexplained.minor());
}

fn write_part(fields: &mut Fields, part: &Part) {
    fields.signed(1, part.quantity.milli());
    fields.signed(2, part.unit_price.micros());
    fields.signed(3, part.amount.minor());
    for adjustment in &part.adjustments {
        fields.message(4, |fields| {
            if !is_own_change(&adjustment.campaign) {
                fields.text(1, adjustment.campaign.as_str());
            }
            fields.zigzag(2, adjustment.amount.minor());
            fields.text(4, &adjustment.text);
        });
    }
}

fn write_share(fields: &mut Fields, reward: &OutcomeReward, share: &LineShare) {
    let signed = if reward.taken_back { share.units.saturating_neg() } else { share.units };
    let in_money = matches!(reward.kind, RewardKind::DiscountNow { .. });
    fields.text(1, reward.id.as_str());
    fields.zigzag(if in_money { 3 } else { 2 }, signed);
}

fn write_payment(fields: &mut Fields, redemption: &OutcomeRedemption, share: &LineShare) {
    fields.text(1, redemption.id.as_str());
    fields.zigzag(2, share.units);
}
