//! The slow and obvious twin of the writer: it makes the message as a struct, which `prost` encodes.

use std::collections::BTreeMap;

use tessera_contract::convert::{
    campaign_to_wire, measure_to_wire, part_to_wire, redeem_mode_to_wire, reward_kind_to_wire, tender_to_wire, timestamp_to_wire,
};
use tessera_ledger::code::ticket_number;
use tessera_ledger::outcome::{Flag, Outcome, OutcomeKind, OutcomeLine, OutcomeRedemption, OutcomeReward, Right};
use tessera_ledger::posting::{Book, Posting, PostingPlace, PostingReason};
use tessera_proto::billing::v1;
use tessera_rules::decision::{Awaited, Brake, RewardKind, Shortfall};
use tessera_rules::id::AccountId;
use tessera_rules::money::Amount;
use tessera_rules::receipt::RedeemMode;

use crate::record::{Extras, FORMAT};

/// The message of an outcome.
pub(crate) fn outcome_to_wire(outcome: &Outcome, extras: Extras) -> v1::Outcome {
    let has_lines = matches!(outcome.kind, OutcomeKind::Settle | OutcomeKind::Return | OutcomeKind::Claim);
    let tender_due = tender_part(&outcome.redemptions);
    let place = outcome.place.as_ref();
    v1::Outcome {
        format: FORMAT,
        outcome_id: outcome.id.to_string(),
        kind: i32::from(kind(outcome.kind)),
        receipt_id: if has_lines { outcome.receipt.as_str().to_owned() } else { String::new() },
        original_receipt_id: outcome.original.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        content_hash: if matches!(outcome.kind, OutcomeKind::Expiry | OutcomeKind::FollowUp) {
            Vec::new()
        } else {
            outcome.content_hash.to_vec()
        },
        attempt: outcome.attempt,
        store_id: place.map(|place| place.store.as_str().to_owned()).unwrap_or_default(),
        till_id: place.map(|place| place.till.as_str().to_owned()).unwrap_or_default(),
        cashier_id: place.and_then(|place| place.cashier.as_ref()).map(|id| id.as_str().to_owned()).unwrap_or_default(),
        sold_at: place.map(|_| timestamp_to_wire(outcome.sold_at)),
        booked_at: Some(timestamp_to_wire(outcome.booked_at)),
        business_date: place.map(|_| outcome.business_date.to_string()).unwrap_or_default(),
        booking_date: outcome.booking_date.to_string(),
        currency_code: if has_lines { outcome.currency.code().to_owned() } else { String::new() },
        customer_id: outcome.customer.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        account_id: outcome.account.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        revision: outcome.basis.revision,
        revision_hash: if outcome.basis.revision == 0 { Vec::new() } else { outcome.basis.revision_hash.to_vec() },
        catalogue: outcome.basis.catalogue,
        lines: outcome.lines.iter().map(|line| line_to_wire(line, outcome, &extras)).collect(),
        rewards: outcome.rewards.iter().map(|given| reward(given, outcome.account.as_ref(), &extras)).collect(),
        redemptions: outcome.redemptions.iter().map(redemption).collect(),
        tenders: if extras.tenders.is_empty() { outcome.tenders.iter().map(tender_to_wire).collect() } else { extras.tenders },
        totals_before: has_lines.then(|| totals(outcome, outcome.before, |line| line.rung_up, Amount::ZERO)),
        totals_after: has_lines.then(|| totals(outcome, outcome.after, |line| line.paid, tender_due)),
        postings: outcome.postings.iter().map(posting).collect(),
        follow_ups: outcome.follow_ups.iter().map(follow_up).collect(),
        flags: outcome.flags.iter().map(|flag| i32::from(flag_to_wire(*flag))).collect(),
        counter_changes: outcome.counters.iter().map(counter).collect(),
        recorded_answers: extras.answers,
        instruction_results: extras.instruction_results,
        offer_results: extras.offer_results,
        code_verdicts: extras.code_verdicts,
        declined_ids: extras.declined_ids,
        cash_rounding_minor: outcome.cash_rounding.minor(),
        fiscal: extras.fiscal,
        footer_texts: extras.footer_texts,
        proven: extras.proven,
        bound_minor: extras.bound_minor,
        steps: extras.steps,
        notice_due_at: extras.notice_due_at,
        adjustment_reason: extras.adjustment_reason,
        applied_campaigns: outcome.applied.iter().map(applied).collect(),
        use_changes: outcome.uses.iter().map(use_change).collect(),
        return_terms: outcome.return_terms.iter().map(return_terms).collect(),
        card_act: extras.card_act,
        adjusted_by: extras.adjusted_by.iter().map(|key| key.to_vec()).collect(),
    }
}

/// What redemptions pay as tender: it is not left to pay.
fn tender_part(redemptions: &[OutcomeRedemption]) -> Amount {
    redemptions.iter().filter(|redemption| redemption.mode == RedeemMode::Tender).map(|redemption| redemption.amount).sum()
}

fn kind(kind: OutcomeKind) -> v1::OutcomeKind {
    match kind {
        OutcomeKind::Settle => v1::OutcomeKind::Settle,
        OutcomeKind::Return => v1::OutcomeKind::Return,
        OutcomeKind::FollowUp => v1::OutcomeKind::FollowUp,
        OutcomeKind::Adjustment => v1::OutcomeKind::Adjustment,
        OutcomeKind::Enrolment => v1::OutcomeKind::Enrolment,
        OutcomeKind::Answers => v1::OutcomeKind::Answers,
        OutcomeKind::Event => v1::OutcomeKind::Event,
        OutcomeKind::Code => v1::OutcomeKind::Code,
        OutcomeKind::Review => v1::OutcomeKind::Review,
        OutcomeKind::Erasure => v1::OutcomeKind::Erasure,
        OutcomeKind::HandOver => v1::OutcomeKind::HandOver,
        OutcomeKind::Claim => v1::OutcomeKind::Claim,
        OutcomeKind::Expiry => v1::OutcomeKind::Expiry,
    }
}

fn line_to_wire(line: &OutcomeLine, outcome: &Outcome, extras: &Extras) -> v1::OutcomeLine {
    let id = line.id.as_str();
    v1::OutcomeLine {
        line_id: id.to_owned(),
        original_line_id: line.original.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        sku: line.sku.as_str().to_owned(),
        tax_code: line.tax_code.as_ref().map(|code| code.as_str().to_owned()).unwrap_or_default(),
        quantity_milli: line.quantity.milli(),
        quantity_kind: i32::from(measure_to_wire(line.measure)),
        unit_price_micros: line.unit_price.micros(),
        rung_up_minor: line.rung_up.minor(),
        paid_minor: line.paid.minor(),
        parts: line.parts.iter().map(|part| part_to_wire(part, None)).collect(),
        added: id.starts_with('+'),
        campaign_id: campaign_to_wire(line.added_by.as_ref()),
        unexplained_minor: line.unexplained.minor(),
        rewards: outcome.rewards.iter().filter_map(|reward| share(reward, line)).collect(),
        flags: Vec::new(),
        return_reason: extras.return_reasons.get(id).cloned().unwrap_or_default(),
        payments: outcome.redemptions.iter().filter_map(|redemption| payment(redemption, line)).collect(),
    }
}

fn share(reward: &OutcomeReward, line: &OutcomeLine) -> Option<v1::LineReward> {
    let units = reward.earned_on.iter().find(|share| share.line == line.id)?.units;
    let signed = if reward.taken_back { units.saturating_neg() } else { units };
    let in_money = matches!(reward.kind, RewardKind::DiscountNow { .. });
    Some(v1::LineReward {
        reward_id: reward.id.as_str().to_owned(),
        units: if in_money { 0 } else { signed },
        amount_minor: if in_money { signed } else { 0 },
    })
}

fn payment(redemption: &OutcomeRedemption, line: &OutcomeLine) -> Option<v1::LinePayment> {
    let share = redemption.paid_on.iter().find(|share| share.line == line.id)?;
    Some(v1::LinePayment { redemption_id: redemption.id.as_str().to_owned(), amount_minor: share.units })
}

fn reward(reward: &OutcomeReward, account: Option<&AccountId>, extras: &Extras) -> v1::Reward {
    let mut wire = reward_kind_to_wire(&reward.kind);
    if reward.taken_back {
        // The ledger's units are below zero already, its counts cannot be.
        wire.units = wire.units.saturating_abs().saturating_neg();
        wire.amount_minor = wire.amount_minor.saturating_abs().saturating_neg();
        wire.draw_tickets = wire.draw_tickets.saturating_abs().saturating_neg();
    }
    wire.requires_answers = reward.waits_for.iter().map(|fact| fact.as_str().to_owned()).collect();
    let waits_for = match (&reward.awaits, reward.waits_for.is_empty()) {
        (Some(Awaited::NextVisit), _) => v1::RewardWait::SecondVisit,
        (Some(Awaited::Event(event)), _) => {
            wire.awaited_event_id = event.as_str().to_owned();
            v1::RewardWait::Event
        }
        (None, false) => v1::RewardWait::Answers,
        (None, true) if reward.held.is_some() => v1::RewardWait::Review,
        (None, true) => v1::RewardWait::Unspecified,
    };
    wire.held_by = match reward.held {
        None => 0,
        Some(Brake::Velocity) => i32::from(v1::Brake::Velocity),
        Some(Brake::OwnTill) => i32::from(v1::Brake::OwnTill),
        Some(Brake::UnitsAbove) => i32::from(v1::Brake::UnitsAbove),
    };
    wire.waits_for = i32::from(waits_for);
    match &reward.right {
        Right::None => {}
        Right::Coupon { code } => wire.coupon.iter_mut().for_each(|coupon| coupon.code = code.to_string()),
        Right::Prize { state } => {
            wire.prize.iter_mut().for_each(|prize| prize.state = i32::from(crate::rights::prize_state_to_wire(*state)));
        }
        Right::Tickets { first, of } => {
            if let Some(account) = of.as_ref().or(account) {
                wire.first_ticket = ticket_number(account, &wire.draw_id, *first).to_string();
            }
        }
    }
    wire.earned_by_receipt_id = reward.earned_by.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
    let code = wire.coupon.as_ref().map(|coupon| coupon.code.clone()).filter(|code| !code.is_empty());
    if let Some(coupon) = extras.coupons.iter().find(|coupon| code.as_ref() == Some(&coupon.code)) {
        wire.coupon = Some(coupon.clone());
    }
    wire.reward_id = reward.id.as_str().to_owned();
    wire.program_id = reward.program.as_str().to_owned();
    wire.campaign_id = reward.campaign.as_str().to_owned();
    wire.vests_at = Some(timestamp_to_wire(reward.vests_at));
    wire.expires_at = reward.expires_at.map(timestamp_to_wire);
    wire.text = reward.text.to_string();
    wire.fallback = reward.fallback;
    wire.on_return = i32::from(match reward.on_return {
        Shortfall::Negative => v1::ReturnShortfall::Negative,
        Shortfall::Zero => v1::ReturnShortfall::Zero,
        Shortfall::DeductFromRefund => v1::ReturnShortfall::DeductFromRefund,
    });
    wire
}

fn redemption(redemption: &OutcomeRedemption) -> v1::Redemption {
    v1::Redemption {
        redemption_id: redemption.id.as_str().to_owned(),
        program_id: String::new(),
        asset_id: redemption.asset.as_str().to_owned(),
        units: redemption.units.units(),
        amount_minor: redemption.amount.minor(),
        redeem_as: i32::from(redeem_mode_to_wire(redemption.mode)),
        code: String::new(),
    }
}

fn totals(outcome: &Outcome, total: Amount, amount: impl Fn(&OutcomeLine) -> Amount, tender: Amount) -> v1::Totals {
    let mut by_code: BTreeMap<&str, Amount> = BTreeMap::new();
    for line in &outcome.lines {
        *by_code.entry(line.tax_code.as_ref().map_or("", |code| code.as_str())).or_default() += amount(line);
    }
    // A return's lines are not negative, its totals stand without sign on the wire.
    let lines: Amount = by_code.values().copied().sum();
    let due = if outcome.kind == OutcomeKind::Return { -total } else { total - tender };
    v1::Totals {
        amount_minor: lines.minor(),
        due_minor: due.minor(),
        tax_totals: by_code
            .into_iter()
            .map(|(code, amount)| v1::TaxTotal { tax_code: code.to_owned(), amount_minor: amount.minor() })
            .collect(),
    }
}

fn posting(posting: &Posting) -> v1::Posting {
    let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
    v1::Posting {
        asset_id: posting.asset.as_str().to_owned(),
        units: posting.units.units(),
        side: Some(match &posting.place {
            PostingPlace::Lot(lot) => v1::posting::Side::LotId(lot.to_string()),
            PostingPlace::Book(book) => v1::posting::Side::Book(v1::Book {
                kind: i32::from(book_to_wire(*book)),
                program_id: text(posting.program.as_ref().map(|id| id.as_str())),
                campaign_id: text(posting.campaign.as_ref().map(|id| id.as_str())),
                entity_id: String::new(),
            }),
        }),
        reason: i32::from(reason_to_wire(posting.reason)),
        reward_id: posting.of.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        vests_at: posting.vests_at.map(timestamp_to_wire),
        expires_at: posting.expires_at.map(timestamp_to_wire),
    }
}

const fn book_to_wire(book: Book) -> v1::BookKind {
    match book {
        Book::Issued => v1::BookKind::Issued,
        Book::Redeemed => v1::BookKind::Redeemed,
        Book::Expired => v1::BookKind::Expired,
        Book::Returned => v1::BookKind::Returned,
        Book::Budget => v1::BookKind::Budget,
        Book::Transfer => v1::BookKind::Transfer,
        Book::Unexplained => v1::BookKind::Unexplained,
    }
}

const fn reason_to_wire(reason: PostingReason) -> v1::PostingReason {
    match reason {
        PostingReason::Issue => v1::PostingReason::Earned,
        PostingReason::Redeem => v1::PostingReason::Redeemed,
        PostingReason::Expire => v1::PostingReason::Expired,
        PostingReason::Clawback => v1::PostingReason::TakenBack,
        PostingReason::Restore => v1::PostingReason::Restored,
        PostingReason::PayDebt => v1::PostingReason::DebtPaid,
        PostingReason::Consolidate => v1::PostingReason::Consolidated,
        PostingReason::Renew => v1::PostingReason::Renewed,
        PostingReason::Unexplained => v1::PostingReason::Unexplained,
        PostingReason::Vest => v1::PostingReason::Vested,
        PostingReason::Adjust => v1::PostingReason::Adjusted,
        PostingReason::Transfer => v1::PostingReason::Transferred,
    }
}

fn follow_up(follow_up: &tessera_ledger::follow_up::FollowUp) -> v1::FollowUp {
    use tessera_ledger::follow_up::{FollowUpKind, MovedUnits};
    let moved = |moved: MovedUnits| v1::MovedUnits {
        asset_id: moved.asset.as_str().to_owned(),
        units: moved.units.units(),
        program_id: moved.program.as_str().to_owned(),
        campaign_id: moved.campaign.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        vests_at: Some(timestamp_to_wire(moved.vests_at)),
        expires_at: moved.expires_at.map(timestamp_to_wire),
    };
    v1::FollowUp {
        follow_up_id: follow_up.id.to_string(),
        kind: i32::from(match follow_up.kind {
            FollowUpKind::Referral { .. } => v1::FollowUpKind::Referral,
            FollowUpKind::Transfer { .. } => v1::FollowUpKind::Transfer,
            FollowUpKind::Merge { .. } => v1::FollowUpKind::Merge,
        }),
        target_account_id: follow_up.account.as_str().to_owned(),
        moved: follow_up.moved().into_iter().map(moved).collect(),
        campaign_id: follow_up.campaign().map(|id| id.as_str().to_owned()).unwrap_or_default(),
    }
}

fn return_terms(terms: &tessera_ledger::terms::ReturnTerms) -> v1::ReturnTerms {
    use tessera_rules::conventions::{ReturnedPayment, ReturnedRewards};
    let rewards = match terms.rewards {
        ReturnedRewards::InProportion => v1::ReturnedRewards::Unspecified,
        ReturnedRewards::EqualShares => v1::ReturnedRewards::EqualShares,
        ReturnedRewards::RepricedKept => v1::ReturnedRewards::RepricedKept,
    };
    let payment = match terms.payment {
        ReturnedPayment::InProportion => v1::ReturnedPayment::Unspecified,
        ReturnedPayment::WholeReturnOnly => v1::ReturnedPayment::WholeReturnOnly,
        ReturnedPayment::Never => v1::ReturnedPayment::Never,
    };
    v1::ReturnTerms {
        program_id: terms.program.as_str().to_owned(),
        returned_rewards: i32::from(rewards),
        returned_payment: i32::from(payment),
    }
}

fn use_change(change: &tessera_ledger::outcome::UseMove) -> v1::UseChange {
    v1::UseChange {
        campaign_id: change.campaign.as_str().to_owned(),
        uses: change.usage.uses,
        units: change.usage.units,
        value: change.usage.value,
        by_campaign_id: change.by.as_ref().map(ToString::to_string).unwrap_or_default(),
        per_member: change.per_member,
    }
}

fn counted_on(share: &tessera_rules::decision::LineShare) -> v1::CounterLine {
    v1::CounterLine { line_id: share.line.as_str().to_owned(), counted_milli: share.units }
}

fn counter(counter: &tessera_rules::decision::CounterMove) -> v1::CounterChange {
    let (time, stretch, stretches_remembered) = crate::record::write::counter_time_to_wire(counter.time);
    v1::CounterChange {
        program_id: String::new(),
        campaign_id: counter.campaign.as_str().to_owned(),
        customer_id: String::new(),
        counted_milli: counter.counted_milli,
        rewarded: counter.rewarded,
        time: i32::from(time),
        stretch,
        stretches_remembered,
        calendar: i32::from(crate::record::write::calendar_to_wire(counter.time)),
        lines: counter.counted_on.iter().map(counted_on).collect(),
    }
}

fn applied(applied: &tessera_rules::decision::Applied) -> v1::AppliedCampaign {
    v1::AppliedCampaign {
        campaign_id: applied.campaign.as_str().to_owned(),
        times: applied.times,
        discount_minor: applied.discount.minor(),
    }
}

const fn flag_to_wire(flag: Flag) -> v1::OutcomeFlag {
    match flag {
        Flag::DiffersFromQuote => v1::OutcomeFlag::DiffersFromQuote,
        Flag::PaidAfterVoid => v1::OutcomeFlag::PaidAfterVoid,
        Flag::SettledWithShortfall => v1::OutcomeFlag::SettledWithShortfall,
        Flag::TokenRejected => v1::OutcomeFlag::TokenRejected,
        Flag::WithoutQuote => v1::OutcomeFlag::WithoutQuote,
        Flag::UnknownSku => v1::OutcomeFlag::UnknownSku,
        Flag::Unexplained => v1::OutcomeFlag::UnexplainedChange,
        Flag::ReturnedBeyondSale => v1::OutcomeFlag::ReturnedBeyondSale,
        Flag::ReturnWithoutReceipt => v1::OutcomeFlag::ReturnedWithoutReceipt,
        Flag::HoldExpired => v1::OutcomeFlag::HoldExpired,
        Flag::Deferred => v1::OutcomeFlag::Deferred,
        Flag::TillClockOff => v1::OutcomeFlag::TillClockOff,
        Flag::DecidedByPack => v1::OutcomeFlag::DecidedByPack,
        Flag::DeliveryUnproven => v1::OutcomeFlag::DeliveryUnproven,
        Flag::CardUsedOften => v1::OutcomeFlag::CardUsedOften,
        Flag::CardAtOwnTill => v1::OutcomeFlag::CardAtOwnTill,
        Flag::UnitsAboveLimit => v1::OutcomeFlag::UnitsAboveLimit,
        Flag::MarksMissing => v1::OutcomeFlag::MarksMissing,
        Flag::WasParked => v1::OutcomeFlag::WasParked,
        Flag::TakenBackShort => v1::OutcomeFlag::TakenBackShort,
        Flag::CustomerBlocked => v1::OutcomeFlag::CustomerBlocked,
        Flag::CustomerUnknown => v1::OutcomeFlag::CustomerUnknown,
        Flag::TendersDiffer => v1::OutcomeFlag::TendersDiffer,
        Flag::ReferralRefused => v1::OutcomeFlag::ReferralRefused,
        Flag::BeyondLimit => v1::OutcomeFlag::BeyondLimit,
    }
}
