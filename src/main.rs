//! Tessera: loyalty and point-of-sale billing. One binary for engine, gateway and tools.

mod cli;
mod config;
mod list_file;
mod node;
mod product_file;
mod program_files;
mod program_layout;
mod receipt_files;
mod replay;
mod simulate;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&error),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(code) => code,
        Err(error) => cli::fail(error.as_ref()),
    }
}
