//! From the ledger's outcome to its message, as bytes.

mod lines;
mod reward;

use std::collections::BTreeMap;

use bytes::Bytes;
use tessera_contract::convert::{redeem_mode_to_wire, tender_to_wire};
use tessera_contract::limits::{LINES_MAX, MESSAGE_BYTES_MAX};
use tessera_ledger::follow_up::{FollowUp, FollowUpKind};
use tessera_ledger::outcome::{Flag, Outcome, OutcomeKind, OutcomeLine, OutcomeRedemption, UseMove};
use tessera_ledger::posting::{Book, Posting, PostingPlace, PostingReason};
use tessera_ledger::terms::ReturnTerms;
use tessera_proto::billing::v1;
use tessera_rules::conventions::{ReturnedPayment, ReturnedRewards};
use tessera_rules::decision::{Applied, Calendar, CounterMove, CounterTime};
use tessera_rules::id::CampaignId;
use tessera_rules::money::Amount;
use tessera_rules::receipt::RedeemMode;
use tessera_storage::limits::VALUE_BYTES_MAX;

use super::FORMAT;
use super::fields::Fields;

/// Room for the outcome of a usual receipt.
const USUAL_BYTES: usize = 4 * 1024;

/// What an answer says beside its outcome, bytes at most: balances, position and times, or the ids of returns.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The same of a return: what is given back of each line, and what is taken back for it.
const RETURN_ANSWER_BYTES_MAX: usize = 256 * 1024;

const _: () = assert!(RETURN_ANSWER_BYTES_MAX >= ANSWER_BYTES_MAX + LINES_MAX * 200, "two ids, a code and two numbers a line");
const _: () = assert!(MESSAGE_BYTES_MAX - ANSWER_BYTES_MAX <= VALUE_BYTES_MAX, "what fits its answer fits a row");

/// What the message says beside the ledger's outcome: the till's own words and the decision's proof.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) tenders: Vec<v1::Tender>,
    pub(crate) fiscal: Option<v1::FiscalDocument>,
    pub(crate) declined_ids: Vec<String>,
    pub(crate) offer_results: Vec<v1::OfferResult>,
    pub(crate) instruction_results: Vec<v1::InstructionResult>,
    pub(crate) code_verdicts: Vec<v1::CodeVerdict>,
    pub(crate) footer_texts: Vec<String>,
    pub(crate) answers: Vec<v1::RecordedAnswer>,
    pub(crate) return_reasons: BTreeMap<String, String>,
    pub(crate) proven: bool,
    pub(crate) bound_minor: i64,
    pub(crate) steps: u64,
    pub(crate) notice_due_at: Option<tessera_proto::Timestamp>,
    /// What a printer needs for coupons that were issued.
    pub(crate) coupons: Vec<v1::Coupon>,
    /// Why people corrected something.
    pub(crate) adjustment_reason: String,
    /// The public keys of those who did.
    pub(crate) adjusted_by: Vec<[u8; 32]>,
    /// What they did to a card, `CardAct`; 0: nothing.
    pub(crate) card_act: i32,
}

/// The message of an outcome, `tessera.billing.v1.Outcome`.
///
/// Hundreds of lines with dozens of rewards each may have more shares of rewards on lines than a message has room for. They
/// are left out then, all of them: such a reward is of the whole receipt, and goes with a return in its proportion.
pub(crate) fn encode_outcome(outcome: &Outcome, extras: &Extras) -> Bytes {
    let whole = encode(outcome, extras, lines::RewardShares::Written);
    // What is stored must be sent too.
    let beside = if outcome.kind == OutcomeKind::Return { RETURN_ANSWER_BYTES_MAX } else { ANSWER_BYTES_MAX };
    if whole.len() <= MESSAGE_BYTES_MAX - beside {
        return whole;
    }
    metrics::counter!("tessera_engine_outcomes_without_shares_total").increment(1);
    tracing::warn!(outcome = %outcome.id, bytes = whole.len(), "an outcome is kept without the shares of its rewards on lines");
    encode(outcome, extras, lines::RewardShares::LeftOut)
}

/// The numbers here are those of the message's fields.
fn encode(outcome: &Outcome, extras: &Extras, shares: lines::RewardShares) -> Bytes {
    let mut fields = Fields::with_capacity(USUAL_BYTES);
    head(&mut fields, outcome);
    lines::write(&mut fields, outcome, extras, shares);
    for reward in &outcome.rewards {
        fields.message(22, |fields| reward::write(fields, reward, outcome, extras));
    }
    for redemption in &outcome.redemptions {
        fields.message(23, |fields| write_redemption(fields, redemption));
    }
    if extras.tenders.is_empty() {
        outcome.tenders.iter().for_each(|tender| fields.made(24, &tender_to_wire(tender)));
    } else {
        fields.all_made(24, &extras.tenders);
    }
    totals(&mut fields, outcome);
    for posting in &outcome.postings {
        fields.message(27, |fields| write_posting(fields, posting));
    }
    for follow_up in &outcome.follow_ups {
        fields.message(28, |fields| write_follow_up(fields, follow_up));
    }
    fields.packed(29, outcome.flags.iter().map(|flag| i32::from(flag_to_wire(*flag))));
    for counter in &outcome.counters {
        fields.message(30, |fields| write_counter(fields, counter));
    }
    tail(&mut fields, outcome, extras);
    for applied in &outcome.applied {
        fields.message(44, |fields| write_applied(fields, applied));
    }
    for change in &outcome.uses {
        fields.message(45, |fields| write_use(fields, change));
    }
    for terms in &outcome.return_terms {
        fields.message(46, |fields| write_return_terms(fields, terms));
    }
    extras.adjusted_by.iter().for_each(|key| fields.raw(47, key));
    fields.signed(48, extras.card_act);
    Bytes::from(fields.into_bytes())
}

/// Whether an outcome is about lines of a receipt.
fn has_lines(outcome: &Outcome) -> bool {
    match outcome.kind {
        OutcomeKind::Settle | OutcomeKind::Return | OutcomeKind::Claim => true,
        OutcomeKind::FollowUp
        | OutcomeKind::Adjustment
        | OutcomeKind::Enrolment
        | OutcomeKind::Answers
        | OutcomeKind::Event
        | OutcomeKind::Code
        | OutcomeKind::Review
        | OutcomeKind::Erasure
        | OutcomeKind::HandOver
        | OutcomeKind::Expiry => false,
    }
}

/// Fields 1 to 20: what, where, when, who, with what.
fn head(fields: &mut Fields, outcome: &Outcome) {
    fields.unsigned(1, FORMAT.into());
    fields.text(2, &outcome.id);
    fields.signed(3, i32::from(kind(outcome.kind)));
    if has_lines(outcome) {
        fields.text(4, outcome.receipt.as_str());
    }
    fields.text_of(5, outcome.original.as_ref(), |id| id.as_str());
    if outcome.kind != OutcomeKind::Expiry && outcome.kind != OutcomeKind::FollowUp {
        fields.raw(6, &outcome.content_hash);
    }
    fields.unsigned(7, outcome.attempt.into());
    if let Some(place) = &outcome.place {
        fields.text(8, place.store.as_str());
        fields.text(9, place.till.as_str());
        fields.text_of(10, place.cashier.as_ref(), |id| id.as_str());
        fields.time(11, outcome.sold_at);
    }
    fields.time(12, outcome.booked_at);
    if outcome.place.is_some() {
        fields.text(13, &outcome.business_date.to_string());
    }
    fields.text(14, &outcome.booking_date.to_string());
    if has_lines(outcome) {
        fields.text(15, outcome.currency.code());
    }
    fields.text_of(16, outcome.customer.as_ref(), |id| id.as_str());
    fields.text_of(17, outcome.account.as_ref(), |id| id.as_str());
    fields.unsigned(18, outcome.basis.revision);
    if outcome.basis.revision != 0 {
        fields.raw(19, &outcome.basis.revision_hash);
    }
    fields.unsigned(20, outcome.basis.catalogue);
}

/// Fields 31 to 43: what the ledger does not know.
fn tail(fields: &mut Fields, outcome: &Outcome, extras: &Extras) {
    fields.all_made(31, &extras.answers);
    fields.all_made(32, &extras.instruction_results);
    fields.all_made(33, &extras.offer_results);
    fields.all_made(34, &extras.code_verdicts);
    fields.texts(35, &extras.declined_ids);
    fields.zigzag(36, outcome.cash_rounding.minor());
    if let Some(fiscal) = &extras.fiscal {
        fields.made(37, fiscal);
    }
    fields.texts(38, &extras.footer_texts);
    fields.truth(39, extras.proven);
    fields.signed(40, extras.bound_minor);
    fields.unsigned(41, extras.steps);
    if let Some(at) = &extras.notice_due_at {
        fields.made(42, at);
    }
    fields.text(43, &extras.adjustment_reason);
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

fn write_redemption(fields: &mut Fields, redemption: &OutcomeRedemption) {
    fields.text(1, redemption.id.as_str());
    fields.text(3, redemption.asset.as_str());
    fields.zigzag(4, redemption.units.units());
    fields.zigzag(5, redemption.amount.minor());
    fields.signed(6, i32::from(redeem_mode_to_wire(redemption.mode)));
}

/// Fields 25 and 26: before and after.
fn totals(fields: &mut Fields, outcome: &Outcome) {
    if !has_lines(outcome) {
        return;
    }
    // What redemptions pay as tender is not left to pay.
    let by_tender =
        outcome.redemptions.iter().filter(|redemption| redemption.mode == RedeemMode::Tender).map(|redemption| redemption.amount);
    let by_tender: Amount = by_tender.sum();
    fields.message(25, |fields| write_totals(fields, outcome, outcome.before, |line| line.rung_up, Amount::ZERO));
    fields.message(26, |fields| write_totals(fields, outcome, outcome.after, |line| line.paid, by_tender));
}

fn write_totals(fields: &mut Fields, outcome: &Outcome, total: Amount, amount: impl Fn(&OutcomeLine) -> Amount, tender: Amount) {
    let mut by_code: BTreeMap<&str, Amount> = BTreeMap::new();
    for line in &outcome.lines {
        *by_code.entry(line.tax_code.as_ref().map_or("", |code| code.as_str())).or_default() += amount(line);
    }
    // A return's lines are not negative, its totals stand without sign on the wire.
    let lines: Amount = by_code.values().copied().sum();
    let due = if outcome.kind == OutcomeKind::Return { -total } else { total - tender };
    fields.signed(1, lines.minor());
    fields.signed(2, due.minor());
    for (code, amount) in by_code {
        fields.message(3, |fields| {
            fields.text(1, code);
            fields.signed(2, amount.minor());
        });
    }
}

fn write_posting(fields: &mut Fields, posting: &Posting) {
    fields.text(1, posting.asset.as_str());
    fields.zigzag(2, posting.units.units());
    match &posting.place {
        PostingPlace::Lot(lot) => fields.text_and_number(3, (lot.receipt.as_str(), "~"), lot.place.into()),
        PostingPlace::Book(book) => fields.message(4, |fields| {
            fields.signed(1, i32::from(book_to_wire(*book)));
            fields.text_of(2, posting.program.as_ref(), |id| id.as_str());
            fields.text_of(3, posting.campaign.as_ref(), |id| id.as_str());
        }),
    }
    fields.signed(5, i32::from(reason_to_wire(posting.reason)));
    fields.text_of(6, posting.of.as_ref(), |id| id.as_str());
    fields.time_of(7, posting.vests_at);
    fields.time_of(8, posting.expires_at);
}

/// The book's number on the wire.
pub(crate) const fn book_to_wire(book: Book) -> v1::BookKind {
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

/// The reason's number on the wire.
pub(crate) const fn reason_to_wire(reason: PostingReason) -> v1::PostingReason {
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

fn write_follow_up(fields: &mut Fields, follow_up: &FollowUp) {
    fields.text(1, &follow_up.id);
    fields.signed(
        2,
        i32::from(match &follow_up.kind {
            FollowUpKind::Referral { .. } => v1::FollowUpKind::Referral,
            FollowUpKind::Transfer { .. } => v1::FollowUpKind::Transfer,
            FollowUpKind::Merge { everything } if everything.joins() => v1::FollowUpKind::HouseholdMove,
            FollowUpKind::Merge { .. } => v1::FollowUpKind::Merge,
        }),
    );
    fields.text(3, follow_up.account.as_str());
    for moved in follow_up.moved() {
        fields.message(4, |fields| {
            fields.text(1, moved.asset.as_str());
            fields.signed(2, moved.units.units());
            fields.text(3, moved.program.as_str());
            fields.text_of(4, moved.campaign.as_ref(), |id| id.as_str());
            fields.time(5, moved.vests_at);
            fields.time_of(6, moved.expires_at);
        });
    }
    fields.text_of(5, follow_up.campaign(), |id| id.as_str());
}

fn write_counter(fields: &mut Fields, counter: &CounterMove) {
    fields.text(2, counter.campaign.as_str());
    fields.zigzag(4, counter.counted_milli);
    fields.zigzag(5, counter.rewarded);
    let (time, stretch, remembered) = counter_time_to_wire(counter.time);
    fields.signed(6, i32::from(time));
    fields.zigzag(7, i64::from(stretch));
    fields.unsigned(8, remembered.into());
    for share in &counter.counted_on {
        fields.message(9, |fields| {
            fields.text(1, share.line.as_str());
            fields.zigzag(2, share.units);
        });
    }
    fields.signed(10, i32::from(calendar_to_wire(counter.time)));
}

/// How the calendar is divided for a count.
pub(super) fn calendar_to_wire(time: CounterTime) -> v1::CounterCalendar {
    match time.calendar() {
        None => v1::CounterCalendar::Unspecified,
        Some(Calendar::Days) => v1::CounterCalendar::Days,
        Some(Calendar::Weeks) => v1::CounterCalendar::Weeks,
        Some(Calendar::Months) => v1::CounterCalendar::Months,
        Some(Calendar::Quarters) => v1::CounterCalendar::Quarters,
        Some(Calendar::Years) => v1::CounterCalendar::Years,
    }
}

/// The time, the stretch's number, and how many stretches are remembered.
pub(super) fn counter_time_to_wire(time: CounterTime) -> (v1::CounterTime, i32, u32) {
    match time {
        CounterTime::Ever => (v1::CounterTime::Unspecified, 0, 0),
        CounterTime::Within { stretch, remembered, .. } => (v1::CounterTime::Within, stretch, u32::from(remembered)),
        CounterTime::Stretches { stretch, in_a_row: false, .. } => (v1::CounterTime::Stretches, stretch, 0),
        CounterTime::Stretches { stretch, in_a_row: true, .. } => (v1::CounterTime::StretchesInARow, stretch, 0),
    }
}

fn write_return_terms(fields: &mut Fields, terms: &ReturnTerms) {
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
    fields.text(1, terms.program.as_str());
    fields.signed(2, i32::from(rewards));
    fields.signed(3, i32::from(payment));
}

fn write_use(fields: &mut Fields, change: &UseMove) {
    fields.text(1, change.campaign.as_str());
    fields.zigzag(2, change.usage.uses);
    fields.zigzag(3, change.usage.units);
    fields.zigzag(4, change.usage.value);
    fields.text(5, change.by.as_ref().map_or("", CampaignId::as_str));
    fields.truth(6, change.per_member);
}

fn write_applied(fields: &mut Fields, applied: &Applied) {
    fields.text(1, applied.campaign.as_str());
    fields.unsigned(2, applied.times.into());
    fields.signed(3, applied.discount.minor());
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
