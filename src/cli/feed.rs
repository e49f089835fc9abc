//! `tessera feed`: the outcomes that a running engine has committed, one JSON object a line.

use std::process::ExitCode;

use clap::Args;
use data_encoding::BASE64;
use tessera_crm::engine_at::EngineAt;
use tessera_crm::follow::{Follower, Position};
use tonic::transport::Endpoint;

use super::reach::identity_for;
use super::{Failure, print};

/// Arguments of `tessera feed`.
#[derive(Clone, Debug, Args)]
pub(crate) struct FeedArgs {
    /// Where the engine listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7301")]
    endpoint: String,
    /// Go on behind this cursor, as an earlier line printed it; none: from the beginning.
    #[arg(long, value_name = "CURSOR")]
    from: Option<String>,
    /// Stay and print what is committed from now on, until Ctrl-C.
    #[arg(long)]
    follow: bool,
}

/// Prints until the feed is caught up, or until Ctrl-C.
pub(crate) async fn run(args: FeedArgs) -> Result<ExitCode, Failure> {
    let position = match &args.from {
        None => Position::default(),
        Some(text) => Position::after(BASE64.decode(text.as_bytes())?),
    };
    // What is no address is told by the follower.
    let parsed = Endpoint::from_shared(args.endpoint.clone()).ok();
    let identity = parsed.as_ref().map(identity_for).transpose()?.flatten();
    let mut follower = Follower::new(EngineAt::new(args.endpoint, identity), position, args.follow)?;
    loop {
        let next = tokio::select! {
            next = follower.next() => next?,
            stopped = tokio::signal::ctrl_c() => { stopped?; return Ok(ExitCode::SUCCESS) }
        };
        let Some(response) = next else { return Ok(ExitCode::SUCCESS) };
        print(&format!("{}\n", serde_json::to_string(&response)?));
    }
}
