//! Waits until the mirror has everything that was committed when the question came.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::engine_at::EngineAt;
use crate::follow::Follower;
use crate::mirror::Folded;

/// How far a mirror was when it was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Freshness {
    /// It has everything that was committed when the question came.
    pub up_to_date: bool,
    /// Outcomes that it was behind then, as far as they were counted in time.
    pub behind: u64,
    /// The commit up to which it was folded when it was answered.
    pub sequence: u64,
    /// Why it is not known to be up to date. Empty: it is.
    pub reason: String,
}

/// Asks an engine how far its feed goes and waits for the mirror to get there.
#[derive(Clone, Debug)]
pub struct Fresh {
    engine: EngineAt,
    folded: watch::Receiver<Folded>,
}

impl Fresh {
    /// For the mirror of this engine.
    #[must_use]
    pub fn new(engine: impl Into<EngineAt>, folded: watch::Receiver<Folded>) -> Self {
        Self { engine: engine.into(), folded }
    }

    /// How far the mirror is.
    #[must_use]
    pub fn folded(&self) -> Folded {
        self.folded.borrow().clone()
    }

    /// Waits, no longer than `patience`, and says how far it came.
    pub async fn wait(&self, patience: Duration) -> Freshness {
        let until = Instant::now() + patience;
        let (mut behind, mut wanted) = (0_u64, 0_u64);
        let reason = match timeout_at(until, self.look_ahead(&mut behind, &mut wanted)).await {
            Ok(Ok(())) => {
                let mut folded = self.folded.clone();
                match timeout_at(until, folded.wait_for(|folded| folded.place.sequence >= wanted)).await {
                    Ok(Ok(_)) => String::new(),
                    Ok(Err(_)) => "the mirror follows no more".to_owned(),
                    Err(_) => "the mirror is behind".to_owned(),
                }
            }
            Ok(Err(reason)) => reason,
            Err(_) => "the mirror is far behind, or the engine does not answer".to_owned(),
        };
        Freshness { up_to_date: reason.is_empty(), behind, sequence: self.folded().place.sequence, reason }
    }

    /// Reads the feed from the mirror's place to where it ends now.
    async fn look_ahead(&self, behind: &mut u64, wanted: &mut u64) -> Result<(), String> {
        let position = self.folded().position();
        let mut follower = Follower::new(self.engine.clone(), position, false).map_err(|error| error.to_string())?;
        while let Some(response) = follower.next().await.map_err(|error| error.to_string())? {
            *behind = behind.saturating_add(1);
            *wanted = response.sequence;
        }
        Ok(())
    }
}
