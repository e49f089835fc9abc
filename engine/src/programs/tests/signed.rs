//! Changes that people sign: who may, what a signature is good for, and four eyes.

use blake3::Hash;
use tessera_contract::signing::PrivateKey;

use super::*;
use crate::programs::people::{Person, Role};
use crate::programs::statement::{StatedAct, Statement};

/// Marketer, approver, both, and somebody with no part in this.
fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

const ANNA: u8 = 1;
const BEN: u8 = 2;
const CLEO: u8 = 3;
const STRANGER: u8 = 9;

fn bench() -> Bench {
    let person =
        |name: &str, seed: u8, roles: &[Role]| Person { name: name.to_owned(), key: key(seed).public(), roles: roles.to_vec() };
    let people = vec![
        person("Anna", ANNA, &[Role::Marketer]),
        person("Ben", BEN, &[Role::Approver]),
        person("Cleo", CLEO, &[Role::Marketer, Role::Approver]),
    ];
    Bench { people: People::new(people).unwrap(), ..Bench::at(10) }
}

fn watched(percent: &str, starts: Option<i64>) -> Draft {
    let mut draft = draft(percent, starts);
    draft.sources[0].text = draft.sources[0].text.replace("currency: GBP", "currency: GBP\nfour_eyes: true");
    draft
}

fn content(draft: &Draft) -> Hash {
    Hash::from_bytes(Revision::compile(1, at(0), &draft.sources).unwrap().revision.hash())
}

/// What a person signs to publish a draft now.
fn to_publish<'a>(programs: &Programs, draft: &'a Draft) -> Statement<'a> {
    let standing = programs.standing();
    let act = StatedAct::Publish { starts: draft.starts, note: &draft.note, after: standing.newest_act };
    Statement { revision: standing.next_number, content: content(draft), act }
}

fn signed(seed: u8, statement: &Statement<'_>) -> Authority {
    let key = key(seed);
    Authority::Signed(Signed { key: key.public(), signature: key.sign(&statement.text()), revision: statement.revision })
}

fn about(programs: &Programs, number: u64, approve: bool) -> Statement<'static> {
    let entry = programs.revision(number).unwrap().entry;
    let agrees_to = entry.act();
    let act = if approve { StatedAct::Approve { agrees_to } } else { StatedAct::Withdraw { agrees_to } };
    Statement { revision: number, content: entry.content(), act }
}

async fn publish(programs: &Arc<Programs>, draft: &Draft, seed: u8) -> Result<Published, ProgramsError> {
    programs.publish_draft(draft, signed(seed, &to_publish(programs, draft))).await
}

async fn approve(programs: &Arc<Programs>, number: u64, seed: u8) -> Result<Approval, ProgramsError> {
    programs.approve(number, signed(seed, &about(programs, number, true))).await
}

fn refusal<T: fmt::Debug>(done: Result<T, ProgramsError>) -> RevisionRefusal {
    let error = done.unwrap_err();
    let ProgramsError::Refused(refusal) = error else { panic!("{error}") };
    refusal
}

#[tokio::test]
async fn p11_who_may_not_publish_is_refused_with_a_reason_and_changes_nothing() {
    let bench = bench();
    let programs = bench.open().await;
    let (good, other) = (draft("10", Some(100)), draft("11", Some(100)));
    let statement = to_publish(&programs, &good);
    let later = Draft { starts: Some(at(200)), ..good.clone() };
    let noted = Draft { note: "another".to_owned(), ..good.clone() };
    let Authority::Signed(by_anna) = signed(ANNA, &statement) else { unreachable!() };
    let moved = Authority::Signed(Signed { revision: 7, ..by_anna });
    let as_ben = Authority::Signed(Signed { key: key(CLEO).public(), ..by_anna });
    let elsewhere = Statement {
        act: StatedAct::Publish { starts: good.starts, note: "", after: blake3::hash(b"another engine") },
        ..statement
    };
    let approval = Statement { act: StatedAct::Approve { agrees_to: blake3::hash(b"act") }, ..statement };
    let table = [
        ("nobody signed", &good, Authority::Nobody, RevisionRefusal::SignatureMissing),
        (
            "a stranger",
            &good,
            signed(STRANGER, &statement),
            RevisionRefusal::UnknownPerson { key: key(STRANGER).public().to_string() },
        ),
        (
            "an approver",
            &good,
            signed(BEN, &statement),
            RevisionRefusal::WrongRole { name: "Ben".to_owned(), needed: "marketer" },
        ),
        ("another content", &other, signed(ANNA, &statement), RevisionRefusal::BadSignature),
        ("another start", &later, signed(ANNA, &statement), RevisionRefusal::BadSignature),
        ("another note", &noted, signed(ANNA, &statement), RevisionRefusal::BadSignature),
        ("another's name", &good, as_ben, RevisionRefusal::BadSignature),
        ("another engine's history", &good, signed(ANNA, &elsewhere), RevisionRefusal::BadSignature),
        ("signed for another act", &good, signed(ANNA, &approval), RevisionRefusal::BadSignature),
        ("another number", &good, moved, RevisionRefusal::RevisionMoved { signed: 7, next: 1 }),
    ];
    for (what, draft, authority, expected) in table {
        assert_eq!(refusal(programs.publish_draft(draft, authority).await), expected, "{what}");
    }
    assert_eq!(programs.standing().next_number, 1);
    assert_eq!(publish(&programs, &good, ANNA).await.unwrap(), Published::New(1));
}

#[tokio::test]
async fn p11_a_signature_for_the_first_revision_of_one_storage_fits_no_other() {
    let (one, other) = (bench(), bench());
    let (here, there) = (one.open().await, other.open().await);
    let first = draft("10", None);
    let meant_for_here = signed(ANNA, &to_publish(&here, &first));
    assert_eq!(refusal(there.publish_draft(&first, meant_for_here).await), RevisionRefusal::BadSignature);
    // Another engine on the same storage, and this one after a restart, have the same origin.
    for programs in [&one.open().await, &one.open().await] {
        assert_eq!(programs.standing().newest_act, here.standing().newest_act);
    }
    assert_eq!(here.publish_draft(&first, meant_for_here).await.unwrap(), Published::New(1));
}

#[tokio::test]
async fn h5_two_engines_that_open_an_empty_storage_at_once_have_one_origin() {
    for _ in 0..20 {
        let bench = bench();
        let (one, other) = tokio::join!(bench.open(), bench.open());
        assert_eq!(one.standing().newest_act, other.standing().newest_act);
        assert_ne!(one.standing().newest_act, Hash::from_bytes([0; 32]));
    }
}

#[tokio::test]
async fn p11_a_signature_that_comes_again_does_nothing_again() {
    let bench = bench();
    let programs = bench.open().await;
    let first = draft("10", None);
    let once = signed(ANNA, &to_publish(&programs, &first));
    assert_eq!(programs.publish_draft(&first, once).await.unwrap(), Published::New(1));
    bench.clock.set(at(20));
    publish(&programs, &draft("20", None), ANNA).await.unwrap();
    // The same request of before is answered with what it did; nothing is in force again by it.
    assert_eq!(programs.publish_draft(&first, once).await.unwrap(), Published::Unchanged(1));
    assert_eq!(programs.revision(1).unwrap().state, State::Past);
    // For the next number it was not signed.
    let Authority::Signed(signed) = once else { unreachable!() };
    let again = Authority::Signed(Signed { revision: 3, ..signed });
    assert_eq!(refusal(programs.publish_draft(&first, again).await), RevisionRefusal::BadSignature);
    // Nor for another content under the old one.
    let other = refusal(programs.publish_draft(&draft("30", None), once).await);
    assert_eq!(other, RevisionRefusal::RevisionMoved { signed: 1, next: 3 });
    // Who only knows what was done is not told that it was done.
    let forged = Authority::Signed(Signed { signature: [7; 64], ..signed });
    assert_eq!(refusal(programs.publish_draft(&first, forged).await), RevisionRefusal::BadSignature);
}

#[tokio::test]
async fn four_eyes_one_person_publishes_another_approves_and_then_it_starts() {
    let bench = bench();
    let programs = bench.open().await;
    assert_eq!(publish(&programs, &watched("10", Some(100)), CLEO).await.unwrap(), Published::New(1));
    assert_eq!(programs.revision(1).unwrap().state, State::Awaiting);
    assert_eq!(publish(&programs, &watched("10", Some(100)), CLEO).await.unwrap(), Published::Unchanged(1), "it waits already");
    let statement = about(&programs, 1, true);
    let withdrawal = about(&programs, 1, false);
    let table = [
        ("nobody signed", Authority::Nobody, RevisionRefusal::SignatureMissing),
        ("a stranger", signed(STRANGER, &statement), RevisionRefusal::UnknownPerson { key: key(STRANGER).public().to_string() }),
        ("a marketer", signed(ANNA, &statement), RevisionRefusal::WrongRole { name: "Anna".to_owned(), needed: "approver" }),
        ("who published it", signed(CLEO, &statement), RevisionRefusal::SamePerson { name: "Cleo".to_owned(), revision: 1 }),
        ("signed for another act", signed(BEN, &withdrawal), RevisionRefusal::BadSignature),
    ];
    for (what, authority, expected) in table {
        assert_eq!(refusal(programs.approve(1, authority).await), expected, "{what}");
    }
    assert_eq!(number_at(&programs, 100).await, 0);
    let unknown = signed(BEN, &Statement { revision: 8, ..statement });
    assert_eq!(refusal(programs.approve(8, unknown).await), RevisionRefusal::UnknownRevision { revision: 8 });
    assert_eq!(programs.approve(1, signed(BEN, &statement)).await.unwrap(), Approval::Done);
    assert_eq!(programs.approve(1, signed(BEN, &statement)).await.unwrap(), Approval::Unchanged);
    assert_eq!(refusal(programs.approve(1, signed(BEN, &withdrawal)).await), RevisionRefusal::BadSignature);
    assert_eq!(refusal(approve(&programs, 1, CLEO).await), RevisionRefusal::NotAwaiting { revision: 1 });
    for programs in [&programs, &bench.open().await] {
        assert_eq!((number_at(programs, 99).await, number_at(programs, 100).await), (0, 1));
        let told = programs.revision(1).unwrap();
        assert_eq!(told.state, State::Scheduled);
        assert!(matches!(&told.entry.approved().unwrap().1, By::Person { name, .. } if name == "Ben"));
    }
}

#[tokio::test]
async fn whoever_leaves_four_eyes_out_still_needs_a_second_person_while_they_are_in_force() {
    let bench = bench();
    let programs = bench.open().await;
    publish(&programs, &watched("10", None), ANNA).await.unwrap();
    approve(&programs, 1, BEN).await.unwrap();
    bench.clock.set(at(20));
    publish(&programs, &draft("20", None), ANNA).await.unwrap();
    assert_eq!(programs.revision(2).unwrap().state, State::Awaiting);
    approve(&programs, 2, BEN).await.unwrap();
    bench.clock.set(at(30));
    publish(&programs, &draft("30", None), ANNA).await.unwrap();
    assert_eq!(programs.revision(3).unwrap().state, State::Live, "nobody asks for four eyes any more");
}

#[tokio::test]
async fn p12_going_back_to_before_four_eyes_leaves_nobody_unwatched() {
    let bench = bench();
    let programs = bench.open().await;
    publish(&programs, &draft("10", None), ANNA).await.unwrap();
    bench.clock.set(at(20));
    publish(&programs, &watched("20", None), ANNA).await.unwrap();
    approve(&programs, 2, BEN).await.unwrap();
    bench.clock.set(at(30));
    let content = programs.revision(1).unwrap().entry.content();
    let act = StatedAct::RollBack { restores: 1, note: "", after: programs.standing().newest_act };
    let back = signed(ANNA, &Statement { revision: 3, content, act });
    assert_eq!(programs.roll_back(Some(1), "", back).await.unwrap(), Published::New(3));
    assert_eq!(programs.revision(3).unwrap().state, State::Live);
    bench.clock.set(at(40));
    assert_eq!(publish(&programs, &draft("40", None), ANNA).await.unwrap(), Published::New(4));
    assert_eq!(programs.revision(4).unwrap().state, State::Awaiting, "a marketer alone went around four eyes");
    approve(&programs, 4, BEN).await.unwrap();
    // The rollback that comes again is the one of before, although nobody is watched any more.
    assert_eq!(programs.roll_back(Some(1), "", back).await.unwrap(), Published::Unchanged(3));
}

#[tokio::test]
async fn four_eyes_without_two_people_are_refused() {
    let bench = Bench::at(10);
    let programs = bench.open().await;
    let refused = refusal(programs.publish_draft(&watched("10", None), Authority::Nobody).await);
    assert_eq!(refused, RevisionRefusal::TooFewPeople);
    let refused = refusal(programs.publish_configured(&watched("10", None).sources).await);
    assert_eq!(refused, RevisionRefusal::TooFewPeople);
}

#[tokio::test]
async fn one_person_goes_back_and_takes_back() {
    let bench = bench();
    let programs = bench.open().await;
    publish(&programs, &watched("10", None), ANNA).await.unwrap();
    approve(&programs, 1, BEN).await.unwrap();
    bench.clock.set(at(20));
    publish(&programs, &watched("20", None), ANNA).await.unwrap();
    approve(&programs, 2, CLEO).await.unwrap();
    publish(&programs, &watched("30", Some(100)), ANNA).await.unwrap();
    let standing = programs.standing();
    let act = StatedAct::RollBack { restores: 1, note: "", after: standing.newest_act };
    let statement = Statement { revision: 4, content: programs.revision(1).unwrap().entry.content(), act };
    assert_eq!(refusal(programs.roll_back(Some(1), "", Authority::Nobody).await), RevisionRefusal::SignatureMissing);
    assert_eq!(refusal(programs.roll_back(Some(1), "why", signed(BEN, &statement)).await), RevisionRefusal::BadSignature);
    bench.clock.set(at(30));
    assert_eq!(programs.roll_back(Some(1), "", signed(BEN, &statement)).await.unwrap(), Published::New(4));
    assert_eq!(programs.roll_back(Some(1), "", signed(BEN, &statement)).await.unwrap(), Published::Unchanged(4));
    assert_eq!(programs.revision(4).unwrap().state, State::Live);
    let taken_back = programs.withdraw(3, signed(BEN, &about(&programs, 3, false))).await.unwrap();
    assert_eq!(taken_back, Approval::Done);
    let approval = signed(BEN, &about(&programs, 3, true));
    assert_eq!(refusal(programs.withdraw(3, approval).await), RevisionRefusal::BadSignature, "it is taken back already");
}

#[tokio::test]
async fn configured_files_wait_for_a_signature_where_people_are_configured() {
    let bench = bench();
    let programs = bench.open().await;
    assert_eq!(programs.publish_configured(&source("10")).await.unwrap(), Configured::NeedsSignature);
    publish(&programs, &draft("10", None), ANNA).await.unwrap();
    let same = Configured::Published(Published::Unchanged(1));
    assert_eq!(programs.publish_configured(&source("10")).await.unwrap(), same);
}

#[tokio::test]
async fn a_history_that_somebody_else_wrote_is_not_opened() {
    let bench = bench();
    let programs = bench.open().await;
    publish(&programs, &draft("10", None), ANNA).await.unwrap();
    // The second act says that Anna published; she did not sign it.
    let standing = programs.schedule.load_full();
    let mut forged = standing.entry(1).unwrap().made.clone();
    forged.revision = 2;
    let act = act::Act {
        at: at(20),
        by: standing.entry(1).unwrap().published.1.clone(),
        done: act::Done::Published(forged),
        previous: standing.last_act(),
    };
    programs.documents.append(2, act.encode().unwrap()).await.unwrap();
    let error = bench.try_open().await.unwrap_err();
    assert!(error.to_string().contains("signature does not fit"), "{error}");
    assert!(programs.refresh().await.is_err());
    assert_eq!(number_at(&programs, 50).await, 1, "what was known goes on");
}
