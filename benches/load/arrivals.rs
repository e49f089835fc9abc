//! Arrivals at a fixed rate, whatever the server does: latency counts from when a call should have begun,
//! so that a server which stalls is charged for all who would have come meanwhile.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::runtime::Handle;

use crate::ask::{Ask, Receipts};
use crate::caller::{Client, call};

/// Latencies in nanoseconds, to three digits.
pub(crate) type Latencies = Histogram<u64>;

/// Nothing measured yet.
pub(crate) fn latencies() -> Latencies {
    Histogram::new(3).unwrap()
}

/// Sends quotes for `time`, `rate` a second, and waits for all answers. Blocks: the schedule must not wait
/// for the runtime that carries the calls.
pub(crate) fn quotes(handle: &Handle, clients: &[Client], receipts: &Arc<Receipts>, rate: f64, time: Duration) -> Latencies {
    let measured = Arc::new(Mutex::new(latencies()));
    let begin = Instant::now();
    let count = (time.as_secs_f64() * rate) as u32;
    let mut calls = Vec::with_capacity(usize::try_from(count).unwrap());
    for number in 0..count {
        let due = begin + Duration::from_secs_f64(f64::from(number) / rate);
        if let Some(early) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(early);
        }
        let place = usize::try_from(number).unwrap() % clients.len();
        let (mut client, measured, receipts) = (clients[place].clone(), Arc::clone(&measured), Arc::clone(receipts));
        calls.push(handle.spawn(async move {
            call(&mut client, Ask::Quote(receipts.next_quote())).await;
            let nanos = u64::try_from(due.elapsed().as_nanos()).unwrap();
            measured.lock().unwrap().record(nanos).unwrap();
        }));
    }
    handle.block_on(async {
        for call in calls {
            call.await.unwrap();
        }
    });
    Arc::into_inner(measured).unwrap().into_inner().unwrap()
}
