//! What a printer needs for a personal coupon: the same in a quote, in the outcome and on the card.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tessera_ledger::account::PersonalCoupon;
use tessera_ledger::code::ean13;
use tessera_ledger::outcome::{OutcomeReward, Right};
use tessera_proto::billing::v1;
use tessera_rules::campaign::{Barcode, Campaign};
use tessera_rules::decision::RewardKind;
use tessera_rules::id::CampaignId;
use tessera_rules::revision::Revision;

/// The coupon of a reward that was issued or withdrawn; none: the reward is no coupon, or nobody's.
pub(crate) fn of_reward(reward: &OutcomeReward, revision: &Revision) -> Option<v1::Coupon> {
    let (RewardKind::DiscountLater { coupon }, Right::Coupon { code }) = (&reward.kind, &reward.right) else { return None };
    Some(printed(coupon, code, (reward.vests_at, reward.expires_at), revision))
}

/// A coupon of an account.
pub(crate) fn of_account(coupon: &PersonalCoupon, revision: &Revision) -> v1::Coupon {
    printed(&coupon.campaign, &coupon.code, (coupon.valid_from, coupon.valid_until), revision)
}

/// A coupon as it is printed: the barcode that its campaign chose, its days in the time zone of the campaign's program.
pub(crate) fn printed(
    opens: &CampaignId,
    code: &str,
    (from, until): (Timestamp, Option<Timestamp>),
    revision: &Revision,
) -> v1::Coupon {
    let zone = zone_of(opens, revision);
    let day = |at: Timestamp| zone.to_datetime(at).date().to_string();
    // What ends with a day is good on that day.
    let last = |until: Timestamp| until.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(until);
    let (barcode, payload) = match revision.campaign(opens).map(Campaign::barcode).unwrap_or_default() {
        Barcode::Code128 => (v1::BarcodeType::Code128, code.to_owned()),
        Barcode::Ean13 => (v1::BarcodeType::Ean13, ean13(code).into_string()),
        Barcode::Qr => (v1::BarcodeType::Qr, code.to_owned()),
        Barcode::Nothing => (v1::BarcodeType::Unspecified, String::new()),
    };
    v1::Coupon {
        coupon_id: opens.as_str().to_owned(),
        code: code.to_owned(),
        barcode_type: i32::from(barcode),
        payload,
        valid_from: day(from),
        valid_until: until.map(|until| day(last(until))).unwrap_or_default(),
        text: String::new(),
    }
}

fn zone_of(campaign: &CampaignId, revision: &Revision) -> TimeZone {
    let program =
        revision.campaign(campaign).and_then(|known| revision.programs().iter().find(|program| program.id == *known.program()));
    program.map_or(TimeZone::UTC, |program| program.time_zone.clone())
}
