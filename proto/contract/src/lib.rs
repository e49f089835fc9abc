//! Wire types to rule types and back, validation, canonical hash, tokens
