//! The descriptor set that reflection serves holds the whole contract and refuses floats and maps.

use prost::Message as _;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

fn contract() -> Result<FileDescriptorSet, prost::DecodeError> {
    FileDescriptorSet::decode(tessera_proto::FILE_DESCRIPTOR_SET)
}

#[test]
fn every_service_has_its_calls() {
    let calls: Vec<String> = contract()
        .unwrap()
        .file
        .iter()
        .flat_map(|file| file.service.iter().map(move |service| (file.package(), service)))
        .flat_map(|(package, service)| {
            service.method.iter().map(move |method| format!("{package}.{}/{}", service.name(), method.name()))
        })
        .collect();
    let expected = [
        "tessera.admin.v1.AdminService/LoadCatalogue",
        "tessera.admin.v1.AdminService/PublishPrograms",
        "tessera.admin.v1.AdminService/ApproveRevision",
        "tessera.admin.v1.AdminService/WithdrawRevision",
        "tessera.admin.v1.AdminService/RollBackPrograms",
        "tessera.admin.v1.AdminService/ListRevisions",
        "tessera.admin.v1.AdminService/GetRevision",
        "tessera.admin.v1.CardService/ChangeCard",
        "tessera.admin.v1.CardService/GetCard",
        "tessera.admin.v1.ContactService/GetContact",
        "tessera.admin.v1.CustomerService/MergeCustomers",
        "tessera.admin.v1.CustomerService/JoinHousehold",
        "tessera.admin.v1.CustomerService/TransferUnits",
        "tessera.admin.v1.CustomerService/ReviewReceipt",
        "tessera.admin.v1.CustomerService/EraseCustomer",
        "tessera.admin.v1.CustomerService/ListHeldReceipts",
        "tessera.admin.v1.DrawService/CloseDraw",
        "tessera.admin.v1.DrawService/HoldDraw",
        "tessera.admin.v1.DrawService/GetDraw",
        "tessera.admin.v1.DrawService/ListDraws",
        "tessera.admin.v1.DrawService/ListDrawTickets",
        "tessera.admin.v1.LedgerService/CloseLedgerDays",
        "tessera.admin.v1.LedgerService/ListLedgerDays",
        "tessera.admin.v1.LedgerService/GetTrialBalance",
        "tessera.admin.v1.LedgerService/Adjust",
        "tessera.admin.v1.LedgerService/VerifyLedger",
        "tessera.admin.v1.ListService/BeginListLoad",
        "tessera.admin.v1.ListService/LoadListRows",
        "tessera.admin.v1.ListService/FinishListLoad",
        "tessera.admin.v1.ListService/UndoListLoad",
        "tessera.admin.v1.ListService/ListLists",
        "tessera.admin.v1.ListService/GetList",
        "tessera.admin.v1.ProfileService/ListFacts",
        "tessera.admin.v1.ProfileService/ConfirmFacts",
        "tessera.admin.v1.ProfileService/ReportEvent",
        "tessera.admin.v1.SeriesService/IssueSeries",
        "tessera.admin.v1.SeriesService/CountSeries",
        "tessera.admin.v1.StockService/SetStock",
        "tessera.admin.v1.StockService/GetStock",
        "tessera.billing.v1.BillingService/Quote",
        "tessera.billing.v1.BillingService/Settle",
        "tessera.billing.v1.BillingService/Void",
        "tessera.billing.v1.BillingService/Return",
        "tessera.billing.v1.BillingService/Claim",
        "tessera.billing.v1.BillingService/Identify",
        "tessera.billing.v1.BillingService/Enrol",
        "tessera.billing.v1.BillingService/AnswerPrompts",
        "tessera.billing.v1.BillingService/HandOver",
        "tessera.billing.v1.BillingService/GetReceipt",
        "tessera.billing.v1.BillingService/Converse",
        "tessera.feed.v1.FeedService/Follow",
        "tessera.gateway.v1.GatewayService/FollowPack",
        "tessera.gateway.v1.GatewayService/CloseTillDay",
        "tessera.gateway.v1.OperatorService/GetStatus",
        "tessera.gateway.v1.OperatorService/ListParked",
        "tessera.gateway.v1.OperatorService/RetryParked",
        "tessera.gateway.v1.OperatorService/CloseTillDays",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn no_message_has_a_float_or_a_map() {
    let contract = contract().unwrap();
    let ours = contract.file.iter().filter(|file| file.package().starts_with("tessera."));
    let messages: Vec<&DescriptorProto> = ours.flat_map(|file| &file.message_type).collect();
    assert!(messages.len() > 60, "only {} messages", messages.len());
    for message in messages {
        assert!(message.nested_type.is_empty(), "{} holds a map", message.name());
        for field in &message.field {
            let is_float = matches!(field.r#type(), Type::Float | Type::Double);
            assert!(!is_float, "{}.{} is a float", message.name(), field.name());
        }
    }
}
