//! The wire contract: generated code only
