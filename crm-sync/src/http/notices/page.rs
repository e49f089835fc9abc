//! The page of notices: counts, whose fault what is late is, what waits for people, what is due next.

use crate::notices::list::{List, Shown};

/// One page without scripts.
pub(super) fn page(has_routes: bool, late: &List, people: &List, due: &List) -> String {
    let mut text = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"10\"><title>Notices</title>\
         <style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:76rem}table{border-collapse:collapse;margin:.5rem 0 2rem}\
         th,td{text-align:left;padding:.25rem .75rem;border-bottom:1px solid #ccc}.bad{color:#a00;font-weight:600}</style><h1>Notices</h1>",
    );
    if !has_routes {
        text.push_str("<p class=\"bad\">No route is configured: notices are kept and nothing is sent. See [[route]] in the configuration.</p>");
    }
    text.push_str("<table><tr>");
    for name in due.counts.keys() {
        text.push_str(&format!("<th>{}", escaped(&name.replace('_', " "))));
    }
    text.push_str("<tr>");
    for (name, count) in &due.counts {
        let class = if *count > 0 && matches!(*name, "late_ours" | "unknown") { " class=\"bad\"" } else { "" };
        text.push_str(&format!("<td{class}>{count}"));
    }
    text.push_str("</table>");
    if let Some(outage) = due.outages.last() {
        let until = outage.until.map_or_else(|| "now".to_owned(), |until| format!("{until:.0}"));
        text.push_str(&format!("<p>Last time without any route: {:.0} to {until}.</p>", outage.from));
    }
    for (title, list) in [("Late", late), ("For people", people), ("Due next", due)] {
        text.push_str(&format!("<h2>{title}</h2>"));
        if list.notices.is_empty() {
            text.push_str("<p>None.</p>");
        } else {
            text.push_str("<table><tr><th>due<th>receipt<th>customer<th>state<th>late by<th>why<th>mark");
            text.extend(list.notices.iter().map(row));
            text.push_str("</table>");
        }
    }
    text
}

fn row(shown: &Shown) -> String {
    let notice = &shown.notice;
    let late = shown.late.map_or("", |fault| fault.name());
    format!(
        "<tr><td>{:.0}<td>{}<td>{}<td>{}<td>{late}<td>{}<td><code>{}</code>",
        notice.due_at,
        escaped(&notice.chain),
        escaped(&notice.customer),
        escaped(shown.state()),
        escaped(&shown.why),
        escaped(&shown.mark)
    )
}

/// Ids come from tills and programs: none of them becomes markup (H83).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
