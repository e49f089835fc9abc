//! One simulated till: a real till library against the real gateway, one customer after another.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message as _;
use tessera_contract::CONTRACT_MINOR;
use tessera_contract::sold::sold_without;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::return_request::Original;
use tessera_proto::billing::v1::{
    Answer, CustomerIdentity, EntryMethod, Outcome, PresentedCode, PromptAnswer, QuoteRequest, QuoteResponse, QuoteStage,
    QuoteStatus, Receipt, ReturnMode, ReturnRequest, ReturnStatus, ReturnedLine, SettleRequest, SettleResponse, Tender,
    TenderKind, VoidRequest,
};
use tessera_till::{Answered, BootNonce, CallOptions, Journal, MintError, ReceiptIdMinter, TillClient, TillConfig, TillError};
use tokio::sync::{mpsc, watch};

use super::goods::Goods;
use super::shopper::{End, Shoppers, Visit};
use super::words;
use crate::cli::Failure;
use crate::cli::till::fill::{now_here, wire_time};

/// Stores that the tills stand in; the sample program knows two of them as its zone.
const STORES: usize = 3;
/// Receipts that a till remembers for returns.
const REMEMBERED_MAX: usize = 8;
/// The question that the simulated customers answer, and what they say.
const ANSWERED: (&str, &str) = ("runner", "yes");

/// What one visit came to.
#[derive(Debug)]
pub(super) struct Told {
    /// Which till, from 1.
    pub(super) till: usize,
    /// In words.
    pub(super) text: String,
    pub(super) end: Ended,
}

/// What became of one visit.
#[derive(Debug)]
pub(super) enum Ended {
    /// Paid.
    Settled {
        outcome: Box<Outcome>,
        quote: Duration,
        settle: Duration,
        /// It was sent twice; whether the second answer was the same outcome, byte for byte (P2).
        same_again: Option<bool>,
    },
    /// Goods came back.
    Returned {
        outcome: Box<Outcome>,
    },
    Voided,
    /// Something else than the contract says, or no answer.
    Failed,
}

/// Why a visit did not come to its end.
#[derive(Debug, thiserror::Error)]
enum VisitError {
    #[error(transparent)]
    Till(#[from] TillError),
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error("{0}")]
    Unexpected(String),
}

/// A till.
#[derive(Debug)]
pub(super) struct SimulatedTill {
    number: usize,
    store_id: String,
    till_id: String,
    client: TillClient,
    ids: ReceiptIdMinter,
    goods: Arc<Goods>,
    /// Settled receipts whose goods may come back, oldest first.
    remembered: VecDeque<Outcome>,
}

impl SimulatedTill {
    /// A till with a journal of its own below `folder`.
    pub(super) fn open(endpoint: &str, folder: &Path, number: usize, goods: Arc<Goods>) -> Result<Self, Failure> {
        let store = number.checked_rem(STORES).unwrap_or(0).saturating_add(1);
        let (store_id, till_id) = (format!("S{store}"), format!("T{number}"));
        let folder = folder.join(&till_id);
        let config = TillConfig::new(endpoint, &store_id, &till_id, Journal::open(&folder)?);
        let ids = ReceiptIdMinter::open(&folder, &store_id, &till_id, BootNonce::random()?)?;
        let client = TillClient::connect(config)?;
        Ok(Self { number, store_id, till_id, client, ids, goods, remembered: VecDeque::new() })
    }

    /// Serves customers until it is told to stop.
    pub(super) async fn run(
        mut self,
        mut shoppers: Shoppers,
        pause: Duration,
        told: mpsc::Sender<Told>,
        mut stop: watch::Receiver<bool>,
    ) {
        while !*stop.borrow() {
            let visit = shoppers.next();
            let (text, end) = match self.serve(&visit).await {
                Ok(served) => served,
                Err(error) => (format!("failed: {error}"), Ended::Failed),
            };
            if told.send(Told { till: self.number, text, end }).await.is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn serve(&mut self, visit: &Visit) -> Result<(String, Ended), VisitError> {
        if visit.end == End::Returns
            && let Some(original) = self.remembered.pop_front()
        {
            return self.take_back(&original).await;
        }
        let receipt = self.receipt(visit)?;
        let (quoted, quote) = self.quote(&receipt).await?;
        if visit.end == End::Voided {
            return self.void(&receipt, &quoted).await;
        }
        let request = settle_request(&receipt, &quoted, visit);
        let began = Instant::now();
        let settled = server(self.client.settle(request.clone(), CallOptions::default()).await?)?;
        let settle = began.elapsed();
        let outcome = outcome_of(&settled)?;
        let same_again = if visit.end == End::PaidAndSentTwice {
            let again = server(self.client.settle(request, CallOptions::default()).await?)?;
            Some(outcome_of(&again)?.encode_to_vec() == outcome.encode_to_vec())
        } else {
            None
        };
        self.remember(&outcome);
        let who = visit.card.as_ref().map_or_else(String::new, |card| format!(" (card {card})"));
        let twice = if same_again.is_some() { "; sent twice, counted once" } else { "" };
        let text = format!("{}{who}{twice}", words::of_outcome(&outcome, &self.goods));
        Ok((text, Ended::Settled { outcome: Box::new(outcome), quote, settle, same_again }))
    }

    fn receipt(&self, visit: &Visit) -> Result<Receipt, VisitError> {
        let now = now_here();
        Ok(Receipt {
            receipt_id: self.ids.mint(now.date())?,
            sold_at: Some(wire_time(now.timestamp())),
            business_date: now.date().to_string(),
            store_id: self.store_id.clone(),
            till_id: self.till_id.clone(),
            customer: visit.card.as_ref().map(|card| CustomerIdentity {
                identity: Some(Identity::CardNumber(card.clone())),
                entry_method: EntryMethod::Scanned.into(),
            }),
            currency_code: "GBP".to_owned(),
            lines: self.goods.lines(&visit.items),
            codes: visit.code.iter().map(|code| PresentedCode { code: (*code).to_owned(), ..PresentedCode::default() }).collect(),
            ..Receipt::default()
        })
    }

    async fn quote(&self, receipt: &Receipt) -> Result<(QuoteResponse, Duration), VisitError> {
        let request = QuoteRequest {
            contract_minor: CONTRACT_MINOR,
            receipt: Some(receipt.clone()),
            stage: QuoteStage::Total.into(),
            quote_no: 1,
            ..QuoteRequest::default()
        };
        let began = Instant::now();
        let quoted = self.client.quote(request, CallOptions::default()).await?;
        let took = began.elapsed();
        // A till sells on with whoever's answer: its gateway's or its own "unchanged" are answers too.
        let quoted = quoted.into_answer().ok_or_else(|| VisitError::Unexpected("a quote without an answer".to_owned()))?;
        if quoted.status() != QuoteStatus::Ok {
            return Err(VisitError::Unexpected(format!("a new receipt was answered {}", quoted.status().as_str_name())));
        }
        Ok((quoted, took))
    }

    async fn void(&self, receipt: &Receipt, quoted: &QuoteResponse) -> Result<(String, Ended), VisitError> {
        let request = VoidRequest {
            contract_minor: CONTRACT_MINOR,
            receipt_id: receipt.receipt_id.clone(),
            store_id: self.store_id.clone(),
            till_id: self.till_id.clone(),
            attempt: 1,
            quote_token: quoted.quote_token.clone(),
            customer: receipt.customer.clone(),
            delivery: None,
        };
        server(self.client.void(request, CallOptions::default()).await?)?;
        Ok(("the customer left without paying; what was promised is free again".to_owned(), Ended::Voided))
    }

    /// One unit of the first line comes back: a preview says what to give, then it is done.
    async fn take_back(&self, original: &Outcome) -> Result<(String, Ended), VisitError> {
        let mut request = self.return_request(original)?;
        let previewed = server(self.client.return_goods(request.clone(), CallOptions::default()).await?)?;
        let answer = previewed.answer.unwrap_or_default();
        request.mode = ReturnMode::Done.into();
        for line in &mut request.lines {
            let refund = answer.lines.iter().find(|refund| refund.line_id == line.line_id);
            line.amount_minor = refund.map_or(0, |refund| refund.refund_minor);
        }
        let refund = answer.totals.map_or(0, |totals| totals.due_minor);
        request.tenders = vec![cash(refund)];
        let returned = server(self.client.return_goods(request, CallOptions::default()).await?)?;
        match (returned.status(), returned.outcome) {
            (ReturnStatus::Committed, Some(outcome)) => {
                Ok((words::of_outcome(&outcome, &self.goods), Ended::Returned { outcome: Box::new(outcome) }))
            }
            (status, _) => Err(VisitError::Unexpected(format!("a return was answered {}", status.as_str_name()))),
        }
    }

    fn return_request(&self, original: &Outcome) -> Result<ReturnRequest, VisitError> {
        let now = now_here();
        let line = original.lines.iter().find(|line| !line.added);
        let line = line.ok_or_else(|| VisitError::Unexpected("a sale without a line".to_owned()))?;
        Ok(ReturnRequest {
            contract_minor: CONTRACT_MINOR,
            receipt_id: self.ids.mint(now.date())?,
            mode: ReturnMode::Preview.into(),
            original: Some(Original::OriginalReceiptId(original.receipt_id.clone())),
            returned_at: Some(wire_time(now.timestamp())),
            business_date: now.date().to_string(),
            store_id: self.store_id.clone(),
            till_id: self.till_id.clone(),
            currency_code: original.currency_code.clone(),
            lines: vec![ReturnedLine {
                line_id: "1".to_owned(),
                original_line_id: line.line_id.clone(),
                sku: line.sku.clone(),
                quantity_milli: line.quantity_milli.min(1_000),
                quantity_kind: line.quantity_kind,
                unit_price_micros: line.unit_price_micros,
                ..ReturnedLine::default()
            }],
            ..ReturnRequest::default()
        })
    }

    fn remember(&mut self, outcome: &Outcome) {
        self.remembered.push_back(outcome.clone());
        if self.remembered.len() > REMEMBERED_MAX {
            self.remembered.pop_front();
        }
    }
}

/// What is paid: as quoted, or without what the campaigns add.
fn settle_request(receipt: &Receipt, quoted: &QuoteResponse, visit: &Visit) -> SettleRequest {
    let answer = quoted.answer.clone().unwrap_or_default();
    let declined_ids: Vec<String> = if visit.end == End::PaidDeclining {
        answer.lines.iter().map(|line| line.decline_id.clone()).filter(|id| !id.is_empty()).collect()
    } else {
        Vec::new()
    };
    let (mut sold, added_lines) = sold_without(receipt, &answer, &declined_ids);
    sold.tenders = vec![cash(answer.totals_after.as_ref().map_or(0, |totals| totals.due_minor))];
    SettleRequest {
        contract_minor: CONTRACT_MINOR,
        receipt: Some(sold),
        added_lines,
        quote_token: quoted.quote_token.clone(),
        declined_ids,
        answers: if visit.answers { answers(&answer) } else { Vec::new() },
        ..SettleRequest::default()
    }
}

fn answers(answer: &Answer) -> Vec<PromptAnswer> {
    let asked = answer.prompts.iter().filter(|prompt| prompt.fact_id == ANSWERED.0);
    asked
        .map(|prompt| PromptAnswer {
            prompt_id: prompt.prompt_id.clone(),
            fact_id: prompt.fact_id.clone(),
            value: ANSWERED.1.to_owned(),
            refused: false,
            ..PromptAnswer::default()
        })
        .collect()
}

fn cash(amount_minor: i64) -> Tender {
    Tender { kind: TenderKind::Cash.into(), amount_minor, ..Tender::default() }
}

/// The server's answer; an unknown outcome is an end of its own, kept in the journal.
fn server<T>(answered: Answered<T>) -> Result<T, VisitError> {
    match answered {
        Answered::Server(answer) | Answered::Unchanged(answer) => Ok(answer),
        Answered::Unknown(unknown) => {
            Err(VisitError::Unexpected(format!("{} is unknown for now: {}", unknown.receipt_id, unknown.cause)))
        }
    }
}

fn outcome_of(settled: &SettleResponse) -> Result<Outcome, VisitError> {
    let missing = || VisitError::Unexpected(format!("a settle was answered {}", settled.status().as_str_name()));
    settled.outcome.clone().ok_or_else(missing)
}
