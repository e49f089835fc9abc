//! The texts that a gateway signs with its certificate's key; their form is the contract's (`tessera/billing/v1/delivery.proto`,
//! `tessera/gateway/v1/gateway_service.proto`), and a change of it needs another first line.

use jiff::Timestamp;

use crate::canonical::ContentHash;

/// What a gateway says of an advice that it took into its spool: this content came under this id, by then. Not who forwards
/// it and by which way, which whoever carries the file of an export decides.
#[must_use]
pub fn delivery_text(call: &str, (id, attempt): (&str, u32), content: ContentHash, spooled_at: Option<Timestamp>) -> String {
    let content = blake3::Hash::from_bytes(content.0).to_hex();
    let at = spooled_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    format!("tessera delivery 1\ncall: {call}\nid: {id}\nattempt: {attempt}\ncontent: {content}\nspooled at: {at}\n")
}

/// What a gateway says of an answer from its rule pack: `token` are the bytes of the token before the proof.
pub(crate) fn pack_token_text(token: &[u8]) -> String {
    format!("tessera rule pack, token 1\ntoken: {}\n", blake3::hash(token).to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h73_each_part_of_what_came_is_in_the_text() {
        let text = |call: &str, id: &str, attempt, content, second| {
            let at = Timestamp::from_second(second).ok();
            delivery_text(call, (id, attempt), ContentHash([content; 32]), at)
        };
        let said = text("Settle", "R1", 1, 7, 0);
        let hash = "07".repeat(32);
        let written =
            format!("tessera delivery 1\ncall: Settle\nid: R1\nattempt: 1\ncontent: {hash}\nspooled at: 1970-01-01T00:00:00Z\n");
        assert_eq!(said, written, "other implementations sign the same");
        let others = [
            text("Return", "R1", 1, 7, 0),
            text("Settle", "R2", 1, 7, 0),
            text("Settle", "R1", 2, 7, 0),
            text("Settle", "R1", 1, 8, 0),
            text("Settle", "R1", 1, 7, 1),
            delivery_text("Settle", ("R1", 1), ContentHash([7; 32]), None),
        ];
        assert!(others.iter().all(|other| *other != said), "{others:?}");
    }
}
