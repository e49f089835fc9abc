//! What customers want of messages: none at all, or some channel before others. Nothing personal stands here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_storage::Version;

use super::book::{Book, BookError};
use super::layout;
use super::plan::Channel;

/// What one customer wants.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// Since when they want no messages; none: they do.
    pub stopped_at: Option<Timestamp>,
    /// The channels that they want, the first one first; those that are not named come behind, by cost.
    pub order: Vec<Channel>,
}

/// Changes what a customer wants, and gives it as it is then.
///
/// # Errors
/// The storage failed.
pub async fn change(book: &Book, customer: &str, mut change: impl FnMut(&mut Wishes)) -> Result<Wishes, BookError> {
    let partition = layout::customer(customer);
    loop {
        let kept = book.read::<Wishes>("a customer", &partition).await?;
        let (version, mut wishes) = kept.map_or((Version::NONE, Wishes::default()), |kept| (kept.version, kept.value));
        change(&mut wishes);
        if book.write(partition.clone(), version, &wishes).await? {
            return Ok(wishes);
        }
    }
}
