//! Values of facts, sealed with a key of each customer's own, so that deleting the key erases them.

use bytes::Bytes;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use tessera_contract::refusal::Refusal;
use tessera_rules::id::{CustomerId, FactId};
use tessera_storage::{Claim, Row, RowKey, Version};

use crate::core::Core;
use crate::layout;

const NONCE_BYTES: usize = 24;

/// A customer's key, and the claim that stores it where it is new.
pub(crate) struct CustomerKey {
    key: [u8; 32],
    pub(crate) claim: Option<Claim>,
}

/// The customer's key, made where there is none yet.
///
/// # Errors
/// The storage cannot read, the stored key cannot be unwrapped, or no randomness is to be had.
pub(crate) async fn customer_key(core: &Core, customer: &CustomerId) -> Result<CustomerKey, Refusal> {
    let partition = layout::customer_key(customer);
    let head = core.storage.head(&partition).await.map_err(|error| core.storage_refusal(&error))?;
    if let Some(head) = head {
        let key = open(&core.keys.wrapping(), &head.value, customer.as_str().as_bytes())
            .and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok())
            .ok_or_else(|| core.internal("a customer's key cannot be unwrapped"))?;
        return Ok(CustomerKey { key, claim: None });
    }
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|error| core.internal(&error.to_string()))?;
    let wrapped = seal(core, &core.keys.wrapping(), &key, customer.as_str().as_bytes())?;
    Ok(CustomerKey { key, claim: Some(Claim { partition, expected: Version::NONE, head: Bytes::from(wrapped) }) })
}

/// The row that keeps a fact's value in the account's partition.
///
/// # Errors
/// No randomness is to be had.
pub(crate) fn fact_row(
    core: &Core,
    key: &CustomerKey,
    customer: &CustomerId,
    fact: &FactId,
    value: &str,
) -> Result<Row, Refusal> {
    let name = format!("{customer}\n{fact}");
    let sealed = seal(core, &key.key, value.as_bytes(), name.as_bytes())?;
    Ok(Row { key: RowKey { kind: layout::FACT, id: Bytes::from(name) }, value: Bytes::from(sealed) })
}

fn seal(core: &Core, key: &[u8; 32], value: &[u8], name: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut nonce = [0_u8; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| core.internal(&error.to_string()))?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: value, aad: name })
        .map_err(|_| core.internal("a value cannot be sealed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens what was sealed; none where key, name or bytes are other ones.
pub(crate) fn open(key: &[u8; 32], sealed: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(nonce), Payload { msg: body, aad: name }).ok()
}
