//! Answers as people read them: a headline, the lines before and after, then everything else that is there.

use tessera_proto::billing::v1::{
    Answer, AnswerBasis, AnswerPromptsResponse, Balance, BasisReason, ClaimResponse, ClaimStatus, CommitPosition, CustomerStatus,
    EnrolResponse, GetReceiptResponse, IdentifyResponse, Outcome, QuoteRequest, QuoteResponse, ReturnAnswer, ReturnRequest,
    ReturnResponse, SettleRequest, SettleResponse, SettleStatus, VoidRequest, VoidResponse,
};

mod lines;
mod sections;

use sections::{Page, plain};

/// The answer to a quote, and the command that comes next.
pub(super) fn quote(request: &QuoteRequest, response: &QuoteResponse, next: Option<&str>) -> String {
    let receipt = request.receipt.clone().unwrap_or_default();
    let status = plain(response.status().as_str_name(), "QUOTE_STATUS_");
    let status = if status == "ok" { "quoted".to_owned() } else { status };
    let mut page = Page::new(&receipt.currency_code);
    page.headline(&format!("receipt {} {status}{}", receipt.receipt_id, basis(response)));
    if let Some(answer) = &response.answer {
        page.table(lines::of_quote(&receipt, answer, &page.money));
        the_answer(&mut page, answer);
    }
    if let Some(outcome) = &response.outcome {
        the_outcome(&mut page, outcome, &[]);
    }
    page.time("held until", response.held_until.as_ref());
    page.line("next", next.unwrap_or_default());
    page.finish()
}

/// Who answered, where it was not the engine.
fn basis(response: &QuoteResponse) -> String {
    match response.basis() {
        AnswerBasis::Engine | AnswerBasis::Unspecified => String::new(),
        AnswerBasis::Pack => " by the gateway, from its rule pack".to_owned(),
        AnswerBasis::Unchanged => {
            let why = match response.basis_reason() {
                BasisReason::Deadline => "the engine did not answer in time",
                BasisReason::LinkDown => "the engine cannot be reached",
                BasisReason::EngineError => "the engine failed",
                BasisReason::GatewayDown => "the gateway cannot be reached",
                BasisReason::Unspecified => "the engine did not answer",
            };
            format!(" as rung up: {why}; rewards follow by message once it has been settled")
        }
    }
}

fn the_answer(page: &mut Page, answer: &Answer) {
    let scales = &answer.balances;
    page.totals(answer.totals_before.as_ref(), answer.totals_after.as_ref());
    page.rewards("rewards", &answer.rewards, scales);
    page.redemptions(&answer.redemptions, scales);
    page.codes(&answer.code_verdicts);
    page.list("instructions", answer.instructions.iter().map(|instruction| instruction.text.clone()));
    page.prompts(&answer.prompts, &answer.rewards);
    page.list(
        "offers",
        answer.offers.iter().map(|offer| sections::named(&offer.text, &[&offer.sku, &offer.description, &offer.offer_id])),
    );
    page.near_misses(&answer.near_misses);
    page.list("to choose", answer.choices.iter().map(|choice| sections::named(&choice.text, &[&choice.choice_id])));
    page.list("can be declined", lines::declinable(answer).into_iter());
    page.balances(&answer.balances);
    page.line("customer", &plain(answer.customer_status().as_str_name(), "CUSTOMER_STATUS_"));
    if answer.customer_status() == CustomerStatus::Anonymous {
        page.line("claim code", &answer.claim_code);
    }
    page.list("notes", answer.notes.iter().map(|note| sections::note(note.code().as_str_name(), &note.line_id, &note.text)));
    page.list("limits reached", answer.limits_reached().map(|limit| plain(limit.as_str_name(), "LIMIT_REACHED_")));
    page.list("left out for want of time", answer.dropped_parts().map(|part| plain(part.as_str_name(), "ANSWER_PART_")));
    page.explanation(&answer.explanation);
    page.line("on the screen", &answer.screen_texts.join(" / "));
    page.line("in the footer", &answer.footer_texts.join(" / "));
    page.computed_with(answer.revision, answer.catalogue, answer.proven);
}

/// What a settle did.
pub(super) fn settle(request: &SettleRequest, response: &SettleResponse) -> String {
    let receipt = request.receipt.clone().unwrap_or_default();
    let mut page = Page::new(&receipt.currency_code);
    let became = match response.status() {
        SettleStatus::Committed if response.repeated_before => "settled before; this is the stored outcome",
        SettleStatus::Committed => "settled",
        SettleStatus::Accepted => "accepted by the gateway; the outcome comes later, by `tessera till get`",
        SettleStatus::Voided => "was voided before; the settle has no effect (a higher --attempt resumes the sale)",
        SettleStatus::Training => "evaluated for training; nothing was written",
        SettleStatus::Unspecified => "answered without a status",
    };
    page.headline(&format!("receipt {} {became}", receipt.receipt_id));
    if let Some(outcome) = &response.outcome {
        the_outcome(&mut page, outcome, &response.balances);
    }
    page.balances(&response.balances);
    the_position(&mut page, response.position.as_ref());
    if response.outcome.is_some() && !receipt.training {
        page.line("next", &format!("tessera till return --of {}", receipt.receipt_id));
    }
    page.finish()
}

/// Lines, sums, rewards and flags of a commit.
fn the_outcome(page: &mut Page, outcome: &Outcome, scales: &[Balance]) {
    page.table(lines::of_outcome(outcome, &page.money));
    page.totals(outcome.totals_before.as_ref(), outcome.totals_after.as_ref());
    page.rewards("rewards", &outcome.rewards, scales);
    page.redemptions(&outcome.redemptions, scales);
    page.tenders(&outcome.tenders);
    page.codes(&outcome.code_verdicts);
    page.list("flags", outcome.flags().map(|flag| plain(flag.as_str_name(), "OUTCOME_FLAG_")));
    page.list("declined", outcome.declined_ids.iter().cloned());
    page.list("answered", outcome.recorded_answers.iter().map(|answer| answer.fact_id.clone()));
    page.list(
        "counted",
        outcome.counter_changes.iter().map(|change| {
            let counted = super::money::quantity(change.counted_milli);
            format!("{counted} for {}, rewarded {} times", change.campaign_id, change.rewarded)
        }),
    );
    page.line("in the footer", &outcome.footer_texts.join(" / "));
    page.time("a message is due by", outcome.notice_due_at.as_ref());
    page.line("booked on", &outcome.booking_date);
    page.computed_with(outcome.revision, outcome.catalogue, outcome.proven);
}

fn the_position(page: &mut Page, position: Option<&CommitPosition>) {
    if let Some(position) = position {
        page.line("commit", &format!("{}, account version {}", position.sequence, position.account_version));
    }
}

/// What a void did.
pub(super) fn void(request: &VoidRequest, response: &VoidResponse) -> String {
    let mut page = Page::new(response.outcome.as_ref().map_or("", |outcome| &outcome.currency_code));
    let status = plain(response.status().as_str_name(), "VOID_STATUS_");
    page.headline(&format!("receipt {}: {status}", request.receipt_id));
    if let Some(outcome) = &response.outcome {
        the_outcome(&mut page, outcome, &[]);
    }
    page.finish()
}

/// What a return gives and takes back.
pub(super) fn returned(request: &ReturnRequest, response: &ReturnResponse) -> String {
    let mut page = Page::new(&request.currency_code);
    let status = plain(response.status().as_str_name(), "RETURN_STATUS_");
    let before = if response.repeated_before { " before; this is the stored outcome" } else { "" };
    page.headline(&format!("return {}: {status}{before}", request.receipt_id));
    if let Some(answer) = &response.answer {
        page.table(lines::of_refund(request, answer, &page.money));
        the_refund(&mut page, answer, &response.balances);
    }
    if let Some(outcome) = &response.outcome {
        page.list("flags", outcome.flags().map(|flag| plain(flag.as_str_name(), "OUTCOME_FLAG_")));
    }
    page.balances(&response.balances);
    the_position(&mut page, response.position.as_ref());
    page.finish()
}

fn the_refund(page: &mut Page, answer: &ReturnAnswer, scales: &[Balance]) {
    page.refund(answer);
    page.rewards("taken back", &answer.taken_back, scales);
    page.redemptions(&answer.restored, scales);
    page.list("can be used again", answer.restored_codes.iter().cloned());
    page.list("notes", answer.notes.iter().map(|note| sections::note(note.code().as_str_name(), &note.line_id, &note.text)));
    page.line("on the screen", &answer.screen_texts.join(" / "));
    page.line("in the footer", &answer.footer_texts.join(" / "));
}

/// What became of a receipt.
pub(super) fn got(response: &GetReceiptResponse) -> String {
    let mut page = Page::new(response.outcome.as_ref().map_or("", |outcome| &outcome.currency_code));
    let state = plain(response.state().as_str_name(), "RECEIPT_STATE_");
    page.headline(&format!("receipt {}: {state}", response.receipt_id));
    if let Some(outcome) = &response.outcome {
        page.line("original", &outcome.original_receipt_id);
        the_outcome(&mut page, outcome, &[]);
    }
    page.list("returns", response.return_receipt_ids.iter().cloned());
    the_position(&mut page, response.position.as_ref());
    page.finish()
}

/// What became of a claim.
pub(super) fn claimed(receipt: &str, response: &ClaimResponse) -> String {
    let mut page = Page::new(response.outcome.as_ref().map_or("", |outcome| &outcome.currency_code));
    let became = match response.status() {
        ClaimStatus::Committed => "claimed",
        ClaimStatus::Parked => "is not known yet; it is claimed when it arrives",
        ClaimStatus::Accepted => "accepted by the gateway; the outcome comes later",
        ClaimStatus::Unspecified => "answered without a status",
    };
    page.headline(&format!("receipt {receipt}: {became}"));
    if let Some(outcome) = &response.outcome {
        page.line("customer", &outcome.customer_id);
        page.rewards("rewards", &outcome.rewards, &response.balances);
        page.list("flags", outcome.flags().map(|flag| plain(flag.as_str_name(), "OUTCOME_FLAG_")));
        page.computed_with(outcome.revision, outcome.catalogue, outcome.proven);
    }
    page.balances(&response.balances);
    the_position(&mut page, response.position.as_ref());
    page.finish()
}

/// What is known of a customer.
pub(super) fn identified(response: &IdentifyResponse) -> String {
    let mut page = Page::new("");
    let status = plain(response.customer_status().as_str_name(), "CUSTOMER_STATUS_");
    page.headline(&format!("customer {}: {status}", response.customer_id));
    page.line("account", &response.account_id);
    let tiers = response.tiers.iter().filter(|tier| !tier.tier_id.is_empty());
    page.list("tiers", tiers.map(|tier| format!("{} in {}", tier.tier_id, tier.program_id)));
    page.balances(&response.balances);
    page.prompts(&response.prompts, &[]);
    page.finish()
}

/// What became of an enrolment.
pub(super) fn enrolled(response: &EnrolResponse) -> String {
    let mut page = Page::new("");
    page.headline(&format!("customer {}: {}", response.customer_id, plain(response.status().as_str_name(), "ENROL_STATUS_")));
    page.line("account", &response.account_id);
    page.balances(&response.balances);
    the_position(&mut page, response.position.as_ref());
    page.finish()
}

/// What became of answers.
pub(super) fn answered(response: &AnswerPromptsResponse) -> String {
    let mut page = Page::new("");
    let stored = if response.outcome.is_some() { "answers stored" } else { "nothing was stored" };
    page.headline(&format!("{stored}; customer {}", plain(response.customer_status().as_str_name(), "CUSTOMER_STATUS_")));
    let recorded = response.outcome.iter().flat_map(|outcome| &outcome.recorded_answers);
    page.list("answered", recorded.map(|answer| answer.fact_id.clone()));
    page.prompts(&response.prompts, &[]);
    page.balances(&response.balances);
    the_position(&mut page, response.position.as_ref());
    page.finish()
}

#[cfg(test)]
mod tests;
