//! A decision in the words of `expect`.

use tessera_rules::decision::{
    Awaited, Brake, Choice, CodeVerdict, CounterMove, DecidedLine, Decision, Missing, NearMiss, Note, Part, Promise,
    PromptReason, RedeemCap, Redeemable, Redemption, Reward, RewardKind, Shortfall, Task, Verdict,
};
use tessera_rules::id::{CampaignId, CustomerId, FactId, Sku};
use tessera_rules::money::Amount;

use super::{Words, decimal, mode, summed};
use crate::compare::Got;

type Fields = Vec<(&'static str, Got)>;

impl Words<'_> {
    /// Everything that a case may state of a decision.
    pub(crate) fn decision(self, decision: &Decision) -> Fields {
        let discount = Amount::from_minor(decision.before.minor().saturating_sub(decision.after.minor()));
        let changed = decision.lines.iter().filter(|line| !line.parts.is_empty());
        let rewards = decision.rewards.iter().filter(|reward| !is_discount(reward));
        vec![
            ("before", self.amount(decision.before)),
            ("discount", self.amount(discount)),
            ("total", self.amount(decision.after)),
            ("lines", Got::List(changed.map(|line| self.line(line)).collect())),
            ("applied", Got::List(decision.applied.iter().map(|applied| self.applied(applied)).collect())),
            ("discounts", self.discounts(decision)),
            ("rewards", Got::List(rewards.map(|reward| self.reward(reward, decision)).collect())),
            ("redemptions", Got::List(decision.redemptions.iter().map(|redemption| self.redemption(redemption)).collect())),
            ("redeemable", Got::List(decision.redeemable.iter().map(|most| self.redeemable(most)).collect())),
            ("code_wanted", code_wanted(decision)),
            ("prompts", Got::List(decision.prompts.iter().map(prompt).collect())),
            ("instructions", Got::List(decision.instructions.iter().map(instruction).collect())),
            ("choices", Got::List(decision.choices.iter().map(|choice| self.choice(choice)).collect())),
            ("offers", Got::List(decision.offers.iter().map(offer).collect())),
            ("near_misses", Got::List(decision.near_misses.iter().map(|near| self.near_miss(near)).collect())),
            ("codes", Got::List(decision.code_verdicts.iter().map(verdict).collect())),
            ("counters", Got::List(decision.counters.iter().map(counter).collect())),
            ("promises", Got::List(decision.promises.iter().map(|promise| self.promise(promise)).collect())),
            ("notes", Got::List(decision.notes.iter().map(note).collect())),
            ("brakes", Got::List(decision.brakes.iter().map(|brake| Got::text(brake_word(*brake))).collect())),
            ("proven", Got::Boolean(decision.proven)),
            ("bound", self.amount(decision.bound)),
            ("explained", explained(decision)),
        ]
    }

    fn line(self, line: &DecidedLine) -> Got {
        let quantity = line.parts.iter().map(|part| part.quantity).sum();
        Got::Record(vec![
            ("line", Got::text(line.id.as_str())),
            ("sku", Got::text(line.sku.as_str())),
            ("before", self.amount(line.before)),
            ("amount", self.amount(line.after)),
            ("quantity", self.quantity(quantity)),
            ("adjustments", self.adjustments(&line.parts)),
            ("parts", Got::Sequence(line.parts.iter().map(|part| self.part(part)).collect())),
            ("added_by", Got::maybe(line.added_by.as_ref().map(CampaignId::as_str))),
            ("tax_code", Got::maybe(line.tax_code.as_ref().map(tessera_rules::id::TaxCode::as_str))),
        ])
    }

    fn part(self, part: &Part) -> Got {
        Got::Record(vec![
            ("quantity", self.quantity(part.quantity)),
            ("price", self.price(part.unit_price)),
            ("amount", self.amount(part.amount)),
            ("adjustments", self.adjustments(std::slice::from_ref(part))),
            ("text", Got::maybe(part.adjustments.first().map(|adjustment| adjustment.text.as_str()))),
        ])
    }

    /// What each campaign made of some parts, summed.
    fn adjustments(self, parts: &[Part]) -> Got {
        let all = parts.iter().flat_map(|part| &part.adjustments);
        let sums = summed(all.map(|adjustment| (adjustment.campaign.to_string(), adjustment.amount.minor())));
        self.named_amounts(sums)
    }

    fn named_amounts(self, sums: Vec<(String, i64)>) -> Got {
        let entries = sums.into_iter().map(|(name, minor)| (name, self.amount(Amount::from_minor(minor)))).collect();
        Got::Named { entries, complete: true }
    }

    fn applied(self, applied: &tessera_rules::decision::Applied) -> Got {
        Got::Record(vec![
            ("campaign", Got::text(applied.campaign.as_str())),
            ("times", Got::count(applied.times)),
            ("discount", self.amount(applied.discount)),
        ])
    }

    /// What the customer is told to have been given at once, per campaign.
    fn discounts(self, decision: &Decision) -> Got {
        let told = decision.rewards.iter().filter_map(|reward| match &reward.kind {
            RewardKind::DiscountNow { amount } => Some((reward.campaign.to_string(), amount.minor())),
            RewardKind::DiscountLater { .. }
            | RewardKind::BonusMoney { .. }
            | RewardKind::Points { .. }
            | RewardKind::Prize { .. }
            | RewardKind::Status { .. }
            | RewardKind::Ticket { .. }
            | RewardKind::Certificate { .. }
            | RewardKind::Money { .. } => None,
        });
        self.named_amounts(summed(told))
    }

    fn reward(self, reward: &Reward, decision: &Decision) -> Got {
        let scale = match &reward.kind {
            RewardKind::BonusMoney { asset, .. }
            | RewardKind::Points { asset, .. }
            | RewardKind::Certificate { asset, .. }
            | RewardKind::Money { asset, .. } => self.bench.revision.asset(asset).map_or(0, |asset| u32::from(asset.scale)),
            RewardKind::DiscountNow { .. } => self.bench.currency.minor_digits(),
            RewardKind::DiscountLater { .. }
            | RewardKind::Prize { .. }
            | RewardKind::Status { .. }
            | RewardKind::Ticket { .. } => 0,
        };
        let shares = reward.earned_on.iter();
        let shares = shares.map(|share| (share.line.to_string(), Got::Number(decimal(share.units, scale)))).collect();
        let cashier_text = decision.cashier_texts.iter().find(|(id, _)| *id == reward.id);
        let mut fields = vec![("campaign", Got::text(reward.campaign.as_str()))];
        fields.extend(self.kind(&reward.kind));
        fields.extend([
            ("vests", Got::Moment(Some(reward.vests_at))),
            ("expires", Got::Moment(reward.expires_at)),
            ("waits_for", Got::List(waits_for(reward).map(Got::text).collect())),
            ("earned_on", Got::Named { entries: shares, complete: true }),
            ("on_return", Got::text(on_return(reward.on_return))),
            ("fallback", Got::Boolean(reward.fallback)),
            ("text", Got::text(&reward.text)),
            ("cashier_text", Got::maybe(cashier_text.map(|(_, text)| text.as_str()))),
        ]);
        Got::Record(fields)
    }

    fn redemption(self, redemption: &Redemption) -> Got {
        let paid_on = redemption.paid_on.iter();
        let paid_on = paid_on.map(|share| (share.line.to_string(), self.amount(Amount::from_minor(share.units))));
        Got::Record(vec![
            ("asset", Got::text(redemption.asset.as_str())),
            ("units", self.units(&redemption.asset, redemption.units)),
            ("amount", self.amount(redemption.amount)),
            ("as", mode(redemption.mode)),
            ("paid_on", Got::Named { entries: paid_on.collect(), complete: true }),
        ])
    }

    fn redeemable(self, most: &Redeemable) -> Got {
        Got::Record(vec![
            ("asset", Got::text(most.asset.as_str())),
            ("units", self.units(&most.asset, most.units)),
            ("amount", self.amount(most.amount)),
            ("cap", Got::text(cap(most.cap))),
        ])
    }

    fn choice(self, choice: &Choice) -> Got {
        Got::Record(vec![
            ("campaign", Got::text(choice.campaign.as_str())),
            ("id", Got::text(choice.id.as_str())),
            ("options", Got::List(choice.options.iter().map(|sku| Got::text(sku.as_str())).collect())),
            ("quantity", self.quantity(choice.quantity)),
            ("chosen", Got::maybe(choice.chosen.as_ref().map(tessera_rules::id::Sku::as_str))),
            ("text", Got::text(&choice.text)),
        ])
    }

    fn near_miss(self, near: &NearMiss) -> Got {
        let missing = match near.missing {
            Missing::Units(units) => ("units", Got::count(units)),
            Missing::Spend(amount) => ("spend", self.amount(amount)),
            Missing::Points { units, scale } => ("units", Got::Number(decimal(units.units(), u32::from(scale)))),
        };
        Got::Record(vec![
            ("campaign", Got::text(near.campaign.as_str())),
            missing,
            ("sku", Got::maybe(near.sku.as_ref().map(Sku::as_str))),
            ("text", Got::text(&near.text)),
        ])
    }

    fn promise(self, promise: &Promise) -> Got {
        let campaign = |id: &CampaignId| ("campaign", Got::text(id.as_str()));
        let by = |id: Option<&CampaignId>| ("by", Got::maybe(id.map(CampaignId::as_str)));
        Got::Record(match promise {
            Promise::Units { asset, units } => {
                vec![("asset", Got::text(asset.as_str())), ("units", self.units(asset, *units))]
            }
            Promise::Threshold { campaign: id, counted_milli, rewarded, .. } => {
                vec![campaign(id), ("counted", Self::milli(*counted_milli)), ("rewarded", Got::count(*rewarded))]
            }
            Promise::Uses { campaign: id, by: used_by, member, usage } => {
                let mut shown = self.usage(id, *usage, ["uses", "units", "value"]);
                let member = Got::maybe(member.as_ref().map(CustomerId::as_str));
                shown.extend([campaign(id), by(used_by.as_ref()), ("member", member)]);
                shown
            }
            Promise::Code { code } => vec![("code", Got::text(code))],
            Promise::Budget { campaign: id, by: used_by, usage } => {
                let mut shown = self.usage(id, *usage, ["budget_uses", "budget_units", "budget_value"]);
                shown.extend([campaign(id), by(used_by.as_ref())]);
                shown
            }
        })
    }
}

fn is_discount(reward: &Reward) -> bool {
    matches!(reward.kind, RewardKind::DiscountNow { .. })
}

fn on_return(shortfall: Shortfall) -> &'static str {
    match shortfall {
        Shortfall::Negative => "negative",
        Shortfall::Zero => "zero",
        Shortfall::DeductFromRefund => "deduct_from_refund",
    }
}

fn cap(cap: RedeemCap) -> &'static str {
    match cap {
        RedeemCap::Balance => "balance",
        RedeemCap::Share => "share",
        RedeemCap::BelowMinimum => "below_minimum",
        RedeemCap::NotAllowed => "not_allowed",
        RedeemCap::Limit => "limit",
        RedeemCap::Code => "code",
        RedeemCap::PriceMin => "price_min",
    }
}

fn prompt(prompt: &tessera_rules::decision::Prompt) -> Got {
    let reason = match prompt.reason {
        PromptReason::Missing => "missing",
        PromptReason::Expired => "expired",
        PromptReason::Unconfirmed => "unconfirmed",
        PromptReason::CodeSent => "code_sent",
    };
    Got::Record(vec![
        ("fact", Got::text(prompt.fact.as_str())),
        ("reason", Got::text(reason)),
        ("text", Got::text(&prompt.text)),
        ("customer_text", Got::maybe(prompt.customer_text.as_deref())),
    ])
}

fn code_wanted(decision: &Decision) -> Got {
    Got::text(decision.code_wanted.as_ref().map_or("none", |wanted| wanted.to.as_str()))
}

fn instruction(instruction: &tessera_rules::decision::Instruction) -> Got {
    Got::Record(vec![
        ("campaign", Got::text(instruction.campaign.as_str())),
        ("id", Got::text(instruction.id.as_str())),
        ("do", Got::text(task(instruction.task))),
        ("line", Got::text(instruction.line.as_ref().map_or("none", |line| line.as_str()))),
        ("quantity", Got::count(instruction.quantity)),
        ("text", Got::text(&instruction.text)),
    ])
}

fn task(task: Task) -> &'static str {
    match task {
        Task::ShowText => "show_text",
        Task::Collect => "collect",
        Task::ScanOneMore => "scan_one_more",
        Task::CheckDocument => "check_document",
    }
}

fn offer(offer: &tessera_rules::decision::Offer) -> Got {
    Got::Record(vec![
        ("sku", Got::text(offer.sku.as_str())),
        ("campaign", Got::text(offer.campaign.as_str())),
        ("line", Got::text(offer.line.as_ref().map_or("none", |line| line.as_str()))),
        ("text", Got::text(&offer.text)),
    ])
}

fn verdict(verdict: &CodeVerdict) -> Got {
    let word = match verdict.verdict {
        Verdict::Applied => "applied",
        Verdict::NotNeeded => "not_needed",
        Verdict::Unknown => "unknown",
        Verdict::Expired => "expired",
        Verdict::Used => "used",
        Verdict::NotThisCustomer => "not_this_customer",
        Verdict::ConditionMissing => "condition_missing",
        Verdict::NotYetValid => "not_yet_valid",
    };
    Got::Record(vec![
        ("code", Got::text(&verdict.code)),
        ("verdict", Got::text(word)),
        ("campaign", Got::maybe(verdict.campaign.as_ref().map(CampaignId::as_str))),
    ])
}

/// What a receipt adds to a counter.
fn counter(counter: &CounterMove) -> Got {
    Got::Record(vec![
        ("campaign", Got::text(counter.campaign.as_str())),
        ("counted", Words::milli(counter.counted_milli)),
        ("rewarded", Got::count(counter.rewarded)),
    ])
}

fn note(note: &Note) -> Got {
    Got::Record(match note {
        Note::UnknownSku { line } => vec![("note", Got::text("unknown_sku")), ("line", Got::text(line.as_str()))],
        Note::AbovePriceMax { line } => vec![("note", Got::text("above_price_max")), ("line", Got::text(line.as_str()))],
        Note::TooManyOpenQuotes { campaign } => {
            vec![("note", Got::text("too_many_open_quotes")), ("campaign", Got::text(campaign.as_str()))]
        }
        Note::AccountFull { campaign } => {
            vec![("note", Got::text("account_full")), ("campaign", Got::text(campaign.as_str()))]
        }
        Note::NotProven => vec![("note", Got::text("not_proven"))],
        Note::ConditionFailed { campaign } => {
            vec![("note", Got::text("condition_failed")), ("campaign", Got::text(campaign.as_str()))]
        }
    })
}

fn explained(decision: &Decision) -> Got {
    let entries = decision.explained.iter().map(|explained| (explained.campaign.to_string(), Got::text(&explained.why)));
    Got::Named { entries: entries.collect(), complete: false }
}

/// A brake in the words of a program.
const fn brake_word(brake: Brake) -> &'static str {
    match brake {
        Brake::Velocity => "velocity",
        Brake::OwnTill => "own_till",
        Brake::UnitsAbove => "review_above",
    }
}

/// Facts by their id, then what must come about, then that somebody looks at the receipt.
fn waits_for(reward: &Reward) -> impl Iterator<Item = &str> {
    let awaited = reward.awaits.as_ref().map(|awaited| match awaited {
        Awaited::NextVisit => "next_visit",
        Awaited::Event(event) => event.as_str(),
    });
    reward.waits_for.iter().map(FactId::as_str).chain(awaited).chain(reward.held.map(|_| "review"))
}
