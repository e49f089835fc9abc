//! P11: a folder that cannot be used gets an error that names it and says what to do.

use super::*;

#[test]
fn h28_a_second_open_is_refused_and_names_the_holder() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let error = refusal(folder.path());
    let holder = std::process::id().to_string();
    assert!(matches!(&error, OpenError::Locked { holder: of, .. } if of.starts_with(&holder)), "{error}");
    assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
    drop(first);
    open(folder.path());
}

/// A folder, what spoils it, and what the error must say.
type Case = (&'static str, fn(&Path), fn(&OpenError) -> bool, &'static [&'static str]);

const SPOILED_FOLDERS: [Case; 4] = [
    (
        "not a folder",
        |path| fs::write(path, "a file").unwrap(),
        |error| matches!(error, OpenError::NotAFolder { .. }),
        &["is not a folder"],
    ),
    (
        "foreign files",
        |path| {
            fs::create_dir(path).unwrap();
            fs::write(path.join("letter.txt"), "dear").unwrap();
        },
        |error| matches!(error, OpenError::ForeignFiles { .. }),
        &["letter.txt", "empty folder"],
    ),
    (
        "another layout",
        |path| {
            drop(open(path));
            let marker = fs::read_to_string(path.join("storage")).unwrap();
            fs::write(path.join("storage"), marker.replace("layout 3", "layout 7")).unwrap();
        },
        |error| matches!(error, OpenError::OtherLayout { .. }),
        &["layout 7", "layout 3"],
    ),
    (
        "a marker that is none",
        |path| {
            drop(open(path));
            fs::write(path.join("storage"), "something else").unwrap();
        },
        |error| matches!(error, OpenError::Damaged { .. }),
        &["marker"],
    ),
];

const SPOILED_STORAGES: [Case; 5] = [
    (
        "a watermark that is gone",
        |path| {
            drop(open(path));
            fs::remove_file(path.join("watermark")).unwrap();
        },
        |error| matches!(error, OpenError::Watermark { .. }),
        &["it is missing", "put back"],
    ),
    (
        "a watermark that is rotten",
        |path| {
            drop(open(path));
            fs::write(path.join("watermark"), [0; 8192]).unwrap();
        },
        |error| matches!(error, OpenError::Watermark { .. }),
        &["neither of its two slots"],
    ),
    (
        "a watermark of another storage",
        |path| {
            drop(open(path));
            let other = path.with_file_name("other");
            drop(open(&other));
            fs::copy(other.join("watermark"), path.join("watermark")).unwrap();
        },
        |error| matches!(error, OpenError::Watermark { .. }),
        &["another storage"],
    ),
    (
        "a store that is gone",
        |path| {
            let opened = open(path);
            opened.storage.enqueue(full(0)).unwrap();
            drop(opened);
            fs::remove_dir_all(path.join("store")).unwrap();
        },
        |error| matches!(error, OpenError::BehindWatermark { recovered: 0, watermark: 1, .. }),
        &["tables are not there", "restore"],
    ),
    (
        "tables that are damaged",
        |path| {
            let opened = open(path);
            opened.storage.enqueue(full(0)).unwrap();
            drop(opened);
            fs::write(path.join("store").join("version"), "rotten").unwrap();
        },
        |error| matches!(error, OpenError::Damaged { .. }),
        &["damaged", "restore"],
    ),
];

#[test]
fn p11_folders_that_cannot_be_used_are_told_apart() {
    for (name, spoil, expected, words) in SPOILED_FOLDERS.into_iter().chain(SPOILED_STORAGES) {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("here");
        spoil(&path);
        let before = fs::read_dir(&path).map_or(0, Iterator::count);
        let error = refusal(&path);
        assert!(expected(&error), "{name}: {error:?}");
        let text = error.to_string();
        for part in words.iter().chain([&path.to_str().unwrap()]) {
            assert!(text.contains(part), "{name}: «{part}» in {text}");
        }
        if name == "foreign files" {
            assert_eq!(fs::read_dir(&path).unwrap().count(), before, "nothing is put beside them");
        }
    }
}

#[test]
fn p11_a_folder_that_cannot_be_made_or_written_is_named() {
    let below_a_file = tempfile::NamedTempFile::new().unwrap();
    let error = refusal(&below_a_file.path().join("deeper").join("still"));
    assert!(matches!(error, OpenError::NotAFolder { .. }), "{error}");

    let system = Path::new("/sys/tessera-storage-test");
    if Path::new("/sys/kernel").is_dir() {
        let error = refusal(system);
        assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
        assert!(error.to_string().contains("cannot be written"), "{error}");
    } else {
        eprintln!("SKIPPED: there is no /sys that refuses to be written");
    }

    let folder = tempfile::tempdir().unwrap();
    let mut permissions = fs::metadata(folder.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.path(), permissions).unwrap();
    if fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("SKIPPED: this user may write a read-only folder");
        return;
    }
    let error = refusal(folder.path());
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
}

#[test]
fn p11_options_that_make_no_sense_are_refused_before_anything_is_touched() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("untouched");
    let lists: [&[Space]; 4] = [&[Space("")], &[Space("a/b")], &[Space("twice"), Space("twice")], &[Space("Große")]];
    for spaces in lists {
        let error = EmbeddedStorage::open(&path, Options::new(spaces)).unwrap_err();
        assert!(matches!(error, OpenError::Options(_)), "{spaces:?}: {error}");
    }
    assert!(!path.exists());
}

#[tokio::test]
async fn a_watermark_folder_of_its_own_is_used_and_needed() {
    let parent = tempfile::tempdir().unwrap();
    let (path, own) = (parent.path().join("here"), parent.path().join("there"));
    let options = || {
        let mut options = Options::new(&SPACES);
        options.watermark_folder = Some(own.clone());
        options
    };
    let opened = EmbeddedStorage::open(&path, options()).unwrap();
    fill(&opened.storage, 0, 3).await;
    drop(opened);
    assert!(own.join("watermark").exists() && !path.join("watermark").exists());
    assert!(matches!(refusal(&path), OpenError::Watermark { .. }));
    let opened = EmbeddedStorage::open(&path, options()).unwrap();
    assert_filled(&opened.storage, 3).await;
}

#[test]
fn a_creation_that_was_cut_short_is_finished_by_the_next_start() {
    type Cut = fn(&Path);
    let cuts: [(&str, Cut); 4] = [
        ("before the tables", |path| fs::remove_dir_all(path.join("store")).unwrap()),
        ("in the middle of the tables", |path| fs::remove_file(path.join("store").join("version")).unwrap()),
        ("before the watermark", |path| {
            fs::remove_dir_all(path.join("store")).unwrap();
            fs::remove_file(path.join("watermark")).unwrap();
        }),
        ("before the marker", |path| {
            fs::remove_dir_all(path).unwrap();
            fs::create_dir(path).unwrap();
            fs::write(path.join("lock"), "").unwrap();
            fs::write(path.join("storage.unfinished"), "tess").unwrap();
        }),
    ];
    for (name, cut) in cuts {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("here");
        drop(open(&path));
        fs::remove_file(path.join("clean")).unwrap();
        cut(&path);
        let opened = open(&path);
        assert!(opened.created && opened.sequence == 0, "{name}");
    }
}

#[tokio::test]
async fn more_spaces_can_be_opened_later_and_unused_ones_stay_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    fill(&opened.storage, 0, 4).await;
    let copy = image(folder.path());
    let more = [SPACES[0], Space("more")];
    let opened = EmbeddedStorage::open(copy.path(), Options::new(&more)).unwrap();
    let partition = Partition { space: Space("more"), key: Bytes::from_static(b"m") };
    assert_eq!(opened.storage.commit(commit(partition, 0, "head")).await.unwrap().sequence, 5);
    drop(opened);
    assert_filled(&open(copy.path()).storage, 4).await;
}
