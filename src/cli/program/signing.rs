//! What commands that change programs share: where the engine's history stands, and signing for it.

use std::path::PathBuf;

use blake3::Hash;
use clap::Args;
use tessera_engine::programs::statement::Statement;
use tessera_proto::admin::v1::{
    GetRevisionRequest, ListRevisionsRequest, ListRevisionsResponse, PersonSignature, ProgramSource, Revision,
};
use tessera_rules::revision::{Revision as Compiled, Source};

use crate::cli::Failure;
use crate::cli::admin::{Admin, refused};
use crate::cli::person::key_file::KeyFile;

/// Who does it.
#[derive(Clone, Debug, Args)]
pub(super) struct Signer {
    /// The key file of the person who does this, as `tessera person new` made it. None: unsigned, where the engine
    /// has no people configured.
    #[arg(long = "as", value_name = "KEYFILE")]
    key: Option<PathBuf>,
}

impl Signer {
    /// The person's key.
    pub(super) fn read(&self) -> Result<Option<KeyFile>, Failure> {
        self.key.as_ref().map(|file| KeyFile::read(file).map_err(Failure::from)).transpose()
    }
}

/// A person's signature over a statement.
pub(super) fn sign(person: &KeyFile, statement: &Statement<'_>) -> PersonSignature {
    PersonSignature {
        public_key: person.key.public().as_bytes().to_vec(),
        signature: person.key.sign(&statement.text()).to_vec(),
    }
}

/// Where the engine's history stands: the newest revision and what comes next.
pub(super) async fn standing(engine: &mut Admin) -> Result<ListRevisionsResponse, Failure> {
    let request = ListRevisionsRequest { before: 0, limit: 1 };
    Ok(engine.list_revisions(request).await.map_err(refused)?.into_inner())
}

/// A revision as the engine told it, checked here.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Its place in the engine's history.
    pub(super) told: Revision,
    pub(super) sources: Vec<Source>,
    pub(super) compiled: Compiled,
}

impl Fetched {
    /// The hash of its sources, computed here: what is signed is what was seen.
    pub(super) fn content(&self) -> Hash {
        Hash::from_bytes(self.compiled.hash())
    }
}

/// A revision of a running engine; number 0: the one in force.
///
/// # Errors
/// There is none of this number, or its sources are not those that its hash stands for.
pub(super) async fn fetched(engine: &mut Admin, number: u64) -> Result<Fetched, Failure> {
    let request = GetRevisionRequest { revision: number };
    let answer = engine.get_revision(request).await.map_err(refused)?.into_inner();
    let told = answer.revision.unwrap_or_default();
    let sources: Vec<Source> = answer.sources.into_iter().map(|source| Source { name: source.name, text: source.text }).collect();
    let compiled = Compiled::compile(told.number, jiff::Timestamp::UNIX_EPOCH, &sources)?.revision;
    let fetched = Fetched { told, sources, compiled };
    if fetched.told.content_hash != fetched.content().as_bytes() {
        let number = fetched.told.number;
        return Err(format!("the engine's sources of revision {number} do not have the hash that it tells").into());
    }
    Ok(fetched)
}

/// A hash from the wire.
pub(super) fn hash(bytes: &[u8]) -> Result<Hash, Failure> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| "the engine told a hash that is none")?;
    Ok(Hash::from_bytes(bytes))
}

/// Sources as they are sent.
pub(super) fn to_wire(sources: Vec<Source>) -> Vec<ProgramSource> {
    sources.into_iter().map(|source| ProgramSource { name: source.name, text: source.text }).collect()
}
