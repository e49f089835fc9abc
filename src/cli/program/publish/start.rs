//! The start of a revision as people write it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use tessera_rules::revision::Revision;

use crate::cli::Failure;

/// Reads a time; without a zone it is meant in the programs' own, which must be one.
///
/// # Errors
/// It is no time, there is no such time on that day, or the programs have several zones.
pub(super) fn parse(text: &str, revision: &Revision) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Ok(zoned.timestamp());
    }
    let Ok(local) = text.parse::<DateTime>() else {
        return Err(format!(
            "--from {text:?} is no time: write 2026-12-01T08:00, or with a zone 2026-12-01T08:00[Europe/London]"
        )
        .into());
    };
    let zone = zone(revision)?;
    // An hour that a clock change leaves out or repeats must not be guessed.
    let at = zone.to_ambiguous_timestamp(local).unambiguous().map_err(|error| {
        format!("--from {text} is no time, or two, in the programs' time zone; write the offset behind it, as in +01:00: {error}")
    })?;
    Ok(at)
}

fn zone(revision: &Revision) -> Result<TimeZone, Failure> {
    let mut zones = revision.programs().iter().map(|program| &program.time_zone);
    let first = zones.next().cloned().unwrap_or(TimeZone::UTC);
    if zones.all(|zone| *zone == first) {
        return Ok(first);
    }
    Err("the programs have several time zones: write which one is meant behind the time, as in 2026-12-01T08:00[Europe/London]"
        .into())
}

#[cfg(test)]
mod tests {
    use tessera_rules::revision::Source;

    use super::*;

    fn revision(zones: &[&str]) -> Revision {
        let sources: Vec<Source> = zones
            .iter()
            .zip(0..)
            .map(|(zone, place)| Source {
                name: format!("{place}.yaml"),
                text: format!("program: p{place}\nlanguage: 1\nname: P\ncurrency: GBP\ntime_zone: {zone}\n"),
            })
            .collect();
        Revision::compile(1, Timestamp::UNIX_EPOCH, &sources).unwrap().revision
    }

    #[test]
    fn a_start_without_a_zone_is_in_the_programs_own() {
        let berlin = revision(&["Europe/Berlin"]);
        let table = [
            ("2026-12-01T08:00", "2026-12-01T07:00:00Z"),
            ("2026-07-01 08:00", "2026-07-01T06:00:00Z"),
            ("2026-12-01T08:00Z", "2026-12-01T08:00:00Z"),
            ("2026-12-01T08:00+05:00", "2026-12-01T03:00:00Z"),
            ("2026-12-01T08:00[Europe/London]", "2026-12-01T08:00:00Z"),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text, &berlin).unwrap(), expected.parse::<Timestamp>().unwrap(), "{text}");
        }
    }

    #[test]
    fn p11_a_start_that_could_mean_two_times_or_none_is_refused() {
        let berlin = revision(&["Europe/Berlin"]);
        for (text, expected) in [
            ("tomorrow", "is no time"),
            ("2026-02-30T08:00", "is no time"),
            ("2026-03-29T02:30", "is no time, or two"),
            ("2026-10-25T02:30", "is no time, or two"),
        ] {
            let fault = parse(text, &berlin).unwrap_err().to_string();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
        let several = revision(&["Europe/Berlin", "Europe/London"]);
        assert!(parse("2026-12-01T08:00", &several).unwrap_err().to_string().contains("several time zones"));
    }
}
