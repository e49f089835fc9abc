//! Tests of the evaluation: a program, a receipt and what is decided, as data.

mod best_deal;
mod caps;
mod chance;
mod claimed;
mod counters;
mod effort;
mod fixture;
mod free;
mod late;
mod limits;
mod mechanics;
mod properties;
mod rewards;
mod scope;
mod surroundings;
