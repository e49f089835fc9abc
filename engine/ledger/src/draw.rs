//! Drawing winners among tickets so that anybody can do it again and come to the same.
//!
//! Before the draw its list of tickets is closed, and three things are told: the list's digest, a commitment to a secret,
//! and from which public source a value will come that nobody knows yet. Then the value is known, the secret is told, and
//! both with the list decide. Whoever closed the list did not know the value, whoever makes the value does not know the
//! secret, and neither can be exchanged afterwards. All digests are SHA-256 of texts (FIPS 180-4), written in hexadecimal:
//!
//! - the list: the good tickets' numbers, a line each, by series and then by place;
//! - the commitment: of the secret's 64 hexadecimal digits;
//! - the seed: of the lines `tessera draw 1`, the draw's id, the list's digest, the secret, the value;
//! - block `i`, from 0: of the lines seed and `i`. Its first 16 digits are a number below 2⁶⁴.
//!
//! A number below `m` is the next block's modulo `m`, where it is below the greatest multiple of `m`; else that block is
//! left out, so that no ticket is likelier than another (Knuth, The Art of Computer Programming 2, 3.4.1). Winners come by
//! the shuffle of Fisher and Yates in Durstenfeld's form (CACM 7, 1964, Algorithm 235): for `p` from 0 on, the ticket at
//! `p` changes places with the one at `p` and a number below how many are left, and is drawn. That a public value drawn
//! later decides is the way of RFC 3797, which chooses committees so.

mod spelling;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use compact_str::{CompactString, format_compact};
use sha2::{Digest, Sha256};

pub use spelling::{Spelling, SpellingError};

/// Digits of a block that are its number.
const NUMBER_DIGITS: usize = 16;

/// The good tickets of a draw in their order. Each is a place in a series, and a series is an account's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TicketList {
    /// Ascending, each once.
    series: Vec<CompactString>,
    /// By place of the series and place of the ticket, each once.
    tickets: Vec<(u32, u32)>,
}

/// A line of a list is no ticket, or stands at another place than where it belongs.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ListError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl TicketList {
    /// Of series with their good places, in any order.
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = (CompactString, u32)>) -> Self {
        let mut by_series: BTreeMap<CompactString, BTreeSet<u32>> = BTreeMap::new();
        for (series, place) in given {
            by_series.entry(series).or_default().insert(place);
        }
        let mut list = Self::default();
        for (number, (series, places)) in (0_u32..).zip(by_series) {
            list.series.push(series);
            list.tickets.extend(places.into_iter().map(|place| (number, place)));
        }
        list
    }

    /// Reads a list as it is published: a number a line.
    ///
    /// # Errors
    /// The first line that is no ticket's number or not in order.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let mut list = Self::default();
        for (number, line) in text.lines().enumerate() {
            let wrong = |what| ListError { line: number.saturating_add(1), what };
            let (series, place) = line.rsplit_once('-').ok_or_else(|| wrong("is no number of a ticket"))?;
            let place = place.parse::<u32>().ok().filter(|place| *place > 0 && format!("{place}") == line_end(line));
            let place = place.ok_or_else(|| wrong("is no number of a ticket"))?;
            if list.series.last().is_none_or(|last| last.as_str() != series) {
                if list.series.last().is_some_and(|last| last.as_str() > series) {
                    return Err(wrong("stands behind a later series"));
                }
                list.series.push(CompactString::from(series));
            }
            let ticket = (u32::try_from(list.series.len().saturating_sub(1)).unwrap_or(u32::MAX), place);
            if list.tickets.last().is_some_and(|last| *last >= ticket) {
                return Err(wrong("stands behind a later ticket of its series"));
            }
            list.tickets.push(ticket);
        }
        Ok(list)
    }

    /// How many tickets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// How many series have tickets in it.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series.len()
    }

    /// Series and place of a ticket, by its place in the list.
    #[must_use]
    pub fn ticket(&self, index: usize) -> Option<(&str, u32)> {
        let (series, place) = *self.tickets.get(index)?;
        Some((self.series.get(usize::try_from(series).ok()?)?.as_str(), place))
    }

    /// The numbers in their order.
    pub fn numbers(&self) -> impl Iterator<Item = CompactString> {
        let tickets = (0..self.len()).filter_map(|index| self.ticket(index));
        tickets.map(|(series, place)| format_compact!("{series}-{place}"))
    }

    /// How many tickets each series has.
    fn by_series(&self) -> BTreeMap<&str, u32> {
        let mut counts = BTreeMap::new();
        for (series, _) in (0..self.len()).filter_map(|index| self.ticket(index)) {
            let count: &mut u32 = counts.entry(series).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }

    /// SHA-256 of the list as it is published.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for number in self.numbers() {
            hasher.update(number.as_bytes());
            hasher.update(b"\n");
        }
        hasher.finalize().into()
    }
}

fn line_end(line: &str) -> &str {
    line.rsplit_once('-').map_or("", |(_, end)| end)
}

/// What decides, beside the list.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The draw's id.
    pub draw: &'a str,
    /// The digest that the list had when it was closed.
    pub list: [u8; 32],
    /// What the commitment was made to.
    pub secret: [u8; 32],
    /// The public value, one line.
    pub value: &'a str,
    /// How many winners there are to be.
    pub winners: usize,
    /// Of each series one ticket at most wins.
    pub one_each: bool,
}

/// What was drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawn {
    /// The seed.
    pub seed: [u8; 32],
    /// Winners in the order of their prizes, by their places in the list.
    pub winners: Vec<usize>,
    /// Drawn, and no winners since they are out: given back after the list was closed.
    pub out: Vec<usize>,
    /// How many were drawn and did not win since another ticket of their series had won.
    pub again: usize,
}

/// What is told of a secret before it is: SHA-256 of its hexadecimal digits.
#[must_use]
pub fn commitment(secret: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(hex(secret).as_bytes()).into()
}

/// Draws until there are as many winners as wanted, or nobody is left who can win. `is_out` says of a series and place
/// whether that ticket has been given back since the list was closed.
#[must_use]
pub fn draw(list: &TicketList, terms: &Terms<'_>, is_out: impl Fn(&str, u32) -> bool) -> Drawn {
    let seed = seed(terms);
    let mut numbers = Numbers { seed: hex(&seed), block: 0 };
    let mut drawn = Drawn { seed, winners: Vec::new(), out: Vec::new(), again: 0 };
    // The shuffled list, as far as it differs from the list.
    let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
    let mut open = if terms.one_each { list.by_series() } else { BTreeMap::new() };
    for place in 0..list.len() {
        if drawn.winners.len() >= terms.winners || (terms.one_each && open.is_empty()) {
            break;
        }
        let left = u64::try_from(list.len().saturating_sub(place)).unwrap_or(u64::MAX);
        let step = usize::try_from(numbers.below(left)).unwrap_or(0);
        let other = place.saturating_add(step);
        let index = moved.get(&other).copied().unwrap_or(other);
        let here = moved.remove(&place).unwrap_or(place);
        if other != place {
            moved.insert(other, here);
        }
        let Some((series, number)) = list.ticket(index) else { continue };
        if terms.one_each && !open.contains_key(series) {
            drawn.again = drawn.again.saturating_add(1);
        } else if is_out(series, number) {
            drawn.out.push(index);
            lose_one(&mut open, series);
        } else {
            drawn.winners.push(index);
            open.remove(series);
        }
    }
    drawn
}

/// One ticket of a series is out; a series that has no other can win nothing.
fn lose_one(open: &mut BTreeMap<&str, u32>, series: &str) {
    if let Some(left) = open.get_mut(series) {
        *left = left.saturating_sub(1);
        if *left == 0 {
            open.remove(series);
        }
    }
}

fn seed(terms: &Terms<'_>) -> [u8; 32] {
    let (list, secret) = (hex(&terms.list), hex(&terms.secret));
    let text = format!("tessera draw 1\n{}\n{list}\n{secret}\n{}\n", terms.draw, terms.value);
    Sha256::digest(text.as_bytes()).into()
}

/// In hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Numbers of a seed, one after another.
#[derive(Debug)]
struct Numbers {
    seed: String,
    block: u64,
}

impl Numbers {
    /// Each number from 0 to one less than `most` is as likely.
    fn below(&mut self, most: u64) -> u64 {
        // 2⁶⁴ modulo `most`: so many of the greatest numbers would favour the smallest results.
        let uneven = u64::MAX.checked_rem(most).map_or(0, |rest| rest.saturating_add(1)).checked_rem(most).unwrap_or(0);
        let greatest = u64::MAX.saturating_sub(uneven);
        loop {
            let number = self.next();
            if number <= greatest {
                return number.checked_rem(most).unwrap_or(0);
            }
        }
    }

    fn next(&mut self) -> u64 {
        let text = hex(&Sha256::digest(format!("{}\n{}\n", self.seed, self.block).as_bytes()));
        self.block = self.block.saturating_add(1);
        let digits = text.get(..NUMBER_DIGITS).unwrap_or_default();
        u64::from_str_radix(digits, 16).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
