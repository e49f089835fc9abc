//! Settle: this receipt has been paid, exactly so. Never refused for a business reason.

mod answered;
mod braked;
mod told;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use compact_str::CompactString;
use jiff::{SignedDuration, Timestamp};
use tessera_contract::canonical::BasketHash;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::read::SettleInput;
use tessera_contract::refusal::Refusal;
use tessera_contract::till_day::{DayKind, DayReceipt};
use tessera_contract::token::{self, TokenBody, TokenHead, decision_hash};
use tessera_ledger::account::Account;
use tessera_ledger::entry::{ReceiptEntry, TillPlace};
use tessera_ledger::order::{SettleAdmission, admit_settle};
use tessera_ledger::outcome::{Flag, Outcome};
use tessera_ledger::return_goods::{DecidedWith, is_repriced};
use tessera_ledger::settle::{self as ledger, Relation, Settle, settle};
use tessera_ledger::standing::View;
use tessera_ledger::terms::{limit_terms, return_terms};
use tessera_proto::billing::v1;
use tessera_rules::decision::{AnswerPart, Decision};
use tessera_rules::effort::Effort;
use tessera_rules::evaluate::evaluate;
use tessera_rules::id::{CampaignId, CustomerId, SegmentId};
use tessera_rules::receipt::{Receipt, Stage};
use tessera_rules::revision::Revision;
use tessera_rules::standing::{CodeForRedeem, Standing};

use self::answered::Answered;
use self::told::{code_verdicts, lacks_marks, prizes, sold_lines, with_series};
use super::as_decided::is_as_decided;
use super::bonus::{Moment, Referrer};
use super::claim::waiting_claims;
use super::day::keep_aside;
use super::enrol::recorded;
use super::promised::{Issuer, Promised};
use super::return_goods::apply_parked;
use super::{Draft, quote};
use crate::budgets::{Asker, BUDGET_ATTEMPTS_MAX, Held, Share, shares};
use crate::core::asset_terms;
use crate::coupons;
use crate::layout;
use crate::programs::Rules;
use crate::record::{Extras, encode_outcome};
use crate::skipped::skipped;
use crate::surroundings::Surroundings;

/// After the sale, the customer must have been told of what the till could not tell (P8).
const NOTICE_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// A settle and all that it needs beside the account.
#[derive(Debug)]
pub(crate) struct SettleCase {
    pub(crate) input: SettleInput,
    pub(crate) extras: Extras,
    pub(crate) promise: Promised,
    pub(crate) basket_hash: BasketHash,
    pub(crate) customer: Option<CustomerId>,
    pub(crate) referrer: Referrer,
    /// Why there is no customer, though the receipt names one.
    pub(crate) no_customer: Option<Flag>,
    pub(crate) now: Timestamp,
    pub(crate) till_clock_off: bool,
    /// No gateway has signed that it took this into its spool.
    pub(crate) delivery_unproven: bool,
    /// The request, kept where the sale can be claimed, or is priced anew when goods come back.
    pub(crate) kept: Option<Bytes>,
}

/// How a settle was answered.
#[derive(Debug)]
pub(crate) enum Settled {
    /// Committed now, or before.
    Outcome {
        /// The outcome message as stored.
        outcome: Bytes,
        /// It had been committed before.
        repeated: bool,
        /// Campaigns that its evaluation skipped since their conditions failed; none where a token decided.
        skipped: Vec<CampaignId>,
        /// Claims that have waited for it, as they were received.
        claims: Vec<Bytes>,
    },
    /// The receipt was voided by the same or a later decision.
    Voided,
}

/// The decision to commit and how it came about.
struct Judged<'a> {
    decision: Cow<'a, Decision>,
    promised: Option<Cow<'a, Decision>>,
    relation: Relation,
    /// The first part that nobody was told of before it was paid; none: all was told.
    untold_from: Option<AnswerPart>,
    /// What it uses of what is limited over all customers.
    shares: Vec<Share>,
    /// That is more than was left.
    is_beyond: bool,
    /// The imported lists that the customer was on.
    lists: Vec<SegmentId>,
    /// Articles that the store did not have in stock, sorted.
    out_of_stock: Arc<[CompactString]>,
}

/// When and how a receipt is evaluated.
#[derive(Clone, Copy, Debug)]
struct When {
    at: Timestamp,
    effort: Effort,
    /// The first part that nobody was told of before it was paid; none: all was told.
    untold_from: Option<AnswerPart>,
    /// The code that redemptions may wait for has come with a quote.
    has_code: bool,
}

impl Settled {
    fn repeated(outcome: Bytes, claims: Vec<Bytes>) -> Self {
        Self::Outcome { outcome, repeated: true, skipped: Vec::new(), claims }
    }
}

impl SettleCase {
    pub(super) async fn apply(&self, draft: &mut Draft<'_>) -> Result<Settled, Refusal> {
        let id = &self.input.receipt.id;
        let till = TillPlace::from(&self.input.receipt.place);
        let entry = draft.entry(id).await?.map(|entry| entry.seen_from(&till));
        let stored = draft.outcome(entry.as_ref(), id).await?;
        match admit_settle(entry.as_ref(), stored.is_some(), &self.input.content_hash.0, self.input.attempt) {
            SettleAdmission::Repeat => {
                draft.core.budgets.found(id);
                let claims = waiting_claims(draft, entry.as_ref().map_or(&[], |entry| &entry.parked)).await?;
                Ok(Settled::repeated(stored.unwrap_or_default(), claims))
            }
            SettleAdmission::Conflict => Err(self.conflict()),
            SettleAdmission::Voided => Ok(Settled::Voided),
            SettleAdmission::New { after_void } => self.commit(draft, entry.as_ref(), after_void).await,
        }
    }

    fn put_into_day(&self, draft: &mut Draft<'_>) {
        let receipt = &self.input.receipt;
        let sold = DayReceipt { kind: DayKind::Settled, content: self.input.content_hash };
        draft.put_till_day(&receipt.place, receipt.business_date, &receipt.id, sold);
        draft.put_fiscal(self.input.fiscal.as_ref(), &receipt.id);
    }

    /// The same id with other content: a till's bug, a counter that was reset, or fraud (H2).
    fn conflict(&self) -> Refusal {
        metrics::counter!("tessera_engine_conflicts_total").increment(1);
        tracing::warn!(receipt = %self.input.receipt.id, store = %self.input.receipt.place.store, "a receipt id came again with other content");
        Refusal::Conflict
    }

    async fn commit(&self, draft: &mut Draft<'_>, entry: Option<&ReceiptEntry>, after_void: bool) -> Result<Settled, Refusal> {
        let answered = self.answered(draft);
        let judged = self.judge_within_budgets(draft).await?;
        let (settled, extras, skipped) = self.settle(draft, &answered, after_void, &judged);
        let id = &self.input.receipt.id;
        let outcome = encode_outcome(&settled.outcome, &extras);
        if self.input.receipt.training {
            return Ok(Settled::Outcome { outcome, repeated: false, skipped, claims: Vec::new() });
        }
        let decided = self.decided_with(draft, &judged, &settled.outcome);
        draft.put_follow_ups(&settled.outcome.follow_ups);
        if let Some(account) = settled.account {
            self.keep_values(draft, &account.id, &answered.kept).await?;
            draft.put_account(account);
            keep_aside(draft, settled.aside).await?;
        }
        // The parked returns and claims stay in the entry: it may be written although the commit is refused, and what
        // it said before must not be lost then. Each is carried out once, by its own id.
        let settled = ReceiptEntry::settled(
            entry,
            draft.aggregate(id),
            self.input.content_hash.0,
            self.input.attempt,
            self.input.receipt.business_date,
        );
        let parked = settled.parked.clone();
        draft.put_entry(id, settled);
        self.put_into_day(draft);
        draft.put_row(layout::outcome_row(id.as_str()), outcome.clone());
        draft.put_codes(id, &judged.shares);
        draft.put_spent(id, judged.shares, self.input.receipt.business_date);
        if let Some(kept) = &self.kept {
            draft.put_row(layout::sale_row(id), kept.clone());
        }
        if let Some(decided) = decided {
            draft.put_decided((id, self.customer.as_ref()), &decided).await?;
        }
        for waiting in &parked {
            apply_parked(draft, id, waiting, (self.promise.rules(), self.now)).await?;
        }
        let claims = waiting_claims(draft, &parked).await?;
        Ok(Settled::Outcome { outcome, repeated: false, skipped, claims })
    }

    fn settle(
        &self,
        draft: &Draft<'_>,
        answered: &Answered,
        after_void: bool,
        judged: &Judged<'_>,
    ) -> (ledger::Settled, Extras, Vec<CampaignId>) {
        let rules = self.promise.rules();
        let assets = asset_terms(&rules.revision, self.input.receipt.currency);
        let sold = sold_lines(&self.input);
        let handed_over = prizes(&self.input.instructions);
        let is_awaited =
            answered.account.as_ref().is_some_and(|account| account.waiting.iter().any(|waiting| waiting.given.is_none()));
        let must_confirm = (is_awaited || !answered.kept.is_empty()).then(|| rules.revision.must_confirm());
        let mut settled = settle(
            answered.account.as_deref(),
            &Settle {
                receipt: &self.input.receipt,
                sold: &sold,
                decision: &judged.decision,
                promised: judged.promised.as_deref(),
                relation: judged.relation,
                after_void,
                deferred: self.is_deferred(),
                till_clock_off: self.till_clock_off,
                delivery_unproven: self.delivery_unproven,
                content_hash: self.input.content_hash.0,
                attempt: self.input.attempt,
                basis: rules.basis(),
                booked_at: draft.booked_at(self.now),
                booking_date: draft.booking_date(self.now),
                cash_rounding: self.input.cash_rounding,
                customer: self.customer.clone(),
                assets: &assets,
                renewals: &rules.revision.renewals(self.input.receipt.sold_at),
                codes: draft.core.keys.codes(),
                handed_over: &handed_over,
                must_confirm: must_confirm.as_deref(),
                limits: &limit_terms(&rules.revision, &judged.decision),
                return_terms: &return_terms(&rules.revision),
                seen: &draft.core.programs.in_force().revision.receipts_seen(),
            },
        );
        if judged.is_beyond {
            add_flag(&mut settled.outcome.flags, Flag::SettledWithShortfall);
        }
        if let Some(flag) = self.no_customer {
            add_flag(&mut settled.outcome.flags, flag);
        }
        let mut extras = self.extras.clone();
        extras.proven = judged.decision.proven;
        extras.bound_minor = judged.decision.bound.minor();
        extras.steps = judged.decision.steps;
        extras.code_verdicts = code_verdicts(&judged.decision);
        let decided: Vec<&Decision> =
            [Some(judged.decision.as_ref()), judged.promised.as_deref()].into_iter().flatten().collect();
        with_series(&mut extras.instruction_results, &decided, &rules.revision);
        if lacks_marks(&self.input, &judged.decision) {
            add_flag(&mut settled.outcome.flags, Flag::MarksMissing);
        }
        extras.notice_due_at = self.notice_due_at().map(timestamp_to_wire);
        if let (Some(account), Some(customer)) = (&settled.account, &self.customer) {
            extras.answers =
                recorded((&self.input.receipt.id, customer), (&answered.kept, &answered.changed), (account, &rules.revision));
            settled.outcome.facts = answered.changed.clone();
        }
        let moment = Moment { core: draft.core, rules, at: self.input.receipt.sold_at, store: &self.input.receipt.place.store };
        let is_first = answered.account.as_ref().is_none_or(|opened| opened.statistics.visits == 0);
        moment.settled(&mut settled, self.customer.as_ref(), (&self.referrer, is_first));
        extras.coupons = printed_coupons(&settled.outcome, &rules.revision);
        let skipped = skipped(&judged.decision).cloned().collect();
        (settled, extras, skipped)
    }

    /// The till did not have its whole answer in time: it says so, has told the customer so, comes late and without a
    /// quote, or had a part of it from a gateway's rule pack, good or not.
    fn is_deferred(&self) -> bool {
        let delivery = &self.input.delivery;
        let is_late = match self.promise {
            Promised::Nothing { rejected: Some(Issuer::Gateway), .. } => true,
            Promised::Nothing { .. } => delivery.route != v1::DeliveryRoute::Direct,
            Promised::Pack { .. } => true,
            Promised::Token { .. } => false,
        };
        delivery.deferred || delivery.customer_told || is_late
    }

    /// Until when a customer who left without their answer must have been told; none: there is nobody to tell, or no need.
    fn notice_due_at(&self) -> Option<Timestamp> {
        let is_due = self.is_deferred() && self.customer.is_some() && !self.input.receipt.training;
        is_due.then(|| self.input.receipt.sold_at.saturating_add(NOTICE_WITHIN).ok())?
    }

    /// A decision whose shares of budgets are held until the commit. One that does not fit any more is made again, but
    /// for one that was promised: it stands, and is flagged.
    async fn judge_within_budgets(&self, draft: &Draft<'_>) -> Result<Judged<'_>, Refusal> {
        let receipt = &self.input.receipt;
        let until = draft.core.held_until(self.now);
        let asker = Asker {
            receipt: &receipt.id,
            quote_no: None,
            place: &receipt.place,
            account: draft.account_id(),
            supersedes: None,
            day: receipt.business_date,
            now: self.now,
            until,
        };
        let rules = self.promise.rules();
        let mut attempts = 0_u32;
        loop {
            let of = (rules.revision.as_ref(), receipt, self.promise.at(receipt));
            let around = draft.core.surroundings(of, self.customer.as_ref(), asker).await?;
            let mut judged = self.judge(draft, &around);
            judged.shares = shares(&rules.revision, &judged.decision);
            (judged.lists, judged.out_of_stock) = (around.lists, around.out_of_stock);
            attempts = attempts.saturating_add(1);
            if receipt.training || draft.core.budgets.hold(&judged.shares, asker) == Held::Fits {
                return Ok(judged);
            }
            if judged.relation == Relation::AsQuoted || attempts >= BUDGET_ATTEMPTS_MAX {
                draft.core.budgets.hold_all_the_same(&judged.shares, asker);
                judged.is_beyond = true;
                return Ok(judged);
            }
        }
    }

    /// Which decision is committed: the token's where the receipt was sold as quoted, else a new one.
    fn judge(&self, draft: &Draft<'_>, around: &Surroundings) -> Judged<'_> {
        match &self.promise {
            Promised::Nothing { rejected, rules } => {
                let decision = self.evaluate((draft, around), rules, &self.paid(), self.when_sold());
                let relation = if rejected.is_some() { Relation::TokenRejected } else { Relation::WithoutQuote };
                Judged::of(Cow::Owned(decision), None, relation)
            }
            Promised::Pack { by, rules } => {
                let decision = self.evaluate((draft, around), rules, &self.paid(), self.when_sold());
                let (given, relation) = by.judge(&self.input, self.basket_hash);
                Judged::of(Cow::Owned(decision), Some(Cow::Owned(given)), relation)
            }
            Promised::Token { body, rules } => self.judge_token((draft, around), body, rules),
        }
    }

    fn judge_token<'a>(&'a self, known: (&Draft<'_>, &Surroundings), body: &'a TokenBody, rules: &Rules) -> Judged<'a> {
        let again = |effort, untold_from| {
            let when = When { at: body.head.quoted_at, effort, untold_from, has_code: body.promised.has_redemptions() };
            self.evaluate(known, rules, &self.quoted_again(&body.head), when)
        };
        // Prices were told, and with them what campaigns cost that made them: neither more nor less is searched for them.
        let searched = Effort::within(body.head.steps_max);
        let anew = |quoted: &Decision, promised| Judged {
            untold_from: quoted.dropped_from,
            ..Judged::of(Cow::Owned(again(searched.whole(), quoted.dropped_from)), promised, Relation::Differs)
        };
        match &body.promised {
            token::Promised::Decision(decision)
                if self.is_as_quoted(body, decision) && !self.is_braked_since(known.0, rules, decision) =>
            {
                Judged::of(Cow::Borrowed(decision.as_ref()), None, Relation::AsQuoted)
            }
            token::Promised::Decision(decision) => anew(decision, Some(Cow::Borrowed(decision.as_ref()))),
            // The token was too large for its decision: the same evaluation comes to the same, or it does not.
            token::Promised::Hash(hash) => {
                let decision = again(searched, None);
                if decision_hash(&decision) != *hash {
                    anew(&decision, None)
                } else if self.is_as_quoted(body, &decision) {
                    Judged::of(Cow::Owned(decision), None, Relation::AsQuoted)
                } else {
                    Judged { promised: Some(Cow::Owned(decision.clone())), ..anew(&decision, None) }
                }
            }
        }
    }

    /// Rewards for which a quote had no time are the settle's to decide, but for what nobody could take or decline.
    fn is_as_quoted(&self, body: &TokenBody, decision: &Decision) -> bool {
        body.head.basket_hash == self.basket_hash
            // Whoever was quoted has been erased since: nobody has what was decided for them.
            && (self.no_customer.is_none() || body.head.account.is_none())
            && !decision.depends_on_tenders
            && decision.has(AnswerPart::Rewards)
            && is_as_decided(&self.input, decision)
    }

    fn view<'v>(&'v self, now: Timestamp, lists: &'v [SegmentId]) -> View<'v> {
        View {
            customer: self.customer.as_ref(),
            receipt: &self.input.receipt.id,
            supersedes: None,
            now,
            business_date: self.input.receipt.business_date,
            lists,
        }
    }

    /// What a return that prices the sale anew needs of what it was decided with, before the sale is booked.
    fn decided_with(&self, draft: &Draft<'_>, judged: &Judged<'_>, outcome: &Outcome) -> Option<DecidedWith> {
        if self.kept.is_none() || !is_repriced(outcome) {
            return None;
        }
        let at = self.promise.at(&self.input.receipt);
        let known_at = if judged.relation == Relation::AsQuoted { at } else { self.now };
        let effort = match &self.promise {
            Promised::Token { body, .. } => Effort::within(body.head.steps_max),
            Promised::Nothing { .. } | Promised::Pack { .. } => Effort::default(),
        };
        let customer = self.known(draft).map(|account| account.standing(&self.view(known_at, &judged.lists)));
        // What was given was there, whatever has become of it since the quote.
        let was_given = |sku: &str| judged.decision.lines.iter().any(|line| line.added_by.is_some() && line.sku.as_str() == sku);
        let revision = &self.promise.rules().revision;
        let lacked = judged.out_of_stock.iter().filter(|sku| revision.is_gift(sku) && !was_given(sku));
        Some(DecidedWith::of((at, effort), customer, lacked.cloned().collect()).untold_from(judged.untold_from))
    }

    /// The account that the sale is decided with; it may be the first that is heard of the customer.
    fn known<'d>(&self, draft: &'d Draft<'_>) -> Option<Cow<'d, Account>> {
        let fresh = || draft.account_id().map(|id| Cow::Owned(Account::new(id.clone(), self.member(id), self.now)));
        draft.account().map(|account| Cow::Borrowed(account.as_ref())).or_else(fresh)
    }

    /// The receipt as paid without a quote: nothing on its lines can change any more.
    fn paid(&self) -> Receipt {
        Receipt { stage: Stage::Paid, ..self.input.receipt.clone() }
    }

    /// With nothing told before.
    fn when_sold(&self) -> When {
        When { at: self.input.receipt.sold_at, effort: Effort::default().whole(), untold_from: None, has_code: false }
    }

    /// The receipt as it would have been quoted with what is known now, and what the customer chose then.
    fn quoted_again(&self, head: &TokenHead) -> Receipt {
        Receipt { stage: Stage::Tender, choices: head.choices.clone(), ..self.input.receipt.clone() }
    }

    fn evaluate(&self, (draft, around): (&Draft<'_>, &Surroundings), rules: &Rules, receipt: &Receipt, when: When) -> Decision {
        let known = self.known(draft);
        let (account, view) = (known.as_deref(), self.view(self.now, &around.lists));
        let mut customer = account.map(|account| account.standing(&view));
        for fact in customer.iter_mut().filter(|_| when.has_code).flat_map(|customer| &mut customer.facts) {
            fact.redeem_code = CodeForRedeem::CameBack;
        }
        let standing = Standing {
            customer,
            codes: quote::code_standings(account, &receipt.codes, &view, &around.shared),
            shared: around.shared.uses.clone(),
            out_of_stock: Arc::clone(&around.out_of_stock),
            no_promises: None,
            claimed_from: None,
            untold_from: when.untold_from,
            draw: Some(draft.core.keys.draw(&receipt.id)),
        };
        evaluate(&rules.revision, &rules.catalogue, &standing, receipt, when.at, when.effort)
    }
}

impl<'a> Judged<'a> {
    fn of(decision: Cow<'a, Decision>, promised: Option<Cow<'a, Decision>>, relation: Relation) -> Self {
        Self {
            decision,
            promised,
            relation,
            untold_from: None,
            shares: Vec::new(),
            is_beyond: false,
            lists: Vec::new(),
            out_of_stock: Arc::default(),
        }
    }
}

/// What a printer needs for the coupons that were issued.
pub(super) fn printed_coupons(outcome: &Outcome, revision: &Revision) -> Vec<v1::Coupon> {
    outcome.rewards.iter().filter_map(|reward| coupons::of_reward(reward, revision)).collect()
}

fn add_flag(flags: &mut Vec<Flag>, flag: Flag) {
    if let Err(place) = flags.binary_search(&flag) {
        flags.insert(place, flag);
    }
}
