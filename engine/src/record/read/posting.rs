//! The double entry of a stored outcome.

use jiff::civil::Date;
use prost::Message;
use tessera_contract::convert::timestamp_from_wire;
use tessera_ledger::lot::LotId;
use tessera_ledger::posting::{Book, Posting, PostingPlace, PostingReason};
use tessera_proto::billing::v1;
use tessera_rules::id::{AssetId, CampaignId, ProgramId, ReceiptId, RewardId};
use tessera_rules::money::Units;

use super::{FORMAT, Unreadable, optional};

/// Of an outcome message what the ledger's proofs read: fields of `tessera.billing.v1.Outcome` by their numbers. The
/// rest is passed over, which takes a third of the time.
#[derive(Clone, PartialEq, Message)]
struct PostedMessage {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(string, tag = "2")]
    outcome_id: String,
    #[prost(string, tag = "14")]
    booking_date: String,
    #[prost(int32, tag = "3")]
    kind: i32,
    #[prost(message, repeated, tag = "27")]
    postings: Vec<v1::Posting>,
    #[prost(message, repeated, tag = "28")]
    follow_ups: Vec<v1::FollowUp>,
}

/// When an outcome was booked and what it posted.
#[derive(Clone, Debug)]
pub(crate) struct PostedOutcome {
    pub(crate) id: String,
    pub(crate) booking_date: Date,
    pub(crate) postings: Vec<Posting>,
    /// It carries a follow-up out.
    pub(crate) is_follow_up: bool,
    /// What it sends through the transfer book: by follow-up, asset and units.
    pub(crate) sent: Vec<(String, String, i64)>,
}

impl PostedOutcome {
    /// Reads a stored outcome.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let message = PostedMessage::decode(bytes).map_err(|_| Unreadable("it is no message"))?;
        if message.format != FORMAT {
            return Err(Unreadable("its format is another one"));
        }
        let sent = |follow_up: &v1::FollowUp| -> Vec<(String, String, i64)> {
            let id = &follow_up.follow_up_id;
            follow_up.moved.iter().map(|moved| (id.clone(), moved.asset_id.clone(), moved.units)).collect()
        };
        Ok(Self {
            is_follow_up: message.kind == i32::from(v1::OutcomeKind::FollowUp),
            sent: message.follow_ups.iter().flat_map(sent).collect(),
            id: message.outcome_id,
            booking_date: message.booking_date.parse().map_err(|_| Unreadable("its booking date is none"))?,
            postings: message.postings.iter().map(read_posting).collect::<Result<_, _>>()?,
        })
    }
}

/// One side of an entry; a lot's own program is not told on the wire.
pub(crate) fn read_posting(wire: &v1::Posting) -> Result<Posting, Unreadable> {
    let (place, program, campaign) = match wire.side.as_ref().ok_or(Unreadable("a posting has no side"))? {
        v1::posting::Side::LotId(lot) => (PostingPlace::Lot(read_lot_id(lot)?), None, None),
        v1::posting::Side::Book(book) => (
            PostingPlace::Book(read_book(book.kind())?),
            optional(&book.program_id, ProgramId::parse)?,
            optional(&book.campaign_id, CampaignId::parse)?,
        ),
    };
    Ok(Posting {
        asset: AssetId::parse(&wire.asset_id)?,
        units: Units::from_units(wire.units),
        place,
        program,
        campaign,
        of: optional(&wire.reward_id, RewardId::parse)?,
        reason: read_reason(wire.reason())?,
        expires_at: wire.expires_at.as_ref().and_then(timestamp_from_wire),
        vests_at: wire.vests_at.as_ref().and_then(timestamp_from_wire),
    })
}

fn read_book(kind: v1::BookKind) -> Result<Book, Unreadable> {
    match kind {
        v1::BookKind::Unspecified => Err(Unreadable("a book is none")),
        v1::BookKind::Issued => Ok(Book::Issued),
        v1::BookKind::Redeemed => Ok(Book::Redeemed),
        v1::BookKind::Expired => Ok(Book::Expired),
        v1::BookKind::Returned => Ok(Book::Returned),
        v1::BookKind::Budget => Ok(Book::Budget),
        v1::BookKind::Transfer => Ok(Book::Transfer),
        v1::BookKind::Unexplained => Ok(Book::Unexplained),
    }
}

fn read_reason(reason: v1::PostingReason) -> Result<PostingReason, Unreadable> {
    match reason {
        v1::PostingReason::Earned | v1::PostingReason::Fallback | v1::PostingReason::Discounted => Ok(PostingReason::Issue),
        v1::PostingReason::Redeemed => Ok(PostingReason::Redeem),
        v1::PostingReason::TakenBack => Ok(PostingReason::Clawback),
        v1::PostingReason::Restored => Ok(PostingReason::Restore),
        v1::PostingReason::DebtPaid => Ok(PostingReason::PayDebt),
        v1::PostingReason::Expired => Ok(PostingReason::Expire),
        v1::PostingReason::Consolidated => Ok(PostingReason::Consolidate),
        v1::PostingReason::Unexplained => Ok(PostingReason::Unexplained),
        v1::PostingReason::Renewed => Ok(PostingReason::Renew),
        v1::PostingReason::Vested => Ok(PostingReason::Vest),
        v1::PostingReason::Adjusted => Ok(PostingReason::Adjust),
        v1::PostingReason::Transferred => Ok(PostingReason::Transfer),
        v1::PostingReason::Unspecified | v1::PostingReason::Answered | v1::PostingReason::Enrolled => {
            Err(Unreadable("a posting has a reason that is not written yet"))
        }
    }
}

fn read_lot_id(text: &str) -> Result<LotId, Unreadable> {
    let (receipt, place) = text.rsplit_once('~').ok_or(Unreadable("a lot's name is none"))?;
    let place = place.parse().map_err(|_| Unreadable("a lot's place is none"))?;
    Ok(LotId { receipt: ReceiptId::parse(receipt)?, place })
}
