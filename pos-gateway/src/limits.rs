//! Every bound of the gateway, with its unit and its reason.

use std::time::Duration;

use tessera_contract::limits as contract;

/// How long a call may take, where nothing shorter is said: promise P1.
pub const BUDGET_DEFAULT: Duration = contract::BUDGET;

/// Largest message, bytes: the contract's limit.
pub const MESSAGE_BYTES_MAX: usize = contract::MESSAGE_BYTES_MAX;

/// How long a shutdown may take; tonic by itself waits without bound (H53).
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// The end of a budget in which the answer travels back to the till, or a tenth where that is less.
pub(crate) const RESERVE_MAX: Duration = Duration::from_millis(150);

/// Below this a second attempt is not worth its work.
pub(crate) const ATTEMPT_MIN: Duration = Duration::from_millis(20);

/// Shortest pause before a second attempt, milliseconds.
pub(crate) const RETRY_PAUSE_MS_MIN: u64 = 5;

/// What chance may add to that pause, milliseconds.
pub(crate) const RETRY_JITTER_MS_MAX: u64 = 45;

/// Share of calls that may be repeated, besides one a second (H49).
pub(crate) const RETRY_SHARE: f32 = 0.1;

/// Time over which that share is counted.
pub(crate) const RETRY_WINDOW: Duration = Duration::from_secs(10);

/// Calls that may be open on one stream: the contract's number.
pub(crate) const OPEN_CALLS_MAX: usize = 1_024;

/// Answers of one stream that wait to be written; then its calls are not read on.
pub(crate) const STREAM_QUEUE_MAX: usize = 64;

/// Largest budget that a message on a stream may name, milliseconds: the contract's number.
pub(crate) const BUDGET_MS_MAX: u32 = contract::STREAM_BUDGET_MS_MAX;

/// Age at which a stream is told to close, so that tills spread over gateways again.
pub(crate) const STREAM_AGE: Duration = Duration::from_secs(600);

/// What chance may add to that age, seconds: streams that began together do not end together.
pub(crate) const STREAM_AGE_JITTER_S_MAX: u64 = 60;

/// How long a stream that is closing lasts at most.
pub(crate) const CLOSING_MAX: Duration = Duration::from_secs(30);

/// The same when the gateway itself is going down: it must end inside `SHUTDOWN_MAX`.
pub(crate) const CLOSING_AT_SHUTDOWN_MAX: Duration = Duration::from_secs(4);

/// Streams of one connection, single calls included (H54). A cash server with more tills than that
/// uses `Converse`, which is one.
pub(crate) const STREAMS_PER_CONNECTION_MAX: u32 = 128;

/// Headers of a request, bytes (H54).
pub(crate) const HEADER_BYTES_MAX: u32 = 8 * 1024;

/// How often the engines are asked whether they serve.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(1);

/// How long such a question waits.
pub(crate) const PROBE_MAX: Duration = Duration::from_millis(500);

const _: () = assert!(RESERVE_MAX.as_millis() * 10 < BUDGET_DEFAULT.as_millis());
const _: () = assert!(CLOSING_AT_SHUTDOWN_MAX.as_millis() < SHUTDOWN_MAX.as_millis());
const _: () = assert!(BUDGET_DEFAULT.as_millis() < CLOSING_AT_SHUTDOWN_MAX.as_millis());
const _: () = assert!(PROBE_MAX.as_millis() < PROBE_EVERY.as_millis());
