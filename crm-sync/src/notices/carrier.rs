//! What a provider is to notices: something that takes a message and says what became of it. Each kind of provider is a carrier.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tessera_contract::Pii;

/// A message, ready to be sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same for every attempt of a notice: providers that know it send a message once, and name it in their receipts.
    pub mark: String,
    /// Where to: a number in E.164 form, a chat, an address of mail. Empty: the carrier knows where.
    pub to: Pii<String>,
    /// What it says.
    pub text: Pii<String>,
    /// The customer, opaque, for carriers that ask elsewhere where to.
    pub customer: String,
    /// It may have been sent before.
    pub is_again: bool,
}

/// What became of a message. No text in it holds anything that a provider said in its own words: that could repeat a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The provider has it.
    Accepted {
        /// What the provider calls it. Empty: it does not say.
        provider_id: String,
    },
    /// The provider surely has it not, and may take it later: it was not reached, or it said that it cannot.
    NotTaken {
        /// Why.
        why: String,
    },
    /// The provider surely has it not, since it wants fewer messages.
    Throttled {
        /// When it wants the next one; none: it does not say.
        retry_after: Option<Duration>,
    },
    /// The provider will never take it: the address or the text is wrong for it.
    Refused {
        /// Its code.
        code: String,
    },
    /// Nobody knows: the provider was reached, and no answer that can be understood came.
    Unknown {
        /// What happened.
        why: String,
    },
}

/// Sends messages to one provider.
#[async_trait]
pub trait Carrier: Send + Sync + fmt::Debug + 'static {
    /// Sends one message, within a time of its own. Never fails without an answer.
    async fn send(&self, message: &Message) -> Answer;
}

/// What a provider says of a message afterwards.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Receipt {
    /// It has arrived.
    Delivered,
    /// It did not arrive, by the provider's code.
    NotDelivered(String),
}
