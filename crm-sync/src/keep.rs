//! Keeps a mirror behind an engine's feed: takes what is there, a batch at a time, and folds it.

use std::time::Duration;

use tessera_proto::feed::v1::FollowResponse;
use tokio::time::{Instant, timeout_at};

use crate::follow::{FollowError, Follower};
use crate::limits::BATCH_OUTCOMES_MAX;
use crate::mirror::{Mirror, MirrorError};
use crate::revisions::{RevisionError, Revisions};

/// How long a batch waits for more after its first outcome: what is under way shares its fsyncs.
const LINGER: Duration = Duration::from_millis(5);

/// A mirror cannot be kept any further.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The feed cannot be followed.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The mirror cannot be written.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The engine does not tell what a revision says.
    #[error(transparent)]
    Revision(#[from] RevisionError),
}

/// A mirror and what it is kept from.
#[derive(Debug)]
pub struct Keeper {
    /// The mirror.
    pub mirror: Mirror,
    /// The feed, from the mirror's place on.
    pub follower: Follower,
    /// Where revisions are asked for.
    pub revisions: Revisions,
}

impl Keeper {
    /// Folds one batch: waits for its first outcome, then takes what is there. Ends before an outcome behind the commit
    /// `until`, where one is given. False: the feed is caught up, or `until` is reached.
    ///
    /// May be dropped while it waits for the first outcome. Dropped later, the mirror is to be opened anew.
    ///
    /// # Errors
    /// The feed broke off for good, or the mirror cannot be written.
    pub async fn fold_next(&mut self, until: Option<u64>) -> Result<bool, KeepError> {
        let is_behind = |response: &FollowResponse| until.is_some_and(|until| response.sequence > until);
        let Some(first) = self.follower.next().await? else { return Ok(false) };
        if is_behind(&first) {
            return Ok(false);
        }
        let mut batch = vec![first];
        let mut is_open = true;
        let more_until = Instant::now() + LINGER;
        loop {
            let is_whole = batch.last().is_none_or(|last| !last.cursor.is_empty());
            if is_whole && batch.len() >= BATCH_OUTCOMES_MAX {
                break;
            }
            // A commit that has begun is waited for: its outcomes are sent together.
            let next = if is_whole {
                match timeout_at(more_until, self.follower.next()).await {
                    Ok(next) => next?,
                    Err(_) => break,
                }
            } else {
                self.follower.next().await?
            };
            match next.filter(|next| !is_behind(next)) {
                Some(next) => batch.push(next),
                None => {
                    is_open = false;
                    break;
                }
            }
        }
        self.revisions.tell(&self.mirror, &batch).await?;
        self.mirror.fold(&batch).await?;
        Ok(is_open)
    }
}
