//! A provider on loopback that answers as told, and what is known of a message behind each answer.

use std::io;
use std::sync::{Arc, Mutex};

use tessera_contract::Pii;
use tessera_crm::notices::carrier::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What the provider does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Does {
    /// Answers so, byte for byte, behind a status line.
    Answers(u16, &'static str),
    /// The same with one more header.
    AnswersWith(u16, &'static str, &'static str),
    /// Reads the request and says nothing.
    Hangs,
    /// Reads the request and closes.
    Closes,
    /// Closes in the middle of its answer.
    BreaksOff,
    /// Says what is no HTTP.
    TalksNonsense,
    /// Never ends its answer.
    Floods,
}

/// A provider, and what it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: String,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) async fn peer(does: Does) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever has left before the answer does not matter.
            drop(serve(stream, does, &log).await);
        }
    });
    Peer { address, asked }
}

async fn serve(mut stream: TcpStream, does: Does, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let request = read_request(&mut stream).await?;
    log.lock().unwrap().push(request);
    match does {
        Does::Answers(status, body) => answer(&mut stream, status, "x-none: 1", body).await,
        Does::AnswersWith(status, header, body) => answer(&mut stream, status, header, body).await,
        Does::Hangs => stream.read(&mut [0; 16]).await.map(drop),
        Does::Closes => Ok(()),
        Does::BreaksOff => stream.write_all(b"HTTP/1.1 202 x\r\ncontent-length: 400\r\n\r\n0: Accep").await,
        Does::TalksNonsense => stream.write_all(b"220 mail.example ESMTP\r\n").await,
        Does::Floods => {
            stream.write_all(b"HTTP/1.1 202 x\r\ncontent-length: 9000000\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'0'; 8_192]).await?;
            }
        }
    }
}

async fn answer(stream: &mut TcpStream, status: u16, header: &str, body: &str) -> io::Result<()> {
    let text = format!("HTTP/1.1 {status} x\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await
}

async fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4_096];
        let read = stream.read(&mut some).await?;
        bytes.extend_from_slice(&some[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return Ok(text);
            }
            continue;
        };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return Ok(text);
        }
    }
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A message whose address and text must be nowhere but at the provider.
pub(crate) fn message() -> Message {
    Message {
        mark: "0123456789abcdefghjkmnpqrs".to_owned(),
        to: Pii::new("+4930123456".to_owned()),
        text: Pii::new("150 points & more".to_owned()),
        customer: "c-1".to_owned(),
        is_again: false,
    }
}

/// What is known by name alone.
pub(crate) fn kind(answer: &Answer) -> &'static str {
    match answer {
        Answer::Accepted { .. } => "accepted",
        Answer::NotTaken { .. } => "not taken",
        Answer::Throttled { .. } => "throttled",
        Answer::Refused { .. } => "refused",
        Answer::Unknown { .. } => "unknown",
    }
}

#[test]
fn addresses_have_no_user_and_are_of_http() {
    for (text, is_good) in [
        ("http://127.0.0.1:13013/cgi-bin/sendsms", true),
        ("https://api.example.com", true),
        ("ftp://example.com", false),
        ("http://user:secret@example.com/", false),
        ("example.com", false),
        ("", false),
    ] {
        assert_eq!(Url::parse(text).is_ok(), is_good, "{text}");
    }
    assert_eq!(Url::parse("http://a.example/b/").unwrap().with("/c?d=1").unwrap(), "http://a.example/b/c?d=1");
}

#[test]
fn a_text_in_a_query_is_its_bytes() {
    assert_eq!(in_query("a b&c=ü+%"), "a%20b%26c%3D%C3%BC%2B%25");
}
