//! Tests of the time of an act: read once, after what takes long, and the same for all that looks at it.

use futures_util::future::poll_immediate;

use super::*;

/// A clock on which a second passes between two looks, as if all that is between them took that long.
#[derive(Debug)]
struct SteppingClock(ManualClock);

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        let now = self.0.now();
        self.0.set(now.checked_add(Duration::from_secs(1)).unwrap());
        now
    }
}

async fn open_with_stepping_clock(bench: &Bench) -> Arc<Programs> {
    let clock = Arc::new(SteppingClock(ManualClock::at(at(1_000))));
    let storage: Arc<dyn Storage> = Arc::<MemoryStorage>::clone(&bench.storage);
    Arc::new(Programs::open(storage, clock, People::default()).await.unwrap())
}

#[tokio::test]
async fn p11_no_revision_starts_before_the_act_that_made_it_however_long_it_takes() {
    let bench = Bench::at(0);
    let programs = open_with_stepping_clock(&bench).await;
    let mut refused = 0;
    for ahead in 1..=12 {
        let starts = programs.clock.now().checked_add(Duration::from_secs(ahead)).unwrap();
        let draft = Draft { starts: Some(starts), ..draft(&ahead.to_string(), None) };
        match programs.publish_draft(&draft, Authority::Nobody).await {
            Ok(published) => {
                let entry = programs.revision(published.number()).unwrap().entry;
                assert!(entry.published().0 < starts, "{ahead}: made at {}, starts at {starts}", entry.published().0);
            }
            Err(ProgramsError::Refused(RevisionRefusal::StartInPast { .. })) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!((1..12).contains(&refused), "{refused} of 12 were refused: the starts are not near the acts");
}

#[tokio::test]
async fn p11_nothing_is_taken_back_after_its_start_however_long_it_takes() {
    let bench = Bench::at(0);
    let programs = open_with_stepping_clock(&bench).await;
    let mut refused = 0;
    for ahead in 10..=30 {
        let starts = programs.clock.now().checked_add(Duration::from_secs(ahead)).unwrap();
        let draft = Draft { starts: Some(starts), ..draft(&ahead.to_string(), None) };
        let number = programs.publish_draft(&draft, Authority::Nobody).await.unwrap().number();
        for _ in 0..10 {
            programs.clock.now();
        }
        match programs.withdraw(number, Authority::Nobody).await {
            Ok(_) => {
                let withdrawn = programs.revision(number).unwrap().entry.withdrawn().unwrap().0;
                assert!(withdrawn < starts, "{ahead}: taken back at {withdrawn}, started at {starts}");
            }
            Err(ProgramsError::Refused(RevisionRefusal::HasStarted { .. })) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!((1..21).contains(&refused), "{refused} of 21 were refused: the starts are not near the acts");
    // What was written is a history that can be opened.
    bench.clock.set(at(9_000));
    bench.open().await;
}

#[tokio::test]
async fn h14_a_caller_who_hangs_up_leaves_no_act_that_calls_do_not_see() {
    for polls in 0..40 {
        let bench = Bench::at(10);
        let programs = bench.open().await;
        let publishing = draft("10", None);
        {
            let mut publishing = std::pin::pin!(programs.publish_draft(&publishing, Authority::Nobody));
            for _ in 0..polls {
                if poll_immediate(publishing.as_mut()).await.is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        // Whatever still goes on has the turn.
        let _turn = programs.writing.lock().await;
        let acts = programs.documents.acts_after(0).await.unwrap().len();
        assert_eq!(programs.schedule.load().acts(), u64::try_from(acts).unwrap(), "hung up after {polls} polls");
    }
}
