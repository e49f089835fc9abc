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

    /// Whether the machine stood still somewhere between two times.
    pub(super) fn slipped(&self, from: Instant, to: Instant) -> bool {
        self.slips.lock().unwrap().iter().any(|(began, ended)| *began < to && from < *ended)
    }

    pub(super) fn count(&self) -> usize {
        self.slips.lock().unwrap().len()
    }
}
