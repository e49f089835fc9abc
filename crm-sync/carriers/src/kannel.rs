//! Kannel's `sendsms`, and the many gateways that speak it: a text message by one call over HTTP.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use tessera_contract::Pii;
use tessera_crm::notices::carrier::{Answer, Carrier, Message};
use tessera_crm::notices::segments::{Encoding, split};

use crate::http::{Http, Said, Url, failed, in_query, unknown};

/// Delivered or not: of each message one of both receipts is wanted.
const RECEIPT_MASK: u8 = 1 | 2;

/// What is configured of such a gateway.
#[derive(Clone, Debug)]
pub struct KannelConfig {
    /// Where `sendsms` is, as in `http://127.0.0.1:13013/cgi-bin/sendsms`.
    pub url: Url,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: Pii<String>,
    /// The sender's name that the customer sees, as it is registered.
    pub sender: String,
    /// Where delivery receipts are wanted, without a query, as in `http://127.0.0.1:7304/v1/notices/receipts/NAME`; none: they are
    /// not.
    pub receipts_at: Option<String>,
}

/// Sends by `sendsms`.
#[derive(Clone, Debug)]
pub struct Kannel {
    http: Http,
    config: KannelConfig,
}

impl Kannel {
    /// By the gateway of this configuration.
    #[must_use]
    pub fn new(config: KannelConfig) -> Self {
        Self { http: Http::new(), config }
    }

    fn query(&self, message: &Message) -> String {
        let config = &self.config;
        let coding = match split(message.text.expose()).encoding {
            Encoding::Gsm7 => "0",
            Encoding::Ucs2 => "2",
        };
        let mut query = format!(
            "?username={}&password={}&from={}&to={}&coding={coding}&charset=UTF-8&text={}",
            in_query(&config.user),
            in_query(config.password.expose()),
            in_query(&config.sender),
            in_query(message.to.expose()),
            in_query(message.text.expose()),
        );
        if let Some(receipts_at) = &config.receipts_at {
            // Kannel puts its code where `%d` stands.
            let receipt = format!("{receipts_at}?mark={}&type=%d", message.mark);
            query.push_str(&format!("&dlr-mask={RECEIPT_MASK}&dlr-url={}", in_query(&receipt)));
        }
        query
    }
}

#[async_trait]
impl Carrier for Kannel {
    async fn send(&self, message: &Message) -> Answer {
        let request = self.config.url.with(&self.query(message)).ok();
        let request = request.and_then(|uri| Request::get(uri).body(Full::new(Bytes::new())).ok());
        let Some(request) = request else { return Answer::Refused { code: "too long".to_owned() } };
        match self.http.exchange(request).await {
            Said::Nothing(answer) => answer,
            Said::Answered { status, body, .. } if status.is_success() => judge(&body),
            Said::Answered { status, headers, .. } => failed(status, &headers),
        }
    }
}

/// Kannel says `0: Accepted for delivery`, or `3: Queued for later delivery` where the line to the network is down.
fn judge(body: &[u8]) -> Answer {
    match body.trim_ascii_start() {
        [b'0' | b'3', b':', ..] => Answer::Accepted { provider_id: String::new() },
        _ => unknown("a success whose text is none of sendsms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::{Does, kind, message, nobody, peer};

    fn kannel(address: &str) -> Kannel {
        let url = Url::parse(&format!("{address}/cgi-bin/sendsms")).unwrap();
        let receipts_at = Some("http://127.0.0.1:7304/v1/notices/receipts/main".to_owned());
        let (user, password) = ("tessera".to_owned(), Pii::new("se&cret".to_owned()));
        Kannel { http: Http::impatient(), config: KannelConfig { url, user, password, sender: "SHOP".to_owned(), receipts_at } }
    }

    #[tokio::test]
    async fn h62_what_was_surely_not_taken_is_told_from_what_nobody_knows() {
        for (does, expected) in [
            (Does::Answers(202, "0: Accepted for delivery"), "accepted"),
            (Does::Answers(202, "3: Queued for later delivery"), "accepted"),
            (Does::Answers(200, "<html>welcome</html>"), "unknown"),
            (Does::Answers(202, ""), "unknown"),
            (Does::Answers(400, "4: Message too long +4930123456"), "refused"),
            (Does::Answers(403, "Authorization failed for sendsms"), "not taken"),
            (Does::Answers(404, "no such page"), "not taken"),
            (Does::Answers(429, "slow down"), "throttled"),
            (Does::Answers(500, "oops"), "not taken"),
            (Does::Answers(503, "Temporal failure, try again later."), "not taken"),
            (Does::Answers(502, "bad gateway"), "unknown"),
            (Does::Answers(504, "gateway timeout"), "unknown"),
            (Does::Hangs, "unknown"),
            (Does::Closes, "unknown"),
            (Does::BreaksOff, "unknown"),
            (Does::TalksNonsense, "unknown"),
            (Does::Floods, "unknown"),
        ] {
            let peer = peer(does).await;
            let answer = kannel(&peer.address).send(&message()).await;
            assert_eq!(kind(&answer), expected, "{does:?}: {answer:?}");
            assert!(!format!("{answer:?}").contains("4930123456"), "h81: {answer:?}");
            assert_eq!(peer.asked.lock().unwrap().len(), 1, "asked once: {does:?}");
        }
        let answer = kannel(&nobody().await).send(&message()).await;
        assert_eq!(kind(&answer), "not taken", "{answer:?}");
    }

    #[tokio::test]
    async fn h63_a_pause_that_the_provider_wants_is_passed_on() {
        let peer = peer(Does::AnswersWith(429, "retry-after: 17", "")).await;
        let answer = kannel(&peer.address).send(&message()).await;
        assert_eq!(answer, Answer::Throttled { retry_after: Some(std::time::Duration::from_secs(17)) });
    }

    #[tokio::test]
    async fn a_message_is_called_for_with_its_coding_and_where_its_receipt_is_wanted() {
        let peer = peer(Does::Answers(202, "0: Accepted for delivery")).await;
        let kannel = kannel(&peer.address);
        kannel.send(&message()).await;
        kannel.send(&Message { text: Pii::new("150 баллов".to_owned()), ..message() }).await;
        let asked = peer.asked.lock().unwrap().clone();
        let start = "GET /cgi-bin/sendsms?username=tessera&password=se%26cret&from=SHOP&to=%2B4930123456&coding=0&charset=UTF-8&text=150%20points%20%26%20more";
        assert!(asked[0].starts_with(start), "{}", asked[0]);
        let receipt = "&dlr-mask=3&dlr-url=http%3A%2F%2F127.0.0.1%3A7304%2Fv1%2Fnotices%2Freceipts%2Fmain%3Fmark%3D0123456789abcdefghjkmnpqrs%26type%3D%25d HTTP";
        assert!(asked[0].contains(receipt), "{}", asked[0]);
        assert!(asked[1].contains("&coding=2&charset=UTF-8&text=150%20%D0%B1"), "{}", asked[1]);
    }

    #[test]
    fn h81_what_is_printed_of_a_gateway_has_no_password() {
        let printed = format!("{:?}", kannel("http://127.0.0.1:1"));
        assert!(!printed.contains("cret") && printed.contains("tessera"), "{printed}");
    }
}
