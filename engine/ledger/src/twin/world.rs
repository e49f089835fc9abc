//! The account under test with its receipts' entries, as the desk works on them, and what the reference expects.

use std::collections::{BTreeMap, BTreeSet};

use tessera_rules::conventions::{ReturnedPayment, ReturnedRewards};
use tessera_rules::decision::{Decision, Promise, Redemption, RewardKind};
use tessera_rules::id::RewardId;

use super::plan::{Kind, Message, Plan, receipt_name, worth};
use super::reference::{HOLD, RENEWED, Reference};
use crate::account::Account;
use crate::closing::DaySpan;
use crate::entry::{Aggregate, EntryState, ReceiptEntry};
use crate::order::{
    OriginalKnown, QuoteAdmission, ReturnAdmission, SettleAdmission, VoidAdmission, admit_quote, admit_return, admit_settle,
    admit_void,
};
use crate::outcome::{Flag, Outcome};
use crate::posting::{Book, PostingPlace, PostingReason};
use crate::prize::hand_over;
use crate::profile::ProfileRequest;
use crate::quote::{OpenQuoteCommand, QuoteRefusal, open_quote};
use crate::return_goods::ReturnedSoFar;
use crate::right::PrizeState;
use crate::settle::Relation;
use crate::terms::ReturnTerms;
use crate::testing::*;
use crate::void::void;

const ASSETS: [&str; 2] = [POINTS, "stamps"];
const CONTENT: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [9; 32];
const GOODS: [u8; 32] = [2; 32];
/// A receipt gives at most one of each.
const COUPON: &str = "coupon";
const PRIZE: &str = "prize";

/// What is promised to a receipt: units and the receipt that issued the coupon.
type Promised = ([i64; 2], Option<usize>);

/// A receipt on its way.
#[derive(Clone)]
struct Sale {
    plan: Plan,
    entry: Option<ReceiptEntry>,
    outcome: Option<Outcome>,
    so_far: ReturnedSoFar,
    promised: Option<Promised>,
    voided: Option<u32>,
    waiting: Vec<(usize, [i64; 2])>,
}

/// How often a corner was reached: a history that reaches none of them proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Corner {
    Shortfall,
    CouponUsedTwice,
    PaidAfterVoid,
    HoldExpired,
    SupersededQuote,
    Conflict,
    ParkedReturn,
    ReturnedBeyondSale,
    Deducted,
    Owed,
    Restored,
    Renewed,
    CouponFreeAgain,
    CouponWithdrawn,
    TicketsTakenBack,
    PrizeHandedOver,
    PrizeCancelled,
    LapsedPosted,
    LapsedTakenBack,
}

/// All of it.
pub(super) struct World {
    pub(super) reached: BTreeSet<Corner>,
    pub(super) account: Account,
    pub(super) reference: Reference,
    sales: Vec<Sale>,
    /// Entries and outcomes of returns, by id.
    goods: BTreeMap<usize, (ReceiptEntry, Option<Outcome>)>,
    handed: BTreeMap<usize, Outcome>,
    /// Of each day that was closed what it posted.
    closed: BTreeMap<usize, Option<Outcome>>,
    /// Posted to lots per asset, over all outcomes.
    posted: [i64; 2],
}

impl World {
    pub(super) fn new(plans: Vec<Plan>) -> Self {
        let sale = |plan| Sale {
            plan,
            entry: None,
            outcome: None,
            so_far: ReturnedSoFar::default(),
            promised: None,
            voided: None,
            waiting: Vec::new(),
        };
        Self {
            account: account(),
            reference: Reference::default(),
            sales: plans.into_iter().map(sale).collect(),
            goods: BTreeMap::new(),
            handed: BTreeMap::new(),
            closed: BTreeMap::new(),
            posted: [0, 0],
            reached: BTreeSet::new(),
        }
    }

    /// Whether another receipt would make the account forget: the reference forgets nothing.
    pub(super) fn is_nearly_full(&self) -> bool {
        let account = &self.account;
        account.lots.len() + 20 > crate::limits::LOTS_MAX
            || account.prizes.len() + 2 > crate::limits::PRIZES_MAX
            || account.coupons.len() + 2 > crate::limits::COUPONS_MAX
    }

    pub(super) fn deliver(&mut self, message: &Message) {
        match message {
            Message::Quote { receipt, number, hundredths, coupon } => self.quote(*receipt, *number, *hundredths, *coupon),
            Message::Settle { receipt, attempt, other_content } => self.settle(*receipt, *attempt, *other_content),
            Message::Void { receipt, attempt } => self.void(*receipt, *attempt),
            Message::Return { id, receipt, pieces } => self.give_back(*id, *receipt, *pieces),
            Message::HandOver { id, receipt, given } => self.hand_over(*id, *receipt, *given),
            Message::Close { id } => self.close(*id),
            Message::Pass { minutes } => self.reference.now += minutes,
        }
    }

    fn quote(&mut self, receipt: usize, number: u32, hundredths: [i64; 2], coupon: bool) {
        let sale = &self.sales[receipt];
        let admitted = admit_quote(sale.entry.as_ref(), sale.outcome.is_some(), 0);
        let expected = if sale.outcome.is_some() {
            QuoteAdmission::AlreadySettled
        } else if sale.voided.is_some() {
            QuoteAdmission::Voided
        } else {
            QuoteAdmission::Open
        };
        assert_eq!(admitted, expected);
        if admitted != QuoteAdmission::Open {
            return;
        }
        let units = [0, 1].map(|asset| self.reference.available(receipt, asset) * hundredths[asset] / 100);
        let free = |code: &&usize| self.reference.coupon_is_free(**code, receipt);
        let code = self.reference.coupons.keys().find(free).copied().filter(|_| coupon);
        let (id, now) = (receipt_id(&receipt_name(receipt)), self.reference.now);
        let promises = promises((units, code));
        let command = OpenQuoteCommand {
            receipt: &id,
            place: here(),
            quote_no: number,
            attempt: 0,
            now: at(now),
            until: at(now + HOLD),
            promises: &promises,
            supersedes: None,
        };
        let answered = open_quote(&self.account, &command);
        if self.reference.quote(receipt, number, units, code) {
            self.account = answered.unwrap();
            self.sales[receipt].promised = Some((units, code));
        } else {
            assert!(matches!(answered, Err(QuoteRefusal::Superseded { .. })), "a late copy of a quote");
            self.reached.insert(Corner::SupersededQuote);
        }
    }

    fn settle(&mut self, receipt: usize, attempt: u32, other_content: bool) {
        let sale = self.sales[receipt].clone();
        let content = if other_content { OTHER } else { CONTENT };
        let admitted = admit_settle(sale.entry.as_ref(), sale.outcome.is_some(), &content, attempt);
        let expected = match (&sale.outcome, sale.voided) {
            (Some(outcome), _) if outcome.content_hash == content => SettleAdmission::Repeat,
            (Some(_), _) => SettleAdmission::Conflict,
            (None, Some(voided)) if attempt <= voided => SettleAdmission::Voided,
            (None, voided) => SettleAdmission::New { after_void: voided.is_some() },
        };
        assert_eq!(admitted, expected, "p2: the order of messages decides the same");
        if admitted == SettleAdmission::Conflict {
            self.reached.insert(Corner::Conflict);
        }
        let SettleAdmission::New { after_void } = admitted else { return };
        let used = sale.promised.unwrap_or((sale.plan.unquoted, None));
        let bought = sold_goods(receipt, &sale.plan);
        let decision = self.decision(&sale.plan, used, &bought);
        let now = at(self.reference.now);
        let renewals = [(asset(ASSETS[1]), at(self.reference.now + RENEWED))];
        let terms =
            [ReturnTerms { program: program(), rewards: ReturnedRewards::EqualShares, payment: ReturnedPayment::InProportion }];
        let command = crate::settle::Settle {
            return_terms: if sale.plan.equal_shares { &terms } else { &[] },
            after_void,
            attempt,
            content_hash: content,
            relation: if sale.promised.is_some() { Relation::AsQuoted } else { Relation::WithoutQuote },
            renewals: &renewals,
            ..settle_of(&bought, &decision, now)
        };
        let done = settled(Some(&self.account), &command);
        let expected = self.reference.settle(receipt, &sale.plan, used);
        let short = |name: &str| -> i64 {
            let of = done.outcome.redemptions.iter().filter(|redemption| redemption.asset.as_str() == name);
            of.map(|redemption| redemption.shortfall.units()).sum()
        };
        assert_eq!(ASSETS.map(short), expected.shortfall, "p4: what is not there is shortfall, and nothing else");
        let flagged = done.outcome.flags.contains(&Flag::SettledWithShortfall);
        assert_eq!(flagged, expected.short_code || expected.shortfall != [0, 0]);
        let flags = &done.outcome.flags;
        self.reach(Corner::Shortfall, expected.shortfall != [0, 0]);
        self.reach(Corner::CouponUsedTwice, expected.short_code);
        self.reach(Corner::PaidAfterVoid, flags.contains(&Flag::PaidAfterVoid));
        self.reach(Corner::HoldExpired, flags.contains(&Flag::HoldExpired));
        self.reach(Corner::Renewed, has_reason(&done.outcome, PostingReason::Renew));
        assert_eq!(done.outcome.after.minor(), worth(sale.plan.pieces), "p6: lines sum to the total");
        self.keep(&done.outcome);
        self.account = done.account.unwrap();
        let aggregate = Aggregate::Account(self.account.id.clone());
        let kept = &mut self.sales[receipt];
        kept.entry = Some(ReceiptEntry::settled(kept.entry.as_ref(), aggregate, content, attempt, day()));
        kept.outcome = Some(done.outcome);
        let waiting = std::mem::take(&mut kept.waiting);
        self.reach(Corner::ParkedReturn, !waiting.is_empty());
        for (id, pieces) in waiting {
            self.give_back(id, receipt, pieces);
        }
    }

    fn decision(&self, plan: &Plan, used: Promised, bought: &tessera_rules::receipt::Receipt) -> Decision {
        let redeemed = |asset_place: usize| Redemption {
            id: RewardId::parse(&format!("redeem.{asset_place}")).unwrap(),
            asset: asset(ASSETS[asset_place]),
            ..redemption(used.0[asset_place], used.0[asset_place])
        };
        let rewards = plan.rewards.iter().enumerate().map(|(place, planned)| {
            let (kind, units_given) = match planned.kind {
                Kind::Units { asset: place, units: given } => {
                    (RewardKind::Points { asset: asset(ASSETS[place]), units: units(given) }, given)
                }
                Kind::Coupon => (RewardKind::DiscountLater { coupon: campaign("spring") }, 0),
                Kind::Tickets(count) => (RewardKind::Ticket { draw: "car".into(), count: u32::try_from(count).unwrap() }, 0),
                Kind::Prize => (RewardKind::Prize { prize: "mug".into(), count: 1 }, 0),
            };
            let now = self.reference.now;
            let far = matches!(planned.kind, Kind::Coupon).then_some(1_000_000);
            let id = match planned.kind {
                Kind::Coupon => COUPON.to_owned(),
                Kind::Prize => PRIZE.to_owned(),
                Kind::Units { .. } | Kind::Tickets(_) => format!("p.{place}"),
            };
            tessera_rules::decision::Reward {
                vests_at: at(now + planned.vests_in),
                expires_at: planned.expires_in.or(far).map(|minutes| at(now + minutes)),
                on_return: planned.on_return,
                earned_on: if planned.on_first { vec![share("1", units_given)] } else { Vec::new() },
                ..reward(&id, kind)
            }
        });
        Decision {
            redemptions: (0..2).filter(|place| used.0[*place] > 0).map(redeemed).collect(),
            rewards: rewards.collect(),
            promises: promises(used),
            ..unchanged(bought)
        }
    }

    fn void(&mut self, receipt: usize, attempt: u32) {
        let sale = &mut self.sales[receipt];
        let admitted = admit_void(sale.entry.as_ref(), sale.outcome.is_some(), attempt);
        let expected = match (&sale.outcome, sale.voided) {
            (Some(_), _) => VoidAdmission::AlreadySettled,
            (None, Some(voided)) if attempt <= voided => VoidAdmission::Repeat,
            (None, _) => VoidAdmission::New,
        };
        assert_eq!(admitted, expected);
        if admitted == VoidAdmission::New {
            sale.entry = Some(ReceiptEntry::voided(sale.entry.as_ref(), Aggregate::Own, attempt, day(), till()));
            sale.voided = Some(attempt);
            let id = receipt_id(&receipt_name(receipt));
            self.account =
                void(&self.account, &id, &till(), at(self.reference.now)).unwrap().unwrap_or_else(|| self.account.clone());
            self.reference.release(receipt);
        }
    }

    fn give_back(&mut self, id: usize, receipt: usize, pieces: [i64; 2]) {
        if pieces == [0, 0] {
            return;
        }
        let sale = self.sales[receipt].clone();
        let original = if sale.outcome.is_some() { OriginalKnown::Settled } else { OriginalKnown::NotSettled };
        let known = self.goods.get(&id);
        let present = known.is_some_and(|(_, outcome)| outcome.is_some());
        let admitted = admit_return(known.map(|(entry, _)| entry), present, &GOODS, 1, original);
        match admitted {
            ReturnAdmission::New => self.commit_return(id, receipt, pieces, &sale),
            ReturnAdmission::Park => {
                let mut awaited =
                    sale.entry.unwrap_or_else(|| ReceiptEntry::new(Aggregate::Own, EntryState::Awaited, [0; 32], 0, day()));
                if awaited.park(receipt_id(&return_name(id)), vec![1]).is_ok() {
                    let state = EntryState::Parked { original: receipt_id(&receipt_name(receipt)) };
                    self.goods.insert(id, (ReceiptEntry::new(Aggregate::Own, state, GOODS, 1, day()), None));
                    self.sales[receipt].entry = Some(awaited);
                    self.sales[receipt].waiting.push((id, pieces));
                }
            }
            ReturnAdmission::Repeat => assert!(present, "p2: it was carried out"),
            ReturnAdmission::RepeatParked => assert!(sale.outcome.is_none()),
            refused @ (ReturnAdmission::Conflict | ReturnAdmission::Voided) => panic!("a return is never {refused:?} here"),
        }
    }

    fn commit_return(&mut self, id: usize, receipt: usize, pieces: [i64; 2], sale: &Sale) {
        let name = return_name(id);
        let lines: Vec<_> = ["1", "2"]
            .into_iter()
            .zip(pieces)
            .filter(|(_, pieces)| *pieces > 0)
            .map(|(line, pieces)| return_line(line, Some(line), pieces, 0))
            .collect();
        let original = sale.outcome.as_ref().unwrap();
        let done = returned(Some(&self.account), &name, &lines, Some((original, &sale.so_far)), at(self.reference.now));
        let (deducted, beyond) = self.reference.give_back(&name, receipt, pieces);
        assert_eq!((done.deducted.minor(), !done.beyond.is_empty()), (deducted, beyond));
        let rewards = &done.outcome.rewards;
        let taken = |is: fn(&RewardKind) -> bool| rewards.iter().any(|reward| is(&reward.kind));
        let corners = [
            (Corner::ReturnedBeyondSale, beyond),
            (Corner::Deducted, deducted > 0),
            (Corner::Owed, done.account.as_ref().unwrap().lots.iter().any(|lot| lot.left.is_negative())),
            (Corner::Restored, has_reason(&done.outcome, PostingReason::Restore)),
            (Corner::CouponFreeAgain, !done.restored.is_empty()),
            (Corner::CouponWithdrawn, taken(|kind| matches!(kind, RewardKind::DiscountLater { .. }))),
            (Corner::TicketsTakenBack, taken(|kind| matches!(kind, RewardKind::Ticket { .. }))),
            (
                Corner::LapsedTakenBack,
                done.outcome.postings.iter().any(|posting| posting.place == PostingPlace::Book(Book::Expired)),
            ),
            (Corner::PrizeCancelled, taken(|kind| matches!(kind, RewardKind::Prize { .. }))),
        ];
        corners.into_iter().for_each(|(corner, is_reached)| self.reach(corner, is_reached));
        let refund: i64 = done.outcome.lines.iter().map(|line| line.paid.minor()).sum();
        assert_eq!(refund - deducted, -done.outcome.after.minor(), "p6: lines less what is deducted sum to the total");
        self.keep(&done.outcome);
        self.account = done.account.unwrap();
        self.sales[receipt].so_far = done.so_far;
        let entry = ReceiptEntry::new(Aggregate::Own, EntryState::Returned, GOODS, 1, day());
        self.goods.insert(id, (entry, Some(done.outcome)));
    }

    fn hand_over(&mut self, id: usize, receipt: usize, given: bool) {
        if self.handed.contains_key(&id) {
            return;
        }
        let place = place();
        let request = ProfileRequest {
            id: receipt_id(&format!("h-{id}")),
            customer: self.account.members[0].customer.clone(),
            place: Some(&place),
            told_at: at(0),
            business_date: day(),
            currency: gbp(),
            content_hash: [3; 32],
            basis: basis(),
            booked_at: at(self.reference.now),
            booking_date: day(),
        };
        let won = (&receipt_id(&receipt_name(receipt)), &RewardId::parse(PRIZE).unwrap());
        let wanted = if given { PrizeState::HandedOver } else { PrizeState::Cancelled };
        let done = hand_over(&self.account, &request, won, wanted);
        let Some(known) = self.reference.prizes.get_mut(&receipt) else {
            assert!(done.is_err(), "nobody won it");
            return;
        };
        let done = done.unwrap();
        assert_eq!(done.changed.is_some(), known.is_none(), "p4: a prize is given once");
        if let Some(changed) = done.changed {
            *known = Some(given);
            self.reached.insert(Corner::PrizeHandedOver);
            self.account = changed.account;
            self.handed.insert(id, changed.outcome);
        }
    }

    /// Posts what has lapsed by now. It stays known to the sales that earned it.
    fn close(&mut self, id: usize) {
        if self.closed.contains_key(&id) {
            return;
        }
        let last = at(self.reference.now);
        let span = DaySpan { date: day(), from: at(self.reference.now - 1_440), last };
        let posted = self.account.post_day(&receipt_id(&format!("day-{id}")), &span, gbp());
        let lapsed = self.reference.close();
        assert_eq!(posted.as_ref().map_or(0, |posted| posted.aside.lapsed.len()), lapsed, "p5: what has lapsed is posted once");
        self.reach(Corner::LapsedPosted, lapsed > 0);
        if let Some(posted) = &posted {
            for lot in &posted.aside.lapsed {
                let sale = self.sales.iter_mut().enumerate().find(|(place, _)| lot.id.receipt.as_str() == receipt_name(*place));
                sale.into_iter().for_each(|(_, sale)| sale.so_far.lapsed.push(lot.clone()));
            }
            self.keep(&posted.outcome);
            self.account = posted.account.clone();
        }
        self.closed.insert(id, posted.map(|posted| posted.outcome));
    }

    fn reach(&mut self, corner: Corner, is_reached: bool) {
        if is_reached {
            self.reached.insert(corner);
        }
    }

    fn keep(&mut self, outcome: &Outcome) {
        for (place, name) in ASSETS.iter().enumerate() {
            let to_lots = outcome.postings.iter().filter(|posting| posting.asset.as_str() == *name);
            let units =
                to_lots.filter(|posting| matches!(posting.place, PostingPlace::Lot(_))).map(|posting| posting.units.units());
            self.posted[place] += units.sum::<i64>();
        }
    }

    /// The account says what the reference says.
    pub(super) fn check(&self) {
        self.account.check().unwrap();
        let now = at(self.reference.now);
        let balances = self.account.balances(now);
        for (place, name) in ASSETS.iter().enumerate() {
            let known = balances.iter().find(|balance| balance.asset.as_str() == *name);
            let told = known.map_or((0, 0, 0), |known| (known.vested.units(), known.pending.units(), known.held.units()));
            assert_eq!(told, self.reference.balance(place), "{name}: vested, pending, held (P4, P5)");
            let left: i64 = self.account.lots.iter().filter(|lot| lot.asset.as_str() == *name).map(|lot| lot.left.units()).sum();
            assert_eq!((left, left), (self.posted[place], self.reference.in_lots(place)), "{name}: lots = postings (P5)");
        }
        let held: (u32, u32) = self.account.tickets.first().map_or((0, 0), |held| (held.numbered, held.good));
        assert_eq!((i64::from(held.0), i64::from(held.1)), self.reference.tickets);
        let used: Vec<bool> = self.account.coupons.iter().map(|coupon| coupon.used_by.is_some()).collect();
        let expected = self.reference.coupons.values().filter(|coupon| coupon.used_by.is_some()).count();
        assert_eq!((used.len(), used.iter().filter(|used| **used).count()), (self.reference.coupons.len(), expected));
        let due = self.account.prizes.iter().filter(|prize| prize.state == PrizeState::Due).count();
        assert_eq!(due, self.reference.prizes.values().filter(|given| given.is_none()).count());
    }

    /// What was committed never changes: compared before and after a message that comes again (P2).
    pub(super) fn outcomes(&self) -> Vec<&Outcome> {
        let sales = self.sales.iter().filter_map(|sale| sale.outcome.as_ref());
        let goods = self.goods.values().filter_map(|(_, outcome)| outcome.as_ref());
        let closed = self.closed.values().filter_map(Option::as_ref);
        sales.chain(goods).chain(self.handed.values()).chain(closed).collect()
    }
}

fn has_reason(outcome: &Outcome, reason: PostingReason) -> bool {
    outcome.postings.iter().any(|posting| posting.reason == reason)
}

fn return_name(id: usize) -> String {
    format!("b-{id}")
}

fn sold_goods(receipt_place: usize, plan: &Plan) -> tessera_rules::receipt::Receipt {
    let [first, second] = plan.pieces;
    receipt(&receipt_name(receipt_place), vec![line("1", first, 100 * first), line("2", second, 300 * second)])
}

fn promises((held, code): Promised) -> Vec<Promise> {
    let mut promises: Vec<Promise> = (0..2)
        .filter(|place| held[*place] > 0)
        .map(|place| Promise::Units { asset: asset(ASSETS[place]), units: units(held[place]) })
        .collect();
    promises.extend(code.map(|issued_by| {
        let issuer = receipt_id(&receipt_name(issued_by));
        Promise::Code { code: CODES.coupon(&issuer, &RewardId::parse(COUPON).unwrap()) }
    }));
    promises
}
