//! Takes what is there of a feed, whole commits, so that what is done with it shares its fsyncs.

use std::time::Duration;

use tessera_proto::feed::v1::FollowResponse;
use tokio::time::{Instant, timeout_at};

use super::{FollowError, Follower};
use crate::limits::BATCH_OUTCOMES_MAX;

/// How long a batch waits for more after its first outcome: what is under way shares its fsyncs.
const LINGER: Duration = Duration::from_millis(5);

/// Some outcomes in the order of the feed.
#[derive(Clone, Debug)]
pub struct Batch {
    /// At least one; the last one ends a commit.
    pub responses: Vec<FollowResponse>,
    /// More may come.
    pub is_open: bool,
}

/// Waits for the first outcome, then takes what is there. Ends before an outcome behind the commit `until`, where one is given.
/// None: the feed is caught up, or `until` is reached.
///
/// May be dropped while it waits for the first outcome. Dropped later, what was taken is lost to this follower.
///
/// # Errors
/// The feed broke off for good.
pub async fn next_batch(follower: &mut Follower, until: Option<u64>) -> Result<Option<Batch>, FollowError> {
    let is_behind = |response: &FollowResponse| until.is_some_and(|until| response.sequence > until);
    let Some(first) = follower.next().await? else { return Ok(None) };
    if is_behind(&first) {
        return Ok(None);
    }
    let mut responses = vec![first];
    let mut is_open = true;
    let more_until = Instant::now() + LINGER;
    loop {
        let is_whole = responses.last().is_none_or(|last| !last.cursor.is_empty());
        if is_whole && responses.len() >= BATCH_OUTCOMES_MAX {
            break;
        }
        // A commit that has begun is waited for: its outcomes are sent together.
        let next = if is_whole {
            match timeout_at(more_until, follower.next()).await {
                Ok(next) => next?,
                Err(_) => break,
            }
        } else {
            follower.next().await?
        };
        match next.filter(|next| !is_behind(next)) {
            Some(next) => responses.push(next),
            None => {
                is_open = false;
                break;
            }
        }
    }
    Ok(Some(Batch { responses, is_open }))
}
