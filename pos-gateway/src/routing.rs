//! Which account a call is about, as far as several engines share the work by it: read from the few fields that say
//! so, without the rest of the message. Correctness never depends on it.

use bytes::Bytes;
use prost::Message;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::{CustomerIdentity, GetReceiptRequest};

use crate::advice::id_hash;
use crate::call::Call;

/// A quote's or settle's receipt.
#[derive(Clone, PartialEq, Message)]
struct OfReceipt {
    #[prost(message, optional, tag = "2")]
    receipt: Option<ReceiptKey>,
}

/// A receipt, as far as it is needed.
#[derive(Clone, PartialEq, Message)]
struct ReceiptKey {
    #[prost(string, tag = "1")]
    receipt_id: String,
    #[prost(message, optional, tag = "7")]
    customer: Option<CustomerIdentity>,
}

/// A void.
#[derive(Clone, PartialEq, Message)]
struct OfVoid {
    #[prost(string, tag = "2")]
    receipt_id: String,
    #[prost(message, optional, tag = "7")]
    customer: Option<CustomerIdentity>,
}

/// A return.
#[derive(Clone, PartialEq, Message)]
struct OfReturn {
    #[prost(string, tag = "4")]
    receipt_id: String,
    #[prost(message, optional, tag = "12")]
    customer: Option<CustomerIdentity>,
}

/// A claim.
#[derive(Clone, PartialEq, Message)]
struct OfClaim {
    #[prost(string, tag = "3")]
    receipt_id: String,
    #[prost(message, optional, tag = "5")]
    customer: Option<CustomerIdentity>,
}

/// A look-up of a customer.
#[derive(Clone, PartialEq, Message)]
struct OfIdentify {
    #[prost(message, optional, tag = "2")]
    customer: Option<CustomerIdentity>,
}

/// Answers to prompts, or a prize.
#[derive(Clone, PartialEq, Message)]
struct OfCustomer {
    #[prost(string, tag = "2")]
    request_id: String,
    #[prost(message, optional, tag = "3")]
    customer: Option<CustomerIdentity>,
}

/// The key of a call: of its customer as identified, else of its receipt. What cannot be read has key 0.
pub(crate) fn key(call: Call, body: &Bytes) -> u64 {
    let (customer, id) = match call {
        Call::Quote | Call::Settle => {
            let receipt = read::<OfReceipt>(body).receipt.unwrap_or_default();
            (receipt.customer, receipt.receipt_id)
        }
        Call::Void => {
            let void = read::<OfVoid>(body);
            (void.customer, void.receipt_id)
        }
        Call::Return => {
            let returned = read::<OfReturn>(body);
            (returned.customer, returned.receipt_id)
        }
        Call::Claim => {
            let claim = read::<OfClaim>(body);
            (claim.customer, claim.receipt_id)
        }
        Call::Identify => (read::<OfIdentify>(body).customer, String::new()),
        Call::AnswerPrompts | Call::HandOver => {
            let told = read::<OfCustomer>(body);
            (told.customer, told.request_id)
        }
        Call::Enrol => (None, read::<OfVoid>(body).receipt_id),
        Call::GetReceipt => (None, receipt_asked_for(body)),
    };
    match customer.and_then(|customer| customer.identity) {
        Some(Identity::CardNumber(name) | Identity::Qr(name) | Identity::Phone(name) | Identity::CustomerId(name)) => {
            id_hash(Call::Identify, &name)
        }
        None if id.is_empty() => 0,
        None => id_hash(Call::GetReceipt, &id),
    }
}

fn receipt_asked_for(body: &Bytes) -> String {
    use tessera_proto::billing::v1::get_receipt_request::Receipt;
    match read::<GetReceiptRequest>(body).receipt {
        Some(Receipt::ReceiptId(id)) => id,
        Some(Receipt::Fiscal(_)) | None => String::new(),
    }
}

fn read<M: Message + Default>(body: &Bytes) -> M {
    M::decode(body.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tessera_proto::billing::v1 as wire;

    use super::*;

    fn customer() -> Option<CustomerIdentity> {
        Some(CustomerIdentity { identity: Some(Identity::CardNumber("4711".to_owned())), entry_method: 0 })
    }

    #[test]
    fn calls_of_one_customer_have_one_key_whatever_they_are() {
        let receipt = || Some(wire::Receipt { receipt_id: "R".to_owned(), customer: customer(), ..Default::default() });
        let calls = [
            (Call::Quote, wire::QuoteRequest { receipt: receipt(), ..Default::default() }.encode_to_vec()),
            (Call::Settle, wire::SettleRequest { receipt: receipt(), ..Default::default() }.encode_to_vec()),
            (Call::Void, wire::VoidRequest { customer: customer(), ..Default::default() }.encode_to_vec()),
            (Call::Return, wire::ReturnRequest { customer: customer(), ..Default::default() }.encode_to_vec()),
            (Call::Claim, wire::ClaimRequest { customer: customer(), ..Default::default() }.encode_to_vec()),
            (Call::Identify, wire::IdentifyRequest { customer: customer(), ..Default::default() }.encode_to_vec()),
            (Call::AnswerPrompts, wire::AnswerPromptsRequest { customer: customer(), ..Default::default() }.encode_to_vec()),
            (Call::HandOver, wire::HandOverRequest { customer: customer(), ..Default::default() }.encode_to_vec()),
        ];
        let keys: Vec<u64> = calls.into_iter().map(|(call, body)| key(call, &body.into())).collect();
        assert!(keys.iter().all(|found| *found == keys[0] && *found != 0), "{keys:?}");
    }

    #[test]
    fn calls_about_a_receipt_of_nobody_have_its_key() {
        let id = || "R".to_owned();
        let receipt = Some(wire::Receipt { receipt_id: id(), ..Default::default() });
        let asked = Some(wire::get_receipt_request::Receipt::ReceiptId(id()));
        let original = Some(wire::return_request::Original::OriginalReceiptId(id()));
        let calls = [
            (Call::Settle, wire::SettleRequest { receipt, ..Default::default() }.encode_to_vec()),
            (Call::Void, wire::VoidRequest { receipt_id: id(), ..Default::default() }.encode_to_vec()),
            (Call::Return, wire::ReturnRequest { original, ..Default::default() }.encode_to_vec()),
            (Call::GetReceipt, wire::GetReceiptRequest { receipt: asked, ..Default::default() }.encode_to_vec()),
        ];
        let keys: Vec<u64> = calls.into_iter().map(|(call, body)| key(call, &body.into())).collect();
        assert!(keys.iter().all(|found| *found == keys[0] && *found != 0), "{keys:?}");
        assert_eq!(key(Call::Quote, &Bytes::from_static(b"\xff\xff")), 0);
    }
}
