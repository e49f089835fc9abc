//! What the tests of the evaluation share: a catalogue, receipts written on one line, and decisions as text.

use std::fmt::Write;

use jiff::Timestamp;

use crate::campaign::{PRICE_MAX, REDEEM_PREFIX};
use crate::catalogue::{Catalogue, Product, ProductKind};
use crate::decision::{Decision, Missing, RewardKind};
use crate::id::{
    AssetId, CampaignId, CashierId, ChannelId, CustomerId, LineId, ReceiptId, RewardId, Sku, StoreId, TaxCode, TillId,
};
use crate::money::{Amount, Currency, Quantity, UnitPrice, Units, extend};
use crate::receipt::{Attribute, Explain, Line, Measure, Place, PriceReason, Receipt, Stage};
use crate::revision::{Revision, Source};
use crate::standing::{CustomerStanding, Standing};
use crate::{Effort, evaluate};

pub(super) const HEAD: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nassets:\n- {id: points, kind: points, worth_minor: 1}\n- {id: fine, kind: bonus_money, scale: 2, worth_minor: 1}\n";

/// A Sunday noon.
pub(super) fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(super) fn revision(body: &str) -> Revision {
    let source = Source { name: "p.yaml".into(), text: format!("{HEAD}{body}") };
    Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap_or_else(|error| panic!("{error}")).revision
}

/// `SKU category attribute=value …`, one a line; `!kind` and `min=` or `max=` micros where needed.
pub(super) fn catalogue() -> Catalogue {
    let text = "MILK food/dairy kind=bottle\nBUTTER food/dairy brand=Best\nPENNE food/pasta brand=Best price=2000000\nCRISPS food/snacks price=1000000\nBEER drinks kind=bottle min=1500000\nDEPOSIT other !deposit\nBOOK books no_discount\nBLUE shoes colour=blue\nRED shoes colour=red\nLACE accessories colour=orange\nSPRAY accessories colour=none\nPILLS health max=8000000";
    let product = |line: &str| {
        let mut words = line.split(' ');
        let mut product = Product::new(Sku::parse(words.next().unwrap()).unwrap(), line);
        product.categories = words.next().unwrap().split('/').map(Into::into).collect();
        product.tax_code = Some(TaxCode::parse("T1").unwrap());
        for word in words {
            match word.split_once('=') {
                Some(("price", micros)) => product.price = Some(UnitPrice::from_micros(micros.parse().unwrap())),
                Some(("min", micros)) => product.unit_price_min = Some(UnitPrice::from_micros(micros.parse().unwrap())),
                Some(("max", micros)) => product.unit_price_max = Some(UnitPrice::from_micros(micros.parse().unwrap())),
                Some((name, value)) => product.attributes.push(Attribute { name: name.into(), value: value.into() }),
                None if word == "!deposit" => product.kind = ProductKind::Deposit,
                None => product.no_discount = true,
            }
        }
        product
    };
    Catalogue::new(1, text.lines().map(product).collect()).unwrap()
}

/// `SKU quantity×price …`: `MILK 3x0.99 CHEESE 0.250kgx9.98`.
pub(super) fn receipt(lines: &str) -> Receipt {
    let currency = Currency::from_code("GBP").unwrap();
    let words: Vec<&str> = lines.split_whitespace().collect();
    let scaled = |text: &str, scale: u32| {
        let decimal = text.parse::<rust_decimal::Decimal>().unwrap() * rust_decimal::Decimal::from(10_i64.pow(scale));
        decimal.to_string().split('.').next().unwrap().parse::<i64>().unwrap()
    };
    let lines = words.chunks(2).enumerate().map(|(place, words)| {
        let (quantity, price) = words[1].split_once('x').unwrap();
        let measure = if quantity.ends_with("kg") { Measure::Measured } else { Measure::Counted };
        let quantity = Quantity::from_milli(scaled(quantity.trim_end_matches("kg"), 3));
        let unit_price = UnitPrice::from_micros(scaled(price, 6));
        Line {
            id: LineId::parse(&(place + 1).to_string()).unwrap(),
            sku: Sku::parse(words[0]).unwrap(),
            quantity,
            measure,
            unit_price,
            amount: extend(quantity, unit_price, currency).unwrap(),
            regular_unit_price: None,
            price_reason: PriceReason::Regular,
            tax_code: None,
            marks: Vec::new(),
            no_discount: false,
            no_earn: false,
            attributes: Vec::new(),
        }
    });
    Receipt {
        id: ReceiptId::parse("r1").unwrap(),
        place: Place {
            store: StoreId::parse("S1").unwrap(),
            till: TillId::parse("T1").unwrap(),
            cashier: Some(CashierId::parse("C1").unwrap()),
        },
        sold_at: noon(),
        business_date: "2026-11-22".parse().unwrap(),
        currency,
        stage: Stage::Total,
        lines: lines.collect(),
        codes: Vec::new(),
        redeem: Vec::new(),
        tenders: Vec::new(),
        declined: Vec::new(),
        choices: Vec::new(),
        given: Vec::new(),
        training: false,
        offers_max: None,
        channel: ChannelId::till(),
        language: None,
        explain: Explain::Nothing,
    }
}

pub(super) fn customer() -> Standing {
    let customer = CustomerStanding {
        customer: CustomerId::parse("c1").unwrap(),
        blocked: false,
        tiers: Vec::new(),
        tiers_until: Vec::new(),
        available: Vec::new(),
        counters: Vec::new(),
        counters_promised: Vec::new(),
        uses: Vec::new(),
        uses_by_member: Vec::new(),
        facts: Vec::new(),
        lists: Vec::new(),
        enrolled_at: None,
        visits: 3,
        habits: crate::habits::Habits::default(),
        seen: Vec::new(),
        staff: Vec::new(),
    };
    Standing { customer: Some(customer), ..Standing::default() }
}

pub(super) fn known(change: impl FnOnce(&mut CustomerStanding)) -> Standing {
    let mut standing = customer();
    change(standing.customer.as_mut().unwrap());
    standing
}

pub(super) fn points(units: i64) -> (AssetId, Units) {
    (AssetId::parse("points").unwrap(), Units::from_units(units))
}

pub(super) fn decide(body: &str, standing: &Standing, receipt: &Receipt) -> Decision {
    let decision = evaluate(&revision(body), &catalogue(), standing, receipt, noon(), Effort::default());
    hold(receipt, &decision);
    decision
}

/// What every decision must be (P6).
pub(super) fn hold(receipt: &Receipt, decision: &Decision) {
    assert!(decision.lines.len() >= receipt.lines.len());
    for (line, decided) in receipt.lines.iter().zip(&decision.lines) {
        assert_eq!((&line.id, &line.sku, line.amount), (&decided.id, &decided.sku, decided.before), "order is kept");
        let changes: Amount = decided.parts.iter().flat_map(|part| &part.adjustments).map(|adjustment| adjustment.amount).sum();
        assert_eq!(decided.before + changes, decided.after, "adjustments sum to the line's change");
        if !decided.parts.is_empty() {
            assert_eq!(decided.parts.iter().map(|part| part.amount).sum::<Amount>(), decided.after, "parts sum to the line");
            let zero = |part: &&crate::decision::Part| {
                part.adjustments.iter().all(|adjustment| adjustment.amount.is_zero()) && !part.adjustments.is_empty()
            };
            let sold: Quantity = decided.parts.iter().filter(|part| !zero(part)).map(|part| part.quantity).sum();
            assert_eq!(sold, line.quantity, "no unit is lost, and only added ones are beyond those rung up");
        }
        assert!(
            decided
                .parts
                .iter()
                .all(|part| part.quantity.is_positive() && !part.amount.is_negative() && !part.unit_price.is_negative())
        );
    }
    assert!(
        decision.lines.iter().skip(receipt.lines.len()).all(|line| line.id.as_str().starts_with('+') && line.added_by.is_some())
    );
    assert_eq!(decision.before, receipt.total());
    assert_eq!(decision.after, decision.lines.iter().map(|line| line.after).sum());
    assert!(decision.lines.iter().all(|line| !line.after.is_negative()) && decision.after <= decision.before);
    let off: Amount = decision.applied.iter().map(|applied| applied.discount).sum();
    let redeemed: Amount = decision
        .redemptions
        .iter()
        .filter(|redemption| redemption.mode == crate::receipt::RedeemMode::Discount)
        .map(|redemption| redemption.amount)
        .sum();
    let adjustments = decision.lines.iter().flat_map(|line| &line.parts).flat_map(|part| &part.adjustments);
    let too_dear: Amount =
        adjustments.filter(|adjustment| adjustment.campaign.as_str() == PRICE_MAX).map(|adjustment| adjustment.amount).sum();
    assert_eq!(decision.before + too_dear - off - redeemed, decision.after, "totals agree");
    named_are_applied(decision);
    let mut ids: Vec<&RewardId> = decision.rewards.iter().map(|reward| &reward.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), decision.rewards.len(), "reward ids are unique");
}

/// What is given without being applied is counted by no limit, and explained as not given.
fn named_are_applied(decision: &Decision) {
    let parts = decision.lines.iter().flat_map(|line| &line.parts).flat_map(|part| &part.adjustments);
    let is_campaign = |id: &&CampaignId| !id.as_str().starts_with(REDEEM_PREFIX) && id.as_str() != PRICE_MAX;
    let adjusting = parts.map(|adjustment| &adjustment.campaign).filter(is_campaign);
    let adding = decision.lines.iter().filter_map(|line| line.added_by.as_ref());
    // A tier is reached by a counter, which may give nothing itself.
    let given = decision.rewards.iter().filter(|reward| !matches!(reward.kind, RewardKind::Status { reached: true, .. }));
    let rewarding = given.map(|reward| &reward.campaign);
    let instructing = decision.instructions.iter().map(|instruction| &instruction.campaign);
    for campaign in adjusting.chain(adding).chain(rewarding).chain(instructing) {
        assert!(decision.applied.iter().any(|applied| applied.campaign == *campaign), "`{campaign}` gives and is applied");
    }
}

/// Changed lines as `1: 2=4.00 1=0.00(a -2.00)`, added ones as `+0.1 CRISPS: 2=0.00(a 0)`.
pub(super) fn lines(decision: &Decision) -> String {
    let mut text = String::new();
    for line in decision.lines.iter().filter(|line| !line.parts.is_empty()) {
        let added = if line.added_by.is_some() { format!(" {}", line.sku) } else { String::new() };
        write!(text, "{}{}:", line.id, added).unwrap();
        for part in &line.parts {
            let quantity = rust_decimal::Decimal::new(part.quantity.milli(), 3).normalize();
            write!(text, " {quantity}={}", money(part.amount)).unwrap();
            for adjustment in &part.adjustments {
                write!(text, "({} {})", adjustment.campaign, money(adjustment.amount)).unwrap();
            }
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// Rewards but for discounts that stand in the lines, as `a.0 12 points`.
pub(super) fn rewards(decision: &Decision) -> String {
    let mut text = String::new();
    for reward in &decision.rewards {
        match &reward.kind {
            RewardKind::Points { asset, units }
            | RewardKind::BonusMoney { asset, units }
            | RewardKind::Certificate { asset, units }
            | RewardKind::Money { asset, units } => {
                let fallback = if reward.fallback { " instead" } else { "" };
                writeln!(text, "{} {} {asset}{fallback}", reward.id, units.units()).unwrap();
            }
            RewardKind::DiscountNow { .. } => {}
            other @ (RewardKind::DiscountLater { .. }
            | RewardKind::Prize { .. }
            | RewardKind::Status { .. }
            | RewardKind::Ticket { .. }) => panic!("no mechanic gives {other:?}"),
        }
    }
    text.trim_end().to_owned()
}

pub(super) fn near_misses(decision: &Decision) -> Vec<String> {
    let missing = |missing: Missing| match missing {
        Missing::Units(units) => format!("{units} units"),
        Missing::Spend(amount) => money(amount),
        Missing::Points { units, scale } => format!("{} points of scale {scale}", units.units()),
    };
    decision
        .near_misses
        .iter()
        .map(|near| format!("{}: {} \u{ab}{}\u{bb}", near.campaign, missing(near.missing), near.text))
        .collect()
}

pub(super) fn money(amount: Amount) -> String {
    rust_decimal::Decimal::new(amount.minor(), 2).to_string()
}
