//! `tessera serve`: all roles in one process, until Ctrl-C or SIGTERM.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tessera_gateway::Gateway;
use tessera_identity::loopback;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::gateway::show::page as gateway_page;
use super::{ConfigFile, Failure, print, read_config, start_log};
use crate::config::Config;
use crate::node::{Node, NodeError, Roles, publish_configured};

/// How often histogram samples are summed.
const UPKEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// Arguments of `tessera serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    config: ConfigFile,
    /// Which parts to run; none named: all of them.
    #[arg(long, value_enum)]
    role: Vec<Role>,
    /// Serve a storage made by `tessera replay`, engine alone, so that its feed can be followed and reported on.
    #[arg(long, value_name = "FOLDER", conflicts_with = "role")]
    replayed: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Role {
    /// Accounts, programs, outcomes.
    Engine,
    /// The deadline between tills and engine.
    Gateway,
}

/// A broken invariant ends the process (H31): a supervisor starts it again, the disk holds every answer given.
fn end_on_panic() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        say(info);
        std::process::abort();
    }));
}

/// Serves until it is told to stop.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    start_log(config.log_format, "info");
    end_on_panic();
    let has = |role: Role| args.role.is_empty() || args.role.contains(&role);
    let roles = Roles { engine: has(Role::Engine), gateway: has(Role::Gateway) && args.replayed.is_none() };
    // Before the parts start, so that what they count is counted.
    let recorder = PrometheusBuilder::new().install_recorder().map_err(|error| NodeError::Metrics(error.to_string()))?;
    let mut node = match &args.replayed {
        Some(folder) => Node::start_replayed(&config, folder).await?,
        None => Node::start(&config, roles).await?,
    };
    let listener = match loopback(config.listen_metrics).await {
        Ok(listener) => listener,
        Err(error) => {
            node.shutdown().await;
            return Err(error.into());
        }
    };
    let metrics = serve_metrics(recorder, listener, node.gateway().cloned());
    say_where(&config, args.replayed.as_ref().unwrap_or(&config.data), roles, &node);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut reload = signal(SignalKind::hangup())?;
    let broken = loop {
        tokio::select! {
            broken = node.broken() => break broken,
            stopped = tokio::signal::ctrl_c() => { stopped?; break None }
            _ = terminate.recv() => break None,
            _ = reload.recv() => if args.replayed.is_none() { reload_programs(&config, &node).await },
        }
    };
    tracing::info!("stopping: open calls end within five seconds");
    node.shutdown().await;
    metrics.abort();
    match broken {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// SIGHUP: program files are read again; with a mistake in them the old revision stays.
async fn reload_programs(config: &Config, node: &Node) {
    let (Some(programs), Some(engine)) = (&config.programs, node.engine()) else { return };
    if let Err(error) = publish_configured(engine, programs).await {
        tracing::error!("the programs were not changed:\n{error}");
    }
}

fn say_where(config: &Config, data: &Path, roles: Roles, node: &Node) {
    let mut text = String::new();
    if roles.engine {
        text.push_str(&format!("engine   {}  (data in {})\n", node.endpoint(), data.display()));
    }
    if roles.gateway {
        text.push_str(&format!("gateway  {}\n", node.gateway_endpoint()));
    }
    if roles.gateway {
        text.push_str(&format!("status   http://{}/gateway, or tessera gateway status\n", config.listen_metrics));
    }
    text.push_str(&format!(
        "metrics  http://{}/metrics\nCtrl-C stops; SIGHUP reads the programs again.\n",
        config.listen_metrics
    ));
    print(&text);
}

/// Metrics for Prometheus, a page that says whether the process lives, and one on how its gateway stands.
fn serve_metrics(handle: PrometheusHandle, listener: TcpListener, gateway: Option<Gateway>) -> JoinHandle<()> {
    let upkeep = handle.clone();
    let page = move || {
        let handle = handle.clone();
        async move { handle.render() }
    };
    let mut routes = Router::new().route("/metrics", get(page)).route("/livez", get(|| async { "ok\n" }));
    if let Some(gateway) = gateway {
        let status = move || {
            let gateway = gateway.clone();
            async move { Html(gateway_page(&gateway.status())) }
        };
        routes = routes.route("/gateway", get(status));
    }
    tokio::spawn(async move {
        tokio::select! {
            () = keep_up(&upkeep) => {}
            served = axum::serve(listener, routes).into_future() => {
                if let Err(error) = served {
                    tracing::error!(%error, "metrics are not served any more");
                }
            }
        }
    })
}

/// Sums histogram samples now and then: between two readings of the page they would pile up.
async fn keep_up(metrics: &PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}
