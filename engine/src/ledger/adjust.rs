//! Who may correct an account, and what they sign.

use jiff::Timestamp;
use tessera_contract::read::{ENGINE_MARK_FAULT, holds_engine_mark};
use tessera_contract::refusal::Refusal;
use tessera_contract::signing::PublicKey;
use tessera_proto::admin::v1;
use tessera_rules::id::{AccountId, AssetId, ProgramId, ReceiptId};
use tessera_rules::money::Units;
use tonic::Status;

use crate::desk::{AdjustCase, Case, CaseAnswer};
use crate::engine::Engine;
use crate::layout::AggregateKey;
use crate::programs::people::Role;

/// What a statement of a correction begins with, so that its signature is good for nothing else.
const FIRST_LINE: &str = "tessera ledger, statement 1";
/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 200;
/// Units of one correction, either way: far beyond any balance, far below where sums end.
const UNITS_MAX: i64 = 1_000_000_000_000;

/// A correction as it is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdjustmentStatement {
    /// Its minted id: a repeat with the same content changes nothing.
    pub id: ReceiptId,
    /// The account.
    pub account: AccountId,
    /// What is corrected.
    pub asset: AssetId,
    /// The program whose book bears it.
    pub program: ProgramId,
    /// Above zero: given; below: taken. Never zero.
    pub units: Units,
    /// Until when what is given can be used; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// Why, 1 to 200 characters without line breaks.
    pub reason: String,
}

impl AdjustmentStatement {
    /// The text that is signed.
    ///
    /// INVARIANT: two statements have the same text only if they are equal; no field holds a line break.
    #[must_use]
    pub fn text(&self) -> String {
        let expires = self.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        format!(
            "{FIRST_LINE}\nact: adjust\nid: {}\naccount: {}\nasset: {}\nprogram: {}\nunits: {}\nexpires: {expires}\nreason: {}\n",
            self.id,
            self.account,
            self.asset,
            self.program,
            self.units.units(),
            self.reason
        )
    }

    /// Reads a request; all faults at once.
    pub(super) fn read(request: &v1::AdjustRequest) -> Result<Self, Status> {
        let mut faults = Vec::new();
        let mut fault = |field: &'static str, text: String| {
            faults.push(tessera_contract::Fault { field: field.to_owned(), description: text.into() })
        };
        if holds_engine_mark(&request.request_id) {
            fault("request_id", ENGINE_MARK_FAULT.to_owned());
        }
        let id = ReceiptId::parse(&request.request_id).map_err(|error| fault("request_id", error.to_string())).ok();
        let account = AccountId::parse(&request.account_id).map_err(|error| fault("account_id", error.to_string())).ok();
        let asset = AssetId::parse(&request.asset_id).map_err(|error| fault("asset_id", error.to_string())).ok();
        let program = ProgramId::parse(&request.program_id).map_err(|error| fault("program_id", error.to_string())).ok();
        if request.units == 0 || request.units.unsigned_abs() > UNITS_MAX.unsigned_abs() {
            fault("units", format!("must not be 0, and at most {UNITS_MAX} either way"));
        }
        let expires_at = request.expires_at.as_ref().map(tessera_contract::convert::timestamp_from_wire);
        if expires_at == Some(None) || (expires_at.is_some() && request.units < 0) {
            fault("expires_at", "must be a time, and only of what is given".to_owned());
        }
        let characters = request.reason.chars().count();
        if request.reason.trim().is_empty() || characters > REASON_CHARACTERS_MAX || request.reason.chars().any(char::is_control)
        {
            fault("reason", format!("must have 1 to {REASON_CHARACTERS_MAX} characters, no line breaks"));
        }
        match (id, account, asset, program) {
            (Some(id), Some(account), Some(asset), Some(program)) if faults.is_empty() => Ok(Self {
                id,
                account,
                asset,
                program,
                units: Units::from_units(request.units),
                expires_at: expires_at.flatten(),
                reason: request.reason.clone(),
            }),
            _ => Err(Refusal::Invalid(faults).into_status()),
        }
    }
}

/// Carries out a correction that enough people have signed.
pub(super) async fn adjust(engine: &Engine, request: &v1::AdjustRequest) -> Result<v1::AdjustResponse, Status> {
    let statement = AdjustmentStatement::read(request)?;
    let signers = signers(engine, &statement.text(), &request.signatures)?;
    refuse_too_few(engine, &statement, signers.len())?;
    refuse_unknown_asset(engine, &statement)?;
    let key = AggregateKey::Account(statement.account.clone());
    let content_hash = *blake3::hash(statement.text().as_bytes()).as_bytes();
    let case = AdjustCase {
        id: statement.id,
        asset: statement.asset,
        program: statement.program,
        units: statement.units,
        expires_at: statement.expires_at,
        reason: statement.reason,
        signers,
        content_hash,
        now: engine.core.clock.now(),
    };
    let done = engine.at_desk(key, Case::Adjust(Box::new(case))).await.map_err(Refusal::into_status)?;
    let CaseAnswer::Recorded { outcome } = done.answer else {
        return Err(engine.core.internal("the desk answered a correction with something else").into_status());
    };
    let outcome =
        prost::Message::decode(outcome).map_err(|error| engine.core.quarantined("a correction", &error).into_status())?;
    Ok(v1::AdjustResponse { outcome: Some(outcome) })
}

/// The keys of those who signed a statement, each of another person of finance (H78).
pub(crate) fn signers(engine: &Engine, text: &str, signatures: &[v1::PersonSignature]) -> Result<Vec<[u8; 32]>, Status> {
    let people = &engine.core.settings.people;
    if people.is_empty() {
        return Err(Status::failed_precondition("nobody is configured: this needs people of finance in the configuration"));
    }
    let mut keys: Vec<[u8; 32]> = Vec::new();
    for signature in signatures {
        let key = <[u8; 32]>::try_from(signature.public_key.as_slice()).ok().and_then(|bytes| PublicKey::from_bytes(&bytes));
        let bytes = <[u8; 64]>::try_from(signature.signature.as_slice()).ok();
        let (Some(key), Some(bytes)) = (key, bytes) else {
            return Err(Refusal::fault("signatures", "must each be a key of 32 bytes and a signature of 64").into_status());
        };
        if people.with_role(&key, &[Role::Finance]).is_err() {
            return Err(Status::permission_denied(format!("{key} is not the key of a person of finance")));
        }
        if !key.has_signed(text, &bytes) {
            return Err(Status::permission_denied(format!("the signature of {key} is not over this statement")));
        }
        if keys.contains(key.as_bytes()) {
            return Err(Status::permission_denied("both signatures are of one person"));
        }
        keys.push(*key.as_bytes());
    }
    Ok(keys)
}

/// One person of finance up to the limit, two above it (H78).
fn refuse_too_few(engine: &Engine, statement: &AdjustmentStatement, signed: usize) -> Result<(), Status> {
    let alone = statement.units.units().unsigned_abs() <= engine.core.settings.adjust_alone_units_max;
    let needed = if alone { 1 } else { 2 };
    if signed < needed {
        let alone = engine.core.settings.adjust_alone_units_max;
        let text = format!("{needed} people of finance must sign; one alone may correct up to {alone} units");
        return Err(Status::unauthenticated(text));
    }
    Ok(())
}

fn refuse_unknown_asset(engine: &Engine, statement: &AdjustmentStatement) -> Result<(), Status> {
    let rules = engine.core.programs.in_force();
    let known = rules.revision.assets().iter().any(|asset| asset.id == statement.asset && asset.program == statement.program);
    if known { Ok(()) } else { Err(Refusal::fault("asset_id", "is no asset of that program in force").into_status()) }
}
