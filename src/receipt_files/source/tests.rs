//! Tests of files that are broken.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const COLUMNS: &[&str] = &["name", "units", "price"];

fn read(content: &[u8]) -> Result<Vec<Vec<String>>, SourceError> {
    let mut table = Table::read_from(Path::new("receipts.csv"), COLUMNS, io::Cursor::new(content.to_vec()))?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        rows.push((0..COLUMNS.len()).map(|column| row.text(column).to_owned()).collect());
    }
    Ok(rows)
}

fn compressed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Rows that do not compress to nothing, so that a cut falls among them.
fn long() -> Vec<u8> {
    let mut content = b"name,units,price\n".to_vec();
    for number in 0_u32..20_000 {
        writeln!(content, "{:x},{number},1.00", number.wrapping_mul(2_654_435_761)).unwrap();
    }
    content
}

#[test]
fn plain_and_compressed_files_read_alike() {
    let content = b"name,units,price\n\"a, \"\"b\"\"\",1,2.00\n";
    let rows = vec![vec!["a, \"b\"".to_owned(), "1".to_owned(), "2.00".to_owned()]];
    assert_eq!(read(content).unwrap(), rows);
    assert_eq!(read(&compressed(content)).unwrap(), rows);
    let two_members = [compressed(b"name,units,price\n"), compressed(b"\"a, \"\"b\"\"\",1,2.00\n")].concat();
    assert_eq!(read(&two_members).unwrap(), rows);
    assert_eq!(read(b"\xef\xbb\xbfname,units,price\r\nx,1,1\r\n").unwrap().len(), 1);
}

#[test]
fn p11_a_compressed_file_that_is_cut_is_told_wherever_the_cut_is() {
    let whole = compressed(&long());
    for cut in [11, whole.len() / 3, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let error = read(&whole[..cut]).unwrap_err();
        assert!(matches!(error, SourceError::Cut { .. }), "cut at {cut}: {error:?}");
    }
}

#[test]
fn p11_a_compressed_file_with_a_flipped_byte_is_damaged() {
    let mut content = compressed(&long());
    let middle = content.len() / 2;
    content[middle] ^= 0x55;
    let error = read(&content).unwrap_err();
    assert!(matches!(error, SourceError::Read { .. } | SourceError::Columns { .. } | SourceError::Value { .. }), "{error:?}");
}

#[test]
fn p11_broken_files_are_told_by_row_and_column() {
    let table: [(&[u8], &str); 9] = [
        (b"", "the file receipts.csv is empty"),
        (b"name,units,price\nx,1,2", "ends in the middle, after row 1"),
        (b"name,units,price\nx,1,2\ny,1", "row 3: 2 columns where 3 are expected"),
        (b"name,units,price\nx,1,2\n\"y", "row 3: 1 columns where 3 are expected"),
        (b"name,units,price\nx,1,2,3\ny,1,2\n", "row 2: 4 columns where 3 are expected"),
        (b"name,units,price\nx,\xff,2\n", "row 2, column `units`: is not valid UTF-8"),
        (b"name,count,price\nx,1,2\n", "another format: expected the columns\n  name,units,price\nfound\n  name,count,price"),
        (b"\0\0\0\0", "another format"),
        (b"\x1f\x8bgarbage that is no gzip\n", "receipts.csv"),
    ];
    for (content, message) in table {
        let error = read(content).unwrap_err().to_string();
        assert!(error.contains(message), "{}\n{error}", content.escape_ascii());
    }
}

#[test]
fn a_header_of_another_format_says_which_one_it_is() {
    for format in Format::TABLES {
        let error = read(format!("{}\n", format.columns().join(",")).as_bytes()).unwrap_err().to_string();
        assert!(error.ends_with(&format!("it fits --format {format}")), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_or_is_a_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for file in [folder.path().join("none.csv"), folder.path().to_owned()] {
        let error = Table::open(&file, COLUMNS, &ProgressBar::hidden()).unwrap_err();
        assert!(matches!(error, SourceError::Open { .. }), "{error:?}");
    }
}

#[test]
fn scaled_numbers_are_exact_and_say_when_they_cannot_be() {
    let table = [
        ("1.25", Some(125)),
        ("-0.01", Some(-1)),
        ("7", Some(700)),
        ("1.250", Some(125)),
        ("1.255", None),
        ("", None),
        ("1e3", Some(100_000)),
        ("one", None),
        ("99999999999999999999999", None),
    ];
    for (text, expected) in table {
        let content = format!("name,units,price\nx,1,{text}\n");
        let mut opened = Table::read_from(Path::new("f"), COLUMNS, io::Cursor::new(content.into_bytes())).unwrap();
        let row = opened.next_row().unwrap().unwrap();
        assert_eq!(row.scaled(2, 2).ok(), expected, "{text}");
    }
}
