//! What gateways have signed: promises from a rule pack, and what lay in their spools (H73).

use jiff::Timestamp;
use metrics::counter;
use tessera_contract::canonical::ContentHash;
use tessera_contract::gateway_word::delivery_text;
use tessera_contract::pack::PackToken;
use tessera_contract::read::{DeliveryInput, ReturnInput, SettleInput};
use tessera_identity::{Identity, NotProven};
use tessera_proto::billing::v1::DeliveryRoute;
use tessera_rules::id::{ReceiptId, StoreId};

use crate::core::Core;

/// An advice as its gateway signed it.
#[derive(Clone, Copy)]
struct Signed<'a> {
    call: &'static str,
    id: &'a ReceiptId,
    attempt: u32,
    content: ContentHash,
    store: &'a StoreId,
    delivery: &'a DeliveryInput,
}

impl Core {
    /// Whether a gateway of this store signed the token, by a certificate that was good when it decided. Without
    /// certificates whoever may connect is believed.
    pub(crate) fn has_signed_token(&self, token: &PackToken, store: &StoreId) -> bool {
        let Some(identity) = &self.settings.gateways else { return true };
        proven(identity, (&token.proof, &token.text()), token.decided_at, store, "token")
    }

    /// Whether a settle that did not come straight was taken by a gateway of its store, as that gateway signed.
    pub(crate) fn has_signed_settle(&self, input: &SettleInput, now: Timestamp) -> bool {
        let receipt = &input.receipt;
        let signed = Signed {
            call: "Settle",
            id: &receipt.id,
            attempt: input.attempt,
            content: input.content_hash,
            store: &receipt.place.store,
            delivery: &input.delivery,
        };
        self.has_signed(signed, now)
    }

    /// The same of a return.
    pub(crate) fn has_signed_return(&self, input: &ReturnInput, now: Timestamp) -> bool {
        let signed = Signed {
            call: "Return",
            id: &input.id,
            attempt: input.attempt,
            content: input.content_hash,
            store: &input.place.store,
            delivery: &input.delivery,
        };
        self.has_signed(signed, now)
    }

    fn has_signed(&self, Signed { call, id, attempt, content, store, delivery }: Signed<'_>, now: Timestamp) -> bool {
        let Some(identity) = self.settings.gateways.as_ref().filter(|_| delivery.route != DeliveryRoute::Direct) else {
            return true;
        };
        let text = delivery_text(call, (id.as_str(), attempt), content, delivery.spooled_at);
        proven(identity, (&delivery.gateway_signature, &text), delivery.spooled_at.unwrap_or(now), store, "delivery")
    }
}

fn proven(identity: &Identity, (proof, text): (&[u8], &str), at: Timestamp, store: &StoreId, what: &'static str) -> bool {
    let at = u64::try_from(at.as_second()).unwrap_or_default();
    let (reason, why) = match identity.signer(proof, text, at) {
        Ok(grants) if grants.forwards_for(Some(store.as_str())) => return true,
        Ok(_) => ("store", "its gateway is not of this store".to_owned()),
        Err(error) => (reason(&error), error.to_string()),
    };
    counter!("tessera_engine_gateway_words_unproven_total", "what" => what, "reason" => reason).increment(1);
    tracing::warn!(what, store = store.as_str(), why, "a gateway's word is not proven");
    false
}

fn reason(error: &NotProven) -> &'static str {
    match error {
        NotProven::Unsigned => "unsigned",
        NotProven::Form => "form",
        NotProven::Certificate(_) => "certificate",
        NotProven::Revoked => "revoked",
        NotProven::Signature => "signature",
    }
}
