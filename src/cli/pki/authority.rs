//! An authority in a folder: its key, its register of what it gave, and the list of what it took back.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use serde::{Deserialize, Serialize};
use tessera_identity::Grant;

use super::address;

/// The authority's certificate, for everybody.
pub(super) const CERTIFICATE: &str = "authority.crt";
/// Its key, for nobody else.
const KEY: &str = "authority.key";
/// What it has taken back, for all that serve.
pub(super) const REVOKED: &str = "revoked.pem";
/// What it has given.
const REGISTER: &str = "issued.toml";
/// Clocks of tills are behind by so much at most.
const BEHIND: Duration = Duration::from_secs(3_600);
/// How long a list counts as fresh; it is made anew with each revocation.
const LIST_DAYS: u32 = 3_650;

/// An authority.
#[derive(Debug)]
pub(super) struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    register: Register,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Register {
    /// How many lists of revoked ones were made.
    lists: u64,
    #[serde(default)]
    issued: Vec<Issued>,
}

/// A certificate that was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Issued {
    /// Its number, hexadecimal.
    pub(super) serial: String,
    pub(super) name: String,
    pub(super) grants: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) until: Timestamp,
    /// Since when it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked: Option<Timestamp>,
}

/// A certificate to be given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'w> {
    pub(super) name: &'w str,
    pub(super) grants: &'w [Grant],
    pub(super) hosts: &'w [String],
    pub(super) days: u32,
}

/// An authority cannot do that.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuthorityError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Register { path: PathBuf, source: toml::de::Error },
    #[error("the register cannot be written: {0}")]
    Unwritable(#[from] toml::ser::Error),
    #[error("certificates: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    #[error("`{name}` is no name of a certificate: letters, digits, - and _ (it becomes a file's name)")]
    Name { name: String },
    #[error("nothing was given under the name or serial number `{what}`: `tessera pki list` shows what was")]
    Unknown { what: String },
    #[error("that is beyond the calendar")]
    Time(#[from] jiff::Error),
}

impl Authority {
    /// Makes one in a new folder.
    pub(super) fn init(folder: &Path, name: &str, days: u32, now: Timestamp) -> Result<Self, AuthorityError> {
        fs::create_dir(folder).map_err(|source| file(folder, source))?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        let serial = serial()?;
        // Two authorities of one name would be taken for each other where lists of revoked ones are looked up.
        let mark = data_encoding::HEXLOWER.encode(serial.get(..4).unwrap_or_default());
        params.distinguished_name.push(DnType::CommonName, format!("{name} {mark}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        (params.not_before, params.not_after) =
            (date_time_ymd(1970, 1, 1) + since(now) - BEHIND, date_time_ymd(1970, 1, 1) + since(now) + span(days));
        let certificate = params.self_signed(&key)?;
        write_new(&folder.join(CERTIFICATE), certificate.pem().as_bytes(), 0o644)?;
        write_new(&folder.join(KEY), key.serialize_pem().as_bytes(), 0o600)?;
        let register = Register::default();
        let mut made = Self { folder: folder.to_owned(), issuer: Issuer::new(params, key), register };
        made.tell(now)?;
        Ok(made)
    }

    /// Opens one.
    pub(super) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| file(&path, source))
        };
        let key = KeyPair::from_pem(&read(KEY)?)?;
        let issuer = Issuer::from_ca_cert_pem(&read(CERTIFICATE)?, key)?;
        let path = folder.join(REGISTER);
        let register = toml::from_str(&read(REGISTER)?).map_err(|source| AuthorityError::Register { path, source })?;
        Ok(Self { folder: folder.to_owned(), issuer, register })
    }

    /// What was given, in order.
    pub(super) fn issued(&self) -> &[Issued] {
        &self.register.issued
    }

    /// Gives a certificate under a new key. One of that name is renewed: its files are written over.
    pub(super) fn issue(&mut self, wanted: &Wanted<'_>, now: Timestamp) -> Result<Issued, AuthorityError> {
        let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        if wanted.name.is_empty() || !wanted.name.chars().all(is_name) || wanted.name == "authority" {
            return Err(AuthorityError::Name { name: wanted.name.to_owned() });
        }
        let (serial, key) = (serial()?, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?);
        let grants: Vec<String> = wanted.grants.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, wanted.name);
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) =
            (date_time_ymd(1970, 1, 1) + since(now) - BEHIND, date_time_ymd(1970, 1, 1) + since(now) + span(wanted.days));
        for grant in &grants {
            params.subject_alt_names.push(SanType::URI(grant.as_str().try_into()?));
        }
        for host in wanted.hosts {
            params.subject_alt_names.push(match address(host) {
                Some(address) => SanType::IpAddress(address),
                None => SanType::DnsName(host.as_str().try_into()?),
            });
        }
        let certificate = params.signed_by(&key, &self.issuer)?;
        let issued = Issued {
            serial: data_encoding::HEXLOWER.encode(&serial),
            name: wanted.name.to_owned(),
            grants,
            hosts: wanted.hosts.to_vec(),
            until: now.checked_add(SignedDuration::from_hours(i64::from(wanted.days).saturating_mul(24)))?,
            revoked: None,
        };
        // Known before it is given: what is not in the register cannot be taken back.
        self.register.issued.push(issued.clone());
        self.keep()?;
        replace(&self.folder.join(format!("{}.key", wanted.name)), key.serialize_pem().as_bytes(), 0o600)?;
        replace(&self.folder.join(format!("{}.crt", wanted.name)), certificate.pem().as_bytes(), 0o644)?;
        Ok(issued)
    }

    /// Takes back what was given under a name, or under a serial number; how many.
    pub(super) fn revoke(&mut self, what: &str, now: Timestamp) -> Result<usize, AuthorityError> {
        let known = |one: &&mut Issued| one.name == what || one.serial == what;
        let mut found = 0_usize;
        for one in self.register.issued.iter_mut().filter(known) {
            one.revoked.get_or_insert(now);
            found = found.saturating_add(1);
        }
        if found == 0 {
            return Err(AuthorityError::Unknown { what: what.to_owned() });
        }
        self.tell(now)?;
        Ok(found)
    }

    /// Writes the register, and the list of what is taken back (RFC 5280, section 5).
    fn tell(&mut self, now: Timestamp) -> Result<(), AuthorityError> {
        self.register.lists = self.register.lists.saturating_add(1);
        self.keep()?;
        let revoked = |one: &Issued| {
            let serial = data_encoding::HEXLOWER.decode(one.serial.as_bytes()).ok()?;
            Some(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&serial),
                revocation_time: date_time_ymd(1970, 1, 1) + since(one.revoked?),
                reason_code: None,
                invalidity_date: None,
            })
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(1970, 1, 1) + since(now) - BEHIND,
            next_update: date_time_ymd(1970, 1, 1) + since(now) + span(LIST_DAYS),
            crl_number: SerialNumber::from(self.register.lists),
            issuing_distribution_point: None,
            revoked_certs: self.register.issued.iter().filter_map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer)?;
        replace(&self.folder.join(REVOKED), list.pem()?.as_bytes(), 0o644)
    }

    fn keep(&self) -> Result<(), AuthorityError> {
        replace(&self.folder.join(REGISTER), toml::to_string_pretty(&self.register)?.as_bytes(), 0o600)
    }
}

/// 128 random bits, positive and never zero (RFC 5280, section 4.1.2.2).
fn serial() -> Result<[u8; 16], getrandom::Error> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}

fn span(days: u32) -> Duration {
    Duration::from_secs(u64::from(days).saturating_mul(86_400))
}

/// How long after the beginning of 1970, in whole seconds, as certificates have it.
fn since(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AuthorityError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written = options.open(path).and_then(|mut made| made.write_all(bytes).and_then(|()| made.sync_all()));
    written.map_err(|source| file(path, source))
}

/// Whole or not at all, so that whoever reads meanwhile reads no half.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AuthorityError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match fs::remove_file(&beside) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(file(&beside, source)),
        Ok(()) | Err(_) => {}
    }
    write_new(&beside, bytes, mode)?;
    fs::rename(&beside, path).map_err(|source| file(path, source))
}

fn file(path: &Path, source: io::Error) -> AuthorityError {
    AuthorityError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_in_the_register_and_what_was_taken_back_in_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("authority");
        let now = Timestamp::now();
        Authority::init(&folder, "Shops", 30, now).unwrap();
        assert!(Authority::init(&folder, "Shops", 30, now).is_err(), "no authority is written over");
        let grants = [Grant::Till { store: "S/1".to_owned(), till: "T1".to_owned() }];
        let hosts = ["till.example".to_owned(), "127.0.0.1".to_owned()];
        let wanted = |name| Wanted { name, grants: &grants, hosts: &hosts, days: 7 };
        let issued = Authority::open(&folder).unwrap().issue(&wanted("till-1"), now).unwrap();
        let again = Authority::open(&folder).unwrap().issue(&wanted("till-1"), now).unwrap();
        assert_ne!(issued.serial, again.serial);
        assert_eq!(issued.grants, ["tessera://till/S%2F1/T1"]);
        for name in ["", "authority", "../x", "a b"] {
            assert!(matches!(Authority::open(&folder).unwrap().issue(&wanted(name), now), Err(AuthorityError::Name { .. })));
        }
        let mut authority = Authority::open(&folder).unwrap();
        assert!(matches!(authority.revoke("nobody", now), Err(AuthorityError::Unknown { .. })));
        assert_eq!(authority.revoke(&issued.serial, now).unwrap(), 1);
        assert_eq!(authority.revoke("till-1", now).unwrap(), 2);
        assert_eq!(Authority::open(&folder).unwrap().register, authority.register, "it is read as it was written");
        assert!(authority.issued().iter().all(|one| one.revoked.is_some()));
    }

    #[cfg(unix)]
    #[test]
    fn p12_keys_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("authority");
        Authority::init(&folder, "Shops", 30, Timestamp::now()).unwrap();
        let wanted = Wanted { name: "engine", grants: &[Grant::Engine], hosts: &[], days: 7 };
        Authority::open(&folder).unwrap().issue(&wanted, Timestamp::now()).unwrap();
        for name in ["authority.key", "engine.key"] {
            assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}
