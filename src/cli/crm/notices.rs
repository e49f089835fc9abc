//! `tessera crm notices`: what is due, late or waits for people, and why; trying anew; stopping messages to a customer.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

use super::client;
use crate::cli::till::table::table;
use crate::cli::{ConfigFile, Failure, print, read_config};

mod running;

pub(super) use running::Running;

/// Arguments of `tessera crm notices`.
#[derive(Clone, Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  tessera crm notices
  tessera crm notices --late
  tessera crm notices retry --all
  tessera crm notices stop --phone +441632960001"
)]
pub(super) struct NoticesArgs {
    #[command(subcommand)]
    command: Option<NoticesCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Clone, Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    config: ConfigFile,
    /// Those still to be told, the earliest deadline first (the default).
    #[arg(long, conflicts_with_all = ["late", "undeliverable"])]
    due: bool,
    /// Those that were told too late or are overdue, with whose fault it is.
    #[arg(long, conflicts_with = "undeliverable")]
    late: bool,
    /// Those that cannot be sent, or of which nobody knows.
    #[arg(long)]
    undeliverable: bool,
    /// At most so many, up to 1000.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum NoticesCommand {
    /// Let what waits for people be tried anew: one notice by its mark, or all.
    Retry(RetryArgs),
    /// Send a customer no more messages, or send them again.
    Stop(StopArgs),
}

#[derive(Clone, Debug, Args)]
struct RetryArgs {
    /// The notice, as the list names it.
    #[arg(required_unless_present = "all")]
    mark: Option<String>,
    /// All that wait for people.
    #[arg(long, conflicts_with = "mark")]
    all: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Clone, Debug, Args)]
struct StopArgs {
    /// By the customer's id.
    #[arg(long, value_name = "ID", required_unless_present = "phone")]
    customer: Option<String>,
    /// By phone number with its country's code.
    #[arg(long, value_name = "NUMBER", conflicts_with = "customer")]
    phone: Option<String>,
    /// Send them messages again.
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) async fn run(args: NoticesArgs) -> Result<ExitCode, Failure> {
    match args.command {
        None => list(args.list).await,
        Some(NoticesCommand::Retry(args)) => retry(args).await,
        Some(NoticesCommand::Stop(args)) => stop(args).await,
    }
}

async fn list(args: ListArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let which = match (args.late, args.undeliverable) {
        (true, _) => "late",
        (_, true) => "undeliverable",
        (false, false) => "due",
    };
    let path = format!("/v1/notices?list={which}&limit={}", args.limit);
    let told = client::ask(config.listen_crm, Method::GET, &path, &Value::Null).await?;
    let told = told.ok_or_else(|| client::nobody(config.listen_crm))?;
    print(&if args.json { format!("{told}\n") } else { text(&told, config.notices.routes.is_empty()) });
    Ok(ExitCode::SUCCESS)
}

async fn retry(args: RetryArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let wanted = args.mark.map_or_else(|| json!({"all": true}), |mark| json!({"mark": mark}));
    let told = client::ask(config.listen_crm, Method::POST, "/v1/notices/retry", &wanted).await?;
    let told = told.ok_or_else(|| client::nobody(config.listen_crm))?;
    print(&format!("{} notices are tried anew\n", told.get("retried").and_then(Value::as_u64).unwrap_or(0)));
    Ok(ExitCode::SUCCESS)
}

async fn stop(args: StopArgs) -> Result<ExitCode, Failure> {
    let config = read_config(args.config.config.as_deref())?;
    let wish = match (args.customer, args.phone) {
        (Some(customer), _) => json!({"stopped": !args.undo, "customer": customer}),
        (None, phone) => json!({"stopped": !args.undo, "phone": phone}),
    };
    let told = client::ask(config.listen_crm, Method::POST, "/v1/notices/customers", &wish).await?;
    told.ok_or_else(|| client::nobody(config.listen_crm))?;
    print(if args.undo { "the customer gets messages again\n" } else { "the customer gets no more messages\n" });
    Ok(ExitCode::SUCCESS)
}

fn text(told: &Value, has_no_route: bool) -> String {
    let counts = told["counts"].as_object().into_iter().flatten();
    let counts: Vec<String> =
        counts.filter(|(_, count)| **count != 0).map(|(name, count)| format!("{count} {}", name.replace('_', " "))).collect();
    let mut text = if counts.is_empty() { "no notices yet\n".to_owned() } else { format!("{}\n", counts.join(", ")) };
    if has_no_route {
        text.push_str("NO ROUTE IS CONFIGURED: notices are kept and nothing is sent; see [[route]] in `tessera config`\n");
    }
    let notices = told["notices"].as_array().map_or(&[][..], Vec::as_slice);
    if notices.is_empty() {
        return text;
    }
    let mut rows = table(&["due", "receipt", "customer", "state", "late by", "tries", "why", "mark"], &[]);
    for notice in notices {
        let word = |key: &str| notice[key].as_str().unwrap_or_default().to_owned();
        let state = match &notice["state"] {
            Value::Object(state) => {
                state.iter().map(|(state, reason)| format!("{state}: {}", reason.as_str().unwrap_or_default())).collect()
            }
            Value::String(state) => state.replace('_', " "),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => String::new(),
        };
        let tries = notice["attempts"].as_array().map_or(0, Vec::len).to_string();
        rows.add_row([word("due_at"), word("chain"), word("customer"), state, word("late"), tries, word("why"), word("mark")]);
    }
    text.push_str(&format!("{rows}\n"));
    text
}
