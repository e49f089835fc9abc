//! What a holder of a certificate signs with its key, for whoever checks it later and elsewhere: a promise from a rule pack,
//! a request that lay in a spool.
//!
//! INVARIANT: what is signed is a text whose first line names what it is for, and which no handshake of TLS ever signs.

use std::sync::Arc;
use std::time::Duration;

use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SigningKey};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::files::Holder;
use crate::grant::Grants;
use crate::reload::Identity;

/// The form of a proof; another one begins with another byte.
const VERSION: u8 = 1;
/// Bytes of a proof at most: four certificates of the largest keys in use.
pub const PROOF_BYTES_MAX: usize = 8 * 1_024;
/// How a proof may be signed: as certificates of TLS 1.3 sign (RFC 8446, section 4.2.3), best first.
const SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
];

/// A signature with the certificates by which it is checked, so that neither a renewal nor another engine needs to have
/// seen them before.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Proof {
    /// A number of TLS' list of signature schemes.
    scheme: u16,
    signature: Vec<u8>,
    /// The signer's, and those between it and an authority.
    certificates: Vec<Vec<u8>>,
}

/// With what is signed and checked.
#[derive(Debug)]
pub(crate) struct Signing {
    pub(crate) own: Arc<CertifiedKey>,
    pub(crate) verifier: Arc<dyn ClientCertVerifier>,
    pub(crate) algorithms: WebPkiSupportedAlgorithms,
}

/// Nobody whom the authorities know has signed this.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotProven {
    /// There is no signature.
    #[error("nobody has signed it")]
    Unsigned,
    /// What is there is no proof in a form that is known here.
    #[error("its proof cannot be read")]
    Form,
    /// The certificate was not good then.
    #[error("the signer's certificate is not believed: {0}")]
    Certificate(String),
    /// The certificate was revoked, whenever that was: who has its key can write any time.
    #[error("the signer's certificate was revoked")]
    Revoked,
    /// Another text was signed, or by another key.
    #[error("the signature is not this text's")]
    Signature,
}

impl Identity {
    /// Signs a text that names what it is for. None: the key cannot sign so.
    #[must_use]
    pub fn sign(&self, text: &str) -> Option<Vec<u8>> {
        let own = &self.loaded().signing.own;
        let signer = SigningKey::choose_scheme(&*own.key, &SCHEMES)?;
        let certificates = own.cert.iter().map(|certificate| certificate.to_vec()).collect();
        let proof = Proof { scheme: signer.scheme().into(), signature: signer.sign(text.as_bytes()).ok()?, certificates };
        proof.encode().filter(|bytes| bytes.len() <= PROOF_BYTES_MAX)
    }

    /// What the signer of a text may, by a certificate that was good at this time (seconds since 1970) and is not revoked now.
    ///
    /// # Errors
    /// Nobody whom the authorities know has signed this text.
    pub fn signer(&self, proof: &[u8], text: &str, at: u64) -> Result<Grants, NotProven> {
        if proof.is_empty() {
            return Err(NotProven::Unsigned);
        }
        let proof = Proof::decode(proof).ok_or(NotProven::Form)?;
        let mut certificates = proof.certificates.into_iter().map(CertificateDer::from);
        let own = certificates.next().ok_or(NotProven::Form)?;
        let between: Vec<_> = certificates.collect();
        let loaded = self.loaded();
        let signing = &loaded.signing;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let believed = signing.verifier.verify_client_cert(&own, &between, at);
        let revoked = rustls::Error::InvalidCertificate(rustls::CertificateError::Revoked);
        believed
            .map_err(|error| if error == revoked { NotProven::Revoked } else { NotProven::Certificate(error.to_string()) })?;
        let holder = Holder::of(&own).map_err(|error| NotProven::Certificate(error.to_string()))?;
        if loaded.revoked.has(&holder) {
            return Err(NotProven::Revoked);
        }
        let (_, parsed) = X509Certificate::from_der(&own).map_err(|error| NotProven::Certificate(error.to_string()))?;
        let key = &parsed.public_key().subject_public_key.data;
        let scheme = SignatureScheme::from(proof.scheme);
        let known = SCHEMES.contains(&scheme);
        let mut fitting = signing.algorithms.mapping.iter().filter(|(of, _)| known && *of == scheme).flat_map(|(_, all)| *all);
        let is_signed = fitting.any(|algorithm| algorithm.verify_signature(key, text.as_bytes(), &proof.signature).is_ok());
        if is_signed { Ok(holder.grants) } else { Err(NotProven::Signature) }
    }
}

impl Proof {
    /// Version, scheme, then signature and certificates, each behind its length; numbers have two bytes, the high one first.
    fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.scheme.to_be_bytes());
        for part in std::iter::once(&self.signature).chain(&self.certificates) {
            bytes.extend_from_slice(&u16::try_from(part.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Some(bytes)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[VERSION]).filter(|_| bytes.len() <= PROOF_BYTES_MAX)?;
        let (scheme, mut rest) = rest.split_first_chunk()?;
        let mut parts = Vec::new();
        while let Some((length, behind)) = rest.split_first_chunk() {
            let (part, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
            parts.push(part.to_vec());
            rest = behind;
        }
        let mut parts = parts.into_iter();
        let signature = parts.next().filter(|_| rest.is_empty())?;
        Some(Self { scheme: u16::from_be_bytes(*scheme), signature, certificates: parts.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_a_proof_is_read_as_it_was_written_and_no_cut_one_is() {
        let proof = Proof { scheme: 0x0403, signature: vec![1; 70], certificates: vec![vec![2; 500], vec![], vec![3; 9]] };
        let bytes = proof.encode().unwrap();
        assert_eq!(Proof::decode(&bytes), Some(proof.clone()));
        for end in 0..bytes.len() {
            assert_ne!(Proof::decode(&bytes[..end]), Some(proof.clone()), "{end}");
        }
        assert_eq!(Proof::decode(&[bytes.as_slice(), &[9]].concat()), None);
        assert_eq!(Proof::decode(&vec![VERSION; PROOF_BYTES_MAX + 1]), None);
        let long = Proof { signature: vec![0; 70_000], ..proof };
        assert_eq!(long.encode(), None);
    }
}
