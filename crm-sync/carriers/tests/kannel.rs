//! Against a real Kannel, where it is installed (`apt-get install kannel`), whose network sends everything back to us; else
//! skipped, saying so. All of it stays on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it does not expect ends there"
)]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tessera_carriers::Url;
use tessera_carriers::kannel::{Kannel, KannelConfig};
use tessera_contract::Pii;
use tessera_crm::notices::carrier::{Answer, Carrier as _, Message};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

const BEARERBOX: &str = "/usr/sbin/bearerbox";
const SMSBOX: &str = "/usr/sbin/smsbox";
/// After so long something that has not come never will.
const PATIENCE: Duration = Duration::from_secs(60);

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Waits until somebody listens there.
async fn listens(port: u16) {
    let mut ticks = interval(Duration::from_millis(50));
    let waited = timeout(PATIENCE, async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            ticks.tick().await;
        }
    });
    waited.await.expect("it listens");
}

fn spawn(program: &str, arguments: &[&str]) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// A running Kannel: its parts end when this is dropped.
struct Running {
    _parts: [Child; 2],
    _folder: TempDir,
    sends_at: u16,
}

/// What its network has goes back to `network_at`.
async fn kannel(network_at: &str) -> Running {
    let (admin, boxes, sends_at) = (free_port().await, free_port().await, free_port().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kannel.conf");
    let config = format!(
        "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nsmsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\n\
         admin-password = none\nbox-allow-ip = 127.0.0.1\nbox-deny-ip = *.*.*.*\n\n\
         group = smsc\nsmsc = loopback\nsmsc-id = network\n\n\
         group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sends_at}\nsendsms-interface = 127.0.0.1\n\n\
         group = sendsms-user\nusername = tessera\npassword = se&cret\nconcatenation = true\nmax-messages = 5\n\
         user-allow-ip = 127.0.0.1\nuser-deny-ip = *.*.*.*\n\n\
         group = sms-service\nkeyword = default\ncatch-all = yes\nmax-messages = 0\n\
         get-url = \"{network_at}?from=%p&to=%P&text=%a&coding=%c\"\n"
    );
    std::fs::write(&file, config).unwrap();
    let bearer = spawn(BEARERBOX, &[file.to_str().unwrap()]);
    listens(boxes).await;
    let sms = spawn(SMSBOX, &[file.to_str().unwrap()]);
    listens(sends_at).await;
    Running { _parts: [bearer, sms], _folder: folder, sends_at }
}

/// The other end of the network: the first line of each call.
async fn network() -> (String, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/got", listener.local_addr().unwrap());
    let (sender, receiver) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4_096];
            let read = stream.read(&mut bytes).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
            drop(stream.write_all(b"HTTP/1.1 204 x\r\nconnection: close\r\n\r\n").await);
            drop(sender.send(text.lines().next().unwrap_or_default().to_owned()).await);
        }
    });
    (address, receiver)
}

#[tokio::test]
async fn h62_a_real_kannel_takes_a_message_and_sends_on_what_was_written() {
    if [BEARERBOX, SMSBOX].iter().any(|program| !Path::new(program).exists()) {
        return eprintln!("SKIPPED: Kannel is not installed here (apt-get install kannel)");
    }
    let (network_at, mut network) = network().await;
    let running = kannel(&network_at).await;
    let url = Url::parse(&format!("http://127.0.0.1:{}/cgi-bin/sendsms", running.sends_at)).unwrap();
    let config = |password: &str| KannelConfig {
        url: url.clone(),
        user: "tessera".to_owned(),
        password: Pii::new(password.to_owned()),
        sender: "SHOP".to_owned(),
        receipts_at: Some("http://127.0.0.1:9/v1/notices/receipts/main".to_owned()),
    };
    let message = |text: &str| Message {
        mark: "mark1".to_owned(),
        to: Pii::new("+4930123456".to_owned()),
        text: Pii::new(text.to_owned()),
        customer: "c-1".to_owned(),
        is_again: false,
    };
    let carrier = Kannel::new(config("se&cret"));
    for (text, got) in
        [("150 points", "text=150+points&coding=0"), ("Ба", "text=%04%11%040&coding=2"), ("@5€", "text=%405%80&coding=0")]
    {
        let answer = carrier.send(&message(text)).await;
        assert_eq!(answer, Answer::Accepted { provider_id: String::new() });
        let told = timeout(PATIENCE, network.recv()).await.expect("the network has it").unwrap();
        assert!(told.starts_with("GET /got?from=SHOP&to=%2B4930123456&text="), "{told}");
        // How the euro is written back is Kannel's own; that it stays one part in the alphabet of text messages is ours.
        assert!(told.contains(got) || (text.contains('€') && told.contains("coding=0")), "{told}");
    }
    let refused = Kannel::new(config("wrong")).send(&message("150 points")).await;
    assert!(matches!(refused, Answer::NotTaken { .. }), "whoever is not let in loses no message: {refused:?}");
    let nowhere = carrier.send(&Message { to: Pii::new(String::new()), ..message("150 points") }).await;
    assert!(matches!(nowhere, Answer::Refused { .. }), "{nowhere:?}");
}
