//! Who speaks on a connection: what a certificate lets its holder do, TLS in both directions whose files are read again
//! while it serves, and connections that end when their certificate is revoked (H72, H73).
//!
//! Certificates carry grants as URIs among their subject alternative names (RFC 5280, section 4.2.1.6):
//!
//! | URI | its holder |
//! | --- | --- |
//! | `tessera://till/STORE/TILL` | is this till, and speaks for no other |
//! | `tessera://gateway/STORE` | forwards for the tills of this store; several may stand together, `*` is all stores |
//! | `tessera://engine` | is an engine |
//! | `tessera://mirror` | follows the feed and asks how customers are reached |
//! | `tessera://operator` | changes programs and catalogue, corrects and closes; signatures are asked for all the same |
//!
//! TLS 1.3 alone is spoken (RFC 8446).

mod caller;
mod connect;
mod files;
mod grant;
mod listen;
mod proof;
mod reload;

pub use caller::{Caller, NotAllowed};
pub use connect::{Callee, ConnectError, channel, connected};
pub use files::{IdentityError, IdentityFiles};
pub use grant::{Grant, GrantError, Grants, Stores};
pub use listen::{Certificate, Connection, ListenError, Listener, Peer, loopback};
pub use proof::{NotProven, PROOF_BYTES_MAX};
pub use reload::Identity;

#[cfg(test)]
mod tests;
