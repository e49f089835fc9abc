//! A person's key file: it is theirs alone, and says so.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tessera_contract::signing::{PrivateKey, PublicKey};
use tessera_engine::programs::people::{People, PeopleFault, Person, Role};

/// What a key file holds.
#[derive(Clone, Debug)]
pub(crate) struct KeyFile {
    /// Whose it is.
    pub(crate) name: String,
    /// With it they sign.
    pub(crate) key: PrivateKey,
}

/// A key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// It cannot be read.
    #[error("the key file {} cannot be read", file.display())]
    Read { file: PathBuf, source: io::Error },
    /// It cannot be made.
    #[error("the key file {} cannot be made{}", file.display(), if source.kind() == io::ErrorKind::AlreadyExists { ": it is there, and no key is overwritten; name another with --out" } else { "" })]
    Write { file: PathBuf, source: io::Error },
    /// Others could sign in this person's name.
    #[error("others can read {}: it is the key of one person; run `chmod 600 {}`", file.display(), file.display())]
    Open { file: PathBuf },
    /// It holds no key.
    #[error("{} is no key file as `tessera person new` makes it: {why}", file.display())]
    Form { file: PathBuf, why: &'static str },
}

impl KeyFile {
    /// Reads a person's file.
    ///
    /// # Errors
    /// Others can read it, or it holds no key.
    pub(crate) fn read(file: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Read { file: file.to_owned(), source };
        if open_to_others(file).map_err(failed)? {
            return Err(KeyFileError::Open { file: file.to_owned() });
        }
        let text = fs::read_to_string(file).map_err(failed)?;
        let form = |why| KeyFileError::Form { file: file.to_owned(), why };
        // Its error would print the line at fault, which may be the key.
        let table: toml::Table = text.parse().map_err(|_| form("it is no TOML"))?;
        let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
        let name = text("name").ok_or_else(|| form("it has no name"))?;
        let key = text("private").and_then(PrivateKey::parse).ok_or_else(|| form("it has no private key"))?;
        if text("public").and_then(PublicKey::parse) != Some(key.public()) {
            return Err(form("its public key is not that of its private key"));
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// Writes it where nothing is, readable by its owner alone.
    ///
    /// # Errors
    /// Something is there, or it cannot be written.
    pub(super) fn write(&self, file: &Path) -> Result<(), KeyFileError> {
        let failed = |source| KeyFileError::Write { file: file.to_owned(), source };
        let name = toml::Value::from(self.name.as_str());
        let text = format!(
            "# A private key for Tessera: whoever has this file signs in this person's name. Never send it.\n\
             name = {name}\npublic = \"{}\"\nprivate = \"{}\"\n",
            self.key.public(),
            self.key.reveal()
        );
        let mut made = create(file).map_err(failed)?;
        made.write_all(text.as_bytes()).and_then(|()| made.sync_all()).map_err(failed)
    }
}

fn create(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

#[cfg(unix)]
fn open_to_others(file: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(file)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(file: &Path) -> io::Result<bool> {
    fs::metadata(file).map(|_| false)
}

/// What the engine's configuration says of a person.
///
/// # Errors
/// The name cannot stand there.
pub(super) fn lines_for(name: &str, key: &PublicKey, roles: &[Role]) -> Result<String, PeopleFault> {
    People::new(vec![Person { name: name.to_owned(), key: *key, roles: roles.to_vec() }])?;
    let roles: Vec<String> = roles.iter().map(|role| format!("\"{}\"", role.name())).collect();
    Ok(format!("[[people]]\nname = {}\nkey = \"{key}\"\nroles = [{}]\n", toml::Value::from(name), roles.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_as_it_is_written_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("anna.key");
        let made = KeyFile { name: "Anna \"the\" Berg".to_owned(), key: PrivateKey::from_seed(&[3; 32]) };
        made.write(&file).unwrap();
        let read = KeyFile::read(&file).unwrap();
        assert_eq!((read.name, read.key.public()), (made.name.clone(), made.key.public()));
        assert!(made.write(&file).unwrap_err().to_string().contains("no key is overwritten"));
    }

    #[cfg(unix)]
    #[test]
    fn p12_a_key_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("anna.key");
        KeyFile { name: "Anna".to_owned(), key: PrivateKey::from_seed(&[3; 32]) }.write(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(KeyFile::read(&file).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn p11_what_is_no_key_file_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let secret = PrivateKey::from_seed(&[3; 32]).reveal();
        let other = PrivateKey::from_seed(&[4; 32]).public();
        let table = [
            (format!("{secret} ="), "no TOML"),
            (format!("private = \"{secret}\""), "no name"),
            ("name = \"Anna\"\nprivate = \"x\"".to_owned(), "no private key"),
            (format!("name = \"Anna\"\npublic = \"{other}\"\nprivate = \"{secret}\""), "not that of its private key"),
        ];
        for (place, (text, expected)) in table.iter().enumerate() {
            let file = folder.path().join(format!("{place}.key"));
            create(&file).unwrap().write_all(text.as_bytes()).unwrap();
            let fault = KeyFile::read(&file).unwrap_err().to_string();
            assert!(fault.contains(expected) && !fault.contains(&secret), "{fault}");
        }
    }

    #[test]
    fn the_lines_for_the_configuration_are_read_back_as_the_person() {
        let key = PrivateKey::from_seed(&[3; 32]).public();
        let lines = lines_for("Anna", &key, &[Role::Marketer, Role::Approver]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tessera.toml");
        fs::write(&file, lines).unwrap();
        let config = crate::config::Config::read(Some(&file), std::iter::empty()).unwrap();
        assert_eq!(config.people.find(&key).unwrap().roles, [Role::Marketer, Role::Approver]);
    }
}
