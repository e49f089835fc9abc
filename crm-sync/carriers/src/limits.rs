//! Every limit of what is said to providers, with its unit and its reason.

use std::time::Duration;

/// How long a connection may take to come about: until then nothing was sent.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a provider may take for its answer: then nobody knows what became of the message.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read; those that are understood have some hundred.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

const _: () = {
    assert!(CONNECT_TIMEOUT.as_secs() < ANSWER_TIMEOUT.as_secs(), "a connection that does not come about is told from a silence");
};
