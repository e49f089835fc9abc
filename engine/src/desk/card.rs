//! A card is blocked, unblocked or replaced: the directory's entries change with the outcome that says why.

use bytes::Bytes;
use jiff::Timestamp;
use tessera_contract::refusal::Refusal;
use tessera_ledger::account::Account;
use tessera_ledger::card::{CardChange, change_card};
use tessera_proto::billing::v1;
use tessera_rules::brakes::StaffOf;
use tessera_rules::id::ReceiptId;
use tessera_storage::{Claim, Version};

use super::enrol::{put_recorded, repeated};
use super::{CaseAnswer, Draft};
use crate::directory::{CardName, CardState, Entry, Found, derived};
use crate::layout;
use crate::record::Extras;

/// What is done to a card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum CardAct {
    /// Nobody has anything of it any more.
    Block,
    /// It is good again.
    Unblock,
    /// It is a cashier's own; none: whoever has it is no cashier any more.
    Staff(Option<StaffOf>),
    /// Another card takes its place.
    Replace {
        /// Which.
        by: CardName,
    },
}

/// A change of a card that the people named may make.
#[derive(Debug)]
pub(crate) struct CardCase {
    pub(crate) id: ReceiptId,
    pub(crate) act: CardAct,
    pub(crate) card: CardName,
    /// Whose it is.
    pub(crate) found: Found,
    pub(crate) reason: String,
    /// The public keys of those who signed.
    pub(crate) signers: Vec<[u8; 32]>,
    pub(crate) content_hash: [u8; 32],
    pub(crate) now: Timestamp,
}

impl CardAct {
    fn to_wire(&self) -> v1::CardAct {
        match self {
            Self::Block => v1::CardAct::Block,
            Self::Unblock => v1::CardAct::Unblock,
            Self::Staff(Some(_)) => v1::CardAct::Staff,
            Self::Staff(None) => v1::CardAct::NotStaff,
            Self::Replace { .. } => v1::CardAct::Replace,
        }
    }
}

impl CardCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<CaseAnswer, Refusal> {
        let entry = draft.entry(&self.id).await?;
        if let Some(outcome) = draft.outcome(entry.as_ref(), &self.id).await? {
            return repeated(entry.as_ref(), self.content_hash, outcome);
        }
        let since = draft.booked_at(self.now);
        let staff = if let CardAct::Staff(staff) = &self.act { Some(staff.clone()) } else { None };
        if staff.is_none() {
            let (version, known) = draft.core.directory_entry(&self.card).await?;
            let state = self.state(known.as_ref().map(|known| (known, &known.state)), since)?;
            self.put(draft, &self.card, version, state)?;
        }
        if let CardAct::Replace { by } = &self.act {
            let version = self.refuse_in_use(draft, by).await?;
            self.put(draft, by, version, CardState::Good)?;
        }
        let account = draft.account().map_or_else(
            || Account::new(self.found.account.clone(), self.found.customer.clone(), self.now),
            |account| Account::clone(account),
        );
        let done = change_card(
            &account,
            &CardChange {
                id: &self.id,
                customer: &self.found.customer,
                content_hash: self.content_hash,
                staff,
                booked_at: since,
                booking_date: draft.booking_date(self.now),
                currency: draft.core.settings.currency,
            },
        );
        let extras = Extras {
            adjustment_reason: self.reason.clone(),
            adjusted_by: self.signers.clone(),
            card_act: i32::from(self.act.to_wire()),
            proven: true,
            ..Extras::default()
        };
        Ok(put_recorded(draft, done.account, &done.outcome, &extras, entry.as_ref()))
    }

    /// What the card is from now on. A claim of this very request may be there without its outcome: it is made again.
    fn state(&self, known: Option<(&Entry, &CardState)>, since: Timestamp) -> Result<CardState, Refusal> {
        let own = known.filter(|(entry, _)| entry.changed_by.as_ref() == Some(&self.id));
        if let Some((_, state)) = own {
            return Ok(state.clone());
        }
        match (&self.act, known.map_or(&CardState::Good, |(_, state)| state)) {
            (CardAct::Block, CardState::Good) => Ok(CardState::Blocked { since }),
            (CardAct::Unblock, CardState::Blocked { .. }) => Ok(CardState::Good),
            (CardAct::Replace { .. }, CardState::Good) => Ok(CardState::Replaced { since }),
            // What was blocked before stays so from then on.
            (CardAct::Replace { .. }, CardState::Blocked { since }) => Ok(CardState::Replaced { since: *since }),
            (CardAct::Block, CardState::Blocked { .. }) => Err(Refusal::fault("card_number", "is blocked already")),
            (CardAct::Unblock, CardState::Good) => Err(Refusal::fault("card_number", "is not blocked")),
            (CardAct::Staff(_), state @ (CardState::Good | CardState::Blocked { .. })) => Ok(state.clone()),
            (_, CardState::Replaced { .. }) => Err(Refusal::fault("card_number", "was replaced by another card")),
        }
    }

    /// A card in use has an account of its own, and no two accounts are made one so.
    async fn refuse_in_use(&self, draft: &Draft<'_>, card: &CardName) -> Result<Version, Refusal> {
        let in_use = || Refusal::fault("new_card_number", "is in use: take a card that nobody has shown yet");
        let (version, known) = draft.core.directory_entry(card).await?;
        match known {
            Some(known) if known.changed_by.as_ref() == Some(&self.id) => return Ok(version),
            Some(_) => return Err(in_use()),
            None => {}
        }
        let own = layout::account(&derived(card).account);
        let head = draft.core.storage.head(&own).await.map_err(|error| draft.core.storage_refusal(&error))?;
        if head.is_some() { Err(in_use()) } else { Ok(version) }
    }

    fn put(&self, draft: &mut Draft<'_>, card: &CardName, expected: Version, state: CardState) -> Result<(), Refusal> {
        let entry = Entry { found: self.found.clone(), state, changed_by: Some(self.id.clone()) };
        let head = entry.encode().map_err(|error| draft.core.internal(&error.to_string()))?;
        draft.put_claim(Claim { partition: layout::directory(card), expected, head: Bytes::from(head) })
    }
}
