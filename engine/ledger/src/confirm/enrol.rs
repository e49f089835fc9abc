//! Codes that an enrolment waits for: one is sent to the phone of the request, and the same request brings it back.

use jiff::Timestamp;
use tessera_rules::id::{CustomerId, FactId};

use super::{CodeAsked, Purpose, is_right};
use crate::account::{Account, FactKnown, FactSource};
use crate::code::CodeKey;
use crate::outcome::OutcomeKind;
use crate::profile::{ProfileRequest, Profiled, finish};

/// Which code, of whom: of the fact that it is sent to, and of the content of the request that waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Enrolling<'a> {
    /// Who is to be enrolled.
    pub customer: &'a CustomerId,
    /// What it is sent to.
    pub fact: &'a FactId,
    /// The content of the request, the code apart: another phone is another content.
    pub content_hash: [u8; 32],
}

impl Enrolling<'_> {
    fn awaits(&self, asked: &CodeAsked, now: Timestamp) -> bool {
        asked.purpose == (Purpose::Enrol { content_hash: self.content_hash }) && asked.is_open(now)
    }
}

/// Looks at the code that the request brought. The account, and whether it was right: then what it was sent to is confirmed.
/// None: none is awaited, and nothing changes.
#[must_use]
pub fn bring(account: &Account, given: &str, of: Enrolling<'_>, (codes, now): (&CodeKey, Timestamp)) -> Option<(Account, bool)> {
    let mut next = account.clone();
    let now = account.booked_at(now);
    let member = next.members.iter_mut().find(|member| member.customer == *of.customer)?;
    let known = member.facts.iter_mut().find(|known| known.fact == *of.fact)?;
    let asked = known.code.as_mut().filter(|asked| of.awaits(asked, now))?;
    let is_right = is_right(asked, (of.fact, given), (of.customer, codes), now);
    if is_right {
        asked.open_until = None;
        (known.confirmed, known.known_at) = (true, now);
    } else {
        asked.count_wrong();
    }
    assert!(next.check().is_ok(), "a code keeps the account's invariants");
    Some((next, is_right))
}

/// Sends a code to the phone of the request, which is stated by that. The request's own id is that of the asking, see
/// [`CodeKey::asking`]. None: one is on its way, no more are sent of late, or there is no room.
#[must_use]
pub fn send(account: &Account, request: &ProfileRequest<'_>, of: Enrolling<'_>) -> Option<Profiled> {
    let mut next = account.clone();
    let now = account.booked_at(request.booked_at);
    let member = next.members.iter_mut().find(|member| member.customer == *of.customer)?;
    let place = member.facts.binary_search_by(|known| known.fact.cmp(of.fact));
    let before = place.ok().and_then(|place| member.facts.get(place)).and_then(|known| known.code.as_ref());
    if before.is_some_and(|asked| of.awaits(asked, now) || asked.is_used_up(now)) {
        return None;
    }
    let purpose = Purpose::Enrol { content_hash: of.content_hash };
    let stated = FactKnown {
        fact: of.fact.clone(),
        known_at: now,
        source: FactSource::Enrolment,
        confirmed: false,
        refused: false,
        readable: None,
        code: Some(CodeAsked::asked(before, (&request.id, purpose), now)),
    };
    match place.ok().and_then(|place| member.facts.get_mut(place)) {
        Some(known) => *known = stated,
        None => member.facts.insert(place.unwrap_or_else(|place| place), stated),
    }
    let facts: usize = next.members.iter().map(|member| member.facts.len()).sum();
    if facts > crate::limits::FACTS_TOTAL_MAX || crate::booking::exceeds_bytes(&next) || next.check().is_err() {
        return None;
    }
    Some(finish(next, request, OutcomeKind::Code, Vec::new()))
}
