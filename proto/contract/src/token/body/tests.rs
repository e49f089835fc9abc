//! Tests of the form of a body: what is written is read, whatever the values, and other bytes are none.

use proptest::prelude::*;
use tessera_rules::decision::{Calendar, CodeVerdict, CounterTime, Note, Promise, Reward, RewardKind, Shortfall, Verdict};
use tessera_rules::id::{AssetId, CampaignId, CustomerId, LineId, RewardId, Sku, TierId};
use tessera_rules::money::{Amount, Units};
use tessera_rules::receipt::{Measure, RedeemMode};
use tessera_rules::usage::Usage;

use super::*;
use crate::sample;

fn campaign(text: &str) -> CampaignId {
    CampaignId::parse(text).expect("is an id")
}

fn asset() -> AssetId {
    AssetId::parse("points").expect("is an id")
}

/// A sample's decision as a token keeps it.
fn kept(lines: usize) -> Decision {
    let mut decision = sample::decision(lines);
    decision.prompts.clear();
    decision.offers.clear();
    decision.redeemable.clear();
    decision.near_misses.clear();
    decision.choices.clear();
    decision.notes.retain(|note| matches!(note, Note::UnknownSku { .. }));
    decision.explained.clear();
    decision.instructions[0].text.clear();
    for adjustment in decision.lines.iter_mut().flat_map(|line| &mut line.parts).flat_map(|part| &mut part.adjustments) {
        adjustment.text.clear();
    }
    decision
}

fn written(decision: &Decision) -> Vec<u8> {
    let mut writer = CompactWriter::after(Vec::new());
    write_decision::decision(&mut writer, decision);
    writer.into_bytes()
}

/// Writes the decision and reads it again.
fn check(decision: &Decision) {
    let bytes = written(decision);
    let mut reader = CompactReader::of(&bytes);
    assert_eq!(read_decision::decision(&mut reader).as_ref(), Some(decision));
    assert!(reader.is_at_end());
}

#[test]
fn every_kind_of_reward_is_read_as_written() {
    let (units, count) = (Units::from_units(i64::MIN), u32::MAX);
    let kinds = [
        RewardKind::DiscountNow { amount: Amount::from_minor(i64::MAX) },
        RewardKind::DiscountLater { coupon: campaign("later") },
        RewardKind::BonusMoney { asset: asset(), units },
        RewardKind::Points { asset: asset(), units },
        RewardKind::Prize { prize: "a mug, blue".into(), count },
        RewardKind::Status { tier: TierId::parse("gold").expect("is an id"), reached: false },
        RewardKind::Status { tier: TierId::parse("silver").expect("is an id"), reached: true },
        RewardKind::Ticket { draw: "summer".into(), count },
        RewardKind::Certificate { asset: asset(), units },
        RewardKind::Money { asset: asset(), units },
    ];
    let mut decision = kept(1);
    let plain = decision.rewards[0].clone();
    let on_return = [Shortfall::Negative, Shortfall::Zero, Shortfall::DeductFromRefund];
    decision.rewards = kinds.into_iter().map(|kind| Reward { kind, ..plain.clone() }).collect();
    decision.rewards.extend(on_return.map(|on_return| Reward { on_return, fallback: true, ..plain.clone() }));
    decision.rewards.push(Reward { expires_at: None, waits_for: Vec::new(), earned_on: Vec::new(), ..plain.clone() });
    decision.rewards.push(Reward { id: RewardId::parse("of-another-name").expect("is an id"), ..plain.clone() });
    decision.rewards.push(Reward { vests_at: Timestamp::MIN, expires_at: Some(Timestamp::MAX), ..plain });
    check(&decision);
}

#[test]
fn every_promise_verdict_and_way_of_redeeming_is_read_as_written() {
    let mut decision = kept(2);
    decision.promises = vec![
        Promise::Units { asset: asset(), units: Units::from_units(-1) },
        Promise::Threshold {
            campaign: campaign("tenth"),
            counted_milli: i64::MAX,
            rewarded: i64::MIN,
            time: CounterTime::Within { calendar: Calendar::Quarters, stretch: -7, remembered: 3 },
        },
        Promise::Uses {
            campaign: campaign("once"),
            by: None,
            member: None,
            usage: Usage { uses: i64::MAX, units: 0, value: -1 },
        },
        Promise::Uses {
            campaign: campaign("limit:m"),
            by: Some(campaign("once")),
            member: Some(CustomerId::parse("c-1").expect("is an id")),
            usage: Usage::NONE,
        },
        Promise::Code { code: "ЛЕТО 2026".into() },
        Promise::Budget {
            campaign: campaign("budget"),
            by: Some(campaign("once")),
            usage: Usage { uses: 1, units: -7, value: i64::MIN },
        },
    ];
    let verdicts = [
        Verdict::Applied,
        Verdict::NotNeeded,
        Verdict::Unknown,
        Verdict::Expired,
        Verdict::Used,
        Verdict::NotThisCustomer,
        Verdict::ConditionMissing,
    ];
    let verdict = |verdict| CodeVerdict { code: "SAVE10".into(), verdict, campaign: None };
    decision.code_verdicts = verdicts.map(verdict).to_vec();
    let mut discount = decision.redemptions[0].clone();
    discount.mode = RedeemMode::Discount;
    decision.redemptions.push(discount);
    decision.lines[0].measure = Measure::Measured;
    decision.lines[1].tax_code = None;
    (decision.depends_on_tenders, decision.proven, decision.steps) = (true, true, u64::MAX);
    check(&decision);
}

#[test]
fn names_are_read_as_written_where_many_share_a_slot() {
    let mut decision = kept(1_000);
    for (number, line) in decision.lines.iter_mut().enumerate() {
        line.id = LineId::parse(&format!("line-{}", number % 700)).expect("is an id");
        line.sku = Sku::parse(&format!("{:05} of one long beginning and end", number % 300)).expect("is one");
    }
    check(&decision);
}

#[test]
fn a_name_that_comes_again_takes_a_byte() {
    let once = written(&kept(1)).len();
    let mut decision = kept(1);
    let again = decision.applied[0].clone();
    decision.applied.push(again);
    assert_eq!(written(&decision).len(), once + 1 + 1 + 2, "place of the campaign, times, discount");
}

#[test]
fn bytes_that_are_cut_lengthened_or_of_another_kind_are_no_decision() {
    let bytes = written(&kept(3));
    for length in 0..bytes.len() {
        assert!(read_decision::decision(&mut CompactReader::of(&bytes[..length])).is_none(), "{length}");
    }
    // A count, a place among the names, and a number that goes on for ever.
    for bytes in [&[255, 255, 3][..], &[1, 0, 9][..], &[255; 20][..]] {
        assert!(read_decision::decision(&mut CompactReader::of(bytes)).is_none(), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn numbers_are_read_as_written(unsigned in any::<u64>(), signed in any::<i64>(), shift in 0_u32..64) {
        let mut writer = CompactWriter::after(Vec::new());
        for number in [unsigned, unsigned >> shift, u64::MAX] {
            writer.unsigned(number);
        }
        for number in [signed, signed >> shift, i64::MIN, i64::MAX] {
            writer.signed(number);
        }
        let bytes = writer.into_bytes();
        let mut reader = CompactReader::of(&bytes);
        for number in [unsigned, unsigned >> shift, u64::MAX] {
            prop_assert_eq!(reader.unsigned(), Some(number));
        }
        for number in [signed, signed >> shift, i64::MIN, i64::MAX] {
            prop_assert_eq!(reader.signed(), Some(number));
        }
        prop_assert!(reader.is_at_end());
    }

    #[test]
    fn times_are_read_as_written(nanos in proptest::collection::vec(any::<i64>(), 0..6)) {
        let times: Vec<Timestamp> =
            nanos.iter().map(|nanos| Timestamp::from_nanosecond(i128::from(*nanos)).expect("is in range")).collect();
        let mut writer = CompactWriter::after(Vec::new());
        times.iter().for_each(|at| writer.time(*at));
        let bytes = writer.into_bytes();
        let mut reader = CompactReader::of(&bytes);
        for at in times {
            prop_assert_eq!(reader.time(), Some(at));
        }
    }

    #[test]
    fn random_bytes_never_end_the_process(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = read_decision::decision(&mut CompactReader::of(&bytes));
    }
}
