//! Draws a program from the published schema: each byte decides one thing. Bytes that have run out decide for what is
//! smallest, so that every program ends. Written as JSON, which is YAML too.

use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use tessera_rules::schema::program_schema;

/// Levels of maps and lists; below, only what is required is there.
const DEPTH_MAX: usize = 9;
/// Fields of a map beside the required ones.
const FIELDS_MAX: usize = 4;
/// Items of a list.
const ITEMS_MAX: usize = 3;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&program_schema()).unwrap_or_else(|error| panic!("{error}")));

/// Words that mean something elsewhere in a drawn program, or on the receipts that are sold under it.
const WORDS: [&str; 16] = [
    "a",
    "b",
    "c",
    "points",
    "bonus",
    "gold",
    "A1",
    "A2",
    "M",
    "S1",
    "shoes",
    "own",
    "supplier",
    "en",
    "CODE",
    "{missing} {name}",
];
/// Of campaigns: what the whole receipt and its customer are like.
const CONDITIONS: [&str; 16] = [
    "receipt.amount > 10.00",
    "size(receipt.lines) >= 2",
    "10 / (receipt.lines.size() - 2) > 1",
    "lines.exists(l, l.amount > 3.00)",
    "receipt.tenders.exists(t, t.kind == 'card')",
    "time.hour >= 10",
    "true",
    "account.visits == 0",
    "account.counter['spent'] >= 5",
    "account.uses['spent'] == 0",
    "account.balance['points'] > 10",
    "'regulars' in customer.segments",
    "has(customer.tier)",
    "customer.fact['size'] == '35'",
    "customer.fact[?'size'].orValue('') == '36'",
    "receipt.store == 'S1'",
];
/// Of goods: what a line is like.
const CONDITIONS_ON_LINES: [&str; 8] = [
    "line.quantity >= 2",
    "line.unit_price > 1",
    "line.sku != 'A1'",
    "'shoes' in line.categories",
    "line.attribute['brand'] == 'own'",
    "receipt.amount > line.amount * 2",
    "lines.exists(l, l.sku != line.sku)",
    "account.counter['spent'] + line.amount > 20",
];
/// Of products that may be offered.
const CONDITIONS_ON_PRODUCTS: [&str; 6] = [
    "product.price < 5",
    "product.?price.orValue(9) > 1.00",
    "product.sku != 'A1' && 'shoes' in product.categories",
    "product.attribute['brand'] == 'a'",
    "lines.exists(l, l.unit_price > product.price)",
    "'own' in product.values['brand'] || product.kind == 'goods'",
];
/// Of segments: who the customer is.
const CONDITIONS_ON_CUSTOMERS: [&str; 8] = [
    "account.visits >= 2",
    "account.counter['spent'] >= 10",
    "account.balance['points'] > 100",
    "customer.fact[?'size'].orValue('') == '35'",
    "customer.fact['size'] == '36'",
    "customer.enrolled_days < 365",
    "'gold' in customer.lists",
    "time.weekday == 'monday'",
];
const DECIMALS: [&str; 10] = ["1", "0.01", "10", "33.3", "50", "100", "2.50", "0.001", "99999999", "9223372036854775807"];
const TIMES: [&str; 5] = ["2026-06-01", "2026-01-01", "2027-01-01T08:00", "2026-02-29", "2026-06-01T12:00:01"];
const HOURS: [&str; 4] = ["08:00-20:00", "22:00-02:00", "12:00-12:00", "00:00-23:59:59"];

/// The text of a program.
pub fn program(bytes: &[u8]) -> String {
    let mut draw = Draw { bytes: bytes.iter(), ids: 0, section: String::new() };
    let mut program = draw.value(&SCHEMA["$defs"]["program"], "program", 0);
    // What every program must say the same, so that bytes are not spent on it.
    for (key, value) in [
        ("program", json!("p")),
        ("language", json!(1)),
        ("name", json!("P")),
        ("currency", json!("EUR")),
        ("default_language", json!("en")),
    ] {
        program[key] = value;
    }
    if draw.below(4) != 0 {
        program["assets"] = json!([
            {"id": "points", "kind": "points", "worth_minor": 1, "redeem": {"minimum_units": 1}, "expires": {"after_days": 30}},
            {"id": "bonus", "kind": "bonus_money", "scale": 2, "worth_minor": 1},
        ]);
    }
    // What conditions and the accounts of the cases name.
    for (key, value) in [
        ("facts", json!({"id": "size", "values": ["35", "36"], "text": "Size?"})),
        ("segments", json!({"id": "regulars", "condition": "account.visits >= 1"})),
        ("campaigns", json!({"id": "spent", "name": "Spent", "count": {"counted": "money"}})),
    ] {
        match &mut program[key] {
            Value::Array(items) => items.push(value),
            other => *other = json!([value]),
        }
    }
    serde_json::to_string_pretty(&program).unwrap_or_default()
}

struct Draw<'b> {
    bytes: std::slice::Iter<'b, u8>,
    ids: usize,
    /// The key of the program that is being drawn.
    section: String,
}

impl Draw<'_> {
    fn below(&mut self, bound: usize) -> usize {
        let byte = self.bytes.next().copied().map_or(0, usize::from);
        if bound > 256 { (byte << 8 | self.below(256)) % bound } else { byte % bound.max(1) }
    }

    fn one<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[self.below(choices.len())]
    }

    fn value(&mut self, schema: &Value, key: &str, depth: usize) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.value(&SCHEMA["$defs"][name.trim_start_matches("#/$defs/")], key, depth);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let chosen = self.below(choices.len());
            return self.value(&choices[chosen], key, depth);
        }
        if let Some(words) = schema["enum"].as_array() {
            return self.one(words).clone();
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        match kinds.first().copied() {
            Some("object") => self.map(schema, depth),
            Some("array") => {
                let count = if depth < DEPTH_MAX { 1 + self.below(ITEMS_MAX) } else { 1 };
                (0..count).map(|_| self.value(&schema["items"], key, depth + 1)).collect()
            }
            Some("integer") => self.integer(schema),
            Some("boolean") => json!(self.below(2) == 0),
            _ => json!(self.text(schema, key)),
        }
    }

    fn map(&mut self, schema: &Value, depth: usize) -> Value {
        let mut map = Map::new();
        let Some(fields) = schema["properties"].as_object() else {
            let texts = schema["propertyNames"].is_object();
            for place in 0..1 + self.below(2) {
                let name = if texts { ["en", "de"][place] } else { *self.one(&WORDS) };
                map.insert(name.to_owned(), self.value(&schema["additionalProperties"], name, depth + 1));
            }
            return Value::Object(map);
        };
        // Of the ways that exclude each other, one.
        let ways: Vec<&str> =
            schema["oneOf"].as_array().into_iter().flatten().filter_map(|way| way["required"][0].as_str()).collect();
        let mut wanted: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !ways.is_empty() {
            wanted.push(self.one(&ways));
        }
        if depth < DEPTH_MAX {
            let names: Vec<&str> = fields.keys().map(String::as_str).filter(|name| !ways.contains(name)).collect();
            let more = self.below(FIELDS_MAX + 1);
            wanted.extend((0..more).filter_map(|_| (!names.is_empty()).then(|| *self.one(&names))));
            // A program without campaigns says little.
            wanted.extend((depth == 0).then_some("campaigns"));
        }
        for name in wanted {
            if depth == 0 {
                name.clone_into(&mut self.section);
            }
            if !map.contains_key(name) {
                map.insert(name.to_owned(), self.value(&fields[name], name, depth + 1));
            }
        }
        Value::Object(map)
    }

    fn integer(&mut self, schema: &Value) -> Value {
        let bound = |key: &str, otherwise: i64| schema[key].as_i64().unwrap_or(otherwise);
        let (least, most) = (bound("minimum", 0), bound("maximum", 1_000));
        let number = match self.below(8) {
            0..=5 => least.max(0).saturating_add(i64::try_from(self.below(6)).unwrap_or(0)),
            6 => most,
            _ => least,
        };
        json!(number.clamp(least, most))
    }

    fn text(&mut self, schema: &Value, key: &str) -> String {
        let pattern = schema["pattern"].as_str().unwrap_or("");
        let choices: &[&str] = match key {
            _ if pattern.starts_with("^[0-9]+") => &DECIMALS,
            _ if pattern.starts_with("^[0-9]{4}") => &TIMES,
            _ if pattern.starts_with("^ *") => &HOURS,
            "id" if self.below(4) != 0 => {
                self.ids += 1;
                return WORDS.get(self.ids - 1).map_or_else(|| format!("c{}", self.ids), |word| (*word).to_owned());
            }
            "where" if schema["description"].as_str().is_some_and(|about| about.contains("`product`")) => {
                &CONDITIONS_ON_PRODUCTS
            }
            "where" => &CONDITIONS_ON_LINES,
            "condition" if self.section == "segments" => &CONDITIONS_ON_CUSTOMERS,
            "when" | "condition" => &CONDITIONS,
            "sku" | "skus" => &["A1", "A2", "B1", "M", "GIFT"],
            "asset" => &["points", "bonus"],
            "time_zone" => &["UTC", "Europe/Vienna", "Mars/Base"],
            "stores" | "pilot_stores" => &["store", "S1"],
            "code" | "codes" => &["CODE", "SUMMER"],
            _ => &WORDS,
        };
        (*self.one(choices)).to_owned()
    }
}
