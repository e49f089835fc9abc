//! Speaks to the admin service of a running engine.

use tessera_proto::admin::v1::admin_service_client::AdminServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use super::Failure;
use crate::config::Config;

/// The engine of a configuration, where one is running.
pub(crate) async fn connect(config: &Config) -> Option<AdminServiceClient<Channel>> {
    AdminServiceClient::connect(format!("http://{}", config.listen_engine)).await.ok()
}

/// What the engine refused, with every fault that it names.
pub(crate) fn refused(status: Status) -> Failure {
    let details = tonic_types::StatusExt::get_error_details(&status);
    let faults = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let mut text = status.message().to_owned();
    for fault in faults {
        text.push_str(&format!("\n{}: {}", fault.field, fault.description));
    }
    text.into()
}
