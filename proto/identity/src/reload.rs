//! An identity in use: read again when its files change, so that certificates are renewed and revoked without a restart.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ServerConfig};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::files::{Holder, IdentityError, IdentityFiles, Loaded};

/// How often the files are looked at: what is revoked is out within five seconds (H72).
const LOOKED_AT_EVERY: Duration = Duration::from_secs(2);

/// An identity whose files are read again while it is used.
#[derive(Clone, Debug)]
pub struct Identity {
    now: watch::Receiver<Arc<Loaded>>,
}

impl Identity {
    /// Reads the files, and looks at them again every two seconds for as long as somebody has the identity. What cannot be
    /// read later changes nothing and is told in the log. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// A file cannot be read or does not fit the others.
    pub fn open(files: IdentityFiles) -> Result<Self, IdentityError> {
        let bytes = files.read()?;
        let (tell, now) = watch::channel(Arc::new(files.load()?));
        tokio::spawn(keep(files, bytes, tell));
        Ok(Self { now })
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.now.borrow().server)
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.now.borrow().client)
    }

    /// As it is now.
    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.now.borrow())
    }

    pub(crate) fn has_revoked(&self, holder: &Holder) -> bool {
        self.now.borrow().revoked.has(holder)
    }

    /// Ends once this holder's certificate is revoked.
    pub(crate) async fn revoked(mut self, holder: Holder) {
        if self.now.wait_for(|loaded| loaded.revoked.has(&holder)).await.is_err() {
            // Nobody reads the files any more: the process ends.
            std::future::pending::<()>().await;
        }
    }
}

async fn keep(files: IdentityFiles, mut known: Vec<Vec<u8>>, tell: watch::Sender<Arc<Loaded>>) {
    let mut ticks = interval(LOOKED_AT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = tell.closed() => return,
            _ = ticks.tick() => {}
        }
        match files.read() {
            Ok(read) if read == known => {}
            Ok(read) => match files.load() {
                Ok(loaded) => {
                    known = read;
                    tell.send_replace(Arc::new(loaded));
                    tracing::info!(certificate = %files.certificate.display(), "certificates were read again");
                }
                // What is half written now is read again at the next look.
                Err(error) => lists_alone(&files, &error, &tell),
            },
            Err(error) => lists_alone(&files, &error, &tell),
        }
    }
}

/// A renewal that went wrong must not keep what is revoked in: the lists count, the rest stays as it was.
fn lists_alone(files: &IdentityFiles, error: &IdentityError, tell: &watch::Sender<Arc<Loaded>>) {
    told(error);
    let Ok(revoked) = files.revoked_now() else { return };
    tell.send_if_modified(|loaded| {
        let is_new = loaded.revoked != revoked;
        if is_new {
            let (server, client, signing) = (Arc::clone(&loaded.server), Arc::clone(&loaded.client), Arc::clone(&loaded.signing));
            *loaded = Arc::new(Loaded { server, client, signing, revoked });
        }
        is_new
    });
}

fn told(error: &IdentityError) {
    tracing::error!(%error, "the certificates in use stay as they were");
}
