//! Instructions, offers, near misses, verdicts, notes, limits, and the texts for screen and footer.

use tessera_proto::billing::v1;
use tessera_rules::decision::{CodeWanted, Decision, Missing, Note, Offer, RedeemCap, Reward, RewardKind, Task};
use tessera_rules::id::AssetId;
use tessera_rules::receipt::Chosen;

use super::{AnswerContext, fit};
use crate::convert::{campaign_to_wire, verdict_to_wire};

/// What the cashier is told of a card that is good for nothing: not why, since the customer reads along.
const BLOCKED_TEXT: &str = "Card not valid: sell without it.";

/// Things that the cashier must do.
pub(super) fn instructions(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::Instruction> {
    let to_wire = |instruction: &tessera_rules::decision::Instruction| v1::Instruction {
        instruction_id: instruction.id.as_str().to_owned(),
        campaign_id: instruction.campaign.as_str().to_owned(),
        kind: i32::from(kind_of(instruction.task)),
        text: fit::text(&instruction.text, &context.display),
        reward_id: String::new(),
        line_id: instruction.line.as_ref().map(|line| line.as_str().to_owned()).unwrap_or_default(),
        series_id: String::new(),
        quantity: instruction.quantity,
    };
    let prizes = decision.rewards.iter().filter_map(|reward| hand_over(reward, decision, context));
    let code = decision.code_wanted.as_ref().map(|wanted| enter_code(wanted, context));
    decision.instructions.iter().map(to_wire).chain(prizes).chain(code).collect()
}

fn kind_of(task: Task) -> v1::InstructionKind {
    match task {
        Task::ShowText => v1::InstructionKind::ShowText,
        Task::Collect => v1::InstructionKind::Collect,
        Task::ScanOneMore => v1::InstructionKind::ScanOneMore,
        Task::CheckDocument => v1::InstructionKind::CheckDocument,
    }
}

/// The code is asked for; the instruction has the redemption's id.
fn enter_code(wanted: &CodeWanted, context: &AnswerContext<'_>) -> v1::Instruction {
    v1::Instruction {
        instruction_id: wanted.redemption.as_str().to_owned(),
        campaign_id: wanted.redemption.as_str().to_owned(),
        kind: i32::from(v1::InstructionKind::EnterCodeSent),
        text: fit::text(&wanted.text, &context.display),
        reward_id: String::new(),
        line_id: String::new(),
        series_id: String::new(),
        quantity: 1,
    }
}

/// A prize is handed over at the till where there is one; the instruction has the reward's id.
fn hand_over(reward: &Reward, decision: &Decision, context: &AnswerContext<'_>) -> Option<v1::Instruction> {
    let RewardKind::Prize { count, .. } = &reward.kind else { return None };
    if reward.is_waiting() {
        return None;
    }
    Some(v1::Instruction {
        instruction_id: reward.id.as_str().to_owned(),
        campaign_id: reward.campaign.as_str().to_owned(),
        kind: i32::from(v1::InstructionKind::HandOver),
        text: fit::text(cashier_text(reward, decision), &context.display),
        reward_id: reward.id.as_str().to_owned(),
        line_id: String::new(),
        series_id: context.series(&reward.campaign),
        quantity: *count,
    })
}

/// Goods to offer, best first.
pub(super) fn offers(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::Offer> {
    let to_wire = |offer: &Offer| v1::Offer {
        offer_id: Offer::id(&offer.campaign, &offer.sku),
        campaign_id: offer.campaign.as_str().to_owned(),
        sku: offer.sku.as_str().to_owned(),
        description: context.description(&offer.sku),
        line_id: offer.line.as_ref().map(|line| line.as_str().to_owned()).unwrap_or_default(),
        text: fit::text(&offer.text, &context.display),
    };
    decision.offers.iter().map(to_wire).collect()
}

/// What little is missing for a campaign.
pub(super) fn near_misses(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::NearMiss> {
    let to_wire = |near: &tessera_rules::decision::NearMiss| {
        let (missing_quantity_milli, missing_amount_minor) = match near.missing {
            Missing::Units(units) => (i64::from(units).saturating_mul(1_000), 0),
            Missing::Spend(amount) => (0, amount.minor()),
            // A part of a thousandth is missing as a whole one.
            Missing::Points { units, scale } => {
                let parts = 10_i64.checked_pow(u32::from(scale)).unwrap_or(i64::MAX);
                let milli = units.units().saturating_mul(1_000).saturating_add(parts.saturating_sub(1));
                (milli.checked_div(parts).unwrap_or(0), 0)
            }
        };
        v1::NearMiss {
            campaign_id: near.campaign.as_str().to_owned(),
            missing_quantity_milli,
            missing_amount_minor,
            sku: near.sku.as_ref().map(|sku| sku.as_str().to_owned()).unwrap_or_default(),
            text: fit::text(&near.text, &context.display),
        }
    };
    decision.near_misses.iter().map(to_wire).collect()
}

/// A verdict for each code, in the receipt's order.
pub(super) fn code_verdicts(decision: &Decision) -> Vec<v1::CodeVerdict> {
    let to_wire = |verdict: &tessera_rules::decision::CodeVerdict| v1::CodeVerdict {
        code: verdict.code.as_str().to_owned(),
        state: i32::from(verdict_to_wire(verdict.verdict)),
        campaign_id: campaign_to_wire(verdict.campaign.as_ref()),
        text: String::new(),
    };
    decision.code_verdicts.iter().map(to_wire).collect()
}

/// Remarks on the receipt.
pub(super) fn notes(decision: &Decision, context: &AnswerContext<'_>) -> Vec<v1::Note> {
    let to_wire = |note: &Note| match note {
        Note::UnknownSku { line } => Some(v1::Note {
            code: i32::from(v1::NoteCode::UnknownSku),
            line_id: line.as_str().to_owned(),
            text: fit::text("Not in the catalogue; sold as it stands.", &context.display),
        }),
        Note::AbovePriceMax { line } => Some(v1::Note {
            code: i32::from(v1::NoteCode::AbovePriceMax),
            line_id: line.as_str().to_owned(),
            text: fit::text("Rung up above its largest price.", &context.display),
        }),
        Note::TooManyOpenQuotes { .. } | Note::AccountFull { .. } | Note::NotProven | Note::ConditionFailed { .. } => None,
    };
    let not_offered = |chosen: &&Chosen| {
        !decision.choices.iter().any(|choice| choice.id == chosen.choice && choice.options.contains(&chosen.sku))
    };
    let unknown = |text| v1::Note {
        code: i32::from(v1::NoteCode::UnknownId),
        line_id: String::new(),
        text: fit::text(text, &context.display),
    };
    let chosen = context.receipt.choices.iter().filter(not_offered).map(|_| unknown("What was chosen is not offered here."));
    let declined = (0..context.declined_unknown).map(|_| unknown("What was declined is nothing that is given here."));
    let blocked = is_blocked(context).then(|| v1::Note {
        code: i32::from(v1::NoteCode::CardBlocked),
        line_id: String::new(),
        text: fit::text(BLOCKED_TEXT, &context.display),
    });
    let told = |code: v1::NoteCode, text: &str| v1::Note {
        code: i32::from(code),
        line_id: String::new(),
        text: fit::text(text, &context.display),
    };
    let no_revision = context.no_revision.then(|| told(v1::NoteCode::NoRevision, "No program is in force: nothing is given."));
    let wrong = is_code_wrong(decision, context)
        .then(|| told(v1::NoteCode::ConfirmationWrong, "The code does not fit, or is too old. Ask for it again."));
    let of_receipt = blocked.into_iter().chain(no_revision).chain(wrong);
    of_receipt.chain(decision.notes.iter().filter_map(to_wire)).chain(chosen).chain(declined).collect()
}

/// Whether a code came and what was asked for waits on. A wrong one, one too old, one tried too often and one that was never sent
/// look alike (H76).
fn is_code_wrong(decision: &Decision, context: &AnswerContext<'_>) -> bool {
    let waits = |asset: &AssetId| {
        decision.redeemable.iter().any(|most| most.asset == *asset && most.cap == RedeemCap::Code)
            && !decision.redemptions.iter().any(|redemption| redemption.asset == *asset)
    };
    context.code_brought && context.receipt.redeem.iter().any(|asked| waits(&asked.asset))
}

fn is_blocked(context: &AnswerContext<'_>) -> bool {
    context.customer_status == v1::CustomerStatus::Blocked
}

/// Limits that kept something out, ascending, each once.
pub(super) fn limits_reached(decision: &Decision, context: &AnswerContext<'_>) -> Vec<i32> {
    let told = |note: &Note| match note {
        Note::TooManyOpenQuotes { .. } => Some(v1::LimitReached::TooManyOpenQuotes),
        Note::AccountFull { .. } => Some(v1::LimitReached::AccountFull),
        Note::NotProven => Some(v1::LimitReached::Steps),
        Note::UnknownSku { .. } | Note::ConditionFailed { .. } | Note::AbovePriceMax { .. } => None,
    };
    let from_decision = decision.notes.iter().filter_map(told);
    let mut limits: Vec<i32> = context.limits_reached.iter().copied().chain(from_decision).map(i32::from).collect();
    limits.sort_unstable();
    limits.dedup();
    limits
}

/// Rows for the screen: a card that is good for nothing, what the customer gets, then what little is missing.
pub(super) fn screen_texts(decision: &Decision, context: &AnswerContext<'_>) -> Vec<String> {
    let mut rows = Vec::with_capacity(decision.rewards.len().saturating_add(decision.near_misses.len()));
    if is_blocked(context) {
        fit::push_rows(&mut rows, BLOCKED_TEXT, &context.display);
    }
    for reward in &decision.rewards {
        fit::push_rows(&mut rows, cashier_text(reward, decision), &context.display);
    }
    for near in &decision.near_misses {
        fit::push_rows(&mut rows, &near.text, &context.display);
    }
    rows
}

/// A reward's text in the store's language.
fn cashier_text<'d>(reward: &'d Reward, decision: &'d Decision) -> &'d str {
    let apart = decision.cashier_texts.iter().find(|(id, _)| *id == reward.id);
    apart.map_or(&reward.text, |(_, text)| text)
}

/// Rows for the footer: what the customer gets.
pub(super) fn footer_texts(decision: &Decision, context: &AnswerContext<'_>) -> Vec<String> {
    let mut rows = Vec::with_capacity(decision.rewards.len());
    for reward in &decision.rewards {
        fit::push_rows(&mut rows, &reward.text, &context.display);
    }
    rows
}
