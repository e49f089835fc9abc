//! From a stored message back to the ledger's outcome: what a return needs of the sale.

use compact_str::CompactString;
use jiff::civil::Date;
use tessera_contract::convert::{measure_from_wire, redeem_mode_from_wire, tender_kind_from_wire, timestamp_from_wire};
use tessera_contract::sold::own_change;
use tessera_ledger::code::ticket_place;
use tessera_ledger::outcome::{Basis, Outcome, OutcomeKind, OutcomeLine, OutcomeRedemption, OutcomeReward, Right, UseMove};
use tessera_ledger::right::PrizeState;
use tessera_ledger::terms::ReturnTerms;
use tessera_proto::billing::v1;
use tessera_rules::conventions::{ReturnedPayment, ReturnedRewards};
use tessera_rules::decision::{Adjustment, Applied, Awaited, Brake, LineShare, Part, RewardKind, Shortfall};
use tessera_rules::id::{
    AssetId, CampaignId, EventId, FactId, IdError, LineId, ProgramId, ReceiptId, RewardId, Sku, TaxCode, TierId,
};
use tessera_rules::money::{Amount, Currency, Quantity, UnitPrice, Units};
use tessera_rules::receipt::{Place, Tender, TenderKind};
use tessera_rules::usage::Usage;

use super::FORMAT;

mod counter;
mod posting;

use counter::read_counter;
pub(crate) use posting::{PostedOutcome, read_posting};

/// A stored outcome message cannot be read as one.
#[derive(Debug, thiserror::Error)]
#[error("the stored outcome cannot be read: {0}")]
pub(crate) struct Unreadable(&'static str);

impl From<IdError> for Unreadable {
    fn from(_: IdError) -> Self {
        Self("an id in it is none")
    }
}

fn optional<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, E> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// The outcome of a settle, claim or return; facts, follow-ups and flags are left out, for nothing is computed from them.
pub(crate) fn outcome_from_wire(wire: &v1::Outcome) -> Result<Outcome, Unreadable> {
    if wire.format != FORMAT {
        return Err(Unreadable("its format is another one"));
    }
    let at = |time: Option<&tessera_proto::Timestamp>| time.and_then(timestamp_from_wire).ok_or(Unreadable("a time is missing"));
    let day = |text: &str| text.parse::<Date>().map_err(|_| Unreadable("a date is none"));
    let currency = Currency::from_code(&wire.currency_code).ok_or(Unreadable("its currency is none"))?;
    let rewards = wire.rewards.iter().map(|reward| read_reward(reward, wire)).collect::<Result<_, _>>()?;
    Ok(Outcome {
        id: CompactString::from(wire.outcome_id.as_str()),
        kind: kind(wire.kind())?,
        receipt: ReceiptId::parse(&wire.receipt_id)?,
        original: optional(&wire.original_receipt_id, ReceiptId::parse)?,
        content_hash: wire.content_hash.as_slice().try_into().map_err(|_| Unreadable("its hash is none"))?,
        attempt: wire.attempt,
        place: Some(Place {
            store: tessera_rules::id::StoreId::parse(&wire.store_id)?,
            till: tessera_rules::id::TillId::parse(&wire.till_id)?,
            cashier: optional(&wire.cashier_id, tessera_rules::id::CashierId::parse)?,
        }),
        sold_at: at(wire.sold_at.as_ref())?,
        booked_at: at(wire.booked_at.as_ref())?,
        business_date: day(&wire.business_date)?,
        booking_date: day(&wire.booking_date)?,
        currency,
        customer: optional(&wire.customer_id, tessera_rules::id::CustomerId::parse)?,
        account: optional(&wire.account_id, tessera_rules::id::AccountId::parse)?,
        basis: Basis {
            revision: wire.revision,
            revision_hash: wire.revision_hash.as_slice().try_into().unwrap_or_default(),
            catalogue: wire.catalogue,
        },
        lines: wire.lines.iter().map(read_line).collect::<Result<_, _>>()?,
        rewards,
        redemptions: wire
            .redemptions
            .iter()
            .map(|redemption| read_redemption(redemption, &wire.lines))
            .collect::<Result<_, _>>()?,
        applied: wire.applied_campaigns.iter().map(read_applied).collect::<Result<_, _>>()?,
        tenders: wire.tenders.iter().map(read_tender).collect(),
        before: total(wire, wire.totals_before.as_ref()),
        after: total(wire, wire.totals_after.as_ref()),
        cash_rounding: Amount::from_minor(wire.cash_rounding_minor),
        postings: wire.postings.iter().map(read_posting).collect::<Result<_, _>>()?,
        counters: wire.counter_changes.iter().map(read_counter).collect::<Result<_, _>>()?,
        uses: wire.use_changes.iter().map(read_use).collect::<Result<_, _>>()?,
        return_terms: wire.return_terms.iter().map(read_return_terms).collect::<Result<_, _>>()?,
        // They are carried out from rows of their own; a return needs nothing of them.
        follow_ups: Vec::new(),
        facts: Vec::new(),
        flags: Vec::new(),
    })
}

/// A return's totals stand without sign on the wire, and what is due after deductions is its total.
fn total(wire: &v1::Outcome, totals: Option<&v1::Totals>) -> Amount {
    let (amount, due) = totals.map_or((0, 0), |totals| (totals.amount_minor, totals.due_minor));
    Amount::from_minor(if wire.kind() == v1::OutcomeKind::Return { due.saturating_neg() } else { amount })
}

fn kind(kind: v1::OutcomeKind) -> Result<OutcomeKind, Unreadable> {
    match kind {
        v1::OutcomeKind::Settle => Ok(OutcomeKind::Settle),
        v1::OutcomeKind::Return => Ok(OutcomeKind::Return),
        v1::OutcomeKind::Claim => Ok(OutcomeKind::Claim),
        v1::OutcomeKind::Unspecified
        | v1::OutcomeKind::FollowUp
        | v1::OutcomeKind::Adjustment
        | v1::OutcomeKind::Answers
        | v1::OutcomeKind::Enrolment
        | v1::OutcomeKind::Event
        | v1::OutcomeKind::Code
        | v1::OutcomeKind::Review
        | v1::OutcomeKind::Erasure
        | v1::OutcomeKind::HandOver
        | v1::OutcomeKind::Expiry => Err(Unreadable("it is no sale, claim or return")),
    }
}

fn read_line(wire: &v1::OutcomeLine) -> Result<OutcomeLine, Unreadable> {
    Ok(OutcomeLine {
        id: LineId::parse(&wire.line_id)?,
        original: optional(&wire.original_line_id, LineId::parse)?,
        sku: Sku::parse(&wire.sku)?,
        tax_code: optional(&wire.tax_code, TaxCode::parse)?,
        measure: measure_from_wire(wire.quantity_kind()),
        quantity: Quantity::from_milli(wire.quantity_milli),
        unit_price: UnitPrice::from_micros(wire.unit_price_micros),
        rung_up: Amount::from_minor(wire.rung_up_minor),
        paid: Amount::from_minor(wire.paid_minor),
        parts: wire.parts.iter().map(read_part).collect::<Result<_, _>>()?,
        added_by: optional(&wire.campaign_id, CampaignId::parse)?,
        unexplained: Amount::from_minor(wire.unexplained_minor),
    })
}

fn read_part(wire: &v1::SoldPart) -> Result<Part, Unreadable> {
    let adjustment = |adjustment: &v1::Adjustment| -> Result<Adjustment, Unreadable> {
        Ok(Adjustment {
            campaign: campaign(&adjustment.campaign_id)?,
            amount: Amount::from_minor(adjustment.amount_minor),
            text: CompactString::from(adjustment.text.as_str()),
        })
    };
    Ok(Part {
        quantity: Quantity::from_milli(wire.quantity_milli),
        unit_price: UnitPrice::from_micros(wire.unit_price_micros),
        amount: Amount::from_minor(wire.amount_minor),
        adjustments: wire.adjustments.iter().map(adjustment).collect::<Result<_, _>>()?,
    })
}

/// A campaign, or the till's own change where none is named.
fn campaign(id: &str) -> Result<CampaignId, Unreadable> {
    if id.is_empty() { own_change().ok_or(Unreadable("the till's own change has no name")) } else { Ok(CampaignId::parse(id)?) }
}

fn read_reward(wire: &v1::Reward, outcome: &v1::Outcome) -> Result<OutcomeReward, Unreadable> {
    // A right that is no number has no sign: whatever a return names was taken back.
    let taken_back = outcome.kind() == v1::OutcomeKind::Return;
    let mut earned_on = Vec::new();
    for line in &outcome.lines {
        for share in line.rewards.iter().filter(|share| share.reward_id == wire.reward_id) {
            let units = share.units.saturating_add(share.amount_minor);
            earned_on.push(LineShare {
                line: LineId::parse(&line.line_id)?,
                units: if taken_back { units.saturating_neg() } else { units },
            });
        }
    }
    let time = |time: Option<&tessera_proto::Timestamp>| time.and_then(timestamp_from_wire);
    Ok(OutcomeReward {
        id: RewardId::parse(&wire.reward_id)?,
        campaign: CampaignId::parse(&wire.campaign_id)?,
        program: ProgramId::parse(&wire.program_id)?,
        kind: read_reward_kind(wire)?,
        taken_back,
        vests_at: time(wire.vests_at.as_ref()).ok_or(Unreadable("a reward has no time"))?,
        expires_at: time(wire.expires_at.as_ref()),
        earned_on,
        on_return: match wire.on_return() {
            v1::ReturnShortfall::Unspecified | v1::ReturnShortfall::Negative => Shortfall::Negative,
            v1::ReturnShortfall::Zero => Shortfall::Zero,
            v1::ReturnShortfall::DeductFromRefund => Shortfall::DeductFromRefund,
        },
        fallback: wire.fallback,
        text: CompactString::from(wire.text.as_str()),
        waits_for: wire.requires_answers.iter().map(|fact| FactId::parse(fact)).collect::<Result<_, _>>()?,
        awaits: match wire.waits_for() {
            v1::RewardWait::SecondVisit => Some(Awaited::NextVisit),
            v1::RewardWait::Event => Some(Awaited::Event(EventId::parse(&wire.awaited_event_id)?)),
            v1::RewardWait::Unspecified | v1::RewardWait::Answers | v1::RewardWait::Review => None,
        },
        held: match wire.held_by() {
            v1::Brake::Unspecified => None,
            v1::Brake::Velocity => Some(Brake::Velocity),
            v1::Brake::OwnTill => Some(Brake::OwnTill),
            v1::Brake::UnitsAbove => Some(Brake::UnitsAbove),
        },
        right: read_right(wire),
        earned_by: optional(&wire.earned_by_receipt_id, ReceiptId::parse)?,
    })
}

fn read_right(wire: &v1::Reward) -> Right {
    if let Some((_, first)) = ticket_place(&wire.first_ticket) {
        return Right::Tickets { first, of: None };
    }
    match (&wire.coupon, &wire.prize) {
        (Some(coupon), _) if !coupon.code.is_empty() => Right::Coupon { code: CompactString::from(coupon.code.as_str()) },
        (_, Some(prize)) => Right::Prize {
            state: match prize.state() {
                v1::PrizeState::Unspecified | v1::PrizeState::Due => PrizeState::Due,
                v1::PrizeState::HandedOver => PrizeState::HandedOver,
                v1::PrizeState::Cancelled => PrizeState::Cancelled,
            },
        },
        _ => Right::None,
    }
}

fn read_reward_kind(wire: &v1::Reward) -> Result<RewardKind, Unreadable> {
    let asset = || AssetId::parse(&wire.asset_id);
    let units = Units::from_units(wire.units);
    let count = |count: i64| u32::try_from(count.saturating_abs()).unwrap_or(u32::MAX);
    Ok(match wire.kind() {
        v1::RewardKind::Unspecified => return Err(Unreadable("a reward has no kind")),
        v1::RewardKind::DiscountNow => RewardKind::DiscountNow { amount: Amount::from_minor(wire.amount_minor.saturating_abs()) },
        v1::RewardKind::DiscountLater => {
            let coupon = wire.coupon.as_ref().ok_or(Unreadable("a coupon is missing"))?;
            RewardKind::DiscountLater { coupon: CampaignId::parse(&coupon.coupon_id)? }
        }
        v1::RewardKind::BonusMoney => RewardKind::BonusMoney { asset: asset()?, units },
        v1::RewardKind::Points => RewardKind::Points { asset: asset()?, units },
        v1::RewardKind::Prize => {
            let prize = wire.prize.as_ref().ok_or(Unreadable("a prize is missing"))?;
            RewardKind::Prize { prize: CompactString::from(prize.prize_id.as_str()), count: count(prize.quantity) }
        }
        v1::RewardKind::Status => RewardKind::Status { tier: TierId::parse(&wire.tier_id)?, reached: wire.tier_reached },
        v1::RewardKind::DrawTicket => {
            RewardKind::Ticket { draw: CompactString::from(wire.draw_id.as_str()), count: count(wire.draw_tickets) }
        }
        v1::RewardKind::GiftCertificate => RewardKind::Certificate { asset: asset()?, units },
        v1::RewardKind::MoneyToAccount => RewardKind::Money { asset: asset()?, units },
    })
}

fn read_redemption(wire: &v1::Redemption, lines: &[v1::OutcomeLine]) -> Result<OutcomeRedemption, Unreadable> {
    let mut paid_on = Vec::new();
    for line in lines {
        for share in line.payments.iter().filter(|share| share.redemption_id == wire.redemption_id) {
            paid_on.push(LineShare { line: LineId::parse(&line.line_id)?, units: share.amount_minor });
        }
    }
    Ok(OutcomeRedemption {
        id: RewardId::parse(&wire.redemption_id)?,
        asset: AssetId::parse(&wire.asset_id)?,
        units: Units::from_units(wire.units),
        amount: Amount::from_minor(wire.amount_minor),
        mode: redeem_mode_from_wire(wire.redeem_as()),
        paid_on,
        shortfall: Units::ZERO,
    })
}

fn read_applied(wire: &v1::AppliedCampaign) -> Result<Applied, Unreadable> {
    Ok(Applied {
        campaign: CampaignId::parse(&wire.campaign_id)?,
        times: wire.times,
        discount: Amount::from_minor(wire.discount_minor),
    })
}

fn read_tender(wire: &v1::Tender) -> Tender {
    Tender {
        kind: tender_kind_from_wire(wire.kind()).unwrap_or(TenderKind::Other),
        amount: Amount::from_minor(wire.amount_minor),
    }
}

fn read_return_terms(wire: &v1::ReturnTerms) -> Result<ReturnTerms, Unreadable> {
    Ok(ReturnTerms {
        program: ProgramId::parse(&wire.program_id)?,
        rewards: match wire.returned_rewards() {
            v1::ReturnedRewards::Unspecified => ReturnedRewards::InProportion,
            v1::ReturnedRewards::EqualShares => ReturnedRewards::EqualShares,
            v1::ReturnedRewards::RepricedKept => ReturnedRewards::RepricedKept,
        },
        payment: match wire.returned_payment() {
            v1::ReturnedPayment::Unspecified => ReturnedPayment::InProportion,
            v1::ReturnedPayment::WholeReturnOnly => ReturnedPayment::WholeReturnOnly,
            v1::ReturnedPayment::Never => ReturnedPayment::Never,
        },
    })
}

fn read_use(wire: &v1::UseChange) -> Result<UseMove, Unreadable> {
    let usage = Usage { uses: wire.uses, units: wire.units, value: wire.value };
    let by = optional(&wire.by_campaign_id, CampaignId::parse)?;
    Ok(UseMove { campaign: CampaignId::parse(&wire.campaign_id)?, by, per_member: wire.per_member, usage })
}
