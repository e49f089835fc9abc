//! Tests of the queues.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, oneshot};

use super::*;

struct Job {
    number: usize,
    done: oneshot::Sender<()>,
}

#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<(u32, usize)>>,
    batches: Mutex<Vec<usize>>,
    at_once: AtomicUsize,
    gate: Option<Semaphore>,
}

impl Work<u32, Job> for Recorder {
    async fn run(&self, key: &u32, jobs: Vec<Job>) {
        assert_eq!(self.at_once.fetch_add(1, Ordering::SeqCst), 0, "one batch of a key at a time");
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        tokio::task::yield_now().await;
        self.batches.lock().unwrap().push(jobs.len());
        for job in jobs {
            self.seen.lock().unwrap().push((*key, job.number));
            // The caller may have left: that is no reason to stop (H14).
            let _ = job.done.send(());
        }
        self.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

const LIMITS: QueueLimits = QueueLimits { waiting_max: 8, batch_max: 3 };

fn submit(queues: &Arc<Queues<u32, Job, Recorder>>, number: usize) -> Result<oneshot::Receiver<()>, QueueFull> {
    let (done, wait) = oneshot::channel();
    // The turn is dropped: the work goes on in a task of its own.
    queues.submit(7, Job { number, done }).map(|_turn| wait)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_jobs_of_one_key_run_one_batch_at_a_time_in_their_order() {
    let queues = Queues::new(Recorder::default(), LIMITS);
    for number in 0..200 {
        while submit(&queues, number).is_err() {
            tokio::task::yield_now().await;
        }
    }
    let last = loop {
        if let Ok(wait) = submit(&queues, 200) {
            break wait;
        }
        tokio::task::yield_now().await;
    };
    last.await.unwrap();
    let numbers: Vec<usize> = queues.work().seen.lock().unwrap().iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, (0..=200).collect::<Vec<_>>());
    assert!(queues.work().batches.lock().unwrap().iter().all(|length| *length <= LIMITS.batch_max));
}

#[tokio::test]
async fn h39_a_crowded_key_is_refused_and_later_served_again() {
    let queues = Queues::new(Recorder { gate: Some(Semaphore::new(0)), ..Recorder::default() }, LIMITS);
    let mut waits = vec![submit(&queues, 0).unwrap()];
    tokio::task::yield_now().await;
    for number in 1..=8 {
        waits.push(submit(&queues, number).unwrap());
    }
    assert_eq!(submit(&queues, 9).err(), Some(QueueFull { limit: 8 }));
    queues.work().gate.as_ref().unwrap().add_permits(100);
    for wait in waits {
        wait.await.unwrap();
    }
    submit(&queues, 10).unwrap().await.unwrap();
    assert_eq!(*queues.work().batches.lock().unwrap(), vec![1, 3, 3, 2, 1], "what waited together was handed over together");
}

#[tokio::test]
async fn h14_a_caller_who_leaves_does_not_stop_the_work() {
    let queues = Queues::new(Recorder { gate: Some(Semaphore::new(0)), ..Recorder::default() }, LIMITS);
    drop(submit(&queues, 1).unwrap());
    let stays = submit(&queues, 2).unwrap();
    queues.work().gate.as_ref().unwrap().add_permits(100);
    stays.await.unwrap();
    assert_eq!(*queues.work().seen.lock().unwrap(), vec![(7, 1), (7, 2)]);
}
