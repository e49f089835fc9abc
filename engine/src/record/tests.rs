//! Tests of outcome messages: what is written is what a return reads.

use prost::Message as _;
use tessera_contract::limits::MESSAGE_BYTES_MAX;
use tessera_ledger::outcome::{Outcome, OutcomeKind, OutcomeLine, OutcomeReward};
use tessera_proto::billing::v1;
use tessera_rules::decision::LineShare;
use tessera_rules::id::{LineId, RewardId};

use super::{Extras, encode_outcome, outcome_from_wire};
use crate::testing::*;

mod full;
mod twin;

/// What the message says beside the ledger's outcome, taken from the message again.
fn extras(wire: &v1::Outcome) -> Extras {
    Extras {
        tenders: wire.tenders.clone(),
        fiscal: wire.fiscal.clone(),
        declined_ids: wire.declined_ids.clone(),
        offer_results: wire.offer_results.clone(),
        instruction_results: wire.instruction_results.clone(),
        code_verdicts: wire.code_verdicts.clone(),
        footer_texts: wire.footer_texts.clone(),
        answers: wire.recorded_answers.clone(),
        return_reasons: wire
            .lines
            .iter()
            .filter(|line| !line.return_reason.is_empty())
            .map(|line| (line.line_id.clone(), line.return_reason.clone()))
            .collect(),
        proven: wire.proven,
        bound_minor: wire.bound_minor,
        steps: wire.steps,
        notice_due_at: wire.notice_due_at,
        coupons: wire.rewards.iter().filter_map(|reward| reward.coupon.clone()).collect(),
        adjustment_reason: wire.adjustment_reason.clone(),
        adjusted_by: Vec::new(),
        card_act: wire.card_act,
    }
}

#[tokio::test]
async fn a_message_read_and_written_again_is_the_same_but_for_its_flags() {
    let rig = Rig::new().await;
    let mut goods =
        receipt("A", Some("1001"), vec![line("1", "PACK", 20, 250), line("2", "SOCKS", 3, 333), line("3", "BOTTLE", 4, 99)]);
    goods.tenders = vec![v1::Tender {
        kind: i32::from(v1::TenderKind::Mobile),
        amount_minor: 6_295,
        brand: "W".to_owned(),
        ..Default::default()
    }];
    rig.sell(goods).await;
    rig.sell(receipt("B", None, vec![line("1", "SOCKS", 3, 333)])).await;
    let mut back = give_back("C", Some("A"), vec![("1", line("1", "PACK", 7, 250)), ("2", line("2", "SOCKS", 1, 333))]);
    back.lines[0].reason = "stale".to_owned();
    rig.give_back(back).await.unwrap();
    rig.give_back(give_back("D", None, vec![("", line("1", "SOCKS", 1, 333))])).await.unwrap();
    let outcomes = rig.outcomes().await;
    assert_eq!(outcomes.len(), 4);
    for mut wire in outcomes {
        let read = outcome_from_wire(&wire).unwrap();
        let bytes = encode_outcome(&read, &extras(&wire));
        let again = v1::Outcome::decode(bytes.clone()).unwrap();
        assert_eq!(again.encode_to_vec(), bytes, "the encoding is the one that prost writes");
        wire.flags.clear();
        assert_eq!(again, wire);
    }
}

#[test]
fn h18_a_message_of_a_later_format_is_not_guessed_at() {
    let wire = v1::Outcome { format: super::FORMAT + 1, ..Default::default() };
    assert!(outcome_from_wire(&wire).unwrap_err().to_string().contains("format"));
    assert!(outcome_from_wire(&v1::Outcome::default()).is_err());
}

#[test]
fn the_writer_and_its_slow_twin_write_the_same_bytes() {
    for (outcome, extras) in full::outcomes() {
        let expected = twin::outcome_to_wire(&outcome, extras.clone()).encode_to_vec();
        assert_eq!(encode_outcome(&outcome, &extras), expected, "{:?}", outcome.kind);
    }
}

/// A thousand lines, each with a share of forty rewards, and texts that make it as long as is said, bytes.
fn long(kind: OutcomeKind, bytes: usize) -> (Outcome, Extras) {
    let (mut outcome, mut extras) = full::outcomes().into_iter().find(|(outcome, _)| outcome.kind == kind).unwrap();
    let plain = outcome.lines.swap_remove(0);
    let id = |number: usize| LineId::parse(&number.to_string()).unwrap();
    outcome.lines = (0..1_000).map(|number| OutcomeLine { id: id(number), ..plain.clone() }).collect();
    let mut reward = outcome.rewards.swap_remove(0);
    reward.earned_on = (0..1_000).map(|number| LineShare { line: id(number), units: 3 }).collect();
    let rewards = (0..40).map(|number| RewardId::parse(&format!("r{number}")).unwrap());
    outcome.rewards = rewards.map(|id| OutcomeReward { id, ..reward.clone() }).collect();
    let short = encode_outcome(&outcome, &extras).len();
    extras.footer_texts.push("x".repeat(bytes - short));
    (outcome, extras)
}

#[test]
fn p2_an_outcome_leaves_room_for_what_its_answer_says_beside_it() {
    let kibibyte = 1_024;
    for (kind, room) in [(OutcomeKind::Settle, 16 * kibibyte), (OutcomeKind::Return, 256 * kibibyte)] {
        let fits = MESSAGE_BYTES_MAX - room;
        for (bytes, keeps_shares) in [(fits - kibibyte, true), (fits + kibibyte, false), (MESSAGE_BYTES_MAX - 64, false)] {
            let (outcome, extras) = long(kind, bytes);
            let encoded = encode_outcome(&outcome, &extras);
            assert!(encoded.len() + room <= MESSAGE_BYTES_MAX, "{kind:?} of {bytes}: {}", encoded.len());
            let wire = v1::Outcome::decode(encoded).unwrap();
            assert_eq!((wire.lines.len(), wire.rewards.len()), (1_000, 40));
            assert_eq!(wire.lines.iter().all(|line| line.rewards.len() == 40), keeps_shares, "{kind:?} of {bytes}");
            assert_eq!(wire.lines.iter().all(|line| line.rewards.is_empty()), !keeps_shares, "{kind:?} of {bytes}");
        }
    }
}
