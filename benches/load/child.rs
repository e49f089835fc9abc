//! The servers run in processes of their own: this program again, told by its environment what to be.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROLE: &str = "TESSERA_LOAD_ROLE";
const FOLDER: &str = "TESSERA_LOAD_FOLDER";
/// The kernel's clock ticks: 100 a second on every architecture that is served here.
const TICK: Duration = Duration::from_millis(10);

/// What a server is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// The engine, with its storage in this folder.
    Engine(PathBuf),
    /// The yardstick, with its answers in this folder.
    Echo(PathBuf),
}

/// What this process is to be; none: the program that was started.
pub(crate) fn role() -> Option<Role> {
    let folder = PathBuf::from(env::var_os(FOLDER)?);
    match env::var(ROLE).ok()?.as_str() {
        "engine" => Some(Role::Engine(folder)),
        "echo" => Some(Role::Echo(folder)),
        _ => None,
    }
}

/// A server in a process of its own; it ends when this value goes, or this process.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    url: String,
}

impl Server {
    /// Starts this program once more, with the same options.
    pub(crate) fn start(role: &Role) -> Self {
        let (name, folder): (&str, &Path) = match role {
            Role::Engine(folder) => ("engine", folder),
            Role::Echo(folder) => ("echo", folder),
        };
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(env::args_os().skip(1)).env(ROLE, name).env(FOLDER, folder);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "the {name} did not start");
        Self { process, url: url.trim_end().to_owned() }
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it has used of the processors so far.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        cpu(&self.process.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// What this process has used of the processors so far.
pub(crate) fn own_cpu() -> Option<Duration> {
    cpu("self")
}

/// User and system time of a process, from Linux's `/proc`; none elsewhere.
fn cpu(process: &str) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name in brackets: state is field 3, user time 14, system time 15 (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u32>().ok()?.checked_add(fields.get(12)?.parse().ok()?)?;
    Some(TICK * ticks)
}
