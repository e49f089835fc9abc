//! Two ends on loopback with certificates of an authority made here: who gets through, and what is out when it is revoked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_stream::StreamExt as _;
use tonic::Extensions;
use tonic::transport::Endpoint;
use tonic::transport::server::Connected as _;

use super::*;

/// An authority in a folder.
struct Authority {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("authority.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        let authority = Self { folder, issuer: Issuer::new(params, key) };
        authority.revoke(1, &[]);
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Gives the holder of this serial number a certificate.
    fn issue(&self, serial: u64, uris: &[&str]) -> IdentityFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from(serial));
        params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
        params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
        let name = |end: &str| self.path(&format!("{serial}.{end}"));
        std::fs::write(name("crt"), params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        std::fs::write(name("key"), key.serialize_pem()).unwrap();
        IdentityFiles {
            certificate: name("crt"),
            key: name("key"),
            authorities: self.path("authority.crt"),
            revoked: Some(self.path("revoked.pem")),
        }
    }

    fn revoke(&self, number: u64, serials: &[u64]) {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2126, 1, 1),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        replace(&self.path("revoked.pem"), &list.signed_by(&self.issuer).unwrap().pem().unwrap());
    }
}

fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

/// An end that answers each byte with what it may: `1` it speaks for till T1 of store S1, `0` it does not.
async fn serve(files: IdentityFiles) -> SocketAddr {
    let identity = Identity::open(files).unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Some(identity)).await.unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(listener.endpoint().unwrap(), format!("https://{address}"));
    tokio::spawn(async move {
        let mut incoming = listener.incoming();
        while let Some(connection) = incoming.next().await {
            tokio::spawn(answer(connection.unwrap()));
        }
    });
    address
}

async fn answer(mut connection: Connection) {
    let mut extensions = Extensions::new();
    extensions.insert(connection.connect_info());
    let mut byte = [0];
    while connection.read_exact(&mut byte).await.is_ok() {
        let speaks = Caller::of(&extensions).speaks_for("S1", "T1").is_ok();
        if connection.write_all(if speaks { b"1" } else { b"0" }).await.is_err() {
            return;
        }
    }
}

/// What the other end says to a byte over a new connection.
async fn ask(address: SocketAddr, files: &IdentityFiles) -> Option<u8> {
    let identity = Identity::open(files.clone()).unwrap();
    let mut connection = connect::dial(identity, format!("https://{address}").parse().unwrap(), Callee::Engine).await.ok()?;
    say(&mut connection).await
}

async fn say(connection: &mut connect::Dialled) -> Option<u8> {
    connection.write_all(b"?").await.ok()?;
    let mut byte = [0];
    connection.read_exact(&mut byte).await.ok()?;
    Some(byte[0])
}

#[tokio::test]
async fn h73_only_holders_of_certificates_of_the_authority_get_through_and_speak_for_their_own_till() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let address = serve(ours.issue(1, &["tessera://engine"])).await;
    let table = [
        ("the till", &ours, "tessera://till/S1/T1", Some(b'1')),
        ("another till", &ours, "tessera://till/S1/T2", Some(b'0')),
        ("its gateway", &ours, "tessera://gateway/S1", Some(b'1')),
        ("an operator", &ours, "tessera://operator", Some(b'0')),
        ("a certificate that says nothing", &ours, "https://example.org/", Some(b'0')),
        ("another authority's", &theirs, "tessera://till/S1/T1", None),
    ];
    for (serial, (what, authority, uri, expected)) in (10..).zip(table) {
        let files = IdentityFiles { authorities: ours.path("authority.crt"), ..authority.issue(serial, &[uri]) };
        let files = IdentityFiles { revoked: None, ..files };
        assert_eq!(ask(address, &files).await, expected, "{what}");
    }
    let plain = async {
        let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
        stream.write_all(b"????????").await.ok()?;
        let mut byte = [0];
        stream.read_exact(&mut byte).await.ok().filter(|_| byte[0] == b'1')
    };
    assert_eq!(plain.await, None, "nobody gets through without a certificate");
    let mistaken = Identity::open(ours.issue(30, &["tessera://gatway/S1"]));
    assert!(mistaken.is_err_and(|error| error.to_string().contains("gatway")), "a mistake is told to who starts with it");
}

#[tokio::test]
async fn h72_what_is_revoked_is_cut_and_does_not_come_back_while_others_go_on() {
    let authority = Authority::new();
    let address = serve(authority.issue(1, &["tessera://engine"])).await;
    let [good, stolen] = [10, 11].map(|serial| authority.issue(serial, &["tessera://till/S1/T1"]));
    let dial = async |files: &IdentityFiles| {
        let uri = format!("https://{address}").parse().unwrap();
        connect::dial(Identity::open(files.clone()).unwrap(), uri, Callee::Engine).await.unwrap()
    };
    let (mut stays, mut goes) = (dial(&good).await, dial(&stolen).await);
    assert_eq!((say(&mut stays).await, say(&mut goes).await), (Some(b'1'), Some(b'1')));
    authority.revoke(2, &[11]);
    let mut byte = [0];
    let cut = tokio::time::timeout(Duration::from_secs(30), goes.read_exact(&mut byte)).await;
    assert!(cut.unwrap().is_err(), "an open connection is cut without a word from the till");
    assert_eq!(ask(address, &IdentityFiles { revoked: None, ..stolen }).await, None, "and no new one is opened");
    assert_eq!(say(&mut stays).await, Some(b'1'));
    // A list that cannot be read changes nothing.
    replace(&authority.path("revoked.pem"), "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    assert_eq!((say(&mut stays).await, ask(address, &IdentityFiles { revoked: None, ..good }).await), (Some(b'1'), Some(b'1')));
}

#[tokio::test]
async fn h72_whoever_speaks_on_an_open_stream_may_nothing_more_once_he_is_revoked() {
    let authority = Authority::new();
    let identity = Identity::open(authority.issue(1, &["tessera://engine"])).unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Some(identity)).await.unwrap();
    let uri: http::Uri = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    let stolen = authority.issue(11, &["tessera://till/S1/T1", "tessera://operator"]);
    let mut incoming = listener.incoming();
    let (dialled, taken) = tokio::join!(connect::dial(Identity::open(stolen).unwrap(), uri, Callee::Engine), incoming.next());
    let (_open, mut connection) = (dialled.unwrap(), taken.unwrap().unwrap());
    let mut extensions = Extensions::new();
    extensions.insert(connection.connect_info());
    // As a stream keeps it from its first message on.
    let caller = Caller::of(&extensions);
    let may = || [caller.speaks_for("S1", "T1"), caller.is_till_or_gateway(), caller.is(|grant| *grant == Grant::Operator)];
    assert_eq!(may(), [Ok(()); 3]);
    authority.revoke(2, &[11]);
    let mut byte = [0];
    let cut = tokio::time::timeout(Duration::from_secs(30), connection.read_exact(&mut byte)).await;
    assert!(cut.unwrap().is_err());
    assert_eq!(may(), [Err(NotAllowed::Revoked); 3]);
}

#[tokio::test]
async fn h72_a_renewal_that_went_wrong_keeps_nobody_in_who_is_revoked() {
    let authority = Authority::new();
    let own = authority.issue(1, &["tessera://engine"]);
    let address = serve(own.clone()).await;
    let stolen = authority.issue(11, &["tessera://till/S1/T1"]);
    let uri: http::Uri = format!("https://{address}").parse().unwrap();
    let mut open = connect::dial(Identity::open(stolen.clone()).unwrap(), uri, Callee::Engine).await.unwrap();
    assert_eq!(say(&mut open).await, Some(b'1'));
    replace(&own.key, "half a key");
    authority.revoke(2, &[11]);
    let mut byte = [0];
    let cut = tokio::time::timeout(Duration::from_secs(30), open.read_exact(&mut byte)).await;
    assert!(cut.unwrap().is_err());
    assert_eq!(ask(address, &IdentityFiles { revoked: None, ..stolen }).await, None, "nor does it come back");
}

#[tokio::test]
async fn h72_whoever_does_not_show_that_he_is_an_engine_is_told_nothing() {
    let authority = Authority::new();
    let own = authority.issue(20, &["tessera://gateway/S1"]);
    let (engine, both) = (Callee::Engine, Callee::EngineOrGateway);
    let table = [
        ("tessera://engine", engine, true),
        ("tessera://engine", both, true),
        ("tessera://gateway/*", engine, false),
        ("tessera://gateway/*", both, true),
        ("tessera://till/S1/T1", both, false),
        ("tessera://operator", both, false),
        ("https://example.org/", both, false),
    ];
    for (serial, (uri, callee, expected)) in (30..).zip(table) {
        let address = serve(authority.issue(serial, &[uri])).await;
        let identity = Identity::open(own.clone()).unwrap();
        let dialled = connect::dial(identity, format!("https://{address}").parse().unwrap(), callee).await;
        assert_eq!(dialled.is_ok(), expected, "{uri} for {callee}");
    }
    let address = serve(IdentityFiles { revoked: None, ..authority.issue(50, &["tessera://engine"]) }).await;
    authority.revoke(2, &[50]);
    let revoked = connect::dial(Identity::open(own).unwrap(), format!("https://{address}").parse().unwrap(), engine).await;
    assert!(revoked.is_err(), "an engine that was revoked is none");
}

#[tokio::test]
async fn a_certificate_that_is_renewed_is_shown_from_then_on() {
    let authority = Authority::new();
    let address = serve(authority.issue(1, &["tessera://engine"])).await;
    let files = authority.issue(10, &["tessera://till/S1/T2"]);
    let identity = Identity::open(files.clone()).unwrap();
    let uri: http::Uri = format!("https://{address}").parse().unwrap();
    let mut before = connect::dial(identity.clone(), uri.clone(), Callee::Engine).await.unwrap();
    assert_eq!(say(&mut before).await, Some(b'0'));
    let renewed = authority.issue(11, &["tessera://till/S1/T1"]);
    replace(&files.key, &std::fs::read_to_string(renewed.key).unwrap());
    replace(&files.certificate, &std::fs::read_to_string(renewed.certificate).unwrap());
    let shown = async {
        loop {
            let mut after = connect::dial(identity.clone(), uri.clone(), Callee::Engine).await.unwrap();
            if say(&mut after).await == Some(b'1') {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), shown).await.unwrap();
    assert_eq!(say(&mut before).await, Some(b'0'), "what is open stays what it was");
}

#[tokio::test]
async fn addresses_that_others_reach_need_certificates_and_endpoints_say_what_they_need() {
    let refused = Listener::bind("0.0.0.0:0".parse().unwrap(), None).await.unwrap_err();
    assert!(matches!(refused, ListenError::NotLoopback { .. }) && refused.to_string().contains("tls."), "{refused}");
    let channel = |text: &'static str| channel(&Endpoint::from_static(text), None, Callee::Engine).err();
    assert!(channel("http://127.0.0.1:7301").is_none());
    assert!(matches!(channel("https://127.0.0.1:7301"), Some(ConnectError::NoIdentity { .. })));
    assert!(matches!(channel("ftp://127.0.0.1:7301"), Some(ConnectError::NoAddress { .. })));
}

#[test]
fn h81_without_certificates_only_this_machine_may_what_is_not_a_tills() {
    for (from, may) in [
        ("127.0.0.1:9", true),
        ("[::1]:9", true),
        ("[::ffff:127.0.0.1]:9", true),
        ("10.0.0.1:9", false),
        ("[2001:db8::1]:9", false),
    ] {
        let mut extensions = Extensions::new();
        extensions.insert(Peer { address: from.parse().unwrap(), certificate: None });
        assert_eq!(Caller::of(&extensions).is(|grant| matches!(grant, Grant::Operator)).is_ok(), may, "{from}");
    }
    assert!(Caller::of(&Extensions::new()).is(|_| false).is_ok(), "parts of one process trust each other");
}

#[tokio::test]
async fn h73_what_a_gateway_signed_is_its_word_on_one_text_for_as_long_as_it_is_believed() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let open = |files: &IdentityFiles| Identity::open(files.clone()).unwrap();
    let engine = open(&ours.issue(1, &["tessera://engine"]));
    let gateway = open(&ours.issue(10, &["tessera://gateway/S1"]));
    let stranger = open(&theirs.issue(10, &["tessera://gateway/S1"]));
    let now = 1_800_000_000;
    let proof = gateway.sign("this").unwrap();
    assert!(proof.len() < 1_024, "{} bytes", proof.len());
    let grants = engine.signer(&proof, "this", now).unwrap();
    assert!(grants.forwards_for(Some("S1")) && !grants.forwards_for(Some("S2")) && !grants.forwards_for(None));
    assert_eq!(engine.signer(&[], "this", now), Err(NotProven::Unsigned));
    assert_eq!(engine.signer(&proof, "that", now), Err(NotProven::Signature));
    assert_eq!(engine.signer(&proof[..proof.len() - 1], "this", now), Err(NotProven::Form));
    for (what, proof, at) in
        [("another authority", stranger.sign("this").unwrap(), now), ("before it was good", proof.clone(), 0)]
    {
        let refused = engine.signer(&proof, "this", at);
        assert!(matches!(refused, Err(NotProven::Certificate(_))), "{what}: {refused:?}");
    }
    let forged = [&stranger.sign("this").unwrap()[..5 + 70], &proof[5 + 70..]].concat();
    assert!(engine.signer(&forged, "this", now).is_err(), "a stranger's signature beside the gateway's certificate");
    // A restart is not needed to believe it no more.
    ours.revoke(2, &[10]);
    let end = tokio::time::timeout(Duration::from_secs(30), async {
        while engine.signer(&proof, "this", now).is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    end.await.unwrap();
    assert_eq!(engine.signer(&proof, "this", now), Err(NotProven::Revoked));
}
