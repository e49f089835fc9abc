//! The binary as a user meets it when things are wrong: each message names the thing and says what to do, nothing
//! is changed, nothing panics.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::server::{Server, refusal, said, serve, tessera};
use super::sources::root;

fn check(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "«{part}» is missing in:\n{said}");
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A small receipt of the example's goods under an id of its own, in a file.
fn receipt(folder: &Path, id: &str) -> PathBuf {
    let text = fs::read_to_string(root().join("deploy/examples/receipt.json")).unwrap();
    let mut receipt: Value = serde_json::from_str(&text).unwrap();
    receipt["receiptId"] = id.into();
    let file = folder.join("receipt.json");
    fs::write(&file, receipt.to_string()).unwrap();
    file
}

/// Settles a receipt and gives the server's answer.
fn settle(server: &Server, file: &Path) -> Value {
    let ended = server.till(&["settle", file.to_str().unwrap()]);
    assert!(ended.status.success(), "{}", said(&ended));
    serde_json::from_slice(&ended.stdout).unwrap()
}

/// The stored outcome of a receipt, as `till get` prints it.
fn outcome(server: &Server, id: &str) -> Value {
    let ended = server.till(&["get", id]);
    assert!(ended.status.success(), "{}", said(&ended));
    let answer: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert!(answer["outcome"].is_object(), "{answer:#}");
    answer["outcome"].clone()
}

const ID: &str = "S1/T9/20261122/1/faults";

#[test]
fn h28_a_second_server_on_the_same_data_is_refused_and_names_the_process() {
    let folder = folder();
    let data = folder.path().join("data");
    let first = Server::start(&data);
    let refused = refusal(serve(&data));
    check(&refused, &[data.to_str().unwrap(), "in use", &format!("{}", first.pid()), "stop that process"]);
    settle(&first, &receipt(folder.path(), ID));
    // A lock of a process that was killed keeps nobody out.
    first.kill();
    let again = Server::start(&data);
    outcome(&again, ID);
}

#[test]
fn p3_a_server_that_is_told_to_stop_ends_cleanly_and_finds_its_data_again() {
    let folder = folder();
    let data = folder.path().join("data");
    let first = Server::start(&data);
    let settled = settle(&first, &receipt(folder.path(), ID));
    let before = outcome(&first, ID);
    assert_eq!(settled["outcome"], before);
    assert_eq!(first.stop().code(), Some(0));
    let second = Server::start(&data);
    assert_eq!(outcome(&second, ID), before);
    assert_eq!(second.stop().code(), Some(0));
}

#[test]
fn p3_what_was_acknowledged_is_there_after_a_kill() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut expected: Vec<(String, Value)> = Vec::new();
    for round in 0..3 {
        let server = Server::start(&data);
        for (id, before) in &expected {
            assert_eq!(&outcome(&server, id), before);
        }
        let id = format!("S1/T9/20261122/{round}/kill");
        let settled = settle(&server, &receipt(folder.path(), &id));
        server.kill();
        expected.push((id, settled["outcome"].clone()));
    }
}

#[test]
fn p11_data_folders_that_cannot_be_used_are_told_apart_and_left_alone() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "mine").unwrap();
    fs::create_dir_all(at("foreign/storage")).unwrap();
    fs::write(at("foreign/storage/letters.txt"), "mine").unwrap();
    fs::create_dir_all(at("storage-is-a-file")).unwrap();
    fs::write(at("storage-is-a-file/storage"), "mine").unwrap();
    for (name, parts) in [
        ("file", &["is not a folder", "name a folder"][..]),
        ("foreign", &["other files", "letters.txt", "name an empty folder"]),
        ("storage-is-a-file", &["is not a folder", "name a folder"]),
    ] {
        let refused = refusal(serve(&at(name)));
        check(&refused, &[at(name).to_str().unwrap()]);
        check(&refused, parts);
    }
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "mine");
    assert_eq!(fs::read_dir(at("foreign/storage")).unwrap().count(), 1, "something was written beside foreign files");
    assert_eq!(fs::read_to_string(at("storage-is-a-file/storage")).unwrap(), "mine");
}

/// A command through another one that stands before it.
fn through(mut before: Command, command: &Command) -> Command {
    before.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => before.env(name, value),
            None => before.env_remove(name),
        };
    }
    before
}

/// The same command as a user who owns nothing here.
fn by_nobody(command: &Command) -> Command {
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    through(setpriv, command)
}

#[test]
fn p11_a_data_folder_that_cannot_be_written_is_named() {
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    let may_write = fs::write(data.join("probe"), "").is_ok();
    // Root may write everywhere.
    let command = if may_write { by_nobody(&serve(&data)) } else { serve(&data) };
    check(&refusal(command), &[data.to_str().unwrap(), "cannot be written"]);
}

/// `tessera serve` over a small disk that is mounted with these options and that nobody else sees; none where this user
/// may mount nothing.
fn serve_on_a_disk(data: &Path, options: &str) -> Option<Command> {
    let spaces = ["--user", "--map-root-user", "--mount"];
    let script = "mount -t tmpfs -o \"$0\" tmpfs \"$1\" && shift && exec \"$@\"";
    let probe = Command::new("unshare").args(spaces).args(["sh", "-c", script, "size=1m"]).arg(data).arg("true").output();
    if !probe.is_ok_and(|ended| ended.status.success()) {
        eprintln!("SKIPPED: this user may not mount a disk of its own (unshare --user --mount)");
        return None;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(spaces).args(["sh", "-c", script, options]).arg(data);
    Some(through(unshare, &serve(data)))
}

#[test]
fn p11_a_disk_that_is_full_or_read_only_is_named() {
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let place = data.to_str().unwrap();
    for (options, parts) in [
        ("size=256k", &["is full", "make room", "nothing acknowledged is lost"][..]),
        ("ro", &["cannot be written", "Read-only"]),
    ] {
        let Some(command) = serve_on_a_disk(&data, options) else { return };
        let refused = refusal(command);
        check(&refused, &[place]);
        check(&refused, parts);
    }
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "something was written beside the disk");
}

#[test]
fn nobody_listens_before_the_storage_is_open() {
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    // Keys that come late make a start that takes its time.
    let keys = data.join("keys");
    assert!(Command::new("mkfifo").arg(&keys).status().unwrap().success());
    let free: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let addresses: Vec<String> = free.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect();
    drop(free);
    let mut command = serve(&data);
    for (role, address) in ["ENGINE", "GATEWAY", "METRICS"].iter().zip(&addresses) {
        command.env(format!("TESSERA_LISTEN_{role}"), address);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Opens as soon as the server reads its keys, for which its storage is open.
    let (opened, late) = mpsc::sync_channel(1);
    std::thread::spawn(move || opened.send(File::options().write(true).open(keys).unwrap()));
    let mut late = loop {
        match late.recv_timeout(Duration::from_millis(50)) {
            Ok(late) => break late,
            Err(_) => assert!(child.try_wait().unwrap().is_none(), "the server ended before it read its keys"),
        }
    };
    for address in &addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} takes calls that nobody can answer yet");
    }
    late.write_all(&[7; 32]).unwrap();
    drop(late);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("metrics")), "the server did not start");
    for address in &addresses {
        TcpStream::connect(address).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The journal of a storage, and how many bytes of it are written.
fn journal(data: &Path) -> (PathBuf, usize) {
    let store = data.join("storage/store");
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jnl");
    let file = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().path()).find(is_journal).expect("a journal");
    let written = fs::read(&file).unwrap().iter().rposition(|byte| *byte != 0).expect("a journal with content") + 1;
    (file, written)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

#[test]
fn h24_a_damaged_journal_is_refused_with_what_to_do_and_loses_nothing_silently() {
    let folder = folder();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let settled = settle(&server, &receipt(folder.path(), ID));
    server.kill();
    let (_, written) = journal(&data);
    let mut refused = 0;
    for place in (0..6).map(|part| written * part / 6 + 7) {
        let damaged = folder.path().join(format!("damaged-{place}"));
        copy_folder(&data, &damaged);
        let (file, _) = journal(&damaged);
        let mut bytes = fs::read(&file).unwrap();
        bytes[place] ^= 0x10;
        fs::write(&file, bytes).unwrap();
        match Server::try_start(&damaged) {
            // A byte that no commit stands in.
            Ok(server) => assert_eq!(outcome(&server, ID), settled["outcome"], "byte {place}"),
            Err(said) => {
                check(&said, &[damaged.to_str().unwrap(), "restore"]);
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "no flipped byte was noticed");
}

#[test]
fn p11_a_configuration_with_several_faults_tells_them_all() {
    let folder = folder();
    let file = folder.path().join("tessera.toml");
    fs::write(&file, "nonsense = 1\n[listen]\nengin = \"127.0.0.1:1\"\n[store]\ncurrency = \"XXY\"\n").unwrap();
    let mut command = serve(&folder.path().join("data"));
    command.arg("--config").arg(&file).env("TESSERA_QUOTE_HOLD_SECONDS", "soon");
    let refused = refusal(command);
    check(
        &refused,
        &["4 faults", "nonsense", "listen.engin", "did you mean listen.engine?", "«XXY»", "TESSERA_QUOTE_HOLD_SECONDS"],
    );
    check(&refused, &["tessera.toml", "`tessera config`"]);
    assert!(!folder.path().join("data").exists(), "a storage was made under a faulty configuration");
}

#[test]
fn p11_an_address_that_cannot_be_served_is_named() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for role in ["ENGINE", "GATEWAY", "METRICS"] {
        let mut command = serve(&folder.path().join("data"));
        command.env(format!("TESSERA_LISTEN_{role}"), &address);
        check(&refusal(command), &[&address, "cannot listen"]);
    }
    let mut command = serve(&folder.path().join("data"));
    command.env("TESSERA_LISTEN_ENGINE", "0.0.0.0:0");
    check(&refusal(command), &["0.0.0.0:0", "certificates", "127.0.0.1"]);
}

/// The first lines of the shipped program, with a key that is not known and a currency that is none.
fn mistaken_program() -> String {
    let sample = fs::read_to_string(root().join("deploy/programs/sample.yaml")).unwrap();
    let mistaken = sample.replacen("\ncampaigns:", "\ncampains:", 1).replacen("currency: GBP", "currency: XXY", 1);
    assert_eq!(mistaken.matches("campains:").count() + mistaken.matches("XXY").count(), 2, "the sample changed its form");
    mistaken
}

#[test]
fn p11_a_program_with_mistakes_is_shown_with_file_line_column_and_caret() {
    let folder = folder();
    let file = folder.path().join("club.yaml");
    let text = mistaken_program();
    fs::write(&file, &text).unwrap();
    let line = 1 + text.lines().position(|line| line.starts_with("campains:")).unwrap();
    let place = format!("club.yaml:{line}:1");
    let wanted = [place.as_str(), "campains", "^", "= help: ", "campaigns", "XXY"];
    let mut command = tessera();
    command.args(["program", "check"]).arg(&file);
    check(&refusal(command), &wanted);
    // A server does not start with it either, and shows the same.
    let mut command = serve(&folder.path().join("data"));
    command.env("TESSERA_PROGRAMS", &file);
    check(&refusal(command), &wanted);
    let mut command = tessera();
    command.args(["program", "check"]).arg(folder.path().join("nowhere.yaml"));
    check(&refusal(command), &["nowhere.yaml", "cannot be read"]);
}

#[test]
fn p11_a_till_without_a_server_or_with_a_bad_request_is_told_what_to_do() {
    let folder = folder();
    let mut command = tessera();
    command.args(["till", "--endpoint", "http://127.0.0.1:1", "get", ID]);
    check(&refusal(command), &["127.0.0.1:1"]);
    let server = Server::start(&folder.path().join("data"));
    let file = folder.path().join("bad.json");
    fs::write(
        &file,
        "{\"receiptId\":\"S1/T9/20261122/1/bad\",\"storeId\":\"S1\",\"tillId\":\"T9\",\"currencyCode\":\"GBP\",\"lines\":[]}",
    )
    .unwrap();
    let ended = server.till(&["quote", file.to_str().unwrap()]);
    assert_eq!(ended.status.code(), Some(1));
    check(&said(&ended), &["lines"]);
    fs::write(&file, "{\"receiptId\": 5,").unwrap();
    let ended = server.till(&["quote", file.to_str().unwrap()]);
    assert_eq!(ended.status.code(), Some(1));
    check(&said(&ended), &["bad.json"]);
    // The server is as it was.
    settle(&server, &receipt(folder.path(), ID));
}

/// Every way to a subcommand, as `--help` lists them.
fn subcommands(above: &[String]) -> Vec<Vec<String>> {
    let help = tessera().args(above).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success() && !text.is_empty(), "{above:?} --help");
    let mut found = vec![above.to_vec()];
    let listed = text.split_once("Commands:\n").map(|(_, rest)| rest).unwrap_or_default();
    for line in listed.lines().take_while(|line| !line.is_empty()) {
        // Continued lines of a description are indented further.
        let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else { continue };
        let name = name.split_whitespace().next().unwrap().to_owned();
        if name != "help" {
            found.extend(subcommands(&[above, &[name]].concat()));
        }
    }
    found
}

#[test]
fn the_help_of_every_subcommand_says_what_it_does_and_what_it_takes() {
    let all = subcommands(&[]);
    for name in ["serve", "demo", "replay", "till", "program", "person", "catalogue", "config"] {
        assert!(all.iter().any(|way| way.first().is_some_and(|first| first == name)), "{name} is missing: {all:?}");
    }
    for way in all {
        let help = tessera().args(&way).arg("--help").output().unwrap();
        let text = String::from_utf8(help.stdout).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert!(first.split(' ').count() >= 3, "{way:?} does not say what it does: «{first}»");
        assert!(text.contains("Usage: tessera"), "{way:?}");
        let options = text.split_once("Options:\n").map(|(_, rest)| rest).unwrap_or_default();
        let lines: Vec<&str> = options.lines().take_while(|line| line.is_empty() || line.starts_with(' ')).collect();
        // Values of a flag are listed with a dash and a blank.
        let is_flag = |line: &str| line.trim_start().starts_with('-') && !line.trim_start().starts_with("- ");
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| is_flag(line)) {
            // An explanation stands behind the flag or, where there is little room, on the next line.
            let behind = line.trim().split("  ").count() > 1;
            let below = lines.get(number + 1).is_some_and(|next| next.starts_with("          "));
            assert!(behind || below, "{way:?}: «{}» is not explained", line.trim());
        }
    }
}

#[test]
fn a_command_that_is_not_there_is_told_with_what_is() {
    let ended = tessera().arg("sevre").output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    check(&said(&ended), &["sevre", "serve"]);
}
