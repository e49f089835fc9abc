//! Asks a running `tessera crm serve` over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cli::Failure;

/// How long an answer may take: longer than the mirror is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Asks; none: nobody listens there.
///
/// # Errors
/// The answer is a refusal, is none, or does not come.
pub(crate) async fn ask(address: SocketAddr, method: Method, path: &str, body: &Value) -> Result<Option<Value>, Failure> {
    let Ok(stream) = TcpStream::connect(address).await else { return Ok(None) };
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driven = tokio::spawn(connection);
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(serde_json::to_vec(body)?) };
        let request = Request::builder().method(method).uri(path).header(HOST, address.to_string());
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::new(body))?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
        driven.abort();
        Ok::<_, Failure>((head.status, body))
    };
    let (status, body) = timeout(PATIENCE, exchange).await.map_err(|_| format!("{address} did not answer in {PATIENCE:?}"))??;
    let answer: Value = serde_json::from_slice(&body)
        .map_err(|_| format!("{address} answered {status} with what is no JSON: another program listens there"))?;
    if status == StatusCode::OK {
        return Ok(Some(answer));
    }
    let error = answer.get("error").and_then(Value::as_str).unwrap_or("no reason was given");
    Err(error.to_owned().into())
}

/// What to say where nobody listens.
pub(crate) fn nobody(address: SocketAddr) -> Failure {
    format!("nobody answers at {address}: start the mirror with `tessera crm serve`").into()
}
