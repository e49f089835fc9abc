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
    /// The job at which the work panics.
    breaks_at: Option<usize>,
}

impl Work<u32, Job> for Recorder {
    async fn run(&self, key: &u32, jobs: Vec<Job>) {
        assert_eq!(self.at_once.fetch_add(1, Ordering::SeqCst), 0, "one batch of a key at a time");
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        tokio::task::yield_now().await;
        self.batches.lock().unwrap().push(jobs.len());
        if jobs.iter().any(|job| Some(job.number) == self.breaks_at) {
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            panic!("the work breaks, as the test wants it");
        }
        for job in jobs {
            self.seen.lock().unwrap().push((*key, job.number));
            // The caller may have left: that is no reason to stop (H14).
            let _ = job.done.send(());
        }
        self.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

const LIMITS: QueueLimits = QueueLimits { waiting_max: 8, batch_max: 3 };

type Wait = oneshot::Receiver<()>;

/// The turn is dropped: the work goes on in a task of its own.
fn submit(queues: &Arc<Queues<u32, Job, Recorder>>, number: usize) -> Result<Wait, QueueFull> {
    submit_and_carry(queues, number).map(|(_turn, wait)| wait)
}

fn submit_and_carry(queues: &Arc<Queues<u32, Job, Recorder>>, number: usize) -> Result<(Turn, Wait), QueueFull> {
    let (done, wait) = oneshot::channel();
    queues.submit(7, Job { number, done }).map(|turn| (turn, wait))
}

fn seen(queues: &Queues<u32, Job, Recorder>) -> Vec<usize> {
    queues.work().seen.lock().unwrap().iter().map(|(_, number)| *number).collect()
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
    assert_eq!(seen(&queues), (0..=200).collect::<Vec<_>>());
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

#[tokio::test]
async fn h14_the_first_caller_carries_the_work_and_leaves_what_is_behind_it_to_a_task() {
    let queues = Queues::new(Recorder::default(), LIMITS);
    let (turn, first) = submit_and_carry(&queues, 0).unwrap();
    let behind: Vec<Wait> = (1..=7).map(|number| submit(&queues, number).unwrap()).collect();
    tokio::task::yield_now().await;
    assert!(seen(&queues).is_empty(), "nobody but the first caller works");
    turn.until(first).await.unwrap();
    assert_eq!(seen(&queues), [0, 1, 2], "the caller of the first job is answered with its batch");
    for wait in behind {
        wait.await.unwrap();
    }
    assert_eq!(seen(&queues), (0..=7).collect::<Vec<_>>());
    assert_eq!(*queues.work().batches.lock().unwrap(), vec![3, 3, 2]);
}

#[tokio::test]
async fn h14_a_caller_who_hangs_up_midway_leaves_the_work_to_a_task() {
    let queues = Queues::new(Recorder { gate: Some(Semaphore::new(0)), ..Recorder::default() }, LIMITS);
    let (turn, first) = submit_and_carry(&queues, 0).unwrap();
    let behind = submit(&queues, 1).unwrap();
    let mut carried = Box::pin(turn.until(first));
    assert!(futures_util::future::poll_immediate(&mut carried).await.is_none(), "the gate is shut");
    assert_eq!(queues.work().at_once.load(Ordering::SeqCst), 1, "the work has begun in the caller's own task");
    drop(carried);
    queues.work().gate.as_ref().unwrap().add_permits(100);
    behind.await.unwrap();
    assert_eq!(seen(&queues), [0, 1]);
}

#[tokio::test]
async fn h31_work_that_panics_tells_who_waits_and_serves_who_comes_later() {
    let queues = Queues::new(Recorder { breaks_at: Some(0), ..Recorder::default() }, LIMITS);
    for carried in [true, false] {
        let (turn, first) = submit_and_carry(&queues, 0).unwrap();
        let behind: Vec<Wait> = (1..=5).map(|number| submit(&queues, number).unwrap()).collect();
        if carried {
            let broken = tokio::spawn(turn.until(first)).await.unwrap_err();
            assert!(broken.is_panic(), "{broken}");
        } else {
            drop(turn);
            assert!(first.await.is_err(), "who carried it hears that it is gone");
        }
        for wait in behind {
            assert!(wait.await.is_err(), "who waits behind hears that it is gone");
        }
        submit(&queues, 10).unwrap().await.unwrap();
    }
    assert_eq!(seen(&queues), [10, 10]);
}
