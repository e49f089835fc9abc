//! What a person signs: a text that names one act in one engine's history, and fits nothing else.
//!
//! The form is the contract's, in `tessera/admin/v1/revision.proto`; a change of it needs another first line.

use blake3::Hash;
use jiff::Timestamp;

/// What every statement begins with, so that the signature of one is good for nothing else.
const FIRST_LINE: &str = "tessera programs, statement 1";

/// A statement about one revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statement<'a> {
    /// The revision that the act makes, approves or takes back.
    pub revision: u64,
    /// BLAKE3 over its sources.
    pub content: Hash,
    /// What is done with it.
    pub act: StatedAct<'a>,
}

/// What is done with a revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatedAct<'a> {
    /// It is made from new sources.
    Publish {
        /// When it starts; none: at once.
        starts: Option<Timestamp>,
        /// What for.
        note: &'a str,
        /// Hash of the act that made the revision numbered one lower; for revision 1 the history's origin.
        after: Hash,
    },
    /// It is made from the sources of an older one, and starts at once.
    RollBack {
        /// The older one.
        restores: u64,
        /// What for.
        note: &'a str,
        /// Hash of the act that made the revision numbered one lower.
        after: Hash,
    },
    /// A second person agrees to it.
    Approve {
        /// Hash of the act that made it.
        agrees_to: Hash,
    },
    /// It is taken back before it starts.
    Withdraw {
        /// Hash of the act that made it.
        agrees_to: Hash,
    },
}

impl Statement<'_> {
    /// The text that is signed.
    ///
    /// INVARIANT: two statements have the same text only if they are equal; a note holds no line break.
    #[must_use]
    pub fn text(&self) -> String {
        let (act, middle, note, link) = match self.act {
            StatedAct::Publish { starts, note, after } => {
                let starts = starts.map_or_else(|| "at once".to_owned(), |at| at.to_string());
                ("publish", format!("starts: {starts}\n"), note, format!("after: {}", after.to_hex()))
            }
            StatedAct::RollBack { restores, note, after } => {
                ("roll back", format!("restores: {restores}\n"), note, format!("after: {}", after.to_hex()))
            }
            StatedAct::Approve { agrees_to } => ("approve", String::new(), "", format!("agrees to: {}", agrees_to.to_hex())),
            StatedAct::Withdraw { agrees_to } => ("withdraw", String::new(), "", format!("agrees to: {}", agrees_to.to_hex())),
        };
        let note = if note.is_empty() { String::new() } else { format!("note: {note}\n") };
        let (revision, content) = (self.revision, self.content.to_hex());
        format!("{FIRST_LINE}\nact: {act}\nrevision: {revision}\ncontent: {content}\n{middle}{note}{link}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Hash = Hash::from_bytes([0; 32]);

    fn publish(revision: u64, starts: Option<&str>, note: &'static str) -> Statement<'static> {
        let starts = starts.map(|text| text.parse().unwrap());
        let act = StatedAct::Publish { starts, note, after: ORIGIN };
        Statement { revision, content: blake3::hash(b"sources"), act }
    }

    #[test]
    fn the_text_is_the_one_of_the_contract() {
        let hex = blake3::hash(b"sources").to_hex();
        let zeros = "0".repeat(64);
        assert_eq!(
            publish(1, Some("2026-12-01T08:00:00Z"), "Advent").text(),
            format!(
                "tessera programs, statement 1\nact: publish\nrevision: 1\ncontent: {hex}\nstarts: 2026-12-01T08:00:00Z\n\
                 note: Advent\nafter: {zeros}\n"
            )
        );
        let act = StatedAct::Approve { agrees_to: ORIGIN };
        assert_eq!(
            Statement { act, ..publish(2, None, "") }.text(),
            format!("tessera programs, statement 1\nact: approve\nrevision: 2\ncontent: {hex}\nagrees to: {zeros}\n")
        );
    }

    #[test]
    fn no_two_statements_have_one_text() {
        let other = blake3::hash(b"other");
        let one = publish(1, None, "");
        let all = [
            one,
            publish(2, None, ""),
            publish(1, Some("2026-12-01T08:00:00Z"), ""),
            publish(1, Some("2026-12-01T08:00:00.000000001Z"), ""),
            publish(1, None, "a"),
            Statement { content: other, ..one },
            Statement { act: StatedAct::Publish { starts: None, note: "", after: other }, ..one },
            Statement { act: StatedAct::RollBack { restores: 1, note: "", after: ORIGIN }, ..one },
            Statement { act: StatedAct::RollBack { restores: 2, note: "", after: ORIGIN }, ..one },
            Statement { act: StatedAct::Approve { agrees_to: ORIGIN }, ..one },
            Statement { act: StatedAct::Approve { agrees_to: other }, ..one },
            Statement { act: StatedAct::Withdraw { agrees_to: ORIGIN }, ..one },
        ];
        let texts: std::collections::BTreeSet<String> = all.iter().map(Statement::text).collect();
        assert_eq!(texts.len(), all.len());
    }
}
