//! Generates the wire types, their JSON form and the descriptor set for reflection from the proto
//! files, with a compiler written in Rust: no `protoc` is needed.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

/// The files that define services or stand alone; what they import is compiled with them.
const ROOTS: [&str; 15] = [
    "tessera/admin/v1/admin_service.proto",
    "tessera/admin/v1/card_service.proto",
    "tessera/admin/v1/contact_service.proto",
    "tessera/admin/v1/customer_service.proto",
    "tessera/admin/v1/draw_service.proto",
    "tessera/admin/v1/ledger_service.proto",
    "tessera/admin/v1/list_service.proto",
    "tessera/admin/v1/profile_service.proto",
    "tessera/admin/v1/series_service.proto",
    "tessera/admin/v1/stock_service.proto",
    "tessera/billing/v1/billing_service.proto",
    "tessera/billing/v1/error.proto",
    "tessera/feed/v1/feed_service.proto",
    "tessera/gateway/v1/gateway_service.proto",
    "tessera/gateway/v1/operator_service.proto",
];

/// Fields that are passed on unread, and so are kept as shared bytes.
const SHARED_BYTES: [&str; 4] = ["quote_token", "cursor", "chain_hash", "chunk"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tessera");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(ROOTS, ["."])?;
    let encoded = descriptors.encode_to_vec();
    fs::write(out_dir.join("descriptors.bin"), &encoded)?;

    let mut builder =
        tonic_prost_build::configure().compile_well_known_types(true).extern_path(".google.protobuf", "::pbjson_types");
    for field in SHARED_BYTES {
        builder = builder.bytes(field);
    }
    builder.compile_fds(descriptors)?;

    pbjson_build::Builder::new().register_descriptors(&encoded)?.build(&[".tessera"])?;
    Ok(())
}
