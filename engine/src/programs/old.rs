//! Revisions that were stored before there were acts: they get the acts that they lack, with the numbers that
//! outcomes know them by.

use blake3::Hash;

use super::act::{By, Done, Publication};
use super::documents::What;
use super::error::ProgramsError;
use super::schedule::Schedule;
use super::{Programs, compile};

impl Programs {
    /// Writes an act for each, once.
    pub(super) async fn take_over_old_revisions(&self) -> Result<(), ProgramsError> {
        if !self.documents.acts_after(0).await?.is_empty() {
            return Ok(());
        }
        let mut schedule = Schedule::empty();
        for number in self.documents.numbers(What::Revision).await? {
            let Some((valid_from, sources)) = self.documents.old_revision(number).await? else { continue };
            let compiled = compile(number, valid_from, sources.clone()).await?;
            self.documents.put_sources(Hash::from_bytes(compiled.revision.hash()), &sources).await?;
            let made = Publication::of(&compiled.revision, Some(valid_from), "");
            schedule = self.record(&schedule, By::Nobody, Done::Published(made)).await?;
            tracing::info!(number, "a revision of an earlier version was taken over");
        }
        Ok(())
    }
}
