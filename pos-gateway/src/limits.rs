//! Every bound of the gateway, with its unit and its reason.

use std::time::Duration;

use jiff::SignedDuration;
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

/// How long one engine is waited for before a second one is asked to read too: what takes longer is slower than nearly all answers.
pub(crate) const HEDGE_AFTER: Duration = Duration::from_millis(150);

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

/// Calls under way to one engine at once, before anything was measured.
pub(crate) const IN_FLIGHT_START: f64 = 64.0;

/// As few as it may become: an engine that answers at all has work.
pub(crate) const IN_FLIGHT_MIN: f64 = 16.0;

/// As many as it may become: a stream of a thousand tills.
pub(crate) const IN_FLIGHT_MAX: f64 = 1_024.0;

/// How often the engines are asked whether they serve.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(1);

/// How long such a question waits.
pub(crate) const PROBE_MAX: Duration = Duration::from_millis(500);

/// Questions in a row that an engine leaves unanswered until it counts as gone.
pub(crate) const UNANSWERED_MAX: u32 = 2;

/// How long one delivery from the spool may take: nobody waits for it.
pub(crate) const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// Deliveries from the spool at once, while no till calls.
pub(crate) const DELIVERIES_MAX: usize = 16;

/// The same while tills call: what is over waits, live calls do not.
pub(crate) const DELIVERIES_BESIDE_CALLS_MAX: usize = 4;

/// Pause between deliveries while live calls are slower than without them.
pub(crate) const DELIVERY_PAUSE: Duration = Duration::from_millis(20);

/// How often it is looked whether the spool becomes less.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long after the last live call nobody counts as calling.
pub(crate) const QUIET_AFTER: Duration = Duration::from_secs(1);

/// Tries of an entry whose fault is its own and may pass, until it is parked.
pub(crate) const TRIES_MAX: u32 = 5;

/// Pause after the first of them; each next one is twice as long.
pub(crate) const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Entries with a fault that looks like their own, and none delivered between, from which on the fault is not theirs.
pub(crate) const FAULTY_ENTRIES_MIN: usize = 5;

/// How often at least one of them is then tried: so late it is found that the engine is well again.
pub(crate) const FEEL_EVERY_MAX: Duration = Duration::from_secs(60);

/// How long an entry waits whose contract is later than the engine's.
pub(crate) const UPGRADE_WAIT: Duration = Duration::from_secs(60);

/// Readings of a spool's folder for one export, while a gateway deletes files in it.
pub(crate) const EXPORT_ATTEMPTS_MAX: u32 = 10;

/// Parked entries that are listed at once.
pub(crate) const PARKED_LISTED_MAX: usize = 1_000;

/// Largest payload of a spool's record, bytes: one message and what names it.
pub(crate) const RECORD_BYTES_MAX: usize = MESSAGE_BYTES_MAX + 8 * 1024;

/// A segment of the spool is closed when it is longer than this, bytes: what one failing write can cost in space,
/// and what is moved at most when a file is nearly done.
pub(crate) const SEGMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Entries that may wait or be parked: three days of a region of 500 tills.
pub const SPOOL_ENTRIES_MAX: usize = 1_000_000;

/// Bytes that the spool's files may take where nothing else is said.
pub const SPOOL_BYTES_DEFAULT: u64 = 4 * 1024 * 1024 * 1024;

/// Requests that wait for the thread that writes; then what comes is not accepted.
pub(crate) const SPOOL_QUEUE_MAX: usize = 4 * 1024;

/// How long the end of a gateway waits for the thread that writes.
pub(crate) const SPOOL_END_MAX: Duration = Duration::from_secs(1);

/// Records written at once.
pub(crate) const SPOOL_GROUP_MAX: usize = 1_024;

/// Bytes written at once, beyond which a group takes no more.
pub(crate) const SPOOL_GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Answers that wait to be noted in tills' days; what comes beyond is counted and not noted.
pub(crate) const DAY_QUEUE_MAX: usize = 4 * 1024;

/// Bytes of tills' days beyond which ids and hashes alone are noted: some days of a region of 50 tills.
pub(crate) const DAYS_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Days whose receipts are remembered, so that a repeat is not noted twice; of another one its file is read first.
pub(crate) const DAYS_KNOWN_MAX: usize = 1_024;

/// How long a till's day has its requests after its last receipt was noted, where it was closed.
pub(crate) const DAY_REQUESTS_KEPT: SignedDuration = SignedDuration::from_hours(3 * 24);

/// How long it is kept at all: a closed one by ids and hashes, so that what comes late is compared with all of it.
pub(crate) const DAY_KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);

/// How long after its first receipt a day must be closed: a day, and one more after its end.
pub(crate) const DAY_OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(2 * 24);

/// Largest message about a till's day, bytes: 10,000 receipts by name.
pub(crate) const DAY_MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Days that one call of an operator closes; the next call goes on behind them.
pub(crate) const DAYS_CLOSED_MAX: usize = 100;

/// The end of a budget in which an advice goes to the spool, or a fifth where that is less.
pub(crate) const SPOOL_RESERVE_MAX: Duration = Duration::from_millis(400);

/// The end of a budget in which the rule pack decides, should no engine have answered; or a tenth where that is less.
pub(crate) const PACK_RESERVE_MAX: Duration = Duration::from_millis(250);

/// After which time a rule pack is followed again.
pub(crate) const FOLLOW_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// How long an engine may say nothing of a rule pack: it speaks at least once a minute.
pub(crate) const FOLLOW_SILENT_MAX: Duration = Duration::from_secs(90);

/// How long after an engine's last word a rule pack decides, where nothing else is said: a long weekend.
pub const PACK_AGE_MAX_DEFAULT: Duration = Duration::from_secs(72 * 3_600);

/// How long after the sale its customer must have been told: promise P8.
pub(crate) const TOLD_WITHIN: Duration = Duration::from_secs(24 * 3_600);

const _: () = assert!(RESERVE_MAX.as_millis() * 10 < BUDGET_DEFAULT.as_millis());
const _: () = assert!(CLOSING_AT_SHUTDOWN_MAX.as_millis() < SHUTDOWN_MAX.as_millis());
const _: () = assert!(BUDGET_DEFAULT.as_millis() < CLOSING_AT_SHUTDOWN_MAX.as_millis());
const _: () = assert!(SPOOL_RESERVE_MAX.as_millis() * 4 < BUDGET_DEFAULT.as_millis());
const _: () = assert!(SPOOL_GROUP_BYTES_MAX > RECORD_BYTES_MAX);
const _: () = assert!(
    MESSAGE_BYTES_MAX + contract::RECEIPT_ID_BYTES_MAX + 1_024 < RECORD_BYTES_MAX,
    "a message, its id and the numbers of a record fit a record"
);
const _: () = assert!(PROBE_MAX.as_millis() < PROBE_EVERY.as_millis());
const _: () = assert!(
    (PROBE_EVERY.as_millis() + PROBE_MAX.as_millis()) * 2 <= 3_000,
    "a dead peer is found in 3 s: a question just before its end, and two that it leaves unanswered"
);
