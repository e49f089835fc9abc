//! The rewards of an outcome's message.

use tessera_contract::convert::{awaited_event, brake_to_wire, reward_wait};
use tessera_ledger::code::ticket_number;
use tessera_ledger::outcome::{Outcome, OutcomeReward, Right};
use tessera_proto::billing::v1;
use tessera_rules::decision::{RewardKind, Shortfall};

use crate::record::fields::Fields;
use crate::record::write::Extras;
use crate::rights::prize_state;

/// What a reward gives, as far as its message tells it.
#[derive(Default)]
struct Given<'a> {
    kind: v1::RewardKind,
    asset: &'a str,
    units: i64,
    amount: i64,
    prize: Option<(&'a str, i64)>,
    tier: &'a str,
    tier_reached: bool,
    draw: &'a str,
    tickets: i64,
    coupon: Option<&'a str>,
}

impl<'a> Given<'a> {
    fn of(kind: &'a RewardKind) -> Self {
        use v1::RewardKind as Wire;
        let of = |kind: Wire| Self { kind, ..Self::default() };
        match kind {
            RewardKind::DiscountNow { amount } => Self { amount: amount.minor(), ..of(Wire::DiscountNow) },
            RewardKind::DiscountLater { coupon } => Self { coupon: Some(coupon.as_str()), ..of(Wire::DiscountLater) },
            RewardKind::BonusMoney { asset, units } => {
                Self { asset: asset.as_str(), units: units.units(), ..of(Wire::BonusMoney) }
            }
            RewardKind::Points { asset, units } => Self { asset: asset.as_str(), units: units.units(), ..of(Wire::Points) },
            RewardKind::Prize { prize, count } => Self { prize: Some((prize, i64::from(*count))), ..of(Wire::Prize) },
            RewardKind::Status { tier, reached } => Self { tier: tier.as_str(), tier_reached: *reached, ..of(Wire::Status) },
            RewardKind::Ticket { draw, count } => Self { draw, tickets: i64::from(*count), ..of(Wire::DrawTicket) },
            RewardKind::Certificate { asset, units } => {
                Self { asset: asset.as_str(), units: units.units(), ..of(Wire::GiftCertificate) }
            }
            RewardKind::Money { asset, units } => {
                Self { asset: asset.as_str(), units: units.units(), ..of(Wire::MoneyToAccount) }
            }
        }
    }

    /// The ledger's units are below zero already where they are taken back, its counts cannot be.
    fn taken_back(self) -> Self {
        let below_zero = |number: i64| number.saturating_abs().saturating_neg();
        Self { units: below_zero(self.units), amount: below_zero(self.amount), tickets: below_zero(self.tickets), ..self }
    }
}

/// A reward, given or taken back.
pub(super) fn write(fields: &mut Fields, reward: &OutcomeReward, outcome: &Outcome, extras: &Extras) {
    let given = Given::of(&reward.kind);
    let given = if reward.taken_back { given.taken_back() } else { given };
    fields.text(1, reward.id.as_str());
    fields.text(2, reward.program.as_str());
    fields.text(3, reward.campaign.as_str());
    fields.signed(4, i32::from(given.kind));
    fields.text(5, given.asset);
    fields.zigzag(6, given.units);
    fields.zigzag(7, given.amount);
    if let Some((prize, quantity)) = given.prize {
        fields.message(8, |fields| {
            fields.text(1, prize);
            fields.signed(2, quantity);
            fields.signed(3, i32::from(prize_state(&reward.right)));
        });
    }
    fields.text(9, given.tier);
    fields.text(10, given.draw);
    fields.zigzag(11, given.tickets);
    match extras.coupons.iter().find(|coupon| is_of(coupon, &reward.right)) {
        Some(coupon) => fields.made(12, coupon),
        None => {
            if let Some(coupon) = given.coupon {
                fields.message(12, |fields| write_coupon(fields, coupon, &reward.right));
            }
        }
    }
    fields.time(13, reward.vests_at);
    fields.time_of(14, reward.expires_at);
    for fact in &reward.waits_for {
        fields.text(15, fact.as_str());
    }
    fields.signed(16, i32::from(reward_wait(!reward.waits_for.is_empty(), reward.awaits.as_ref(), reward.held)));
    fields.text(17, &reward.text);
    fields.truth(18, reward.fallback);
    fields.signed(
        19,
        i32::from(match reward.on_return {
            Shortfall::Negative => v1::ReturnShortfall::Negative,
            Shortfall::Zero => v1::ReturnShortfall::Zero,
            Shortfall::DeductFromRefund => v1::ReturnShortfall::DeductFromRefund,
        }),
    );
    if let (RewardKind::Ticket { draw, .. }, Right::Tickets { first, of }) = (&reward.kind, &reward.right)
        && let Some(account) = of.as_ref().or(outcome.account.as_ref())
    {
        fields.text(20, &ticket_number(account, draw, *first));
    }
    fields.text_of(21, reward.earned_by.as_ref(), |id| id.as_str());
    fields.truth(24, given.tier_reached);
    fields.text(25, awaited_event(reward.awaits.as_ref()));
    fields.signed(26, i32::from(brake_to_wire(reward.held)));
}

/// Whether it is the coupon that a reward issued: two receipts' rewards may have one id, never one code.
pub(in crate::record) fn is_of(coupon: &v1::Coupon, right: &Right) -> bool {
    matches!(right, Right::Coupon { code } if coupon.code == *code)
}

/// A coupon of which only the account knows the rest: one that was withdrawn, or nobody's.
fn write_coupon(fields: &mut Fields, opens: &str, right: &Right) {
    fields.text(1, opens);
    if let Right::Coupon { code } = right {
        fields.text(2, code);
    }
}
