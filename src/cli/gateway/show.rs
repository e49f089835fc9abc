//! How a gateway stands, for people: a page for the terminal and one for the browser.

use std::fmt::Write as _;

use tessera_contract::convert::timestamp_from_wire;
use tessera_gateway::Imported;
use tessera_proto::Timestamp;
use tessera_proto::gateway::v1::{
    CloseTillDaysResponse, GetStatusResponse, LinkState, ListParkedResponse, PackStatus, SpoolStatus, TillDaysStatus,
};

use crate::cli::till::close::days;

/// One thing that is told, and how it stands.
type Row = (String, String);

/// The page of the terminal.
pub(crate) fn status(status: &GetStatusResponse) -> String {
    let mut text = String::new();
    for (name, value) in rows(status) {
        let _ = writeln!(text, "{name:<22}{value}");
    }
    text
}

/// The page of a browser; it loads itself anew.
pub(crate) fn page(status: &GetStatusResponse) -> String {
    let mut text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
         <title>Gateway {id}</title><style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:60rem}}\
         th{{text-align:left;padding-right:2rem;font-weight:600;vertical-align:top}}</style><h1>Gateway {id}</h1><table>",
        id = escaped(&status.gateway_id)
    );
    for (name, value) in rows(status) {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(&name), escaped(&value));
    }
    text.push_str("</table></html>\n");
    text
}

/// What is parked.
pub(super) fn parked(parked: &ListParkedResponse) -> String {
    if parked.entries.is_empty() {
        return "nothing is parked\n".to_owned();
    }
    let mut text = String::new();
    for entry in &parked.entries {
        let at = time(entry.parked_at.as_ref());
        let _ = writeln!(text, "{}  {} {}  parked {at}\n    {}", entry.entry_number, entry.call, entry.id, entry.reason);
    }
    text
}

/// How tills' days were closed.
pub(super) fn closed(closed: &CloseTillDaysResponse) -> String {
    if closed.days.is_empty() {
        return "no day is open\n".to_owned();
    }
    let rows = closed.days.iter().filter_map(|day| {
        let name = format!("{} {} {}", day.store_id, day.till_id, day.business_date);
        let counts = (day.gateway_settled_count, day.gateway_returned_count);
        Some((name, counts, usize::try_from(day.delivered_count).unwrap_or(usize::MAX), day.engine.as_ref()?))
    });
    let mut text = days(&rows.collect::<Vec<_>>());
    for day in closed.days.iter().filter(|day| day.engine.is_none()) {
        let _ = writeln!(text, "{} {} {}  not compared: {}", day.store_id, day.till_id, day.business_date, day.fault);
    }
    text
}

/// What became of an import.
pub(super) fn imported(imported: &Imported) -> String {
    let mut text = format!("{} of {} entries delivered\n", imported.delivered, imported.entries);
    for refused in &imported.refused {
        let _ = writeln!(text, "refused: {}\n    {}", refused.id, refused.reason);
    }
    if imported.damaged {
        text.push_str("some of the file is damaged or missing: make another export\n");
    }
    text
}

fn rows(status: &GetStatusResponse) -> Vec<Row> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let link = match status.link_state() {
        LinkState::Online => "online",
        LinkState::Draining => "draining: what waited is being delivered",
        LinkState::Offline => "offline: no engine answers",
        LinkState::Unspecified => "not told",
    };
    let mut rows = vec![
        row("gateway", format!("{} {}, since {}", status.gateway_id, status.version, time(status.started_at.as_ref()))),
        row("link", format!("{link} (since {})", time(status.link_since.as_ref()))),
    ];
    for engine in &status.engines {
        rows.push(row("engine", format!("{} {}", engine.address, if engine.up { "answers" } else { "does not answer" })));
    }
    match &status.spool {
        None => rows.push(row("spool", "none".to_owned())),
        Some(spool) => rows.extend(spool_rows(spool, status.now.as_ref())),
    }
    rows.extend(status.till_days.iter().flat_map(day_rows));
    rows.extend(status.pack.iter().flat_map(|pack| pack_rows(pack, status.now.as_ref())));
    for answer in &status.answers {
        let name = format!("{} by {}", answer.call, answer.basis.replace('_', " "));
        rows.push((name, format!("{}, last {}", answer.count, time(answer.last_at.as_ref()))));
    }
    rows
}

fn spool_rows(spool: &SpoolStatus, now: Option<&Timestamp>) -> Vec<Row> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let oldest = spool.oldest_accepted_at.as_ref().and_then(timestamp_from_wire);
    let age = now.and_then(timestamp_from_wire).zip(oldest).map(|(now, oldest)| now.as_second() - oldest.as_second());
    let age = age.map_or_else(String::new, |seconds| format!(", the oldest for {seconds} s"));
    let mut rows = vec![
        row("spool", spool.folder.clone()),
        row("waiting", format!("{} of {}{age}", spool.waiting_count, spool.entry_count_max)),
        row("on disk", format!("{} of {} MiB", spool.file_bytes >> 20, spool.file_bytes_max >> 20)),
        row("parked", spool.parked_count.to_string()),
    ];
    if spool.lost_record_count > 0 {
        rows.push(row("lost by the disk", format!("{} records", spool.lost_record_count)));
    }
    if !spool.disk_error.is_empty() {
        rows.push(row("the disk fails", spool.disk_error.clone()));
    }
    rows
}

fn day_rows(days: &TillDaysStatus) -> Vec<Row> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![row(
        "tills' days",
        match days.open_count {
            0 => "all are closed".to_owned(),
            count => format!("{count} not closed, the oldest of {}", days.oldest_open_date),
        },
    )];
    if days.overdue_count > 0 {
        rows.push(row(
            "overdue",
            format!("{} began more than two days ago: `tessera gateway close` says what differs", days.overdue_count),
        ));
    }
    if days.not_noted_count > 0 {
        rows.push(row("not noted", format!("{} receipts: the disk failed or was too slow", days.not_noted_count)));
    }
    rows
}

fn pack_rows(pack: &PackStatus, now: Option<&Timestamp>) -> Vec<Row> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let decides = if pack.unusable_reason.is_empty() {
        "decides quotes when no engine answers".to_owned()
    } else {
        format!("not used: {}", pack.unusable_reason)
    };
    let mut rows = vec![row("rule pack", decides)];
    if let Some(stated) = pack.stated_at.as_ref().and_then(timestamp_from_wire) {
        let age = now.and_then(timestamp_from_wire).map_or(0, |now| now.as_second() - stated.as_second());
        let of = format!("revision {}, catalogue {}", pack.revision, pack.catalogue);
        rows.push(row("pack of", format!("{of}: {} campaigns, {} products", pack.campaign_count, pack.product_count)));
        let until = time(pack.valid_until.as_ref());
        rows.push(row("pack's age", format!("an engine spoke of it {age} s ago; good until {until}")));
    }
    rows
}

fn time(at: Option<&Timestamp>) -> String {
    at.and_then(timestamp_from_wire).map_or_else(|| "never".to_owned(), |at| at.strftime("%F %T UTC").to_string())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
