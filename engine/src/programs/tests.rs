//! Tests of revisions and catalogues in storage.

use std::time::Duration;

use tessera_rules::id::Sku;
use tessera_storage::MemoryStorage;

use super::*;
use crate::clock::ManualClock;
use crate::layout;

mod signed;
mod timing;

fn text(percent: &str) -> String {
    format!(
        "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\ncampaigns:\n  - id: off\n    name: Off\n    percent_off: {percent}\n"
    )
}

fn source(percent: &str) -> Vec<Source> {
    vec![Source { name: "club.yaml".to_owned(), text: text(percent) }]
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn draft(percent: &str, starts: Option<i64>) -> Draft {
    Draft { sources: source(percent), starts: starts.map(at), note: String::new() }
}

/// A storage, a clock that stands still, and engines' views of them.
struct Bench {
    storage: Arc<MemoryStorage>,
    clock: Arc<ManualClock>,
    people: People,
}

impl Bench {
    fn at(second: i64) -> Self {
        let storage = Arc::new(MemoryStorage::new(&layout::SPACES));
        Self { storage, clock: Arc::new(ManualClock::at(at(second))), people: People::default() }
    }

    async fn open(&self) -> Arc<Programs> {
        Arc::new(self.try_open().await.unwrap())
    }

    async fn try_open(&self) -> Result<Programs, ProgramsError> {
        let storage: Arc<dyn Storage> = Arc::<MemoryStorage>::clone(&self.storage);
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        Programs::open(storage, clock, self.people.clone()).await
    }
}

async fn number_at(programs: &Programs, second: i64) -> u64 {
    programs.at(at(second)).await.unwrap().revision.number()
}

#[tokio::test]
async fn h16_a_revision_keeps_its_number_and_is_found_by_time_after_a_restart() {
    let bench = Bench::at(1_000);
    let programs = bench.open().await;
    assert_eq!(number_at(&programs, 50).await, 0);
    assert_eq!(programs.publish(&source("10"), at(100)).await.unwrap(), Published::New(1));
    assert_eq!(programs.publish(&source("10"), at(150)).await.unwrap(), Published::Unchanged(1));
    assert_eq!(programs.publish(&source("20"), at(200)).await.unwrap(), Published::New(2));
    for programs in [programs, bench.open().await] {
        for (time, number) in [(99, 0), (100, 1), (199, 1), (200, 2), (900, 2)] {
            assert_eq!(number_at(&programs, time).await, number, "at {time}");
        }
        assert_eq!(programs.in_force().revision.number(), 2);
        assert_ne!(programs.numbered(1, 0).await.unwrap().revision.hash(), programs.in_force().revision.hash());
    }
}

#[tokio::test]
async fn p11_a_file_with_a_mistake_changes_nothing() {
    let bench = Bench::at(1_000);
    let programs = bench.open().await;
    programs.publish(&source("10"), at(100)).await.unwrap();
    let error = programs.publish_draft(&draft("ten", None), Authority::Nobody).await.unwrap_err();
    assert!(matches!(&error, ProgramsError::Mistakes(_)), "{error}");
    assert!(error.to_string().contains("club.yaml"), "{error}");
    assert_eq!((programs.in_force().revision.number(), programs.standing().next_number), (1, 2));
}

#[tokio::test]
async fn h16_a_start_in_the_future_comes_by_the_clock_alone_and_outlives_a_restart() {
    let bench = Bench::at(10);
    let programs = bench.open().await;
    programs.publish_draft(&draft("10", None), Authority::Nobody).await.unwrap();
    assert_eq!(programs.publish_draft(&draft("20", Some(100)), Authority::Nobody).await.unwrap(), Published::New(2));
    assert_eq!(programs.publish_draft(&draft("20", Some(100)), Authority::Nobody).await.unwrap(), Published::Unchanged(2));
    assert_eq!(programs.compiled(), [1, 2], "the next one is ready before its start");
    assert_eq!(programs.starting_after(1), [2]);
    let again = bench.open().await;
    bench.clock.set(at(99));
    assert_eq!((number_at(&again, 99).await, number_at(&programs, 99).await), (1, 1));
    bench.clock.set(at(100));
    for programs in [&again, &programs] {
        assert_eq!(programs.at(bench.clock.now()).await.unwrap().revision.number(), 2);
        assert_eq!(number_at(programs, 99).await, 1, "a sale of before, told late");
        programs.make_ready().await;
        assert_eq!(programs.in_force().revision.number(), 2);
        assert_eq!(programs.revision(1).unwrap().state, State::Past);
    }
}

#[tokio::test]
async fn p11_a_start_that_has_passed_is_refused() {
    let bench = Bench::at(100);
    let programs = bench.open().await;
    for starts in [0, 99, 100] {
        let error = programs.publish_draft(&draft("10", Some(starts)), Authority::Nobody).await.unwrap_err();
        assert!(matches!(error, ProgramsError::Refused(RevisionRefusal::StartInPast { .. })), "{error}");
    }
    assert_eq!(programs.standing().next_number, 1);
}

#[tokio::test]
async fn at_most_three_revisions_are_compiled_and_an_older_one_is_made_once_when_it_is_needed() {
    let bench = Bench::at(0);
    let programs = bench.open().await;
    for number in 1..=20_i64 {
        bench.clock.set(at(number * 10));
        programs.publish_draft(&draft(&number.to_string(), None), Authority::Nobody).await.unwrap();
        assert!(programs.compiled().len() <= IN_MEMORY_MAX, "{:?}", programs.compiled());
    }
    programs.publish_draft(&draft("50", Some(1_000)), Authority::Nobody).await.unwrap();
    programs.make_ready().await;
    assert_eq!(programs.compiled(), [19, 20, 21], "the one before, the one in force, the next one");
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let programs = Arc::clone(&programs);
            tokio::spawn(async move { programs.numbered(5, 0).await.unwrap().revision })
        })
        .collect();
    let mut made = Vec::new();
    for waiting in waiting {
        made.push(waiting.await.unwrap());
    }
    assert!(made.iter().all(|revision| Arc::ptr_eq(revision, &made[0]) && revision.number() == 5), "one was made for all");
    assert_eq!(programs.compiled(), [5, 20, 21], "the one in force and the next one stay");
    assert!(programs.revision(5).unwrap().in_memory && !programs.revision(19).unwrap().in_memory);
}

#[tokio::test]
async fn going_back_is_one_act_and_keeps_what_is_scheduled() {
    let bench = Bench::at(10);
    let programs = bench.open().await;
    let error = programs.roll_back(None, "", Authority::Nobody).await.unwrap_err();
    assert!(matches!(error, ProgramsError::Refused(RevisionRefusal::NothingBefore)), "{error}");
    for (second, percent) in [(20, "10"), (30, "20")] {
        bench.clock.set(at(second));
        programs.publish_draft(&draft(percent, None), Authority::Nobody).await.unwrap();
    }
    programs.publish_draft(&draft("30", Some(100)), Authority::Nobody).await.unwrap();
    bench.clock.set(at(40));
    assert_eq!(programs.roll_back(None, "too dear", Authority::Nobody).await.unwrap(), Published::New(4));
    assert_eq!(programs.roll_back(Some(1), "", Authority::Nobody).await.unwrap(), Published::Unchanged(4));
    for (number, refusal) in
        [(3, RevisionRefusal::NeverInForce { revision: 3 }), (9, RevisionRefusal::UnknownRevision { revision: 9 })]
    {
        let error = programs.roll_back(Some(number), "", Authority::Nobody).await.unwrap_err();
        assert!(matches!(&error, ProgramsError::Refused(found) if *found == refusal), "{error}");
    }
    for programs in [&programs, &bench.open().await] {
        assert_eq!(number_at(programs, 39).await, 2);
        assert_eq!(number_at(programs, 40).await, 4);
        assert_eq!(number_at(programs, 100).await, 3);
        let (first, fourth) = (programs.revision(1).unwrap().entry, programs.revision(4).unwrap().entry);
        assert_eq!((fourth.restores(), fourth.note(), fourth.content()), (Some(1), "too dear", first.content()));
        assert_eq!(programs.sources(4).await.unwrap(), source("10"));
        assert_eq!(programs.starting_after(4), [3]);
    }
}

#[tokio::test]
async fn what_has_not_started_can_be_taken_back_and_what_has_cannot() {
    let bench = Bench::at(10);
    let programs = bench.open().await;
    programs.publish_draft(&draft("10", None), Authority::Nobody).await.unwrap();
    programs.publish_draft(&draft("20", Some(100)), Authority::Nobody).await.unwrap();
    assert_eq!(programs.withdraw(2, Authority::Nobody).await.unwrap(), Approval::Done);
    assert_eq!(programs.withdraw(2, Authority::Nobody).await.unwrap(), Approval::Unchanged);
    let error = programs.withdraw(1, Authority::Nobody).await.unwrap_err();
    assert!(matches!(error, ProgramsError::Refused(RevisionRefusal::HasStarted { revision: 1 })), "{error}");
    assert_eq!(number_at(&programs, 500).await, 1);
    assert_eq!(bench.open().await.revision(2).unwrap().state, State::Withdrawn);
}

#[tokio::test]
async fn configured_files_do_not_undo_what_was_published_since() {
    let bench = Bench::at(10);
    let programs = bench.open().await;
    let published = |done| Configured::Published(done);
    assert_eq!(programs.publish_configured(&source("10")).await.unwrap(), published(Published::New(1)));
    bench.clock.set(at(20));
    programs.publish_draft(&draft("20", None), Authority::Nobody).await.unwrap();
    // A restart with the files of before.
    let programs = bench.open().await;
    assert_eq!(programs.publish_configured(&source("10")).await.unwrap(), published(Published::Unchanged(1)));
    assert_eq!(programs.in_force().revision.number(), 2);
    // A restart with other files.
    assert_eq!(programs.publish_configured(&source("30")).await.unwrap(), published(Published::New(3)));
}

#[tokio::test]
async fn h5_two_engines_that_publish_at_once_never_give_one_number_twice() {
    let bench = Bench::at(10);
    let (one, other) = (bench.open().await, bench.open().await);
    let mut numbers = Vec::new();
    for round in 0..10 {
        let (mine, theirs) = (draft(&format!("{}", round + 1), None), draft(&format!("{}", round + 50), None));
        let (mine, theirs) =
            tokio::join!(one.publish_draft(&mine, Authority::Nobody), other.publish_draft(&theirs, Authority::Nobody));
        for published in [mine, theirs] {
            match published {
                Ok(published) => numbers.push(published.number()),
                Err(ProgramsError::Refused(RevisionRefusal::RevisionMoved { .. })) => {}
                Err(error) => panic!("{error}"),
            }
        }
        bench.clock.set(bench.clock.now().checked_add(Duration::from_secs(1)).unwrap());
    }
    let expected: Vec<u64> = (1..=u64::try_from(numbers.len()).unwrap()).collect();
    assert!(expected.len() >= 10, "{numbers:?}");
    numbers.sort_unstable();
    assert_eq!(numbers, expected);
    for programs in [&one, &other] {
        programs.refresh().await.unwrap();
    }
    assert_eq!(one.in_force().revision.hash(), other.in_force().revision.hash());
    assert_eq!(one.in_force().revision.number(), *expected.last().unwrap());
}

#[tokio::test]
async fn a_revision_that_another_engine_published_is_found_by_its_number_and_by_looking() {
    let bench = Bench::at(10);
    let (one, other) = (bench.open().await, bench.open().await);
    one.publish_draft(&draft("10", None), Authority::Nobody).await.unwrap();
    assert_eq!(number_at(&other, 10).await, 0);
    assert_eq!(other.numbered(1, 0).await.unwrap().revision.number(), 1, "a token of the other engine");
    assert_eq!(number_at(&other, 10).await, 1);
    assert!(other.numbered(2, 0).await.is_err());
}

#[tokio::test]
async fn a_catalogue_gets_a_number_only_when_it_differs() {
    let bench = Bench::at(10);
    let programs = bench.open().await;
    let product = |name: &str| Product::new(Sku::parse("1").unwrap(), name);
    assert_eq!(programs.load_catalogue(vec![product("Milk")], at(1)).await.unwrap(), Published::New(1));
    assert_eq!(programs.load_catalogue(vec![product("Milk")], at(2)).await.unwrap(), Published::Unchanged(1));
    assert_eq!(programs.load_catalogue(vec![product("Bread")], at(3)).await.unwrap(), Published::New(2));
    assert!(programs.load_catalogue(vec![product("Bread"), product("Milk")], at(4)).await.is_err());
    let again = bench.open().await;
    assert_eq!(again.in_force().catalogue.number(), 2);
    assert_eq!(again.at(at(2)).await.unwrap().catalogue.number(), 1);
    assert!(again.numbered(0, 9).await.is_err());
}
