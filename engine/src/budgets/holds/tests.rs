//! Tests of `holds`.

use jiff::SignedDuration;
use proptest::prelude::*;
use tessera_rules::id::{CampaignId, StoreId, TillId};
use tessera_rules::receipt::Place;
use tessera_rules::usage::UsageLimits;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

fn id(number: usize) -> ReceiptId {
    ReceiptId::parse(&format!("r{number}")).unwrap()
}

fn share(campaign: usize, uses: i64) -> Share {
    let limited = Limited::Campaign(CampaignId::parse(&format!("c{campaign}")).unwrap());
    Share { limited, usage: Usage { uses, units: 2 * uses, value: 3 * uses }, limits: UsageLimits::NONE }
}

/// One that is asked for, by receipt, quote, customer and the receipt that it takes over from.
#[derive(Clone, Debug)]
struct Ask {
    receipt: usize,
    number: Option<u32>,
    customer: Option<usize>,
    supersedes: Option<usize>,
    uses: Vec<(usize, i64)>,
    minutes: i64,
    release: bool,
}

fn ask() -> impl Strategy<Value = Ask> {
    let who = (0..6_usize, proptest::option::of(0..4_u32), proptest::option::of(0..2_usize), proptest::option::of(0..6_usize));
    let what = (proptest::collection::vec((0..3_usize, 1..9_i64), 0..3), 0..9_i64, proptest::bool::weighted(0.1));
    (who, what).prop_map(|((receipt, number, customer, supersedes), (uses, minutes, release))| Ask {
        receipt,
        number,
        customer,
        supersedes,
        uses,
        minutes,
        release,
    })
}

/// Receipt, number, customer, time and shares.
type Line = (usize, u32, Option<usize>, Timestamp, Vec<Share>);

/// The same as a list that is looked through from end to end.
#[derive(Debug, Default)]
struct Slow(Vec<Line>);

impl Slow {
    fn take_over(&self, ask: &Ask) -> Option<usize> {
        let before = ask.supersedes.filter(|before| *before != ask.receipt)?;
        self.0
            .iter()
            .any(|(receipt, _, whose, ..)| *receipt == before && (whose.is_none() || *whose == ask.customer))
            .then_some(before)
    }

    fn of_others(&self, limited: &Limited, ask: &Ask) -> Usage {
        let over = self.take_over(ask);
        let others = self.0.iter().filter(|(receipt, ..)| *receipt != ask.receipt && Some(*receipt) != over);
        let shares = others.flat_map(|(.., shares)| shares).filter(|share| share.limited == *limited);
        shares.fold(Usage::NONE, |sum, share| sum.plus(share.usage))
    }

    fn replace(&mut self, shares: Vec<Share>, ask: &Ask, until: Timestamp) {
        let over = self.take_over(ask);
        self.0.retain(|(receipt, ..)| Some(*receipt) != over);
        let known = self.0.iter().position(|(receipt, ..)| *receipt == ask.receipt).map(|place| self.0.remove(place));
        let number = known.as_ref().map_or(0, |(_, number, ..)| *number).max(ask.number.unwrap_or(0));
        let until = match &known {
            Some((.., known, _)) if shares.is_empty() => *known,
            Some(_) => until,
            None if shares.is_empty() => return,
            None => until,
        };
        self.0.push((ask.receipt, number, ask.customer, until, shares));
    }
}

proptest! {
    #[test]
    fn p4_sums_that_are_kept_are_those_of_a_list_that_is_looked_through(asks in proptest::collection::vec(ask(), 1..60)) {
        let (mut holds, mut slow, mut minute) = (Holds::default(), Slow::default(), 0);
        for ask in asks {
            minute += ask.minutes;
            let accounts = ask.customer.map(|number| AccountId::parse(&format!("a{number}")).unwrap());
            let place = Place { store: StoreId::parse("S1").unwrap(), till: TillId::parse("T1").unwrap(), cashier: None };
            let (receipt, before) = (id(ask.receipt), ask.supersedes.map(id));
            let asker = Asker {
                receipt: &receipt,
                quote_no: ask.number,
                place: &place,
                account: accounts.as_ref(),
                supersedes: before.as_ref(),
                day: jiff::civil::date(2026, 3, 2),
                now: at(minute),
                until: at(minute + 15),
            };
            holds.lapse(at(minute));
            slow.0.retain(|(_, _, _, until, _)| at(minute) < *until);
            for campaign in 0..3 {
                let limited = share(campaign, 0).limited;
                prop_assert_eq!(holds.of_others(&limited, asker), slow.of_others(&limited, &ask));
            }
            let known = slow.0.iter().find(|(receipt, ..)| *receipt == ask.receipt);
            let late = known.is_some_and(|(_, number, ..)| ask.number.is_some_and(|own| own < *number));
            prop_assert_eq!(holds.is_late(asker), late);
            let shares: Vec<Share> = ask.uses.iter().map(|(campaign, uses)| share(*campaign, *uses)).collect();
            if ask.release {
                holds.release(&receipt);
                slow.0.retain(|(known, ..)| *known != ask.receipt);
            } else if !late {
                holds.replace(&shares, asker);
                slow.replace(shares, &ask, at(minute + 15));
            }
            prop_assert_eq!(holds.len(), slow.0.len());
        }
    }
}
