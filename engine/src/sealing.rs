//! Values of facts and how a customer is reached, sealed with a key of each customer's own, so that deleting the key
//! erases them.

use bytes::Bytes;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use compact_str::CompactString;
use tessera_contract::Pii;
use tessera_contract::refusal::Refusal;
use tessera_rules::id::{CustomerId, FactId};
use tessera_storage::{Claim, Row, RowKey, Version};

use crate::core::Core;
use crate::directory::Found;
use crate::{kept, layout};

const NONCE_BYTES: usize = 24;
/// What stands before a value that a customer's key sealed: which of their keys it was.
const KEY_NAME_BYTES: usize = 8;

/// How a customer is reached, as stated when they were enrolled.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Contact {
    /// In E.164 form.
    pub(crate) phone: Option<Pii<CompactString>>,
    /// Of messages, BCP 47.
    pub(crate) language: Option<CompactString>,
}

/// What stands in the place of a key that was deleted.
const DELETED: &[u8] = &[0];

/// What is kept of a customer's key.
enum Kept {
    /// Nothing was ever sealed for them.
    Nothing,
    /// The key.
    Key(CustomerKey),
    /// It was deleted: what it sealed cannot be opened by anybody.
    Deleted(Version),
}

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
    let expected = match kept_key(core, customer).await? {
        Kept::Key(key) => return Ok(key),
        Kept::Nothing => Version::NONE,
        // An erasure that went no further: the customer is there, and what they say from now on is sealed anew.
        Kept::Deleted(version) => version,
    };
    let partition = layout::customer_key(customer);
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|error| core.internal(&error.to_string()))?;
    let wrapped = seal(core, &core.keys.wrapping(), &key, customer.as_str().as_bytes())?;
    Ok(CustomerKey { key, claim: Some(Claim { partition, expected, head: Bytes::from(wrapped) }) })
}

/// The claim that deletes a customer's key (H80); none: there is none to delete.
///
/// # Errors
/// The storage cannot read.
pub(crate) async fn deletion(core: &Core, customer: &CustomerId) -> Result<Option<Claim>, Refusal> {
    let partition = layout::customer_key(customer);
    let head = core.storage.head(&partition).await.map_err(|error| core.storage_refusal(&error))?;
    let kept = head.filter(|head| head.value != DELETED);
    Ok(kept.map(|head| Claim { partition, expected: head.version, head: Bytes::from_static(DELETED) }))
}

/// Whether the customer's key was deleted.
///
/// # Errors
/// The storage cannot read.
pub(crate) async fn is_deleted(core: &Core, customer: &CustomerId) -> Result<bool, Refusal> {
    let head = core.storage.head(&layout::customer_key(customer)).await.map_err(|error| core.storage_refusal(&error))?;
    Ok(head.is_some_and(|head| head.value == DELETED))
}

/// The customer's key as it is kept.
async fn kept_key(core: &Core, customer: &CustomerId) -> Result<Kept, Refusal> {
    let head = core.storage.head(&layout::customer_key(customer)).await.map_err(|error| core.storage_refusal(&error))?;
    head.map_or(Ok(Kept::Nothing), |head| kept_head(core, customer, &head.value, head.version))
}

fn kept_head(core: &Core, customer: &CustomerId, head: &[u8], version: Version) -> Result<Kept, Refusal> {
    if head == DELETED { Ok(Kept::Deleted(version)) } else { unwrapped(core, customer, head).map(Kept::Key) }
}

/// A customer's key as it is kept or will be, by a claim that is there already.
///
/// # Errors
/// It is not one that this engine wrapped.
pub(crate) fn unwrapped(core: &Core, customer: &CustomerId, head: &[u8]) -> Result<CustomerKey, Refusal> {
    let key = open(&core.keys.wrapping(), head, customer.as_str().as_bytes())
        .and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok())
        .ok_or_else(|| core.internal("a customer's key cannot be unwrapped"))?;
    Ok(CustomerKey { key, claim: None })
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
    let row = layout::fact_row(customer, fact);
    let sealed = key.seal(core, value.as_bytes(), &row.id)?;
    Ok(Row { key: row, value: Bytes::from(sealed) })
}

/// The row that keeps how a customer is reached.
///
/// # Errors
/// No randomness is to be had.
pub(crate) fn contact_row(core: &Core, key: &CustomerKey, customer: &CustomerId, contact: &Contact) -> Result<Row, Refusal> {
    let row = layout::contact_row(customer);
    let plain = (contact.phone.as_ref().map(Pii::expose), contact.language.as_ref());
    let plain = postcard::to_stdvec(&plain).map_err(|_| core.internal("how a customer is reached cannot be written"))?;
    let sealed = key.seal(core, &plain, &contact_name(&row))?;
    Ok(Row { key: row, value: Bytes::from(sealed) })
}

/// The same rows with nothing in them.
pub(crate) fn emptied(customer: &CustomerId, facts: &[FactId]) -> Vec<Row> {
    kept::emptied(customer, facts).into_iter().map(|key| Row { key, value: Bytes::from_static(DELETED) }).collect()
}

/// How a customer is reached, and the values of these facts that are there.
///
/// # Errors
/// The storage cannot read, or what it reads cannot be opened.
pub(crate) async fn opened(
    core: &Core,
    found: &Found,
    facts: &[FactId],
) -> Result<(Contact, Vec<(FactId, Pii<String>)>), Refusal> {
    let Kept::Key(key) = kept_key(core, &found.customer).await? else { return Ok((Contact::default(), Vec::new())) };
    let broken = || core.internal("a sealed value cannot be opened");
    let partition = layout::account(&found.account);
    let row = layout::contact_row(&found.customer);
    let kept = core.storage.row(&partition, &row).await.map_err(|error| core.storage_refusal(&error))?;
    let kept = kept.filter(|sealed| *sealed != DELETED);
    let plain = kept.map(|sealed| key.open(&sealed, &contact_name(&row)).ok_or_else(broken)).transpose()?.flatten();
    let contact = match plain {
        None => Contact::default(),
        Some(plain) => {
            let (phone, language): (Option<CompactString>, _) = postcard::from_bytes(&plain).map_err(|_| broken())?;
            Contact { phone: phone.map(Pii::new), language }
        }
    };
    let mut values = Vec::new();
    for fact in facts {
        let row = layout::fact_row(&found.customer, fact);
        let kept = core.storage.row(&partition, &row).await.map_err(|error| core.storage_refusal(&error))?;
        let Some(sealed) = kept.filter(|sealed| *sealed != DELETED) else { continue };
        let Some(value) = key.open(&sealed, &row.id).ok_or_else(broken)? else { continue };
        let value = String::from_utf8(value).map_err(|_| broken())?;
        values.push((fact.clone(), Pii::new(value)));
    }
    Ok((contact, values))
}

/// What a customer's key sealed, whatever it is; none: with the key it is gone. The key may be one that is about to be kept.
///
/// # Errors
/// The storage cannot read, or what it reads cannot be opened.
pub(crate) async fn opened_of(
    core: &Core,
    (customer, claimed): (&CustomerId, Option<&Claim>),
    sealed: &[u8],
    name: &[u8],
) -> Result<Option<Vec<u8>>, Refusal> {
    let kept = match claimed {
        Some(claim) => kept_head(core, customer, &claim.head, claim.expected)?,
        None => kept_key(core, customer).await?,
    };
    match kept {
        Kept::Key(key) => key.open(sealed, name).ok_or_else(|| core.internal("a sealed value cannot be opened")),
        Kept::Nothing | Kept::Deleted(_) => Ok(None),
    }
}

impl CustomerKey {
    /// Seals a value under the name of where it lies.
    ///
    /// # Errors
    /// No randomness is to be had.
    pub(crate) fn seal(&self, core: &Core, value: &[u8], name: &[u8]) -> Result<Vec<u8>, Refusal> {
        Ok([self.name().as_slice(), &seal(core, &self.key, value, name)?].concat())
    }

    /// Opens what a key of the customer sealed. None within: by one that was deleted, so that nobody opens it any more (an
    /// erasure that went no further leaves such values behind). None: it is broken.
    fn open(&self, sealed: &[u8], name: &[u8]) -> Option<Option<Vec<u8>>> {
        let (by, sealed) = sealed.split_first_chunk::<KEY_NAME_BYTES>()?;
        if *by != self.name() {
            return Some(None);
        }
        open(&self.key, sealed, name).map(Some)
    }

    fn name(&self) -> [u8; KEY_NAME_BYTES] {
        let hash = blake3::derive_key("tessera 2026 name of a customer's key", &self.key);
        hash.first_chunk().copied().unwrap_or_default()
    }
}

/// What the seal of a contact names: never the name of a fact, which has a line feed and letters behind the customer.
fn contact_name(row: &RowKey) -> Vec<u8> {
    [row.id.as_ref(), b"\n"].concat()
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
