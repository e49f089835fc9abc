//! Conditions on the customer and the tenders, control groups, personal coupons.

use super::candidates::Reason;
use super::case::Case;
use crate::birthday::{in_year, month_and_day};
use crate::campaign::{Birthday, Campaign, TenderShare};
use crate::mechanic::Off;
use crate::money::Rounding;
use crate::ratio::Ratio;
use crate::receipt::Stage;
use crate::standing::CodeState;

const BILLION: i64 = 1_000_000_000;

impl Case<'_> {
    /// Whether all conditions hold that do not look at goods; else the first that does not.
    pub(super) fn conditions_hold(&self, campaign: &Campaign) -> Result<(), Reason> {
        if campaign.control_group.is_some_and(|share| self.in_control_group(campaign, share)) {
            return Err(Reason::ControlGroup);
        }
        let conditions = &campaign.conditions;
        if conditions.of_customer() {
            self.customer_conditions_hold(campaign)?;
        }
        if conditions.chance.is_some_and(|share| !self.is_drawn(campaign, share)) {
            return Err(Reason::NotDrawn);
        }
        match conditions.tender.as_ref().map(|tender| (tender, self.tender_share(tender))) {
            None => Ok(()),
            Some((_, None)) => Err(Reason::TenderUnknown),
            Some((tender, Some(share))) => {
                let enough = tender.at_least.map_or(!share.is_zero(), |least| !less(share, least));
                if enough { Ok(()) } else { Err(Reason::Tender) }
            }
        }
    }

    fn customer_conditions_hold(&self, campaign: &Campaign) -> Result<(), Reason> {
        let conditions = &campaign.conditions;
        let customer = self.customer.ok_or(Reason::NoCustomer)?;
        if conditions.visits.is_some_and(|(least, most)| !(least..=most).contains(&customer.visits)) {
            return Err(Reason::Visits);
        }
        let enrolled_for = |days: u32| {
            let lasts = jiff::SignedDuration::from_hours(i64::from(days).saturating_mul(24));
            customer.enrolled_at.is_some_and(|from| from.checked_add(lasts).is_ok_and(|until| self.at <= until))
        };
        if conditions.enrolled_days_max.is_some_and(|days| !enrolled_for(days)) {
            return Err(Reason::Enrolled);
        }
        if conditions.counted.as_ref().is_some_and(|(counter, least)| self.counted(counter) < *least) {
            return Err(Reason::Counter);
        }
        match &conditions.birthday {
            Some(birthday) if !self.birthday_is_near(birthday, campaign) => Err(Reason::Birthday),
            Some(_) | None => Ok(()),
        }
    }

    /// Only an answer that is known well enough counts.
    fn birthday_is_near(&self, birthday: &Birthday, campaign: &Campaign) -> bool {
        let answered = self.revision.fact(&birthday.fact).is_some_and(|rule| self.unanswered(rule, true).is_none());
        let value = self.fact(&birthday.fact).filter(|_| answered).and_then(|known| known.value.as_deref());
        let Some((month, day)) = value.and_then(month_and_day) else { return false };
        let today = self.local(campaign).date();
        let near = |years: i16| {
            let this = in_year(today.year().saturating_add(years), month, day);
            let days = this.and_then(|birthday| today.since(birthday).ok()).map(|span| span.get_days());
            days.is_some_and(|days| (birthday.days_before.saturating_neg()..=birthday.days_after).contains(&days))
        };
        near(-1) || near(0) || near(1)
    }

    /// The share of what is paid that these means of payment pay; none: how it is paid is not known yet.
    pub(super) fn tender_share(&self, tender: &TenderShare) -> Option<Ratio> {
        if self.receipt.stage < Stage::Tender || self.receipt.tenders.is_empty() {
            return None;
        }
        let sum = |only: bool| {
            let tenders = self.receipt.tenders.iter().filter(|paid| !only || tender.kinds.binary_search(&paid.kind).is_ok());
            tenders.map(|paid| paid.amount.minor()).fold(0, i64::saturating_add)
        };
        // Change given is a tender below zero, so that a share may seem to be above the whole.
        let (part, whole) = (sum(true), sum(false));
        Some(Ratio::new(part.clamp(0, whole.max(0)), whole).unwrap_or(Ratio::ONE))
    }

    /// What a campaign takes off as it counts here: of a percentage that is not for receipts paid so in whole, only the
    /// share that its means of payment pay.
    pub(super) fn tendered(&self, campaign: &Campaign, off: Off) -> Off {
        let open = campaign.conditions.tender.as_ref().filter(|tender| tender.at_least.is_none());
        let (Some(tender), Off::Percent(percent)) = (open, off) else { return off };
        let share = self.tender_share(tender).unwrap_or(Ratio::ONE);
        // What does not fit 64 bits exactly does so in billionths.
        let shorter = || Ratio::new(share.of(BILLION, Rounding::HalfUp)?, BILLION)?.times(percent);
        Off::Percent(share.times(percent).or_else(shorter).unwrap_or(Ratio::NOTHING))
    }

    /// The same customers in every sale: a hash of campaign and customer below the share.
    fn in_control_group(&self, campaign: &Campaign, share: Ratio) -> bool {
        let Some(customer) = self.customer else { return false };
        let mut hasher = blake3::Hasher::new_derive_key("tessera control group 1");
        hasher.update(campaign.id.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(customer.customer.as_str().as_bytes());
        is_below(&hasher.finalize(), share)
    }

    /// Whether the receipt wins, the same on every evaluation: a hash of the campaign under a key that is itself a keyed
    /// hash of the receipt's id.
    fn is_drawn(&self, campaign: &Campaign, share: Ratio) -> bool {
        let hash = self.standing.draw.map(|draw| blake3::keyed_hash(&draw, campaign.id.as_str().as_bytes()));
        hash.is_some_and(|hash| is_below(&hash, share))
    }

    /// A presented personal coupon that opens the campaign; it is scarce.
    pub(super) fn coupon(&self, campaign: &Campaign) -> Result<bool, Reason> {
        let mut reason = Reason::NoCoupon;
        for known in self.standing.codes.iter().filter(|known| known.campaign.as_ref() == Some(&campaign.id)) {
            if known.state == CodeState::Open && self.receipt.codes.contains(&known.code) {
                return Ok(true);
            }
            reason = Reason::CodeNotUsable;
        }
        Err(reason)
    }
}

/// Whether a hash, taken as a number from zero to one, lies below a share.
fn is_below(hash: &blake3::Hash, share: Ratio) -> bool {
    let [a, b, c, d, ..] = *hash.as_bytes();
    let place = u64::from(u32::from_le_bytes([a, b, c, d]));
    let product = u128::from(place).saturating_mul(u128::from(share.denominator().unsigned_abs()));
    product < u128::from(share.numerator().unsigned_abs()) << 32
}

fn less(a: Ratio, b: Ratio) -> bool {
    let left = i128::from(a.numerator()).saturating_mul(i128::from(b.denominator()));
    left < i128::from(b.numerator()).saturating_mul(i128::from(a.denominator()))
}
