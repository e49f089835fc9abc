//! Reads how counters moved out of a stored outcome message.

use tessera_proto::billing::v1;
use tessera_rules::decision::{Calendar, CounterMove, CounterTime, LineShare};
use tessera_rules::id::{CampaignId, LineId};

use super::Unreadable;

fn read_counter_time(wire: &v1::CounterChange) -> Result<CounterTime, Unreadable> {
    let calendar = match wire.calendar() {
        v1::CounterCalendar::Unspecified if wire.time() == v1::CounterTime::Unspecified => return Ok(CounterTime::Ever),
        v1::CounterCalendar::Unspecified => return Err(Unreadable("a counter has a time and no calendar")),
        v1::CounterCalendar::Days => Calendar::Days,
        v1::CounterCalendar::Weeks => Calendar::Weeks,
        v1::CounterCalendar::Months => Calendar::Months,
        v1::CounterCalendar::Quarters => Calendar::Quarters,
        v1::CounterCalendar::Years => Calendar::Years,
    };
    Ok(match wire.time() {
        v1::CounterTime::Unspecified => CounterTime::Ever,
        v1::CounterTime::Within => {
            let remembered = u16::try_from(wire.stretches_remembered).unwrap_or(u16::MAX);
            CounterTime::Within { calendar, stretch: wire.stretch, remembered }
        }
        v1::CounterTime::Stretches => CounterTime::Stretches { calendar, stretch: wire.stretch, in_a_row: false },
        v1::CounterTime::StretchesInARow => CounterTime::Stretches { calendar, stretch: wire.stretch, in_a_row: true },
    })
}

pub(super) fn read_counter(wire: &v1::CounterChange) -> Result<CounterMove, Unreadable> {
    Ok(CounterMove {
        campaign: CampaignId::parse(&wire.campaign_id)?,
        counted_milli: wire.counted_milli,
        rewarded: wire.rewarded,
        time: read_counter_time(wire)?,
        counted_on: wire.lines.iter().map(read_counted_on).collect::<Result<_, _>>()?,
    })
}

fn read_counted_on(wire: &v1::CounterLine) -> Result<LineShare, Unreadable> {
    Ok(LineShare { line: LineId::parse(&wire.line_id)?, units: wire.counted_milli })
}
