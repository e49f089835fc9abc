//! Goods to offer: a property of what is bought, linked to a property of what is not.

use super::added::needs_stock;
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::campaign::Campaign;
use crate::catalogue::{Catalogue, Product};
use crate::decision::Offer;
use crate::id::{CampaignId, LineId};
use crate::limits::{CONDITION_STEPS_MAX, OFFER_PRODUCTS_LOOKED_AT_MAX, OFFERS_MAX};
use crate::selector::Selector;

impl<'a> Draft<'a, '_> {
    /// Offers products of the catalogue, in the order of their numbers, never one that is in the basket, already
    /// offered, declined as this campaign's, or out of stock.
    pub(super) fn offer(&mut self, candidate: &Candidate<'_>, suggest: &Selector, limit: usize) -> Result<Effect, Reason> {
        let most = self.case.receipt.offers_max.map_or(OFFERS_MAX, usize::from).min(OFFERS_MAX);
        let limit = limit.min(most.saturating_sub(self.offers.len()));
        if limit == 0 || self.case.paid() {
            return Err(Reason::NothingToOffer);
        }
        let mut looked_at = 0_usize;
        let products = self.suggested(candidate.campaign, suggest, limit, &mut looked_at);
        self.step(looked_at);
        let products = products?;
        if products.is_empty() {
            return Err(Reason::NothingToOffer);
        }
        let times = i64::try_from(products.len()).unwrap_or(i64::MAX);
        let line = self.goes_with(candidate);
        for product in products {
            let text = self.case.cashier_words(candidate.campaign.program_place, &candidate.campaign.text).clone();
            let (campaign, sku) = (candidate.campaign.id.clone(), product.sku.clone());
            self.offers.push(Offer { campaign, sku, line: line.clone(), text });
        }
        Ok(Effect { place: candidate.place, times, discount: 0, added_worth: 0 })
    }

    /// The first line that has led to an offer; none: all of the basket has.
    fn goes_with(&self, candidate: &Candidate<'_>) -> Option<LineId> {
        if candidate.campaign.on.takes_all() && candidate.campaign.lines_where.is_none() {
            return None;
        }
        Some(self.basket.lines.get(*candidate.lines.first()?)?.line.id.clone())
    }

    fn suggested(
        &self,
        campaign: &Campaign,
        suggest: &Selector,
        limit: usize,
        looked_at: &mut usize,
    ) -> Result<Vec<&'a Product>, Reason> {
        let catalogue: &'a Catalogue = self.case.catalogue;
        // The clause that the fewest products satisfy is the one to walk along.
        let count =
            |clause: &crate::selector::Clause| clause.keys().map(|key| catalogue.count_with(key)).fold(0, usize::saturating_add);
        let Some(clause) = suggest.clauses.iter().min_by_key(|clause| count(clause)) else { return Ok(Vec::new()) };
        let mut steps = CONDITION_STEPS_MAX;
        let mut products: Vec<&Product> = Vec::new();
        for key in clause.keys() {
            let mut of_key = 0_usize;
            for entry in catalogue.entries_with(key) {
                if of_key >= limit || *looked_at >= OFFER_PRODUCTS_LOOKED_AT_MAX {
                    break;
                }
                *looked_at = looked_at.saturating_add(1);
                let fits = suggest.matches_product(&entry.properties) && self.may_be_offered(&campaign.id, &entry.product);
                if fits && self.facts.may_suggest(campaign, entry, &mut steps)? {
                    products.push(&entry.product);
                    of_key = of_key.saturating_add(1);
                }
            }
        }
        products.sort_by(|a, b| a.sku.cmp(&b.sku));
        products.dedup_by(|a, b| a.sku == b.sku);
        products.truncate(limit);
        Ok(products)
    }

    fn may_be_offered(&self, campaign: &CampaignId, product: &Product) -> bool {
        let in_basket = self.basket.lines.iter().any(|line| line.line.sku == product.sku);
        let offered = self.offers.iter().any(|offer| offer.sku == product.sku);
        let gone = needs_stock(product.kind) && self.out_of_stock(&product.sku);
        !in_basket && !offered && !gone && !Offer::is_declined(campaign, &product.sku, &self.case.receipt.declined)
    }
}
