//! Keeps a mirror behind an engine's feed: takes what is there, a batch at a time, and folds it.

use crate::follow::batch::{Batch, next_batch};
use crate::follow::{FollowError, Follower};
use crate::mirror::{Mirror, MirrorError};
use crate::revisions::{RevisionError, Revisions};

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
        let Some(Batch { responses, is_open }) = next_batch(&mut self.follower, until).await? else { return Ok(false) };
        self.revisions.tell(&self.mirror, &responses).await?;
        self.mirror.fold(&responses).await?;
        Ok(is_open)
    }
}
