//! Follows the outcome feed: the mirror that is folded from it, and what notices and reports are made from.
//!
//! ```no_run
//! # async fn print() -> Result<(), Box<dyn std::error::Error>> {
//! use tessera_crm::follow::{Follower, Position};
//! let mut follower = Follower::new("http://127.0.0.1:7301", Position::default(), false)?;
//! while let Some(response) = follower.next().await? {
//!     println!("{}", response.outcome.map_or_else(String::new, |outcome| outcome.outcome_id));
//! }
//! # Ok(()) }
//! ```

pub mod closed_days;
pub mod engine_at;
pub mod follow;
pub mod fresh;
pub mod http;
pub mod keep;
pub mod limits;
pub mod look_up;
pub mod mirror;
pub mod notices;
pub mod report;
pub mod revisions;
