//! The files that make an identity, and what is read out of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _, GeneralName, X509Certificate};

use crate::grant::{GrantError, Grants};
use crate::proof::Signing;

/// HTTP/2, the only protocol of gRPC (RFC 7301).
const PROTOCOL: &[u8] = b"h2";

/// Where an identity lies: files in PEM (RFC 7468).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentityFiles {
    /// The own certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key, PKCS #8.
    pub key: PathBuf,
    /// The authorities whose certificates are believed.
    pub authorities: PathBuf,
    /// What they have revoked; none: nothing is ever revoked.
    pub revoked: Option<PathBuf>,
}

/// An identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The parts do not fit each other.
    #[error("certificate, key and authorities do not fit: {0}")]
    Tls(#[from] rustls::Error),
    /// The lists of the authorities cannot be checked.
    #[error("the verifier cannot be made: {0}")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

/// What was read of the files.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) signing: Arc<Signing>,
    pub(crate) revoked: Revoked,
}

/// Serial numbers that are revoked, each with the name of its authority, DER.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Revoked(Vec<(Vec<u8>, Vec<u8>)>);

/// What a certificate is known by, and what it lets its holder do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Holder {
    issuer: Vec<u8>,
    serial: Vec<u8>,
    pub(crate) grants: Grants,
}

impl Revoked {
    pub(crate) fn has(&self, holder: &Holder) -> bool {
        self.0.iter().any(|(issuer, serial)| *issuer == holder.issuer && *serial == holder.serial)
    }
}

/// A certificate says nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HolderError {
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Grant(#[from] GrantError),
}

impl Holder {
    /// Of a certificate whose signature was checked.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Result<Self, HolderError> {
        let unreadable = |error: &dyn std::fmt::Display| HolderError::Unreadable(error.to_string());
        let (_, certificate) = X509Certificate::from_der(certificate).map_err(|error| unreadable(&error))?;
        let names = certificate.subject_alternative_name().map_err(|error| unreadable(&error))?;
        let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        let uri = |name: &GeneralName<'_>| if let GeneralName::URI(uri) = name { Some((*uri).to_owned()) } else { None };
        let uris: Vec<String> = names.iter().filter_map(uri).collect();
        Ok(Self {
            issuer: certificate.issuer().as_raw().to_vec(),
            serial: number(certificate.raw_serial()),
            grants: Grants::of_uris(uris.iter().map(String::as_str))?,
        })
    }
}

/// A serial number without the leading zeros that keep it positive.
fn number(serial: &[u8]) -> Vec<u8> {
    serial.iter().copied().skip_while(|byte| *byte == 0).collect()
}

impl IdentityFiles {
    /// The bytes of all of them, to be compared with what they were.
    pub(crate) fn read(&self) -> Result<Vec<Vec<u8>>, IdentityError> {
        let revoked = self.revoked.iter();
        let paths = [&self.certificate, &self.key, &self.authorities].into_iter().chain(revoked);
        paths.map(|path| std::fs::read(path).map_err(|source| unreadable(path, source))).collect()
    }

    pub(crate) fn load(&self) -> Result<Loaded, IdentityError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = Arc::new(self.roots()?);
        let lists = self.lists()?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .with_crls(lists.iter().cloned())
            .only_check_end_entity_revocation()
            .allow_unknown_revocation_status()
            .build()?;
        let own = CertifiedKey::from_der(self.chain()?, self.private()?, &provider)?;
        let algorithms = provider.signature_verification_algorithms;
        Ok(Loaded {
            server: Arc::new(self.server(&provider, Arc::clone(&verifier))?),
            client: Arc::new(self.client(&provider, &roots, &lists)?),
            signing: Arc::new(Signing { own: Arc::new(own), verifier, algorithms }),
            revoked: self.revoked(&lists)?,
        })
    }

    /// What is revoked, whatever the other files hold.
    pub(crate) fn revoked_now(&self) -> Result<Revoked, IdentityError> {
        self.revoked(&self.lists()?)
    }

    fn server(
        &self,
        provider: &Arc<CryptoProvider>,
        verifier: Arc<dyn ClientCertVerifier>,
    ) -> Result<ServerConfig, IdentityError> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.chain()?, self.private()?)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // A resumed session would not be asked for its certificate again.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    fn client(
        &self,
        provider: &Arc<CryptoProvider>,
        roots: &Arc<RootCertStore>,
        lists: &[CertificateRevocationListDer<'static>],
    ) -> Result<ClientConfig, IdentityError> {
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
            .with_crls(lists.iter().cloned())
            .only_check_end_entity_revocation()
            .allow_unknown_revocation_status()
            .build()?;
        let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_protocol_versions(&[&TLS13])?
            .with_webpki_verifier(verifier)
            .with_client_auth_cert(self.chain()?, self.private()?)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(config)
    }

    fn roots(&self) -> Result<RootCertStore, IdentityError> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(&self.authorities)? {
            roots.add(authority)?;
        }
        Ok(roots)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        let chain = certificates(&self.certificate)?;
        if let Some(own) = chain.first() {
            Holder::of(own).map_err(|error| content(&self.certificate, error.to_string()))?;
        }
        Ok(chain)
    }

    fn private(&self) -> Result<PrivateKeyDer<'static>, IdentityError> {
        PrivateKeyDer::from_pem_file(&self.key).map_err(|error| of_pem(&self.key, error))
    }

    fn lists(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, IdentityError> {
        let Some(path) = &self.revoked else { return Ok(Vec::new()) };
        let lists = CertificateRevocationListDer::pem_file_iter(path).map_err(|error| of_pem(path, error))?;
        lists.collect::<Result<_, _>>().map_err(|error| of_pem(path, error))
    }

    fn revoked(&self, lists: &[CertificateRevocationListDer<'static>]) -> Result<Revoked, IdentityError> {
        let path = self.revoked.as_deref().unwrap_or(Path::new(""));
        let mut revoked = Vec::new();
        for list in lists {
            let read = CertificateRevocationList::from_der(list).map_err(|error| content(path, error.to_string()))?;
            let (_, list) = read;
            let issuer = list.issuer().as_raw().to_vec();
            let serials = list.iter_revoked_certificates();
            revoked.extend(serials.map(|one| (issuer.clone(), number(one.raw_serial()))));
        }
        Ok(Revoked(revoked))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| of_pem(path, error))?;
    let certificates: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| of_pem(path, error))?;
    if certificates.is_empty() {
        return Err(content(path, "holds no certificate in PEM".to_owned()));
    }
    Ok(certificates)
}

fn of_pem(path: &Path, error: PemError) -> IdentityError {
    if let PemError::Io(source) = error { unreadable(path, source) } else { content(path, error.to_string()) }
}

fn unreadable(path: &Path, source: io::Error) -> IdentityError {
    IdentityError::Unreadable { path: path.to_owned(), source }
}

fn content(path: &Path, reason: String) -> IdentityError {
    IdentityError::Content { path: path.to_owned(), reason }
}
