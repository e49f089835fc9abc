//! Drives a replay: starts the engine in this process, and sends every receipt over a few connections, so many at a time.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use jiff::Timestamp;
use tessera_rules::catalogue::Product;
use tessera_till::{Journal, TillClient, TillConfig};
use tokio::task::JoinSet;

use super::call::{Sent, send};
use super::order::Order;
use super::summary::Tally;
use super::{ReplayArgs, ReplayError, progress, tell};
use crate::node::{Node, ReplayNode};
use crate::receipt_files::sale::{Import, Sale, TILL_ID};

/// Connections that all tills share: each is one HTTP/2 connection with a task of its own on both sides.
const CONNECTIONS: u16 = 4;

/// How a replay ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) tally: Tally,
    pub(crate) elapsed: Duration,
    /// By Ctrl-C: some receipts were not sent.
    pub(crate) interrupted: bool,
}

/// Starts an engine made for replays, sends everything, and stops it again.
///
/// # Errors
/// The engine does not start, stops answering, or answers outside the contract.
pub(crate) async fn replay(
    args: &ReplayArgs,
    import: &Import,
    catalogue: Vec<Product>,
    quiet: bool,
) -> Result<Ended, ReplayError> {
    let setting = ReplayNode {
        storage: args.storage.clone(),
        program: args.program.clone(),
        catalogue,
        valid_from: first_time(&import.sales),
    };
    let node = Node::start_replay(setting).await.map_err(|error| ReplayError::Node(error.into()))?;
    let tills = connect(&node.endpoint(), args.in_flight)?;
    let bar = progress(quiet, "replaying", "{msg} {wide_bar} {human_pos}/{human_len} receipts, {per_sec}, {eta} left");
    bar.set_length(u64::try_from(import.sales.len()).unwrap_or(u64::MAX));
    let ended = drive(import, &tills, usize::from(args.in_flight), &bar).await;
    bar.finish_and_clear();
    drop(tills);
    node.shutdown().await;
    ended
}

/// The revision is valid from the first receipt, by time and not by place.
fn first_time(sales: &[Arc<Sale>]) -> Timestamp {
    sales.iter().map(|sale| sale.at).min().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn connect(endpoint: &str, in_flight: u16) -> Result<Vec<TillClient>, ReplayError> {
    let connect = |_| {
        let config = TillConfig::new(endpoint, "replay", TILL_ID, Journal::none());
        TillClient::connect(config).map_err(ReplayError::Till)
    };
    (0..in_flight.clamp(1, CONNECTIONS)).map(connect).collect()
}

/// Sends until everything is answered, the engine is gone, or Ctrl-C; what is under way then is waited for, unless Ctrl-C
/// comes again.
async fn drive(import: &Import, tills: &[TillClient], in_flight: usize, bar: &ProgressBar) -> Result<Ended, ReplayError> {
    let began = Instant::now();
    let mut tally = Tally::new()?;
    let mut order = Order::new(&import.sales);
    let mut under_way: JoinSet<(usize, Arc<Sale>, Result<Sent, ReplayError>)> = JoinSet::new();
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    let (mut listening, mut interrupted) = (true, false);
    let mut connections = tills.iter().cycle();
    loop {
        while !interrupted && under_way.len() < in_flight {
            let (Some((place, sale)), Some(till)) = (order.take(), connections.next()) else { break };
            let till = till.clone();
            under_way.spawn(async move {
                let sent = send(&till, &sale).await;
                (place, sale, sent)
            });
        }
        tokio::select! {
            joined = under_way.join_next() => {
                let Some(joined) = joined else { break };
                let (place, sale, sent) = joined?;
                tally.add(&sale, sent.map_err(|error| error.after(tally.done()))?);
                order.answered(place);
                bar.inc(1);
            }
            pressed = &mut interrupt, if listening => match pressed {
                // Where the signal cannot be listened for, Ctrl-C ends the process, as it does without this.
                Err(_) => listening = false,
                Ok(()) if interrupted => break,
                Ok(()) => {
                    interrupted = true;
                    tell("stopping: waiting for the receipts under way; Ctrl-C again ends at once");
                    interrupt.set(tokio::signal::ctrl_c());
                }
            },
        }
    }
    Ok(Ended { tally, elapsed: began.elapsed(), interrupted })
}

#[cfg(test)]
mod tests;
