//! Writes a decision into a token: what a settle needs of it.

use tessera_rules::decision::{
    AnswerPart, Applied, Awaited, Brake, Calendar, CodeVerdict, CounterMove, CounterTime, DecidedLine, Decision, Instruction,
    LineShare, Note, Part, Promise, Redemption, Reward, RewardKind, Shortfall, Task, Verdict,
};
use tessera_rules::id::{CampaignId, LineId};
use tessera_rules::receipt::{Measure, RedeemMode};
use tessera_rules::usage::Usage;

use crate::compact::CompactWriter;

/// A decision, field by field in its order.
pub(super) fn decision<'a>(writer: &mut CompactWriter<'a>, decision: &'a Decision) {
    writer.list(&decision.lines, line);
    writer.list(&decision.redemptions, redemption);
    writer.list(&decision.rewards, reward);
    writer.list(&decision.instructions, instruction);
    writer.list(&decision.code_verdicts, code_verdict);
    writer.list(&decision.counters, counter);
    writer.list(&decision.promises, promise);
    writer.list(&decision.applied, applied);
    writer.signed(decision.before.minor());
    writer.signed(decision.after.minor());
    writer.byte(flags([decision.depends_on_tenders, decision.proven, false, false]));
    writer.unsigned(decision.steps);
    writer.signed(decision.bound.minor());
    writer.byte(decision.dropped_from.map_or(0, dropped));
    let unknown: Vec<&LineId> = decision.notes.iter().filter_map(unknown_article).collect();
    writer.each(&unknown, |writer, line| writer.name(line.as_str()));
    writer.each(&decision.brakes, |writer, held| writer.byte(brake(held)));
}

fn brake(brake: Brake) -> u8 {
    match brake {
        Brake::Velocity => 0,
        Brake::OwnTill => 1,
        Brake::UnitsAbove => 2,
    }
}

/// The number of the first part that was left out.
fn dropped(part: AnswerPart) -> u8 {
    match part {
        AnswerPart::Redemption => 1,
        AnswerPart::Rewards => 2,
        AnswerPart::Prompts => 3,
        AnswerPart::Instructions => 4,
        AnswerPart::Offers => 5,
    }
}

/// The line of an article that the catalogue does not know.
fn unknown_article(note: &Note) -> Option<&LineId> {
    match note {
        Note::UnknownSku { line } => Some(line),
        Note::TooManyOpenQuotes { .. }
        | Note::AccountFull { .. }
        | Note::NotProven
        | Note::ConditionFailed { .. }
        | Note::AbovePriceMax { .. } => None,
    }
}

/// Flags in one byte, the first one lowest.
fn flags([first, second, third, fourth]: [bool; 4]) -> u8 {
    u8::from(first) | u8::from(second) << 1 | u8::from(third) << 2 | u8::from(fourth) << 3
}

fn line<'a>(writer: &mut CompactWriter<'a>, line: &'a DecidedLine) {
    let is_measured = match line.measure {
        Measure::Counted => false,
        Measure::Measured => true,
    };
    writer.byte(flags([is_measured, line.tax_code.is_some(), line.added_by.is_some(), false]));
    writer.name(line.id.as_str());
    writer.name(line.sku.as_str());
    if let Some(code) = &line.tax_code {
        writer.name(code.as_str());
    }
    if let Some(campaign) = &line.added_by {
        writer.name(campaign.as_str());
    }
    writer.list(&line.parts, part);
    writer.signed(line.before.minor());
    writer.signed(line.after.minor());
}

fn part<'a>(writer: &mut CompactWriter<'a>, part: &'a Part) {
    writer.signed(part.quantity.milli());
    writer.signed(part.unit_price.micros());
    writer.signed(part.amount.minor());
    writer.list(&part.adjustments, |writer, adjustment| {
        writer.name(adjustment.campaign.as_str());
        writer.signed(adjustment.amount.minor());
    });
}

fn redemption<'a>(writer: &mut CompactWriter<'a>, redemption: &'a Redemption) {
    writer.text(redemption.id.as_str());
    writer.name(redemption.asset.as_str());
    writer.signed(redemption.units.units());
    writer.signed(redemption.amount.minor());
    writer.byte(match redemption.mode {
        RedeemMode::Discount => 0,
        RedeemMode::Tender => 1,
    });
    shares(writer, &redemption.paid_on);
}

fn reward<'a>(writer: &mut CompactWriter<'a>, reward: &'a Reward) {
    // Most rewards are called after their campaign.
    let own_name = reward.id.as_str().strip_prefix(reward.campaign.as_str());
    let first = flags([own_name.is_some(), reward.fallback, reward.expires_at.is_some(), reward.awaits.is_some()]);
    writer.byte(first | u8::from(reward.held.is_some()) << 4);
    writer.name(reward.campaign.as_str());
    writer.text(own_name.unwrap_or(reward.id.as_str()));
    writer.name(reward.program.as_str());
    reward_kind(writer, &reward.kind);
    writer.time(reward.vests_at);
    if let Some(at) = reward.expires_at {
        writer.time(at);
    }
    writer.list(&reward.waits_for, |writer, fact| writer.name(fact.as_str()));
    match &reward.awaits {
        None => {}
        Some(Awaited::NextVisit) => writer.byte(0),
        Some(Awaited::Event(event)) => {
            writer.byte(1);
            writer.name(event.as_str());
        }
    }
    if let Some(held) = reward.held {
        writer.byte(brake(held));
    }
    shares(writer, &reward.earned_on);
    writer.byte(match reward.on_return {
        Shortfall::Negative => 0,
        Shortfall::Zero => 1,
        Shortfall::DeductFromRefund => 2,
    });
    writer.text(&reward.text);
}

fn reward_kind<'a>(writer: &mut CompactWriter<'a>, kind: &'a RewardKind) {
    let (place, name, number) = match kind {
        RewardKind::DiscountNow { amount } => (0, None, Some(amount.minor())),
        RewardKind::DiscountLater { coupon } => (1, Some(coupon.as_str()), None),
        RewardKind::BonusMoney { asset, units } => (2, Some(asset.as_str()), Some(units.units())),
        RewardKind::Points { asset, units } => (3, Some(asset.as_str()), Some(units.units())),
        RewardKind::Prize { prize, count } => (4, Some(prize.as_str()), Some(i64::from(*count))),
        RewardKind::Status { tier, reached } => (if *reached { 9 } else { 5 }, Some(tier.as_str()), None),
        RewardKind::Ticket { draw, count } => (6, Some(draw.as_str()), Some(i64::from(*count))),
        RewardKind::Certificate { asset, units } => (7, Some(asset.as_str()), Some(units.units())),
        RewardKind::Money { asset, units } => (8, Some(asset.as_str()), Some(units.units())),
    };
    writer.byte(place);
    if let Some(name) = name {
        writer.name(name);
    }
    if let Some(number) = number {
        writer.signed(number);
    }
}

fn instruction<'a>(writer: &mut CompactWriter<'a>, instruction: &'a Instruction) {
    writer.text(instruction.id.as_str());
    writer.name(instruction.campaign.as_str());
    writer.byte(match instruction.task {
        Task::ShowText => 0,
        Task::Collect => 1,
        Task::ScanOneMore => 2,
        Task::CheckDocument => 3,
    });
    writer.optional(instruction.line.as_ref().map(LineId::as_str), CompactWriter::name);
    writer.unsigned(u64::from(instruction.quantity));
}

fn code_verdict<'a>(writer: &mut CompactWriter<'a>, verdict: &'a CodeVerdict) {
    writer.name(&verdict.code);
    writer.byte(match verdict.verdict {
        Verdict::Applied => 0,
        Verdict::NotNeeded => 1,
        Verdict::Unknown => 2,
        Verdict::Expired => 3,
        Verdict::Used => 4,
        Verdict::NotThisCustomer => 5,
        Verdict::ConditionMissing => 6,
        Verdict::NotYetValid => 7,
    });
    writer.optional(verdict.campaign.as_ref().map(CampaignId::as_str), CompactWriter::name);
}

fn counter<'a>(writer: &mut CompactWriter<'a>, counter: &'a CounterMove) {
    writer.name(counter.campaign.as_str());
    writer.signed(counter.counted_milli);
    writer.signed(counter.rewarded);
    counter_time(writer, counter.time);
    shares(writer, &counter.counted_on);
}

fn counter_time(writer: &mut CompactWriter<'_>, time: CounterTime) {
    let (place, stretch, remembered) = match time {
        CounterTime::Ever => (0, None, None),
        CounterTime::Within { stretch, remembered, .. } => (1, Some(stretch), Some(remembered)),
        CounterTime::Stretches { stretch, in_a_row: false, .. } => (2, Some(stretch), None),
        CounterTime::Stretches { stretch, in_a_row: true, .. } => (3, Some(stretch), None),
    };
    writer.byte(place);
    if let Some(calendar) = time.calendar() {
        writer.byte(match calendar {
            Calendar::Days => 0,
            Calendar::Weeks => 1,
            Calendar::Months => 2,
            Calendar::Quarters => 3,
            Calendar::Years => 4,
        });
    }
    if let Some(stretch) = stretch {
        writer.signed(i64::from(stretch));
    }
    if let Some(remembered) = remembered {
        writer.unsigned(u64::from(remembered));
    }
}

fn shares<'a>(writer: &mut CompactWriter<'a>, shares: &'a [LineShare]) {
    writer.list(shares, |writer, LineShare { line, units }| {
        writer.name(line.as_str());
        writer.signed(*units);
    });
}

fn promise<'a>(writer: &mut CompactWriter<'a>, promise: &'a Promise) {
    match promise {
        Promise::Units { asset, units } => {
            writer.byte(0);
            writer.name(asset.as_str());
            writer.signed(units.units());
        }
        Promise::Threshold { campaign, counted_milli, rewarded, time } => {
            writer.byte(1);
            writer.name(campaign.as_str());
            writer.signed(*counted_milli);
            writer.signed(*rewarded);
            counter_time(writer, *time);
        }
        Promise::Uses { campaign, by, member, usage } => {
            writer.byte(2);
            writer.name(campaign.as_str());
            writer.optional(by.as_ref(), |writer, by| writer.name(by.as_str()));
            writer.optional(member.as_ref(), |writer, member| writer.name(member.as_str()));
            write_usage(writer, *usage);
        }
        Promise::Code { code } => {
            writer.byte(3);
            writer.name(code);
        }
        Promise::Budget { campaign, by, usage } => {
            writer.byte(4);
            writer.name(campaign.as_str());
            writer.optional(by.as_ref(), |writer, by| writer.name(by.as_str()));
            write_usage(writer, *usage);
        }
    }
}

fn write_usage(writer: &mut CompactWriter<'_>, usage: Usage) {
    writer.signed(usage.uses);
    writer.signed(usage.units);
    writer.signed(usage.value);
}

fn applied<'a>(writer: &mut CompactWriter<'a>, applied: &'a Applied) {
    writer.name(applied.campaign.as_str());
    writer.unsigned(u64::from(applied.times));
    writer.signed(applied.discount.minor());
}
