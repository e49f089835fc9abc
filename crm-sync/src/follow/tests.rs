//! A follower against a feed that breaks, repeats and refuses as told.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tessera_proto::billing::v1::Outcome;
use tessera_proto::feed::v1::feed_service_server::{FeedService, FeedServiceServer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::Request;

use super::*;

/// What the server says to one call.
#[derive(Clone)]
enum Said {
    Send(u64, &'static str, &'static str),
    Break(Code),
    /// Keeps the stream open and silent.
    Wait,
}
use Said::{Break, Send, Wait};

#[derive(Clone, Default)]
struct Feed {
    calls: Arc<Mutex<VecDeque<Vec<Said>>>>,
    asked: Arc<Mutex<Vec<FollowRequest>>>,
}

#[tonic::async_trait]
impl FeedService for Feed {
    type FollowStream = Pin<Box<dyn Stream<Item = Result<FollowResponse, Status>> + std::marker::Send>>;

    async fn follow(&self, request: Request<FollowRequest>) -> Result<Response<Self::FollowStream>, Status> {
        self.asked.lock().unwrap().push(request.into_inner());
        // The last script is said again: a call that was dropped before it was read must not use it up.
        let said = {
            let mut calls = self.calls.lock().unwrap();
            if calls.len() > 1 { calls.pop_front().unwrap() } else { calls.front().cloned().unwrap_or_default() }
        };
        let mut parts: Vec<Result<FollowResponse, Status>> = Vec::new();
        let mut waits = false;
        for one in said {
            match one {
                Send(sequence, id, cursor) => parts.push(Ok(response(sequence, id, cursor))),
                Break(code) if parts.is_empty() => return Err(Status::new(code, "refused at once")),
                Break(code) => parts.push(Err(Status::new(code, "broken"))),
                Wait => waits = true,
            }
        }
        let sent = tokio_stream::iter(parts);
        if waits {
            return Ok(Response::new(Box::pin(sent.chain(tokio_stream::pending()))));
        }
        Ok(Response::new(Box::pin(sent)))
    }
}

fn response(sequence: u64, outcome_id: &str, cursor: &'static str) -> FollowResponse {
    FollowResponse {
        cursor: Bytes::from_static(cursor.as_bytes()),
        sequence,
        outcome: Some(Outcome { outcome_id: outcome_id.to_owned(), ..Outcome::default() }),
        ..FollowResponse::default()
    }
}

async fn serve(calls: impl IntoIterator<Item = Vec<Said>>) -> (String, Feed) {
    let feed = Feed { calls: Arc::new(Mutex::new(calls.into_iter().collect())), ..Feed::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tonic::transport::Server::builder().add_service(FeedServiceServer::new(feed.clone()));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (endpoint, feed)
}

fn id(response: FollowResponse) -> String {
    response.outcome.unwrap().outcome_id
}

/// Follows until `count` outcomes have come or the follower ends.
async fn ids(follower: &mut Follower, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let Some(response) = follower.next().await.unwrap() else { break };
        ids.push(id(response));
    }
    ids
}

fn cursors_asked(feed: &Feed) -> Vec<String> {
    feed.asked.lock().unwrap().iter().map(|request| String::from_utf8(request.cursor.to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn without_staying_it_ends_when_it_has_caught_up() {
    let (endpoint, feed) = serve([vec![Send(1, "a", "1"), Send(3, "b", "3")]]).await;
    let mut follower = Follower::new(&endpoint, Position::after(b"0".to_vec()), false).unwrap();
    assert_eq!(ids(&mut follower, 9).await, ["a", "b"]);
    assert!(follower.next().await.unwrap().is_none(), "an end stays an end");
    assert_eq!(follower.position(), &Position::after(b"3".to_vec()));
    let asked = feed.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].until_caught_up);
    assert_eq!(asked[0].cursor, "0");
}

#[tokio::test]
async fn a_stream_that_breaks_is_resumed_behind_the_last_cursor() {
    let calls = [
        vec![Send(1, "a", "1"), Send(2, "b", "2"), Break(Code::Unavailable)],
        vec![Send(3, "c", "3"), Break(Code::Internal)],
        vec![Send(4, "d", "4"), Wait],
    ];
    let (endpoint, feed) = serve(calls).await;
    let mut follower = Follower::new(&endpoint, Position::default(), true).unwrap();
    assert_eq!(ids(&mut follower, 4).await, ["a", "b", "c", "d"]);
    assert_eq!(cursors_asked(&feed), ["", "2", "3"]);
    assert!(!feed.asked.lock().unwrap()[0].until_caught_up);
}

#[tokio::test]
async fn a_commit_that_comes_again_after_a_break_in_its_middle_is_handed_out_once() {
    let calls = [
        vec![Send(1, "a", "1"), Send(2, "b", ""), Send(2, "b:1", ""), Break(Code::Unavailable)],
        vec![Send(2, "b", ""), Send(2, "b:1", ""), Send(2, "b:2", "2"), Send(3, "c", "3"), Wait],
    ];
    let (endpoint, feed) = serve(calls).await;
    let mut follower = Follower::new(&endpoint, Position::default(), true).unwrap();
    assert_eq!(ids(&mut follower, 5).await, ["a", "b", "b:1", "b:2", "c"]);
    assert_eq!(cursors_asked(&feed), ["", "1"]);
}

#[tokio::test]
async fn the_same_outcome_sent_twice_on_one_stream_is_handed_out_once() {
    let (endpoint, _feed) = serve([vec![Send(1, "a", "1"), Send(1, "a", "1"), Send(2, "a", "2")]]).await;
    let mut follower = Follower::new(&endpoint, Position::default(), false).unwrap();
    let sequences: Vec<u64> = [follower.next().await, follower.next().await].map(|next| next.unwrap().unwrap().sequence).to_vec();
    assert_eq!(sequences, [1, 2]);
    assert!(follower.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_that_ends_by_itself_is_taken_up_again_where_one_stays() {
    let (endpoint, feed) = serve([vec![Send(1, "a", "1")], vec![Send(2, "b", "2"), Wait]]).await;
    let mut follower = Follower::new(&endpoint, Position::default(), true).unwrap();
    assert_eq!(ids(&mut follower, 2).await, ["a", "b"]);
    assert_eq!(cursors_asked(&feed), ["", "1"]);
}

#[tokio::test]
async fn a_next_that_was_dropped_loses_nothing() {
    let (endpoint, feed) = serve([vec![Break(Code::Unavailable)], vec![Send(1, "a", "1"), Wait]]).await;
    let mut follower = Follower::new(&endpoint, Position::default(), true).unwrap();
    let mut next = None;
    while next.is_none() {
        next = tokio::select! {
            biased;
            got = follower.next() => Some(got.unwrap().unwrap()),
            () = tokio::task::yield_now() => None,
        };
    }
    assert_eq!(id(next.unwrap()), "a");
    assert_eq!(cursors_asked(&feed), ["", ""], "a call that was under way goes on when `next` is dropped");
}

#[tokio::test]
async fn a_position_that_is_refused_is_an_error_even_where_one_stays() {
    let (endpoint, _feed) = serve([vec![Break(Code::OutOfRange)]]).await;
    let mut follower = Follower::new(&endpoint, Position::after(b"foreign".to_vec()), true).unwrap();
    let refused = follower.next().await.unwrap_err();
    assert!(matches!(&refused, FollowError::Refused { status, .. } if status.code() == Code::OutOfRange), "{refused}");
}

#[tokio::test]
async fn nobody_there_is_an_error_where_one_does_not_stay_and_names_the_endpoint() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut follower = Follower::new(&endpoint, Position::default(), false).unwrap();
    let broken = follower.next().await.unwrap_err();
    assert!(matches!(broken, FollowError::Broken { .. }), "{broken}");
    assert!(broken.to_string().contains(&endpoint), "{broken}");
}

#[tokio::test]
async fn an_endpoint_that_is_no_address_is_refused_at_once() {
    let refused = Follower::new("not an address", Position::default(), true).unwrap_err();
    assert!(matches!(refused, FollowError::Address(_)), "{refused}");
}
