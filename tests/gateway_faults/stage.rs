//! Engine and gateway as processes that can be stopped, killed and started again, and the links between.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tessera_proto::gateway::v1::operator_service_client::OperatorServiceClient;
use tessera_proto::gateway::v1::{GetStatusRequest, GetStatusResponse, LinkState};
use tokio::time::{Instant, sleep};

use super::disk::Disk;
use super::proxy::{Fault, Proxy};

/// After which time a gateway that has not recovered never will.
const RECOVERY_MAX: Duration = Duration::from_secs(120);

/// A point for each unit of money that was paid, so that balances are sums, and a tenth off, which a pack can decide; where
/// nobody could, it follows as points worth the same.
const PROGRAM: &str = "program: club\nlanguage: 1\nname: Club\ncurrency: EUR\nassets: [{id: points, kind: points, worth_minor: 1}]\n\
    campaigns:\n- {id: earn, name: Points, points: {per: 1.00, units: 1}}\n\
    - {id: tenth, name: A tenth off, on: {sku: MILK}, percent_off: 10, fallback: {points: points}}\n";

/// A `tessera serve` of one role.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Process {
    fn start(role: &str, settings: &[(&str, &str)], log: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TESSERA_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--role", role]).envs(settings.iter().copied()).stdin(Stdio::null());
        for part in ["ENGINE", "GATEWAY", "METRICS"] {
            command.env(format!("TESSERA_LISTEN_{part}"), "127.0.0.1:0");
        }
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.into_iter().find_map(|line| line.strip_prefix(role)?.split_whitespace().next().map(str::to_owned));
        let address = address.unwrap_or_else(|| panic!("the {role} did not start"));
        Self { child, address: address.trim_start_matches("http://").parse().unwrap() }
    }

    /// The most memory that it ever had, as the system tells it.
    pub(super) fn memory_max(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.map_or_else(|| "not told".to_owned(), |line| line.trim().to_owned())
    }

    pub(super) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "the process was gone");
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The store of this play.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) engine: Process,
    pub(super) gateway: Process,
    /// Between gateway and engine.
    pub(super) link: Proxy,
    /// Between tills and gateway.
    pub(super) till_link: Proxy,
    pub(super) gateway_disk: Disk,
    pub(super) engine_disk: Disk,
    programs: PathBuf,
    pack_key: String,
    pub(super) folder: TempDir,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("club.yaml");
        std::fs::write(&programs, PROGRAM).unwrap();
        let gateway_disk = Disk::mount(folder.path().join("gateway"), "48m");
        let engine_disk = Disk::mount(folder.path().join("engine"), "512m");
        let engine = start_engine(&folder, &programs, &engine_disk);
        let link = Proxy::start(engine.address).await;
        let pack_key = pack_key(&engine_disk);
        let gateway = start_gateway(&folder, &link, &gateway_disk, &pack_key);
        let till_link = Proxy::start(gateway.address).await;
        let stage = Self { engine, gateway, link, till_link, gateway_disk, engine_disk, programs, pack_key, folder };
        stage.wait_for_pack().await;
        stage
    }

    /// Waits until the gateway has a rule pack that decides.
    async fn wait_for_pack(&self) {
        let began = Instant::now();
        let is_there =
            async || self.status().await.and_then(|status| status.pack).is_some_and(|pack| pack.unusable_reason.is_empty());
        while !is_there().await {
            assert!(began.elapsed() < RECOVERY_MAX, "no rule pack came: {:?}", self.status().await);
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills the engine as a power cut does, or asks it to end.
    pub(super) fn end_engine(&mut self, signal: &str) {
        self.engine.signal(signal);
    }

    pub(super) fn restart_engine(&mut self) {
        self.engine.end();
        self.engine = start_engine(&self.folder, &self.programs, &self.engine_disk);
        self.link.lead_to(self.engine.address);
    }

    pub(super) fn restart_gateway(&mut self) {
        self.gateway.end();
        self.gateway = start_gateway(&self.folder, &self.link, &self.gateway_disk, &self.pack_key);
        self.till_link.lead_to(self.gateway.address);
    }

    /// Publishes the program once more, with a campaign that gives nothing.
    pub(super) fn publish(&self, number: usize) {
        let program = self.folder.path().join("next.yaml");
        let text = PROGRAM.replace("name: Club", &format!("name: Club {number}"));
        std::fs::write(&program, text).unwrap();
        let published = Command::new(env!("CARGO_BIN_EXE_tessera"))
            .env("TESSERA_LISTEN_ENGINE", self.engine.address.to_string())
            .args(["program", "publish"])
            .arg(&program)
            .output()
            .unwrap();
        assert!(published.status.success(), "{}", String::from_utf8_lossy(&published.stderr));
    }

    /// Makes both links good, and waits until nothing waits in the spool any more.
    pub(super) async fn recover(&self) -> GetStatusResponse {
        self.link.set(Fault::None);
        self.till_link.set(Fault::None);
        let began = Instant::now();
        loop {
            let status = self.status().await;
            if let Some(status) = status.filter(|status| status.link_state() == LinkState::Online) {
                return status;
            }
            assert!(began.elapsed() < RECOVERY_MAX, "the gateway did not come back: {:?}", self.status().await);
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// How the gateway stands; none: it does not answer.
    pub(super) async fn status(&self) -> Option<GetStatusResponse> {
        let mut operator = OperatorServiceClient::connect(format!("http://{}", self.gateway.address)).await.ok()?;
        Some(operator.get_status(GetStatusRequest {}).await.ok()?.into_inner())
    }
}

fn start_engine(folder: &TempDir, programs: &Path, disk: &Disk) -> Process {
    let data = disk.folder().join("data");
    let settings = [("TESSERA_DATA", data.to_str().unwrap()), ("TESSERA_PROGRAMS", programs.to_str().unwrap())];
    Process::start("engine", &settings, &folder.path().join("engine.log"))
}

/// What the engine's rule packs are signed with, as an operator asks for it.
fn pack_key(disk: &Disk) -> String {
    let data = disk.folder().join("data");
    let asked =
        Command::new(env!("CARGO_BIN_EXE_tessera")).env("TESSERA_DATA", data).args(["gateway", "pack-key"]).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

fn start_gateway(folder: &TempDir, link: &Proxy, disk: &Disk, pack_key: &str) -> Process {
    let engine = format!("http://{}", link.address);
    let data = disk.folder().join("data");
    let settings = [
        ("TESSERA_DATA", data.to_str().unwrap()),
        ("TESSERA_GATEWAY_ENGINES", &engine),
        ("TESSERA_GATEWAY_SPOOL_MEGABYTES", "32"),
        ("TESSERA_GATEWAY_PACK_KEY", pack_key),
    ];
    Process::start("gateway", &settings, &folder.path().join("gateway.log"))
}
