//! `tessera program explain`: what a receipt gets, and of each campaign what it did or why it did nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tessera_proto::billing::v1::{Answer, QuoteRequest, QuoteResponse, QuoteStatus};

use super::signing::fetched;
use crate::cli::till::fill::{self, now_here};
use crate::cli::till::input::Input;
use crate::cli::till::link::Link;
use crate::cli::till::sale::{quote_request, say};
use crate::cli::{ConfigFile, Failure, admin, print};
use crate::program_files;

mod apart;
mod page;

/// Arguments of `tessera program explain`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  by the running engine, as a quote
      tessera program explain deploy/examples/receipt.json
  by a draft, without an engine
      tessera program explain receipt.json --program club.yaml --catalogue products.csv
  by a revision of before
      tessera program explain receipt.json --revision 3
  and why not this campaign, too
      tessera program explain receipt.json --campaign tenth
Nothing is written and nothing is held.")]
pub(crate) struct ExplainArgs {
    /// A receipt or a whole `QuoteRequest` as proto3 JSON, as `tessera till quote` takes it; `-`: standard input.
    #[arg(value_name = "RECEIPT")]
    file: PathBuf,
    /// Evaluate by this program file, or folder of them, at this machine; a customer's account is taken as new.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Evaluate in the same way by the sources of this revision of the running engine.
    #[arg(long, value_name = "REVISION", conflicts_with = "program")]
    revision: Option<u64>,
    /// The products, as `tessera catalogue load` takes them, for a program file or a revision of before.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Explain this campaign too, although it is no candidate; once for each.
    #[arg(long = "campaign", value_name = "ID")]
    campaigns: Vec<String>,
    /// Where the gateway (or an engine) listens, which is asked where no program file and no revision is named.
    #[arg(long, value_name = "URL", env = "TESSERA_TILL_ENDPOINT", default_value = "http://127.0.0.1:7302")]
    endpoint: String,
    /// Print the answer as proto3 JSON in place of tables.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Evaluates and explains; exit code 1 where the explanation does not add up.
pub(crate) async fn run(args: ExplainArgs) -> Result<ExitCode, Failure> {
    let mut request = quote_request(&Input::read(&args.file)?)?;
    say(&fill::quote(&mut request, &now_here())?);
    request.explain = true;
    request.explain_ids.extend(args.campaigns.iter().cloned());
    let (by, response) = match (&args.program, args.revision) {
        (None, None) if args.catalogue.is_some() => {
            return Err("--catalogue goes with --program or --revision; the running engine has its own products".into());
        }
        (None, None) => (None, by_engine(&args.endpoint, &mut request).await?),
        (Some(program), _) => {
            let response = apart::quote(program_files::read(program)?, args.catalogue.as_deref(), &request).await?;
            (Some(program.display().to_string()), response)
        }
        (None, Some(number)) => {
            let sources = fetched(&mut admin::running(&args.config).await?, number).await?.sources;
            let mut response = apart::quote(sources, args.catalogue.as_deref(), &request).await?;
            if let Some(answer) = &mut response.answer {
                answer.revision = number;
            }
            (Some(format!("revision {number}")), response)
        }
    };
    let receipt = request.receipt.unwrap_or_default();
    let answer = response.answer.as_ref().ok_or("the answer holds no lines")?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&response)?));
    } else {
        print(&page::page(&basis(by, args.catalogue.as_deref(), answer), &receipt, answer));
    }
    page::adds_up(&receipt, answer)?;
    Ok(ExitCode::SUCCESS)
}

/// What a receipt was evaluated by: an engine's own numbers, or the names of what was given here.
fn basis(by: Option<String>, products: Option<&Path>, answer: &Answer) -> String {
    match (by, products) {
        (None, _) => format!("revision {}, catalogue {}", answer.revision, answer.catalogue),
        (Some(by), Some(products)) => format!("{by}, products of {}", products.display()),
        (Some(by), None) => format!("{by}, without products"),
    }
}

/// As a training receipt, for which nothing is held. One that is closed is asked for again under an id of its own.
async fn by_engine(endpoint: &str, request: &mut QuoteRequest) -> Result<QuoteResponse, Failure> {
    let link = Link::open(endpoint)?;
    if let Some(receipt) = &mut request.receipt {
        receipt.training = true;
    }
    let response = link.quote(request.clone()).await?;
    if response.status() == QuoteStatus::Ok {
        return Ok(response);
    }
    if let Some(receipt) = &mut request.receipt {
        receipt.receipt_id.clear();
    }
    say(&vec!["the receipt is closed; the same goods under another id".to_owned()]);
    say(&fill::quote(request, &now_here())?);
    Ok(link.quote(request.clone()).await?)
}
