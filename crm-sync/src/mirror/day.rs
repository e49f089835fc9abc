//! What a day of a store counts: sums by what they are of, each with the place of the last outcome in it.

use bytes::Bytes;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_proto::billing::v1::posting::Side;
use tessera_proto::billing::v1::{
    BookKind, CodeState, FactTrust, Outcome, OutcomeKind, Posting, PostingReason, PrizeState, Reward, RewardKind, RewardWait,
};
use tessera_storage::RowKey;

use super::entry::{paid_minor, said_in};
use super::layout::{Basis, DayOfStore, SUM};
use super::lots::{Coming, Movement, Origin, Step};
use super::place::Place;

/// What a sum is of. The store stands beside, in [`DayOfStore`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Counted {
    /// Units that moved on lots, and how many of them could not be used yet. The store is the one that issued them.
    Lots {
        /// The asset.
        asset: String,
        /// The program that issued them.
        program: String,
        /// The campaign that issued them.
        campaign: String,
        /// What happened to them.
        movement: Movement,
    },
    /// Units of which something happens on this day, as far as nothing happened to them before. The store issued them.
    Coming {
        /// The asset.
        asset: String,
        /// The program that issued them.
        program: String,
        /// The campaign that issued them.
        campaign: String,
        /// What will happen.
        coming: Coming,
    },
    /// Units of an asset, or minor units of `money:` and a currency, that went into a book.
    Book {
        /// The asset.
        asset: String,
        /// The program.
        program: String,
        /// The campaign.
        campaign: String,
        /// The legal entity that bears it.
        entity: String,
        /// The till. Empty: none took part.
        till: String,
        /// The cashier.
        cashier: String,
        /// The book, as the contract names it.
        book: String,
        /// The reason, as the contract names it.
        reason: String,
    },
    /// What was sold and came back: see [`SALES`].
    Sales {
        /// The till.
        till: String,
        /// The cashier.
        cashier: String,
        /// The currency's code.
        currency: String,
    },
    /// Rights, answers and offers, counted.
    Right {
        /// The program. Empty: not known.
        program: String,
        /// The campaign. Empty: not known.
        campaign: String,
        /// Coupon, prize, tier, ticket, answer or offer.
        right: Right,
        /// Which one.
        id: String,
        /// What became of it.
        state: String,
    },
    /// Outcomes that were computed with a revision.
    Revision {
        /// Its number.
        revision: u64,
    },
}

/// What is counted beside money and units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Right {
    /// A coupon: issued, used, withdrawn.
    Coupon,
    /// A prize: due, handed over, cancelled.
    Prize,
    /// A tier: given, taken back.
    Tier,
    /// Tickets of a draw: given, taken back.
    Ticket,
    /// A fact: answered, refused.
    Answer,
    /// An offer: shown, taken.
    Offer,
}

/// The sums of [`Counted::Sales`], in their order: receipts, those with a customer, returns; minor units as rung up, as
/// paid, given back, cash rounding.
pub const SALES: [&str; 7] = ["receipts", "with_customer", "returns", "rung_up", "paid", "given_back", "cash_rounding"];

/// A row of a day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sum {
    /// What it is of.
    pub counted: Counted,
    /// The last outcome in it.
    pub folded: Place,
    /// The numbers: one, two of lots (units, of them pending), those of [`SALES`]. 128 bits, which 64-bit numbers
    /// of every outcome there can be do not exceed.
    pub numbers: Vec<i128>,
}

impl Sum {
    /// The name of its row.
    #[must_use]
    pub fn row_key(counted: &Counted) -> RowKey {
        #[expect(clippy::expect_used, reason = "texts and numbers in memory are always written")]
        let bytes = postcard::to_stdvec(counted).expect("a key of a sum is written");
        let hash = blake3::hash(&bytes);
        let (short, _) = hash.as_bytes().split_at(16);
        RowKey { kind: SUM, id: Bytes::copy_from_slice(short) }
    }
}

/// A number that an outcome adds to a sum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Added {
    pub(super) day: DayOfStore,
    pub(super) counted: Counted,
    pub(super) numbers: Vec<i128>,
}

/// The days that an outcome counts for: its ledger day, and its till day where a till took part.
fn days(outcome: &Outcome) -> impl Iterator<Item = DayOfStore> {
    let of = |basis: Basis, text: &str| {
        let day = text.parse::<Date>().ok()?;
        Some(DayOfStore { basis, day, store: outcome.store_id.clone() })
    };
    [of(Basis::Ledger, &outcome.booking_date), of(Basis::Till, &outcome.business_date)].into_iter().flatten()
}

/// The till day of an outcome, where it has one.
pub(super) fn till_day(outcome: &Outcome) -> Option<DayOfStore> {
    days(outcome).find(|day| day.basis == Basis::Till)
}

/// What an outcome adds to days, lots aside.
pub(super) fn added(outcome: &Outcome) -> Vec<Added> {
    let mut counted: Vec<(Counted, Vec<i128>)> = Vec::new();
    counted.extend(sales(outcome));
    counted.extend(outcome.postings.iter().filter_map(|posting| book(outcome, posting)));
    counted.extend(outcome.rewards.iter().filter_map(|reward| right(outcome, reward)));
    counted.extend(used_coupons(outcome));
    counted.extend(said(outcome));
    if outcome.revision > 0 {
        counted.push((Counted::Revision { revision: outcome.revision }, vec![1]));
    }
    let on = |day: DayOfStore| {
        let counted = counted.iter().cloned();
        counted.map(move |(counted, numbers)| Added { day: day.clone(), counted, numbers })
    };
    days(outcome).flat_map(on).collect()
}

/// What the steps of lots add to ledger days.
pub(super) fn added_by_lots(outcome: &Outcome, steps: Vec<Step>) -> Vec<Added> {
    let Ok(today) = outcome.booking_date.parse::<Date>() else { return Vec::new() };
    let on = |day: Date, store: String| DayOfStore { basis: Basis::Ledger, day, store };
    let added = steps.into_iter().map(|step| match step {
        Step::Moved { origin: Origin { asset, program, campaign, store }, movement, units, pending } => Added {
            day: on(today, store),
            counted: Counted::Lots { asset, program, campaign, movement },
            numbers: vec![i128::from(units), i128::from(pending)],
        },
        Step::Coming { origin: Origin { asset, program, campaign, store }, coming, day, units } => Added {
            day: on(day, store),
            counted: Counted::Coming { asset, program, campaign, coming },
            numbers: vec![i128::from(units)],
        },
    });
    added.collect()
}

fn sales(outcome: &Outcome) -> Option<(Counted, Vec<i128>)> {
    let kind = OutcomeKind::try_from(outcome.kind).unwrap_or_default();
    let before = outcome.totals_before.as_ref().map_or(0, |totals| i128::from(totals.amount_minor));
    let after = i128::from(paid_minor(outcome));
    let rounding = i128::from(outcome.cash_rounding_minor);
    let with_customer = i128::from(!outcome.customer_id.is_empty());
    let numbers = match kind {
        OutcomeKind::Settle => vec![1, with_customer, 0, before, after, 0, rounding],
        OutcomeKind::Return => vec![0, 0, 1, 0, 0, after, rounding],
        OutcomeKind::Claim
        | OutcomeKind::FollowUp
        | OutcomeKind::Adjustment
        | OutcomeKind::Answers
        | OutcomeKind::Enrolment
        | OutcomeKind::Event
        | OutcomeKind::Code
        | OutcomeKind::Review
        | OutcomeKind::Erasure
        | OutcomeKind::HandOver
        | OutcomeKind::Expiry
        | OutcomeKind::Unspecified => return None,
    };
    let counted = Counted::Sales {
        till: outcome.till_id.clone(),
        cashier: outcome.cashier_id.clone(),
        currency: outcome.currency_code.clone(),
    };
    Some((counted, numbers))
}

fn book(outcome: &Outcome, posting: &Posting) -> Option<(Counted, Vec<i128>)> {
    let Some(Side::Book(book)) = &posting.side else { return None };
    let counted = Counted::Book {
        asset: posting.asset_id.clone(),
        program: book.program_id.clone(),
        campaign: book.campaign_id.clone(),
        entity: book.entity_id.clone(),
        till: outcome.till_id.clone(),
        cashier: outcome.cashier_id.clone(),
        book: BookKind::try_from(book.kind).unwrap_or_default().as_str_name().to_owned(),
        reason: PostingReason::try_from(posting.reason).unwrap_or_default().as_str_name().to_owned(),
    };
    Some((counted, vec![i128::from(posting.units)]))
}

/// A right that was given or changed its state; what waits for answers is not given yet.
fn right(outcome: &Outcome, reward: &Reward) -> Option<(Counted, Vec<i128>)> {
    if reward.waits_for() != RewardWait::Unspecified {
        return None;
    }
    let is_return = outcome.kind == i32::from(OutcomeKind::Return);
    let given = if is_return { "taken_back" } else { "given" };
    let (right, id, state, count) = match RewardKind::try_from(reward.kind).unwrap_or_default() {
        RewardKind::DiscountLater => {
            let id = reward.coupon.as_ref().map_or("", |coupon| coupon.coupon_id.as_str());
            (Right::Coupon, id, if is_return { "withdrawn" } else { "issued" }, 1)
        }
        RewardKind::Prize => {
            let prize = reward.prize.as_ref()?;
            let state = match PrizeState::try_from(prize.state).unwrap_or_default() {
                _ if is_return => "cancelled",
                PrizeState::HandedOver => "handed_over",
                PrizeState::Cancelled => "cancelled",
                PrizeState::Due | PrizeState::Unspecified => "due",
            };
            (Right::Prize, prize.prize_id.as_str(), state, prize.quantity.saturating_abs())
        }
        RewardKind::Status => (Right::Tier, reward.tier_id.as_str(), given, 1),
        RewardKind::DrawTicket => (Right::Ticket, reward.draw_id.as_str(), given, reward.draw_tickets.saturating_abs()),
        RewardKind::DiscountNow
        | RewardKind::BonusMoney
        | RewardKind::Points
        | RewardKind::GiftCertificate
        | RewardKind::MoneyToAccount
        | RewardKind::Unspecified => return None,
    };
    Some((counted_right((&reward.program_id, &reward.campaign_id), right, id, state), vec![i128::from(count)]))
}

fn counted_right((program, campaign): (&str, &str), right: Right, id: &str, state: &str) -> Counted {
    let [program, campaign, id, state] = [program, campaign, id, state].map(str::to_owned);
    Counted::Right { program, campaign, right, id, state }
}

fn used_coupons(outcome: &Outcome) -> impl Iterator<Item = (Counted, Vec<i128>)> {
    let applied = outcome.code_verdicts.iter().filter(|verdict| verdict.state == i32::from(CodeState::Applied));
    applied.map(|verdict| {
        let campaign = verdict.campaign_id.as_str();
        (counted_right(("", campaign), Right::Coupon, campaign, "used"), vec![1])
    })
}

fn said(outcome: &Outcome) -> impl Iterator<Item = (Counted, Vec<i128>)> {
    let answers = said_in(outcome).map(|answer| {
        let state = match (answer.refused, answer.code_wrong, answer.trust()) {
            (true, ..) => "refused",
            (_, true, _) => "code_wrong",
            (false, false, FactTrust::Confirmed) => "confirmed",
            (false, false, FactTrust::Unspecified | FactTrust::Stated) => "answered",
        };
        (counted_right(("", ""), Right::Answer, &answer.fact_id, state), vec![1])
    });
    let states =
        |offer: &tessera_proto::billing::v1::OfferResult| [offer.shown.then_some("shown"), offer.taken.then_some("taken")];
    let offers = outcome.offer_results.iter().flat_map(move |offer| {
        let id = offer.offer_id.clone();
        states(offer).into_iter().flatten().map(move |state| (counted_right(("", ""), Right::Offer, &id, state), vec![1]))
    });
    answers.chain(offers)
}
