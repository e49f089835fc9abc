//! `tessera serve` as a child process on free ports, for the tests that need one running.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// What a panic prints; no message to a user may hold it.
const PANIC: &str = "panicked";

/// The binary, without what the tester's own environment says.
pub(super) fn tessera() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TESSERA_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// `tessera serve` over the data in a folder, on ports that are free.
pub(super) fn serve(data: &Path) -> Command {
    let mut command = tessera();
    command.arg("serve").env("TESSERA_DATA", data);
    for role in ["ENGINE", "GATEWAY", "METRICS"] {
        command.env(format!("TESSERA_LISTEN_{role}"), "127.0.0.1:0");
    }
    command
}

/// What a command that had to succeed printed.
pub(super) fn printed(mut command: Command) -> String {
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{command:?}\n{}", said(&ended));
    String::from_utf8(ended.stdout).unwrap()
}

/// What a command that had to fail said on standard error: exit code 1, no panic, nothing on standard output.
pub(super) fn refusal(mut command: Command) -> String {
    let ended = command.output().unwrap();
    let said = said(&ended);
    assert_eq!(ended.status.code(), Some(1), "{command:?}\n{said}");
    assert!(!said.contains(PANIC), "{said}");
    assert!(said.starts_with("error: ") || said.contains("\nerror: "), "no line says «error:»\n{said}");
    said
}

/// Standard error of a process that has ended.
pub(super) fn said(ended: &Output) -> String {
    String::from_utf8(ended.stderr.clone()).expect("messages are UTF-8")
}

/// A running server; killed when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    /// Where the gateway answers, as in `http://127.0.0.1:40001`.
    pub(super) gateway: String,
    /// Where the engine answers, as in `127.0.0.1:40000`.
    engine: String,
}

impl Server {
    /// Starts over the data in a folder and waits until it has said where it answers.
    pub(super) fn start(data: &Path) -> Self {
        Self::try_start(data).unwrap_or_else(|said| panic!("the server did not start:\n{said}"))
    }

    /// Starts, or gives what the server said when it ended without having started.
    pub(super) fn try_start(data: &Path) -> Result<Self, String> {
        fs::create_dir_all(data.parent().unwrap()).unwrap();
        let log = data.with_extension("log");
        let mut command = serve(data);
        // A configuration beside the data is the server's.
        let config = data.with_extension("toml");
        if config.exists() {
            command.arg("--config").arg(config);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Its standard output ends when it ends, so this waits for no longer than it lives.
        let mut engine = String::new();
        let gateway = lines.into_iter().find_map(|line| {
            if let Some(address) = line.strip_prefix("engine").and_then(|rest| rest.split_whitespace().next()) {
                address.rsplit('/').next().unwrap().clone_into(&mut engine);
            }
            line.strip_prefix("gateway").map(|rest| rest.trim().to_owned())
        });
        match gateway {
            Some(gateway) => Ok(Self { child, log, gateway, engine }),
            None => {
                let status = child.wait().unwrap();
                let said = fs::read_to_string(&log).unwrap();
                assert_eq!(status.code(), Some(1), "{said}");
                assert!(!said.contains(PANIC), "{said}");
                Err(said)
            }
        }
    }

    /// Everything that was ever committed, as the feed tells it.
    pub(super) fn fed(&self) -> String {
        let ended = tessera().args(["feed", "--endpoint", &self.engine_endpoint()]).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    }

    /// The id of its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the engine answers, as in `https://127.0.0.1:40000`.
    pub(super) fn engine_endpoint(&self) -> String {
        let scheme = self.gateway.split("://").next().unwrap();
        format!("{scheme}://{}", self.engine)
    }

    /// Sends SIGTERM and waits for the end.
    pub(super) fn stop(mut self) -> ExitStatus {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success(), "the server was gone already");
        let status = self.child.wait().unwrap();
        let said = fs::read_to_string(&self.log).unwrap();
        assert!(!said.contains(PANIC), "{said}");
        status
    }

    /// Ends it as a power cut does.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `tessera program` against it.
    pub(super) fn program(&self, arguments: &[&str]) -> Command {
        self.engine_command("program", arguments)
    }

    /// `tessera segment` against it.
    pub(super) fn segment(&self, arguments: &[&str]) -> Command {
        self.engine_command("segment", arguments)
    }

    /// `tessera ledger` against it.
    pub(super) fn ledger(&self, arguments: &[&str]) -> Command {
        self.engine_command("ledger", arguments)
    }

    /// `tessera customer` against it.
    pub(super) fn customer(&self, arguments: &[&str]) -> Command {
        self.engine_command("customer", arguments)
    }

    /// `tessera draw` against it.
    pub(super) fn draw(&self, arguments: &[&str]) -> Command {
        self.engine_command("draw", arguments)
    }

    /// `tessera prize` against it.
    pub(super) fn prize(&self, arguments: &[&str]) -> Command {
        self.engine_command("prize", arguments)
    }

    fn engine_command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = tessera();
        command.env("TESSERA_LISTEN_ENGINE", &self.engine).arg(name).args(arguments);
        command
    }

    /// `tessera till` against it.
    pub(super) fn till(&self, arguments: &[&str]) -> Output {
        tessera().arg("till").args(["--endpoint", &self.gateway, "--json"]).args(arguments).output().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
