//! The close of the till's day: what the till has sold is compared with what the engine has, and what the engine lacks
//! is sent again with the same id (H60).

use std::time::Duration;

use jiff::civil::Date;
use tessera_contract::till_day::{DayReceipts, DaySum, ReceiptId, TillDay};
use tessera_proto::gateway::v1::gateway_service_client::GatewayServiceClient;
use tessera_proto::gateway::v1::{CloseTillDayRequest, CloseTillDayResponse, TillDayDifferenceKind, TillDayStatus};
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::Channel;

use crate::advice::Advice;
use crate::client::TillClient;
use crate::config::CallOptions;
use crate::journal::Done;
use crate::limits::{DAY_BUDGET, DAY_MESSAGE_BYTES_MAX};
use crate::refusal::{CallName, Refusal, TillError};

/// How often what the engine lacks is sent again in one close.
const ROUNDS_MAX: u32 = 2;

/// How a day was closed, or what differs.
#[derive(Debug, Clone, PartialEq)]
pub struct DayClose {
    /// What the till says of its day.
    pub said: DaySum,
    /// What the engine says; AGREED: the day is closed.
    pub response: CloseTillDayResponse,
    /// Receipts that the engine lacked and that were sent again.
    pub resent: Vec<String>,
}

impl TillClient {
    /// Closes a trading day of this till. What waits for its outcome is sent first; what the engine lacks is sent again, as
    /// far as the journal has it. Where both agree the day is closed; else the answer names what differs.
    /// Without a journal the till names nothing, and the answer names all that the engine has.
    ///
    /// # Errors
    /// The server refused, nobody answered, the journal failed, or store and till of the configuration are no ids.
    pub async fn close_day(&self, date: Date, options: CallOptions) -> Result<DayClose, TillError> {
        let day = self.till_day(date)?;
        self.resend_open(options).await?;
        let mut resent = Vec::new();
        let mut rounds = 0;
        loop {
            let sold = self.journal().of_day(&day);
            let receipts = as_said(&sold);
            let said = receipts.sum();
            let mut response = self.ask_close(receipts.to_request(&day, "", false), options).await?;
            if response.status() == TillDayStatus::Agreed {
                return Ok(DayClose { said, response, resent });
            }
            if !receipts.is_empty() {
                response = self.ask_close(receipts.to_request(&day, "", true), options).await?;
            }
            rounds += 1;
            let sent = if rounds < ROUNDS_MAX { self.send_missing(&response, &sold, options).await } else { Vec::new() };
            if sent.is_empty() {
                return Ok(DayClose { said, response, resent });
            }
            resent.extend(sent);
        }
    }

    fn till_day(&self, date: Date) -> Result<TillDay, TillError> {
        let (store, till) = self.place();
        TillDay::parse(store, till, &date.to_string()).ok_or_else(|| TillError::Refused {
            call: CallName::CloseTillDay,
            refusal: tessera_contract::Refusal::fault("till_id", "store and till must be ids").into(),
        })
    }

    /// Sends what the engine lacks; says what an engine or gateway has taken.
    async fn send_missing(&self, response: &CloseTillDayResponse, sold: &[Done], options: CallOptions) -> Vec<String> {
        let is_missing = |id: &ReceiptId| {
            let missing = response.differences.iter().filter(|difference| difference.kind() == TillDayDifferenceKind::Missing);
            missing.into_iter().any(|difference| difference.receipt_id == id.as_str())
        };
        let mut sent = Vec::new();
        for done in sold.iter().filter(|done| is_missing(&done.id)) {
            let request = done.request.as_deref().unwrap_or_default();
            let Some(advice) = Advice::decode(done.call(), request).filter(|_| !request.is_empty()) else { continue };
            tracing::warn!(receipt = %done.id, "the engine does not have a receipt that was answered: it is sent again");
            if self.call(&advice.into_call(), options).await.is_ok() {
                sent.push(done.id.to_string());
            }
        }
        sent
    }

    async fn ask_close(&self, request: CloseTillDayRequest, options: CallOptions) -> Result<CloseTillDayResponse, TillError> {
        let budget = options.budget.unwrap_or(DAY_BUDGET);
        let mut client = self.gateway();
        match timeout(budget, client.close_till_day(request)).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(TillError::NotAnswered { call: CallName::CloseTillDay, refusal: Refusal::from(status) }),
            Err(_) => Err(TillError::NotAnswered { call: CallName::CloseTillDay, refusal: overdue(budget) }),
        }
    }
}

fn overdue(budget: Duration) -> Refusal {
    Refusal::link(Code::DeadlineExceeded, format!("no answer within {} s", budget.as_secs()))
}

/// Services beside the till's calls, on the same connection.
pub(crate) fn gateway_client(channel: Channel) -> GatewayServiceClient<Channel> {
    GatewayServiceClient::new(channel)
        .max_decoding_message_size(DAY_MESSAGE_BYTES_MAX)
        .max_encoding_message_size(DAY_MESSAGE_BYTES_MAX)
}

fn as_said(sold: &[Done]) -> DayReceipts {
    let mut receipts = DayReceipts::default();
    for done in sold {
        receipts.insert(done.id.clone(), done.receipt);
    }
    receipts
}
