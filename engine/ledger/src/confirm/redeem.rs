//! Codes that let a receipt redeem much: a quote wants one, it is sent, and a later quote of the receipt brings it back.

use jiff::Timestamp;
use tessera_rules::id::{CustomerId, FactId, ReceiptId};
use tessera_rules::standing::CodeForRedeem;

use super::{CodeAsked, Purpose, is_right};
use crate::account::{Account, FactKnown};
use crate::code::CodeKey;
use crate::outcome::OutcomeKind;
use crate::profile::{ProfileRequest, Profiled, finish};
use crate::standing::View;

/// Whether a code that a quote of this receipt wanted is on its way, so that one that it brings is looked at.
#[must_use]
pub fn is_awaited(account: &Account, view: &View<'_>) -> bool {
    let now = account.booked_at(view.now);
    let facts = account.member(view.customer).into_iter().flat_map(|member| &member.facts);
    facts.filter_map(|known| known.code.as_ref()).any(|asked| is_own(asked, view) == Some(false) && asked.is_open(now))
}

/// Looks at the code that a quote brought: it is right, or one try less is left. None: none is awaited, and nothing changes.
#[must_use]
pub fn bring(account: &Account, given: &str, (view, codes): (&View<'_>, &CodeKey)) -> Option<Account> {
    let mut next = account.clone();
    let now = account.booked_at(view.now);
    let customer = account.member(view.customer)?.customer.clone();
    let known = fact_of(&mut next, &customer, |known| {
        known.code.as_ref().is_some_and(|asked| is_own(asked, view) == Some(false) && asked.is_open(now))
    })?;
    let asked = known.code.as_mut()?;
    if is_right(asked, (&known.fact, given), (&customer, codes), now) {
        asked.open_until = None;
        if let Purpose::Redeem { came_back, .. } = &mut asked.purpose {
            *came_back = true;
        }
    } else {
        asked.count_wrong();
    }
    assert!(next.check().is_ok(), "a code keeps the account's invariants");
    Some(next)
}

/// Sends a code to what a customer has confirmed, for a receipt; the request has an id of its own, see [`CodeKey::asking`].
/// None: one is on its way to it or has come back, or no more are sent of late.
#[must_use]
pub fn send(account: &Account, request: &ProfileRequest<'_>, (fact, view): (&FactId, &View<'_>)) -> Option<Profiled> {
    let mut next = account.clone();
    let now = account.booked_at(request.booked_at);
    let known = fact_of(&mut next, &request.customer, |known| known.fact == *fact && known.confirmed)?;
    let before = known.code.as_ref();
    let stands = |asked: &CodeAsked| is_own(asked, view).is_some_and(|came_back| came_back || asked.is_open(now));
    if before.is_some_and(|asked| stands(asked) || asked.is_used_up(now)) {
        return None;
    }
    let purpose = Purpose::Redeem { receipt: view.receipt.clone(), came_back: false };
    known.code = Some(CodeAsked::asked(before, (&request.id, purpose), now));
    if crate::booking::exceeds_bytes(&next) {
        return None;
    }
    Some(finish(next, request, OutcomeKind::Code, Vec::new()))
}

/// Where a code stands that a redemption of the receipt in view may want.
pub(crate) fn stands(known: &FactKnown, view: &View<'_>, now: Timestamp) -> CodeForRedeem {
    let Some(asked) = &known.code else { return CodeForRedeem::CanBeSent };
    match is_own(asked, view) {
        Some(true) => CodeForRedeem::CameBack,
        Some(false) if asked.is_open(now) => CodeForRedeem::CanBeSent,
        Some(false) | None if asked.is_used_up(now) => CodeForRedeem::UsedUp,
        Some(false) | None => CodeForRedeem::CanBeSent,
    }
}

/// Of a code for the receipt in view, whether it has come back.
fn is_own(asked: &CodeAsked, view: &View<'_>) -> Option<bool> {
    match &asked.purpose {
        Purpose::Redeem { receipt, came_back } if view.is_own(receipt) => Some(*came_back),
        Purpose::Redeem { .. } | Purpose::Answer | Purpose::Enrol { .. } => None,
    }
}

fn fact_of<'a>(
    account: &'a mut Account,
    customer: &CustomerId,
    is_it: impl FnMut(&&mut FactKnown) -> bool,
) -> Option<&'a mut FactKnown> {
    let members = account.members.iter_mut();
    members.filter(|member| member.customer == *customer).flat_map(|member| &mut member.facts).find(is_it)
}

impl CodeKey {
    /// The engine's own name for the asking of a code for a receipt: another one for each time.
    #[must_use]
    pub fn asking(&self, receipt: &ReceiptId, now: Timestamp) -> ReceiptId {
        let hash = self.hash(&["asking", receipt.as_str(), &now.as_nanosecond().to_string()]);
        #[expect(clippy::expect_used, reason = "`code#` and 32 hexadecimal digits are an id")]
        ReceiptId::parse(&format!("code#{}", &hash.to_hex().as_str().get(..32).unwrap_or_default())).expect("is an id")
    }
}

#[cfg(test)]
mod tests;
