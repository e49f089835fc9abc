//! One exchange over HTTP, with what is known of it when it fails.
//!
//! Each message has a connection of its own. One that was kept could be closed by the provider just as it is used, and then
//! nobody would know whether the message was taken.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tessera_crm::notices::carrier::Answer;
use tokio::time::timeout;

use crate::limits::{ANSWER_BYTES_MAX, ANSWER_TIMEOUT, CONNECT_TIMEOUT};

/// An address of a provider. Its user and password, if it has any, are not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(Uri);

/// A text is no address that can be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be an address such as https://sms.example.com/cgi-bin/sendsms, without user or password")]
pub struct UrlFault;

impl Url {
    /// From its text: `http` or `https`, a host, no user.
    ///
    /// # Errors
    /// It is no such address.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        let uri: Uri = text.parse().map_err(|_| UrlFault)?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority().ok_or(UrlFault)?;
        if !is_http || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(UrlFault);
        }
        Ok(Self(uri))
    }

    /// The address with this behind it.
    pub(crate) fn with(&self, behind: &str) -> Result<Uri, hyper::http::uri::InvalidUri> {
        format!("{}{behind}", self.0.to_string().trim_end_matches('/')).parse()
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What an exchange came to.
#[derive(Debug)]
pub(crate) enum Said {
    /// An answer, with as much of its body as is read.
    Answered { status: StatusCode, headers: HeaderMap, body: Bytes },
    /// No answer: what is known of the message.
    Nothing(Answer),
}

/// Calls one provider.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    answer_timeout: Duration,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("answer_timeout", &self.answer_timeout).finish_non_exhaustive()
    }
}

impl Http {
    /// With the certificates that this system trusts.
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .unwrap_or_else(|_| without_roots());
        let https = tls.https_or_http().enable_http1().wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).retry_canceled_requests(false).build(https);
        Self { client, answer_timeout: ANSWER_TIMEOUT }
    }

    #[cfg(test)]
    pub(crate) fn impatient() -> Self {
        Self { answer_timeout: Duration::from_millis(300), ..Self::new() }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&self, request: Request<Full<Bytes>>) -> Said {
        let exchange = async {
            let answer = match self.client.request(request).await {
                Ok(answer) => answer,
                Err(error) if error.is_connect() => return Said::Nothing(not_taken("the provider cannot be reached")),
                Err(_) => return Said::Nothing(unknown("the connection broke before the answer")),
            };
            let (head, body) = answer.into_parts();
            match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
                Ok(body) => Said::Answered { status: head.status, headers: head.headers, body: body.to_bytes() },
                Err(_) => Said::Nothing(unknown("the answer broke off")),
            }
        };
        timeout(self.answer_timeout, exchange).await.unwrap_or_else(|_| Said::Nothing(unknown("no answer came in time")))
    }
}

/// Without any certificate that this system trusts, every call of an `https` address fails and says so.
fn without_roots() -> hyper_rustls::HttpsConnectorBuilder<hyper_rustls::builderstates::WantsSchemes> {
    let config = rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions();
    #[expect(clippy::expect_used, reason = "the provider that is named has the default protocol versions")]
    let config = config.expect("TLS 1.2 and 1.3").with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    HttpsConnectorBuilder::new().with_tls_config(config)
}

/// What a status says that is no success. An answer that says that something failed says that the message was not taken, but
/// for those of a proxy that knows no more than we do.
pub(crate) fn failed(status: StatusCode, headers: &HeaderMap) -> Answer {
    let code = status.as_u16();
    match code {
        429 => Answer::Throttled { retry_after: retry_after(headers) },
        // Who we are, where we call, how much we may: nothing of it lies in the message.
        401 | 402 | 403 | 404 | 405 | 407 | 421 => not_taken(&format!("the provider refuses every message: status {code}")),
        400..=499 => Answer::Refused { code: code.to_string() },
        502 | 504 => unknown(&format!("a proxy had no answer: status {code}")),
        500..=599 => not_taken(&format!("the provider has failed: status {code}")),
        _ => unknown(&format!("status {code}")),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

pub(crate) fn not_taken(why: &str) -> Answer {
    Answer::NotTaken { why: why.to_owned() }
}

pub(crate) fn unknown(why: &str) -> Answer {
    Answer::Unknown { why: why.to_owned() }
}

/// A text as it stands in the query of an address.
pub(crate) fn in_query(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

#[cfg(test)]
pub(crate) mod tests;
