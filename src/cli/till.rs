//! `tessera till`: speaks to a running gateway or engine as a till does. JSON in, a table or JSON out.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Failure, print};

mod claim;
pub(super) mod close;
mod customer;
mod failure;
pub(super) mod fill;
pub(super) mod input;
pub(super) mod link;
pub(super) mod money;
mod return_goods;
pub(super) mod sale;
mod show;
pub(super) mod table;

use link::Link;

const EXAMPLES: &str = "\
Try it, while `tessera demo --keep-running` or `tessera serve` runs:
  tessera till quote  deploy/examples/receipt.json      what would this receipt cost?
  tessera till settle deploy/examples/receipt.json      it has been paid, as quoted
  tessera till get    S1/T9/20261122/1/hand             what became of that receipt?
  tessera till return --of S1/T9/20261122/1/hand        what would be given back?

Fields that a till mints (receipt id, times, quote number) are filled in where they are missing,
and told.
A message is proto3 JSON: both `receiptId` and `receipt_id` are read. `-` reads standard input.";

/// Arguments of `tessera till`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TillArgs {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: TillCommand,
}

/// What every call takes.
#[derive(Clone, Debug, Args)]
struct Common {
    /// Where the gateway (or an engine) listens.
    #[arg(long, global = true, value_name = "URL", env = "TESSERA_TILL_ENDPOINT", default_value = "http://127.0.0.1:7302")]
    endpoint: String,
    /// Print the answer as proto3 JSON, as `grpcurl` would, in place of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum TillCommand {
    /// Ask what to do with a receipt.
    #[command(after_help = "Example: tessera till quote deploy/examples/receipt.json --explain")]
    Quote(QuoteArgs),
    /// Tell that a receipt has been paid. A bare receipt is quoted first and settled as quoted.
    #[command(after_help = "Example: tessera till settle deploy/examples/receipt.json --decline +1")]
    Settle(SettleArgs),
    /// Tell that a receipt will not be paid.
    #[command(after_help = "Example: tessera till void S1/T9/20261122/1/hand --store S1 --till T9")]
    Void(VoidArgs),
    /// Goods come back: a preview, or with --done the fact.
    #[command(after_help = "Examples:
  tessera till return --of S1/T9/20261122/1/hand                       all of it, a preview
  tessera till return --of S1/T9/20261122/1/hand --line 1=1 --done     one unit of line 1, done
  tessera till return deploy/examples/return.json                      a request of your own")]
    Return(ReturnArgs),
    /// Ask what became of a receipt or a return.
    #[command(after_help = "Example: tessera till get S1/T9/20261122/1/hand --json")]
    Get {
        /// The id of the receipt or return.
        #[arg(value_name = "RECEIPT_ID")]
        receipt_id: String,
    },
    /// Attach a customer to a receipt that had none, by the code that was printed on it.
    #[command(after_help = "Example:
  tessera till claim S1/T9/20261122/1/hand --code 7K3QM-X2R8P --card 4000123

The code stands in the answer to the quote (`claim code`). A program says for how many hours it
is good (`claim_within_hours`). The same customer may ask again; another one cannot.")]
    Claim(ClaimArgs),
    /// Find a customer: tier, balances, questions that are due.
    #[command(after_help = "Example: tessera till identify --card 4000123")]
    Identify(IdentifyArgs),
    /// Create a customer.
    #[command(after_help = "Example:
  echo '{\"cardNumber\":\"4000999\",\"storeId\":\"S1\",\"dataConsent\":true}' | tessera till enrol -")]
    Enrol(FileArgs),
    /// Store a customer's answers to prompts.
    #[command(after_help = "Example:
  echo '{\"customer\":{\"cardNumber\":\"4000123\"},\"storeId\":\"S1\",
    \"answers\":[{\"factId\":\"runner\",\"value\":\"yes\"}]}' | tessera till answer -")]
    Answer(FileArgs),
    /// Compare what the till has sold on a day with what the engine has, and close the day.
    #[command(after_help = "Examples:
  what the engine has of the day:
      tessera till close 2026-11-22 --store S1 --till T9
  and what the till's journal knows besides:
      tessera till close 2026-11-22 --store S1 --till T9 --journal till-9

What the engine lacks is sent again from the journal. Exit code 1: they do not agree; what differs
is named.")]
    Close(close::CloseArgs),
}

/// A request in a file.
#[derive(Clone, Debug, Args)]
struct FileArgs {
    /// The request as proto3 JSON; `-`: standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Arguments of `tessera till quote`.
#[derive(Clone, Debug, Args)]
struct QuoteArgs {
    /// A receipt or a whole `QuoteRequest` as proto3 JSON; `-`: standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The id of a bare receipt that has none of its own. None: a new one is minted.
    #[arg(long, value_name = "ID")]
    receipt_id: Option<String>,
    /// Show why campaigns applied or not.
    #[arg(long)]
    explain: bool,
}

/// Arguments of `tessera till settle`.
#[derive(Clone, Debug, Args)]
struct SettleArgs {
    /// A receipt or a whole `SettleRequest` as proto3 JSON; `-`: standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The id of a bare receipt that has none of its own, such as that of an earlier quote. None: a new one is minted.
    #[arg(long, value_name = "ID")]
    receipt_id: Option<String>,
    /// What the customer declined, by the id that the quote names; once for each. Only with a bare receipt.
    #[arg(long, value_name = "ID")]
    decline: Vec<String>,
    /// Settle a bare receipt at once, as a till does that got no answer.
    #[arg(long, conflicts_with = "decline")]
    without_quote: bool,
    /// The cashier's decisions on the receipt so far; above a void's it resumes the sale. Only with a bare receipt.
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

/// Arguments of `tessera till void`.
#[derive(Clone, Debug, Args)]
struct VoidArgs {
    /// The receipt.
    #[arg(value_name = "RECEIPT_ID")]
    receipt_id: String,
    /// The shop. None: as the receipt's id begins.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// The till. None: as the receipt's id goes on.
    #[arg(long, value_name = "ID")]
    till: Option<String>,
    /// The cashier's decisions on the receipt so far, this one included.
    #[arg(long, value_name = "N", default_value_t = 1)]
    attempt: u32,
}

/// Arguments of `tessera till return`.
#[derive(Clone, Debug, Args)]
#[group(id = "what", required = true, args = ["file", "of"])]
struct ReturnArgs {
    /// A `ReturnRequest` as proto3 JSON; `-`: standard input.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Return goods of this settled receipt: all that has not come back, or what --line names.
    #[arg(long, value_name = "RECEIPT_ID", conflicts_with = "file")]
    of: Option<String>,
    /// How much of which line: `2=1` is one unit of line 2, `2=0.350` a measure, `2` all of it. Once for each.
    #[arg(long = "line", value_name = "ID[=QUANTITY]", requires = "of", conflicts_with = "file")]
    lines: Vec<String>,
    /// The goods came back and the money was given. Without it: a preview, nothing is written.
    #[arg(long)]
    done: bool,
}

/// Arguments of `tessera till claim`.
#[derive(Clone, Debug, Args)]
struct ClaimArgs {
    /// The receipt.
    #[arg(value_name = "RECEIPT_ID")]
    receipt_id: String,
    /// The code that was printed on it; case, spaces and hyphens do not matter.
    #[arg(long, value_name = "CODE")]
    code: String,
    /// The number of the customer's loyalty card.
    #[arg(long, value_name = "NUMBER")]
    card: String,
    /// The shop where it is claimed. None: not in a shop.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// The till. None: not at a till.
    #[arg(long, value_name = "ID", requires = "store")]
    till: Option<String>,
    /// The cashier, who must not be the one of the sale. None: nobody.
    #[arg(long, value_name = "ID", requires = "store")]
    cashier: Option<String>,
}

/// Arguments of `tessera till identify`.
#[derive(Clone, Debug, Args)]
#[group(id = "who", required = true, args = ["file", "card"])]
struct IdentifyArgs {
    /// An `IdentifyRequest` as proto3 JSON; `-`: standard input.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The number of a loyalty card.
    #[arg(long, value_name = "NUMBER", conflicts_with = "file")]
    card: Option<String>,
    /// The shop that asks, with --card.
    #[arg(long, value_name = "ID", default_value = "S1", requires = "card")]
    store: String,
}

/// Calls, and prints the answer.
pub(crate) async fn run(args: TillArgs) -> Result<ExitCode, Failure> {
    let Common { endpoint, json } = args.common;
    let link = Link::open(&endpoint)?;
    match args.command {
        TillCommand::Quote(args) => sale::quote(&link, &args, json).await,
        TillCommand::Settle(args) => sale::settle(&link, &args, json).await,
        TillCommand::Void(args) => sale::void(&link, args, json).await,
        TillCommand::Return(args) => return_goods::run(&link, &args, json).await,
        TillCommand::Get { receipt_id } => return_goods::get(&link, receipt_id, json).await,
        TillCommand::Claim(args) => claim::run(&link, args, json).await,
        TillCommand::Identify(args) => customer::identify(&link, args, json).await,
        TillCommand::Enrol(args) => customer::enrol(&link, &args.file, json).await,
        TillCommand::Answer(args) => customer::answer(&link, &args.file, json).await,
        TillCommand::Close(args) => close::run(&endpoint, &args, json).await,
    }
}

/// Prints an answer as JSON, or as `table` makes it.
fn print_answer<T: Serialize>(answer: &T, json: bool, table: impl FnOnce(&T) -> String) -> Result<ExitCode, Failure> {
    let mut text = if json { serde_json::to_string_pretty(answer)? } else { table(answer) };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Says something beside the answer, on standard error. One that is closed ends nothing.
fn tell(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests;
