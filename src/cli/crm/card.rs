//! `tessera crm card`: what a customer has and did, as a table or JSON.

use std::process::ExitCode;

use clap::Args;
use comfy_table::Table;
use hyper::Method;
use serde_json::Value;
use tessera_crm::look_up::Wanted;

use super::client;
use crate::cli::till::table::table;
use crate::cli::{ConfigFile, Failure, print, read_config};

/// Arguments of `tessera crm card`.
#[derive(Clone, Debug, Args)]
pub(super) struct CardArgs {
    /// By phone number with its country's code, as in +441632960001 or "+44 1632 960-001".
    #[arg(long, value_name = "NUMBER", required_unless_present_any = ["card", "customer", "account"])]
    phone: Option<String>,
    /// By the number of a loyalty card.
    #[arg(long, value_name = "NUMBER", conflicts_with = "phone")]
    card: Option<String>,
    /// By the customer's id.
    #[arg(long, value_name = "ID", conflicts_with_all = ["phone", "card"])]
    customer: Option<String>,
    /// By the account's id.
    #[arg(long, value_name = "ID", conflicts_with_all = ["phone", "card", "customer"])]
    account: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: CardArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let wanted = Wanted { account: args.account, customer: args.customer, phone: args.phone, card: args.card };
    let answer = client::ask(config.listen_crm, Method::POST, "/v1/cards", &serde_json::to_value(&wanted)?).await?;
    let answer = answer.ok_or_else(|| client::nobody(config.listen_crm))?;
    print(&if args.json { format!("{answer}\n") } else { text(&answer) });
    Ok(ExitCode::SUCCESS)
}

fn text(shown: &Value) -> String {
    let card = &shown["card"];
    let customers = list(&card["customers"]).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    let mut text = format!("account {}  customers {customers}\n", word(&shown["account_id"]));
    let freshness = &shown["freshness"];
    if freshness["up_to_date"] != true {
        text.push_str(&format!("NOT UP TO DATE: {}\n", word(&freshness["reason"])));
    }
    text.push_str(&format!("{} visits, {} returns, last {}\n", card["visits"], card["returns"], word(&card["last_sold_at"])));
    let tables: [(&str, &Value, &[&str]); 5] = [
        ("balances", &shown["balances"], &["asset_id", "usable_units", "pending_units", "next_expires_at"]),
        ("coupons", &card["coupons"], &["code", "coupon_id", "valid_until", "used_by"]),
        ("prizes", &card["prizes"], &["prize_id", "quantity", "state", "receipt_id"]),
        ("facts", &card["facts"], &["fact_id", "told_at", "refused", "trust"]),
        ("history", &shown["history"], &["booked_at", "kind", "receipt_id", "store_id", "after_minor", "currency_code"]),
    ];
    for (name, rows, columns) in tables {
        if !list(rows).is_empty() {
            text.push_str(&format!("\n{name}\n{}\n", rows_of(list(rows), columns)));
        }
    }
    for (name, values) in [("tiers", &card["tiers"]), ("tickets", &card["tickets"])] {
        for (key, value) in values.as_object().into_iter().flatten() {
            let what = value["tier_id"].as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!("{name}: {key} {what}\n"));
        }
    }
    text
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn rows_of(rows: &[Value], columns: &[&str]) -> Table {
    let mut table = table(columns, &[]);
    for row in rows {
        table.add_row(columns.iter().map(|column| word(&row[*column])));
    }
    table
}
