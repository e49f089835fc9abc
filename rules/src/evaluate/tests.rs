//! Tests of the evaluation: a program, a receipt and what is decided, as data.

mod caps;
mod fixture;
mod mechanics;
mod properties;
mod rewards;
mod scope;
mod surroundings;
