//! Notices: messages to customers about what happened to their account, each told once and in time, or with a reason why not.
//!
//! `intake` reads them from the feed into the `book`; the `worker` looks at what is due, asks `plan` what comes next, and sends by
//! a carrier. Time is an argument everywhere below the worker.

pub mod book;
pub mod carrier;
pub mod codes;
pub mod contact;
pub mod health;
pub mod intake;
pub mod layout;
pub mod list;
pub mod notice;
pub mod phone;
pub mod plan;
pub mod progress;
pub mod quiet;
pub mod route;
pub mod run;
pub mod scan;
pub mod segments;
pub mod tells;
pub mod template;
pub mod wishes;
pub mod wording;
pub mod worker;

#[cfg(test)]
mod tests;
