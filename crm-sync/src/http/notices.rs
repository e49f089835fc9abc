//! Notices over HTTP, for loopback: lists, trying anew, what customers want, and what providers say afterwards.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{json, refuse};
use crate::look_up::{LookUp, LookUpError};
use crate::notices::book::{Book, BookError};
use crate::notices::carrier::Receipt;
use crate::notices::list::{LIST_MAX, Which, list, retry};
use crate::notices::plan::Channel;
use crate::notices::{progress, wishes};

mod page;

/// Words by which a customer wants no more messages, and those by which they want them again.
const STOP_WORDS: [&str; 7] = ["stop", "stopp", "стоп", "quit", "cancel", "end", "unsubscribe"];
const START_WORDS: [&str; 3] = ["start", "старт", "unstop"];

/// What is served of notices.
#[derive(Clone, Debug)]
pub struct NoticesServed {
    /// The book.
    pub book: Arc<Book>,
    /// Says whose a phone is.
    pub look_up: LookUp,
    /// There is a route.
    pub has_routes: bool,
}

/// Which notices are wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default = "due")]
    list: Which,
    #[serde(default = "default_limit")]
    limit: usize,
}

const fn due() -> Which {
    Which::Due
}

const fn default_limit() -> usize {
    100
}

/// Which notices are tried anew: one by its mark, or all that wait for people.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retried {
    mark: Option<String>,
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Serialize)]
struct Count {
    retried: usize,
}

/// What a customer wants from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    customer: Option<String>,
    phone: Option<String>,
    stopped: Option<bool>,
    channels: Option<Vec<Channel>>,
}

/// What a provider says of a message, as Kannel calls for it.
#[derive(Debug, Deserialize)]
struct Told {
    mark: String,
    #[serde(rename = "type")]
    code: u32,
}

/// A message of a customer, as Kannel's `get-url` brings it.
#[derive(Deserialize)]
struct Incoming {
    from: String,
    text: String,
}

/// The routes.
pub fn routes(served: NoticesServed) -> Router {
    Router::new()
        .route("/notices", get(show))
        .route("/v1/notices", get(lists))
        .route("/v1/notices/retry", post(try_anew))
        .route("/v1/notices/customers", post(wish))
        .route("/v1/notices/receipts/{route}", get(receipt))
        .route("/v1/notices/incoming", get(incoming))
        .with_state(served)
}

async fn lists(State(served): State<NoticesServed>, Query(wanted): Query<Wanted>) -> Response {
    match list(&served.book, wanted.list, wanted.limit, Timestamp::now()).await {
        Ok(list) => json(StatusCode::OK, &list),
        Err(error) => broken(&error),
    }
}

async fn show(State(served): State<NoticesServed>) -> Response {
    let now = Timestamp::now();
    let (late, people, due) = (
        list(&served.book, Which::Late, LIST_MAX, now).await,
        list(&served.book, Which::Undeliverable, LIST_MAX, now).await,
        list(&served.book, Which::Due, 100, now).await,
    );
    match (late, people, due) {
        (Ok(late), Ok(people), Ok(due)) => Html(page::page(served.has_routes, &late, &people, &due)).into_response(),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => broken(&error),
    }
}

async fn try_anew(State(served): State<NoticesServed>, body: Bytes) -> Response {
    let wanted: Retried = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(fault) => return refuse(StatusCode::BAD_REQUEST, &format!("the body names no notices: {fault}")),
    };
    if wanted.mark.is_some() == wanted.all {
        return refuse(StatusCode::BAD_REQUEST, "name one notice by its `mark`, or `all`");
    }
    match retry(&served.book, wanted.mark.as_deref(), Timestamp::now()).await {
        Ok(0) if !wanted.all => refuse(StatusCode::NOT_FOUND, "there is no such notice, or it does not wait for people"),
        Ok(retried) => json(StatusCode::OK, &Count { retried }),
        Err(error) => broken(&error),
    }
}

async fn wish(State(served): State<NoticesServed>, body: Bytes) -> Response {
    let wish: Wish = match serde_json::from_slice(&body) {
        Ok(wish) => wish,
        // The fault's own text could repeat what was sent.
        Err(fault) => {
            let text = format!("the body is no wish ({:?} fault in column {})", fault.classify(), fault.column());
            return refuse(StatusCode::BAD_REQUEST, &text);
        }
    };
    let customer = match (wish.customer, wish.phone) {
        (Some(customer), None) => Ok(customer),
        (None, Some(phone)) => served.look_up.customer_of_phone(&phone).await,
        (Some(_), Some(_)) | (None, None) => Err(LookUpError::NotOne),
    };
    let customer = match customer {
        Ok(customer) => customer,
        Err(error) => return refuse(super::status_of(&error), &error.to_string()),
    };
    let now = Timestamp::now();
    let changed = wishes::change(&served.book, &customer, |wishes| {
        if let Some(stopped) = wish.stopped {
            wishes.stopped_at = stopped.then(|| wishes.stopped_at.unwrap_or(now));
        }
        if let Some(channels) = &wish.channels {
            wishes.order.clone_from(channels);
        }
    });
    match changed.await {
        Ok(wishes) => json(StatusCode::OK, &wishes),
        Err(error) => broken(&error),
    }
}

/// Kannel's codes: 1 delivered, 2 not delivered, 16 refused by the network; 4 and 8 are steps on the way.
async fn receipt(State(served): State<NoticesServed>, Path(route): Path<String>, Query(told): Query<Told>) -> Response {
    let what = match told.code {
        1 => Receipt::Delivered,
        2 | 16 => Receipt::NotDelivered(told.code.to_string()),
        _ => return StatusCode::NO_CONTENT.into_response(),
    };
    match received(&served.book, &told.mark, &route, &what).await {
        // Also where there is no such notice: the provider would only say it again.
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => broken(&error),
    }
}

async fn received(book: &Book, mark: &str, route: &str, what: &Receipt) -> Result<(), BookError> {
    let (outages, now) = (book.outages().await?.value, Timestamp::now());
    book.change(mark, |notice| progress::receipt(notice, route, what.clone(), now, &outages)).await.map(drop)
}

async fn incoming(State(served): State<NoticesServed>, Query(message): Query<Incoming>) -> Response {
    let word = message.text.trim().trim_end_matches(['.', '!']).to_lowercase();
    let stops = STOP_WORDS.contains(&word.as_str());
    if !stops && !START_WORDS.contains(&word.as_str()) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let customer = match served.look_up.customer_of_phone(&message.from).await {
        Ok(customer) => customer,
        // Nobody to stop writing to.
        Err(LookUpError::Unknown | LookUpError::Refused(_)) => return StatusCode::NO_CONTENT.into_response(),
        Err(error) => return refuse(super::status_of(&error), &error.to_string()),
    };
    let now = Timestamp::now();
    match wishes::change(&served.book, &customer, |wishes| wishes.stopped_at = stops.then_some(now)).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => broken(&error),
    }
}

fn broken(error: &BookError) -> Response {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}

#[cfg(test)]
mod tests;
