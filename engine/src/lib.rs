//! The billing engine: quotes and settles receipts against programs, accounts and storage.

mod account_cache;
mod admin;
mod blob;
mod budgets;
mod cards;
pub mod clock;
mod contact;
mod core;
mod coupons;
mod customers;
mod desk;
mod directory;
mod draws;
mod effort;
mod engine;
mod facts;
mod feed;
mod follow_ups;
mod heads;
pub mod keys;
pub mod layout;
pub mod ledger;
mod lists;
mod moved;
mod nonce;
mod packs;
pub mod programs;
mod queue;
mod recent;
mod record;
mod rights;
mod sealing;
pub mod server;
mod service;
pub mod settings;
mod skipped;
mod stock;
mod surroundings;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod till_days;

pub use admin::Admin;
pub use cards::{CardStatement, Cards};
pub use contact::Contacts;
pub use customers::{CustomerStatement, Customers};
pub use draws::Draws;
pub use engine::{Engine, OpenError};
pub use facts::Profiles;
pub use feed::Feed;
pub use lists::Lists;
pub use queue::QueueLimits;
pub use service::{Billing, ConverseLimits, REPLAY_TIME, ServedBilling};
pub use settings::Settings;
pub use stock::StockFlags;
