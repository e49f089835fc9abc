//! The billing engine: quotes and settles receipts against programs, accounts and storage.

pub mod clock;
pub mod queue;
