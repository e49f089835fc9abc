//! The token of an answer from a pack: not sealed, since a gateway has no key of the engines, but such that an engine can decide
//! again and compare, and signed by the gateway's certificate. So nobody but a gateway makes one, and it promises what the
//! pack gives and nothing more.

use bytes::Bytes;
use jiff::Timestamp;
use tessera_rules::id::ReceiptId;
use tessera_rules::receipt::Chosen;

use super::{PackHash, PackHead, SignedPackHead};
use crate::canonical::BasketHash;
use crate::compact::{CompactReader, CompactWriter};
use crate::gateway_word::pack_token_text;
use crate::limits::{GATEWAY_SIGNATURE_BYTES_MAX, TOKEN_BYTES_MAX};

/// The first byte of such a token; sealed ones begin with another.
pub const PACK_TOKEN_VERSION: u8 = 0x81;

/// What a gateway promised from a pack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackToken {
    /// The pack, and an engine's word that it was in force.
    pub signed: SignedPackHead,
    /// The receipt that was quoted.
    pub receipt: ReceiptId,
    /// What was quoted but tenders and stage.
    pub basket_hash: BasketHash,
    /// The time under which campaigns were evaluated, by the gateway's clock.
    pub decided_at: Timestamp,
    /// The most search steps that the evaluation was given.
    pub steps_max: u64,
    /// What the customer chose, which a settle does not repeat.
    pub choices: Vec<Chosen>,
    /// [`crate::token::decision_hash`] of what was decided.
    pub decision: [u8; 32],
    /// The gateway's signature over [`PackToken::text`] with the certificates by which it is checked; empty: none.
    pub proof: Vec<u8>,
}

impl PackToken {
    /// The text that the gateway signs: of everything but the proof.
    #[must_use]
    pub fn text(&self) -> String {
        pack_token_text(&self.unsigned())
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut writer = CompactWriter::after(self.unsigned());
        writer.list(&self.proof, |writer, byte| writer.byte(*byte));
        writer.into_bytes().into()
    }

    fn unsigned(&self) -> Vec<u8> {
        let mut writer = CompactWriter::after(vec![PACK_TOKEN_VERSION]);
        let head = &self.signed.head;
        writer.bytes(&head.pack.0);
        writer.unsigned(head.revision);
        writer.unsigned(head.catalogue);
        writer.bytes(&head.stores);
        writer.time(head.stated_at);
        writer.time(head.valid_until);
        writer.bytes(&self.signed.signature);
        writer.text(self.receipt.as_str());
        writer.bytes(&self.basket_hash.0);
        writer.time(self.decided_at);
        writer.unsigned(self.steps_max);
        writer.list(&self.choices, |writer, chosen| {
            writer.text(chosen.choice.as_str());
            writer.name(chosen.sku.as_str());
        });
        writer.bytes(&self.decision);
        writer.into_bytes()
    }

    /// Whether bytes are such a token, or nothing that this build knows.
    #[must_use]
    pub fn is_one(token: &[u8]) -> bool {
        token.first() == Some(&PACK_TOKEN_VERSION)
    }

    /// Reads its bytes; none where they are another token, or none.
    #[must_use]
    pub fn decode(token: &[u8]) -> Option<Self> {
        let body = token.strip_prefix(&[PACK_TOKEN_VERSION]).filter(|body| body.len() < TOKEN_BYTES_MAX)?;
        let mut reader = CompactReader::of(body);
        let head = PackHead {
            pack: PackHash(reader.bytes()?),
            revision: reader.unsigned()?,
            catalogue: reader.unsigned()?,
            stores: reader.bytes()?,
            stated_at: reader.time()?,
            valid_until: reader.time()?,
        };
        let token = Self {
            signed: SignedPackHead { head, signature: reader.bytes()? },
            receipt: reader.text()?,
            basket_hash: BasketHash(reader.bytes()?),
            decided_at: reader.time()?,
            steps_max: reader.unsigned()?,
            choices: reader.list(|reader| Some(Chosen { choice: reader.text()?, sku: reader.name()? }))?,
            decision: reader.bytes()?,
            proof: reader.list_up_to(GATEWAY_SIGNATURE_BYTES_MAX, CompactReader::byte)?,
        };
        reader.is_at_end().then_some(token)
    }
}
