//! An outcome and the account after it in the words of `after`.

use jiff::Timestamp;
use tessera_ledger::account::Account;
use tessera_ledger::lot::Lot;
use tessera_ledger::outcome::{Flag, Outcome, OutcomeRedemption, OutcomeReward};
use tessera_ledger::return_goods::Returned;
use tessera_ledger::standing::View;
use tessera_rules::decision::RewardKind;
use tessera_rules::evaluate::{TierNow, tiers_now};
use tessera_rules::id::{CustomerId, ReceiptId};
use tessera_rules::money::{Amount, Units};

use super::{Words, mode, tender_kind};
use crate::compare::Got;
use crate::format::{EVER, MONTH, TODAY};

type Fields = Vec<(&'static str, Got)>;

impl Words<'_> {
    /// What a case may state of an outcome.
    pub(crate) fn outcome(self, outcome: &Outcome) -> Fields {
        let short = outcome.redemptions.iter().filter(|redemption| !redemption.shortfall.is_zero());
        let short = short.map(|redemption| (redemption.asset.to_string(), self.units(&redemption.asset, redemption.shortfall)));
        let tenders = outcome
            .tenders
            .iter()
            .map(|tender| Got::Record(vec![("kind", tender_kind(tender.kind)), ("amount", self.amount(tender.amount))]));
        vec![
            ("flags", Got::List(outcome.flags.iter().map(|flag| Got::text(flag_word(*flag))).collect())),
            ("shortfall", Got::Named { entries: short.collect(), complete: true }),
            ("tenders", Got::List(tenders.collect())),
        ]
    }

    /// What a case may state of a return.
    pub(crate) fn returned(self, returned: &Returned) -> Fields {
        let outcome = &returned.outcome;
        let refunds = outcome.lines.iter().map(|line| {
            let name = line.original.as_ref().unwrap_or(&line.id);
            Got::Record(vec![
                ("line", Got::text(name.as_str())),
                ("quantity", self.quantity(line.quantity)),
                ("amount", self.amount(line.paid)),
            ])
        });
        let taken = outcome.rewards.iter().filter(|reward| !matches!(reward.kind, RewardKind::DiscountNow { .. }));
        let beyond = returned.beyond.iter().map(|beyond| (beyond.line.to_string(), self.quantity(beyond.by)));
        let mut fields = self.outcome(outcome);
        fields.extend([
            ("refund", self.amount(Amount::from_minor(outcome.after.minor().saturating_neg()))),
            ("refunds", Got::List(refunds.collect())),
            ("deducted", self.amount(returned.deducted)),
            ("taken_back", Got::List(taken.map(|reward| self.taken_back(reward)).collect())),
            ("given_back", Got::List(outcome.redemptions.iter().map(|given| self.given_back(given)).collect())),
            ("beyond", Got::Named { entries: beyond.collect(), complete: true }),
        ]);
        fields
    }

    /// A reward that was taken back, as what was taken: not below zero.
    fn taken_back(self, reward: &OutcomeReward) -> Got {
        let mut fields = vec![("campaign", Got::text(reward.campaign.as_str()))];
        fields.extend(self.kind(&reward.kind).into_iter().map(|(key, got)| (key, positive(got))));
        Got::Record(fields)
    }

    fn given_back(self, given: &OutcomeRedemption) -> Got {
        Got::Record(vec![
            ("asset", Got::text(given.asset.as_str())),
            ("units", positive(self.units(&given.asset, given.units))),
            ("amount", positive(self.amount(given.amount))),
            ("as", mode(given.mode)),
        ])
    }

    /// What a case may state of an account at a time.
    pub(crate) fn account(self, account: &Account, now: Timestamp) -> Fields {
        let balances = account.balances(now);
        let named = |read: fn(&tessera_ledger::account::Balance) -> Units| {
            let entries = balances.iter().map(|balance| (balance.asset.to_string(), self.units(&balance.asset, read(balance))));
            Got::Named { entries: entries.collect(), complete: false }
        };
        let tiers = self.tiers(account, now).into_iter();
        let tiers = tiers.map(|tier| (tier.program.to_string(), Got::text(tier.tier.as_str()))).collect();
        let spent: i64 = account
            .statistics
            .spent_minor
            .iter()
            .filter(|(code, _)| code == self.bench.currency.code())
            .map(|(_, minor)| *minor)
            .sum();
        vec![
            ("balance", named(|balance| balance.vested)),
            ("pending", named(|balance| balance.pending)),
            ("held", named(|balance| balance.held)),
            ("lots", Got::List(account.lots.iter().map(|lot| self.lot(lot)).collect())),
            ("counters", Got::List(account.counters.iter().map(|counter| self.counter(counter)).collect())),
            ("uses", Got::List(account.uses.iter().map(|uses| self.uses(uses)).collect())),
            ("coupons", Got::List(account.coupons.iter().map(coupon).collect())),
            ("tiers", Got::Named { entries: tiers, complete: true }),
            ("visits", Got::count(account.statistics.visits)),
            ("spent", self.amount(Amount::from_minor(spent))),
        ]
    }

    fn tiers(self, account: &Account, now: Timestamp) -> Vec<TierNow> {
        let Ok(receipt) = ReceiptId::parse("-") else { return Vec::new() };
        let business_date = self.bench.zone.to_datetime(now).date();
        let standing =
            account.standing(&View { customer: None, receipt: &receipt, supersedes: None, now, business_date, lists: &[] });
        tiers_now(&self.bench.revision, &standing, now)
    }

    fn lot(self, lot: &Lot) -> Got {
        Got::Record(vec![
            ("asset", Got::text(lot.asset.as_str())),
            ("units", self.units(&lot.asset, lot.left)),
            ("campaign", Got::maybe(lot.campaign.as_ref().map(tessera_rules::id::CampaignId::as_str))),
            ("earned", Got::Moment(Some(lot.booked_at))),
            ("vests", Got::Moment(Some(lot.vests_at))),
            ("expires", Got::Moment(lot.expires_at)),
            ("debt", Got::Boolean(lot.left.is_negative())),
        ])
    }

    fn counter(self, counter: &tessera_ledger::account::Counter) -> Got {
        let stretches = counter.stretches.iter().map(|known| {
            let begins = counter.calendar.and_then(|calendar| calendar.first_day(known.stretch));
            let begins = begins.and_then(|day| self.bench.zone.to_timestamp(day.at(0, 0, 0, 0)).ok());
            Got::Record(vec![
                ("on", Got::Moment(begins)),
                ("counted", Self::milli(known.counted_milli)),
                ("rewarded", Got::count(known.rewarded)),
            ])
        });
        Got::Record(vec![
            ("campaign", Got::text(counter.campaign.as_str())),
            ("counted", Self::milli(counter.counted_milli)),
            ("rewarded", Got::count(counter.rewarded)),
            ("stretches", Got::List(stretches.collect())),
        ])
    }

    fn uses(self, uses: &tessera_ledger::account::UseCount) -> Got {
        let day = self.bench.zone.to_timestamp(uses.day.at(0, 0, 0, 0)).ok();
        let member = Got::maybe(uses.member.as_ref().map(CustomerId::as_str));
        let mut shown = vec![("campaign", Got::text(uses.campaign.as_str())), ("member", member), ("day", Got::Moment(day))];
        for (usage, names) in [(uses.ever, EVER), (uses.in_month, MONTH), (uses.on_day, TODAY)] {
            shown.extend(self.usage(&uses.campaign, usage, names));
        }
        Got::Record(shown)
    }
}

fn coupon(coupon: &tessera_ledger::account::PersonalCoupon) -> Got {
    Got::Record(vec![
        ("campaign", Got::text(coupon.campaign.as_str())),
        ("code", Got::text(&coupon.code)),
        ("valid_from", Got::Moment(Some(coupon.valid_from))),
        ("valid_until", Got::Moment(coupon.valid_until)),
        ("used", Got::Boolean(coupon.used_by.is_some())),
    ])
}

fn positive(got: Got) -> Got {
    if let Got::Number(number) = got { Got::Number(number.abs()) } else { got }
}

fn flag_word(flag: Flag) -> &'static str {
    match flag {
        Flag::DiffersFromQuote => "differs_from_quote",
        Flag::PaidAfterVoid => "paid_after_void",
        Flag::SettledWithShortfall => "settled_with_shortfall",
        Flag::TokenRejected => "token_rejected",
        Flag::WithoutQuote => "without_quote",
        Flag::UnknownSku => "unknown_sku",
        Flag::Unexplained => "unexplained",
        Flag::ReturnedBeyondSale => "returned_beyond_sale",
        Flag::ReturnWithoutReceipt => "return_without_receipt",
        Flag::HoldExpired => "hold_expired",
        Flag::Deferred => "deferred",
        Flag::TillClockOff => "till_clock_off",
        Flag::DecidedByPack => "decided_by_pack",
        Flag::DeliveryUnproven => "delivery_unproven",
        Flag::CardUsedOften => "card_used_often",
        Flag::CardAtOwnTill => "card_at_own_till",
        Flag::UnitsAboveLimit => "units_above_limit",
        Flag::MarksMissing => "marks_missing",
        Flag::WasParked => "was_parked",
        Flag::TakenBackShort => "taken_back_short",
        Flag::CustomerBlocked => "customer_blocked",
        Flag::CustomerUnknown => "customer_unknown",
        Flag::TendersDiffer => "tenders_differ",
        Flag::ReferralRefused => "referral_refused",
        Flag::BeyondLimit => "beyond_limit",
    }
}
