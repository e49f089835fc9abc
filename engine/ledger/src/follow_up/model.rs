//! A small model of two accounts and a sale without a customer: every order of what is done to them, each once and twice.

use std::collections::{BTreeMap, BTreeSet};

use tessera_rules::decision::Decision;
use tessera_rules::id::{AccountId, CustomerId};

use super::*;
use crate::claim::{Claim, claim, claimable, outcome_id};
use crate::entry::{Aggregate, ReceiptEntry, Taken};
use crate::erase::{Erasure, erase};
use crate::merge::{Merge, merge, no_room};
use crate::order::{ClaimAdmission, admit_claim};
use crate::posting::PostingPlace;
use crate::return_goods::ReturnedSoFar;
use crate::settle::Settle;
use crate::testing::*;
use crate::transfer::{Transfer, transfer};

/// The two customers, and what each has to begin with.
const ONE: (&str, &str, i64) = ("a-1", "c-1", 100);
const OTHER: (&str, &str, i64) = ("a-2", "c-2", 50);
/// What the sale gives whoever claims it.
const CLAIMED: i64 = 10;
const SALE: &str = "r-1";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Message {
    Sell,
    ClaimByOne,
    ClaimByOther,
    /// From the one to the other.
    Give,
    /// From the other to the one.
    GiveBack,
    /// The one turns out to be the other.
    Merge,
    /// The other wants to be forgotten.
    Erase,
    /// What has been sent on its way, by the order in which it was.
    Carry(usize),
}

const MESSAGES: [Message; 10] = [
    Message::Sell,
    Message::ClaimByOne,
    Message::ClaimByOther,
    Message::Give,
    Message::GiveBack,
    Message::Merge,
    Message::Erase,
    Message::Carry(0),
    Message::Carry(1),
    Message::Carry(2),
];

#[derive(Clone)]
struct World {
    accounts: BTreeMap<AccountId, Account>,
    sale: Option<ReceiptEntry>,
    /// Who claimed before there was a sale.
    waiting: Vec<AccountId>,
    /// Everything that was committed, by its id.
    outcomes: BTreeMap<CompactString, Outcome>,
    sent: Vec<FollowUp>,
}

fn id((account, ..): (&str, &str, i64)) -> AccountId {
    AccountId::parse(account).unwrap()
}

impl World {
    fn new() -> Self {
        let opened = |(account, customer, points): (&str, &str, i64)| {
            let fresh = Account::new(AccountId::parse(account).unwrap(), CustomerId::parse(customer).unwrap(), at(0));
            Account { lots: vec![lot(customer, points, 0, None)], ..fresh }
        };
        let accounts = [ONE, OTHER].map(|who| (id(who), opened(who)));
        Self { accounts: accounts.into(), sale: None, waiting: Vec::new(), outcomes: BTreeMap::new(), sent: Vec::new() }
    }

    fn deliver(&mut self, message: Message) {
        match message {
            Message::Sell => self.sell(),
            Message::ClaimByOne => self.claim(&id(ONE)),
            Message::ClaimByOther => self.claim(&id(OTHER)),
            Message::Give => self.transfer("t", (ONE, OTHER), 30),
            Message::GiveBack => self.transfer("b", (OTHER, ONE), 20),
            Message::Merge => self.merge(),
            Message::Erase => self.erase(),
            Message::Carry(place) => {
                if let Some(sent) = self.sent.get(place).cloned() {
                    self.carry(&sent);
                }
            }
        }
    }

    fn is_done(&self, outcome: &str) -> bool {
        self.outcomes.contains_key(outcome)
    }

    fn commit(&mut self, done: Profiled) {
        assert!(is_balanced(&done.outcome.postings));
        self.sent.extend(done.outcome.follow_ups.iter().cloned());
        let before = self.outcomes.insert(done.outcome.id.clone(), done.outcome);
        assert!(before.is_none(), "one id, one outcome (P2)");
        self.accounts.insert(done.account.id.clone(), done.account);
    }

    /// Where an account is now, once everything of it has arrived there.
    fn home(&mut self, account: &AccountId) -> AccountId {
        let mut account = account.clone();
        while let Some(to) = self.accounts[&account].moved_to.clone() {
            let sent = self.sent.iter().find(|sent| sent.id == to.follow_up).cloned().unwrap();
            self.carry(&sent);
            account = to.account;
        }
        account
    }

    fn carry(&mut self, sent: &FollowUp) {
        if self.is_done(&sent.id) {
            return;
        }
        let account = self.home(&sent.account);
        let follow_up = FollowUp { account: account.clone(), ..sent.clone() };
        let (booked_at, booking_date, currency) = (at(1), day(), gbp());
        let work = CarryOut { follow_up: &follow_up, booked_at, booking_date, currency, programs: &[] };
        self.commit(carry_out(&self.accounts[&account], &work));
    }

    fn sell(&mut self) {
        if self.is_done(SALE) {
            return;
        }
        let receipt = receipt(SALE, vec![line("1", 1, 1_000)]);
        let outcome = settled(None, &settle_of(&receipt, &unchanged(&receipt), at(1))).outcome;
        self.sale = Some(ReceiptEntry::settled(self.sale.as_ref(), Aggregate::Own, [1; 32], 1, day()));
        self.outcomes.insert(outcome.id.clone(), outcome);
        for account in std::mem::take(&mut self.waiting) {
            self.claim(&account);
        }
    }

    fn claim(&mut self, account: &AccountId) {
        let home = self.home(account);
        if self.accounts[&home].erased_at.is_some() {
            return;
        }
        let is_own = |by: &&AccountId| self.accounts[&home].merged.contains(by);
        let own = self.sale.as_ref().and_then(ReceiptEntry::claimant).filter(is_own);
        match admit_claim(self.sale.as_ref(), self.is_done(SALE), own.unwrap_or(&home)) {
            ClaimAdmission::Park if self.waiting.contains(account) => {}
            ClaimAdmission::Park => self.waiting.push(account.clone()),
            ClaimAdmission::Free => {
                let taken = Taken { by: home.clone(), at: at(1) };
                self.sale = self.sale.take().map(|sale| ReceiptEntry { claimed: Some(taken), ..sale });
                self.give(&home);
            }
            ClaimAdmission::Own => assert!(self.is_done(&outcome_id(&receipt_id(SALE))), "what was taken was given"),
            ClaimAdmission::Taken => assert!(self.sale.as_ref().is_some_and(|sale| sale.claimant().is_some())),
            ClaimAdmission::Conflict => panic!("it is a sale"),
        }
    }

    fn give(&mut self, home: &AccountId) {
        let (receipt, so_far) = (receipt(SALE, vec![line("1", 1, 1_000)]), ReturnedSoFar::default());
        let sale = self.outcomes[SALE].clone();
        let fresh = Decision { rewards: vec![points("p", CLAIMED)], ..unchanged(&receipt) };
        let decision = claimable(fresh, &sale, &so_far);
        let settle = Settle { content_hash: [9; 32], ..settle_of(&receipt, &decision, at(1)) };
        let (request, place) = (receipt_id("claim-1"), place());
        let command = Claim {
            settle: &settle,
            sale: &sale,
            so_far: &so_far,
            request: &request,
            place: &place,
            claimed_at: at(1),
            business_date: day(),
        };
        let done = claim(&self.accounts[home], &command);
        self.commit(Profiled { account: done.account.unwrap(), outcome: done.outcome, aside: done.aside });
    }

    fn transfer(&mut self, name: &str, (from, to): ((&str, &str, i64), (&str, &str, i64)), points: i64) {
        if self.is_done(name) {
            return;
        }
        let (from, to) = (self.home(&id(from)), self.home(&id(to)));
        let (giver, taker) = (&self.accounts[&from], &self.accounts[&to]);
        if from == to || giver.blocked || taker.blocked {
            return;
        }
        let command = Transfer {
            id: &receipt_id(name),
            to: &to,
            asset: &asset(POINTS),
            units: units(points),
            content_hash: [3; 32],
            booked_at: at(1),
            booking_date: day(),
            currency: gbp(),
        };
        let done = transfer(giver, &command).unwrap();
        self.commit(done);
    }

    fn merge(&mut self) {
        let (gone, into) = (&self.accounts[&id(ONE)], &self.accounts[&id(OTHER)]);
        if self.is_done("m") || gone.blocked || into.blocked {
            return;
        }
        let command = Merge {
            id: &receipt_id("m"),
            gone: &CustomerId::parse(ONE.1).unwrap(),
            into: &into.id,
            survivor: &CustomerId::parse(OTHER.1).unwrap(),
            content_hash: [4; 32],
            booked_at: at(1),
            booking_date: day(),
            currency: gbp(),
        };
        let done = merge(gone, &command);
        for sent in &done.outcome.follow_ups {
            let FollowUpKind::Merge { everything } = &sent.kind else { panic!("a merge sends everything") };
            assert_eq!(no_room(into, everything, &[], at(1)), Vec::<&str>::new());
        }
        self.commit(done);
    }

    fn erase(&mut self) {
        if self.is_done("x") {
            return;
        }
        let command = Erasure {
            id: &receipt_id("x"),
            customer: &CustomerId::parse(OTHER.1).unwrap(),
            content_hash: [5; 32],
            booked_at: at(1),
            booking_date: day(),
            currency: gbp(),
        };
        let done = erase(&self.accounts[&id(OTHER)], &command).unwrap();
        self.commit(done);
    }

    /// Units of points that were posted to such places.
    fn posted(&self, is_meant: impl Fn(&Outcome, &PostingPlace) -> bool) -> i64 {
        let all = self.outcomes.values().flat_map(|outcome| outcome.postings.iter().map(move |posting| (outcome, posting)));
        let meant = all.filter(|(outcome, posting)| posting.asset == asset(POINTS) && is_meant(outcome, &posting.place));
        meant.map(|(_, posting)| posting.units.units()).sum()
    }

    fn in_book(&self, book: Book) -> i64 {
        self.posted(|_, place| *place == PostingPlace::Book(book))
    }

    /// P2, P4 and P5 after each message; `before` is the world before it.
    fn check(&self, before: &Self) {
        assert!(before.outcomes.iter().all(|(id, old)| self.outcomes.get(id) == Some(old)), "an outcome never changes (P2)");
        let mut everywhere = 0;
        for who in [ONE, OTHER] {
            let account = &self.accounts[&id(who)];
            account.check().unwrap();
            let lots: i64 = account.lots.iter().map(|lot| lot.left.units()).sum();
            let own = |outcome: &Outcome, place: &PostingPlace| {
                matches!(place, PostingPlace::Lot(_)) && outcome.account.as_ref() == Some(&account.id)
            };
            assert_eq!(lots, who.2 + self.posted(own), "lots are what was there and was posted (P5)");
            let is_left = account.moved_to.is_some() || account.erased_at.is_some();
            assert!(lots == 0 || !is_left, "nothing lies where nobody comes to it");
            everywhere += lots;
        }
        let under_way = self.sent.iter().filter(|sent| !self.is_done(&sent.id)).flat_map(FollowUp::moved);
        assert_eq!(self.in_book(Book::Transfer), under_way.map(|moved| moved.units.units()).sum::<i64>(), "under way (P5)");
        let claimed = if self.is_done(&outcome_id(&receipt_id(SALE))) { CLAIMED } else { 0 };
        assert_eq!(self.in_book(Book::Issued), -claimed, "granted once (P4)");
        let all = everywhere + self.in_book(Book::Transfer) + self.in_book(Book::Expired);
        assert_eq!(all, ONE.2 + OTHER.2 + claimed, "nothing comes from nowhere, and nothing is lost");
    }

    /// All that tells this world from others.
    fn key(&self) -> Vec<u8> {
        let mut key: Vec<u8> = self.accounts.values().flat_map(Account::encode).collect();
        key.extend(self.sale.iter().flat_map(ReceiptEntry::encode));
        self.outcomes.keys().for_each(|id| key.extend(id.as_bytes()));
        self.sent.iter().for_each(|sent| key.extend(sent.encode()));
        self.waiting.iter().for_each(|account| key.extend(account.as_str().as_bytes()));
        key
    }

    /// Which of the corners that the model must reach this world is.
    fn corners(&self) -> impl Iterator<Item = &'static str> {
        let is_carried = |what: &str| self.is_done(&format!("{what}#0"));
        let has_lapsed =
            |outcome: &&Outcome| outcome.postings.iter().any(|posting| posting.place == PostingPlace::Book(Book::Expired));
        let followed = self.outcomes.values().filter(|outcome| outcome.kind == OutcomeKind::FollowUp);
        let all = ["t", "b", "m"].into_iter().all(is_carried) && self.is_done("r-1#claim") && self.is_done("x");
        let corners = [
            ("all of it is done", all),
            ("two claims wait for their sale", self.waiting.len() == 2),
            ("it arrives after the erasure", followed.filter(has_lapsed).count() > 0),
            ("what was on its way to the one came to the other", is_carried("b") && is_carried("m") && !is_carried("t")),
        ];
        corners.into_iter().filter(|(_, is_reached)| *is_reached).map(|(corner, _)| corner)
    }
}

#[test]
fn p2_p4_p5_h47_h74_hold_in_every_order_of_sale_claims_transfers_merge_erasure_and_what_follows_each_once_and_twice() {
    let mut worlds = vec![World::new()];
    let mut known: BTreeSet<Vec<u8>> = worlds.iter().map(World::key).collect();
    let mut reached = BTreeSet::new();
    while let Some(world) = worlds.pop() {
        for message in MESSAGES {
            let mut once = world.clone();
            once.deliver(message);
            once.check(&world);
            let mut twice = once.clone();
            twice.deliver(message);
            twice.check(&once);
            assert!(twice.key() == once.key(), "{message:?} twice is once");
            reached.extend(once.corners());
            if known.insert(once.key()) {
                worlds.push(once);
            }
        }
    }
    assert_eq!(reached.len(), 4, "the model reaches its corners, not only {reached:?}");
    assert!(known.len() > 200, "and many worlds: {}", known.len());
}
