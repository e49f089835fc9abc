//! Tests of catalogues.
