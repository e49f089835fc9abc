//! Rows that are too large for the tables lie in files of their own: as durable, and as well guarded.

use super::*;

const COUNT: u64 = 6;

fn large(number: u64) -> Commit {
    Commit {
        rows: vec![row(1, "large", &format!("large row {number} ").repeat(300)), row(1, "small", "small")],
        feed_kinds: vec![1],
        ..commit(thing(&number.to_string()), 0, "head")
    }
}

/// Files of large rows below a folder.
fn files_apart(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_apart(&path));
        } else if path.parent().is_some_and(|parent| parent.ends_with("blobs")) {
            found.push(path);
        }
    }
    found
}

/// A storage with large rows, written out, which was left without being stopped.
async fn written_out() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    for number in 0..COUNT {
        opened.storage.commit(large(number)).await.unwrap();
    }
    let visible = opened.storage.shared.visible.load_full().unwrap();
    for keyspace in visible.tables().keyspaces() {
        keyspace.rotate_memtable_and_wait().unwrap();
    }
    image(folder.path())
}

#[tokio::test]
async fn p3_large_rows_are_read_after_they_were_written_out_and_after_a_crash() {
    let copy = written_out().await;
    assert!(!files_apart(copy.path()).is_empty(), "large rows lie apart");
    for _ in 0..2 {
        let opened = open(copy.path());
        let feed = opened.storage.feed(&Cursor::default(), 100, Wanted::All).await.unwrap();
        for (number, entry) in (0..COUNT).zip(&feed) {
            let expected = large(number);
            assert_eq!(entry.rows, expected.rows, "feed of {number}");
            for row in &expected.rows {
                let found = opened.storage.row(&expected.partition, &row.key).await.unwrap();
                assert_eq!(found.as_ref(), Some(&row.value), "row of {number}");
            }
            let rows = opened.storage.rows(&expected.partition, 1, None, 10).await.unwrap();
            assert_eq!(rows, expected.rows, "scan of {number}");
        }
        assert_eq!(feed.len(), usize::try_from(COUNT).unwrap());
    }
}

#[tokio::test]
async fn h25_a_large_row_that_rotted_in_its_own_file_is_damage_for_its_readers_and_nobody_else() {
    let copy = written_out().await;
    drop(open(copy.path()));
    let needle = b"large row 3 large row 3 ";
    let holds = |path: &PathBuf| fs::read(path).unwrap().windows(needle.len()).any(|bytes| bytes == needle);
    let path = files_apart(copy.path()).into_iter().find(holds).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(needle.len()).position(|bytes| bytes == needle).unwrap();
    bytes[place + 7] ^= 2;
    fs::write(&path, &bytes).unwrap();
    let opened = open(copy.path());
    for number in 0..COUNT {
        let expected = large(number);
        let found = opened.storage.row(&expected.partition, &expected.rows[0].key).await;
        if number == 3 {
            assert!(matches!(found, Err(StorageError::Damaged { .. })), "{found:?}");
        } else {
            assert_eq!(found.unwrap().as_ref(), Some(&expected.rows[0].value), "row of {number}");
        }
        assert!(opened.storage.head(&expected.partition).await.unwrap().is_some());
    }
}
