//! What a settle tells, in the ledger's words, and what its codes came to, in the contract's.

use std::borrow::Cow;

use tessera_contract::convert::{campaign_to_wire, verdict_to_wire};
use tessera_contract::read::{InstructionDone, SettleInput};
use tessera_ledger::right::PrizeState;
use tessera_ledger::settle::SoldLine;
use tessera_proto::billing::v1;
use tessera_rules::decision::{Decision, RewardKind, Task};
use tessera_rules::id::RewardId;
use tessera_rules::money::Quantity;
use tessera_rules::revision::Revision;

use crate::series;

/// How prizes fared that the cashier was told to hand over; what was left out or not there stays due.
pub(super) fn prizes(instructions: &[InstructionDone]) -> Vec<(RewardId, PrizeState)> {
    let states = instructions.iter().filter_map(|done| {
        let state = match done.state {
            v1::InstructionState::Done => PrizeState::HandedOver,
            v1::InstructionState::Refused => PrizeState::Cancelled,
            v1::InstructionState::NoneLeft | v1::InstructionState::Unspecified => return None,
        };
        Some((done.id.clone(), state))
    });
    states.collect()
}

/// Of what was handed over from a series, which series it is and how many things there were.
pub(super) fn with_series(results: &mut [v1::InstructionResult], decided: &[&Decision], revision: &Revision) {
    for result in results {
        let reward =
            decided.iter().flat_map(|decision| &decision.rewards).find(|known| known.id.as_str() == result.instruction_id);
        let Some((reward, RewardKind::Prize { count, .. })) = reward.map(|reward| (reward, &reward.kind)) else { continue };
        series::tell(result, revision.series_of(&reward.campaign), *count);
    }
}

/// Whether units of marked goods were added and sold with fewer marks than units.
pub(super) fn lacks_marks(input: &SettleInput, decision: &Decision) -> bool {
    let scanned = decision.instructions.iter().filter(|instruction| instruction.task == Task::ScanOneMore);
    let mut sold = scanned.filter_map(|instruction| input.sold.iter().find(|line| Some(&line.id) == instruction.line.as_ref()));
    sold.any(|line| {
        let marks = i64::try_from(line.marks).unwrap_or(i64::MAX);
        marks.saturating_mul(Quantity::ONE.milli()) < line.quantity().milli()
    })
}

/// The lines as they were sold.
pub(super) fn sold_lines(input: &SettleInput) -> Vec<SoldLine<'_>> {
    input
        .sold
        .iter()
        .map(|line| SoldLine {
            id: line.id.clone(),
            sku: line.sku.clone(),
            tax_code: line.tax_code.clone(),
            measure: line.measure,
            added_by: line.added_by.clone(),
            parts: Cow::Borrowed(if line.parts_were_sent || line.added { &line.parts } else { &[] }),
        })
        .collect()
}

/// What became of each presented code.
pub(super) fn code_verdicts(decision: &Decision) -> Vec<v1::CodeVerdict> {
    decision
        .code_verdicts
        .iter()
        .map(|verdict| v1::CodeVerdict {
            code: verdict.code.to_string(),
            state: i32::from(verdict_to_wire(verdict.verdict)),
            campaign_id: campaign_to_wire(verdict.campaign.as_ref()),
            text: String::new(),
        })
        .collect()
}
