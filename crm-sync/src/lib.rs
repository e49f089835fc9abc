//! Follows the outcome feed: what mirror, notices and reports are made from.
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

pub mod follow;
