//! Files of customers as they come out of other programs.

use super::*;

fn meant() -> Meant {
    Meant { encoding: Encoding::Auto, region: Region::from_code("GB"), until: None, zone: TimeZone::UTC }
}

fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.csv");
    std::fs::write(&file, content).unwrap();
    (folder, file)
}

fn all(content: &[u8]) -> Vec<String> {
    let (_folder, file) = file(content);
    let checked = check(&file, &meant(), &ProgressBar::hidden()).unwrap();
    let mut pieces = Pieces::open(&file, &meant(), 0, 2).unwrap();
    let mut shown = Vec::new();
    loop {
        let piece = pieces.next().unwrap();
        if piece.is_empty() {
            break;
        }
        shown.extend(piece.into_iter().map(|row| {
            let until = row.until.map(|until| until.seconds.to_string()).unwrap_or_default();
            match row.customer.unwrap().identity.unwrap() {
                Identity::CardNumber(value) => format!("card {value} {until}"),
                Identity::Phone(value) => format!("phone {value} {until}"),
                Identity::Qr(value) => format!("qr {value} {until}"),
                Identity::CustomerId(value) => format!("id {value} {until}"),
            }
        }));
    }
    assert_eq!(u64::try_from(shown.len()).unwrap(), checked.rows);
    shown
}

#[test]
fn customers_are_read_from_any_of_the_usual_tables() {
    for (content, expected) in [
        (&b"card\n1001\n1002\n\n1003\n"[..], vec!["card 1001 ", "card 1002 ", "card 1003 "]),
        (b"\xef\xbb\xbfCard_Number;name\r\n1001;\xcf\xe5\xf2\xf0\r\n", vec!["card 1001 "]),
        (b"name\tphone\nAnn\t020 7946 0018\nBob\t+44 20 7946 0019\n", vec!["phone +442079460018 ", "phone +442079460019 "]),
        (b"card,phone\n1001,\n,+442079460018\n", vec!["card 1001 ", "phone +442079460018 "]),
        (b"customer_id,until\nc-1,1970-01-02\nc-2,\n", vec!["id c-1 86400", "id c-2 "]),
        (b"qr\n\xea\xe0\xf0\xf2\xe0-7\n", vec!["qr \u{43a}\u{430}\u{440}\u{442}\u{430}-7 "]),
    ] {
        assert_eq!(all(content), expected, "{}", String::from_utf8_lossy(content));
    }
}

#[test]
fn p11_every_fault_of_a_file_of_customers_is_told_with_its_line_and_none_of_their_numbers() {
    let faults = |content: &[u8]| {
        let (_folder, file) = file(content);
        check(&file, &meant(), &ProgressBar::hidden()).unwrap_err().to_string()
    };
    let text = faults(b"card,until\n4111111111111111,\n1001,soon\n1\n");
    for part in ["3 faults", "line 2", "line 3, column until", "line 4"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("4111"), "{text}");
    assert!(faults(b"1001\n1002\n").contains("the first row must name the columns"));
    assert!(faults(b"\xff\xfec\0a\0").contains("UTF-16"));
    assert!(faults(b"card\n").contains("segment clear"));
    assert!(faults(b"phone\n12\n").contains("line 2, column phone"));
}

#[test]
fn the_same_customers_in_another_table_are_the_same_content() {
    let hash = |content: &[u8]| {
        let (_folder, file) = file(content);
        check(&file, &meant(), &ProgressBar::hidden()).unwrap().hash
    };
    let one = hash(b"card\n1001\n1002\n");
    assert_eq!(one, hash(b"name;card_number\r\nAnn;1001\r\nBob;1002\r\n"));
    assert_ne!(one, hash(b"card\n1002\n1001\n"));
    assert_ne!(one, hash(b"card,until\n1001,\n1002,2027-01-01\n"));
}
