//! Product files of one JSON object a line, with the fields of `Product`.

use std::io::{self, BufRead, Read as _};

use tessera_rules::catalogue::Product;
use tessera_rules::id::TaxCode;

use super::{Found, name_problem};

/// Longest line, bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;

pub(super) fn parse(mut content: impl BufRead) -> io::Result<Found> {
    let mut found = Found::default();
    let mut text = Vec::new();
    for line in 1_u64.. {
        text.clear();
        let longest = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        if content.by_ref().take(longest).read_until(b'\n', &mut text)? == 0 || found.is_full() {
            break;
        }
        if text.len() > LINE_BYTES_MAX {
            found.faults.add(line, "", format!("is longer than {LINE_BYTES_MAX} bytes; the lines behind it were not read"));
            break;
        }
        if !text.trim_ascii().is_empty() {
            parse_line(line, &text, &mut found);
        }
    }
    Ok(found)
}

fn parse_line(line: u64, text: &[u8], found: &mut Found) {
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize::<_, Product>(&mut json);
    let product = match read {
        Ok(product) => product,
        Err(error) => {
            let (path, cause) = (error.path().to_string(), error.inner());
            // A `?` stands for a field whose name was not read, a `.` for the whole object.
            let field = path.trim_end_matches('?').trim_end_matches('.');
            let place = if field.is_empty() { cause.column().to_string() } else { format!("{} ({field})", cause.column()) };
            return found.faults.add(line, place, without_place(&cause.to_string()));
        }
    };
    if let Err(error) = json.end() {
        return found.faults.add(line, error.column().to_string(), "something stands behind the object; one object a line");
    }
    // The reader of JSON takes any text for an id; what an id may look like is checked here.
    let problems = [
        super::sku(product.sku.as_str()).err().map(|problem| ("sku", problem)),
        name_problem(&product.name).map(|problem| ("name", problem)),
        product
            .tax_code
            .as_ref()
            .and_then(|code| TaxCode::parse(code.as_str()).err())
            .map(|error| ("tax_code", error.to_string())),
    ];
    let mut good = true;
    for (column, problem) in problems.into_iter().flatten() {
        found.faults.add(line, column, problem);
        good = false;
    }
    if good {
        found.products.push((line, product));
    }
}

/// Each line is read by itself, so the place that the reader knows says `line 1` always.
fn without_place(problem: &str) -> String {
    problem.split(" at line ").next().unwrap_or(problem).to_owned()
}
