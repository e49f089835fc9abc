//! The segments that a customer is in when buying, as the conditions of campaigns see them.

use jiff::Timestamp;

use super::case::Case;
use super::scope::Facts;
use crate::catalogue::Catalogue;
use crate::id::{ProgramId, SegmentId};
use crate::receipt::Receipt;
use crate::revision::Revision;
use crate::standing::Standing;

/// The customer's segments in the order of programs and, within one, of its file; one of which it cannot be worked out
/// is left out. Empty: nobody known, or a customer who is blocked.
///
/// The arguments are those of [`super::evaluate`].
#[must_use]
pub fn segments<'r>(
    revision: &'r Revision,
    catalogue: &Catalogue,
    standing: &Standing,
    receipt: &Receipt,
    at: Timestamp,
) -> Vec<(&'r ProgramId, &'r SegmentId)> {
    let case = Case::new(revision, catalogue, standing, receipt, at);
    let facts = Facts::new(&case);
    let mut found = Vec::new();
    for (program_place, program) in revision.programs().iter().enumerate() {
        let scope = facts.scope(program_place, None);
        let segments = program.segments.iter().enumerate();
        let own = segments.filter(|(place, _)| scope.in_segment(*place) == Ok(true));
        found.extend(own.map(|(_, segment)| (&program.id, &segment.id)));
    }
    found
}
