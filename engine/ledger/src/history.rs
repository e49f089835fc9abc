//! Random histories of one account against a slow model that knows nothing but the list of all postings.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tessera_rules::decision::{RewardKind, Shortfall};
use tessera_rules::money::Units;
use tessera_rules::receipt::Receipt;

use crate::account::Account;
use crate::lot::{LotId, LotKind};
use crate::outcome::{Flag, Outcome};
use crate::posting::{Posting, PostingPlace};
use crate::quote::{OpenQuoteCommand, open_quote};
use crate::return_goods::ReturnedSoFar;
use crate::settle::Relation;
use crate::standing::View;
use crate::testing::*;
use crate::void::void;

const RECEIPTS: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Event {
    /// Promise so many hundredths of what is available.
    Quote {
        receipt: usize,
        hundredths: i64,
    },
    /// Use what was promised, or that many units where nothing was; earn, with or without expiry.
    Settle {
        receipt: usize,
        unquoted: i64,
        earned: i64,
        expires_in: Option<i64>,
        vests_in: i64,
    },
    Return {
        receipt: usize,
        pieces: i64,
    },
    Void {
        receipt: usize,
    },
    Pass {
        minutes: i64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let receipt = 0..RECEIPTS;
    let settle = (receipt.clone(), 0..60_i64, 0..200_i64, proptest::option::of(1..90_i64), 0..20_i64);
    prop_oneof![
        3 => (receipt.clone(), 0..=100_i64).prop_map(|(receipt, hundredths)| Event::Quote { receipt, hundredths }),
        4 => settle.prop_map(|(receipt, unquoted, earned, expires_in, vests_in)| {
            Event::Settle { receipt, unquoted, earned, expires_in, vests_in }
        }),
        2 => (receipt.clone(), 1..6_i64).prop_map(|(receipt, pieces)| Event::Return { receipt, pieces }),
        1 => receipt.prop_map(|receipt| Event::Void { receipt }),
        3 => (1..40_i64).prop_map(|minutes| Event::Pass { minutes }),
    ]
}

/// What is known of one receipt.
#[derive(Clone, Default)]
struct Known {
    quotes: u32,
    /// Units promised and until when.
    held: Option<(i64, Timestamp)>,
    outcome: Option<Outcome>,
    so_far: ReturnedSoFar,
    returns: u32,
}

struct World {
    account: Account,
    now: Timestamp,
    postings: Vec<Posting>,
    receipts: Vec<Known>,
}

impl World {
    fn new() -> Self {
        Self { account: account(), now: at(0), postings: Vec::new(), receipts: vec![Known::default(); RECEIPTS] }
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Quote { receipt, hundredths } => self.quote(receipt, hundredths),
            Event::Settle { receipt, unquoted, earned, expires_in, vests_in } => {
                let until = expires_in.map(|minutes| self.now + SignedDuration::from_mins(minutes));
                self.settle(receipt, unquoted, earned, (self.now + SignedDuration::from_mins(vests_in), until));
            }
            Event::Return { receipt, pieces } => self.return_goods(receipt, pieces),
            Event::Void { receipt } => {
                if self.receipts[receipt].outcome.is_none() {
                    let id = receipt_id(&format!("r-{receipt}"));
                    self.account = void(&self.account, &id, &till(), self.now).unwrap().unwrap_or_else(|| self.account.clone());
                    self.receipts[receipt].held = None;
                }
            }
            Event::Pass { minutes } => self.now += SignedDuration::from_mins(minutes),
        }
    }

    fn available(&self, receipt: usize) -> i64 {
        let id = receipt_id(&format!("r-{receipt}"));
        let view = View { customer: None, receipt: &id, supersedes: None, now: self.now, business_date: day(), lists: &[] };
        self.account.standing(&view).available.first().map_or(0, |(_, units)| units.units())
    }

    fn quote(&mut self, receipt: usize, hundredths: i64) {
        if self.receipts[receipt].outcome.is_some() {
            return;
        }
        let available = self.available(receipt);
        assert!(available >= 0 && available <= self.naive_available(receipt), "no more is offered than the model has (P4)");
        let promised = available * hundredths / 100;
        let (id, until) = (receipt_id(&format!("r-{receipt}")), self.now + SignedDuration::from_mins(15));
        let known = &mut self.receipts[receipt];
        known.quotes += 1;
        let promises = [hold(promised)];
        let command = OpenQuoteCommand {
            receipt: &id,
            place: here(),
            quote_no: known.quotes,
            attempt: 0,
            now: self.now,
            until,
            promises: &promises,
            supersedes: None,
        };
        self.account = open_quote(&self.account, &command).unwrap();
        known.held = (promised > 0).then_some((promised, until));
    }

    fn settle(&mut self, receipt: usize, unquoted: i64, earned: i64, (vests_at, expires_at): (Timestamp, Option<Timestamp>)) {
        if self.receipts[receipt].outcome.is_some() {
            return;
        }
        let sale: Receipt = crate::testing::receipt(&format!("r-{receipt}"), vec![line("1", 4, 399)]);
        let held = self.receipts[receipt].held;
        let used = held.map_or(unquoted, |(units, _)| units);
        let mut decision = unchanged(&sale);
        if used > 0 {
            decision.redemptions = vec![redemption(used, used)];
        }
        if earned > 0 {
            let kind = RewardKind::Points { asset: asset(POINTS), units: Units::from_units(earned) };
            let on_return = if earned % 2 == 0 { Shortfall::Negative } else { Shortfall::Zero };
            let rule = reward("p", kind);
            decision.rewards = vec![tessera_rules::decision::Reward { vests_at, expires_at, on_return, ..rule }];
        }
        decision.promises = held.map(|(units, _)| hold(units)).into_iter().collect();
        let mut command = settle_of(&sale, &decision, self.now);
        command.relation = if held.is_some() { Relation::AsQuoted } else { Relation::WithoutQuote };
        let is_open = held.is_some_and(|(_, until)| self.now < until);
        let may_fall_short = !is_open || self.has_lapsed_lately();
        let done = settled(Some(&self.account), &command);
        let short: i64 = done.outcome.redemptions.iter().map(|redemption| redemption.shortfall.units()).sum();
        assert!(may_fall_short || short == 0, "what an open quote was promised is there (P4)");
        assert_eq!(done.outcome.flags.contains(&Flag::SettledWithShortfall), short > 0);
        assert_eq!(done.outcome.flags.contains(&Flag::HoldExpired), held.is_some() && !is_open);
        self.account = done.account.unwrap();
        self.postings.extend(done.outcome.postings.iter().cloned());
        self.receipts[receipt].held = None;
        self.receipts[receipt].outcome = Some(done.outcome);
    }

    fn return_goods(&mut self, receipt: usize, pieces: i64) {
        let known = self.receipts[receipt].clone();
        let Some(original) = known.outcome else {
            return;
        };
        let id = format!("b-{receipt}-{}", known.returns);
        let lines = [return_line("1", Some("1"), pieces, 100)];
        let done = returned(Some(&self.account), &id, &lines, Some((&original, &known.so_far)), self.now);
        self.postings.extend(done.outcome.postings.iter().cloned());
        self.account = done.account.unwrap();
        let known = &mut self.receipts[receipt];
        known.so_far = done.so_far;
        known.returns += 1;
    }

    /// Whether some lot ran out while a hold of now may already have been given.
    fn has_lapsed_lately(&self) -> bool {
        let since = self.now - SignedDuration::from_mins(15);
        self.lots().iter().any(|lot| lot.expires_at.is_some_and(|expires_at| since < expires_at && expires_at <= self.now))
    }

    /// Every lot ever opened, with what all postings left of it.
    fn lots(&self) -> Vec<NaiveLot> {
        let mut lots: Vec<NaiveLot> = Vec::new();
        for posting in &self.postings {
            let PostingPlace::Lot(id) = &posting.place else {
                continue;
            };
            match lots.iter_mut().find(|lot| lot.id == *id) {
                Some(lot) => lot.left += posting.units.units(),
                None => lots.push(NaiveLot {
                    id: id.clone(),
                    left: posting.units.units(),
                    vests_at: posting.vests_at,
                    expires_at: posting.expires_at,
                }),
            }
        }
        lots
    }

    fn naive(&self, which: impl Fn(&NaiveLot) -> bool) -> i64 {
        self.lots()
            .iter()
            .filter(|lot| lot.expires_at.is_none_or(|expires_at| self.now < expires_at) && which(lot))
            .map(|lot| lot.left)
            .sum()
    }

    fn vested(&self) -> i64 {
        self.naive(|lot| lot.vests_at.is_none_or(|vests_at| vests_at <= self.now))
    }

    fn held(&self, but: Option<usize>) -> i64 {
        let others = self.receipts.iter().enumerate().filter(|(place, _)| Some(*place) != but);
        others.filter_map(|(_, known)| known.held).filter(|(_, until)| self.now < *until).map(|(units, _)| units).sum()
    }

    fn naive_available(&self, receipt: usize) -> i64 {
        (self.vested() - self.held(Some(receipt))).max(0)
    }

    fn check(&self) {
        self.account.check().unwrap();
        assert_eq!(Account::decode(&self.account.encode()).as_ref(), Ok(&self.account));
        let balances = self.account.balances(self.now);
        let balance = balances.iter().find(|balance| balance.asset == asset(POINTS));
        let of = |read: fn(&crate::account::Balance) -> Units| balance.map_or(0, |balance| read(balance).units());
        assert_eq!(of(|balance| balance.vested), self.vested(), "balance = postings less what has lapsed (P5)");
        assert_eq!(of(|balance| balance.pending), self.naive(|lot| lot.vests_at.is_some_and(|vests_at| vests_at > self.now)));
        assert_eq!(of(|balance| balance.held), self.held(None), "holds are the open quotes' (P4)");
        let lots: i64 = self.account.lots.iter().map(|lot| lot.left.units()).sum();
        assert_eq!(lots, self.lots().iter().map(|lot| lot.left).sum::<i64>(), "lots = sum of postings (P5)");
        let usable: i64 = self.account.lots.iter().filter(|lot| lot.is_usable(self.now)).map(|lot| lot.left.units()).sum();
        assert!(self.held(None) <= usable || self.has_lapsed_lately(), "no more is held than is there (P4)");
        let kinds_fit = self.account.lots.iter().all(|lot| (lot.kind == LotKind::Debt) == lot.left.is_negative());
        assert!(kinds_fit);
    }
}

#[derive(Clone, Debug)]
struct NaiveLot {
    id: LotId,
    left: i64,
    vests_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn p4_p5_h6_h8_h9_h10_hold_in_random_histories(events in proptest::collection::vec(event(), 1..40)) {
        let mut world = World::new();
        for event in events {
            world.play(event);
            world.check();
        }
    }
}
