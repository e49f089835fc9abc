//! What a gateway promised or took counts where a gateway of that store has signed it (H73), in engines with certificates.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use tessera_contract::canonical::{BasketHash, ContentHash, return_hash, settle_hash};
use tessera_contract::convert::{timestamp_from_wire, timestamp_to_wire};
use tessera_contract::gateway_word::delivery_text;
use tessera_contract::pack::PackToken;
use tessera_identity::{Identity, IdentityFiles};
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::OutcomeFlag::{DecidedByPack, Deferred, DeliveryUnproven, TokenRejected, WithoutQuote};
use tessera_storage::MemoryStorage;

use super::super::testing::*;
use super::by_pack::{Held, flags, socks, spooled};
use crate::{Settings, layout};

/// An authority in a folder.
struct Authority {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let (folder, key, mut params) =
            (tempfile::tempdir().unwrap(), KeyPair::generate().unwrap(), CertificateParams::default());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        std::fs::write(folder.path().join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str, uri: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        let file = |end: &str, text: String| -> PathBuf {
            let path = self.folder.path().join(format!("{name}.{end}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let certificate = file("crt", params.signed_by(&key, &self.issuer).unwrap().pem());
        let authorities = self.folder.path().join("ca.crt");
        Identity::open(IdentityFiles { certificate, key: file("key", key.serialize_pem()), authorities, revoked: None }).unwrap()
    }

    /// An engine that knows this authority.
    async fn rig(&self) -> Rig {
        let settings = Settings { gateways: Some(self.issue("engine", "tessera://engine")), ..settings() };
        Rig::over(Arc::new(MemoryStorage::with_claims_first(&layout::SPACES)), settings).await
    }
}

#[tokio::test]
async fn h73_h15_what_a_rule_pack_promised_counts_where_a_gateway_of_the_store_signed_it() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let rig = ours.rig().await;
    let held = Held::of(&rig).await;
    let signers = [
        ("its gateway", Some(ours.issue("own", "tessera://gateway/S1")), true),
        ("one of every store", Some(ours.issue("all", "tessera://gateway/*")), true),
        ("nobody", None, false),
        ("another store's gateway", Some(ours.issue("other", "tessera://gateway/S2")), false),
        ("the till itself", Some(ours.issue("till", "tessera://till/S1/T1")), false),
        ("a gateway of nobody's", Some(theirs.issue("own", "tessera://gateway/S1")), false),
    ];
    for (number, (what, signer, good)) in signers.iter().enumerate() {
        let sign = |text: &str| signer.as_ref().and_then(|signer| signer.sign(text)).unwrap_or_default();
        let receipt = socks(&format!("R{number}"), Some("1001"));
        let quoted = held.quote_signed(&receipt, begin(), sign);
        let outcome = rig.settle(as_quoted(receipt, &quoted)).await.unwrap().outcome.unwrap();
        let flags = flags(&outcome);
        assert_eq!((flags.contains(&DecidedByPack), flags.contains(&TokenRejected)), (*good, !good), "{what}: {flags:?}");
        // As a settle without a quote: what the till took off is explained by nothing, and the customer is told.
        assert_eq!(outcome.lines[0].unexplained_minor, if *good { 0 } else { -50 }, "{what}");
        assert!(flags.contains(&Deferred) && outcome.notice_due_at.is_some(), "{what}");
    }
    // Changed after it was signed.
    let own = signers[0].1.as_ref().unwrap();
    let receipt = socks("R9", Some("1001"));
    let quoted = held.quote_signed(&receipt, begin(), |text| own.sign(text).unwrap());
    let mut settle = as_quoted(receipt, &quoted);
    let mut token = PackToken::decode(&settle.quote_token).unwrap();
    token.basket_hash = BasketHash([0; 32]);
    settle.quote_token = token.encode();
    assert!(flags(&rig.settle(settle).await.unwrap().outcome.unwrap()).contains(&TokenRejected));
    rig.outcomes().await;
}

fn delivery(
    signer: Option<&Identity>,
    (call, id): (&str, &str),
    attempt: u32,
    content: ContentHash,
    at: v1::Delivery,
) -> Option<v1::Delivery> {
    let spooled_at = at.spooled_at.as_ref().and_then(timestamp_from_wire);
    let text = delivery_text(call, (id, attempt), content, spooled_at);
    let gateway_signature = signer.and_then(|signer| signer.sign(&text)).unwrap_or_default();
    Some(v1::Delivery { gateway_signature, ..at })
}

#[tokio::test]
async fn h73_what_lay_in_a_spool_is_flagged_where_no_gateway_of_its_store_signed_that_it_took_it() {
    let ours = Authority::new();
    let rig = ours.rig().await;
    let (own, other) = (ours.issue("own", "tessera://gateway/S1"), ours.issue("other", "tessera://gateway/S2"));
    rig.pass(Duration::from_secs(3_600));
    let way = |route: v1::DeliveryRoute| v1::Delivery {
        route: route.into(),
        spooled_at: Some(timestamp_to_wire(begin())),
        ..v1::Delivery::default()
    };
    let by_spool = way(v1::DeliveryRoute::Spool);
    let table = [
        ("its gateway", Some(&own), v1::DeliveryRoute::Spool, true),
        ("its gateway, by a file", Some(&own), v1::DeliveryRoute::Export, true),
        ("another store's", Some(&other), v1::DeliveryRoute::Export, false),
        ("nobody", None, v1::DeliveryRoute::Spool, false),
        ("nobody, straight", None, v1::DeliveryRoute::Direct, true),
    ];
    for (number, (what, signer, route, good)) in table.into_iter().enumerate() {
        let id = format!("R{number}");
        let mut settle = unquoted(socks(&id, Some("1001")));
        settle.delivery = delivery(signer, ("Settle", &id), settle.attempt, settle_hash(&settle), way(route));
        let outcome = rig.settle(settle).await.unwrap().outcome.unwrap();
        assert_eq!(flags(&outcome).contains(&DeliveryUnproven), !good, "{what}: {:?}", flags(&outcome));
        assert!(flags(&outcome).contains(&WithoutQuote), "{what}: it is the sale that it is");

        let id = format!("B{number}");
        let mut back = give_back(&id, Some(&format!("R{number}")), vec![("1", line("1", "SOCKS", 1, 500))]);
        back.delivery = delivery(signer, ("Return", &id), back.attempt, return_hash(&back), way(route));
        let outcome = rig.give_back(back).await.unwrap().outcome.unwrap();
        assert_eq!(flags(&outcome).contains(&DeliveryUnproven), !good, "{what}, the return");
    }
    // A file in which somebody has changed what was sold, the number of the decision, or when it was taken.
    let signed = unquoted(socks("R9", Some("1001")));
    let proof = delivery(Some(&own), ("Settle", "R9"), signed.attempt, settle_hash(&signed), by_spool);
    let mut changes = [signed.clone(), signed.clone(), signed];
    for change in &mut changes {
        change.delivery = proof.clone();
    }
    changes[0].receipt.as_mut().unwrap().lines[0].amount_minor += 1;
    changes[1].attempt += 1;
    changes[2].delivery.as_mut().unwrap().spooled_at = Some(timestamp_to_wire(begin() + Duration::from_secs(1)));
    for (number, change) in changes.into_iter().enumerate() {
        let rig = ours.rig().await;
        let outcome = rig.settle(change).await.unwrap().outcome.unwrap();
        assert!(flags(&outcome).contains(&DeliveryUnproven), "{number}: {:?}", flags(&outcome));
    }
    // Engines without certificates take everybody's word, as they take every caller's.
    let plain = Rig::new().await;
    let outcome = plain.settle(spooled(unquoted(socks("R1", Some("1001"))))).await.unwrap().outcome.unwrap();
    assert!(!flags(&outcome).contains(&DeliveryUnproven));
}
