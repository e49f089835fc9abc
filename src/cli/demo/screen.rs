//! The live view: on a terminal a line for each till, elsewhere a line now and then.

use std::fmt;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::tally::Tally;
use super::till::Told;
use crate::cli::print;

/// Tills that have a line of their own on a terminal.
const TILL_LINES_MAX: usize = 16;
/// How often the terminal's head is drawn anew.
const REDRAW_EVERY: Duration = Duration::from_millis(200);
/// How often a line is printed where nobody sits at a terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(1);

/// The live view.
pub(super) enum Screen {
    /// Standard error is a terminal.
    Terminal { head: ProgressBar, tills: Vec<ProgressBar>, began: Instant },
    /// It is not.
    Plain { began: Instant, printed: Option<Instant> },
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminal { .. } => "Terminal",
            Self::Plain { .. } => "Plain",
        })
    }
}

impl Screen {
    /// A view of so many tills that sell for so long.
    pub(super) fn new(tills: usize, lasts: Duration) -> Self {
        let began = Instant::now();
        if !std::io::stderr().is_terminal() {
            return Self::Plain { began, printed: None };
        }
        let all = MultiProgress::new();
        let head = all.add(ProgressBar::new(lasts.as_secs()));
        head.set_style(style("{wide_bar} {elapsed} of {len} s  {msg}"));
        head.enable_steady_tick(REDRAW_EVERY);
        let tills = (1..=tills.min(TILL_LINES_MAX)).map(|number| {
            let line = all.add(ProgressBar::no_length());
            line.set_style(style("{prefix:>8} {wide_msg}"));
            line.set_prefix(format!("till {number}"));
            line
        });
        Self::Terminal { head, tills: tills.collect(), began }
    }

    /// Shows what a till has just done.
    pub(super) fn show(&mut self, told: &Told, tally: &Tally) {
        match self {
            Self::Terminal { head, tills, began } => {
                head.set_position(began.elapsed().as_secs());
                head.set_message(rate(tally, began.elapsed()));
                if let Some(line) = told.till.checked_sub(1).and_then(|place| tills.get(place)) {
                    line.set_message(told.text.clone());
                }
            }
            Self::Plain { began, printed } => {
                if printed.is_none_or(|printed| printed.elapsed() >= PLAIN_EVERY) {
                    *printed = Some(Instant::now());
                    print(&format!("{}  till {}: {}\n", rate(tally, began.elapsed()), told.till, told.text));
                }
            }
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn finish(self) {
        match self {
            Self::Terminal { head, tills, .. } => {
                for line in tills {
                    line.finish_and_clear();
                }
                head.finish_and_clear();
            }
            Self::Plain { .. } => {}
        }
    }
}

/// A template that cannot be read costs the shape of the line, never the demo.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn rate(tally: &Tally, elapsed: Duration) -> String {
    format!("{} receipts, {}/s", tally.visits(), per_second(tally.visits(), elapsed))
}

/// Whole receipts a second.
pub(super) fn per_second(receipts: u64, elapsed: Duration) -> u64 {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    receipts.saturating_mul(1_000).checked_div(milliseconds).unwrap_or(0)
}
