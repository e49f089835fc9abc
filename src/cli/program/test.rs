//! `tessera program test`: a folder of conformance cases against the programs that they name, or another one.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use tessera_cases::{Files, Report, read_file, read_products};
use tessera_rules::catalogue::Product;
use tessera_rules::limits::PROGRAM_BYTES_MAX;
use tessera_rules::revision::Source;

use crate::cli::{Failure, print};
use crate::{product_file, program_files};

/// Arguments of `tessera program test`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TestArgs {
    /// A folder of case files (`*.yaml`, in folders below it too), or one of them.
    #[arg(value_name = "FOLDER")]
    path: PathBuf,
    /// Run the cases against this program, or folder of programs, whatever they name themselves.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Print one JSON object a case.
    #[arg(long)]
    json: bool,
}

/// A case came out otherwise than it states.
const FAILED: u8 = 1;
/// A file of cases cannot be read.
const UNREADABLE: u8 = 2;

/// What became of all cases.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Tally {
    files: usize,
    ok: usize,
    failed: usize,
    unreadable: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases = self.ok.saturating_add(self.failed);
        write!(f, "{cases} cases in {} files: {} ok, {} failed", self.files, self.ok, self.failed)?;
        if self.unreadable > 0 {
            write!(f, "; {} files cannot be read", self.unreadable)?;
        }
        Ok(())
    }
}

/// Runs the cases; exit code 1 where one failed, 2 where a file cannot be read.
pub(crate) fn run(args: &TestArgs) -> Result<ExitCode, Failure> {
    let program = args.program.as_deref().map(program_files::read).transpose();
    let (program, files) = match (program, yaml_files(&args.path)) {
        (Ok(program), Ok(files)) => (program, files),
        (Err(error), _) => return Ok(unreadable(&error)),
        (_, Err(error)) => return Ok(unreadable(&format!("{} cannot be read: {error}", args.path.display()))),
    };
    let mut tally = Tally::default();
    for file in &files {
        run_file(file, args, program.as_deref(), &mut tally);
    }
    if tally.files == 0 && tally.unreadable == 0 {
        return Ok(unreadable(&format!("no case file (*.yaml with `cases`) is below {}", args.path.display())));
    }
    if !args.json {
        print(&format!("{tally}\n"));
    }
    Ok(ExitCode::from(match tally {
        Tally { unreadable: 1.., .. } => UNREADABLE,
        Tally { failed: 1.., .. } => FAILED,
        Tally { .. } => 0,
    }))
}

fn run_file(file: &Path, args: &TestArgs, program: Option<&[Source]>, tally: &mut Tally) {
    let reports = match reports(file, program) {
        Ok(Some(reports)) => reports,
        Ok(None) => return,
        Err(problem) => {
            tally.unreadable = tally.unreadable.saturating_add(1);
            if args.json {
                print(&format!("{}\n", json!({ "file": file.display().to_string(), "unreadable": problem })));
            } else {
                warn(&problem);
            }
            return;
        }
    };
    tally.files = tally.files.saturating_add(1);
    for report in &reports {
        let count = if report.is_ok() { &mut tally.ok } else { &mut tally.failed };
        *count = count.saturating_add(1);
        print(&if args.json { format!("{}\n", object(report)) } else { format!("{report}\n") });
    }
}

/// The reports of a file; none: it is a program or a product file.
fn reports(file: &Path, program: Option<&[Source]>) -> Result<Option<Vec<Report>>, String> {
    let text = read_text(file).map_err(|problem| format!("error: {problem}\n"))?;
    let name = file.display().to_string();
    let Some(cases) = read_file(&name, &text).map_err(|mistakes| mistakes.to_string())? else { return Ok(None) };
    let mut folder = Folder(file.parent().unwrap_or(Path::new("")));
    cases.run(&mut folder, program).map(Some).map_err(|mistakes| mistakes.to_string())
}

/// A text that is no larger than any file of cases or products may be: a folder may hold anything.
fn read_text(file: &Path) -> Result<String, String> {
    let limit = u64::try_from(PROGRAM_BYTES_MAX).unwrap_or(u64::MAX);
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|open| open.take(limit.saturating_add(1)).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() > PROGRAM_BYTES_MAX => {
            Err(format!("{} has more than {PROGRAM_BYTES_MAX} bytes, the most that a case file can have", file.display()))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{} cannot be read: {error}", file.display())),
    }
}

fn object(report: &Report) -> serde_json::Value {
    let differences: Vec<_> = report
        .differences
        .iter()
        .map(|difference| json!({ "field": difference.field, "expected": difference.expected, "got": difference.got }))
        .collect();
    json!({
        "file": report.file,
        "line": report.line,
        "case": report.name,
        "ok": report.is_ok(),
        "why": report.why,
        "differences": differences,
    })
}

fn unreadable(error: &impl fmt::Display) -> ExitCode {
    warn(&format!("error: {error}\n"));
    ExitCode::from(UNREADABLE)
}

#[expect(clippy::print_stderr, reason = "what cannot be read is told apart from what the cases came to")]
fn warn(text: &str) {
    eprint!("{text}");
}

/// The files that cases name, relative to their own folder.
struct Folder<'p>(&'p Path);

impl Files for Folder<'_> {
    fn programs(&mut self, path: &str) -> Result<Vec<Source>, String> {
        program_files::read(&self.0.join(path)).map_err(|error| error.to_string())
    }

    fn products(&mut self, path: &str) -> Result<Vec<Product>, String> {
        let file = self.0.join(path);
        if !is_yaml(&file) {
            return product_file::read(&file).map_err(|error| error.to_string());
        }
        let text = read_text(&file)?;
        read_products(&file.display().to_string(), &text).map_err(|mistakes| mistakes.to_string())
    }
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Every YAML file below a path in the order of names; links to folders are not followed, since they may go round.
fn yaml_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else if is_yaml(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &str = "program: ../p.yaml\ncatalogue: goods.csv\ncases:\n- {name: good, receipt: [A], expect: {total: 9.00}}\n- {name: bad, receipt: [A], expect: {total: 8.00}}\n";
    const PROGRAM: &str = "program: p\nlanguage: 1\nname: P\ncurrency: EUR\ncampaigns:\n- {id: a, name: A, percent_off: 10}\n";

    fn folder(cases: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("p.yaml"), PROGRAM).unwrap();
        fs::write(folder.path().join("below/goods.csv"), "sku,name,price\nA,Apples,10.00\n").unwrap();
        fs::write(folder.path().join("below/cases.yaml"), cases).unwrap();
        folder
    }

    fn run_with(folder: &Path, program: Option<&str>) -> ExitCode {
        let program = program.map(|text| {
            let file = folder.join("draft.txt");
            fs::write(&file, text).unwrap();
            file
        });
        run(&TestArgs { path: folder.to_owned(), program, json: true }).unwrap()
    }

    fn same(a: ExitCode, b: u8) -> bool {
        format!("{a:?}") == format!("{:?}", ExitCode::from(b))
    }

    #[test]
    fn the_exit_status_says_ok_failed_or_unreadable() {
        let good = CASES.replace("8.00", "9.00");
        assert!(same(run_with(folder(&good).path(), None), 0));
        assert!(same(run_with(folder(CASES).path(), None), FAILED));
        assert!(same(run_with(folder("cases: 1\n").path(), None), UNREADABLE));
        assert!(same(run_with(folder("program: x\nlanguage: 1\n").path(), None), UNREADABLE), "no cases at all");
        assert!(same(run_with(Path::new("no/such/folder"), None), UNREADABLE));
    }

    #[test]
    fn another_program_takes_the_place_of_those_that_cases_name() {
        let eighths = CASES.replace("9.00", "8.00");
        let draft = PROGRAM.replace("percent_off: 10", "percent_off: 20");
        let folder = folder(&eighths);
        assert!(same(run_with(folder.path(), None), FAILED));
        assert!(same(run_with(folder.path(), Some(&draft)), 0));
    }

    #[test]
    fn a_report_as_json_has_its_differences() {
        let folder = folder(CASES);
        let reports = reports(&folder.path().join("below/cases.yaml"), None).unwrap().unwrap();
        let shown = object(&reports[1]);
        assert_eq!((shown["case"].as_str(), shown["line"].as_u64(), shown["ok"].as_bool()), (Some("bad"), Some(5), Some(false)));
        assert_eq!(shown["differences"], json!([{ "field": "total", "expected": "8.00", "got": "9.00" }]));
    }

    #[test]
    fn the_tally_is_told_in_one_line() {
        let tally = Tally { files: 2, ok: 3, failed: 1, unreadable: 1 };
        assert_eq!(tally.to_string(), "4 cases in 2 files: 3 ok, 1 failed; 1 files cannot be read");
    }
}
