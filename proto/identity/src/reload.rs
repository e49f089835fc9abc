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
        let Some(read) = files.read().inspect_err(told).ok().filter(|read| *read != known) else { continue };
        // What is half written now is read again at the next look.
        if let Ok(loaded) = files.load().inspect_err(told) {
            known = read;
            tell.send_replace(Arc::new(loaded));
            tracing::info!(certificate = %files.certificate.display(), "certificates were read again");
        }
    }
}

fn told(error: &IdentityError) {
    tracing::error!(%error, "the certificates in use stay as they were");
}
