//! What stands around the calls: health, reflection, what is not served, where it may listen.

use tessera_gateway::{Gateway, GatewayConfig, GatewayError, LIVENESS_SERVICE, READINESS_SERVICE};
use tessera_identity::ConnectError;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::engine::{Act, LONG, channel, gateway, nobody, start};

async fn health(client: &mut HealthClient<tonic::transport::Channel>, service: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: service.to_owned() };
    client.check(request).await.unwrap().get_ref().status()
}

#[tokio::test]
async fn readiness_follows_the_engines_and_liveness_does_not() {
    let engine = start(|_, _| Act::Hang).await;
    let ready = gateway(&[nobody().await, engine.address], LONG).await;
    let mut client = HealthClient::new(channel(ready.address));
    let mut watched = client.watch(HealthCheckRequest { service: READINESS_SERVICE.to_owned() }).await.unwrap().into_inner();
    while watched.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    assert_eq!(health(&mut client, "").await, ServingStatus::Serving);

    let alone = gateway(&[nobody().await], LONG).await;
    let mut client = HealthClient::new(channel(alone.address));
    assert_eq!(health(&mut client, READINESS_SERVICE).await, ServingStatus::NotServing);
    assert_eq!(health(&mut client, LIVENESS_SERVICE).await, ServingStatus::Serving);
}

#[tokio::test]
async fn a_call_that_nobody_knows_is_not_served() {
    let gateway = gateway(&[nobody().await], LONG).await;
    let unknown = crate::engine::send(&gateway, "Nonsense", Request::new(bytes::Bytes::new())).await;
    assert_eq!(unknown.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let uri = || vec!["http://127.0.0.1:1".parse().unwrap()];
    let made = |id: &str, engines| Gateway::new(GatewayConfig::new(id, engines)).unwrap_err();
    assert!(matches!(made("g1", Vec::new()), GatewayError::NoEngine));
    let https = vec!["https://127.0.0.1:1".parse().unwrap()];
    assert!(matches!(made("g1", https), GatewayError::Engine(ConnectError::NoIdentity { .. })));
    for id in ["", "a\nb", &"x".repeat(65)] {
        assert!(matches!(made(id, uri()), GatewayError::GatewayId { .. }));
    }
}
