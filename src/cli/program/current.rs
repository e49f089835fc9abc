//! What is live today: of a running engine what is in force, of a stopped one what its storage holds.

use std::sync::Arc;

use tessera_rules::catalogue::Catalogue;
use tessera_rules::revision::Revision;

use super::signing::fetched;
use crate::cli::admin::{self, Admin};
use crate::cli::{ConfigFile, Failure, read_config};
use crate::config::Config;
use crate::node::open_engine;

/// What is live.
#[derive(Clone, Debug)]
pub(super) struct Live {
    /// For people.
    pub(super) name: String,
    pub(super) revision: Arc<Revision>,
    /// None: it is not known here which products go with it.
    pub(super) catalogue: Option<Arc<Catalogue>>,
}

/// What the configured engine has in force.
///
/// # Errors
/// It cannot be had: `--against` must name it then.
pub(super) async fn live(config: &ConfigFile) -> Result<Live, Failure> {
    let config = read_config(config.config.as_deref())?;
    let found = match admin::connect(&config).await? {
        Some(engine) => of_running(engine).await,
        None => of_stopped(&config).await,
    };
    found.map_err(|error| {
        format!("what is live cannot be had: {error}; name what the draft is to be compared with by --against PATH").into()
    })
}

/// A running engine tells its programs, and not its products.
async fn of_running(mut engine: Admin) -> Result<Live, Failure> {
    let live = fetched(&mut engine, 0).await?;
    Ok(Live { name: format!("revision {}", live.told.number), revision: Arc::new(live.compiled), catalogue: None })
}

async fn of_stopped(config: &Config) -> Result<Live, Failure> {
    let folder = config.data.join("storage");
    // Opening a folder that is not there would make one.
    if !folder.is_dir() {
        let (address, folder) = (config.listen_engine, folder.display());
        return Err(format!("no engine answers at {address}, and there is no storage in {folder}").into());
    }
    let engine = open_engine(config, None).await?;
    let rules = engine.programs().in_force();
    engine.storage().close().await?;
    if rules.revision.number() == 0 {
        return Err("nothing was published yet".into());
    }
    let name = format!("revision {}", rules.revision.number());
    Ok(Live { name, revision: rules.revision, catalogue: Some(rules.catalogue) })
}
