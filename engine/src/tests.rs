//! Tests of the whole engine over the storage in memory, by promise and hazard.

mod budget_faults;
mod budgets;
mod by_pack;
mod calls;
mod claimed_rewards;
mod claims;
mod concurrency;
mod confirm;
mod contacts;
mod counted;
mod counters;
mod draws;
mod effort;
mod faults;
mod foreign;
mod life;
mod limits;
mod lists;
mod over_time;
mod questions;
mod repriced;
mod revisions;
mod rewards;
mod single_use;
mod stock;
mod tokens;
