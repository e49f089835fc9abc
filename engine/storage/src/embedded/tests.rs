//! What only the embedded storage promises: crashes, damage, locks, folders.

mod crash;
mod damage;
mod failing;
mod folders;
mod large_rows;

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::conformance::{SPACES, claim, code, commit, delta, hint, row, thing};
use crate::{ChainHash, Version, Wanted};

/// Opens a folder that must open.
fn open(folder: &Path) -> Opened {
    EmbeddedStorage::open(folder, Options::new(&SPACES)).unwrap()
}

/// The error of a folder that must not open.
fn refusal(folder: &Path) -> OpenError {
    match EmbeddedStorage::open(folder, Options::new(&SPACES)) {
        Ok(opened) => panic!("{folder:?} opened: {opened:?}"),
        Err(error) => error,
    }
}

/// A commit of every kind of thing, to one of four partitions.
fn full(number: u64) -> Commit {
    Commit {
        rows: vec![row(1, &number.to_string(), &"row ".repeat(50)), row(2, "same", &number.to_string())],
        claims: vec![claim(code(&number.to_string()), 0, "claim")],
        hints: vec![hint(1, &number.to_string(), "hint")],
        deltas: vec![delta("count", 1)],
        feed_kinds: vec![1, 2],
        ..commit(thing(&(number % 4).to_string()), number / 4, &number.to_string())
    }
}

/// Commits `full(from)` to `full(to - 1)`; their sequences must be one more than their numbers.
async fn fill(storage: &EmbeddedStorage, from: u64, to: u64) {
    for number in from..to {
        let committed = storage.commit(full(number)).await.unwrap();
        assert_eq!(committed.sequence, number + 1, "no gap");
    }
}

/// Everything of `full(0)` to `full(count - 1)` is there.
async fn assert_filled(storage: &EmbeddedStorage, count: u64) {
    for number in 0..count {
        let expected = full(number);
        let head = storage.head(&expected.partition).await.unwrap().unwrap();
        assert!(head.version > expected.expected, "head of {number}");
        let rows = storage.row(&expected.partition, &expected.rows[0].key).await.unwrap();
        assert_eq!(rows.as_ref(), Some(&expected.rows[0].value), "row of {number}");
        assert!(storage.head(&expected.claims[0].partition).await.unwrap().is_some(), "claim of {number}");
    }
    assert!(storage.counter(b"count").await.unwrap() >= i64::try_from(count).unwrap());
    let feed = storage.feed(&Cursor::default(), 10_000, Wanted::All).await.unwrap();
    let mut chain = ChainHash::START;
    for (number, entry) in (0..count).zip(&feed) {
        let expected = full(number);
        chain = crate::chain::link(chain, number + 1, crate::chain::content(&expected));
        assert_eq!(entry.rows, expected.rows, "feed of {number}");
        assert_eq!((entry.committed.sequence, entry.committed.chain), (number + 1, chain), "chain of {number}");
    }
    assert!(feed.len() >= usize::try_from(count).unwrap());
}

/// Copies a folder as it lies there, the watermark before the store: as a power cut would leave it.
fn image(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    if folder.join("watermark").exists() {
        fs::copy(folder.join("watermark"), copy.path().join("watermark")).unwrap();
    }
    copy_folder(folder, copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if !target.exists() {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The journal that is being written, and how many bytes of it are in use.
fn journal(folder: &Path) -> (PathBuf, usize) {
    let mut journals: Vec<_> = fs::read_dir(folder.join("store"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jnl"))
        .collect();
    journals.sort();
    let path = journals.pop().unwrap();
    let used = fs::read(&path).unwrap().iter().rposition(|byte| *byte != 0).unwrap() + 1;
    (path, used)
}
