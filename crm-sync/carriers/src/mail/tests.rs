//! A mail server on loopback that fails at a step as told, and Python's, where it is at hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::http::tests::{kind, message};

/// What the server says to a word of the client: a reply, silence, or a closed connection.
#[derive(Clone, Copy, Debug)]
enum At {
    Says(&'static str, &'static str),
    Hangs(&'static str),
    Closes(&'static str),
    Nothing,
}

async fn server(at: At) -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let got: Arc<Mutex<String>> = Arc::default();
    let log = Arc::clone(&got);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(talk(stream, at, &log).await);
        }
    });
    (port, got)
}

async fn talk(stream: TcpStream, at: At, log: &Mutex<String>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut step = "banner";
    let mut line = String::new();
    loop {
        let reply = match at {
            At::Says(word, reply) if word == step => reply,
            At::Hangs(word) if word == step => return std::future::pending().await,
            At::Closes(word) if word == step => return Ok(()),
            At::Says(..) | At::Hangs(_) | At::Closes(_) | At::Nothing => match step {
                "banner" => "220 here",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            },
        };
        stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await?;
        let is_text = step == "DATA" && reply.starts_with('3');
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            log.lock().unwrap().push_str(&line);
            if !is_text || line == ".\r\n" {
                break;
            }
        }
        let word = line.split([' ', '\r']).next().unwrap_or_default();
        let words = ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"];
        step = if is_text { "text" } else { words.into_iter().find(|known| *known == word).unwrap_or("other") };
    }
}

fn smtp(port: u16) -> Smtp {
    let server = Server::parse(&format!("smtp://127.0.0.1:{port}")).unwrap();
    let from = "Shop <shop@example.com>".parse().unwrap();
    Smtp {
        patience: Duration::from_millis(400),
        ..Smtp::new(SmtpConfig { server, login: None, from, subject: "Danke für alles".to_owned() })
    }
}

fn mail_to(address: &str) -> Message {
    Message { to: Pii::new(address.to_owned()), text: Pii::new("150 Punkte für Sie".to_owned()), ..message() }
}

#[tokio::test]
async fn h62_before_the_text_nothing_was_taken_and_behind_it_nobody_knows_without_an_answer() {
    for (at, expected) in [
        (At::Nothing, "accepted"),
        (At::Says("banner", "554 not today"), "not taken"),
        (At::Says("MAIL", "550 who are you"), "not taken"),
        (At::Says("RCPT", "450 busy"), "not taken"),
        (At::Says("RCPT", "550 no such user anna@example.com"), "refused"),
        (At::Says("DATA", "451 later"), "not taken"),
        (At::Says("text", "452 full"), "not taken"),
        (At::Says("text", "554 looks like spam"), "refused"),
        (At::Says("text", "nonsense"), "unknown"),
        (At::Hangs("banner"), "not taken"),
        (At::Hangs("RCPT"), "not taken"),
        (At::Hangs("text"), "unknown"),
        (At::Closes("DATA"), "not taken"),
        (At::Closes("text"), "unknown"),
        (At::Closes("QUIT"), "accepted"),
    ] {
        let (port, _) = server(at).await;
        let answer = smtp(port).send(&mail_to("anna@example.com")).await;
        assert_eq!(kind(&answer), expected, "{at:?}: {answer:?}");
        assert!(!format!("{answer:?}").contains("anna"), "h81: {answer:?}");
    }
    let answer = smtp(1).send(&mail_to("anna@example.com")).await;
    assert_eq!(kind(&answer), "not taken", "{answer:?}");
    let (port, got) = server(At::Nothing).await;
    assert_eq!(kind(&smtp(port).send(&mail_to("no address")).await), "refused");
    assert!(got.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_mail_has_its_mark_as_its_id_and_its_text() {
    let (port, got) = server(At::Nothing).await;
    smtp(port).send(&mail_to("anna@example.com")).await;
    let got = got.lock().unwrap().clone();
    for part in [
        "RCPT TO:<anna@example.com>",
        "Message-ID: <0123456789abcdefghjkmnpqrs@example.com>",
        "To: anna@example.com",
        "150 Punkte f",
    ] {
        assert!(got.contains(part), "{part} is missing in\n{got}");
    }
}

#[test]
fn what_is_not_encrypted_stays_on_this_machine() {
    for (text, is_good) in [
        ("smtp://127.0.0.1:25", true),
        ("smtp://[::1]:25", true),
        ("smtp://mail.example.com:25", false),
        ("smtps://mail.example.com:465", true),
        ("smtp+starttls://mail.example.com:587", true),
        ("smtps://user@mail.example.com:465", false),
        ("smtps://mail.example.com", false),
        ("mail.example.com:25", false),
    ] {
        assert_eq!(Server::parse(text).is_ok(), is_good, "{text}");
    }
}

/// A mail server that nobody here wrote.
const AIOSMTPD: &str = "
import socket, sys
from aiosmtpd.controller import Controller
class Keep:
    async def handle_DATA(self, server, session, envelope):
        print('TO', ','.join(envelope.rcpt_tos)); print(envelope.content.decode()); print('END', flush=True)
        return '250 kept'
free = socket.create_server(('127.0.0.1', 0))
port = free.getsockname()[1]
free.close()
controller = Controller(Keep(), hostname='127.0.0.1', port=port)
controller.start()
print('PORT', port, flush=True)
sys.stdin.read()
";

#[tokio::test]
async fn a_mail_server_of_others_takes_the_mail() {
    let mut python = tokio::process::Command::new("python3");
    python.args(["-c", AIOSMTPD]).kill_on_drop(true);
    python.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let Ok(mut child) = python.spawn() else { return eprintln!("SKIPPED: no python3 here") };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let Ok(Some(first)) = lines.next_line().await else {
        return eprintln!("SKIPPED: python3 has no aiosmtpd (pip install aiosmtpd)");
    };
    let port = first.strip_prefix("PORT ").unwrap().parse().unwrap();
    let patient = Smtp { patience: Duration::from_secs(20), ..smtp(port) };
    assert_eq!(kind(&patient.send(&mail_to("anna@example.com")).await), "accepted");
    let mut got = String::new();
    while let Ok(Some(line)) = lines.next_line().await
        && line != "END"
    {
        got.push_str(&format!("{line}\n"));
    }
    assert!(
        got.starts_with("TO anna@example.com\n") && got.contains("Message-ID: <0123456789abcdefghjkmnpqrs@example.com>"),
        "{got}"
    );
}
