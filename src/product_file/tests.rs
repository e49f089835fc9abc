//! Product files: what is read, and what every fault says.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tessera_rules::catalogue::ProductKind;
use tessera_rules::id::{Sku, TaxCode};
use tessera_rules::money::UnitPrice;

use super::*;

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

fn read_bytes(content: &[u8]) -> Result<Vec<Product>, ProductFileError> {
    read(file(content).path())
}

/// Every fault as it is told, one a line.
fn faults(content: &[u8]) -> String {
    match read_bytes(content) {
        Err(ProductFileError::Faults { faults, .. }) => faults.to_string(),
        other => panic!("no faults: {other:?}"),
    }
}

const TABLE: &str = "\
sku,name,kind,tax_code,price,no_discount,no_earn,no_redeem,unit_price_min,unit_price_max,categories,attribute:brand,attribute:use
P1,\"Penne, short\",,A,1.459,,,,0.5,9,food/pasta,Barilla,
S1,Shoes,goods,,59.9,no,0,false,,,shoes,,running|trail
D1,Deposit,deposit,Z,0.25,yes,true,1,,,,,
";

fn expected() -> Vec<Product> {
    let sku = |text| Sku::parse(text).unwrap();
    let attribute = |name: &str, value: &str| tessera_rules::receipt::Attribute { name: name.into(), value: value.into() };
    vec![
        Product {
            tax_code: Some(TaxCode::parse("A").unwrap()),
            price: Some(UnitPrice::from_micros(1_459_000)),
            unit_price_min: Some(UnitPrice::from_micros(500_000)),
            unit_price_max: Some(UnitPrice::from_micros(9_000_000)),
            categories: vec!["food".into(), "pasta".into()],
            attributes: vec![attribute("brand", "Barilla")],
            ..Product::new(sku("P1"), "Penne, short")
        },
        Product {
            price: Some(UnitPrice::from_micros(59_900_000)),
            categories: vec!["shoes".into()],
            attributes: vec![attribute("use", "running"), attribute("use", "trail")],
            ..Product::new(sku("S1"), "Shoes")
        },
        Product {
            kind: ProductKind::Deposit,
            tax_code: Some(TaxCode::parse("Z").unwrap()),
            price: Some(UnitPrice::from_micros(250_000)),
            no_discount: true,
            no_earn: true,
            no_redeem: true,
            ..Product::new(sku("D1"), "Deposit")
        },
    ]
}

#[test]
fn a_table_holds_every_field_of_a_product() {
    assert_eq!(read_bytes(TABLE.as_bytes()).unwrap(), expected());
}

#[test]
fn json_lines_gzip_and_a_byte_order_mark_give_the_same_products() {
    let lines: Vec<String> = expected().iter().map(|product| serde_json::to_string(product).unwrap()).collect();
    let json = format!("\n  {}\n\n", lines.join("\n"));
    let packed = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let marked = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for content in [
        json.clone().into_bytes(),
        packed(TABLE),
        packed(&json),
        marked(TABLE),
        marked(&json),
        TABLE.replace('\n', "\r\n").into_bytes(),
    ] {
        assert_eq!(read_bytes(&content).unwrap(), expected());
    }
}

#[test]
fn every_fault_of_a_table_is_told_at_once_with_line_and_column() {
    let table = "\
sku,name,kind,price,no_earn,unit_price_min
\u{7},Nuts,goods,1.50,,
N2,,sweets,\"1,50\",maybe,-1
N3,\"Two
lines\",goods,1.50
N4,Good,goods,1.50,,
N4,Twice,goods,1.50,,
";
    insta::assert_snapshot!(faults(table.as_bytes()), @r"
    8 faults; nothing was loaded
      line 2, column sku: holds a control character
      line 3, column name: must not be empty
      line 3, column kind: «sweets» must be one of goods, service, deposit, certificate_sale, top_up, bag, donation, or empty for goods
      line 3, column price: «1,50» must be a price such as 1.50: digits, a point and at most six digits
      line 3, column no_earn: «maybe» must be yes or no
      line 3, column unit_price_min: «-1» must be a price such as 1.50: digits, a point and at most six digits
      line 4: has 4 columns where the header has 6; is a quote missing?
      line 7: `N4`: its number stands in the catalogue already (line 6)
    ");
}

#[test]
fn every_fault_of_a_header_is_told_at_once() {
    insta::assert_snapshot!(faults(b"name,brand,attribute:,name\nNuts,x,y,z\n"), @r"
    4 faults; nothing was loaded
      line 1, column 2: `brand` is no column; known are sku, name, kind, tax_code, price, no_discount, no_earn, no_redeem, unit_price_min, unit_price_max, categories; for an attribute write `attribute:brand`
      line 1, column 3: `attribute:` names no attribute; write `attribute:brand`
      line 1, column 4: `name` stands in column 1 already
      line 1: the header has no column `sku`; it must have `sku` and `name`
    ");
}

#[test]
fn faults_of_json_name_line_column_and_field() {
    let json = br#"{"sku":"A1","name":"Nuts"}
{"sku":"A2","name":"Nuts","price":"1.50"}
{"sku":"A3","name":"Nuts","colour":"red"}
{"sku":"","name":""}
{"sku":"A5","name":"Nuts"} {"sku":"A6","name":"Nuts"}
{"sku":"A1","name":"Nuts"
"#;
    let told = faults(json);
    for (line, part) in
        [(2, "(price)"), (3, "colour"), (4, "column sku"), (4, "column name"), (5, "one object a line"), (6, "EOF")]
    {
        let found = told.lines().any(|text| text.contains(&format!("line {line}")) && text.contains(part));
        assert!(found, "line {line}, {part}:\n{told}");
    }
    assert!(told.starts_with("6 faults"), "{told}");
}

#[test]
fn a_hundred_faults_are_shown_and_the_rest_is_counted() {
    let rows: String = (0..250).map(|row| format!("S{row},Nuts,x\n")).collect();
    let told = faults(format!("sku,name,price\n{rows}").as_bytes());
    assert!(told.starts_with("250 faults"), "{told}");
    assert!(told.ends_with("\n  and 150 more"), "{told}");
    assert_eq!(told.lines().count(), 102);
}

#[test]
fn text_that_is_no_utf_8_is_a_fault_of_its_row() {
    assert!(faults(b"sku,name\nA1,caf\xe9\nA2,Nuts\n").contains("line 2, column 2: is no UTF-8"), "latin 1");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
    let mut cut = GzEncoder::new(Vec::new(), Compression::fast());
    cut.write_all(TABLE.as_bytes()).unwrap();
    let mut cut = cut.finish().unwrap();
    cut.truncate(cut.len() / 2);
    let damaged = read_bytes(&cut).unwrap_err();
    assert!(matches!(damaged, ProductFileError::Read { .. }), "{damaged}");
    let missing = read(Path::new("no/such/file.csv")).unwrap_err();
    assert!(missing.to_string().contains("no/such/file.csv"), "{missing}");
    for empty in [&b""[..], b"\n\n", b"sku,name\n"] {
        assert!(matches!(read_bytes(empty).unwrap_err(), ProductFileError::Empty { .. }));
    }
}
