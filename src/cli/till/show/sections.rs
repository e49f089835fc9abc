//! The page below the lines: sums, rewards, questions, offers, balances; nothing that is not there is named.

use std::fmt::Write as _;

use comfy_table::Table;
use jiff::Timestamp;
use tessera_proto::billing::v1::{
    Balance, Brake, CodeVerdict, Explained, NearMiss, Prompt, Redemption, ReturnAnswer, Reward, RewardKind, RewardWait, Tender,
    Totals,
};

use super::super::fill::time_zone_here;
use super::super::money::{Money, quantity, units};

/// Width of the names on the left.
const NAME_COLUMNS: usize = 18;

/// The plain name of every enum's first value, which says nothing.
const UNSPECIFIED: &str = "unspecified";

/// A page as it grows.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) money: Money,
    text: String,
}

impl Page {
    pub(super) fn new(currency_code: &str) -> Self {
        Self { money: Money::new(currency_code), text: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    pub(super) fn headline(&mut self, text: &str) {
        self.push(text.trim());
    }

    pub(super) fn table(&mut self, table: Table) {
        if table.row_count() > 0 {
            self.push(&table.trim_fmt());
        }
    }

    /// One name and one text; nothing where the text is empty.
    pub(super) fn line(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.push(&format!("{name:<NAME_COLUMNS$} {text}"));
        }
    }

    /// One name and each text on a line of its own.
    pub(super) fn list(&mut self, name: &str, texts: impl Iterator<Item = String>) {
        for (text, place) in texts.zip(0_usize..) {
            self.line(if place == 0 { name } else { "" }, &text);
        }
    }

    pub(super) fn time(&mut self, name: &str, at: Option<&tessera_proto::Timestamp>) {
        self.line(name, &at.map_or_else(String::new, time));
    }

    pub(super) fn totals(&mut self, before: Option<&Totals>, after: Option<&Totals>) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let saved = before.amount_minor.saturating_sub(after.amount_minor);
        let mut text = format!("{} rung up", self.money.named(before.amount_minor));
        if saved != 0 {
            let _ = write!(text, ", {} after, saved {}", self.money.of(after.amount_minor), self.money.of(saved));
        }
        if after.due_minor != after.amount_minor {
            let _ = write!(text, ", {} to pay", self.money.of(after.due_minor));
        }
        self.line("total", &text);
        if after.tax_totals.len() > 1 {
            let codes = after.tax_totals.iter().map(|total| (name_of_code(&total.tax_code), total.amount_minor));
            let texts: Vec<String> = codes.map(|(code, minor)| format!("{code} {}", self.money.of(minor))).collect();
            self.line("by tax code", &texts.join(", "));
        }
    }

    pub(super) fn refund(&mut self, answer: &ReturnAnswer) {
        if let Some(totals) = &answer.totals {
            let mut text = self.money.named(totals.amount_minor);
            if answer.deducted_minor > 0 {
                let (deducted, due) = (self.money.of(answer.deducted_minor), self.money.of(totals.due_minor));
                let _ = write!(text, " less {deducted} for rewards that are used up: {due}");
            }
            self.line("refund", &text);
        }
        let money = self.money.clone();
        self.list(
            "by",
            answer.tenders.iter().map(|refund| {
                let kind = plain(refund.kind().as_str_name(), "TENDER_KIND_");
                format!("{kind} {} {}", money.of(refund.amount_minor), refund.reference).trim_end().to_owned()
            }),
        );
    }

    pub(super) fn tenders(&mut self, tenders: &[Tender]) {
        let money = self.money.clone();
        self.list(
            "paid by",
            tenders.iter().map(|tender| {
                let kind = plain(tender.kind().as_str_name(), "TENDER_KIND_");
                format!("{kind} {}", money.of(tender.amount_minor))
            }),
        );
    }

    pub(super) fn rewards(&mut self, name: &str, rewards: &[Reward], scales: &[Balance]) {
        let money = self.money.clone();
        self.list(name, rewards.iter().map(|reward| reward_text(reward, scales, &money)));
    }

    pub(super) fn redemptions(&mut self, redemptions: &[Redemption], scales: &[Balance]) {
        let money = self.money.clone();
        self.list(
            "spent",
            redemptions.iter().map(|spent| {
                let units = units(spent.units, scale(scales, &spent.program_id, &spent.asset_id));
                format!("{units} {} for {} (decline by {})", spent.asset_id, money.of(spent.amount_minor), spent.redemption_id)
            }),
        );
    }

    pub(super) fn codes(&mut self, verdicts: &[CodeVerdict]) {
        self.list(
            "codes",
            verdicts.iter().map(|verdict| {
                let state = plain(verdict.state().as_str_name(), "CODE_STATE_");
                named(&format!("{}: {state}", verdict.code), &[&verdict.campaign_id, &verdict.text])
            }),
        );
    }

    pub(super) fn prompts(&mut self, prompts: &[Prompt], rewards: &[Reward]) {
        self.list(
            "questions",
            prompts.iter().map(|prompt| {
                let reason = plain(prompt.reason().as_str_name(), "PROMPT_REASON_");
                let kind = plain(prompt.answer_kind().as_str_name(), "ANSWER_KIND_");
                let waiting = rewards.iter().filter(|reward| prompt.reward_ids.contains(&reward.reward_id)).count();
                let waits = if waiting == 0 { String::new() } else { format!("{waiting} rewards wait for it") };
                named(&prompt.text, &[&prompt.fact_id, &reason, &kind, &waits])
            }),
        );
    }

    pub(super) fn near_misses(&mut self, near_misses: &[NearMiss]) {
        let money = self.money.clone();
        self.list("nearly there", near_misses.iter().map(|near| near_miss(near, &money)));
    }

    pub(super) fn balances(&mut self, balances: &[Balance]) {
        self.list("balance", balances.iter().map(balance_text));
    }

    pub(super) fn explanation(&mut self, explained: &[Explained]) {
        let money = self.money.clone();
        self.list(
            "why",
            explained.iter().map(|one| {
                if one.applied {
                    return format!("{}: applied, {}", one.campaign_id, money.of(one.amount_minor));
                }
                let reason = plain(one.reason().as_str_name(), "NOT_APPLIED_REASON_");
                named(&format!("{}: not applied, {reason}", one.campaign_id), &[&one.text])
            }),
        );
    }

    pub(super) fn computed_with(&mut self, revision: u64, catalogue: u64, proven: bool) {
        let best = if proven { "proven to be the best deal" } else { "the best deal that was found" };
        match revision {
            0 => self.line("computed with", "no program"),
            _ => self.line("computed with", &format!("revision {revision}, catalogue {catalogue}; {best}")),
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
}

fn reward_text(reward: &Reward, scales: &[Balance], money: &Money) -> String {
    let mut text = if reward.kind() == RewardKind::DiscountNow {
        format!("{} off", money.of(reward.amount_minor))
    } else if reward.asset_id.is_empty() {
        plain(reward.kind().as_str_name(), "REWARD_KIND_")
    } else {
        format!("{} {}", units(reward.units, scale(scales, &reward.program_id, &reward.asset_id)), reward.asset_id)
    };
    // What lowers this receipt is there at once and never again.
    let later = reward.kind() != RewardKind::DiscountNow;
    let prints = |at: &Option<tessera_proto::Timestamp>, word: &str| {
        at.as_ref().filter(|_| later).map(|at| format!("{word} {}", time(at)))
    };
    let details = [
        Some(reward.campaign_id.clone()).filter(|id| !id.is_empty()),
        Some(reward.text.clone()).filter(|text| !text.is_empty()),
        prints(&reward.vests_at, "usable from"),
        prints(&reward.expires_at, "until"),
        Some(format!("waits for answers: {}", reward.requires_answers.join(", ")))
            .filter(|_| !reward.requires_answers.is_empty()),
        (reward.waits_for() == RewardWait::SecondVisit).then(|| "waits for the next visit".to_owned()),
        (reward.waits_for() == RewardWait::Event).then(|| format!("waits for: {}", reward.awaited_event_id)),
        (reward.held_by() != Brake::Unspecified).then(|| "held until somebody has looked at the receipt".to_owned()),
        reward.fallback.then(|| "in place of a price change".to_owned()),
    ];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let _ = write!(text, " ({})", details.join(", "));
    text
}

fn balance_text(balance: &Balance) -> String {
    let people = |count| units(count, balance.scale);
    let mut text = format!("{} {} usable", people(balance.available_units), balance.asset_id);
    for (count, what) in [(balance.vesting_units, "not usable yet"), (balance.held_units, "held by open quotes")] {
        if count != 0 {
            let _ = write!(text, ", {} {what}", people(count));
        }
    }
    if let Some(at) = &balance.next_expires_at
        && balance.next_expiring_units != 0
    {
        let _ = write!(text, ", {} expire {}", people(balance.next_expiring_units), time(at));
    }
    text
}

/// Decimal places of an asset, as a balance of it tells; most assets have none.
fn scale(balances: &[Balance], program_id: &str, asset_id: &str) -> u32 {
    balances
        .iter()
        .find(|balance| balance.program_id == program_id && balance.asset_id == asset_id)
        .map_or(0, |balance| balance.scale)
}

fn name_of_code(tax_code: &str) -> &str {
    if tax_code.is_empty() { "none" } else { tax_code }
}

/// A text with what else is known in brackets; empty details are left out.
pub(super) fn named(text: &str, details: &[&str]) -> String {
    let details: Vec<&str> = details.iter().copied().filter(|detail| !detail.is_empty() && *detail != UNSPECIFIED).collect();
    match (text.is_empty(), details.is_empty()) {
        (_, true) => text.to_owned(),
        (true, false) => details.join(", "),
        (false, false) => format!("{text} ({})", details.join(", ")),
    }
}

/// What little is missing.
fn near_miss(near: &NearMiss, money: &Money) -> String {
    let missing = match (near.missing_quantity_milli, near.missing_amount_minor) {
        (0, minor) => format!("{} missing", money.of(minor)),
        (milli, _) => format!("{} missing", quantity(milli)),
    };
    named(&near.text, &[&missing, &near.campaign_id])
}

/// A remark.
pub(super) fn note(code: &str, line_id: &str, text: &str) -> String {
    let line = if line_id.is_empty() { String::new() } else { format!("line {line_id}") };
    named(text, &[&plain(code, "NOTE_CODE_"), &line])
}

/// An enum's name as people say it: `OUTCOME_FLAG_WITHOUT_QUOTE` is `without quote`.
pub(super) fn plain(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase().replace('_', " ")
}

/// A time in the time zone of this machine, to the minute.
fn time(at: &tessera_proto::Timestamp) -> String {
    let time = Timestamp::new(at.seconds, at.nanos).ok();
    let here = |time: Timestamp| time.to_zoned(time_zone_here()).strftime("%Y-%m-%d %H:%M").to_string();
    time.map_or_else(|| format!("{} s", at.seconds), here)
}
