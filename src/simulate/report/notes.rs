//! What stands beside the figures: how to read them, and what is to be known of one answer.

use tessera_rules::id::SegmentId;
use tessera_rules::revision::Revision;

use super::super::history::Counted;
use super::super::{Question, Which};
use super::{Dimension, Report};

/// What a reader of any answer must know.
pub(super) fn reading(report: &Report) -> Vec<String> {
    let mut reading = vec![
        "Cost is the discount, the ordinary price of goods added for nothing, and the worth of all units given; what customers will not spend of these is not taken off.",
        "A campaign's and a payer's receipts and turnover are those of the receipts on which they did something; one receipt may stand in several rows. All other columns sum to the total.",
        "A tier is the one that the customer had on that side when buying or bringing back, so a row's receipts may differ between the sides.",
        "Whoever shows a card, a code or a phone number counts as a known customer. Each begins with an empty account on both sides: no points, tiers, counters or facts from before the first receipt, so what depends on them is given later, or less often, than it will be.",
    ];
    if !report.rows(Dimension::Segment).is_empty() {
        reading.push("A segment's rows are of the customers who were in it on that side when buying or bringing back; one may be in several, so these rows do not sum to the total.");
    }
    reading.into_iter().map(str::to_owned).collect()
}

/// What is to be known of this answer alone.
pub(super) fn remarks(question: &Question, report: &Report, counted: &Counted) -> Vec<String> {
    let mut remarks = question.remarks.clone();
    if question.weeks != 0 {
        remarks.push(format!("All receipts were moved by {} weeks, so that they fall into the draft's time. Weekdays stay, and so do times in UTC: where clocks were put forward or back in between, the hour on the wall differs by one.", question.weeks));
    }
    if report.total.figures.draft.touched == 0 {
        remarks.push("The draft did nothing on any receipt: look at the dates, stores and products of its campaigns. --as-of DATE moves the receipts into the time of a draft that begins later.".to_owned());
    }
    for which in Which::BOTH {
        let side = match which {
            Which::Current => "the current revision",
            Which::Draft => "the draft",
        };
        let revision = &question.rules.of(which).revision;
        remarks.extend(not_simulated(revision, side));
        let missing: Vec<&str> = question.lists.missing(revision).into_iter().map(SegmentId::as_str).collect();
        if !missing.is_empty() {
            remarks.push(format!(
                "Nobody is on these lists, which segments of {side} name: {}. --list NAME=FILE says who is.",
                missing.join(", ")
            ));
        }
        let unproven = counted.tally.of(which).unproven;
        if unproven > 0 {
            remarks
                .push(format!("On {unproven} receipts the best deal under {side} is the best found, not proven to be the best."));
        }
    }
    remarks
}

/// What a campaign asks for that no simulated account knows of.
fn not_simulated(revision: &Revision, side: &str) -> Vec<String> {
    let shared: Vec<String> = revision.nothing_shared().into_iter().map(|uses| uses.campaign.to_string()).collect();
    let drawn: Vec<String> = revision.drawn().map(ToString::to_string).collect();
    let mut remarks = Vec::new();
    if !shared.is_empty() {
        remarks.push(format!("Budgets and limits over all customers are not counted down: under {side} these campaigns give on every receipt that matches, and cost at most what their budgets allow: {}.", shared.join(", ")));
    }
    if !drawn.is_empty() {
        remarks.push(format!("Nothing is drawn: under {side} these campaigns with a chance give nothing, and will cost their chance of the rewards: {}.", drawn.join(", ")));
    }
    remarks
}
