//! What happens: random plans of receipts and random messages, from one seed.

use tessera_rules::decision::Shortfall;

/// Random numbers from a seed (`SplitMix64`).
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    /// From 0 to below `limit`.
    pub(super) fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        i64::try_from(mixed % u64::try_from(limit).unwrap()).unwrap()
    }

    /// One time in so many.
    pub(super) fn one_in(&mut self, many: i64) -> bool {
        self.below(many) == 0
    }
}

/// What a receipt sells and gives: two lines, of pieces at one pound and at three pounds.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) pieces: [i64; 2],
    /// Used where nothing was quoted.
    pub(super) unquoted: [i64; 2],
    pub(super) rewards: Vec<Reward>,
    /// Sold where each unit that comes back takes the same of a reward.
    pub(super) equal_shares: bool,
}

/// A reward of a plan.
#[derive(Clone, Debug)]
pub(super) struct Reward {
    pub(super) kind: Kind,
    pub(super) vests_in: i64,
    pub(super) expires_in: Option<i64>,
    pub(super) on_return: Shortfall,
    /// It lies on the first line alone.
    pub(super) on_first: bool,
}

/// What it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Units { asset: usize, units: i64 },
    Coupon,
    Tickets(i64),
    Prize,
}

/// A message of a till, or time that passes.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// Promise so many hundredths of what is there of each asset, and a coupon.
    Quote {
        receipt: usize,
        number: u32,
        hundredths: [i64; 2],
        coupon: bool,
    },
    Settle {
        receipt: usize,
        attempt: u32,
        other_content: bool,
    },
    Void {
        receipt: usize,
        attempt: u32,
    },
    Return {
        id: usize,
        receipt: usize,
        pieces: [i64; 2],
    },
    HandOver {
        id: usize,
        receipt: usize,
        given: bool,
    },
    /// A ledger day is closed: what has lapsed is posted.
    Close {
        id: usize,
    },
    Pass {
        minutes: i64,
    },
}

/// What pieces of the two lines cost.
pub(super) fn worth([first, second]: [i64; 2]) -> i64 {
    100 * first + 300 * second
}

/// The id of a receipt.
pub(super) fn receipt_name(receipt: usize) -> String {
    format!("r-{receipt}")
}

impl Plan {
    pub(super) fn random(random: &mut Random) -> Self {
        let mut rewards = Vec::new();
        for _ in 0..random.below(4) {
            rewards.push(Reward::random(random));
        }
        let single = |kind: fn(&Kind) -> bool, rewards: &mut Vec<Reward>| {
            let mut seen = false;
            rewards.retain(|reward| !kind(&reward.kind) || !std::mem::replace(&mut seen, true));
        };
        // A coupon, its tickets and its prize are named after the receipt: one of each.
        single(|kind| matches!(kind, Kind::Coupon), &mut rewards);
        single(|kind| matches!(kind, Kind::Prize), &mut rewards);
        Self {
            pieces: [1 + random.below(4), 1 + random.below(3)],
            unquoted: [random.below(40), random.below(10)],
            rewards,
            equal_shares: random.one_in(3),
        }
    }
}

impl Reward {
    fn random(random: &mut Random) -> Self {
        let kind = match random.below(8) {
            0 => Kind::Coupon,
            1 => Kind::Tickets(1 + random.below(5)),
            2 => Kind::Prize,
            3 | 4 => Kind::Units { asset: 1, units: 1 + random.below(50) },
            _ => Kind::Units { asset: 0, units: 1 + random.below(200) },
        };
        let is_units = matches!(kind, Kind::Units { .. });
        Self {
            kind,
            vests_in: if is_units && random.one_in(3) { random.below(200) } else { 0 },
            expires_in: (!random.one_in(3)).then(|| 1 + random.below(2_000)),
            on_return: [Shortfall::Negative, Shortfall::Zero, Shortfall::DeductFromRefund]
                [usize::try_from(random.below(3)).unwrap()],
            on_first: is_units && random.one_in(2),
        }
    }
}

impl Message {
    pub(super) fn random(random: &mut Random, receipts: usize, next_id: usize) -> Self {
        let receipt = usize::try_from(random.below(i64::try_from(receipts).unwrap())).unwrap();
        let attempt = u32::try_from(1 + random.below(3)).unwrap();
        match random.below(17) {
            0..=3 => Self::Quote {
                receipt,
                number: u32::try_from(1 + random.below(4)).unwrap(),
                hundredths: [random.below(101), random.below(101)],
                coupon: random.one_in(2),
            },
            4..=7 => Self::Settle { receipt, attempt, other_content: random.one_in(8) },
            8 => Self::Void { receipt, attempt },
            9..=11 => Self::Return { id: next_id, receipt, pieces: [random.below(3), random.below(3)] },
            12 => Self::HandOver { id: next_id, receipt, given: random.one_in(2) },
            13 => Self::Close { id: next_id },
            14 | 15 => Self::Pass { minutes: 1 + random.below(60) },
            _ => Self::Pass { minutes: 1 + random.below(3_000) },
        }
    }
}
