//! The account before a case: what it holds, has counted and used, and what is known of its one member.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tessera_ledger::account::{Account, Consents, Counter, FactKnown, FactSource, Member, PersonalCoupon, Statistics, UseCount};
use tessera_ledger::confirm::{CodeAsked, Purpose};
use tessera_ledger::entry::TillPlace;
use tessera_ledger::hold::OpenQuote;
use tessera_ledger::limits::GAPS_MAX;
use tessera_ledger::lot::{Lot, LotId, LotKind, spending_order};
use tessera_ledger::tier::{TierGiven, TierHeld};
use tessera_rules::brakes::StaffOf;
use tessera_rules::campaign::Campaign;
use tessera_rules::decision::{Calendar, Promise};
use tessera_rules::habits::Habits;
use tessera_rules::id::{
    AccountId, CampaignId, CashierId, CustomerId, FactId, ProgramId, ReceiptId, RewardId, SegmentId, StoreId, TierId, TillId,
};
use tessera_rules::standing::CountedStretch;
use tessera_rules::usage::Usage;

use super::Binder;
use crate::format::{EVER, MONTH, TODAY};
use crate::item::Item;
use crate::shown::Words;

/// The account's name in every case.
const ACCOUNT: &str = "account";
/// The receipts that gave what was there before.
const EARLIER: &str = "earlier";

/// What is known of the customer of a case before its first receipt.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// Their account.
    pub(crate) account: Account,
    /// The imported lists that they are on, sorted.
    pub(crate) lists: Vec<SegmentId>,
}

/// The customer of a case at the time of its receipt; none where the account has mistakes.
pub(crate) fn opening(binder: &mut Binder<'_, '_, '_>, item: &Item, at: Timestamp, today: Date) -> Option<Opening> {
    let customer = item.get("customer").map_or_else(|| CustomerId::parse("customer").ok(), |id| binder.id(id, CustomerId::parse));
    let mut account = Account::new(AccountId::parse(ACCOUNT).ok()?, customer?, at);
    account.blocked = item.is("blocked");
    account.members = account.members.into_iter().map(|member| binder.member(item, member, at)).collect();
    account.lots = binder.lots(item, at);
    account.open_quotes = binder.held(item, at);
    account.counters = item.items("counters").iter().filter_map(|item| binder.counter(item)).collect();
    account.counters.sort_by(|a, b| a.campaign.cmp(&b.campaign));
    account.uses = item.items("uses").iter().filter_map(|item| binder.uses(item, today)).collect();
    account.uses.sort_by(|a, b| (&a.campaign, &a.member).cmp(&(&b.campaign, &b.member)));
    account.coupons =
        item.items("coupons").iter().enumerate().filter_map(|(place, item)| binder.coupon(item, place, at)).collect();
    account.tiers = binder.tiers(item, at);
    let habits = binder.habits(item);
    let bought = u32::try_from(item.items("bought").len()).unwrap_or(u32::MAX);
    let visits = item.get("visits").and_then(|item| binder.whole(item)).unwrap_or(bought);
    account.statistics = Statistics { visits, habits, ..Statistics::default() };
    if let Err(broken) = account.check() {
        binder.error(item.at, format!("this cannot be an account: {broken}"), None);
        return None;
    }
    let lists = item.items("lists").iter();
    let mut lists: Vec<SegmentId> = lists.filter_map(|list| binder.id(list, SegmentId::parse)).collect();
    lists.sort();
    Some(Opening { account, lists })
}

fn earlier(place: usize) -> LotId {
    let receipt = ReceiptId::parse(EARLIER).ok();
    #[expect(clippy::expect_used, reason = "`earlier` is seven letters")]
    LotId { receipt: receipt.expect("a receipt id"), place: u16::try_from(place).unwrap_or(u16::MAX) }
}

impl Binder<'_, '_, '_> {
    /// Receipts of before, whatever their order.
    fn habits(&mut self, item: &Item) -> Habits {
        let (currency, zone) = (self.bench.currency, self.bench.zone.clone());
        let mut bought: Vec<(Date, i64)> = Vec::new();
        for item in item.items("bought") {
            let Some(on) = item.get("on").and_then(|item| self.instant(item)) else { continue };
            let paid = item.get("paid").and_then(|item| self.counted(item, currency.minor_digits())).unwrap_or(0);
            bought.push((zone.to_datetime(on).date(), paid));
        }
        bought.sort_unstable();
        let mut habits = Habits::default();
        for (date, paid) in bought {
            habits.visit(date, GAPS_MAX);
            habits.spend(date, currency.code(), paid);
        }
        habits
    }

    fn member(&mut self, item: &Item, member: Member, at: Timestamp) -> Member {
        let facts = item.items("facts").iter();
        let mut facts: Vec<FactKnown> = facts.filter_map(|fact| self.fact(fact, at)).collect();
        facts.sort_by(|a, b| a.fact.cmp(&b.fact));
        let enrolled_at = item.get("enrolled").and_then(|item| self.instant(item));
        let cashier = item.get("staff").and_then(|item| self.id(item, CashierId::parse));
        let staff = cashier.map(|cashier| StaffOf { store: None, cashier });
        Member { enrolled_at, facts, consents: Consents::default(), staff, ..member }
    }

    fn fact(&mut self, item: &Item, at: Timestamp) -> Option<FactKnown> {
        let fact = self.id(item.get("fact")?, FactId::parse)?;
        let rule = self.bench.revision.fact(&fact);
        Some(FactKnown {
            readable: item.text_of("value").and_then(|value| rule?.readable(value)),
            fact,
            known_at: item.get("known").and_then(|item| self.instant(item)).unwrap_or(at),
            source: FactSource::Enrolment,
            confirmed: item.is("confirmed"),
            refused: false,
            code: self.code(item, at),
        })
    }

    /// A code for the answer that is open, or one for a redemption that has come back with a receipt.
    fn code(&mut self, item: &Item, at: Timestamp) -> Option<CodeAsked> {
        let open_until = item.get("code_until").and_then(|item| self.instant(item));
        let came_with = item.get("code_came_with").and_then(|item| self.id(item, ReceiptId::parse));
        let purpose = came_with.map_or(Purpose::Answer, |receipt| Purpose::Redeem { receipt, came_back: true });
        let is_there = open_until.is_some() || purpose != Purpose::Answer;
        let asked_by = earlier(0).receipt;
        is_there.then(|| CodeAsked { asked_by, purpose, open_until, wrong: 0, window_from: at, window_codes: 1 })
    }

    /// Each of `lots`, and a lot without an end for each of `balance`.
    fn lots(&mut self, item: &Item, at: Timestamp) -> Vec<Lot> {
        let mut lots = Vec::new();
        for (place, lot) in item.items("lots").iter().enumerate() {
            lots.extend(self.lot(lot, place, at));
        }
        for entry in item.get("balance").map_or(&[][..], Item::entries) {
            let asset = self.asset_named(&entry.key, entry.at);
            let Some((asset, units)) = asset.and_then(|asset| Some((asset, self.units(&entry.item, asset)?))) else { continue };
            if units.is_zero() {
                continue;
            }
            lots.push(Lot {
                id: earlier(lots.len()),
                asset: asset.id.clone(),
                program: asset.program.clone(),
                campaign: None,
                kind: if units.is_negative() { LotKind::Debt } else { LotKind::Earned },
                begun: units,
                left: units,
                vests_at: at,
                expires_at: None,
                booked_at: at,
            });
        }
        lots.sort_by(spending_order);
        lots
    }

    fn lot(&mut self, item: &Item, place: usize, at: Timestamp) -> Option<Lot> {
        let asset = self.asset(item, "asset")?;
        let units = self.units(item.get("units")?, asset)?;
        let earned = item.get("earned").and_then(|item| self.instant(item)).unwrap_or(at);
        if earned > at {
            self.error(item.at, "a lot cannot have been earned after the receipt", None);
        }
        Some(Lot {
            id: earlier(place),
            asset: asset.id.clone(),
            program: asset.program.clone(),
            campaign: item.get("campaign").and_then(|item| self.campaign(item)),
            kind: if units.is_negative() { LotKind::Debt } else { LotKind::Earned },
            begun: units,
            left: units,
            vests_at: item.get("vests").and_then(|item| self.instant(item)).unwrap_or(earned),
            expires_at: item.get("expires").and_then(|item| self.instant(item)),
            booked_at: earned,
        })
    }

    /// What another open quote of the account holds.
    fn held(&mut self, item: &Item, at: Timestamp) -> Vec<OpenQuote> {
        let mut holds = Vec::new();
        for entry in item.get("held").map_or(&[][..], Item::entries) {
            let asset = self.asset_named(&entry.key, entry.at);
            let units = asset.and_then(|asset| Some((asset, self.units(&entry.item, asset)?)));
            holds.extend(units.map(|(asset, units)| Promise::Units { asset: asset.id.clone(), units }));
        }
        let until = at.checked_add(SignedDuration::from_mins(tessera_ledger::limits::HOLD_MINUTES)).unwrap_or(at);
        let store = StoreId::parse("another-store").ok();
        let till = store.zip(TillId::parse("another-till").ok()).map(|(store, till)| TillPlace { store, till });
        let named = ReceiptId::parse("another-quote").ok().zip(till).filter(|_| !holds.is_empty());
        named.map(|(receipt, till)| OpenQuote { receipt, till, quote_no: 1, attempt: 0, holds, until }).into_iter().collect()
    }

    fn counter(&mut self, item: &Item) -> Option<Counter> {
        let campaign = self.campaign(item.get("campaign")?)?;
        let (counted_milli, rewarded) = self.counted_and_rewarded(item)?;
        let stretches = item.items("stretches").iter();
        let calendar = item.get("by").and_then(Item::text).map(calendar);
        let calendar = calendar.or_else(|| self.bench.revision.campaign(&campaign).and_then(Campaign::calendar));
        let mut stretches: Vec<CountedStretch> = stretches.filter_map(|item| self.stretch((&campaign, calendar), item)).collect();
        stretches.sort_by_key(|known| known.stretch);
        let calendar = calendar.filter(|_| !stretches.is_empty());
        Some(Counter { campaign, counted_milli, rewarded, calendar, stretches })
    }

    fn counted_and_rewarded(&mut self, item: &Item) -> Option<(i64, i64)> {
        let counted_milli = item.get("counted").map_or(Some(0), |item| self.milli(item))?;
        let rewarded = item.get("rewarded").map_or(Some(0), |item| self.whole(item))?;
        Some((counted_milli, i64::from(rewarded)))
    }

    /// What was counted in the stretch of the calendar in which a day lies.
    fn stretch(&mut self, (campaign, calendar): (&CampaignId, Option<Calendar>), item: &Item) -> Option<CountedStretch> {
        let on = item.get("on").and_then(|item| self.instant(item))?;
        let day = self.bench.zone.to_datetime(on).date();
        let Some(stretch) = calendar.map(|calendar| calendar.number(day)) else {
            self.error(item.at, format!("the campaign `{campaign}` counts for ever"), Some("write `counted` alone"));
            return None;
        };
        let (counted_milli, rewarded) = self.counted_and_rewarded(item)?;
        Some(CountedStretch { stretch, counted_milli, rewarded })
    }

    fn uses(&mut self, item: &Item, today: Date) -> Option<UseCount> {
        let campaign = self.campaign(item.get("campaign")?)?;
        let on_day = self.usage(item, &campaign, TODAY, Usage::NONE)?;
        let in_month = self.usage(item, &campaign, MONTH, on_day)?;
        let ever = self.usage(item, &campaign, EVER, in_month)?;
        let day = item.get("day").and_then(|item| self.instant(item)).map(|day| self.bench.zone.to_datetime(day).date());
        let member = item.get("member").and_then(|id| self.id(id, CustomerId::parse));
        Some(UseCount { campaign, member, ever, day: day.unwrap_or(today), on_day, in_month })
    }

    /// Uses, units and value of a span of time; what is not said is as in a shorter one.
    fn usage(&mut self, item: &Item, campaign: &CampaignId, names: [&str; 3], shorter: Usage) -> Option<Usage> {
        let digits = Words::new(self.bench).value_digits(campaign);
        let [uses, units, value] = names;
        let mut number =
            |name: &str, digits: u32, otherwise: i64| item.get(name).map_or(Some(otherwise), |item| self.counted(item, digits));
        Some(Usage {
            uses: number(uses, 0, shorter.uses)?,
            units: number(units, 0, shorter.units)?,
            value: number(value, digits, shorter.value)?,
        })
    }

    fn coupon(&mut self, item: &Item, place: usize, at: Timestamp) -> Option<PersonalCoupon> {
        let code = item.text_of("code").map_or_else(|| format!("coupon-{}", place.saturating_add(1)), str::to_owned);
        let earlier = ReceiptId::parse(EARLIER).ok()?;
        Some(PersonalCoupon {
            code: code.into(),
            campaign: self.campaign(item.get("campaign")?)?,
            valid_from: item.get("valid_from").and_then(|item| self.instant(item)).unwrap_or(at),
            valid_until: item.get("valid_until").and_then(|item| self.instant(item)),
            used_by: item.is("used").then(|| earlier.clone()),
            issued_by: earlier,
            reward: RewardId::parse("-").ok()?,
        })
    }

    /// `tier` in the only program, `tiers` by program.
    fn tiers(&mut self, item: &Item, at: Timestamp) -> Vec<TierHeld> {
        let mut tiers = Vec::new();
        for entry in item.get("tiers").map_or(&[][..], Item::entries) {
            let program = ProgramId::parse(&entry.key).ok();
            tiers.extend(self.tier(program, &entry.item, at));
        }
        if let Some(item) = item.get("tier") {
            let program = match self.bench.revision.programs() {
                [only] => Some(only.id.clone()),
                _ => None,
            };
            tiers.extend(self.tier(program, item, at));
        }
        tiers.sort_by(|a, b| a.program.cmp(&b.program));
        tiers
    }

    fn tier(&mut self, program: Option<ProgramId>, item: &Item, at: Timestamp) -> Option<TierHeld> {
        let tier = self.id(item, TierId::parse)?;
        let programs = self.bench.revision.programs();
        let known = program.and_then(|id| programs.iter().find(|known| known.id == id));
        let Some(program) = known.filter(|program| program.tiers.iter().any(|known| known.id == tier)) else {
            self.error(item.at, format!("no program has the tier `{tier}` here"), Some("write `tiers: {program: tier}`"));
            return None;
        };
        Some(TierHeld::new(program.id.clone(), TierGiven { tier, since: at, begins: at, until: None, given_by: None }))
    }
}

/// How the calendar was divided when something was counted; the format has no other words.
fn calendar(word: &str) -> Calendar {
    match word {
        "days" => Calendar::Days,
        "weeks" => Calendar::Weeks,
        "months" => Calendar::Months,
        "quarters" => Calendar::Quarters,
        _ => Calendar::Years,
    }
}
