//! What a gateway that follows its pack is told, and when.

use std::time::Duration;

use futures_util::StreamExt as _;
use tessera_contract::convert::timestamp_from_wire;
use tessera_contract::refusal::Refusal;
use tessera_proto::billing::v1::ErrorReason;
use tessera_proto::gateway::v1::gateway_service_server::GatewayService as _;
use tessera_proto::gateway::v1::{FollowPackRequest, FollowPackResponse};
use tonic::Request;

use super::*;
use crate::clock::Clock as _;
use crate::testing::{PROGRAM, Rig, begin, settings};

fn request(has: &[u8]) -> FollowPackRequest {
    FollowPackRequest { gateway_id: "g".to_owned(), pack_hash: has.to_vec(), ..FollowPackRequest::default() }
}

/// A stream of responses.
struct Following(<GatewayCalls as tessera_proto::gateway::v1::gateway_service_server::GatewayService>::FollowPackStream);

impl Following {
    async fn of(rig: &Rig, request: FollowPackRequest) -> Self {
        let calls = GatewayCalls::new(rig.engine.clone(), rig.closing.subscribe());
        Self(calls.follow_pack(Request::new(request)).await.unwrap().into_inner())
    }

    async fn next(&mut self) -> FollowPackResponse {
        self.0.next().await.unwrap().unwrap()
    }

    /// The next head with the content that came with it.
    async fn pack(&mut self) -> (SignedPackHead, Bytes) {
        let mut content = Vec::new();
        loop {
            let response = self.next().await;
            content.extend_from_slice(&response.chunk);
            if response.chunk_index + 1 >= response.chunk_count {
                return (signed(&response), content.into());
            }
        }
    }
}

fn signed(response: &FollowPackResponse) -> SignedPackHead {
    let head = response.head.as_ref().unwrap();
    let head = PackHead {
        pack: PackHash(head.pack_hash.as_slice().try_into().unwrap()),
        revision: head.revision,
        catalogue: head.catalogue,
        stores: head.stores_hash.as_slice().try_into().unwrap(),
        stated_at: timestamp_from_wire(head.stated_at.as_ref().unwrap()).unwrap(),
        valid_until: timestamp_from_wire(head.valid_until.as_ref().unwrap()).unwrap(),
    };
    SignedPackHead { head, signature: response.signature.as_slice().try_into().unwrap() }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_gets_its_pack_then_a_head_now_and_then_and_another_pack_when_another_is_in_force() {
    let rig = Rig::new().await;
    let mut following = Following::of(&rig, request(&[])).await;
    let (first, content) = following.pack().await;
    assert!(first.is_of(&rig.engine.pack_key()));
    assert_eq!((first.head.revision, first.head.catalogue, first.head.stated_at), (1, 0, begin()));
    assert_eq!(first.head.valid_until, begin() + VALID);
    let opened = OpenedPack::open(first.head.pack, &content).unwrap();
    let ids: Vec<_> = opened.revision().campaigns().iter().map(|campaign| campaign.id().as_str().to_owned()).collect();
    assert_eq!(ids, ["packs", "tenth"], "what needs no account");

    // Nothing new: a head, and no content.
    rig.pass(Duration::from_secs(30));
    let again = following.next().await;
    assert_eq!((again.chunk_count, again.chunk.len()), (0, 0));
    assert_eq!((signed(&again).head.pack, signed(&again).head.stated_at), (first.head.pack, begin() + Duration::from_secs(30)));

    // A revision that changes nothing of the pack is told without its content.
    rig.pass(Duration::from_secs(1));
    let publish = async |text: String| {
        let source = tessera_rules::revision::Source { name: "club.yaml".to_owned(), text };
        rig.engine.programs().publish(&[source], rig.clock.now()).await.unwrap();
    };
    publish(PROGRAM.replace("units: 50,", "units: 60,")).await;
    let second = following.next().await;
    assert_eq!((second.chunk_count, signed(&second).head.revision), (0, 2));
    assert_eq!(signed(&second).head.pack, first.head.pack);

    rig.pass(Duration::from_secs(1));
    publish(PROGRAM.replace("percent_off: 10", "percent_off: 20")).await;
    let (third, content) = following.pack().await;
    assert_eq!(third.head.revision, 3);
    assert_ne!(third.head.pack, first.head.pack);
    assert!(OpenedPack::open(third.head.pack, &content).is_ok());

    let mut resumed = Following::of(&rig, request(&third.head.pack.0)).await;
    assert_eq!(resumed.next().await.chunk_count, 0, "the gateway has it");
    rig.closing.send_replace(true);
    let ended = resumed.0.next().await.unwrap().unwrap_err();
    assert_eq!(Refusal::from_status(&ended), Some(ErrorReason::ShuttingDown));
}

#[tokio::test]
async fn a_word_is_good_until_the_next_revision_starts() {
    let rig = Rig::new().await;
    let start = begin() + Duration::from_secs(3_600);
    let source = tessera_rules::revision::Source {
        name: "club.yaml".to_owned(),
        text: PROGRAM.replace("percent_off: 10", "percent_off: 30"),
    };
    rig.engine.programs().publish(&[source], start).await.unwrap();
    let (_, signed) = rig.engine.core.packs.current(&[], begin()).await.unwrap();
    assert_eq!((signed.head.revision, signed.head.valid_until), (1, start));
}

#[tokio::test]
async fn stores_have_the_campaigns_that_are_theirs_and_every_engine_of_the_storage_opens_the_pack() {
    let rig = Rig::with_campaigns(
        "  - {id: all, name: A, percent_off: 10}\n  - {id: one, name: B, percent_off: 20, stores: [S1]}\n  - {id: two, name: C, percent_off: 30, stores: [S2]}\n",
    )
    .await;
    let packs = &rig.engine.core.packs;
    let other = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    for (stores, expected) in [(&["S1"][..], &["all", "one"][..]), (&["S2", "S1"], &["all", "one", "two"]), (&["S9"], &["all"])] {
        let stores: Vec<StoreId> = stores.iter().map(|id| StoreId::parse(id).unwrap()).collect();
        let (made, signed) = packs.current(&stores, begin()).await.unwrap();
        assert_eq!(signed.head.stores, stores_hash(&stores));
        let opened = other.engine.core.packs.opened(made.hash).await.unwrap().unwrap();
        let ids: Vec<_> = opened.revision().campaigns().iter().map(|campaign| campaign.id().as_str().to_owned()).collect();
        assert_eq!(ids, expected);
        assert!(signed.is_of(&other.engine.pack_key()), "engines of one storage have one key");
    }
}

#[tokio::test]
async fn packs_that_come_back_by_turns_are_opened_once_each() {
    let rig = Rig::with_campaigns("  - {id: all, name: A, percent_off: 10}\n").await;
    let mut hashes = Vec::new();
    for number in 0..8 {
        let campaigns = format!("  - {{id: all, name: A, percent_off: {}}}\n", number + 1);
        rig.publish(&campaigns).await;
        hashes.push(rig.engine.core.packs.current(&[], rig.clock.now()).await.unwrap().0.hash);
    }
    let other = Rig::reopened(Arc::clone(&rig.storage), settings()).await;
    for packs in [&rig.engine.core.packs, &other.engine.core.packs] {
        let open = async |hash: &PackHash| packs.opened(*hash).await.unwrap().unwrap();
        let (first, beside) = tokio::join!(open(&hashes[0]), open(&hashes[0]));
        assert!(Arc::ptr_eq(&first, &beside), "two who ask at once get the same");
        for hash in &hashes[1..] {
            assert_eq!(open(hash).await.hash(), *hash);
        }
        assert!(Arc::ptr_eq(&first, &open(&hashes[0]).await), "it has not been opened again");
        assert!(packs.opened(PackHash([0; 32])).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn p11_a_request_at_fault_names_its_field() {
    let rig = Rig::new().await;
    let calls = GatewayCalls::new(rig.engine.clone(), rig.closing.subscribe());
    let many = FollowPackRequest { store_ids: vec!["S1".to_owned(); 10_001], ..request(&[]) };
    let table = [
        (FollowPackRequest { gateway_id: String::new(), ..request(&[]) }, "gateway_id"),
        (FollowPackRequest { store_ids: vec!["S1".to_owned(), "S 2".to_owned()], ..request(&[]) }, "store_ids[1]"),
        (many, "store_ids"),
        (request(&[1, 2, 3]), "pack_hash"),
    ];
    for (request, field) in table {
        let status = calls.follow_pack(Request::new(request)).await.map(drop).unwrap_err();
        let faults = tonic_types::StatusExt::get_details_bad_request(&status).unwrap().field_violations;
        assert_eq!(faults[0].field, field);
    }
    let later = FollowPackRequest { contract_minor: 9, ..request(&[]) };
    let status = calls.follow_pack(Request::new(later)).await.map(drop).unwrap_err();
    assert_eq!(Refusal::from_status(&status), Some(ErrorReason::UpgradeEngine));
}
