//! Reads a decision from a token. What a settle does not need was not written and is empty.

use compact_str::CompactString;
use serde::Deserialize as _;
use serde::de::value::{Error, StrDeserializer};
use tessera_rules::decision::{
    Adjustment, AnswerPart, Applied, Awaited, Brake, Calendar, CodeVerdict, CounterMove, CounterTime, DecidedLine, Decision,
    Instruction, LineShare, Note, Part, Promise, Redemption, Reward, RewardKind, Shortfall, Task, Verdict,
};
use tessera_rules::id::RewardId;
use tessera_rules::money::{Amount, Quantity, UnitPrice, Units};
use tessera_rules::receipt::{Measure, RedeemMode};
use tessera_rules::usage::Usage;

use crate::compact::{CompactReader, typed};

/// A decision, field by field in its order.
pub(super) fn decision(reader: &mut CompactReader<'_>) -> Option<Decision> {
    let lines = reader.list(line)?;
    let redemptions = reader.list(redemption)?;
    let rewards = reader.list(reward)?;
    let instructions = reader.list(instruction)?;
    let code_verdicts = reader.list(code_verdict)?;
    let counters = reader.list(counter)?;
    let promises = reader.list(promise)?;
    let applied = reader.list(applied)?;
    let (before, after) = (amount(reader)?, amount(reader)?);
    let [depends_on_tenders, proven, _, _] = flags(reader)?;
    let (steps, bound) = (reader.unsigned()?, amount(reader)?);
    let dropped_from = match usize::from(reader.byte()?).checked_sub(1) {
        None => None,
        Some(place) => Some(*AnswerPart::ALL.get(place)?),
    };
    let notes = reader.list(|reader| Some(Note::UnknownSku { line: reader.name()? }))?;
    let brakes = reader.list(brake)?;
    Some(Decision {
        lines,
        redemptions,
        rewards,
        cashier_texts: Vec::new(),
        prompts: Vec::new(),
        instructions,
        offers: Vec::new(),
        choices: Vec::new(),
        near_misses: Vec::new(),
        code_verdicts,
        redeemable: Vec::new(),
        code_wanted: None,
        counters,
        promises,
        applied,
        before,
        after,
        depends_on_tenders,
        notes,
        steps,
        proven,
        bound,
        dropped_from,
        brakes,
        explained: Vec::new(),
    })
}

fn flags(reader: &mut CompactReader<'_>) -> Option<[bool; 4]> {
    let byte = reader.byte()?;
    Some([1, 2, 4, 8].map(|bit| byte & bit != 0))
}

fn five_flags(reader: &mut CompactReader<'_>) -> Option<[bool; 5]> {
    let byte = reader.byte()?;
    Some([1, 2, 4, 8, 16].map(|bit| byte & bit != 0))
}

fn amount(reader: &mut CompactReader<'_>) -> Option<Amount> {
    reader.signed().map(Amount::from_minor)
}

fn units(reader: &mut CompactReader<'_>) -> Option<Units> {
    reader.signed().map(Units::from_units)
}

fn line(reader: &mut CompactReader<'_>) -> Option<DecidedLine> {
    let [is_measured, has_tax_code, is_added, _] = flags(reader)?;
    Some(DecidedLine {
        id: reader.name()?,
        sku: reader.name()?,
        tax_code: if has_tax_code { Some(reader.name()?) } else { None },
        measure: if is_measured { Measure::Measured } else { Measure::Counted },
        added_by: if is_added { Some(reader.name()?) } else { None },
        parts: reader.list(part)?,
        before: amount(reader)?,
        after: amount(reader)?,
    })
}

fn part(reader: &mut CompactReader<'_>) -> Option<Part> {
    Some(Part {
        quantity: Quantity::from_milli(reader.signed()?),
        unit_price: UnitPrice::from_micros(reader.signed()?),
        amount: amount(reader)?,
        adjustments: reader.list(|reader| {
            Some(Adjustment { campaign: reader.name()?, amount: amount(reader)?, text: CompactString::const_new("") })
        })?,
    })
}

fn redemption(reader: &mut CompactReader<'_>) -> Option<Redemption> {
    Some(Redemption {
        id: reader.text()?,
        asset: reader.name()?,
        units: units(reader)?,
        amount: amount(reader)?,
        mode: match reader.byte()? {
            0 => RedeemMode::Discount,
            1 => RedeemMode::Tender,
            _ => return None,
        },
        paid_on: shares(reader)?,
    })
}

fn awaited(reader: &mut CompactReader<'_>) -> Option<Awaited> {
    match reader.byte()? {
        0 => Some(Awaited::NextVisit),
        1 => Some(Awaited::Event(reader.name()?)),
        _ => None,
    }
}

fn brake(reader: &mut CompactReader<'_>) -> Option<Brake> {
    match reader.byte()? {
        0 => Some(Brake::Velocity),
        1 => Some(Brake::OwnTill),
        2 => Some(Brake::UnitsAbove),
        _ => None,
    }
}

fn reward(reader: &mut CompactReader<'_>) -> Option<Reward> {
    let [has_own_name, fallback, expires, awaits, held] = five_flags(reader)?;
    let campaign = reader.plain_name()?;
    let name = reader.plain()?;
    Some(Reward {
        id: reward_id(if has_own_name { campaign } else { "" }, name)?,
        campaign: typed(campaign)?,
        program: reader.name()?,
        kind: reward_kind(reader)?,
        vests_at: reader.time()?,
        expires_at: if expires { Some(reader.time()?) } else { None },
        waits_for: reader.list(CompactReader::name)?,
        awaits: if awaits { Some(awaited(reader)?) } else { None },
        held: if held { Some(brake(reader)?) } else { None },
        earned_on: shares(reader)?,
        on_return: match reader.byte()? {
            0 => Shortfall::Negative,
            1 => Shortfall::Zero,
            2 => Shortfall::DeductFromRefund,
            _ => return None,
        },
        fallback,
        text: CompactString::from(reader.plain()?),
    })
}

fn reward_id(campaign: &str, name: &str) -> Option<RewardId> {
    let mut id = CompactString::from(campaign);
    id.push_str(name);
    RewardId::deserialize(StrDeserializer::<Error>::new(&id)).ok()
}

fn reward_kind(reader: &mut CompactReader<'_>) -> Option<RewardKind> {
    let count = |reader: &mut CompactReader<'_>| u32::try_from(reader.signed()?).ok();
    Some(match reader.byte()? {
        0 => RewardKind::DiscountNow { amount: amount(reader)? },
        1 => RewardKind::DiscountLater { coupon: reader.name()? },
        2 => RewardKind::BonusMoney { asset: reader.name()?, units: units(reader)? },
        3 => RewardKind::Points { asset: reader.name()?, units: units(reader)? },
        4 => RewardKind::Prize { prize: reader.name()?, count: count(reader)? },
        5 => RewardKind::Status { tier: reader.name()?, reached: false },
        6 => RewardKind::Ticket { draw: reader.name()?, count: count(reader)? },
        7 => RewardKind::Certificate { asset: reader.name()?, units: units(reader)? },
        9 => RewardKind::Status { tier: reader.name()?, reached: true },
        8 => RewardKind::Money { asset: reader.name()?, units: units(reader)? },
        _ => return None,
    })
}

fn instruction(reader: &mut CompactReader<'_>) -> Option<Instruction> {
    Some(Instruction {
        id: reader.text()?,
        campaign: reader.name()?,
        task: match reader.byte()? {
            0 => Task::ShowText,
            1 => Task::Collect,
            2 => Task::ScanOneMore,
            3 => Task::CheckDocument,
            _ => return None,
        },
        line: reader.optional(CompactReader::name)?,
        quantity: u32::try_from(reader.unsigned()?).ok()?,
        text: CompactString::const_new(""),
    })
}

fn code_verdict(reader: &mut CompactReader<'_>) -> Option<CodeVerdict> {
    Some(CodeVerdict {
        code: reader.name()?,
        verdict: match reader.byte()? {
            0 => Verdict::Applied,
            1 => Verdict::NotNeeded,
            2 => Verdict::Unknown,
            3 => Verdict::Expired,
            4 => Verdict::Used,
            5 => Verdict::NotThisCustomer,
            6 => Verdict::ConditionMissing,
            7 => Verdict::NotYetValid,
            _ => return None,
        },
        campaign: reader.optional(CompactReader::name)?,
    })
}

fn counter(reader: &mut CompactReader<'_>) -> Option<CounterMove> {
    let (campaign, counted_milli, rewarded) = (reader.name()?, reader.signed()?, reader.signed()?);
    let time = counter_time(reader)?;
    Some(CounterMove { campaign, counted_milli, rewarded, time, counted_on: shares(reader)? })
}

fn counter_time(reader: &mut CompactReader<'_>) -> Option<CounterTime> {
    let place = reader.byte()?;
    if place == 0 {
        return Some(CounterTime::Ever);
    }
    let calendar = match reader.byte()? {
        0 => Calendar::Days,
        1 => Calendar::Weeks,
        2 => Calendar::Months,
        3 => Calendar::Quarters,
        4 => Calendar::Years,
        _ => return None,
    };
    let stretch = i32::try_from(reader.signed()?).ok()?;
    Some(match place {
        1 => CounterTime::Within { calendar, stretch, remembered: reader.small()? },
        2 => CounterTime::Stretches { calendar, stretch, in_a_row: false },
        3 => CounterTime::Stretches { calendar, stretch, in_a_row: true },
        _ => return None,
    })
}

fn shares(reader: &mut CompactReader<'_>) -> Option<Vec<LineShare>> {
    reader.list(|reader| Some(LineShare { line: reader.name()?, units: reader.signed()? }))
}

fn promise(reader: &mut CompactReader<'_>) -> Option<Promise> {
    Some(match reader.byte()? {
        0 => Promise::Units { asset: reader.name()?, units: units(reader)? },
        1 => Promise::Threshold {
            campaign: reader.name()?,
            counted_milli: reader.signed()?,
            rewarded: reader.signed()?,
            time: counter_time(reader)?,
        },
        2 => Promise::Uses {
            campaign: reader.name()?,
            by: reader.optional(CompactReader::name)?,
            member: reader.optional(CompactReader::name)?,
            usage: usage(reader)?,
        },
        3 => Promise::Code { code: reader.name()? },
        4 => Promise::Budget { campaign: reader.name()?, by: reader.optional(CompactReader::name)?, usage: usage(reader)? },
        _ => return None,
    })
}

fn usage(reader: &mut CompactReader<'_>) -> Option<Usage> {
    Some(Usage { uses: reader.signed()?, units: reader.signed()?, value: reader.signed()? })
}

fn applied(reader: &mut CompactReader<'_>) -> Option<Applied> {
    Some(Applied { campaign: reader.name()?, times: reader.small()?, discount: amount(reader)? })
}
