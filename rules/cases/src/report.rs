//! What became of a case: nothing, or the fields that came out otherwise.

use std::fmt;

/// A field that came out otherwise than stated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Where, such as `lines / 2 / amount`, or the promise that was broken.
    pub field: String,
    /// What the case states.
    pub expected: String,
    /// What came of it.
    pub got: String,
}

/// One case after it was run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The case file's name.
    pub file: String,
    /// The line on which the case begins, from 1.
    pub line: u32,
    /// The case's name.
    pub name: String,
    /// Its reasons for what it expects, as written.
    pub why: Option<String>,
    /// Empty where it came out as stated.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Whether everything came out as stated.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_ok() { "ok    " } else { "FAILED" };
        write!(f, "{word} {}:{} {}", self.file, self.line, self.name)?;
        if self.is_ok() {
            return Ok(());
        }
        if let Some(why) = &self.why {
            write!(f, "\n       why: {why}")?;
        }
        let column = |title: &str, read: fn(&Difference) -> &str| {
            let widest = self.differences.iter().map(|difference| read(difference).chars().count()).max().unwrap_or(0);
            widest.max(title.chars().count()).min(COLUMN_WIDTH_MAX)
        };
        let field = column("field", |difference| &difference.field);
        let expected = column("expected", |difference| &difference.expected);
        write!(f, "\n       {:field$}  {:expected$}  got", "field", "expected")?;
        for difference in &self.differences {
            write!(f, "\n       {:field$}  {:expected$}  {}", difference.field, difference.expected, difference.got)?;
        }
        Ok(())
    }
}

/// A column wider than this would push the next one out of sight.
const COLUMN_WIDTH_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_stands_in_columns() {
        let difference = |field: &str, expected: &str, got: &str| Difference {
            field: field.into(),
            expected: expected.into(),
            got: got.into(),
        };
        let report = Report {
            file: "a.yaml".into(),
            line: 3,
            name: "three for two".into(),
            why: Some("3 x 5 - 5 = 10".into()),
            differences: vec![difference("total", "10.00", "15.00"), difference("lines / 1", "{amount: 10.00}", "nothing")],
        };
        let shown = "FAILED a.yaml:3 three for two\n       why: 3 x 5 - 5 = 10\n       \
                     field      expected         got\n       \
                     total      10.00            15.00\n       \
                     lines / 1  {amount: 10.00}  nothing";
        assert_eq!(report.to_string(), shown);
        let ok = Report { differences: Vec::new(), ..report };
        assert_eq!(ok.to_string(), "ok     a.yaml:3 three for two");
    }
}
