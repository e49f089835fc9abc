//! What revisions say of assets: to whom they belong, their digits and their worth, so that units can be shown in money.

use serde::{Deserialize, Serialize};
use tessera_rules::revision::Revision;
use tessera_storage::{CommitError, Row, Storage, Version};

use super::{MirrorError, commit, decode, encode, layout};

/// An asset as a revision describes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AssetTold {
    /// The asset.
    pub asset: String,
    /// Its program.
    pub program: String,
    /// Digits after the point.
    pub digits: u32,
    /// The currency of its worth.
    pub currency: String,
    /// Digits of that currency.
    pub currency_digits: u32,
    /// Minor units that one smallest unit is worth, as numerator and denominator; none: it has no price.
    pub worth: Option<(i64, i64)>,
}

/// The assets of a revision, by id.
#[must_use]
pub fn of_revision(revision: &Revision) -> Vec<AssetTold> {
    let assets = revision.assets().iter().map(|asset| AssetTold {
        asset: asset.id.as_str().to_owned(),
        program: asset.program.as_str().to_owned(),
        digits: u32::from(asset.scale),
        currency: asset.currency.code().to_owned(),
        currency_digits: asset.currency.minor_digits(),
        worth: asset.worth.map(|worth| (worth.numerator(), worth.denominator())),
    });
    let mut assets: Vec<AssetTold> = assets.collect();
    assets.sort_by(|a, b| a.asset.cmp(&b.asset));
    assets
}

/// Keeps what a revision says. Its number keeps its content for ever, so keeping it again changes nothing.
pub(super) async fn keep(storage: &dyn Storage, revision: u64, assets: &[AssetTold]) -> Result<(), MirrorError> {
    let partition = layout::revisions();
    loop {
        let version = storage.head(&partition).await?.map_or(Version::NONE, |head| head.version);
        let row = Row { key: layout::assets_row(revision), value: encode(&assets) };
        match storage.commit(commit(partition.clone(), version, bytes::Bytes::new(), vec![row])).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a revision says of assets; none: it was not kept.
pub(super) async fn read(storage: &dyn Storage, revision: u64) -> Result<Option<Vec<AssetTold>>, MirrorError> {
    let row = storage.row(&layout::revisions(), &layout::assets_row(revision)).await?;
    row.map(|value| decode("the assets of a revision", &value)).transpose()
}
