//! One account beside what the feed left of it.

use tessera_ledger::account::Account;
use tessera_ledger::lot::LotId;

use super::shard::LotLeft;

/// A lot's name in its account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct LotKey<'a> {
    pub(super) asset: &'a str,
    pub(super) lot: &'a LotId,
}

/// What differs: lots that the feed does not have, or with something else left or another end, and how many it has more.
pub(super) fn differences(
    account: Option<&Account>,
    lots_in_feed: usize,
    in_feed: impl Fn(&LotKey<'_>) -> Option<LotLeft>,
) -> Vec<String> {
    let lots = account.map_or(&[][..], |account| account.lots.as_slice());
    let mut found = Vec::new();
    let mut matched = 0_usize;
    for lot in lots {
        let Some(known) = in_feed(&LotKey { asset: lot.asset.as_str(), lot: &lot.id }) else {
            found.push(format!("lot {} of {} with {} left is in no posting", lot.id, lot.asset, lot.left.units()));
            continue;
        };
        matched = matched.saturating_add(1);
        if known.left != lot.left {
            let (stored, posted) = (lot.left.units(), known.left.units());
            found.push(format!("lot {} of {} has {stored} left, its postings leave {posted}", lot.id, lot.asset));
        }
        if known.expires_at != lot.expires_at {
            found.push(format!("lot {} of {} ends at another time than its postings say", lot.id, lot.asset));
        }
    }
    let more = lots_in_feed.saturating_sub(matched);
    if more > 0 {
        found.push(format!("postings leave {more} more lots than the account has"));
    }
    found
}
