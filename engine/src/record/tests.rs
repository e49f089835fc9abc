//! Tests of outcome messages.
