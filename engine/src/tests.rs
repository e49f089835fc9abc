//! Tests of the whole engine over the storage in memory, by promise and hazard.

mod calls;
mod concurrency;
mod faults;
mod life;
mod tokens;
