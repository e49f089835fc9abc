//! What a settle gives: rewards, coupons, tiers; and what it moves: counters, uses, statistics.

use compact_str::CompactString;
use jiff::Timestamp;
use tessera_rules::decision::{CounterMove, Promise, Reward, RewardKind, Verdict};
use tessera_rules::id::{AssetId, CampaignId, ReceiptId, RewardId};
use tessera_rules::money::{Amount, Units};

use crate::account::{Account, Counter, PersonalCoupon, Statistics, TierHeld, UseCount};
use crate::booking::{Booking, Credit};
use crate::limits::{COUNTERS_MAX, COUPONS_MAX, CURRENCIES_MAX, GAPS_MAX, TIERS_MAX, USES_MAX};
use crate::outcome::OutcomeReward;
use crate::posting::{Book, PostingReason};
use crate::settle::Settle;

/// What was given and moved.
#[derive(Debug, Default)]
pub(super) struct Gain {
    pub(super) rewards: Vec<OutcomeReward>,
    pub(super) counters: Vec<CounterMove>,
    /// A single-use coupon had been used or promised elsewhere.
    pub(super) is_short: bool,
}

/// Gives what was decided.
pub(super) fn give(account: Option<&mut Account>, settle: &Settle<'_>, booking: &mut Booking, paid: Amount) -> Gain {
    let mut gain = Gain::default();
    let Some(account) = account else {
        let free = settle.decision.rewards.iter().filter(|reward| !needs_account(&reward.kind));
        gain.rewards = free.map(record).collect();
        return gain;
    };
    gain.is_short = use_coupons(account, settle, booking.now);
    for reward in &settle.decision.rewards {
        gain.rewards.push(record(reward));
        if reward.waits_for.is_empty() {
            give_one(account, settle, booking, reward);
        }
    }
    gain.counters = settle.decision.counters.iter().filter(|step| count(&mut account.counters, step)).cloned().collect();
    for promise in &settle.decision.promises {
        if let Promise::Uses { campaign, count } = promise {
            use_campaign(&mut account.uses, campaign, *count, settle.receipt.business_date);
        }
    }
    let statistics = &mut account.statistics;
    visit(statistics, settle.receipt.sold_at);
    spend(statistics, settle.receipt.currency.code(), paid.minor());
    gain
}

fn needs_account(kind: &RewardKind) -> bool {
    match kind {
        RewardKind::DiscountNow { .. } | RewardKind::Prize { .. } | RewardKind::Ticket { .. } => false,
        RewardKind::DiscountLater { .. }
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

fn give_one(account: &mut Account, settle: &Settle<'_>, booking: &mut Booking, reward: &Reward) {
    if let Some((asset, units)) = units_of(&reward.kind).filter(|(_, units)| units.is_positive()) {
        booking.credit(Credit {
            asset: asset.clone(),
            program: reward.program.clone(),
            campaign: Some(reward.campaign.clone()),
            units,
            vests_at: reward.vests_at,
            expires_at: reward.expires_at,
            book: Book::Issued,
            reason: PostingReason::Issue,
        });
    }
    if let RewardKind::DiscountLater { coupon } = &reward.kind {
        issue_coupon(account, settle, reward, coupon, booking.now);
    }
    if let RewardKind::Status { tier } = &reward.kind {
        let held = TierHeld { program: reward.program.clone(), tier: tier.clone(), since: booking.now, until: reward.expires_at };
        let has_room = account.tiers.len() < TIERS_MAX;
        match account.tiers.binary_search_by(|known| known.program.cmp(&reward.program)) {
            Ok(place) => {
                if let Some(known) = account.tiers.get_mut(place) {
                    *known = held;
                }
            }
            Err(place) if has_room => account.tiers.insert(place, held),
            Err(_) => {}
        }
    }
}

fn record(reward: &Reward) -> OutcomeReward {
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
    }
}

/// The code of the coupon that a receipt's reward issues: 16 characters of Crockford's base 32, the same
/// on every computation. It opens something only together with the customer that it belongs to.
#[must_use]
pub(crate) fn coupon_code(receipt: &ReceiptId, reward: &RewardId) -> CompactString {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut hasher = blake3::Hasher::new_derive_key("tessera personal coupon code v1");
    hasher.update(receipt.as_str().as_bytes());
    hasher.update(&[0]);
    hasher.update(reward.as_str().as_bytes());
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).map_or('0', |letter| char::from(*letter));
    hasher.finalize().as_bytes().iter().take(16).map(letter).collect()
}

/// Adds a coupon. Where there is no room, a used or lapsed one goes first, then the one that lapses first.
fn issue_coupon(account: &mut Account, settle: &Settle<'_>, reward: &Reward, campaign: &CampaignId, now: Timestamp) {
    let coupons = &mut account.coupons;
    if coupons.len() >= COUPONS_MAX {
        coupons.retain(|coupon| coupon.used_by.is_none() && coupon.valid_until.is_none_or(|until| now < until));
    }
    if coupons.len() >= COUPONS_MAX {
        let first = coupons.iter().enumerate().min_by_key(|(_, coupon)| coupon.valid_until.unwrap_or(Timestamp::MAX));
        if let Some(place) = first.map(|(place, _)| place) {
            coupons.remove(place);
        }
    }
    coupons.push(PersonalCoupon {
        code: coupon_code(&settle.receipt.id, &reward.id),
        campaign: campaign.clone(),
        issued_by: settle.receipt.id.clone(),
        valid_from: reward.vests_at,
        valid_until: reward.expires_at,
        used_by: None,
    });
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
        let others = account.open_quotes.iter().filter(|quote| quote.receipt != *receipt && quote.is_open(now));
        let held = others.flat_map(|quote| &quote.holds).any(|hold| matches!(hold, Promise::Code { code: held } if held == code));
        for coupon in account.coupons.iter_mut().filter(|coupon| coupon.code == *code) {
            is_short |= held || coupon.used_by.as_ref().is_some_and(|by| by != receipt);
            coupon.used_by.get_or_insert_with(|| receipt.clone());
        }
    }
    is_short
}

/// Moves a counter. False: the account counts for as many campaigns as it can.
fn count(counters: &mut Vec<Counter>, step: &CounterMove) -> bool {
    let place = match counters.binary_search_by(|counter| counter.campaign.cmp(&step.campaign)) {
        Ok(place) => place,
        Err(_) if counters.len() >= COUNTERS_MAX => return false,
        Err(place) => {
            counters.insert(place, Counter { campaign: step.campaign.clone(), counted_milli: 0, rewarded: 0 });
            place
        }
    };
    if let Some(counter) = counters.get_mut(place) {
        counter.counted_milli = counter.counted_milli.saturating_add(step.counted_milli).max(0);
        counter.rewarded = counter.rewarded.saturating_add(step.rewarded).max(0);
    }
    true
}

/// Counts uses. Where there is no room, the campaign that was not used for longest goes.
fn use_campaign(uses: &mut Vec<UseCount>, campaign: &CampaignId, count: u32, day: jiff::civil::Date) {
    match uses.binary_search_by(|known| known.campaign.cmp(campaign)) {
        Ok(place) => {
            let Some(known) = uses.get_mut(place) else {
                return;
            };
            known.ever = known.ever.saturating_add(count);
            if day == known.day {
                known.on_day = known.on_day.saturating_add(count);
            } else if day > known.day {
                known.day = day;
                known.on_day = count;
            }
        }
        Err(_) => {
            if uses.len() >= USES_MAX {
                let oldest = uses.iter().enumerate().min_by_key(|(_, known)| known.day).map(|(place, _)| place);
                if let Some(place) = oldest {
                    uses.remove(place);
                }
            }
            let place = uses.partition_point(|known| known.campaign < *campaign);
            uses.insert(place, UseCount { campaign: campaign.clone(), ever: count, day, on_day: count });
        }
    }
}

fn visit(statistics: &mut Statistics, sold_at: Timestamp) {
    statistics.visits = statistics.visits.saturating_add(1);
    if let Some(last) = statistics.last_sold_at.filter(|last| *last < sold_at) {
        let hours = sold_at.duration_since(last).as_hours();
        if statistics.gap_hours.len() >= GAPS_MAX {
            statistics.gap_hours.remove(0);
        }
        statistics.gap_hours.push(u16::try_from(hours).unwrap_or(u16::MAX));
    }
    statistics.first_sold_at = Some(statistics.first_sold_at.map_or(sold_at, |first| first.min(sold_at)));
    statistics.last_sold_at = Some(statistics.last_sold_at.map_or(sold_at, |last| last.max(sold_at)));
}

/// Adds to what was paid in a currency.
pub(crate) fn spend(statistics: &mut Statistics, currency: &str, minor: i64) {
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
