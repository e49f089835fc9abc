//! Statements that one or two people of finance sign.
//!
//! Two people need not meet: the first prints a signature, the second brings it along.

use std::path::PathBuf;

use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use tessera_contract::signing::PublicKey;
use tessera_proto::admin::v1::PersonSignature;

use super::person::key_file::KeyFile;
use super::{Failure, print};

/// Who signs.
#[derive(Clone, Debug, Args)]
pub(crate) struct SignArgs {
    /// The key file of the person who does this.
    #[arg(long = "as", value_name = "KEYFILE")]
    key: PathBuf,
    /// Only print the signature of this person, for another one who goes on.
    #[arg(long)]
    sign_only: bool,
    /// The signature of another person who agrees, as `--sign-only` printed it.
    #[arg(long, value_name = "SIGNATURE")]
    agreed: Option<String>,
}

impl SignArgs {
    /// Signs a statement. None: the signature was printed, and another person goes on.
    ///
    /// # Errors
    /// The key file cannot be read, or the other signature is not over this statement.
    pub(crate) fn sign(&self, text: &str) -> Result<Option<Vec<PersonSignature>>, Failure> {
        let person = KeyFile::read(&self.key)?;
        let signature = person.key.sign(text).to_vec();
        if self.sign_only {
            print(&format!("{}={}\n", person.key.public(), HEXLOWER_PERMISSIVE.encode(&signature)));
            return Ok(None);
        }
        let mut signatures = vec![PersonSignature { public_key: person.key.public().as_bytes().to_vec(), signature }];
        if let Some(agreed) = &self.agreed {
            signatures.push(read_signature(agreed, text)?);
        }
        Ok(Some(signatures))
    }
}

/// A signature as it was printed, checked here: better than by the engine after half of it.
fn read_signature(printed: &str, text: &str) -> Result<PersonSignature, Failure> {
    let parts = printed.trim().split_once('=');
    let key = parts.and_then(|(key, _)| PublicKey::parse(key));
    let signature = parts.and_then(|(_, hex)| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok());
    let signature = signature.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let (Some(key), Some(signature)) = (key, signature) else { return Err("--agreed is no signature of --sign-only".into()) };
    if !key.has_signed(text, &signature) {
        return Err("--agreed is a signature over something else: every argument must be the same".into());
    }
    Ok(PersonSignature { public_key: key.as_bytes().to_vec(), signature: signature.to_vec() })
}
