//! Speaks to the admin service of a running engine.

use tessera_proto::admin::v1::admin_service_client::AdminServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use super::reach::reach;
use super::{ConfigFile, Failure, read_config};
use crate::config::Config;

/// Bytes of an answer: the sources of a revision.
const ANSWER_BYTES_MAX: usize = 65 * 1024 * 1024;

/// The admin service of a running engine.
pub(crate) type Admin = AdminServiceClient<Channel>;

/// The engine of a configuration, where one is running.
///
/// # Errors
/// The files of the own certificate cannot be used.
pub(crate) async fn connect(config: &Config) -> Result<Option<Admin>, Failure> {
    let channel = reach(config, config.listen_engine).await?;
    Ok(channel.map(|channel| AdminServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)))
}

/// The engine of a configuration file.
///
/// # Errors
/// The configuration has faults, or nobody answers where it says.
pub(crate) async fn running(config: &ConfigFile) -> Result<Admin, Failure> {
    let config = read_config(config.config.as_deref())?;
    connect(&config).await?.ok_or_else(|| {
        let address = config.listen_engine;
        format!("no engine answers at {address}: start one with `tessera serve`, or name its configuration by --config").into()
    })
}

/// What the engine refused, with its reason and every fault that it names.
pub(crate) fn refused(status: Status) -> Failure {
    let details = tonic_types::StatusExt::get_error_details(&status);
    let faults = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let mut text = status.message().to_owned();
    if let Some(info) = details.error_info().filter(|_| faults.is_empty()) {
        text.push_str(&format!(" ({})", info.reason));
    }
    for fault in faults {
        text.push_str(&format!("\n{}: {}", fault.field, fault.description));
    }
    text.into()
}
