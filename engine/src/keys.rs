//! The engine's secrets: one master key, from which every other key is derived (BLAKE3 `derive_key`).

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use data_encoding::BASE32_NOPAD;
use tessera_contract::signing::PrivateKey;
use tessera_ledger::code::CodeKey;
use tessera_rules::id::{ReceiptId, StoreId};

/// Letters of a claim code: 50 bits, more than can be tried.
const CLAIM_LETTERS: usize = 10;
/// Digits and capitals without those that look like another.
const CLAIM_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code that is printed on a receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClaimCode([u8; CLAIM_LETTERS]);

impl ClaimCode {
    /// Its letters alone.
    #[must_use]
    pub fn letters(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ClaimCode {
    /// As it is printed: two groups of five.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.letters().split_at_checked(CLAIM_LETTERS / 2).unwrap_or_default();
        write!(f, "{first}-{second}")
    }
}

/// Keys derived from a master key; `Debug` shows none of them (H81).
#[derive(Clone)]
pub struct Keys {
    token: [u8; 32],
    directory: [u8; 32],
    draws: [u8; 32],
    wrapping: [u8; 32],
    codes: CodeKey,
    claims: [u8; 32],
    packs: PrivateKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

impl Keys {
    /// All keys of a master key. Engines of one storage must share it.
    #[must_use]
    pub fn from_master(master: &[u8; 32]) -> Self {
        Self {
            token: blake3::derive_key("tessera 2026 quote token", master),
            directory: blake3::derive_key("tessera 2026 customer directory", master),
            draws: blake3::derive_key("tessera 2026 draws at the till", master),
            wrapping: blake3::derive_key("tessera 2026 wrapping of customer keys", master),
            codes: CodeKey::new(blake3::derive_key("tessera 2026 codes of coupons", master)),
            claims: blake3::derive_key("tessera 2026 claim codes", master),
            packs: PrivateKey::from_seed(&blake3::derive_key("tessera 2026 rule packs", master)),
        }
    }

    /// The keys of every storage made for replay: constant, so that two replays of one file agree in
    /// every byte. They protect nothing.
    #[must_use]
    pub fn for_replay() -> Self {
        Self::from_master(&[0x52; 32])
    }

    /// Reads the master key from `file`, or makes one there, readable by its owner alone.
    ///
    /// # Errors
    /// The file cannot be read or made, or is not 32 bytes long.
    pub fn load_or_create(file: &Path) -> io::Result<Self> {
        match Self::load(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut master = [0_u8; 32];
                getrandom::fill(&mut master).map_err(io::Error::other)?;
                write_private(file, &master)?;
                Ok(Self::from_master(&master))
            }
            loaded @ (Ok(_) | Err(_)) => loaded,
        }
    }

    /// Reads the master key from `file`.
    ///
    /// # Errors
    /// The file cannot be read, or is not 32 bytes long.
    pub fn load(file: &Path) -> io::Result<Self> {
        let master = <[u8; 32]>::try_from(fs::read(file)?.as_slice())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the key file must have 32 bytes"))?;
        Ok(Self::from_master(&master))
    }

    /// The key that seals quote tokens.
    #[must_use]
    pub fn token(&self) -> [u8; 32] {
        self.token
    }

    /// The key that wraps the customers' own keys.
    #[must_use]
    pub fn wrapping(&self) -> [u8; 32] {
        self.wrapping
    }

    /// What signs rule packs; gateways know its public half.
    #[must_use]
    pub fn packs(&self) -> &PrivateKey {
        &self.packs
    }

    /// What makes the codes of coupons.
    #[must_use]
    pub fn codes(&self) -> &CodeKey {
        &self.codes
    }

    /// The code with which a sale of a store can be claimed: a keyed hash of the receipt id, under a key of the store,
    /// so that a gateway can be given those of its own stores.
    #[must_use]
    pub fn claim_code(&self, store: &StoreId, receipt: &ReceiptId) -> ClaimCode {
        let of_store = blake3::keyed_hash(&self.claims, store.as_str().as_bytes());
        let hash = blake3::keyed_hash(of_store.as_bytes(), receipt.as_str().as_bytes());
        let mut letters = [0_u8; CLAIM_LETTERS];
        for (letter, byte) in letters.iter_mut().zip(hash.as_bytes()) {
            *letter = CLAIM_ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0');
        }
        ClaimCode(letters)
    }

    /// What the chances of a receipt are decided by: nobody without the key can tell it beforehand.
    #[must_use]
    pub fn draw(&self, receipt: &ReceiptId) -> [u8; 32] {
        *blake3::keyed_hash(&self.draws, receipt.as_str().as_bytes()).as_bytes()
    }

    /// The name under which an identity stands in the directory: a keyed hash, so that the directory
    /// tells no card or phone number.
    #[must_use]
    pub fn directory_name(&self, kind: &str, value: &str) -> [u8; 20] {
        let mut hasher = blake3::Hasher::new_keyed(&self.directory);
        hasher.update(kind.as_bytes());
        hasher.update(&[0]);
        hasher.update(value.as_bytes());
        let mut name = [0_u8; 20];
        hasher.finalize_xof().fill(&mut name);
        name
    }
}

/// A directory name as letters, for ids that are derived from it.
#[must_use]
pub fn letters(name: &[u8; 20]) -> String {
    BASE32_NOPAD.encode(name).to_ascii_lowercase()
}

fn write_private(file: &Path, master: &[u8; 32]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o400);
    let mut handle = options.open(file)?;
    handle.write_all(master)?;
    handle.sync_all()?;
    if let Some(folder) = file.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h81_keys_do_not_show_themselves() {
        assert_eq!(format!("{:?}", Keys::for_replay()), "Keys(***)");
    }

    #[test]
    fn a_key_file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        let first = Keys::load_or_create(&file).unwrap();
        let again = Keys::load_or_create(&file).unwrap();
        assert_eq!(first.token(), again.token());
        assert_ne!(first.token(), first.wrapping());
        assert_ne!(first.directory_name("card", "1"), first.directory_name("phone", "1"));
        fs::write(folder.path().join("short"), [1, 2, 3]).unwrap();
        assert!(Keys::load_or_create(&folder.path().join("short")).is_err());
    }
}
