//! Small converters between wire and rule types, total in the direction that their names say.

use std::time::Duration;

use jiff::Timestamp;
use tessera_proto::billing::v1;
use tessera_rules::decision::{Adjustment, Awaited, Brake, Part, Redemption, Reward, RewardKind, Verdict};
use tessera_rules::id::{CampaignId, ProgramId, TaxCode};
use tessera_rules::receipt::{Measure, PriceReason, RedeemMode, Tender, TenderKind};

use crate::sold::is_own_change;

/// A duration for the wire; beyond its range the longest there is.
#[must_use]
pub fn duration_to_wire(duration: Duration) -> tessera_proto::Duration {
    tessera_proto::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or(0),
    }
}

/// A time for the wire. Times before 1970 keep nanoseconds that are not negative, as the wire wants.
#[must_use]
pub fn timestamp_to_wire(at: Timestamp) -> tessera_proto::Timestamp {
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    if nanos < 0 {
        tessera_proto::Timestamp { seconds: seconds.saturating_sub(1), nanos: nanos.saturating_add(1_000_000_000) }
    } else {
        tessera_proto::Timestamp { seconds, nanos }
    }
}

/// A time from the wire; none outside years 1 to 9999 or with nanoseconds out of range.
#[must_use]
pub fn timestamp_from_wire(at: &tessera_proto::Timestamp) -> Option<Timestamp> {
    /// 0001-01-01T00:00:00Z, the first second that the wire's type has.
    const FIRST: i64 = -62_135_596_800;
    if at.seconds < FIRST || !(0..1_000_000_000).contains(&at.nanos) {
        return None;
    }
    Timestamp::new(at.seconds, at.nanos).ok()
}

/// How a quantity is meant.
#[must_use]
pub const fn measure_to_wire(measure: Measure) -> v1::QuantityKind {
    match measure {
        Measure::Counted => v1::QuantityKind::Counted,
        Measure::Measured => v1::QuantityKind::Measured,
    }
}

/// How a quantity is meant; unspecified is counted.
#[must_use]
pub const fn measure_from_wire(kind: v1::QuantityKind) -> Measure {
    match kind {
        v1::QuantityKind::Unspecified | v1::QuantityKind::Counted => Measure::Counted,
        v1::QuantityKind::Measured => Measure::Measured,
    }
}

/// Why a price is not the regular one.
#[must_use]
pub const fn price_reason_from_wire(reason: v1::PriceReason) -> PriceReason {
    match reason {
        v1::PriceReason::Unspecified => PriceReason::Regular,
        v1::PriceReason::Markdown => PriceReason::Markdown,
        v1::PriceReason::CashierOverride => PriceReason::Override,
        v1::PriceReason::Staff => PriceReason::Staff,
    }
}

/// A means of payment; none for the value that is refused. Wallets and third parties' vouchers are
/// `Other` to the rules, an invoice a transfer.
#[must_use]
pub const fn tender_kind_from_wire(kind: v1::TenderKind) -> Option<TenderKind> {
    match kind {
        v1::TenderKind::Unspecified => None,
        v1::TenderKind::Cash => Some(TenderKind::Cash),
        v1::TenderKind::Card => Some(TenderKind::Card),
        v1::TenderKind::Mobile | v1::TenderKind::Voucher | v1::TenderKind::Other => Some(TenderKind::Other),
        v1::TenderKind::Asset => Some(TenderKind::Asset),
        v1::TenderKind::Invoice => Some(TenderKind::Transfer),
    }
}

/// A means of payment for an outcome. A gift certificate is an asset of the program.
#[must_use]
pub const fn tender_kind_to_wire(kind: TenderKind) -> v1::TenderKind {
    match kind {
        TenderKind::Cash => v1::TenderKind::Cash,
        TenderKind::Card => v1::TenderKind::Card,
        TenderKind::Certificate | TenderKind::Asset => v1::TenderKind::Asset,
        TenderKind::Transfer => v1::TenderKind::Invoice,
        TenderKind::Other => v1::TenderKind::Other,
    }
}

/// A tender for an outcome, without the till's reference and brand, which the rules do not keep.
#[must_use]
pub fn tender_to_wire(tender: &Tender) -> v1::Tender {
    v1::Tender {
        kind: i32::from(tender_kind_to_wire(tender.kind)),
        amount_minor: tender.amount.minor(),
        reference: String::new(),
        brand: String::new(),
        asset_id: String::new(),
    }
}

/// How a redeemed asset pays.
#[must_use]
pub const fn redeem_mode_to_wire(mode: RedeemMode) -> v1::RedeemAs {
    match mode {
        RedeemMode::Discount => v1::RedeemAs::Discount,
        RedeemMode::Tender => v1::RedeemAs::Tender,
    }
}

/// How a redeemed asset pays; where the program decides, as a discount.
#[must_use]
pub const fn redeem_mode_from_wire(mode: v1::RedeemAs) -> RedeemMode {
    match mode {
        v1::RedeemAs::Unspecified | v1::RedeemAs::Discount => RedeemMode::Discount,
        v1::RedeemAs::Tender => RedeemMode::Tender,
    }
}

/// A part of a line; the tax code is the line's.
#[must_use]
pub fn part_to_wire(part: &Part, tax_code: Option<&TaxCode>) -> v1::SoldPart {
    part_with_texts(part, tax_code, str::to_owned)
}

/// The same with the texts of adjustments as `text` makes them.
pub(crate) fn part_with_texts(part: &Part, tax_code: Option<&TaxCode>, text: impl Fn(&str) -> String) -> v1::SoldPart {
    let adjustment = |adjustment: &Adjustment| v1::Adjustment {
        campaign_id: adjusting_campaign(adjustment),
        amount_minor: adjustment.amount.minor(),
        tax_code: tax_code.map(|code| code.as_str().to_owned()).unwrap_or_default(),
        text: text(&adjustment.text),
    };
    v1::SoldPart {
        quantity_milli: part.quantity.milli(),
        unit_price_micros: part.unit_price.micros(),
        amount_minor: part.amount.minor(),
        adjustments: part.adjustments.iter().map(adjustment).collect(),
    }
}

/// The till's own change has no campaign on the wire.
fn adjusting_campaign(adjustment: &Adjustment) -> String {
    if is_own_change(&adjustment.campaign) { String::new() } else { adjustment.campaign.as_str().to_owned() }
}

/// A reward that was decided, for an answer, with its text as it is shown.
pub(crate) fn reward_to_wire(reward: &Reward, text: String) -> v1::Reward {
    v1::Reward {
        reward_id: reward.id.as_str().to_owned(),
        program_id: reward.program.as_str().to_owned(),
        campaign_id: reward.campaign.as_str().to_owned(),
        vests_at: Some(timestamp_to_wire(reward.vests_at)),
        expires_at: reward.expires_at.map(timestamp_to_wire),
        requires_answers: reward.waits_for.iter().map(|fact| fact.as_str().to_owned()).collect(),
        waits_for: i32::from(reward_wait(!reward.waits_for.is_empty(), reward.awaits.as_ref(), reward.held)),
        awaited_event_id: awaited_event(reward.awaits.as_ref()).to_owned(),
        held_by: i32::from(brake_to_wire(reward.held)),
        text,
        fallback: reward.fallback,
        ..reward_kind_to_wire(&reward.kind)
    }
}

/// What a reward waits for.
#[must_use]
pub const fn reward_wait(waits_for_answers: bool, awaits: Option<&Awaited>, held: Option<Brake>) -> v1::RewardWait {
    match (awaits, waits_for_answers, held) {
        (Some(Awaited::NextVisit), _, _) => v1::RewardWait::SecondVisit,
        (Some(Awaited::Event(_)), _, _) => v1::RewardWait::Event,
        (None, true, _) => v1::RewardWait::Answers,
        (None, false, Some(_)) => v1::RewardWait::Review,
        (None, false, None) => v1::RewardWait::Unspecified,
    }
}

/// The brake that holds a reward.
#[must_use]
pub const fn brake_to_wire(brake: Option<Brake>) -> v1::Brake {
    match brake {
        None => v1::Brake::Unspecified,
        Some(Brake::Velocity) => v1::Brake::Velocity,
        Some(Brake::OwnTill) => v1::Brake::OwnTill,
        Some(Brake::UnitsAbove) => v1::Brake::UnitsAbove,
    }
}

/// The event that a reward waits for; empty: none.
#[must_use]
pub fn awaited_event(awaits: Option<&Awaited>) -> &str {
    match awaits {
        Some(Awaited::Event(event)) => event.as_str(),
        Some(Awaited::NextVisit) | None => "",
    }
}

/// What a reward is: kind, asset, units, amount, prize, tier and draw; everything else is empty.
#[must_use]
pub fn reward_kind_to_wire(kind: &RewardKind) -> v1::Reward {
    let of = |kind: v1::RewardKind| v1::Reward { kind: i32::from(kind), ..v1::Reward::default() };
    match kind {
        RewardKind::DiscountNow { amount } => v1::Reward { amount_minor: amount.minor(), ..of(v1::RewardKind::DiscountNow) },
        RewardKind::DiscountLater { coupon } => {
            let coupon = v1::Coupon { coupon_id: coupon.as_str().to_owned(), ..v1::Coupon::default() };
            v1::Reward { coupon: Some(coupon), ..of(v1::RewardKind::DiscountLater) }
        }
        RewardKind::BonusMoney { asset, units } => {
            v1::Reward { asset_id: asset.as_str().to_owned(), units: units.units(), ..of(v1::RewardKind::BonusMoney) }
        }
        RewardKind::Points { asset, units } => {
            v1::Reward { asset_id: asset.as_str().to_owned(), units: units.units(), ..of(v1::RewardKind::Points) }
        }
        RewardKind::Prize { prize, count } => {
            let state = i32::from(v1::PrizeState::Due);
            let prize = v1::Prize { prize_id: prize.as_str().to_owned(), quantity: i64::from(*count), state };
            v1::Reward { prize: Some(prize), ..of(v1::RewardKind::Prize) }
        }
        RewardKind::Status { tier, reached } => {
            v1::Reward { tier_id: tier.as_str().to_owned(), tier_reached: *reached, ..of(v1::RewardKind::Status) }
        }
        RewardKind::Ticket { draw, count } => {
            v1::Reward { draw_id: draw.as_str().to_owned(), draw_tickets: i64::from(*count), ..of(v1::RewardKind::DrawTicket) }
        }
        RewardKind::Certificate { asset, units } => {
            v1::Reward { asset_id: asset.as_str().to_owned(), units: units.units(), ..of(v1::RewardKind::GiftCertificate) }
        }
        RewardKind::Money { asset, units } => {
            v1::Reward { asset_id: asset.as_str().to_owned(), units: units.units(), ..of(v1::RewardKind::MoneyToAccount) }
        }
    }
}

/// An asset that is used up; the program is not known to the rules' type.
#[must_use]
pub fn redemption_to_wire(redemption: &Redemption, program: Option<&ProgramId>) -> v1::Redemption {
    v1::Redemption {
        redemption_id: redemption.id.as_str().to_owned(),
        program_id: program.map(|program| program.as_str().to_owned()).unwrap_or_default(),
        asset_id: redemption.asset.as_str().to_owned(),
        units: redemption.units.units(),
        amount_minor: redemption.amount.minor(),
        redeem_as: i32::from(redeem_mode_to_wire(redemption.mode)),
        code: String::new(),
    }
}

/// A verdict on a code.
#[must_use]
pub const fn verdict_to_wire(verdict: Verdict) -> v1::CodeState {
    match verdict {
        Verdict::Applied => v1::CodeState::Applied,
        Verdict::NotNeeded => v1::CodeState::NotNeeded,
        Verdict::Unknown => v1::CodeState::Unknown,
        Verdict::Expired => v1::CodeState::Expired,
        Verdict::Used => v1::CodeState::Used,
        Verdict::NotThisCustomer => v1::CodeState::OtherCustomer,
        Verdict::ConditionMissing => v1::CodeState::ConditionMissing,
        Verdict::NotYetValid => v1::CodeState::NotYetValid,
    }
}

/// An optional campaign as the wire writes it.
#[must_use]
pub fn campaign_to_wire(campaign: Option<&CampaignId>) -> String {
    campaign.map(|campaign| campaign.as_str().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_wire_before_and_after_1970() {
        for nanos in [0_i128, 1, -1, 1_500_000_000, -1_500_000_000, 1_763_800_000_123_456_789] {
            let at = Timestamp::from_nanosecond(nanos).expect("is in range");
            let wire = timestamp_to_wire(at);
            assert!((0..1_000_000_000).contains(&wire.nanos));
            assert_eq!(timestamp_from_wire(&wire), Some(at), "{nanos}");
        }
    }

    #[test]
    fn times_out_of_range_are_none() {
        for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000), (-62_135_596_801, 0)] {
            assert_eq!(timestamp_from_wire(&tessera_proto::Timestamp { seconds, nanos }), None, "{seconds} {nanos}");
        }
    }

    #[test]
    fn each_tender_of_the_rules_has_one_on_the_wire_and_comes_back_where_the_wire_knows_it() {
        let table = [
            (TenderKind::Cash, TenderKind::Cash),
            (TenderKind::Card, TenderKind::Card),
            (TenderKind::Certificate, TenderKind::Asset),
            (TenderKind::Asset, TenderKind::Asset),
            (TenderKind::Transfer, TenderKind::Transfer),
            (TenderKind::Other, TenderKind::Other),
        ];
        for (kind, back) in table {
            assert_eq!(tender_kind_from_wire(tender_kind_to_wire(kind)), Some(back), "{kind:?}");
        }
    }
}
