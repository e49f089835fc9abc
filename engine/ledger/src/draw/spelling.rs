//! How the numbers of a lottery are written, so that who holds a draw has one way of writing them and no choice.
//!
//! Whoever could write `3 17 22` or `22, 3, 17` could try both, and take the one whose winners please. So a draw that is
//! decided by numbers says when it is closed how many there are, and their order and the signs between them say nothing.

use std::fmt;
use std::str::FromStr;

/// Groups of a value: the main numbers, and bonus numbers behind them.
const GROUPS_MAX: usize = 4;
/// Numbers of a group.
const NUMBERS_MAX: usize = 100;
/// The greatest number.
const NUMBER_MAX: u32 = 999_999;

/// How many numbers a value has, by group: `6`, or `5+2` for five numbers and two of another drum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spelling {
    /// At least 1 each, 1 to [`GROUPS_MAX`] of them.
    groups: Vec<usize>,
}

/// A text says no spelling, or a value is none of a spelling.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SpellingError {
    /// No spelling.
    #[error("must say how many numbers there are, such as 6 or 5+2: at most {GROUPS_MAX} groups of 1 to {NUMBERS_MAX} numbers")]
    NotASpelling,
    /// Another number of groups, or of numbers in a group.
    #[error("must have {wanted} numbers, such as {example}; it has {found}")]
    Count {
        /// What the draw was closed with.
        wanted: String,
        /// A value that has as many.
        example: String,
        /// How many this has, by group.
        found: String,
    },
    /// What stands there is no number.
    #[error("{0:?} is no number from 0 to {NUMBER_MAX}")]
    NotANumber(String),
    /// A number stands there twice in its group.
    #[error("{0} stands there twice")]
    Twice(u32),
}

impl FromStr for Spelling {
    type Err = SpellingError;

    fn from_str(text: &str) -> Result<Self, SpellingError> {
        let groups: Option<Vec<usize>> = text.split('+').map(|group| group.trim().parse().ok()).collect();
        let groups = groups.filter(|groups| groups.len() <= GROUPS_MAX).ok_or(SpellingError::NotASpelling)?;
        let right = groups.iter().all(|count| (1..=NUMBERS_MAX).contains(count));
        if right { Ok(Self { groups }) } else { Err(SpellingError::NotASpelling) }
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counts(&self.groups))
    }
}

impl Spelling {
    /// The one way in which a value is written: each group ascending, a blank between numbers, ` + ` between groups, no zeros
    /// before a number. Any order, and commas or semicolons between numbers, are read.
    ///
    /// # Errors
    /// Other counts than those of the spelling, what is no number, and a number twice in a group.
    pub fn spell(&self, value: &str) -> Result<String, SpellingError> {
        let groups: Vec<Vec<u32>> = value.split('+').map(numbers).collect::<Result<_, _>>()?;
        let found: Vec<usize> = groups.iter().map(Vec::len).collect();
        if found != self.groups {
            return Err(SpellingError::Count { wanted: self.to_string(), example: self.example(), found: counts(&found) });
        }
        Ok(written(&groups))
    }

    fn example(&self) -> String {
        let group = |count: &usize| (1_u32..).take(*count).collect();
        written(&self.groups.iter().map(group).collect::<Vec<Vec<u32>>>())
    }
}

/// The numbers of a group, ascending.
fn numbers(group: &str) -> Result<Vec<u32>, SpellingError> {
    let words = group.split(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';')).filter(|word| !word.is_empty());
    let number = |word: &str| {
        let number = word.parse().ok().filter(|number| *number <= NUMBER_MAX);
        number.ok_or_else(|| SpellingError::NotANumber(word.to_owned()))
    };
    let mut numbers: Vec<u32> = words.map(number).collect::<Result<_, _>>()?;
    numbers.sort_unstable();
    let twice = numbers.iter().zip(numbers.iter().skip(1)).find(|(one, next)| one == next);
    twice.map_or(Ok(()), |(number, _)| Err(SpellingError::Twice(*number)))?;
    Ok(numbers)
}

fn counts(groups: &[usize]) -> String {
    groups.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
}

fn written(groups: &[Vec<u32>]) -> String {
    let group = |numbers: &Vec<u32>| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    groups.iter().map(group).collect::<Vec<_>>().join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_way_of_being_written() {
        let table = [
            ("6", "44 3 17 22 41 9", "3 9 17 22 41 44"),
            ("6", " 3,9, 17;22\t041 44 ", "3 9 17 22 41 44"),
            ("5+2", "44 3 17 22 41 + 9 2", "3 17 22 41 44 + 2 9"),
            ("5 + 2", "3 17 22 41 44+2,9", "3 17 22 41 44 + 2 9"),
            ("1+1+1", "0+0+999999", "0 + 0 + 999999"),
        ];
        for (spelling, value, expected) in table {
            let spelling: Spelling = spelling.parse().unwrap();
            assert_eq!(spelling.spell(value).as_deref(), Ok(expected), "{value}");
            assert_eq!(spelling.spell(expected).as_deref(), Ok(expected), "{expected}");
            assert_eq!(spelling.to_string().parse(), Ok(spelling));
        }
    }

    #[test]
    fn p11_what_is_not_so_many_numbers_is_told() {
        let table = [
            ("5+2", "3 17 22 41 44 2 9", "must have 5+2 numbers, such as 1 2 3 4 5 + 1 2; it has 7"),
            ("5+2", "3 17 22 41 44 + 9", "must have 5+2 numbers, such as 1 2 3 4 5 + 1 2; it has 5+1"),
            ("2", "", "must have 2 numbers, such as 1 2; it has 0"),
            ("2", "3 x", "\"x\" is no number from 0 to 999999"),
            ("2", "3 -4", "\"-4\" is no number from 0 to 999999"),
            ("2", "3 1000000", "\"1000000\" is no number from 0 to 999999"),
            ("3", "3 4 3", "3 stands there twice"),
        ];
        for (spelling, value, expected) in table {
            let error = spelling.parse::<Spelling>().unwrap().spell(value).unwrap_err();
            assert_eq!(error.to_string(), expected, "{value}");
        }
        for text in ["", "0", "5+", "+2", "x", "101", "1+1+1+1+1", "-1", "5+0"] {
            assert_eq!(text.parse::<Spelling>(), Err(SpellingError::NotASpelling), "{text}");
        }
    }
}
