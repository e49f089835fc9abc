//! Whether this machine itself stood still: then what a till waited says nothing of the gateway.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// A beat that comes later than this by so much is a slip.
const SLIP: Duration = Duration::from_millis(100);
const BEAT: Duration = Duration::from_millis(10);

/// The slips so far: from when to when.
#[derive(Clone, Debug, Default)]
pub(super) struct Heartbeat {
    slips: Arc<Mutex<Vec<(Instant, Instant)>>>,
}

impl Heartbeat {
    pub(super) fn start() -> Self {
        let heartbeat = Self::default();
        let slips = Arc::clone(&heartbeat.slips);
        tokio::spawn(async move {
            loop {
                let began = Instant::now();
                sleep(BEAT).await;
                if began.elapsed() > BEAT + SLIP {
                    slips.lock().unwrap().push((began, Instant::now()));
                }
            }
        });
        heartbeat
    }

    /// How long the machine stood still between two times.
    pub(super) fn slipped(&self, from: Instant, to: Instant) -> Duration {
        overlap(&self.slips.lock().unwrap(), from, to)
    }

    pub(super) fn count(&self) -> usize {
        self.slips.lock().unwrap().len()
    }
}

/// How much of the time between two moments lies in one of these, which do not overlap.
fn overlap(slips: &[(Instant, Instant)], from: Instant, to: Instant) -> Duration {
    slips.iter().map(|(began, ended)| to.min(*ended).saturating_duration_since(from.max(*began))).sum()
}

#[test]
fn only_the_time_in_which_the_machine_stood_still_excuses_a_late_answer() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let slips = [(at(100), at(300)), (at(500), at(600))];
    let table = [(0, 100, 0), (0, 50, 0), (0, 150, 50), (150, 200, 50), (0, 1_000, 300), (550, 2_000, 50), (300, 500, 0)];
    for (from, to, expected) in table {
        assert_eq!(overlap(&slips, at(from), at(to)), Duration::from_millis(expected), "{from} to {to}");
    }
}
