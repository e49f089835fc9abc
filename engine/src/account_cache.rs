//! Accounts in memory: what quotes read without asking the storage.
//!
//! INVARIANT: an account is put here only after its commit was acknowledged, and an older version never
//! replaces a newer one. Nothing is decided on it that a commit would not check again by its version.

use std::sync::Arc;

use tessera_ledger::account::Account;
use tessera_rules::id::AccountId;
use tessera_storage::Version;

use crate::recent::Recent;

/// An account and the version it was read at.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The version of its partition.
    pub version: Version,
    /// The account; none where it was never committed.
    pub account: Option<Arc<Account>>,
}

/// The cache, bounded by the number of accounts.
#[derive(Debug)]
pub(crate) struct AccountCache {
    accounts: Recent<AccountId, Known>,
}

impl AccountCache {
    /// Room for so many accounts.
    #[must_use]
    pub(crate) fn new(accounts_max: u64) -> Self {
        Self { accounts: Recent::new(accounts_max) }
    }

    /// The account as last seen.
    pub(crate) fn get(&self, id: &AccountId) -> Option<Known> {
        self.accounts.get(id)
    }

    /// Remembers an account, unless a newer version is here already.
    pub(crate) fn put(&self, id: &AccountId, known: Known) {
        let version = known.version;
        self.accounts.put(id, known, |present| present.version > version);
    }

    /// Forgets an account, so that the next read asks the storage.
    pub(crate) fn forget(&self, id: &AccountId) {
        self.accounts.forget(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_version_never_replaces_a_newer_one() {
        let cache = AccountCache::new(10);
        let id = AccountId::parse("a").unwrap();
        cache.put(&id, Known { version: Version(2), account: None });
        cache.put(&id, Known { version: Version(1), account: None });
        assert_eq!(cache.get(&id).unwrap().version, Version(2));
        cache.put(&id, Known { version: Version(3), account: None });
        assert_eq!(cache.get(&id).unwrap().version, Version(3));
        cache.forget(&id);
        assert!(cache.get(&id).is_none());
    }
}
