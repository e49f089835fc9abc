//! Mail by SMTP, one conversation a message, step by step: until the text was sent the server surely has no message.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message as Mail};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tessera_contract::Pii;
use tessera_crm::notices::carrier::{Answer, Carrier, Message};
use tokio::time::timeout;

use crate::http::{not_taken, unknown};
use crate::limits::{ANSWER_TIMEOUT, CONNECT_TIMEOUT};

/// How the conversation is kept from listeners.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secrecy {
    /// Not at all: for a server on the same machine.
    Plain,
    /// Encrypted from its second word (`STARTTLS`); a server that cannot is not used.
    Starttls,
    /// Encrypted from the beginning.
    Tls,
}

/// A mail server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    host: String,
    port: u16,
    secrecy: Secrecy,
}

/// A text is no mail server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be smtps://HOST:PORT, smtp+starttls://HOST:PORT, or smtp://HOST:PORT for a server on this machine")]
pub struct ServerFault;

impl Server {
    /// From its text. What is not encrypted stays on this machine.
    ///
    /// # Errors
    /// It is no such text.
    pub fn parse(text: &str) -> Result<Self, ServerFault> {
        let (scheme, rest) = text.split_once("://").ok_or(ServerFault)?;
        let secrecy = match scheme {
            "smtp" => Secrecy::Plain,
            "smtp+starttls" => Secrecy::Starttls,
            "smtps" => Secrecy::Tls,
            _ => return Err(ServerFault),
        };
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':').ok_or(ServerFault)?;
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        if host.is_empty() || host.contains(['@', '/']) || (secrecy == Secrecy::Plain && !is_here) {
            return Err(ServerFault);
        }
        Ok(Self { host: host.to_owned(), port: port.parse().map_err(|_| ServerFault)?, secrecy })
    }
}

/// What is configured of mail.
#[derive(Clone)]
pub struct SmtpConfig {
    /// The server.
    pub server: Server,
    /// Who we are to it, user and password; none: it does not ask.
    pub login: Option<(String, Pii<String>)>,
    /// Whom the mail is from, as in `Shop <shop@example.com>`.
    pub from: Mailbox,
    /// Its subject.
    pub subject: String,
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from.to_string();
        f.debug_struct("SmtpConfig")
            .field("server", &self.server)
            .field("login", &self.login)
            .field("from", &from)
            .finish_non_exhaustive()
    }
}

/// Sends mail.
#[derive(Clone, Debug)]
pub struct Smtp {
    config: SmtpConfig,
    patience: std::time::Duration,
}

/// What is known of a conversation that broke off.
#[derive(Debug)]
enum Failed {
    /// Before the text: the server has no message. It may take it later.
    Before(&'static str),
    /// The server does not want this message.
    Refused(String),
    /// After the text began.
    After,
}

impl Smtp {
    /// By the server of this configuration.
    #[must_use]
    pub fn new(config: SmtpConfig) -> Self {
        Self { config, patience: ANSWER_TIMEOUT }
    }

    fn mail(&self, message: &Message) -> Option<(Mail, lettre::Address)> {
        let to: lettre::Address = message.to.expose().parse().ok()?;
        let domain = self.config.from.email.domain();
        let mail = Mail::builder()
            .from(self.config.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(self.config.subject.clone())
            .message_id(Some(format!("<{}@{domain}>", message.mark)))
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.expose().clone());
        Some((mail.ok()?, to))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let Server { host, port, secrecy } = &self.config.server;
        let name = ClientId::default();
        let at = (host.trim_matches(['[', ']']), *port);
        let tls = |host: &String| TlsParameters::new_rustls(host.clone());
        let first = if *secrecy == Secrecy::Tls { Some(tls(host)?) } else { None };
        let mut connection = AsyncSmtpConnection::connect_tokio1(at, Some(CONNECT_TIMEOUT), &name, first, None).await?;
        if *secrecy == Secrecy::Starttls {
            connection.starttls(tls(host)?, &name).await?;
        }
        if let Some((user, password)) = &self.config.login {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }

    async fn deliver(&self, mail: &Mail, to: lettre::Address, is_sent: &AtomicBool) -> Result<(), Failed> {
        let mut connection = self.connect().await.map_err(|_| Failed::Before("the mail server cannot be used"))?;
        let from = Some(self.config.from.email.clone());
        connection
            .command(MailFrom::new(from, Vec::new()))
            .await
            .map_err(|_| Failed::Before("the mail server refuses the sender"))?;
        connection.command(Rcpt::new(to, Vec::new())).await.map_err(|error| match error.status() {
            Some(code) if error.is_permanent() => Failed::Refused(code.to_string()),
            Some(_) | None => Failed::Before("the mail server does not take the address now"),
        })?;
        connection.command(Data).await.map_err(|_| Failed::Before("the mail server does not take the text now"))?;
        is_sent.store(true, Ordering::SeqCst);
        let taken = connection.message(&mail.formatted()).await;
        taken.map_err(|error| match error.status() {
            Some(code) if error.is_permanent() => Failed::Refused(code.to_string()),
            Some(_) => Failed::Before("the mail server has put the message off"),
            None => Failed::After,
        })?;
        // It has the message, whatever it says to a farewell.
        drop(timeout(CONNECT_TIMEOUT, connection.quit()).await);
        Ok(())
    }
}

#[async_trait]
impl Carrier for Smtp {
    async fn send(&self, message: &Message) -> Answer {
        let Some((mail, to)) = self.mail(message) else { return Answer::Refused { code: "no address of mail".to_owned() } };
        let is_sent = AtomicBool::new(false);
        match timeout(self.patience, self.deliver(&mail, to, &is_sent)).await {
            Ok(Ok(())) => Answer::Accepted { provider_id: String::new() },
            Ok(Err(Failed::Before(why))) => not_taken(why),
            Ok(Err(Failed::Refused(code))) => Answer::Refused { code },
            Ok(Err(Failed::After)) => unknown("the mail server did not say whether it has the message"),
            Err(_) if is_sent.load(Ordering::SeqCst) => unknown("the mail server did not say in time whether it has the message"),
            Err(_) => not_taken("the mail server did not answer in time"),
        }
    }
}

#[cfg(test)]
mod tests;
