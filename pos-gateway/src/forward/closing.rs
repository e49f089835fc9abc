//! The close of a till's day: what till, gateway and engine say of it is compared, and what the engine lacks and this
//! gateway has is delivered (H60).

use std::collections::BTreeMap;

use tessera_contract::Refusal;
use tessera_contract::till_day::{DayKind, DayReceipts, SaidDay, TillDay};
use tessera_proto::gateway::v1::gateway_service_client::GatewayServiceClient;
use tessera_proto::gateway::v1::{
    CloseTillDayRequest, CloseTillDayResponse, TillDayDifferenceKind, TillDayResult, TillDayStatus,
};
use tessera_rules::id::ReceiptId;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};

use super::Forwarder;
use crate::advice::with_route;
use crate::call::Call;
use crate::days::{Book, BookedDay, NotedReceipt, as_said};
use crate::limits::{DAY_MESSAGE_BYTES_MAX, DELIVERY_MAX};
use crate::metadata::passed_on;

type Noted = BTreeMap<ReceiptId, NotedReceipt>;

impl Forwarder {
    /// Closes a day as its till says it. What this gateway knows beyond that is compared first, so that a receipt that
    /// the till has lost reaches the engine too.
    ///
    /// # Errors
    /// No engine answers, or it refuses.
    pub(crate) async fn close_said(&self, said: &SaidDay) -> Result<CloseTillDayResponse, Status> {
        let booked = match &self.days {
            Some(days) => days.day(&said.day).await,
            None => BookedDay::default(),
        };
        let own = as_said(&booked.receipts);
        let mut has_all = true;
        if !own.is_empty() && own.sum() != said.sum {
            let (response, _) = self.compare(&said.day, &own, &booked.receipts).await?;
            has_all = engine_has_all(&response);
        }
        let (response, _) = match &said.receipts {
            Some(receipts) => self.compare(&said.day, receipts, &booked.receipts).await?,
            None => (self.ask_close(unnamed(said, &self.config.gateway_id)).await?, 0),
        };
        if has_all {
            self.remember(&said.day, &booked, &response);
        } else {
            let (store, till, date) = (said.day.store.as_str(), said.day.till.as_str(), said.day.date);
            tracing::warn!(store, till, %date, "a till closes a day of which the engine lacks what was answered here");
        }
        Ok(response)
    }

    /// Closes a day as this gateway has it.
    ///
    /// # Errors
    /// No engine answers, or it refuses.
    pub(crate) async fn close_own(&self, days: &Book, day: &TillDay) -> Result<TillDayResult, Status> {
        let booked = days.day(day).await;
        let own = as_said(&booked.receipts);
        let (response, delivered_count) = self.compare(day, &own, &booked.receipts).await?;
        self.remember(day, &booked, &response);
        let sum = own.sum();
        Ok(TillDayResult {
            store_id: day.store.to_string(),
            till_id: day.till.to_string(),
            business_date: day.date.to_string(),
            gateway_settled_count: sum.settled,
            gateway_returned_count: sum.returned,
            engine: Some(response),
            delivered_count,
            fault: String::new(),
        })
    }

    fn remember(&self, day: &TillDay, booked: &BookedDay, response: &CloseTillDayResponse) {
        if let Some(days) = self.days.as_ref().filter(|_| response.status() == TillDayStatus::Agreed) {
            days.closed(day, booked);
        }
    }

    /// Asks an engine; delivers what it lacks, as far as it is here, and asks once more. Says how many were delivered.
    async fn compare(&self, day: &TillDay, said: &DayReceipts, noted: &Noted) -> Result<(CloseTillDayResponse, u32), Status> {
        let request = said.to_request(day, &self.config.gateway_id, true);
        let response = self.ask_close(request.clone()).await?;
        let mut delivered = 0_u32;
        for difference in &response.differences {
            if difference.kind() == TillDayDifferenceKind::Missing && self.held(&difference.receipt_id).is_none() {
                delivered += u32::from(self.deliver_again(&difference.receipt_id, noted).await);
            }
        }
        let mut response = if delivered > 0 { self.ask_close(request).await? } else { response };
        for difference in &mut response.differences {
            if difference.kind() == TillDayDifferenceKind::Missing
                && let Some(held) = self.held(&difference.receipt_id)
            {
                difference.kind = held.into();
            }
        }
        Ok((response, delivered))
    }

    /// How the spool holds a receipt that the engine lacks. None: it does not.
    fn held(&self, receipt_id: &str) -> Option<TillDayDifferenceKind> {
        let is_parked = self.spool.as_ref()?.is_parked(receipt_id)?;
        Some(if is_parked { TillDayDifferenceKind::Parked } else { TillDayDifferenceKind::Waiting })
    }

    /// Delivers a receipt from the book, as it came; whether an engine has taken it.
    async fn deliver_again(&self, receipt_id: &str, noted: &Noted) -> bool {
        let found = ReceiptId::parse(receipt_id).ok().and_then(|id| noted.get(&id));
        let Some(receipt) = found.filter(|receipt| !receipt.request.is_empty()) else { return false };
        let call = match receipt.kind() {
            DayKind::Settled => Call::Settle,
            DayKind::Returned => Call::Return,
        };
        let request = match receipt.accepted_ms {
            Some(accepted_ms) => with_route(call, &receipt.request, self.config.spool_route(), accepted_ms),
            None => receipt.request.clone(),
        };
        tracing::warn!(receipt = receipt_id, "an engine does not have a receipt that was answered: it is delivered again");
        metrics::counter!("tessera_gateway_till_days_delivered_total").increment(1);
        self.deliver(call, request, DELIVERY_MAX).await.is_ok()
    }

    /// An engine's word, of another engine where the first does not answer.
    async fn ask_close(&self, request: CloseTillDayRequest) -> Result<CloseTillDayResponse, Status> {
        let until = Instant::now() + DELIVERY_MAX;
        for attempt in 0..2 {
            let mut client = GatewayServiceClient::new(self.upstream.channel(attempt))
                .max_decoding_message_size(DAY_MESSAGE_BYTES_MAX)
                .max_encoding_message_size(DAY_MESSAGE_BYTES_MAX);
            match timeout_at(until, client.close_till_day(request.clone())).await {
                Ok(Ok(response)) => return Ok(response.into_inner()),
                Ok(Err(status)) if status.code() != Code::Unavailable => return Err(passed_on(&status)),
                Ok(Err(_)) => {}
                Err(_) => break,
            }
        }
        Err(Refusal::EngineUnreachable.into_status())
    }
}

/// Whether an engine has what it was told, and perhaps more.
fn engine_has_all(response: &CloseTillDayResponse) -> bool {
    let not_named = response.differences.iter().filter(|difference| difference.kind() == TillDayDifferenceKind::NotNamed);
    response.status() == TillDayStatus::Agreed || u32::try_from(not_named.count()) == Ok(response.difference_count)
}

/// What is said by counts and hash alone.
fn unnamed(said: &SaidDay, gateway_id: &str) -> CloseTillDayRequest {
    CloseTillDayRequest {
        settled_count: said.sum.settled,
        returned_count: said.sum.returned,
        receipts_hash: said.sum.hash.to_vec(),
        ..DayReceipts::default().to_request(&said.day, gateway_id, false)
    }
}
