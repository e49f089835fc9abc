//! The Telegram Bot API: a message to a chat that the customer has opened with the business's bot.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tessera_contract::Pii;
use tessera_crm::notices::carrier::{Answer, Carrier, Message};

use crate::http::{Http, Said, Url, failed, unknown};

/// Sends by a bot.
#[derive(Clone)]
pub struct Telegram {
    http: Http,
    url: Url,
    token: Pii<String>,
}

/// The token stands in the address that is called: neither is printed.
impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telegram").field("url", &self.url).field("token", &self.token).finish_non_exhaustive()
    }
}

/// What the Bot API answers.
#[derive(Debug, Deserialize)]
struct Told {
    ok: bool,
    result: Option<Sent>,
    parameters: Option<Parameters>,
}

#[derive(Debug, Deserialize)]
struct Sent {
    message_id: i64,
}

#[derive(Debug, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
}

impl Telegram {
    /// By the bot of this token; the API is at `url`, as in `https://api.telegram.org`.
    #[must_use]
    pub fn new(url: Url, token: Pii<String>) -> Self {
        Self { http: Http::new(), url, token }
    }
}

#[async_trait]
impl Carrier for Telegram {
    async fn send(&self, message: &Message) -> Answer {
        let body = json!({"chat_id": message.to.expose(), "text": message.text.expose()}).to_string();
        let request = self.url.with(&format!("/bot{}/sendMessage", self.token.expose())).ok();
        let request = request
            .and_then(|uri| Request::post(uri).header(CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body))).ok());
        let Some(request) = request else { return crate::http::not_taken("the bot's token does not fit an address") };
        match self.http.exchange(request).await {
            Said::Nothing(answer) => answer,
            Said::Answered { status, headers, body } => match (status, serde_json::from_slice::<Told>(&body)) {
                (_, Ok(Told { ok: true, result: Some(sent), .. })) if status.is_success() => {
                    Answer::Accepted { provider_id: sent.message_id.to_string() }
                }
                (StatusCode::TOO_MANY_REQUESTS, Ok(Told { parameters: Some(Parameters { retry_after: Some(pause) }), .. })) => {
                    Answer::Throttled { retry_after: Some(Duration::from_secs(pause)) }
                }
                // The customer has blocked the bot, or never talked to it. Without the API's own form it is somebody else's answer.
                (StatusCode::FORBIDDEN, Ok(Told { ok: false, .. })) => Answer::Refused { code: "403".to_owned() },
                _ if status.is_success() => unknown("a success whose text is none of the Bot API"),
                _ => failed(status, &headers),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::{Does, kind, message, nobody, peer};

    fn telegram(address: &str) -> Telegram {
        Telegram { http: Http::impatient(), url: Url::parse(address).unwrap(), token: Pii::new("12:planted".to_owned()) }
    }

    #[tokio::test]
    async fn h62_h63_answers_of_the_bot_api_are_told_apart() {
        for (does, expected) in [
            (Does::Answers(200, r#"{"ok":true,"result":{"message_id":77}}"#), "accepted"),
            (Does::Answers(200, r#"{"ok":true}"#), "unknown"),
            (Does::Answers(200, "<html>"), "unknown"),
            (Does::Answers(400, r#"{"ok":false,"description":"chat not found"}"#), "refused"),
            (Does::Answers(403, r#"{"ok":false,"description":"bot was blocked by the user"}"#), "refused"),
            (Does::Answers(403, "<html>forbidden by the proxy"), "not taken"),
            (Does::Answers(401, r#"{"ok":false,"description":"Unauthorized"}"#), "not taken"),
            (Does::Answers(500, ""), "not taken"),
            (Does::Hangs, "unknown"),
            (Does::Closes, "unknown"),
        ] {
            let peer = peer(does).await;
            let answer = telegram(&peer.address).send(&message()).await;
            assert_eq!(kind(&answer), expected, "{does:?}: {answer:?}");
        }
        let peer = peer(Does::Answers(429, r#"{"ok":false,"parameters":{"retry_after":35}}"#)).await;
        let answer = telegram(&peer.address).send(&message()).await;
        assert_eq!(answer, Answer::Throttled { retry_after: Some(Duration::from_secs(35)) });
        assert_eq!(kind(&telegram(&nobody().await).send(&message()).await), "not taken");
    }

    #[tokio::test]
    async fn a_message_goes_to_the_chat_and_the_token_is_in_no_print() {
        let peer = peer(Does::Answers(200, r#"{"ok":true,"result":{"message_id":77}}"#)).await;
        let telegram = telegram(&peer.address);
        assert_eq!(telegram.send(&message()).await, Answer::Accepted { provider_id: "77".to_owned() });
        let asked = peer.asked.lock().unwrap()[0].clone();
        assert!(asked.starts_with("POST /bot12:planted/sendMessage HTTP/1.1\r\n"), "{asked}");
        assert!(asked.ends_with(r#"{"chat_id":"+4930123456","text":"150 points & more"}"#), "{asked}");
        assert!(!format!("{telegram:?}").contains("planted"));
    }
}
