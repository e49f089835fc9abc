//! The repository's own files, for the tests that read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
#[derive(Debug)]
pub(super) struct Source {
    /// Path from the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// The root of the repository.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, named from the root.
pub(super) fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file of ours with this extension, in the order of their paths.
pub(super) fn files(extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    walk(root(), &mut |path| {
        if path.extension().is_some_and(|is| is == extension) {
            let below = path.strip_prefix(root()).unwrap();
            found.push(Source { path: below.to_str().unwrap().to_owned(), text: fs::read_to_string(path).unwrap() });
        }
    });
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "no *.{extension} below {}", root().display());
    found
}

/// Folders that builds of other languages make; none of ours has such a name.
const MADE: [&str; 6] = ["node_modules", "target", "generated", "dist", "bin", "__pycache__"];

/// Files below a folder, without what a build makes and what begins with a dot.
fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    let entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || MADE.contains(&name.as_str()) || path.join("CACHEDIR.TAG").exists() {
            continue;
        }
        if path.is_dir() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}

/// The names of all functions in our Rust files.
pub(super) fn function_names() -> BTreeSet<String> {
    files("rs").iter().flat_map(|source| functions_of(&source.text)).collect()
}

/// The names behind `fn` and in lists of laws (macros), which stand one a line.
fn functions_of(text: &str) -> Vec<String> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    text.lines()
        .filter_map(|line| line.split_once("fn ").map(|(_, rest)| rest))
        .map(|rest| rest.chars().take_while(|char| is_name(*char)).collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}
