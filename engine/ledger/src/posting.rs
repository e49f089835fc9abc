//! Postings: the double entry between lots and books.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::id::{AssetId, CampaignId, ProgramId, RewardId};
use tessera_rules::money::Units;

use crate::lot::LotId;

/// One side of an entry. The postings of an outcome sum to zero per asset (P5).
///
/// Money that never becomes an asset (a discount now, an unexplained price change) is posted in the
/// asset `money:` and the currency code, in minor units, between books alone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Posting {
    /// The asset.
    pub asset: AssetId,
    /// Above zero: the place has more of it.
    pub units: Units,
    /// Where.
    pub place: PostingPlace,
    /// The program, where one is concerned.
    pub program: Option<ProgramId>,
    /// The campaign, where one is concerned.
    pub campaign: Option<CampaignId>,
    /// The reward or redemption that it belongs to, where one is concerned: so that each debit names its lots.
    pub of: Option<RewardId>,
    /// Why.
    pub reason: PostingReason,
    /// For a lot that this posting opens or renews: until when it can be used; for a lot that it takes from, the same,
    /// so that a return can give it back with its expiry.
    pub expires_at: Option<Timestamp>,
    /// For a lot that this posting opens: from when it can be used.
    pub vests_at: Option<Timestamp>,
}

/// A lot of the account or a book of the program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PostingPlace {
    /// A lot.
    Lot(LotId),
    /// A book.
    Book(Book),
}

/// The ledger accounts of the program itself.
///
/// INVARIANT: closed days hold these by their place here: a new one goes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Book {
    /// What was given to customers: falls with each reward.
    Issued,
    /// What customers used: grows with each use.
    Redeemed,
    /// What lapsed unused.
    Expired,
    /// What was taken back with goods.
    Returned,
    /// Shares of budgets.
    Budget,
    /// What went to another account, until it has arrived there.
    Transfer,
    /// Price changes at a till that nothing explains.
    Unexplained,
}

/// Why something was posted.
///
/// INVARIANT: closed days hold these by their place here: a new one goes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum PostingReason {
    /// A reward was given.
    Issue,
    /// An asset was used up.
    Redeem,
    /// It lapsed.
    Expire,
    /// A reward was taken back with returned goods.
    Clawback,
    /// A use was given back with returned goods.
    Restore,
    /// Earnings paid a debt.
    PayDebt,
    /// Two lots became one.
    Consolidate,
    /// A sale lengthened the life of a lot: out of it and into it, with its new expiry.
    Renew,
    /// A till changed a price and no campaign explains it.
    Unexplained,
    /// A lot became usable: out of it and into it.
    Vest,
    /// People corrected something.
    Adjust,
    /// It went to another account, or came from one.
    Transfer,
}

/// Whether the postings sum to zero for each asset.
#[must_use]
pub fn is_balanced(postings: &[Posting]) -> bool {
    let mut sums: Vec<(&AssetId, i128)> = Vec::new();
    for posting in postings {
        let units = i128::from(posting.units.units());
        match sums.iter_mut().find(|(asset, _)| *asset == &posting.asset) {
            Some((_, sum)) => *sum = sum.saturating_add(units),
            None => sums.push((&posting.asset, units)),
        }
    }
    sums.iter().all(|(_, sum)| *sum == 0)
}
