//! What the ledger must know of a revision: whose an asset is and what it is worth, how far a campaign may be used, and
//! what a return takes and gives back.

use tessera_rules::conventions::{ReturnedPayment, ReturnedRewards};
use tessera_rules::decision::{Decision, Promise};
use tessera_rules::id::{AssetId, CampaignId, ProgramId};
use tessera_rules::money::{Amount, Currency, Units};
use tessera_rules::revision::Revision;
use tessera_rules::usage::UsageLimits;

/// An asset as its revision declares it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssetTerms {
    /// The asset.
    pub asset: AssetId,
    /// The program that it belongs to.
    pub program: ProgramId,
    /// What it is worth, where that is declared in the currency at hand.
    pub worth: Option<Worth>,
}

/// How much one customer may use of a campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitTerms {
    /// The campaign.
    pub campaign: CampaignId,
    /// How much.
    pub limits: UsageLimits,
}

/// What a return takes and gives back by the conventions of a program under which something was sold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReturnTerms {
    /// The program.
    pub program: ProgramId,
    /// What a return of part of a receipt takes back.
    pub rewards: ReturnedRewards,
    /// What becomes of assets that paid for returned goods.
    pub payment: ReturnedPayment,
}

/// The terms of the programs that do not take and give back in proportion; of most revisions there are none.
#[must_use]
pub fn return_terms(revision: &Revision) -> Vec<ReturnTerms> {
    let terms = revision.programs().iter().map(|program| ReturnTerms {
        program: program.id.clone(),
        rewards: program.conventions.returned_rewards,
        payment: program.conventions.returned_payment,
    });
    let proportional = (ReturnedRewards::default(), ReturnedPayment::default());
    terms.filter(|terms| (terms.rewards, terms.payment) != proportional).collect()
}

/// So many units are worth so much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Worth {
    /// Above zero.
    pub units: Units,
    /// Above zero, in the currency of the receipt.
    pub amount: Amount,
}

/// How much one customer may use of what a decision uses; mostly nothing is limited.
#[must_use]
pub fn limit_terms(revision: &Revision, decision: &Decision) -> Vec<LimitTerms> {
    let used = decision.promises.iter().filter_map(|promise| match promise {
        Promise::Uses { campaign, .. } => Some(campaign),
        Promise::Units { .. } | Promise::Threshold { .. } | Promise::Code { .. } | Promise::Budget { .. } => None,
    });
    let limits =
        |campaign: &CampaignId| Some(LimitTerms { campaign: campaign.clone(), limits: *revision.limits_per_customer(campaign)? });
    used.filter_map(limits).collect()
}

/// The asset that money is posted in which never lies on an account: `money:` and the currency's code.
#[must_use]
pub fn money_asset(currency: Currency) -> AssetId {
    let text = compact_str::format_compact!("money:{}", currency.code());
    #[expect(
        clippy::expect_used,
        reason = "`money:` and the three capital letters of an ISO 4217 code are 9 characters that ids have"
    )]
    AssetId::parse(&text).expect("a money asset is an asset id")
}

/// The program of an asset: as declared, else as a lot of it says, else the asset's own name.
#[must_use]
pub(crate) fn program_of(terms: &[AssetTerms], asset: &AssetId, lots: &[crate::lot::Lot]) -> ProgramId {
    let declared = terms.iter().find(|known| known.asset == *asset).map(|known| known.program.clone());
    let held = || lots.iter().find(|lot| lot.asset == *asset).map(|lot| lot.program.clone());
    #[expect(clippy::expect_used, reason = "asset ids and program ids have the same characters and the same greatest length")]
    declared.or_else(held).unwrap_or_else(|| ProgramId::parse(asset.as_str()).expect("an asset id is a program id"))
}

const _: () = assert!(AssetId::LENGTH_MAX <= ProgramId::LENGTH_MAX, "an asset id is a program id");
const _: () = assert!("money:GBP".len() <= AssetId::LENGTH_MAX, "a money asset is an asset id");
