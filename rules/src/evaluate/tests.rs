//! Tests of the evaluation: a program, a receipt and what is decided, as data.

mod fixture;
mod mechanics;
mod properties;
mod surroundings;
