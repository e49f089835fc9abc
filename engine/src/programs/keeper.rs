//! Keeps the programs ready: what is in force and what starts next is compiled before anybody needs it, and
//! what other engines published is found. None of it is needed for a right answer, only for a quick one.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::error::ProgramsError;
use super::schedule::Schedule;
use super::{Programs, Rules};

/// How often it is looked whether another revision is in force; memory alone is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// At every so many looks the storage is asked for what other engines did: one read.
const REFRESH_EVERY: u32 = 5;

impl Programs {
    /// Looks after the programs until nobody has them any more. A server runs it beside its calls.
    pub async fn keep_ready(programs: Weak<Self>) {
        let mut looks = 0_u32;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let Some(programs) = programs.upgrade() else { return };
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(REFRESH_EVERY)
                && let Err(error) = programs.refresh().await
            {
                tracing::error!(%error, "what other engines published could not be looked up");
            }
            programs.make_ready().await;
        }
    }

    /// Compiles what is in force, what starts next, and while there is room what was in force before.
    pub async fn make_ready(&self) {
        let schedule = self.schedule.load_full();
        // A failure is told where it happens, and again by the call that needs the revision.
        let _ = self.warm(&schedule).await;
        if self.revisions_made.has_room()
            && let Some(before) = schedule.before(self.now()).and_then(|number| schedule.entry(number))
        {
            let _ = self.make_revision(before).await;
        }
        self.look_at_present();
    }

    /// Reads what other engines did since.
    ///
    /// # Errors
    /// The storage cannot be read, or its acts were tampered with.
    pub async fn refresh(&self) -> Result<(), ProgramsError> {
        let _turn = self.writing.lock().await;
        self.refresh_in_turn().await
    }

    pub(super) async fn refresh_in_turn(&self) -> Result<(), ProgramsError> {
        self.find_catalogues().await?;
        let schedule = self.schedule.load_full();
        let acts = self.documents.acts_after(schedule.acts()).await?;
        if acts.is_empty() && schedule.acts() > 0 {
            return Ok(());
        }
        let broken = |error: super::schedule::Broken| ProgramsError::Unreadable {
            what: "act behind",
            number: schedule.acts(),
            why: error.to_string(),
        };
        let next = schedule.after(acts).map_err(broken)?;
        self.install(next).await
    }

    /// Makes a schedule the one that calls see, once they need not wait for what is in force under it.
    pub(super) async fn install(&self, schedule: Schedule) -> Result<(), ProgramsError> {
        self.warm(&schedule).await?;
        self.schedule.store(Arc::new(schedule));
        self.look_at_present();
        Ok(())
    }

    async fn warm(&self, schedule: &Schedule) -> Result<(), ProgramsError> {
        let now = self.now();
        let in_force = schedule.entry(schedule.at(now));
        let next = schedule.next_after(now).and_then(|(_, number)| schedule.entry(number));
        self.revisions_made.keep(in_force.into_iter().chain(next).map(super::Entry::number));
        if let Some(entry) = in_force {
            self.make_revision(entry).await?;
        }
        // One that cannot be compiled yet must not keep the one in force from being used.
        if let Some(entry) = next {
            let _ = self.make_revision(entry).await;
        }
        match self.catalogue_at(now) {
            0 => Ok(()),
            number => self.make_catalogue(number).await.map(drop),
        }
    }

    /// Notes what is in force now, where it is ready.
    pub(super) fn look_at_present(&self) {
        let now = self.now();
        let revision = match self.schedule.load().at(now) {
            0 => Some(Arc::clone(&self.nothing.revision)),
            number => self.revisions_made.get(number),
        };
        let catalogue = match self.catalogue_at(now) {
            0 => Some(Arc::clone(&self.nothing.catalogue)),
            number => self.catalogues_made.get(number),
        };
        let (Some(revision), Some(catalogue)) = (revision, catalogue) else { return };
        let present = self.present.load();
        if !Arc::ptr_eq(&present.revision, &revision) {
            let hash = blake3::Hash::from_bytes(revision.hash());
            tracing::info!(revision = revision.number(), hash = %hash.to_hex(), "in force");
        }
        if !Arc::ptr_eq(&present.revision, &revision) || !Arc::ptr_eq(&present.catalogue, &catalogue) {
            self.present.store(Arc::new(Rules { revision, catalogue }));
        }
    }

    /// Catalogues that another engine stored.
    pub(super) async fn find_catalogues(&self) -> Result<(), ProgramsError> {
        let known = self.catalogues.load_full();
        let mut all = Vec::clone(&known);
        loop {
            let next = all.last().map_or(1, |(_, number)| number.saturating_add(1));
            let Some((valid_from, _)) = self.documents.catalogue(next).await? else { break };
            all.push((valid_from, next));
        }
        if all.len() > known.len() {
            self.catalogues.store(Arc::new(all));
        }
        Ok(())
    }
}
