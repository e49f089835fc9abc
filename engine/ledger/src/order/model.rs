//! A small model that runs every order of a receipt's messages through the table and the functions.

use tessera_rules::decision::{Decision, Promise};
use tessera_rules::receipt::Receipt;

use crate::account::Account;
use crate::entry::{Aggregate, EntryState, ReceiptEntry};
use crate::order::{
    OriginalKnown, QuoteAdmission, ReturnAdmission, SettleAdmission, VoidAdmission, admit_quote, admit_return, admit_settle,
    admit_void,
};
use crate::outcome::{Flag, Outcome};
use crate::posting::{Book, PostingPlace};
use crate::quote::{OpenQuoteCommand, open_quote};
use crate::return_goods::ReturnedSoFar;
use crate::testing::*;
use crate::void::void;

const CONTENT: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [9; 32];
const GOODS: [u8; 32] = [2; 32];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Message {
    Quote,
    Settle { attempt: u32, content: [u8; 32] },
    Void { attempt: u32 },
    Return,
}

const MESSAGES: [Message; 7] = [
    Message::Quote,
    Message::Settle { attempt: 1, content: CONTENT },
    Message::Settle { attempt: 2, content: CONTENT },
    Message::Settle { attempt: 2, content: OTHER },
    Message::Void { attempt: 1 },
    Message::Void { attempt: 2 },
    Message::Return,
];

/// A sale that redeems 50 of 100 points, earns 10 and has a return of all its goods.
#[derive(Clone)]
struct World {
    account: Account,
    sale: Option<ReceiptEntry>,
    goods: Option<ReceiptEntry>,
    sold: Option<Outcome>,
    came_back: Option<Outcome>,
    so_far: ReturnedSoFar,
    /// The greatest attempt of a void that was carried out before the settle.
    voided: Option<u32>,
    receipt: Receipt,
    decision: Decision,
}

impl World {
    fn new() -> Self {
        let receipt = receipt("r-1", vec![line("1", 1, 1_000)]);
        let decision = Decision {
            redemptions: vec![redemption(50, 50)],
            rewards: vec![points("p", 10)],
            promises: vec![hold(50)],
            ..unchanged(&receipt)
        };
        let account = with_lots(vec![lot("a", 100, 0, None)]);
        Self {
            account,
            sale: None,
            goods: None,
            sold: None,
            came_back: None,
            so_far: ReturnedSoFar::default(),
            voided: None,
            receipt,
            decision,
        }
    }

    fn deliver(&mut self, message: Message) {
        match message {
            Message::Quote => self.quote(),
            Message::Settle { attempt, content } => self.settle(attempt, content),
            Message::Void { attempt } => self.void(attempt),
            Message::Return => self.return_goods(),
        }
    }

    fn quote(&mut self) {
        if admit_quote(self.sale.as_ref(), self.sold.is_some(), 1) == QuoteAdmission::Open {
            let promises = [hold(50)];
            let command = OpenQuoteCommand {
                receipt: &self.receipt.id,
                place: here(),
                quote_no: 1,
                attempt: 0,
                now: at(0),
                until: at(15),
                promises: &promises,
                supersedes: None,
            };
            self.account = open_quote(&self.account, &command).unwrap();
        }
    }

    fn settle(&mut self, attempt: u32, content: [u8; 32]) {
        let SettleAdmission::New { after_void } = admit_settle(self.sale.as_ref(), self.sold.is_some(), &content, attempt) else {
            return;
        };
        let command = crate::settle::Settle {
            after_void,
            attempt,
            content_hash: content,
            ..settle_of(&self.receipt, &self.decision, at(1))
        };
        let done = settled(Some(&self.account), &command);
        assert!(self.sold.is_none(), "one receipt id, one outcome (P2)");
        assert_eq!(done.outcome.flags.contains(&Flag::PaidAfterVoid), self.voided.is_some());
        assert!(self.voided.is_none_or(|voided| attempt > voided), "a void is overruled by a higher attempt alone");
        let aggregate = Aggregate::Account(self.account.id.clone());
        let mut entry = ReceiptEntry::settled(self.sale.as_ref(), aggregate, content, attempt, day());
        let waiting = std::mem::take(&mut entry.parked);
        (self.account, self.sold, self.sale) = (done.account.unwrap(), Some(done.outcome), Some(entry));
        for _ in waiting {
            self.return_goods();
        }
    }

    fn void(&mut self, attempt: u32) {
        if admit_void(self.sale.as_ref(), self.sold.is_some(), attempt) == VoidAdmission::New {
            self.sale = Some(ReceiptEntry::voided(self.sale.as_ref(), Aggregate::Own, attempt, day(), till()));
            self.voided = Some(self.voided.unwrap_or(0).max(attempt));
            self.account = void(&self.account, &self.receipt.id, &till(), at(1)).unwrap().unwrap_or_else(|| self.account.clone());
        }
    }

    fn return_goods(&mut self) {
        let original = if self.sold.is_some() { OriginalKnown::Settled } else { OriginalKnown::NotSettled };
        match admit_return(self.goods.as_ref(), self.came_back.is_some(), &GOODS, 1, original) {
            ReturnAdmission::New => {
                let sold = self.sold.clone().unwrap();
                let lines = [return_line("1", Some("1"), 1, 0)];
                let done = returned(Some(&self.account), "b-1", &lines, Some((&sold, &self.so_far)), at(2));
                assert!(self.came_back.is_none() && done.beyond.is_empty(), "one return, one outcome (P2)");
                (self.account, self.so_far, self.came_back) = (done.account.unwrap(), done.so_far, Some(done.outcome));
                self.goods = Some(ReceiptEntry::new(Aggregate::Own, EntryState::Returned, GOODS, 1, day()));
            }
            ReturnAdmission::Park => {
                let state = EntryState::Parked { original: self.receipt.id.clone() };
                self.goods = Some(ReceiptEntry::new(Aggregate::Own, state, GOODS, 1, day()));
                let awaited = || ReceiptEntry::new(Aggregate::Own, EntryState::Awaited, [0; 32], 0, day());
                self.sale.get_or_insert_with(awaited).park(receipt_id("b-1"), vec![1]).unwrap();
            }
            ReturnAdmission::Repeat | ReturnAdmission::RepeatParked => {}
            refused @ (ReturnAdmission::Conflict | ReturnAdmission::Voided) => {
                panic!("a return is never {refused:?} here")
            }
        }
    }

    /// P2, P4 and P5 after each message; `before` is the world before it.
    fn check(&self, before: &Self) {
        for (old, new) in [(&before.sold, &self.sold), (&before.came_back, &self.came_back)] {
            assert!(old.is_none() || old == new, "an outcome never changes (P2)");
        }
        let outcomes: Vec<&Outcome> = [&self.sold, &self.came_back].into_iter().flatten().collect();
        let postings = || outcomes.iter().flat_map(|outcome| &outcome.postings).filter(|posting| posting.asset == asset(POINTS));
        let to_lots: i64 =
            postings().filter(|posting| matches!(posting.place, PostingPlace::Lot(_))).map(|posting| posting.units.units()).sum();
        let balances = self.account.balances(at(2));
        assert_eq!(balances[0].vested.units(), 100 + to_lots, "balance = what was there + postings (P5)");
        assert!(balances[0].held <= balances[0].vested, "no more is held than is there (P4)");
        let issued: i64 = postings()
            .filter(|posting| posting.place == PostingPlace::Book(Book::Issued))
            .map(|posting| posting.units.units())
            .sum();
        assert_eq!(issued, if self.sold.is_some() { -10 } else { 0 }, "granted once (P4)");
        let expected = match (&self.sold, &self.came_back) {
            (None, _) => 100,
            (Some(_), None) => 60,
            (Some(_), Some(_)) => 100,
        };
        assert_eq!(balances[0].vested.units(), expected);
        let is_over = self.sold.is_some() || self.sale.as_ref().is_some_and(|entry| entry.state == EntryState::Voided);
        let held: Vec<&Promise> = self.account.open_quotes.iter().flat_map(|quote| &quote.holds).collect();
        assert!(!is_over || held.is_empty(), "a receipt that is over holds nothing");
        let waits = self.sale.as_ref().is_some_and(|entry| !entry.parked.is_empty());
        assert!(!(waits && self.sold.is_some()), "a parked return is applied when its original arrives");
    }
}

#[test]
fn p2_p4_p5_h11_h12_hold_in_every_order_of_quote_settle_void_and_return_each_once_and_twice() {
    let mut worlds = vec![World::new()];
    let mut steps = 0_u32;
    for _ in 0..4 {
        let mut next = Vec::new();
        for world in &worlds {
            for message in MESSAGES {
                let mut once = world.clone();
                once.deliver(message);
                once.check(world);
                let mut twice = once.clone();
                twice.deliver(message);
                twice.check(&once);
                assert!(
                    twice.account == once.account && twice.sold == once.sold && twice.sale == once.sale,
                    "{message:?} twice is once"
                );
                steps += 2;
                next.push(once);
            }
        }
        worlds = next;
    }
    assert_eq!(steps, 2 * (7 + 49 + 343 + 2_401));
    assert!(worlds.iter().any(|world| world.came_back.is_some() && world.voided.is_some()), "the model reaches its corners");
}
