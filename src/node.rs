//! A node: engine, gateway and metrics wired together in this process, started and stopped as one.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tessera_engine::clock::SystemClock;
use tessera_engine::keys::Keys;
use tessera_engine::programs::{Configured, ProgramsError};
use tessera_engine::server::{self, ServeError};
use tessera_engine::{Engine, OpenError as EngineError, Settings, layout};
use tessera_gateway::{Gateway, GatewayConfig, GatewayError, PackConfig, SpoolConfig};
use tessera_identity::{Identity, IdentityError, ListenError, Listener};
use tessera_rules::catalogue::Product;
use tessera_rules::money::Currency;
use tessera_storage::{EmbeddedStorage, MemoryStorage, OpenError, Options, Storage, StorageError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::program_files::{self, FilesError};

/// What a storage made for replay says of itself, so that nothing else uses it and it takes calls with a
/// time of their own.
const MADE_FOR_REPLAY: &[u8] = b"replay";
/// What any other storage says.
const MADE_FOR_TRADE: &[u8] = b"trade";
/// Exit code of a process whose storage failed: what the disk holds can only be told by opening anew.
pub(crate) const EXIT_STORAGE: i32 = 74;

/// A node could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    #[error(transparent)]
    Storage(#[from] OpenError),
    #[error("the keys in {file}: {source}")]
    Keys { file: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    Programs(#[from] ProgramsError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("tls: {0}")]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("the engine address {0} is none")]
    EngineAddress(String),
    #[error("{folder} was made for {found}, not for {wanted}: use another folder")]
    OtherPurpose { folder: PathBuf, found: String, wanted: &'static str },
    #[error("metrics: {0}")]
    Metrics(String),
}

/// A running node.
#[derive(Debug)]
pub(crate) struct Node {
    engine: Option<Engine>,
    storage: Option<Arc<dyn Storage>>,
    closing: watch::Sender<bool>,
    tasks: JoinSet<Result<(), NodeError>>,
    engine_endpoint: Option<String>,
    gateway_endpoint: Option<String>,
    gateway: Option<Gateway>,
}

/// What a replay's node is made of.
#[derive(Clone, Debug)]
pub(crate) struct ReplayNode {
    /// Folder of the storage; none: in memory.
    pub(crate) storage: Option<PathBuf>,
    /// The program file; none: no campaigns.
    pub(crate) program: Option<PathBuf>,
    /// The products.
    pub(crate) catalogue: Vec<Product>,
    /// From when program and products are valid.
    pub(crate) valid_from: Timestamp,
}

/// Which parts of the product a process runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Roles {
    pub(crate) engine: bool,
    pub(crate) gateway: bool,
}

impl Node {
    /// Starts the roles of a configuration.
    ///
    /// # Errors
    /// Says which part could not start and what to do.
    pub(crate) async fn start(config: &Config, roles: Roles) -> Result<Self, NodeError> {
        let mut node = Self::empty();
        match node.begin(config, roles).await {
            Ok(()) => Ok(node),
            Err(error) => {
                node.shutdown().await;
                Err(error)
            }
        }
    }

    async fn begin(&mut self, config: &Config, roles: Roles) -> Result<(), NodeError> {
        let identity = config.tls.clone().map(Identity::open).transpose()?;
        if roles.engine {
            let engine = self.keep(open_engine(config, identity.clone()).await?);
            if let Some(programs) = &config.programs {
                publish_configured(&engine, programs).await?;
            }
            self.listen(engine, config.listen_engine, identity.clone()).await?;
        }
        if roles.gateway {
            self.serve_gateway(config, identity).await?;
        }
        Ok(())
    }

    /// Starts an engine on a free port of loopback, over a storage that is made for replay.
    ///
    /// # Errors
    /// The folder was made for something else, or something in it or in the program file is wrong.
    pub(crate) async fn start_replay(replay: ReplayNode) -> Result<Self, NodeError> {
        let engine = match &replay.storage {
            None => replay_engine(Arc::new(MemoryStorage::new(&layout::SPACES))).await?,
            Some(folder) => open_replay_engine(folder).await?,
        };
        if !replay.catalogue.is_empty() {
            engine.programs().load_catalogue(replay.catalogue, replay.valid_from).await?;
        }
        if let Some(program) = &replay.program {
            engine.programs().publish(&program_files::read(program)?, replay.valid_from).await?;
        }
        let mut node = Self::empty();
        let engine = node.keep(engine);
        node.listen(engine, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await?;
        Ok(node)
    }

    /// Serves a storage that a replay made, where the configuration says: for followers of its feed.
    ///
    /// # Errors
    /// The folder was made for something else, or the address is taken.
    pub(crate) async fn start_replayed(config: &Config, folder: &Path) -> Result<Self, NodeError> {
        let identity = config.tls.clone().map(Identity::open).transpose()?;
        let mut node = Self::empty();
        let engine = node.keep(open_replay_engine(folder).await?);
        node.listen(engine, config.listen_engine, identity).await?;
        Ok(node)
    }

    fn empty() -> Self {
        Self {
            engine: None,
            storage: None,
            closing: watch::Sender::new(false),
            tasks: JoinSet::new(),
            engine_endpoint: None,
            gateway_endpoint: None,
            gateway: None,
        }
    }

    /// An engine whose storage this node closes when it ends.
    fn keep(&mut self, engine: Engine) -> Engine {
        self.storage = Some(Arc::clone(engine.storage()));
        self.engine = Some(engine.clone());
        engine
    }

    /// Serves an engine that can answer: before that nobody listens, since a call that came early would wait for a
    /// storage that takes its time to open.
    async fn listen(&mut self, engine: Engine, address: SocketAddr, identity: Option<Identity>) -> Result<(), NodeError> {
        let listener = Listener::bind(address, identity).await?;
        self.engine_endpoint = listener.endpoint();
        let closing = self.closing.subscribe();
        self.tasks.spawn(async move { server::serve(engine, listener, closing).await.map_err(NodeError::from) });
        Ok(())
    }

    async fn serve_gateway(&mut self, config: &Config, identity: Option<Identity>) -> Result<(), NodeError> {
        let engines = if config.gateway_engines.is_empty() { vec![self.endpoint()] } else { config.gateway_engines.clone() };
        let parse = |text: &String| text.parse().map_err(|_| NodeError::EngineAddress(text.clone()));
        let engines = engines.iter().map(parse).collect::<Result<_, _>>()?;
        let mut spool = SpoolConfig::new(&config.gateway_spool);
        spool.bytes_max = config.gateway_spool_bytes;
        let plain = GatewayConfig::new(config.gateway_id.clone(), engines);
        let (spool, pack) = (Some(spool), self.pack(config));
        let gateway = Gateway::new(GatewayConfig { identity: identity.clone(), spool, pack, ..plain })?;
        let listener = Listener::bind(config.listen_gateway, identity).await?;
        self.gateway_endpoint = listener.endpoint();
        self.gateway = Some(gateway.clone());
        let mut closing = self.closing.subscribe();
        self.tasks.spawn(async move {
            let stop = async move {
                let _ = closing.wait_for(|closing| *closing).await.map(drop);
            };
            gateway.serve(listener, stop).await.map_err(NodeError::from)
        });
        Ok(())
    }

    /// The rule pack that the gateway follows; none: nobody has said what it is signed with.
    fn pack(&self, config: &Config) -> Option<PackConfig> {
        let own = || self.engine.as_ref().filter(|_| config.gateway_engines.is_empty()).map(Engine::pack_key);
        Some(PackConfig {
            folder: config.data.join("pack"),
            key: config.gateway_pack_key.or_else(own)?,
            stores: config.gateway_stores.clone(),
            age_max: config.gateway_pack_age_max,
        })
    }

    /// The engine of this process, where it has that role.
    pub(crate) fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// The gateway of this process, where it has that role.
    pub(crate) fn gateway(&self) -> Option<&Gateway> {
        self.gateway.as_ref()
    }

    /// Where the engine answers, as in `http://127.0.0.1:7301`.
    pub(crate) fn endpoint(&self) -> String {
        self.engine_endpoint.clone().unwrap_or_default()
    }

    /// Where the gateway answers; empty where there is none.
    pub(crate) fn gateway_endpoint(&self) -> String {
        self.gateway_endpoint.clone().unwrap_or_default()
    }

    /// Waits until a part stops by itself, which none does without a fault.
    pub(crate) async fn broken(&mut self) -> Option<NodeError> {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => Some(error),
            Some(Ok(Ok(())) | Err(_)) | None => None,
        }
    }

    /// Stops taking calls, ends the open ones, writes what is buffered and closes the storage (H53).
    pub(crate) async fn shutdown(mut self) {
        self.closing.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        if let Some(storage) = &self.storage
            && let Err(error) = storage.close().await
            && !matches!(error, StorageError::Stopped(_))
        {
            tracing::error!(%error, "the storage did not close cleanly; the next start will check it");
        }
    }
}

/// Opens storage and engine as configured; by the identity gateways are believed.
pub(crate) async fn open_engine(config: &Config, identity: Option<Identity>) -> Result<Engine, NodeError> {
    let storage = open_storage(&config.data.join("storage"), config.watermark.clone(), MADE_FOR_TRADE, "trade")?;
    let file = config.data.join("keys");
    let keys = Keys::load_or_create(&file).map_err(|source| NodeError::Keys { file, source })?;
    let settings = Settings {
        hold: config.hold,
        ledger_time_zone: config.ledger_time_zone.clone(),
        cards_open_accounts: config.cards_open_accounts,
        people: config.people.clone(),
        adjust_alone_units_max: config.adjust_alone_units_max,
        gateways: identity,
        ..Settings::new(config.currency)
    };
    Ok(Engine::open(storage, Arc::new(SystemClock::default()), keys, settings).await?)
}

/// Opens an engine over a storage that was made for replay, or is made now.
pub(crate) async fn open_replay_engine(folder: &Path) -> Result<Engine, NodeError> {
    replay_engine(open_storage(folder, None, MADE_FOR_REPLAY, "replay")?).await
}

async fn replay_engine(storage: Arc<dyn Storage>) -> Result<Engine, NodeError> {
    #[expect(clippy::expect_used, reason = "GBP is in ISO 4217")]
    let currency = Currency::from_code("GBP").expect("a currency");
    let settings = Settings { replay: true, ..Settings::new(currency) };
    Ok(Engine::open(storage, Arc::new(SystemClock::default()), Keys::for_replay(), settings).await?)
}

fn open_storage(
    folder: &Path,
    watermark_folder: Option<PathBuf>,
    facts: &'static [u8],
    wanted: &'static str,
) -> Result<Arc<dyn Storage>, NodeError> {
    let options = Options {
        watermark_folder,
        facts: bytes::Bytes::from_static(facts),
        on_fatal: Box::new(|reason| {
            tracing::error!(reason, "the storage failed; the process ends, since only a new start can tell what is on disk");
            std::process::exit(EXIT_STORAGE);
        }),
        ..Options::new(&layout::SPACES)
    };
    let opened = EmbeddedStorage::open(folder, options)?;
    if opened.facts != facts {
        let found = String::from_utf8_lossy(&opened.facts).into_owned();
        return Err(NodeError::OtherPurpose { folder: folder.to_owned(), found, wanted });
    }
    tracing::info!(folder = %folder.display(), sequence = opened.sequence, unclean = opened.unclean, "storage opened");
    Ok(Arc::new(opened.storage))
}

/// Reads the configuration's program files and makes them live, where they are others than when that was last
/// done. What people publish, schedule and roll back stays over a restart.
pub(crate) async fn publish_configured(engine: &Engine, programs: &Path) -> Result<(), NodeError> {
    match engine.programs().publish_configured(&program_files::read(programs)?).await? {
        Configured::Published(published) => tracing::info!(?published, "program files of the configuration"),
        Configured::NeedsSignature => tracing::warn!(
            "the configuration's program files are not what is in force, and people are configured: one of them \
             publishes with `tessera program publish {} --as KEYFILE`",
            programs.display()
        ),
    }
    Ok(())
}
