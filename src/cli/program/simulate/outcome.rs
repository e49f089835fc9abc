//! A stored outcome as the receipt, or the return, that the till once sent: as far as an outcome tells it.

use tessera_contract::CONTRACT_MINOR;
use tessera_proto::billing::v1::customer_identity::Identity;
use tessera_proto::billing::v1::return_request::Original;
use tessera_proto::billing::v1::{
    CustomerIdentity, EntryMethod, Line, Outcome, OutcomeLine, PresentedCode, Receipt, RedeemRequest, Redemption, ReturnMode,
    ReturnRequest, ReturnedLine, SoldPart, redeem_request,
};

/// What an outcome does not hold of a receipt, for people.
pub(super) const LACKS: &str = "An outcome holds what the ledger needs and not the whole receipt: no attributes of lines, no regular price or reason of a markdown, no `no_discount` or `no_earn` of a line, no marks and no language. Campaigns that ask for these find nothing there, and goods that the till kept out of discounts or points get them. No channel either: every receipt counts as sold at the `till`. Units that campaigns added and lines that they gave are left out, so that the draft decides about them anew. What was redeemed is asked for again, by the same units; a receipt that was claimed later counts as its customer's own.";

/// The goods as they were rung up.
pub(super) fn receipt(outcome: Outcome) -> Receipt {
    Receipt {
        receipt_id: outcome.receipt_id,
        sold_at: outcome.sold_at,
        business_date: outcome.business_date,
        store_id: outcome.store_id,
        till_id: outcome.till_id,
        cashier_id: outcome.cashier_id,
        customer: identity(outcome.customer_id),
        currency_code: outcome.currency_code,
        lines: outcome.lines.into_iter().filter(|line| !line.added).map(as_rung_up).collect(),
        codes: outcome.code_verdicts.into_iter().map(|verdict| presented(verdict.code)).collect(),
        redeem_requested: outcome.redemptions.into_iter().filter_map(as_asked).collect(),
        tenders: outcome.tenders,
        cash_rounding_minor: outcome.cash_rounding_minor,
        fiscal: outcome.fiscal,
        ..Receipt::default()
    }
}

/// The goods as they came back.
pub(super) fn goods_back(outcome: Outcome) -> ReturnRequest {
    let original = Some(outcome.original_receipt_id).filter(|id| !id.is_empty());
    ReturnRequest {
        contract_minor: CONTRACT_MINOR,
        receipt_id: outcome.receipt_id,
        mode: ReturnMode::Done.into(),
        original: original.map(Original::OriginalReceiptId),
        returned_at: outcome.sold_at,
        business_date: outcome.business_date,
        store_id: outcome.store_id,
        till_id: outcome.till_id,
        cashier_id: outcome.cashier_id,
        currency_code: outcome.currency_code,
        customer: identity(outcome.customer_id),
        lines: outcome.lines.into_iter().map(as_returned).collect(),
        tenders: outcome.tenders,
        cash_rounding_minor: outcome.cash_rounding_minor,
        fiscal: outcome.fiscal,
        ..ReturnRequest::default()
    }
}

/// The customer by the engine's own id; none of nobody known.
pub(super) fn identity(customer_id: String) -> Option<CustomerIdentity> {
    (!customer_id.is_empty()).then(|| CustomerIdentity {
        identity: Some(Identity::CustomerId(customer_id)),
        entry_method: EntryMethod::Unspecified.into(),
    })
}

fn as_rung_up(line: OutcomeLine) -> Line {
    // Units that a campaign added stand as parts at zero that it changed by nothing.
    let added = |part: &&SoldPart| part.amount_minor == 0 && part.adjustments.iter().any(|one| one.amount_minor == 0);
    let added: i64 = line.parts.iter().filter(added).map(|part| part.quantity_milli).sum();
    Line {
        line_id: line.line_id,
        sku: line.sku,
        quantity_milli: line.quantity_milli.saturating_sub(added),
        quantity_kind: line.quantity_kind,
        unit_price_micros: line.unit_price_micros,
        amount_minor: line.rung_up_minor,
        tax_code: line.tax_code,
        ..Line::default()
    }
}

fn as_returned(line: OutcomeLine) -> ReturnedLine {
    ReturnedLine {
        line_id: line.line_id,
        original_line_id: line.original_line_id,
        sku: line.sku,
        quantity_milli: line.quantity_milli,
        quantity_kind: line.quantity_kind,
        unit_price_micros: line.unit_price_micros,
        amount_minor: line.paid_minor,
        tax_code: line.tax_code,
        reason: line.return_reason,
        ..ReturnedLine::default()
    }
}

fn presented(code: String) -> PresentedCode {
    PresentedCode { code, entry_method: EntryMethod::Unspecified.into() }
}

/// A certificate's code is presented like any other; what an account paid was asked for.
fn as_asked(redemption: Redemption) -> Option<RedeemRequest> {
    let wanted = redemption.code.is_empty() && redemption.units > 0;
    wanted.then_some(RedeemRequest {
        asset_id: redemption.asset_id,
        amount: Some(redeem_request::Amount::Units(redemption.units)),
        redeem_as: redemption.redeem_as,
    })
}
