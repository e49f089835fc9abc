//! Tests of the notices of a configuration.

use super::super::tests::read as config;
use super::*;

const ALL: &str = r#"
[[route]]
name = "main"
by = "kannel"
url = "http://127.0.0.1:13013/cgi-bin/sendsms"
user = "tessera"
secret = "env:KANNEL_PASSWORD"
sender = "SHOP"
prefixes = ["+44", "+49"]
price = "0.045"
delivery_percent = 97
per_second = 30
receipts = true
[[route]]
name = "chat"
by = "telegram"
secret = "file:/etc/tessera/bot"
[[route]]
name = "mail"
by = "smtp"
url = "smtp://127.0.0.1:25"
sender = "Shop <shop@example.com>"
receipts = true
[[route]]
name = "own"
by = "webhook"
url = "https://crm.example.com/told"
secret = "env:HOOK"
"#;

#[test]
fn routes_are_read_with_their_channels_prices_and_where_their_secrets_stand() {
    let notices = config(ALL, &[]).unwrap().notices;
    let told: Vec<_> = notices
        .routes
        .iter()
        .map(|route| {
            let settings = &route.settings;
            (settings.name.as_str(), settings.channel, settings.price_micros, settings.per_second, settings.gives_receipts)
        })
        .collect();
    let expected = [
        ("main", Channel::Sms, 45_000, 30, true),
        ("chat", Channel::Telegram, 0, 10, false),
        ("mail", Channel::Email, 0, 10, false),
        ("own", Channel::Webhook, 0, 10, false),
    ];
    assert_eq!(told, expected);
    assert_eq!(notices.routes[2].settings.address, AddressFrom::Fact("email".to_owned()));
    assert!(config("", &[]).unwrap().notices.routes.is_empty());
}

#[test]
fn p11_all_faults_of_routes_are_told_at_once_with_their_place() {
    let file = r#"
[notices]
quiet = "late"
unknown_seconds = 0
[[route]]
name = "a b"
by = "kannel"
url = "sms.example.com"
secret = "planted-secret"
sender = ""
price = "0.0000001"
prefixes = ["44"]
colour = "red"
per_second = 0
[[route]]
name = "x"
by = "pigeon"
[[route]]
name = "y"
by = "smtp"
url = "smtp://mail.example.com:25"
sender = "nobody"
"#;
    let faults = config(file, &[]).unwrap_err().to_string();
    for part in [
        "notices.quiet",
        "notices.unknown_seconds",
        "route[1].name",
        "route[1].url",
        "route[1].user",
        "route[1].secret",
        "route[1].sender",
        "route[1].price",
        "route[1].prefixes",
        "route[1].colour",
        "route[1].per_second",
        "route[2].by",
        "route[3].url",
        "route[3].sender",
    ] {
        assert!(faults.contains(part), "{part} is missing in:\n{faults}");
    }
    assert!(!faults.contains("planted"), "{faults}");
    let twice = ALL.replace("\"chat\"", "\"main\"");
    assert!(config(&twice, &[]).unwrap_err().to_string().contains("route[2].name"));
}

#[cfg(unix)]
#[test]
fn h86_a_secret_is_read_from_a_file_of_ours_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "planted\n").unwrap();
    let secret = Secret::parse(&format!("file:{}", path.display())).unwrap();
    for (mode, is_read) in [(0o644, false), (0o440, false), (0o400, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let read = secret.read();
        assert_eq!(read.is_ok(), is_read, "{mode:o}");
        assert!(!format!("{read:?}").contains("planted"), "{read:?}");
    }
    assert_eq!(secret.read().unwrap().expose(), "planted");
    assert!(Secret::parse("env:TESSERA_NO_SUCH_NAME").unwrap().read().unwrap_err().contains("TESSERA_NO_SUCH_NAME"));
    for text in ["planted", "env:", "vault:x", ""] {
        assert_eq!(Secret::parse(text), None, "{text}");
    }
}
