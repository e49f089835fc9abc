//! `tessera crm serve`: follows the engine, folds its outcomes, answers over HTTP, until Ctrl-C or SIGTERM.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;

use axum::routing::get;
use clap::Args;
use indicatif::ProgressBar;
use metrics_exporter_prometheus::PrometheusBuilder;
use tessera_crm::closed_days::ClosedDays;
use tessera_crm::follow::Follower;
use tessera_crm::fresh::Fresh;
use tessera_crm::http::notices::NoticesServed;
use tessera_crm::http::{self, Served};
use tessera_crm::keep::Keeper;
use tessera_crm::look_up::LookUp;
use tessera_crm::mirror::{Folded, Mirror};
use tessera_crm::revisions::Revisions;
use tessera_identity::loopback;
use tessera_storage::Storage;
use tokio::signal::unix::{SignalKind, signal};

use super::notices::Running;
use super::{close, engine, folder, open};
use crate::cli::{ConfigFile, Failure, print, read_config, start_log};
use crate::config::Config;
use crate::replay::progress;

/// Arguments of `tessera crm serve`.
#[derive(Clone, Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) async fn run(args: ServeArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    start_log(config.log_format, "info");
    // Before the parts start, so that what they count is counted.
    let recorder = PrometheusBuilder::new().install_recorder()?;
    let listener = loopback(config.listen_crm).await?;
    let address = listener.local_addr()?;
    let config = Config { listen_crm: address, ..config };
    let mut notices = Running::start(&config).await?;
    let storage: Arc<dyn Storage> = Arc::new(open(&folder(&config))?);
    let mut keeper = keeper(&config, Arc::clone(&storage), true).await?;
    let engine = engine(&config)?;
    let fresh = Fresh::new(engine.clone(), keeper.mirror.told());
    let look_up = LookUp::new(keeper.mirror.reader(), fresh.clone(), engine.clone())?;
    let notices_served =
        NoticesServed { book: notices.book(), look_up: look_up.clone(), has_routes: !config.notices.routes.is_empty() };
    let served = Served { fresh, look_up, reader: keeper.mirror.reader(), closed_days: ClosedDays::new(engine.clone())? };
    let routes = http::routes(served).merge(http::notices::routes(notices_served));
    let routes = routes.route("/metrics", get(move || std::future::ready(recorder.render())));
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    print(&format!(
        "crm      http://{address}  (mirror in {}, follows {})\nnotices  http://{address}/notices  ({} routes)\nCtrl-C stops.\n",
        folder(&config).display(),
        engine,
        config.notices.routes.len()
    ));
    let bar = bar(keeper.mirror.folded());
    let kept = keep(&mut keeper, &mut notices, &bar).await;
    bar.finish_and_clear();
    serving.abort();
    drop(keeper);
    notices.stop().await;
    close(&*storage).await;
    kept.map(|()| ExitCode::SUCCESS)
}

/// The mirror of the configured engine, from where it stands.
pub(super) async fn keeper(config: &Config, storage: Arc<dyn Storage>, stay: bool) -> Result<Keeper, Failure> {
    let mirror = Mirror::open(storage, config.ledger_time_zone.clone()).await?;
    let engine = engine(config)?;
    let follower = Follower::new(engine.clone(), mirror.folded().position(), stay)?;
    Ok(Keeper { mirror, follower, revisions: Revisions::new(engine)? })
}

async fn keep(keeper: &mut Keeper, notices: &mut Running, bar: &ProgressBar) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            kept = keeper.fold_next(None) => {
                kept?;
                show(bar, keeper.mirror.folded());
            }
            failure = notices.broken() => return Err(failure),
            stopped = tokio::signal::ctrl_c() => return Ok(stopped?),
            _ = terminate.recv() => return Ok(()),
        }
    }
}

/// A bar for a terminal; nobody knows how many outcomes there are before they have come.
fn bar(folded: &Folded) -> ProgressBar {
    let bar = progress(!io::stderr().is_terminal(), "", "{spinner} {human_pos} outcomes, {per_sec}, {msg}");
    bar.set_position(folded.outcomes);
    bar.reset_eta();
    bar
}

fn show(bar: &ProgressBar, folded: &Folded) {
    bar.set_position(folded.outcomes);
    let booked = folded.booked_at.map(|at| format!("booked until {at:.0}"));
    bar.set_message(booked.unwrap_or_default());
}
