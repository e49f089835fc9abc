//! Where tests of notices find the public data sets.

use std::path::{Path, PathBuf};

/// A folder of the public data sets, which no checkout holds: named by `TESSERA_SHARED_DATA`, or beside the checkout.
pub(crate) fn shared_data(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("TESSERA_SHARED_DATA").map(PathBuf::from);
    let root = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: the data set {name} is not at {}; set TESSERA_SHARED_DATA to the folder that holds it", folder.display());
    None
}
