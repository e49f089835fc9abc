//! What a token that was just sealed opens to, made without opening it, and how much memory that takes.

use std::mem::{self, size_of};

use tessera_rules::decision::{
    Applied, CodeVerdict, CounterMove, DecidedLine, Decision, Instruction, LineShare, Part, Promise, Redemption, Reward,
    RewardKind,
};

use super::write_decision::unknown_article;
use super::{Promised, TokenBody};

/// Bytes of a text that lie in the text itself and in no memory of their own.
const INLINE_BYTES: usize = size_of::<compact_str::CompactString>();

impl Promised {
    /// What [`super::super::TokenKeys::open`] gives of a token that was sealed with this decision whole: without all
    /// that a settle does not need.
    #[must_use]
    pub fn whole(mut decision: Decision) -> Self {
        for part in decision.lines.iter_mut().flat_map(|line| &mut line.parts) {
            part.adjustments.iter_mut().for_each(|adjustment| drop(mem::take(&mut adjustment.text)));
        }
        decision.instructions.iter_mut().for_each(|instruction| drop(mem::take(&mut instruction.text)));
        decision.notes.retain(|note| unknown_article(note).is_some());
        Self::Decision(Box::new(Decision {
            prompts: Vec::new(),
            offers: Vec::new(),
            choices: Vec::new(),
            near_misses: Vec::new(),
            redeemable: Vec::new(),
            explained: Vec::new(),
            ..decision
        }))
    }
}

impl TokenBody {
    /// About how many bytes of memory it takes: its lists as far as they reach, and texts too long to lie within.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let decision = match &self.promised {
            Promised::Decision(decision) => size_of::<Decision>().saturating_add(of_decision(decision)),
            Promised::Hash(_) => 0,
        };
        size_of::<Self>()
            .saturating_add(text(self.head.receipt.as_str()))
            .saturating_add(list(&self.head.choices, |chosen| text(chosen.choice.as_str())))
            .saturating_add(decision)
    }
}

fn of_decision(decision: &Decision) -> usize {
    [
        list(&decision.lines, line),
        list(&decision.redemptions, |redemption: &Redemption| text(redemption.id.as_str())),
        list(&decision.rewards, reward),
        list(&decision.instructions, |instruction: &Instruction| text(instruction.id.as_str())),
        list(&decision.code_verdicts, |verdict: &CodeVerdict| text(&verdict.code)),
        list(&decision.counters, |counter: &CounterMove| shares(&counter.counted_on)),
        list(&decision.promises, |_: &Promise| 0),
        list(&decision.applied, |applied: &Applied| text(applied.campaign.as_str())),
        list(&decision.notes, |_| 0),
    ]
    .into_iter()
    .fold(0, usize::saturating_add)
}

fn line(line: &DecidedLine) -> usize {
    let part = |part: &Part| list(&part.adjustments, |adjustment| text(adjustment.campaign.as_str()));
    text(line.sku.as_str()).saturating_add(list(&line.parts, part))
}

fn reward(reward: &Reward) -> usize {
    let kind = match &reward.kind {
        RewardKind::Prize { prize: name, .. } | RewardKind::Ticket { draw: name, .. } => text(name),
        RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Status { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. } => 0,
    };
    [text(reward.id.as_str()), text(&reward.text), list(&reward.waits_for, |_| 0), shares(&reward.earned_on), kind]
        .into_iter()
        .fold(0, usize::saturating_add)
}

fn shares(shares: &Vec<LineShare>) -> usize {
    list(shares, |_| 0)
}

/// A list's own room and what its items take beside that.
fn list<T>(items: &Vec<T>, each: impl Fn(&T) -> usize) -> usize {
    let own = items.capacity().saturating_mul(size_of::<T>());
    items.iter().map(each).fold(own, usize::saturating_add)
}

fn text(text: &str) -> usize {
    if text.len() > INLINE_BYTES { text.len() } else { 0 }
}
