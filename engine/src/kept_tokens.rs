//! What this engine sealed into quote tokens and was not settled yet, so that the settle need not open its token.
//!
//! Only a shorter way: who is not found here is opened, after a restart, by another engine, or when there was no
//! room. What is given out is what opening would give, and only to whoever brings the very same bytes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use constant_time_eq::constant_time_eq;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tessera_contract::token::TokenBody;
use tessera_rules::id::ReceiptId;

/// Tokens by receipt; a receipt's last one alone.
pub(crate) struct KeptTokens {
    kept: Cache<ReceiptId, Arc<Kept>>,
}

struct Kept {
    token: Box<[u8]>,
    body: Arc<TokenBody>,
}

impl fmt::Debug for KeptTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptTokens").finish_non_exhaustive()
    }
}

impl KeptTokens {
    /// Room for about so many bytes; each for so long at most. The oldest go first.
    pub(crate) fn new(bytes_max: u64, keep: Duration) -> Self {
        let kept = Cache::builder()
            .max_capacity(bytes_max)
            .weigher(|_, kept: &Arc<Kept>| kept.memory_bytes())
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(keep)
            .build();
        Self { kept }
    }

    /// Keeps what a token that was just sealed opens to.
    pub(crate) fn keep(&self, token: &[u8], body: TokenBody) {
        let kept = Kept { token: token.into(), body: Arc::new(body) };
        self.kept.insert(kept.body.head.receipt.clone(), Arc::new(kept));
    }

    /// What the receipt's token opens to, where it is this one to the last byte. It is forgotten: a receipt is settled
    /// or voided once, and who repeats that has the token opened.
    pub(crate) fn take(&self, receipt: &ReceiptId, token: &[u8]) -> Option<Arc<TokenBody>> {
        let kept = self.kept.remove(receipt)?;
        // How much of a token somebody guessed right is not told by how long the answer takes.
        constant_time_eq(&kept.token, token).then(|| Arc::clone(&kept.body))
    }

    /// Whether anything is kept of a receipt.
    #[cfg(test)]
    pub(crate) fn holds(&self, receipt: &ReceiptId) -> bool {
        self.kept.run_pending_tasks();
        self.kept.contains_key(receipt)
    }
}

impl Kept {
    fn memory_bytes(&self) -> u32 {
        u32::try_from(self.body.memory_bytes().saturating_add(self.token.len())).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tessera_contract::canonical::BasketHash;
    use tessera_contract::token::{Promised, TokenHead};

    use super::*;

    fn body(receipt: &str) -> TokenBody {
        let head = TokenHead {
            receipt: ReceiptId::parse(receipt).unwrap(),
            basket_hash: BasketHash([0; 32]),
            revision: None,
            catalogue: 0,
            quoted_at: Timestamp::UNIX_EPOCH,
            steps_max: 0,
            quote_no: 1,
            customer: None,
            account: None,
            held_until: None,
            choices: Vec::new(),
        };
        TokenBody { head, promised: Promised::Hash([0; 32]) }
    }

    #[test]
    fn h15_a_kept_token_is_found_by_its_very_bytes_alone_and_once() {
        let receipt = ReceiptId::parse("R").unwrap();
        let token = b"a token of some bytes";
        for (number, brought) in [
            &token[..],
            b"a token of some byteS",
            b"A token of some bytes",
            b"a token of some byte",
            b"a token of some bytes.",
            b"",
        ]
        .into_iter()
        .enumerate()
        {
            let kept = KeptTokens::new(1 << 20, Duration::from_secs(60));
            kept.keep(token, body("R"));
            assert!(kept.take(&ReceiptId::parse("S").unwrap(), token).is_none(), "another receipt has none");
            assert_eq!(kept.take(&receipt, brought).is_some(), number == 0, "{brought:?}");
            assert!(kept.take(&receipt, token).is_none(), "it was given out");
        }
    }

    #[test]
    fn a_receipts_last_token_is_kept_and_no_more_than_there_is_room_for() {
        let kept = KeptTokens::new(50_000, Duration::from_secs(60));
        for number in 0..1_000 {
            kept.keep(b"first", body(&format!("R{number}")));
            kept.keep(b"second", body(&format!("R{number}")));
        }
        kept.kept.run_pending_tasks();
        let (entries, bytes) = (kept.kept.entry_count(), kept.kept.weighted_size());
        assert!((10..1_000).contains(&entries) && bytes <= 50_000, "{entries} of {bytes} bytes");
        let newest = ReceiptId::parse("R999").unwrap();
        assert!(kept.take(&newest, b"second").is_some(), "what is oldest goes first, and the last token is the one");
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let kept = KeptTokens::new(0, Duration::from_secs(60));
        kept.keep(b"token", body("R"));
        kept.kept.run_pending_tasks();
        assert!(kept.take(&ReceiptId::parse("R").unwrap(), b"token").is_none());
    }
}
