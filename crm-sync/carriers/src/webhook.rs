//! A call of the business's own system, which tells the customer: a `CloudEvents` message in JSON, signed as Standard Webhooks
//! has it (HMAC-SHA256 over id, time and body).

use async_trait::async_trait;
use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::Full;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;
use tessera_contract::Pii;
use tessera_crm::notices::carrier::{Answer, Carrier, Message};

use crate::http::{Http, Said, Url, failed, not_taken};

/// What stands before a secret as Standard Webhooks writes it.
const SECRET: &str = "whsec_";

/// Calls another system.
#[derive(Clone, Debug)]
pub struct Webhook {
    http: Http,
    url: Url,
    key: Pii<Vec<u8>>,
}

/// A text is no secret of a webhook.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be whsec_ and 24 to 64 bytes in Base64")]
pub struct SecretFault;

impl Webhook {
    /// Calls `url`, with messages signed by this secret: `whsec_` and Base64.
    ///
    /// # Errors
    /// The secret is none.
    pub fn new(url: Url, secret: &Pii<String>) -> Result<Self, SecretFault> {
        let encoded = secret.expose().trim().strip_prefix(SECRET).ok_or(SecretFault)?;
        let key = BASE64.decode(encoded.as_bytes()).ok().filter(|key| (24..=64).contains(&key.len())).ok_or(SecretFault)?;
        Ok(Self { http: Http::new(), url, key: Pii::new(key) })
    }

    fn request(&self, message: &Message, at: Timestamp) -> Option<Request<Full<Bytes>>> {
        let body = json!({
            "specversion": "1.0", "id": message.mark, "source": "tessera/notices", "type": "tessera.notice.deferred",
            "time": at.to_string(), "datacontenttype": "application/json",
            "data": {"customer_id": message.customer, "text": message.text.expose(), "again": message.is_again},
        });
        let (body, second) = (body.to_string(), at.as_second().to_string());
        let signature = sign(self.key.expose(), &message.mark, &second, &body)?;
        let request = Request::post(self.url.with("").ok()?)
            .header(CONTENT_TYPE, "application/cloudevents+json")
            .header("webhook-id", &message.mark)
            .header("webhook-timestamp", second)
            .header("webhook-signature", signature);
        request.body(Full::new(Bytes::from(body))).ok()
    }
}

fn sign(key: &[u8], id: &str, second: &str, body: &str) -> Option<String> {
    let mut hash = Hmac::<Sha256>::new_from_slice(key).ok()?;
    hash.update(format!("{id}.{second}.{body}").as_bytes());
    Some(format!("v1,{}", BASE64.encode(&hash.finalize().into_bytes())))
}

#[async_trait]
impl Carrier for Webhook {
    async fn send(&self, message: &Message) -> Answer {
        let Some(request) = self.request(message, Timestamp::now()) else {
            return not_taken("the message does not fit a request");
        };
        match self.http.exchange(request).await {
            Said::Nothing(answer) => answer,
            Said::Answered { status, .. } if status.is_success() => Answer::Accepted { provider_id: String::new() },
            Said::Answered { status, headers, .. } => failed(status, &headers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::{Does, kind, message, nobody, peer};

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn webhook(address: &str) -> Webhook {
        let made = Webhook::new(Url::parse(address).unwrap(), &Pii::new(KEY.to_owned())).unwrap();
        Webhook { http: Http::impatient(), ..made }
    }

    /// The example of the specification.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let key = BASE64.decode(KEY.strip_prefix(SECRET).unwrap().as_bytes()).unwrap();
        let signed = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[tokio::test]
    async fn a_call_has_the_text_and_no_address_and_is_signed_for_what_it_says() {
        let peer = peer(Does::Answers(204, "")).await;
        assert_eq!(kind(&webhook(&peer.address).send(&message()).await), "accepted");
        let asked = peer.asked.lock().unwrap()[0].clone();
        let (head, body) = asked.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            line.unwrap_or_else(|| panic!("{name} is missing in {head}")).to_owned()
        };
        let key = BASE64.decode(KEY.strip_prefix(SECRET).unwrap().as_bytes()).unwrap();
        let expected = sign(&key, &header("webhook-id"), &header("webhook-timestamp"), body).unwrap();
        assert_eq!(header("webhook-signature"), expected);
        assert!(body.contains("150 points & more") && !body.contains("4930123456"), "{body}");
    }

    #[tokio::test]
    async fn h62_an_own_system_that_fails_is_told_from_one_of_which_nobody_knows() {
        for (does, expected) in [
            (Does::Answers(200, "whatever"), "accepted"),
            (Does::Answers(500, ""), "not taken"),
            (Does::Answers(422, ""), "refused"),
            (Does::Hangs, "unknown"),
            (Does::BreaksOff, "unknown"),
        ] {
            let peer = peer(does).await;
            let answer = webhook(&peer.address).send(&message()).await;
            assert_eq!(kind(&answer), expected, "{does:?}: {answer:?}");
        }
        assert_eq!(kind(&webhook(&nobody().await).send(&message()).await), "not taken");
    }

    #[test]
    fn what_is_no_secret_is_refused_and_no_secret_is_printed() {
        let url = || Url::parse("http://127.0.0.1:1").unwrap();
        for secret in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!"] {
            assert_eq!(Webhook::new(url(), &Pii::new(secret.to_owned())).err(), Some(SecretFault), "{secret}");
        }
        assert!(format!("{:?}", webhook("http://127.0.0.1:1")).contains("***"));
    }
}
