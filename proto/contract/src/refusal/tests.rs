//! Tests of refusals: what a status carries, and that it fits a header list.

use super::*;

fn each() -> Vec<Refusal> {
    let retry_after = Duration::from_millis(1_500);
    vec![
        Refusal::fault("receipt.lines[3].amount_minor", "must be 0 or more"),
        Refusal::CardNumber { field: "receipt.codes[0].code".to_owned() },
        Refusal::Conflict,
        Refusal::TooOld { remembered_days: 400 },
        Refusal::UpgradeEngine { theirs: 7, ours: 0 },
        Refusal::TooManyWaiting { retry_after },
        Refusal::Quarantined,
        Refusal::UnknownOriginal,
        Refusal::MoreThanSold { field: "lines[0].quantity_milli".to_owned() },
        Refusal::AlreadyClaimed,
        Refusal::NotYetServed { call: "Claim" },
        Refusal::DeadlineTooShort,
        Refusal::ShuttingDown,
        Refusal::StorageStopped,
        Refusal::ReplayTimeRefused,
        Refusal::InProgress,
        Refusal::OutcomeUnknown,
        Refusal::EngineUnreachable,
        Refusal::ForeignStore,
        Refusal::RateLimited { retry_after },
        Refusal::Internal { support_number: 42 },
        Refusal::LimitExceeded { what: "open calls on a stream", limit: 1_024 },
        Refusal::UnknownCursor,
        Refusal::WrongClaimCode,
        Refusal::UnknownPrize,
        Refusal::ClaimClosed,
        Refusal::SellingCashier,
    ]
}

#[test]
fn each_reason_of_the_contract_has_a_refusal_and_survives_the_wire() {
    let mut reasons: Vec<i32> = Vec::new();
    for refusal in each() {
        let reason = refusal.reason();
        reasons.push(i32::from(reason));
        let status = refusal.clone().into_status();
        assert_eq!(Refusal::from_status(&status), Some(reason), "{reason:?}");
        assert_eq!(status.code(), refusal.code());
        assert_eq!(retry_after(&status), refusal.retry_after());
        let error = refusal.into_call_error();
        assert_eq!(call_error(&status), error, "a status tells what the answer on a stream tells");
        assert_eq!(Refusal::from_call_error(&error), Some(reason), "{reason:?}");
        assert_eq!(error.code, i32::from(status.code()));
        assert_eq!(error.message, status.message());
    }
    let all: Vec<i32> = (1..).map_while(|number| v1::ErrorReason::try_from(number).ok()).map(i32::from).collect();
    reasons.sort_unstable();
    reasons.dedup();
    assert_eq!(reasons, all);
}

#[test]
fn a_status_carries_field_paths_reason_without_prefix_and_delay() {
    let status = Refusal::fault("receipt.lines[3].amount_minor", "must be 0 or more").into_status();
    assert_eq!(status.message(), "receipt.lines[3].amount_minor: must be 0 or more");
    let violations = status.get_details_bad_request().expect("is there").field_violations;
    assert_eq!(violations[0].field, "receipt.lines[3].amount_minor");
    let info = status.get_details_error_info().expect("is there");
    assert_eq!((info.domain.as_str(), info.reason.as_str()), ("tessera", "INVALID_RECEIPT"));
    let busy = Refusal::TooManyWaiting { retry_after: Duration::from_millis(1_500) }.into_status();
    assert_eq!(busy.get_details_retry_info().expect("is there").retry_delay, Some(Duration::from_millis(1_500)));
}

#[test]
fn a_status_of_somebody_else_has_no_reason() {
    assert_eq!(Refusal::from_status(&Status::unavailable("proxy")), None);
    let mut details = ErrorDetails::new();
    details.set_error_info("CONFLICT", "elsewhere", HashMap::new());
    let status = Status::with_error_details(Code::AlreadyExists, "x", details);
    assert_eq!(Refusal::from_status(&status), None);
    assert_eq!(call_error(&status).reason, "");
}

#[test]
fn a_reason_of_a_later_contract_is_told_by_name() {
    let mut details = ErrorDetails::new();
    details.set_error_info("SOMETHING_NEW", DOMAIN, HashMap::new());
    let status = Status::with_error_details(Code::Aborted, "x", details);
    assert_eq!(Refusal::from_status(&status), None);
    assert_eq!(call_error(&status).reason, "SOMETHING_NEW");
}

#[test]
fn h13_an_unknown_outcome_says_when_to_repeat_whoever_lost_it() {
    for (refusal, code) in [(Refusal::OutcomeUnknown, Code::DeadlineExceeded), (Refusal::EngineUnreachable, Code::Unavailable)] {
        let status = refusal.into_status();
        assert_eq!((status.code(), Refusal::from_status(&status)), (code, Some(v1::ErrorReason::OutcomeUnknown)));
        assert_eq!(retry_after(&status), Some(REPEAT_UNKNOWN_AFTER));
    }
}

#[test]
fn the_largest_error_fits_the_header_list_of_a_client() {
    let fault = Fault {
        field: "receipt.lines[999].sold_parts[63].adjustments[63].campaign_id".to_owned(),
        description: "x".repeat(64).into(),
    };
    let faults = vec![fault; crate::limits::FAULTS_MAX + 1];
    let mut map = tonic::metadata::MetadataMap::new().into_headers();
    Refusal::Invalid(faults).into_status().add_header(&mut map).expect("can be written");
    let bytes: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    assert!(bytes < 16 << 10, "{bytes}");
}
