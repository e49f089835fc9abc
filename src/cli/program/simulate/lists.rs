//! `--list NAME=FILE` of a what-if: the files that a list is loaded from.

use std::path::PathBuf;
use std::str::FromStr;

use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tessera_contract::read::{ReadContext, read_list_rows};
use tessera_rules::diagnostic::nearest;
use tessera_rules::id::SegmentId;
use tessera_rules::revision::Revision;

use crate::cli::Failure;
use crate::list_file::{self, Encoding, Meant, Pieces};
use crate::receipt_files::sale::customer_key;
use crate::simulate::lists::CustomerLists;

/// Rows read at once.
const PIECE_ROWS: usize = 1_000;

/// A list and its file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ListFile {
    list: SegmentId,
    file: PathBuf,
}

impl FromStr for ListFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or("write NAME=FILE")?;
        let list = SegmentId::parse(name).map_err(|error| format!("the name {error}"))?;
        Ok(Self { list, file: PathBuf::from(file) })
    }
}

/// Reads the files; days in them are of this time zone.
///
/// # Errors
/// A list that no segment of these revisions names, or a file with faults.
pub(super) fn read(files: &[ListFile], revisions: [&Revision; 2], zone: &TimeZone) -> Result<CustomerLists, Failure> {
    let mut lists = CustomerLists::default();
    let known = || revisions.iter().flat_map(|revision| revision.lists()).map(SegmentId::as_str);
    for ListFile { list, file } in files {
        if !known().any(|name| name == list.as_str()) {
            let meant = nearest(list.as_str(), known()).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            return Err(format!("--list {list}: no segment of these programs names this list{meant}").into());
        }
        lists.tell(list);
        let meant = Meant { encoding: Encoding::Auto, region: None, until: None, zone: zone.clone() };
        list_file::check(file, &meant, &ProgressBar::hidden())?;
        let mut pieces = Pieces::open(file, &meant, 0, PIECE_ROWS)?;
        loop {
            let rows = pieces.next()?;
            if rows.is_empty() {
                break;
            }
            let read = read_list_rows(&rows, &ReadContext { now: Timestamp::UNIX_EPOCH });
            for row in read.map_err(|refusal| format!("{}: {refusal}", file.display()))? {
                lists.add(list, &customer_key(&row.customer), row.until);
            }
        }
    }
    Ok(lists)
}

#[cfg(test)]
mod tests {
    use tessera_rules::revision::Source;

    use super::*;
    use crate::simulate::lists::on_at;

    fn revision() -> Revision {
        let text = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nsegments:\n- {id: staff, list: staff-2026}\n- {id: vips, list: vips}\n";
        let source = Source { name: "p.yaml".to_owned(), text: text.to_owned() };
        Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap().revision
    }

    fn of(name: &str, content: &str) -> Result<CustomerLists, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list.csv");
        std::fs::write(&file, content).unwrap();
        let list = format!("{name}={}", file.display()).parse::<ListFile>()?;
        let revision = revision();
        read(&[list], [&revision, &revision], &TimeZone::UTC).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_says_who_is_on_a_list_until_when() {
        let lists = of("staff-2026", "card,customer_id,until\n90000001,,\n,c-7,2026-03-01\n").unwrap();
        let day = |text: &str| text.parse::<Timestamp>().unwrap();
        let on = |customer: &str, at: &str| on_at(lists.of(Some(customer)), day(at)).len();
        assert_eq!(on("90000001", "2027-01-01T00:00:00Z"), 1);
        assert_eq!(on("customer:c-7", "2026-02-28T23:59:59Z"), 1);
        assert_eq!(on("customer:c-7", "2026-03-01T00:00:00Z"), 0);
        assert_eq!(on("90000002", "2026-01-01T00:00:00Z"), 0);
        let revision = revision();
        assert_eq!(lists.missing(&revision).iter().map(|list| list.as_str()).collect::<Vec<_>>(), ["vips"]);
    }

    #[test]
    fn p11_a_list_that_nobody_names_and_a_file_with_faults_are_told() {
        let table = [
            ("staff-2025", "card\n90000001\n", "no segment of these programs names this list; did you mean `staff-2026`?"),
            ("vips", "name\nMiller\n", "the first row must name the columns"),
            ("vips", "card,until\n90000001,soon\n", "must be a day"),
        ];
        for (name, content, expected) in table {
            let error = of(name, content).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!("vips".parse::<ListFile>(), Err("write NAME=FILE".to_owned()));
    }
}
