//! Series: things with serial numbers that are issued to cashiers, handed out by them, and accounted for.
//!
//! What was issued and what was told of it are put in the order of their times; from that follows who holds which serial
//! numbers now, and what does not agree. Nothing of it is kept but what was issued: what was handed out stands in outcomes.

mod held;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use compact_str::{CompactString, format_compact};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::id::CashierId;

use self::held::Held;

/// Digits at the end of a serial number that are counted.
const DIGITS_MAX: usize = 18;
/// Things that are issued at once.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// A serial number: what stands before its last digits, and those.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Serial {
    /// What all numbers of a roll begin with.
    pub prefix: CompactString,
    /// Digits of the number, leading zeros among them.
    pub digits: u8,
    /// The number.
    pub number: u64,
}

/// Serial numbers that follow one another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The first of them.
    pub first: Serial,
    /// How many, above zero.
    pub count: u32,
}

/// Things that went to a cashier, or came back from one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Issue {
    /// Who has it done; a repeat has the same.
    pub request: CompactString,
    /// The cashier.
    pub cashier: CashierId,
    /// Which things.
    pub run: Run,
    /// They came back.
    pub taken_back: bool,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub at: Timestamp,
}

/// How handing out went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Went {
    /// The customer has it.
    Done,
    /// The customer did not want it.
    Refused,
    /// The cashier had none.
    NoneLeft,
}

/// What an outcome tells of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The receipt, or the hand-over.
    pub receipt: CompactString,
    /// Who handed it out; none: nobody is named.
    pub cashier: Option<CashierId>,
    /// How it went.
    pub went: Went,
    /// The serial number of the first thing, as it was told; empty: none.
    pub serial: CompactString,
    /// How many things.
    pub quantity: u32,
    /// When it was booked.
    pub at: Timestamp,
}

/// What one cashier has of a series.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Count {
    /// Things that were issued.
    pub issued: u64,
    /// Things that came back.
    pub taken_back: u64,
    /// Things that customers have, as was told.
    pub handed_over: u64,
    /// How often a customer did not want it.
    pub refused: u64,
    /// How often there was none.
    pub none_left: u64,
    /// What the cashier must still have.
    pub left: Vec<Run>,
}

/// What does not agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Differs {
    /// It was handed over, and no serial number was told, or none that can be read.
    NoSerial,
    /// It was handed over and had been issued to nobody, or had come back.
    NotIssued,
    /// It was handed over by somebody else than it had been issued to.
    OtherCashier,
    /// It was handed over twice.
    Twice,
    /// The cashier said that none was left, and had some.
    SomeWereLeft,
}

/// Something that does not agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What.
    pub differs: Differs,
    /// Who told it; none: nobody is named.
    pub cashier: Option<CashierId>,
    /// The first serial number that it is about; empty: none.
    pub serial: CompactString,
    /// How many it is about.
    pub quantity: u32,
    /// The receipt, or the hand-over.
    pub receipt: CompactString,
}

/// How a series stands.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Account {
    /// By cashier; none: what was told without a name.
    pub cashiers: BTreeMap<Option<CashierId>, Count>,
    /// What does not agree, in the order of time.
    pub differences: Vec<Difference>,
}

/// Why things can neither be issued nor taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IssueRefusal {
    /// The serial number has no digits at its end, or too many.
    NoSerial,
    /// The last one would have more digits than the first one.
    TooMany,
    /// Some of them are with a cashier already, or with customers.
    AlreadyIssued,
    /// Some of them are not with this cashier.
    NotWithCashier,
}

impl Serial {
    /// Reads one: its last digits, up to 18, are counted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().rev().take_while(u8::is_ascii_digit).take(DIGITS_MAX).count();
        let (prefix, number) = text.split_at_checked(text.len().checked_sub(digits)?)?;
        let digits = u8::try_from(digits).ok().filter(|digits| *digits > 0)?;
        Some(Self { prefix: prefix.into(), digits, number: number.parse().ok()? })
    }

    /// The serial number so many places behind it; none: it would have more digits.
    #[must_use]
    pub fn behind(&self, places: u64) -> Option<Self> {
        let number = self.number.checked_add(places)?;
        let fits = 10_u64.checked_pow(u32::from(self.digits)).is_some_and(|end| number < end);
        fits.then(|| Self { number, ..self.clone() })
    }

    /// As it is printed.
    #[must_use]
    pub fn text(&self) -> CompactString {
        format_compact!("{}{:0width$}", self.prefix, self.number, width = usize::from(self.digits))
    }
}

impl Run {
    /// So many serial numbers from one on.
    ///
    /// # Errors
    /// The first is none, or the last would be none.
    pub fn parse(first: &str, count: u32) -> Result<Self, IssueRefusal> {
        let first = Serial::parse(first).ok_or(IssueRefusal::NoSerial)?;
        let run = Self { first, count };
        run.last().is_some().then_some(run).ok_or(IssueRefusal::TooMany)
    }

    /// The last of them.
    #[must_use]
    pub fn last(&self) -> Option<Serial> {
        self.first.behind(u64::from(self.count).checked_sub(1)?)
    }
}

/// Whether things can be issued or taken back, by what was issued before and what is told of it.
///
/// # Errors
/// They are elsewhere.
pub fn may_issue(issues: &[Issue], told: &[Told], new: &Issue) -> Result<(), IssueRefusal> {
    let (held, _) = account_held(issues, told);
    if new.taken_back {
        let pieces = held.of(&new.run);
        let own = pieces.iter().filter(|(cashier, _)| *cashier == new.cashier).map(|(_, run)| u64::from(run.count));
        let own = own.fold(0, u64::saturating_add);
        return if own == u64::from(new.run.count) { Ok(()) } else { Err(IssueRefusal::NotWithCashier) };
    }
    let is_free = held.of(&new.run).is_empty() && !held.was_handed_over(&new.run);
    is_free.then_some(()).ok_or(IssueRefusal::AlreadyIssued)
}

/// How a series stands, by what was issued and what is told of it.
#[must_use]
pub fn account(issues: &[Issue], told: &[Told]) -> Account {
    let (held, mut account) = account_held(issues, told);
    for (cashier, run) in held.all() {
        account.cashiers.entry(Some(cashier.clone())).or_default().left.push(run);
    }
    account
}

/// What happened, in the order of time; what was issued at the same moment goes first.
fn account_held(issues: &[Issue], told: &[Told]) -> (Held, Account) {
    let mut events: Vec<(Timestamp, Result<&Issue, &Told>)> = Vec::with_capacity(issues.len().saturating_add(told.len()));
    events.extend(issues.iter().map(|issue| (issue.at, Ok(issue))));
    events.extend(told.iter().map(|told| (told.at, Err(told))));
    events.sort_by_key(|(at, what)| (*at, what.is_err()));
    let (mut held, mut account) = (Held::default(), Account::default());
    for (_, event) in events {
        match event {
            Ok(issue) => account.issue(&mut held, issue),
            Err(told) => account.tell(&mut held, told),
        }
    }
    (held, account)
}

impl Account {
    fn issue(&mut self, held: &mut Held, issue: &Issue) {
        let count = self.cashiers.entry(Some(issue.cashier.clone())).or_default();
        let quantity = u64::from(issue.run.count);
        if issue.taken_back {
            count.taken_back = count.taken_back.saturating_add(quantity);
            let _gone = held.take(&issue.run);
        } else {
            count.issued = count.issued.saturating_add(quantity);
            held.put(&issue.cashier, &issue.run);
        }
    }

    fn tell(&mut self, held: &mut Held, told: &Told) {
        let count = self.cashiers.entry(told.cashier.clone()).or_default();
        match told.went {
            Went::Refused => count.refused = count.refused.saturating_add(1),
            Went::NoneLeft => {
                count.none_left = count.none_left.saturating_add(1);
                let had = told.cashier.as_ref().is_some_and(|cashier| held.all().any(|(known, _)| known == cashier));
                if had {
                    self.differ(Differs::SomeWereLeft, told, "", told.quantity);
                }
            }
            Went::Done => {
                count.handed_over = count.handed_over.saturating_add(u64::from(told.quantity));
                self.hand_over(held, told);
            }
        }
    }

    fn hand_over(&mut self, held: &mut Held, told: &Told) {
        let Ok(run) = Run::parse(&told.serial, told.quantity) else {
            return self.differ(Differs::NoSerial, told, &told.serial, told.quantity);
        };
        let twice = held.handed_over_of(&run);
        let taken = held.take(&run);
        for (cashier, piece) in &taken {
            if told.cashier.as_ref() != Some(cashier) {
                self.differ(Differs::OtherCashier, told, &piece.first.text(), piece.count);
            }
        }
        for piece in &twice {
            self.differ(Differs::Twice, told, &piece.first.text(), piece.count);
        }
        let known = taken.iter().map(|(_, piece)| piece.count).chain(twice.iter().map(|piece| piece.count));
        let unknown = told.quantity.saturating_sub(known.fold(0, u32::saturating_add));
        if unknown > 0 {
            self.differ(Differs::NotIssued, told, &told.serial, unknown);
        }
        held.note_handed_over(&run);
    }

    fn differ(&mut self, differs: Differs, told: &Told, serial: &str, quantity: u32) {
        let (cashier, receipt) = (told.cashier.clone(), told.receipt.clone());
        self.differences.push(Difference { differs, cashier, serial: serial.into(), quantity, receipt });
    }
}
