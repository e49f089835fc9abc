//! Notices beside the mirror: their storage, the routes as configured, and the two tasks that read the feed and send.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tessera_carriers::kannel::{Kannel, KannelConfig};
use tessera_carriers::mail::{Smtp, SmtpConfig};
use tessera_carriers::telegram::Telegram;
use tessera_carriers::webhook::Webhook;
use tessera_crm::notices::book::Book;
use tessera_crm::notices::carrier::Carrier;
use tessera_crm::notices::contact::EngineContacts;
use tessera_crm::notices::layout;
use tessera_crm::notices::route::{Route, RouteSettings};
use tessera_crm::notices::run::{self, RunError};
use tessera_crm::notices::wording::Wording;
use tessera_crm::notices::worker::{SystemClock, Tools, Worker};
use tessera_storage::Storage;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::{close, engine, open_made_for};
use crate::cli::Failure;
use crate::config::Config;
use crate::config::notices::{By, RouteConfig};

/// What the storage of notices says of itself.
const MADE_FOR_NOTICES: &[u8] = b"notices";

/// How long a stop waits for answers of providers: longer than they may take.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Notices that are kept and sent.
#[derive(Debug)]
pub(in crate::cli::crm) struct Running {
    storage: Arc<dyn Storage>,
    book: Arc<Book>,
    closing: watch::Sender<bool>,
    reading: JoinHandle<Result<Infallible, RunError>>,
    working: JoinHandle<Result<(), RunError>>,
}

impl Running {
    /// Starts both tasks; without a route nothing is sent.
    pub(in crate::cli::crm) async fn start(config: &Config) -> Result<Self, Failure> {
        // What is wrong with texts and routes is told before anything is touched.
        let (wording, routes, engine) = (wording(config)?, routes(config)?, engine(config)?);
        let storage: Arc<dyn Storage> = Arc::new(open_made_for(&config.data.join("notices"), MADE_FOR_NOTICES, &layout::SPACES)?);
        let book = Arc::new(Book::new(Arc::clone(&storage)));
        let closing = watch::Sender::new(false);
        let mut closed = closing.subscribe();
        let working = if routes.is_empty() {
            tokio::spawn(async move {
                drop(closed.wait_for(|closed| *closed).await);
                Ok(())
            })
        } else {
            let tools = Tools {
                book: Arc::clone(&book),
                contacts: Arc::new(EngineContacts::new(engine.clone())?),
                wording,
                routes,
                rules: config.notices.rules.clone(),
                clock: Arc::new(SystemClock),
            };
            tokio::spawn(run::work(Worker::open(tools).await?, closed))
        };
        let reader = Arc::clone(&book);
        let reading = tokio::spawn(async move { run::read(reader, engine).await });
        Ok(Self { storage, book, closing, reading, working })
    }

    /// The book of notices.
    pub(in crate::cli::crm) fn book(&self) -> Arc<Book> {
        Arc::clone(&self.book)
    }

    /// Waits until one of the tasks fails, and says why.
    pub(in crate::cli::crm) async fn broken(&mut self) -> Failure {
        tokio::select! {
            read = &mut self.reading => match read {
                Ok(Ok(never)) => match never {},
                Ok(Err(error)) => error.into(),
                Err(error) => error.into(),
            },
            worked = &mut self.working => match worked {
                Ok(Ok(())) => "nobody sends notices any more".into(),
                Ok(Err(error)) => error.into(),
                Err(error) => error.into(),
            },
        }
    }

    /// Stops reading, lets what is on its way to a provider come to its end, and closes the storage.
    pub(in crate::cli::crm) async fn stop(self) {
        self.reading.abort();
        self.closing.send_replace(true);
        if !self.working.is_finished() && timeout(STOP_PATIENCE, self.working).await.is_err() {
            tracing::warn!("messages are still on their way to a provider: they are of unknown fate and sent once more");
        }
        close(&*self.storage).await;
    }
}

fn wording(config: &Config) -> Result<Wording, Failure> {
    let Some(file) = &config.notices.texts else { return Ok(Wording::built_in()) };
    let text = std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Wording::read(&text).map_err(|faults| format!("{}:\n{faults}", file.display()).into())
}

/// The routes with their secrets; every fault at once.
fn routes(config: &Config) -> Result<Vec<Route>, Failure> {
    let (mut routes, mut faults) = (Vec::new(), Vec::new());
    for route in &config.notices.routes {
        match carrier(config, route) {
            Ok(carrier) => routes.push(Route { settings: route.settings.clone(), carrier }),
            Err(fault) => faults.push(format!("route {}: {fault}", route.settings.name)),
        }
    }
    if faults.is_empty() { Ok(routes) } else { Err(faults.join("\n").into()) }
}

fn carrier(config: &Config, route: &RouteConfig) -> Result<Arc<dyn Carrier>, String> {
    Ok(match &route.by {
        By::Kannel { url, user, secret, sender } => {
            let (url, user, password, sender) = (url.clone(), user.clone(), secret.read()?, sender.clone());
            Arc::new(Kannel::new(KannelConfig { url, user, password, sender, receipts_at: receipts_at(config, &route.settings) }))
        }
        By::Telegram { url, secret } => Arc::new(Telegram::new(url.clone(), secret.read()?)),
        By::Webhook { url, secret } => Arc::new(Webhook::new(url.clone(), &secret.read()?).map_err(|fault| fault.to_string())?),
        By::Smtp { server, login, from, subject } => {
            let login = login.as_ref().map(|(user, secret)| Ok::<_, String>((user.clone(), secret.read()?))).transpose()?;
            Arc::new(Smtp::new(SmtpConfig { server: server.clone(), login, from: from.clone(), subject: subject.clone() }))
        }
    })
}

/// Where a route's provider reports; none: it gives no receipts.
fn receipts_at(config: &Config, settings: &RouteSettings) -> Option<String> {
    let base = config.notices.receipts_at.clone().unwrap_or_else(|| format!("http://{}", config.listen_crm));
    settings.gives_receipts.then(|| format!("{base}/v1/notices/receipts/{}", settings.name))
}
