//! What a till speaks with: an id that is on disk before it is sent, the same id on every repeat, an
//! answer inside the budget whatever happens behind it (P1).
//!
//! ```no_run
//! # async fn sale(request: tessera_proto::billing::v1::QuoteRequest) -> Result<(), Box<dyn std::error::Error>> {
//! use tessera_till::{Answered, CallOptions, Journal, TillClient, TillConfig};
//! let journal = Journal::open(std::path::Path::new("till-data"))?;
//! let till = TillClient::connect(TillConfig::new("http://127.0.0.1:7302", "s1", "t1", journal))?;
//! match till.quote(request, CallOptions::default()).await? {
//!     Answered::Server(answer) => println!("{} lines change", answer.answer.map_or(0, |a| a.lines.len())),
//!     Answered::Unchanged(_) | Answered::Unknown(_) => println!("sell as rung up"),
//! }
//! # Ok(()) }
//! ```

mod advice;
mod answered;
mod client;
mod config;
mod converse;
mod day;
mod exchange;
mod frame;
mod ids;
mod journal;
mod limits;
mod refusal;
mod route;

pub use advice::{Advice, AdviceAnswer, Resent};
pub use answered::{Answered, Unknown};
pub use client::TillClient;
pub use config::{CallOptions, TillConfig};
pub use converse::Conversation;
pub use day::DayClose;
pub use ids::{BootNonce, MintError, ReceiptIdMinter};
pub use journal::{Damage, Journal, JournalError, OpenAdvice};
pub use limits::{BUDGET_DEFAULT, MESSAGE_BYTES_MAX, OPEN_ADVICES_MAX};
pub use refusal::{CallName, Refusal, TillError};
