//! Dates, weekdays and hours of a campaign.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use super::Checker;
use super::keys::campaign::VALID;
use crate::tree::Node;
use crate::validity::{Hours, Validity, Weekdays, instant};

pub(super) const WEEKDAYS: [(&str, Weekday); 14] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Checker<'_> {
    pub(super) fn validity(&mut self, node: &Node, zone: &TimeZone) -> Validity {
        let Some(fields) = self.fields(node, &VALID) else { return Validity::default() };
        let from = fields.get("from").and_then(|node| self.moment(node, zone));
        let until = fields.get("until").and_then(|node| self.moment(node, zone));
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            self.error_with_help(
                fields.place_of("until"),
                "`until` is not after `from`: the campaign would never be on",
                "`until` is the first moment when it is over",
            );
        }
        let mut weekdays = Weekdays::default();
        if let Some(node) = fields.get("weekdays") {
            for day in self.list(node) {
                weekdays = self.choice(day, &WEEKDAYS).map_or(weekdays, |day| weekdays.with(day));
            }
        }
        let mut hours = Vec::new();
        if let Some(node) = fields.get("hours") {
            let nodes = self.list(node);
            hours.extend(nodes.into_iter().filter_map(|node| self.hours(node)));
        }
        let validity = Validity { from, until, weekdays, hours };
        if validity.never_on(zone) {
            self.warn(
                fields.place_of("weekdays"),
                "none of these weekdays lies between `from` and `until`: the campaign would never be on",
                "change the weekdays or the dates",
            );
        }
        validity
    }

    /// A date (its first moment) or a date and time, in the program's time zone.
    pub(super) fn moment(&mut self, node: &Node, zone: &TimeZone) -> Option<Timestamp> {
        let word = self.word(node)?;
        let local = if word.contains('T') || word.contains(' ') {
            word.parse::<DateTime>().ok()
        } else {
            word.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0))
        };
        let moment = local.and_then(|local| instant(zone, local));
        if moment.is_none() {
            self.error_with_help(
                node.at,
                format!("`{word}` is no date that exists"),
                "write `2026-11-30`, or `2026-11-30T18:00` for a time of day",
            );
        }
        moment
    }

    fn hours(&mut self, node: &Node) -> Option<Hours> {
        let word = self.word(node)?;
        let time = |text: &str| if text.trim() == "24:00" { Some(Time::MIN) } else { text.trim().parse::<Time>().ok() };
        let hours = word.split_once('-').and_then(|(from, until)| Some(Hours { from: time(from)?, until: time(until)? }));
        let hours = hours.filter(|hours| hours.from != hours.until);
        if hours.is_none() {
            self.error_with_help(
                node.at,
                format!("`{word}` are no hours"),
                "write them as `\"08:00-12:00\"`; the second is the first minute when it is over",
            );
        }
        hours
    }
}
