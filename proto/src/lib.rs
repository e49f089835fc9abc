//! The wire contract as Rust types: generated code only.
//!
//! The comments of the proto files in `proto/tessera` are the contract; they stand at the types
//! here. Every message reads and writes the standard JSON form of proto3 through `serde`.

/// Descriptors of all files of the contract, encoded, for the reflection service.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The well-known types as the messages use them.
pub use pbjson_types::{Duration, Timestamp};

/// What tills speak.
pub mod billing {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::restriction,
        rustdoc::all,
        reason = "generated code follows its generator's style, not ours"
    )]
    pub mod v1 {
        tonic::include_proto!("tessera.billing.v1");
        include!(concat!(env!("OUT_DIR"), "/tessera.billing.v1.serde.rs"));
    }
}

/// What gateways speak beside the tills' calls.
pub mod gateway {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::restriction,
        rustdoc::all,
        reason = "generated code follows its generator's style, not ours"
    )]
    pub mod v1 {
        tonic::include_proto!("tessera.gateway.v1");
        include!(concat!(env!("OUT_DIR"), "/tessera.gateway.v1.serde.rs"));
    }
}

/// What followers of the outcome feed speak.
pub mod feed {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::restriction,
        rustdoc::all,
        reason = "generated code follows its generator's style, not ours"
    )]
    pub mod v1 {
        tonic::include_proto!("tessera.feed.v1");
        include!(concat!(env!("OUT_DIR"), "/tessera.feed.v1.serde.rs"));
    }
}

/// What an operator's commands tell a running engine.
pub mod admin {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::restriction,
        rustdoc::all,
        reason = "generated code follows its generator's style, not ours"
    )]
    pub mod v1 {
        tonic::include_proto!("tessera.admin.v1");
        include!(concat!(env!("OUT_DIR"), "/tessera.admin.v1.serde.rs"));
    }
}
