//! What an outcome did, read from its postings: what each campaign gave, and what was used up.

use tessera_ledger::outcome::{Outcome, OutcomeKind, OutcomeLine};
use tessera_ledger::posting::{Book, Posting, PostingPlace, PostingReason};
use tessera_rules::catalogue::Catalogue;
use tessera_rules::money::{Amount, Units, extend};

use super::names::Names;
use super::side::Side;
use super::sums::Sums;
use super::worth::Worth;

/// What a campaign did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Given {
    /// Its place; none: no campaign of the revision.
    pub(crate) campaign: Option<usize>,
    /// Only what was given is filled in.
    pub(crate) sums: Sums,
}

/// What an outcome did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Effect {
    pub(crate) given: Vec<Given>,
    /// Campaigns that were applied, by place, each once; of a return none.
    pub(crate) touched: Vec<usize>,
    /// Units used up less those given back, by place of the asset.
    pub(crate) redeemed: Vec<(usize, Units)>,
}

impl Effect {
    pub(crate) fn of(outcome: &Outcome, names: &Names, side: &Side<'_>) -> Self {
        let mut effect = Self { given: Vec::new(), touched: Vec::new(), redeemed: Vec::new() };
        for posting in &outcome.postings {
            if let PostingPlace::Book(book) = posting.place {
                effect.post(posting, book, names, side);
            }
        }
        effect.add_goods(outcome, names, side);
        if outcome.kind == OutcomeKind::Settle {
            let applied = outcome.applied.iter().filter_map(|applied| names.campaign(&applied.campaign));
            effect.touched = applied.chain(effect.given.iter().filter_map(|given| given.campaign)).collect();
            effect.touched.sort_unstable();
            effect.touched.dedup();
        }
        effect
    }

    fn post(&mut self, posting: &Posting, book: Book, names: &Names, side: &Side<'_>) {
        let given = match book {
            Book::Issued => -posting.units,
            // Goods that came back with what was given for them.
            Book::Returned if posting.reason == PostingReason::Clawback => -posting.units,
            Book::Redeemed => {
                if let Some(asset) = names.asset(&posting.asset) {
                    self.redeemed.push((asset, posting.units));
                }
                return;
            }
            Book::Returned | Book::Expired | Book::Budget | Book::Transfer | Book::Unexplained => return,
        };
        let campaign = posting.campaign.as_ref().and_then(|campaign| names.campaign(campaign));
        if posting.asset == *side.money() {
            // A discount paid with units was given when the units were; it is nobody's campaign.
            if campaign.is_some() {
                self.row(campaign, names).discount += Amount::from_minor(given.units());
            }
        } else if let Some(place) = names.asset(&posting.asset) {
            let ratio = names.assets.get(place).and_then(|asset| *asset.worth.of(side.which()));
            let worth = ratio.map_or(Worth::default(), |ratio| Worth::of_units(given, ratio));
            let sums = self.row(campaign, names);
            sums.worth += worth;
            if let Some(units) = sums.units.get_mut(place) {
                *units += given;
            }
        }
    }

    /// Added units and lines stand with an adjustment of zero: what they would have cost.
    fn add_goods(&mut self, outcome: &Outcome, names: &Names, side: &Side<'_>) {
        for line in &outcome.lines {
            for part in line.parts.iter().filter(|part| part.amount.is_zero()) {
                let Some(by) = part.adjustments.iter().find(|adjustment| adjustment.amount.is_zero()) else { continue };
                let price = price_of(line, &side.rules().catalogue);
                let worth = price.and_then(|price| extend(part.quantity, price, outcome.currency));
                if let Some(worth) = worth.filter(|worth| worth.is_positive()) {
                    self.row(names.campaign(&by.campaign), names).goods += worth;
                }
            }
        }
    }

    fn row(&mut self, campaign: Option<usize>, names: &Names) -> &mut Sums {
        let place = self.given.iter().position(|given| given.campaign == campaign).unwrap_or_else(|| {
            self.given.push(Given { campaign, sums: Sums::new(names) });
            self.given.len().saturating_sub(1)
        });
        #[expect(clippy::indexing_slicing, reason = "the place was found or is the one just pushed")]
        &mut self.given[place].sums
    }

    /// Everything given together.
    pub(crate) fn total(&self, names: &Names) -> Sums {
        let mut total = Sums::new(names);
        for given in &self.given {
            total.give(&given.sums);
        }
        total
    }
}

/// What a unit of a line ordinarily costs: as rung up, of an added line by the catalogue.
fn price_of(line: &OutcomeLine, catalogue: &Catalogue) -> Option<tessera_rules::money::UnitPrice> {
    if line.added_by.is_some() { catalogue.product(&line.sku)?.price } else { Some(line.unit_price) }
}
