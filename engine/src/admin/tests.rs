//! Tests of the admin service: what callers read of refusals, and a revision's way through the calls.

use tessera_contract::signing::PrivateKey;
use tessera_proto::admin::v1::{RevisionErrorReason, RevisionState};
use tonic_types::StatusExt as _;

use super::*;
use crate::programs::people::{People, Person, Role};
use crate::programs::statement::{StatedAct, Statement};
use crate::testing::{PROGRAM, Rig, begin, settings};
use tessera_storage::MemoryStorage;

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

async fn rig(people: &[(&str, u8, Role)]) -> (Rig, Admin) {
    let people =
        people.iter().map(|(name, seed, role)| Person { name: (*name).to_owned(), key: key(*seed).public(), roles: vec![*role] });
    let settings = crate::Settings { people: People::new(people.collect()).unwrap(), ..settings() };
    let rig = Rig::over(std::sync::Arc::new(MemoryStorage::new(&crate::layout::SPACES)), settings).await;
    let admin = Admin::new(rig.engine.clone());
    (rig, admin)
}

fn publishing(text: &str) -> v1::PublishProgramsRequest {
    let source = v1::ProgramSource { name: "club.yaml".to_owned(), text: text.to_owned() };
    v1::PublishProgramsRequest { sources: vec![source], ..Default::default() }
}

fn other() -> String {
    PROGRAM.replace("percent_off: 10", "percent_off: 20")
}

/// The reason as it stands on the wire.
fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

fn named(reason: RevisionErrorReason) -> String {
    reason.as_str_name().trim_start_matches("REVISION_ERROR_REASON_").to_owned()
}

#[tokio::test]
async fn p11_p12_each_refusal_has_its_stable_reason_and_nothing_has_changed() {
    let (rig, admin) = rig(&[("Anna", 1, Role::Marketer), ("Ben", 2, Role::Approver)]).await;
    let signature = |seed: u8, signature: [u8; 64]| {
        Some(v1::PersonSignature { public_key: key(seed).public().as_bytes().to_vec(), signature: signature.to_vec() })
    };
    let publish = |seed: u8, revision: u64| v1::PublishProgramsRequest {
        revision,
        signature: signature(seed, [7; 64]),
        ..publishing(&other())
    };
    let table = [
        (publishing(&other()), tonic::Code::Unauthenticated, "SIGNATURE_MISSING"),
        (publish(9, 2), tonic::Code::PermissionDenied, "UNKNOWN_PERSON"),
        (publish(2, 2), tonic::Code::PermissionDenied, "WRONG_ROLE"),
        (publish(1, 2), tonic::Code::PermissionDenied, "BAD_SIGNATURE"),
        (publish(1, 5), tonic::Code::Aborted, "REVISION_MOVED"),
        (publish(1, 0), tonic::Code::InvalidArgument, "INVALID_RECEIPT"),
        (v1::PublishProgramsRequest { sources: Vec::new(), ..publish(1, 2) }, tonic::Code::InvalidArgument, "INVALID_RECEIPT"),
        (
            v1::PublishProgramsRequest { note: "a\nb".to_owned(), ..publish(1, 2) },
            tonic::Code::InvalidArgument,
            "INVALID_RECEIPT",
        ),
    ];
    for (request, code, expected) in table {
        let refused = admin.publish_programs(Request::new(request)).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (code, expected), "{}", refused.message());
    }
    let approve = v1::ApproveRevisionRequest { revision: 1, signature: signature(2, [7; 64]) };
    let refused = admin.approve_revision(Request::new(approve)).await.unwrap_err();
    assert_eq!(reason(&refused), named(RevisionErrorReason::BadSignature), "who did not sign is not told where it stands");
    let entry = rig.engine.programs().revision(1).unwrap().entry;
    let statement = Statement { revision: 1, content: entry.content(), act: StatedAct::Approve { agrees_to: entry.act() } };
    let approve = v1::ApproveRevisionRequest { revision: 1, signature: signature(2, key(2).sign(&statement.text())) };
    let refused = admin.approve_revision(Request::new(approve)).await.unwrap_err();
    assert_eq!(reason(&refused), named(RevisionErrorReason::NotAwaiting));
    let refused = admin.get_revision(Request::new(v1::GetRevisionRequest { revision: 9 })).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (tonic::Code::NotFound, named(RevisionErrorReason::UnknownRevision)));
    assert_eq!(rig.engine.programs().standing().next_number, 2);
}

#[tokio::test]
async fn a_revision_is_published_for_a_start_listed_shown_and_gone_back_from() {
    let (rig, admin) = rig(&[("Anna", 1, Role::Marketer)]).await;
    let listed = admin.list_revisions(Request::new(v1::ListRevisionsRequest::default())).await.unwrap().into_inner();
    assert_eq!((listed.in_force, listed.next_revision, listed.signatures_required), (1, 2, true));
    let newest = blake3::Hash::from_bytes(listed.newest_act_hash.as_slice().try_into().unwrap());
    let starts = begin().checked_add(std::time::Duration::from_secs(3_600)).unwrap();
    let sources = publishing(&other()).sources;
    let compiled = tessera_rules::revision::Revision::compile(2, starts, &wire::sources(sources.clone()).unwrap()).unwrap();
    let content = blake3::Hash::from_bytes(compiled.revision.hash());
    let act = StatedAct::Publish { starts: Some(starts), note: "dearer socks", after: newest };
    let statement = Statement { revision: 2, content, act };
    let request = v1::PublishProgramsRequest {
        sources: sources.clone(),
        valid_from: Some(timestamp_to_wire(starts)),
        note: "dearer socks".to_owned(),
        revision: 2,
        signature: Some(v1::PersonSignature {
            public_key: key(1).public().as_bytes().to_vec(),
            signature: key(1).sign(&statement.text()).to_vec(),
        }),
    };
    let published = admin.publish_programs(Request::new(request)).await.unwrap().into_inner();
    assert_eq!((published.revision, published.state(), published.unchanged), (2, RevisionState::Scheduled, false));
    rig.clock.set(starts);
    let shown = admin.get_revision(Request::new(v1::GetRevisionRequest { revision: 0 })).await.unwrap().into_inner();
    let revision = shown.revision.unwrap();
    assert_eq!((revision.number, revision.state(), revision.note.as_str()), (2, RevisionState::Live, "dearer socks"));
    assert_eq!((revision.published_by.unwrap().name.as_str(), shown.sources), ("Anna", sources));
    let act = StatedAct::RollBack { restores: 1, note: "", after: rig.engine.programs().standing().newest_act };
    let first = rig.engine.programs().revision(1).unwrap().entry.content();
    let statement = Statement { revision: 3, content: first, act };
    let request = v1::RollBackProgramsRequest {
        to_revision: 1,
        revision: 3,
        note: String::new(),
        signature: Some(v1::PersonSignature {
            public_key: key(1).public().as_bytes().to_vec(),
            signature: key(1).sign(&statement.text()).to_vec(),
        }),
    };
    let back = admin.roll_back_programs(Request::new(request)).await.unwrap().into_inner();
    assert_eq!((back.unchanged, back.revision.unwrap().restores), (false, 1));
    let request = v1::ListRevisionsRequest { before: 3, limit: 1 };
    let listed = admin.list_revisions(Request::new(request)).await.unwrap().into_inner();
    assert_eq!((listed.in_force, listed.revisions.len(), listed.revisions[0].number), (3, 1, 2));
    assert_eq!(listed.revisions[0].state(), RevisionState::Replaced, "the clock stands still: nobody was served by it");
}
