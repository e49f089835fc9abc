//! What can be asked of a run.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Compares the engine with an echo that speaks the same messages.
#[derive(Clone, Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Options {
    /// How often each pair of echo and engine is measured; the figures are medians.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// How long one measurement of quotes or of latency takes.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// How many settles one measurement of settles takes, and how many quotes are made for them before it.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) settles: usize,
    /// Calls open at once.
    #[arg(long, default_value_t = 256)]
    pub(crate) in_flight: usize,
    /// Connections.
    #[arg(long, default_value_t = 4)]
    pub(crate) connections: usize,
    /// Speak over Converse instead: 1,000 tills on 20 connections, one stream each.
    #[arg(long)]
    pub(crate) converse: bool,
    /// Customers, each with an account.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) customers: usize,
    /// Products in the catalogue.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) products: usize,
    /// Campaigns in the program.
    #[arg(long, default_value_t = 100)]
    pub(crate) campaigns: usize,
    /// Only this part, for an outside profiler.
    #[arg(long, value_enum)]
    pub(crate) only: Option<Part>,
    /// Calls a second when latency is measured; none: half of what the engine was measured to do.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Where the storage lies; none: below the target folder. It should be on a real disk.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

/// A part of the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Part {
    /// Quotes of the engine.
    Quote,
    /// Settles of the engine.
    Settle,
    /// Quotes of the echo.
    Echo,
    /// Latency of both.
    Latency,
}

impl Options {
    /// Connections that are opened.
    pub(crate) fn connections(&self) -> usize {
        if self.converse { 20 } else { self.connections }
    }

    /// Calls open at once over all connections.
    pub(crate) fn open_calls(&self) -> usize {
        if self.converse { 1_000 } else { self.in_flight }
    }

    /// Whether this part is wanted.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}
