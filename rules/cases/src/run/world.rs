//! The account and the receipts of one case while it is run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tessera_ledger::account::Account;
use tessera_ledger::code::CodeKey;
use tessera_ledger::limits::HOLD_MINUTES;
use tessera_ledger::outcome::{Basis, Outcome};
use tessera_ledger::quote::{OpenQuoteCommand, open_quote};
use tessera_ledger::return_goods::{DecidedWith, Kept, Repricing, Return, Returned, ReturnedSoFar, kept, return_goods};
use tessera_ledger::settle::{Relation, Settle, SoldLine, settle};
use tessera_ledger::standing::View;
use tessera_ledger::terms::{AssetTerms, Worth, limit_terms, return_terms};
use tessera_rules::decision::{Decision, Promise};
use tessera_rules::evaluate;
use tessera_rules::id::{CampaignId, CustomerId, SegmentId};
use tessera_rules::money::{Amount, Units};
use tessera_rules::receipt::{Receipt, Stage};
use tessera_rules::standing::{CodeStanding, CodeState, NoPromises, Standing, Uses};
use tessera_rules::usage::Usage;

use super::goods::Goods;
use crate::compare::{Comparison, Got};
use crate::prepare::{Asked, Bench, Opening};
use crate::promises;
use crate::shown::Words;

/// One thing to do.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// Evaluate a receipt.
    Quote(Box<Asked>),
    /// The receipt quoted last has been paid, at the time of its sale or later.
    Settle { at: Option<Timestamp> },
    /// Goods of a settled receipt come back.
    Return(Goods),
}

impl Command {
    pub(super) fn asked(&self) -> Option<&Asked> {
        match self {
            Self::Quote(asked) => Some(asked),
            Self::Settle { .. } | Self::Return(_) => None,
        }
    }
}

/// What makes the codes of coupons that are issued in cases.
static CODES: CodeKey = CodeKey::new([0; 32]);

/// A settled receipt.
#[derive(Clone, Debug)]
pub(super) struct Sale {
    asked: Box<Asked>,
    decided: DecidedWith,
    pub(super) outcome: Outcome,
    pub(super) so_far: ReturnedSoFar,
}

/// What the last step did to the ledger.
#[derive(Clone, Debug)]
enum Done {
    Nothing,
    Settled,
    Returned(Box<Returned>),
}

/// The state of a case.
#[derive(Debug)]
pub(super) struct World<'b> {
    pub(super) bench: &'b Bench,
    opening: Option<Opening>,
    account: Option<Account>,
    quoted: Option<(Box<Asked>, Decision)>,
    pub(super) sales: Vec<Sale>,
    /// What all sales of the case have used of campaigns that are limited over all customers.
    shared: Vec<Uses>,
    /// The same by trading day.
    shared_by_day: BTreeMap<(Date, CampaignId), Usage>,
    done: Done,
    now: Timestamp,
    returns: usize,
}

impl<'b> World<'b> {
    pub(super) fn new(bench: &'b Bench, opening: Option<Opening>) -> Self {
        let (account, now) = (opening.as_ref().map(|opening| opening.account.clone()), Timestamp::UNIX_EPOCH);
        let shared = bench.revision.nothing_shared();
        let shared_by_day = BTreeMap::new();
        let (quoted, sales) = (None, Vec::new());
        Self { bench, opening, account, quoted, sales, shared, shared_by_day, done: Done::Nothing, now, returns: 0 }
    }

    /// Does one thing.
    ///
    /// # Errors
    /// Why it cannot be done, for people.
    pub(super) fn carry_out(&mut self, command: &Command, found: &mut Comparison<'_>) -> Result<(), String> {
        match command {
            Command::Quote(asked) => {
                self.quote(asked, found);
                Ok(())
            }
            Command::Settle { at } => self.settle(*at, found),
            Command::Return(goods) => self.return_goods(goods, found),
        }
    }

    pub(super) fn decision(&self) -> Option<&Decision> {
        self.quoted.as_ref().map(|(_, decision)| decision)
    }

    /// What may be stated after a step: of the outcome, and of the account.
    pub(super) fn after(&self, words: Words<'_>) -> Vec<(&'static str, Got)> {
        let mut fields = match &self.done {
            Done::Nothing => Vec::new(),
            Done::Settled => self.sales.last().map(|sale| words.outcome(&sale.outcome)).unwrap_or_default(),
            Done::Returned(returned) => words.returned(returned),
        };
        fields.extend(self.account.iter().flat_map(|account| words.account(account, self.now)));
        fields
    }

    fn quote(&mut self, asked: &Asked, found: &mut Comparison<'_>) {
        let standing = self.standing(asked);
        let bench = self.bench;
        let decide = || evaluate(&bench.revision, &bench.catalogue, &standing, &asked.receipt, asked.at, asked.effort);
        let decision = decide();
        promises::same(&decision, &decide(), found);
        promises::sums(&bench.catalogue, &asked.receipt, &decision, found);
        self.quoted = Some((Box::new(asked.clone()), decision));
        self.now = asked.at;
        self.done = Done::Nothing;
    }

    fn standing(&self, asked: &Asked) -> Standing {
        let view = View {
            customer: None,
            receipt: &asked.receipt.id,
            supersedes: None,
            now: asked.at,
            business_date: asked.receipt.business_date,
            lists: self.lists(),
        };
        let customer = self.account.as_ref().map(|account| account.standing(&view));
        let state = |code: &compact_str::CompactString| {
            let said = asked.code_states.iter().find(|(known, _)| known == code).map(|(_, state)| *state);
            let personal = || self.account.as_ref().and_then(|account| account.coupon_state(code, &view));
            said.or_else(personal).unwrap_or(CodeState::Open)
        };
        let opens = |code: &str| self.account.as_ref().and_then(|account| account.coupon_campaign(code)).cloned();
        let codes = asked.receipt.codes.iter();
        let codes = codes.map(|code| CodeStanding { code: code.clone(), state: state(code), campaign: opens(code) });
        let exhausted = self.account.as_ref().is_some_and(|account| account.promises_exhausted(&view));
        Standing {
            codes: codes.collect(),
            customer,
            shared: self.shared_on(asked.receipt.business_date),
            out_of_stock: Arc::clone(&asked.out_of_stock),
            no_promises: asked.no_promises.or_else(|| exhausted.then_some(NoPromises::TooManyOpenQuotes)),
            claimed_from: None,
            untold_from: None,
            draw: Some([0; 32]),
        }
    }

    /// What all sales have used so far, as a receipt of a trading day sees it.
    fn shared_on(&self, day: Date) -> Vec<Uses> {
        let today = |used: &Uses| self.shared_by_day.get(&(day, used.campaign.clone())).copied().unwrap_or_default();
        self.shared.iter().map(|used| Uses { today: today(used), ..used.clone() }).collect()
    }

    fn settle(&mut self, at: Option<Timestamp>, found: &mut Comparison<'_>) -> Result<(), String> {
        let (asked, decision) = self.quoted.as_ref().ok_or("nothing was quoted")?;
        if self.sales.iter().any(|sale| sale.outcome.receipt == asked.receipt.id) {
            return Err("the receipt was settled already".to_owned());
        }
        let paid = asked.receipt.stage == Stage::Paid;
        let customer = self.standing(asked).customer;
        // A blocked customer is answered and booked like an anonymous one.
        let before = self.account.clone().filter(|account| !account.blocked);
        let account = match &before {
            Some(account) if !paid => Some(open(account, asked, decision)?),
            Some(_) | None => before.clone(),
        };
        let sold = if paid { Vec::new() } else { sold(decision) };
        let receipt = Receipt { stage: Stage::Paid, ..asked.receipt.clone() };
        let booked_at = at.unwrap_or(asked.at);
        let must_confirm = self.bench.revision.must_confirm();
        let settled = settle(
            account.as_ref(),
            &Settle {
                receipt: &receipt,
                sold: &sold,
                decision,
                promised: None,
                relation: if paid { Relation::WithoutQuote } else { Relation::AsQuoted },
                after_void: false,
                deferred: false,
                till_clock_off: false,
                delivery_unproven: false,
                content_hash: [0; 32],
                attempt: 1,
                basis: self.basis(),
                booked_at,
                booking_date: self.bench.zone.to_datetime(booked_at).date(),
                cash_rounding: Amount::ZERO,
                customer: self.customer(),
                assets: &self.terms(),
                renewals: &self.bench.revision.renewals(receipt.sold_at),
                codes: &CODES,
                handed_over: &[],
                must_confirm: Some(&must_confirm),
                limits: &limit_terms(&self.bench.revision, decision),
                return_terms: &return_terms(&self.bench.revision),
                seen: &self.bench.revision.receipts_seen(),
            },
        );
        promises::balance(before.as_ref(), settled.account.as_ref(), &settled.outcome, found);
        if let Some(account) = settled.account {
            self.account = Some(account);
        }
        for promise in &decision.promises {
            let Promise::Budget { campaign, usage, .. } = promise else { continue };
            for used in self.shared.iter_mut().filter(|used| used.campaign == *campaign) {
                used.ever = used.ever.plus(*usage);
            }
            let day = self.shared_by_day.entry((asked.receipt.business_date, campaign.clone())).or_default();
            *day = day.plus(*usage);
        }
        let asked = asked.clone();
        let decided = DecidedWith::of((asked.at, asked.effort), customer, asked.out_of_stock.to_vec());
        self.sales.push(Sale { asked, decided, outcome: settled.outcome, so_far: ReturnedSoFar::default() });
        self.done = Done::Settled;
        self.now = booked_at;
        Ok(())
    }

    fn return_goods(&mut self, goods: &Goods, found: &mut Comparison<'_>) -> Result<(), String> {
        self.returns = self.returns.saturating_add(1);
        let terms = self.terms();
        let lines = goods.lines(&self.sales)?;
        let of = goods.sale(&self.sales);
        let mut command = goods.command((self.returns, &lines), of, self.basis(), (&terms, self.now))?;
        let anew = of.and_then(|sale| self.price_kept(&command, sale));
        command.repricing = anew.as_ref().map(|(kept, decision)| Repricing { kept: &kept.receipt, decision, rewards: true });
        let returned = return_goods(self.account.as_ref(), &command);
        promises::balance(self.account.as_ref(), returned.account.as_ref(), &returned.outcome, found);
        let now = command.booked_at;
        let original = returned.outcome.original.clone();
        if let Some(sale) = self.sales.iter_mut().find(|sale| Some(&sale.outcome.receipt) == original.as_ref()) {
            sale.so_far = returned.so_far.clone();
        }
        self.account.clone_from(&returned.account);
        self.now = now;
        self.done = Done::Returned(Box::new(returned));
        Ok(())
    }

    /// What is kept of a sale and the decision on it, where its program prices that anew.
    fn price_kept(&self, command: &Return<'_>, sale: &Sale) -> Option<(Kept, Decision)> {
        let asked = &sale.asked;
        let kept = kept(self.account.as_ref(), command, (&asked.receipt, &sale.decided))?;
        let view = View {
            customer: None,
            receipt: &asked.receipt.id,
            supersedes: None,
            now: asked.at,
            business_date: asked.receipt.business_date,
            lists: self.lists(),
        };
        let standing = kept.standing(&self.bench.revision, &view, Some([0; 32]));
        let (at, effort) = (sale.decided.at(), sale.decided.effort());
        let decision = evaluate(&self.bench.revision, &self.bench.catalogue, &standing, &kept.receipt, at, effort);
        Some((kept, decision))
    }

    fn lists(&self) -> &[SegmentId] {
        self.opening.as_ref().map(|opening| opening.lists.as_slice()).unwrap_or_default()
    }

    fn customer(&self) -> Option<CustomerId> {
        let account = &self.opening.as_ref()?.account;
        account.members.first().map(|member| member.customer.clone())
    }

    fn basis(&self) -> Basis {
        let (revision, catalogue) = (&self.bench.revision, &self.bench.catalogue);
        Basis { revision: revision.number(), revision_hash: revision.hash(), catalogue: catalogue.number() }
    }

    fn terms(&self) -> Vec<AssetTerms> {
        /// Enough that the worth of the smallest unit is told without a fraction.
        const SAMPLE: Units = Units::from_units(1_000_000);
        let assets = self.bench.revision.assets().iter();
        let worth = |amount: &Amount| amount.is_positive();
        assets
            .map(|asset| AssetTerms {
                asset: asset.id.clone(),
                program: asset.program.clone(),
                worth: asset
                    .worth_of(SAMPLE)
                    .filter(|amount| asset.currency == self.bench.currency && worth(amount))
                    .map(|amount| Worth { units: SAMPLE, amount }),
            })
            .collect()
    }
}

/// The account with what the quote promised held for it.
fn open(account: &Account, asked: &Asked, decision: &Decision) -> Result<Account, String> {
    let until = asked.at.checked_add(SignedDuration::from_mins(HOLD_MINUTES)).unwrap_or(asked.at);
    let command = OpenQuoteCommand {
        receipt: &asked.receipt.id,
        place: &asked.receipt.place,
        quote_no: 1,
        attempt: 0,
        now: asked.at,
        until,
        promises: &decision.promises,
        supersedes: None,
    };
    open_quote(account, &command).map_err(|refusal| format!("the quote cannot be held: {refusal}"))
}

/// The lines as decided.
fn sold(decision: &Decision) -> Vec<SoldLine<'_>> {
    let lines = decision.lines.iter().map(|line| SoldLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        tax_code: line.tax_code.clone(),
        measure: line.measure,
        added_by: line.added_by.clone(),
        parts: Cow::Borrowed(&line.parts),
    });
    lines.collect()
}
