//! Sends notices by what providers speak: Kannel's `sendsms`, the Telegram Bot API, webhooks, SMTP.
//!
//! Each carrier tells apart what surely was not taken from what nobody knows: a message is only ever repeated by who knows which
//! of both it is (H62). Nothing that a provider says in its own words is passed on: it could repeat a number (H81).

mod http;
pub mod kannel;
pub mod limits;
pub mod mail;
pub mod telegram;
pub mod webhook;

pub use http::{Url, UrlFault};
