//! The mirror over HTTP, for loopback: how far it is, cards, reports. Questions with personal data come in bodies, which
//! no log shows.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::Serialize;

use crate::closed_days::ClosedDays;
use crate::fresh::{Fresh, Freshness};
use crate::look_up::{LookUp, LookUpError, Wanted};
use crate::mirror::read::Reader;
use crate::report::{Question, ReportError, compute};

pub mod notices;

/// How long the status counts what the mirror is behind.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a report waits for the mirror.
const REPORT_PATIENCE: Duration = Duration::from_secs(10);

/// What is served.
#[derive(Clone, Debug)]
pub struct Served {
    /// How far the mirror is.
    pub fresh: Fresh,
    /// Cards.
    pub look_up: LookUp,
    /// What reports are made of.
    pub reader: Reader,
    /// Which days are closed.
    pub closed_days: ClosedDays,
}

/// How far a mirror is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Status {
    /// Outcomes that are folded.
    pub outcomes: u64,
    /// When the last of them was booked; none: there are none.
    pub booked_at: Option<Timestamp>,
    /// The ledger's time zone.
    pub time_zone: String,
    /// Whether that is everything.
    pub freshness: Freshness,
}

/// The routes.
pub fn routes(served: Served) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/cards", post(card))
        .route("/v1/reports", post(report))
        .route("/livez", get(|| async { "ok\n" }))
        .with_state(served)
}

async fn status(State(served): State<Served>) -> Response {
    let freshness = served.fresh.wait(PATIENCE).await;
    let folded = served.fresh.folded();
    let status =
        Status { outcomes: folded.outcomes, booked_at: folded.booked_at, time_zone: folded.time_zone.clone(), freshness };
    json(StatusCode::OK, &status)
}

async fn card(State(served): State<Served>, body: Bytes) -> Response {
    let wanted: Wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        // The fault's own text could repeat what was sent.
        Err(fault) => {
            return refuse(
                StatusCode::BAD_REQUEST,
                &format!("the body is no question for a card ({:?} fault in column {})", fault.classify(), fault.column()),
            );
        }
    };
    match served.look_up.show(&wanted, Timestamp::now()).await {
        Ok(shown) => json(StatusCode::OK, &shown),
        Err(error) => refuse(status_of(&error), &error.to_string()),
    }
}

const fn status_of(error: &LookUpError) -> StatusCode {
    match error {
        LookUpError::NotOne | LookUpError::Refused(_) => StatusCode::BAD_REQUEST,
        LookUpError::Unknown => StatusCode::NOT_FOUND,
        LookUpError::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
        LookUpError::Mirror(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Everything that was committed when the question came is in the report, or it says that it is not.
async fn report(State(served): State<Served>, body: Bytes) -> Response {
    let question: Question = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(fault) => return refuse(StatusCode::BAD_REQUEST, &format!("the body is no question for a report: {fault}")),
    };
    let closed = served.closed_days.last().await;
    let freshness = served.fresh.wait(REPORT_PATIENCE).await;
    match compute(&served.reader, &question, closed).await {
        Ok(mut report) => {
            if !freshness.up_to_date {
                report
                    .notes
                    .push(format!("NOT UP TO DATE: {}, at least {} outcomes are missing", freshness.reason, freshness.behind));
            }
            json(StatusCode::OK, &report)
        }
        Err(error @ ReportError::Mirror(_)) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

#[derive(Serialize)]
struct Refused<'a> {
    error: &'a str,
}

fn refuse(code: StatusCode, error: &str) -> Response {
    json(code, &Refused { error })
}

fn json<T: Serialize>(code: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (code, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
