//! Laws of the feed.
#![expect(clippy::expect_used, reason = "a law that does not hold ends the test")]

use super::{Subject, commit, row, thing};
use crate::{Cursor, FeedEntry, Row, StorageError, Version, Wanted};

async fn all(storage: &Subject) -> Vec<FeedEntry> {
    storage.feed(&Cursor::default(), 1_000, Wanted::All).await.expect("feed")
}

/// Only commits that name kinds are in the feed, with the rows of those kinds, as acknowledged.
pub async fn feed_shows_only_the_named_kinds(storage: Subject) {
    assert!(all(&storage).await.is_empty());
    let mut shown = commit(thing("a"), 0, "head");
    shown.rows = vec![row(1, "x", "one"), row(2, "x", "two"), row(3, "x", "three")];
    shown.feed_kinds = vec![1, 3];
    let first = storage.commit(shown).await.expect("commit");
    let mut hidden = commit(thing("a"), 1, "head");
    hidden.rows = vec![row(1, "y", "hidden")];
    storage.commit(hidden).await.expect("commit");
    let mut without = commit(thing("a"), 2, "head");
    without.feed_kinds = vec![9];
    let third = storage.commit(without).await.expect("commit");

    let entries = all(&storage).await;
    assert_eq!(entries.iter().map(|entry| entry.committed).collect::<Vec<_>>(), [first, third]);
    assert!(entries.iter().all(|entry| entry.partition == thing("a")));
    let rows: Vec<Vec<Row>> = entries.into_iter().map(|entry| entry.rows).collect();
    assert_eq!(rows, [vec![row(1, "x", "one"), row(3, "x", "three")], vec![]]);

    let only = storage.feed(&Cursor::default(), 1_000, Wanted::Kind(3)).await.expect("feed");
    assert_eq!(only.iter().map(|entry| entry.committed).collect::<Vec<_>>(), [first, third], "the cursor moves all the same");
    let rows: Vec<Vec<Row>> = only.into_iter().map(|entry| entry.rows).collect();
    assert_eq!(rows, [vec![row(3, "x", "three")], vec![]]);
}

/// From any entry's cursor the feed goes on with the next one, whatever the limit.
pub async fn feed_goes_on_behind_any_cursor(storage: Subject) {
    for number in 0..20 {
        let mut put = commit(thing(&format!("{}", number % 3)), number / 3, "head");
        put.rows = vec![row(1, &format!("{number}"), "value")];
        put.feed_kinds = if number % 4 == 3 { Vec::new() } else { vec![1] };
        storage.commit(put).await.expect("commit");
    }
    let whole = all(&storage).await;
    assert_eq!(whole.len(), 15);
    for limit in [1, 4, 100] {
        let mut walked = Vec::new();
        let mut cursor = Cursor::default();
        loop {
            let page = storage.feed(&cursor, limit, Wanted::All).await.expect("feed");
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            cursor = last.cursor.clone();
            walked.extend(page);
        }
        assert_eq!(walked, whole, "limit {limit}");
    }
    for (place, entry) in whole.iter().enumerate() {
        let rest = storage.feed(&entry.cursor, 100, Wanted::All).await.expect("feed");
        assert_eq!(rest.as_slice(), whole.get(place + 1..).unwrap_or_default(), "behind {place}");
    }
    assert!(storage.feed(&Cursor::default(), 0, Wanted::All).await.expect("feed").is_empty());
}

/// A follower that comes late still sees each row as its commit left it.
pub async fn feed_keeps_rows_as_they_were_committed(storage: Subject) {
    for version in 0..4 {
        let mut put = commit(thing("a"), version, "head");
        put.rows = vec![row(1, "x", &format!("{version}")), row(1, &format!("own {version}"), "")];
        // The third commit replaces the row without showing it.
        put.feed_kinds = if version == 2 { Vec::new() } else { vec![1] };
        storage.commit(put).await.expect("commit");
    }
    let seen: Vec<_> = all(&storage).await.into_iter().map(|entry| (entry.committed.version, entry.rows)).collect();
    let expected: Vec<_> = [0, 1, 3]
        .map(|version: u64| {
            (Version(version + 1), vec![row(1, "x", &version.to_string()), row(1, &format!("own {version}"), "")])
        })
        .to_vec();
    assert_eq!(seen, expected);
    let now = storage.row(&thing("a"), &super::key(1, "x")).await.expect("read");
    assert_eq!(now.as_deref(), Some(&b"3"[..]));
}

/// Whoever waits for the feed is woken when it has grown, and finds the entry then.
pub async fn feed_moves_when_it_grows(storage: Subject) {
    let mut moved = storage.feed_moved();
    moved.mark_unchanged();
    let mut put = commit(thing("a"), 0, "head");
    put.feed_kinds = vec![1];
    let follower = tokio::spawn({
        let storage = storage.clone();
        async move {
            moved.changed().await.expect("the storage is open");
            all(&storage).await.len()
        }
    });
    storage.commit(put).await.expect("commit");
    assert_eq!(follower.await.expect("the follower ends"), 1);
}

/// A cursor that this storage did not make is refused, not taken for a place.
pub async fn feed_refuses_a_cursor_of_another_storage(storage: Subject) {
    let mut put = commit(thing("a"), 0, "head");
    put.feed_kinds = vec![1];
    storage.commit(put).await.expect("commit");
    let good = all(&storage).await.first().expect("one entry").cursor.clone();
    let changed = |position: usize| {
        let mut bytes = good.0.to_vec();
        if let Some(byte) = bytes.get_mut(position) {
            *byte ^= 0x80;
        }
        Cursor(bytes.into())
    };
    let cut = Cursor(good.0.slice(1..));
    for bad in [changed(0), changed(good.0.len() - 1), cut, Cursor(bytes::Bytes::from_static(b"?"))] {
        let answer = storage.feed(&bad, 10, Wanted::All).await;
        assert!(matches!(answer, Err(StorageError::Misuse(_))), "{bad:?}: {answer:?}");
    }
    assert!(storage.feed(&good, 10, Wanted::All).await.expect("feed").is_empty());
}
