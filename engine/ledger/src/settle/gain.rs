//! What a settle gives: rewards, coupons, tiers; and what it moves: counters, uses, statistics.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::decision::{CounterMove, Promise, Reward, RewardKind, Verdict};
use tessera_rules::id::{AssetId, ReceiptId};
use tessera_rules::money::{Amount, Units};
use tessera_rules::receipt::Receipt;

use crate::account::{Account, Statistics};
use crate::booking::Booking;
use crate::counter::count;
use crate::grant::{self, Grant};
use crate::limits::{CURRENCIES_MAX, GAPS_MAX, WAITING_FACTS_MAX};
use crate::outcome::{OutcomeReward, Right, UseMove};
use crate::right::{PrizeState, WaitingReward, keep_waiting};
use crate::seen;
use crate::settle::Settle;
use crate::uses;

/// What was given and moved.
#[derive(Debug, Default)]
pub(crate) struct Gain {
    pub(crate) rewards: Vec<OutcomeReward>,
    pub(crate) counters: Vec<CounterMove>,
    pub(crate) uses: Vec<UseMove>,
    /// A single-use coupon had been used or promised elsewhere, or a limit is exceeded.
    pub(crate) is_short: bool,
}

/// Gives what was decided, and what waited for this visit or for the answers that came with the sale.
pub(crate) fn give(account: Option<&mut Account>, settle: &Settle<'_>, booking: &mut Booking, paid: Amount) -> Gain {
    let mut gain = Gain { rewards: Vec::with_capacity(settle.decision.rewards.len()), ..Gain::default() };
    let Some(account) = account else {
        let free = settle.decision.rewards.iter().filter(|reward| !needs_account(&reward.kind) && !reward.is_waiting());
        gain.rewards = free.map(|reward| record(reward, right_without_account(reward, settle))).collect();
        return gain;
    };
    gain.is_short = use_coupons(account, settle, booking.now);
    // What waited is given first: what begins to wait with this sale may take its place.
    let earlier = visited(account, settle, booking);
    for reward in &settle.decision.rewards {
        give_or_wait((account, &mut gain.rewards), settle, booking, reward);
    }
    let given = earlier.into_iter().chain(released(account, settle, booking)).collect();
    merge_released(&mut gain.rewards, given, &settle.receipt.id);
    for step in &settle.decision.counters {
        let Some(counted) = count(&mut account.counters, step) else { continue };
        // It was rewarded for a stretch that another receipt has counted.
        gain.is_short |= counted.counted_milli < step.counted_milli && step.rewarded > 0;
        gain.counters.push(counted);
    }
    for promise in &settle.decision.promises {
        let Promise::Uses { campaign, by, member, usage } = promise else { continue };
        // Who was promised it may be another customer by now: of the account, or merged into one.
        let member = member.as_ref().and(settle.customer.as_ref());
        let used = uses::count(&mut account.uses, (campaign, member), *usage, settle.receipt.business_date);
        let limits = settle.limits.iter().find(|known| known.campaign == *campaign);
        gain.is_short |= limits.is_some_and(|known| !uses::is_within(&used, &known.limits));
        gain.uses.push(UseMove { campaign: campaign.clone(), by: by.clone(), per_member: member.is_some(), usage: *usage });
    }
    seen::count(&mut account.seen, settle.seen, settle.receipt);
    let statistics = &mut account.statistics;
    visit(statistics, settle.receipt);
    spend(statistics, settle.receipt.currency.code(), (settle.receipt.counted_on(), paid.minor()));
    gain
}

/// Gives what waited for this visit.
fn visited(account: &mut Account, settle: &Settle<'_>, booking: &mut Booking) -> Vec<OutcomeReward> {
    if settle.must_confirm.is_some() {
        account.has_visited(settle.receipt.business_date);
    }
    released(account, settle, booking)
}

/// Gives what waits for nothing any more, where the sale says whose answers count.
fn released(account: &mut Account, settle: &Settle<'_>, booking: &mut Booking) -> Vec<OutcomeReward> {
    let given = settle
        .must_confirm
        .map(|must_confirm| grant::released(account, settle.customer.as_ref(), (settle.codes, must_confirm), booking));
    given.unwrap_or_default()
}

/// Gives a reward, or lets it wait for its answers. What finds no room for that is taken away, and recorded so.
fn give_or_wait(
    (account, rewards): (&mut Account, &mut Vec<OutcomeReward>),
    settle: &Settle<'_>,
    booking: &mut Booking,
    reward: &Reward,
) {
    let receipt = &settle.receipt.id;
    if !reward.is_waiting() {
        let grant = Grant {
            receipt,
            reward: &reward.id,
            program: &reward.program,
            campaign: &reward.campaign,
            kind: &reward.kind,
            vests_at: reward.vests_at,
            expires_at: reward.expires_at,
            prize: prize_state(settle, reward),
        };
        let right = grant.give(account, settle.codes, booking);
        rewards.push(record(reward, right));
        return;
    }
    let gone = keep_waiting(
        &mut account.waiting,
        WaitingReward {
            receipt: receipt.clone(),
            reward: reward.id.clone(),
            program: reward.program.clone(),
            campaign: reward.campaign.clone(),
            kind: reward.kind.clone(),
            vests_at: reward.vests_at,
            expires_at: reward.expires_at,
            on_return: reward.on_return,
            fallback: reward.fallback,
            facts: reward.waits_for.iter().take(WAITING_FACTS_MAX).cloned().collect(),
            awaits: reward.awaits.clone(),
            held: reward.held,
            sold_on: settle.receipt.business_date,
            since: booking.now,
            given: None,
            lot: None,
        },
    );
    let gone = gone.and_then(|gone| match gone.given {
        Some(_) => {
            booking.aside.given.push(gone);
            None
        }
        None => Some(gone.taken_away()),
    });
    let is_kept = gone.as_ref().is_none_or(|gone| gone.earned_by.as_ref() != Some(receipt) || gone.id != reward.id);
    rewards.extend(gone);
    if is_kept {
        rewards.push(OutcomeReward {
            waits_for: reward.waits_for.clone(),
            awaits: reward.awaits.clone(),
            held: reward.held,
            ..record(reward, Right::None)
        });
    }
}

/// What was answered with its own sale is one reward of it, given; the rest stands beside.
fn merge_released(rewards: &mut Vec<OutcomeReward>, released: Vec<OutcomeReward>, receipt: &ReceiptId) {
    for reward in released {
        let own = reward.earned_by.as_ref() == Some(receipt);
        match rewards.iter_mut().find(|known| own && known.id == reward.id && known.earned_by.is_none()) {
            Some(known) => {
                known.waits_for.clear();
                known.awaits = None;
                known.held = None;
                known.right = reward.right;
            }
            None => rewards.push(reward),
        }
    }
}

/// Where a prize stands when the sale is over: as the cashier says, else due.
fn prize_state(settle: &Settle<'_>, reward: &Reward) -> PrizeState {
    settle.handed_over.iter().find(|(id, _)| *id == reward.id).map(|(_, state)| *state).unwrap_or_default()
}

/// A prize that nobody is known to own is handed over at once or never.
fn right_without_account(reward: &Reward, settle: &Settle<'_>) -> Right {
    match &reward.kind {
        RewardKind::Prize { .. } => Right::Prize { state: prize_state(settle, reward) },
        RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Status { .. }
        | RewardKind::Ticket { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. } => Right::None,
    }
}

fn needs_account(kind: &RewardKind) -> bool {
    match kind {
        RewardKind::DiscountNow { .. } | RewardKind::Prize { .. } => false,
        RewardKind::DiscountLater { .. }
        | RewardKind::Ticket { .. }
        | RewardKind::BonusMoney { .. }
        | RewardKind::Points { .. }
        | RewardKind::Status { .. }
        | RewardKind::Certificate { .. }
        | RewardKind::Money { .. } => true,
    }
}

/// The asset and units of a reward that becomes a lot.
pub(crate) fn units_of(kind: &RewardKind) -> Option<(&AssetId, Units)> {
    match kind {
        RewardKind::BonusMoney { asset, units }
        | RewardKind::Points { asset, units }
        | RewardKind::Certificate { asset, units }
        | RewardKind::Money { asset, units } => Some((asset, *units)),
        RewardKind::DiscountNow { .. }
        | RewardKind::DiscountLater { .. }
        | RewardKind::Prize { .. }
        | RewardKind::Status { .. }
        | RewardKind::Ticket { .. } => None,
    }
}

fn record(reward: &Reward, right: Right) -> OutcomeReward {
    OutcomeReward {
        id: reward.id.clone(),
        campaign: reward.campaign.clone(),
        program: reward.program.clone(),
        kind: reward.kind.clone(),
        taken_back: false,
        vests_at: reward.vests_at,
        expires_at: reward.expires_at,
        earned_on: reward.earned_on.clone(),
        on_return: reward.on_return,
        fallback: reward.fallback,
        text: reward.text.clone(),
        waits_for: Vec::new(),
        awaits: None,
        held: None,
        right,
        earned_by: None,
    }
}

/// Marks personal coupons as used. True: one was used or promised elsewhere already.
fn use_coupons(account: &mut Account, settle: &Settle<'_>, now: Timestamp) -> bool {
    let receipt = &settle.receipt.id;
    let applied =
        settle.decision.code_verdicts.iter().filter(|verdict| verdict.verdict == Verdict::Applied).map(|verdict| &verdict.code);
    let promised = settle.decision.promises.iter().filter_map(|promise| match promise {
        Promise::Code { code } => Some(code),
        Promise::Units { .. } | Promise::Threshold { .. } | Promise::Uses { .. } | Promise::Budget { .. } => None,
    });
    let mut is_short = false;
    for code in applied.chain(promised) {
        let quotes = &account.open_quotes;
        for coupon in account.coupons.iter_mut().filter(|coupon| coupon.is(code)) {
            let others = quotes.iter().filter(|quote| quote.receipt != *receipt && quote.is_open(now));
            let is_it = |hold: &Promise| matches!(hold, Promise::Code { code: held } if coupon.is(held));
            let held = others.flat_map(|quote| &quote.holds).any(is_it);
            is_short |= held || coupon.used_by.as_ref().is_some_and(|by| by != receipt);
            coupon.used_by.get_or_insert_with(|| receipt.clone());
        }
    }
    is_short
}

fn visit(statistics: &mut Statistics, receipt: &Receipt) {
    let sold_at = receipt.sold_at;
    statistics.visits = statistics.visits.saturating_add(1);
    statistics.habits.visit(receipt.counted_on(), GAPS_MAX);
    statistics.first_sold_at = Some(statistics.first_sold_at.map_or(sold_at, |first| first.min(sold_at)));
    statistics.last_sold_at = Some(statistics.last_sold_at.map_or(sold_at, |last| last.max(sold_at)));
}

/// Adds to what was paid in a currency for a receipt of that trading day.
pub(crate) fn spend(statistics: &mut Statistics, currency: &str, (date, minor): (Date, i64)) {
    statistics.habits.spend(date, currency, minor);
    let spent = &mut statistics.spent_minor;
    match spent.binary_search_by(|(code, _)| code.as_str().cmp(currency)) {
        Ok(place) => {
            if let Some((_, sum)) = spent.get_mut(place) {
                *sum = sum.saturating_add(minor);
            }
        }
        Err(place) if spent.len() < CURRENCIES_MAX => spent.insert(place, (CompactString::from(currency), minor)),
        Err(_) => {}
    }
}
