//! Who comes to a simulated till and what for: the same visits for the same seed.

use tessera_rules::catalogue::Product;

use super::chance::Chance;

/// Loyalty cards that are in use.
pub(super) const CARDS: usize = 36;

/// Baskets that the sample program has something to say to.
const THEMES: [&[(&str, usize)]; 11] = [
    &[("TRAIL-SHOES", 3)],
    &[("ROAD-SHOES", 2), ("SANDALS", 1), ("SOCKS", 2)],
    &[("CRISPS", 10), ("LEMONADE", 2)],
    &[("CRISPS", 20), ("NUTS", 1)],
    &[("PENNE", 3), ("TOMATOES", 2), ("CHEDDAR", 1)],
    &[("FUSILLI", 2), ("SPAGHETTI", 2), ("WINE", 1)],
    &[("WATER", 6), ("JUICE", 2)],
    &[("WINE", 6), ("BRIE", 1), ("BREAD", 1), ("BAG", 1)],
    &[("ROAD-SHOES", 1)],
    &[("SLIPPERS", 3), ("CHOCOLATE", 4)],
    &[("GIFT-CARD-20", 1), ("CHOCOLATE", 1)],
];
/// Goods sold by weight, with their weight in thousandths.
const WEIGHED: [(&str, i64); 2] = [("COMTE-KG", 284), ("APPLES-KG", 1_130)];
/// Most different goods that are added by chance.
const EXTRA_GOODS_MAX: usize = 4;

/// One position of a basket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item {
    /// The product's number.
    pub(super) sku: String,
    /// Thousandths of a unit.
    pub(super) quantity_milli: i64,
    /// By weight.
    pub(super) measured: bool,
}

/// How a visit ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Paid as quoted.
    Paid,
    /// Paid, and the till sends the settle twice, as after a lost answer.
    PaidAndSentTwice,
    /// Paid without what the campaigns add.
    PaidDeclining,
    /// Not paid after all.
    Voided,
    /// Nothing is bought: goods of an earlier receipt come back, where there is one; else paid.
    Returns,
}

/// One visit of a customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Visit {
    /// The card; none: anonymous.
    pub(super) card: Option<String>,
    /// What is bought, each product once.
    pub(super) items: Vec<Item>,
    /// The code shown, if any.
    pub(super) code: Option<&'static str>,
    /// Whether the customer answers what is asked.
    pub(super) answers: bool,
    pub(super) end: End,
}

/// The customers of one till.
#[derive(Debug)]
pub(super) struct Shoppers {
    chance: Chance,
    goods: Vec<String>,
}

impl Shoppers {
    /// The customers of a till under a seed, who buy these products.
    pub(super) fn new(seed: u64, till: usize, products: &[Product]) -> Self {
        let counted = products.iter().filter(|product| WEIGHED.iter().all(|(sku, _)| *sku != product.sku.as_str()));
        Self { chance: Chance::new(seed, till), goods: counted.map(|product| product.sku.as_str().to_owned()).collect() }
    }

    /// The next visit.
    pub(super) fn next(&mut self) -> Visit {
        let card = self.chance.percent(80).then(|| card(self.chance.below(CARDS)));
        let items = self.items();
        let code = self.chance.percent(12).then_some("WELCOME26").filter(|_| card.is_some());
        let answers = self.chance.percent(15);
        let end = match self.chance.below(100) {
            0..70 => End::Paid,
            70..76 => End::PaidAndSentTwice,
            76..84 => End::PaidDeclining,
            84..88 => End::Voided,
            _ => End::Returns,
        };
        Visit { card, items, code, answers, end }
    }

    fn items(&mut self) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        if self.chance.percent(75) {
            let theme = self.chance.pick(&THEMES).copied().unwrap_or_default();
            items.extend(theme.iter().map(|(sku, pieces)| item(sku, *pieces)));
        }
        if self.chance.percent(20)
            && let Some((sku, quantity_milli)) = self.chance.pick(&WEIGHED)
        {
            items.push(Item { sku: (*sku).to_owned(), quantity_milli: *quantity_milli, measured: true });
        }
        let extra = self.chance.below(EXTRA_GOODS_MAX).max(usize::from(items.is_empty()));
        for _ in 0..extra {
            let pieces = self.chance.below(2).saturating_add(1);
            if let Some(sku) = self.chance.pick(&self.goods)
                && items.iter().all(|item| item.sku != *sku)
            {
                items.push(item(sku, pieces));
            }
        }
        items
    }
}

fn item(sku: &str, pieces: usize) -> Item {
    let pieces = i64::try_from(pieces).unwrap_or(1);
    Item { sku: sku.to_owned(), quantity_milli: pieces.saturating_mul(1_000), measured: false }
}

/// The number of a card in use, by its place.
pub(super) fn card(place: usize) -> String {
    format!("40001{place:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn products() -> Vec<Product> {
        crate::product_file::read_text("sample", super::super::PRODUCTS).unwrap()
    }

    fn visits(seed: u64, till: usize) -> Vec<Visit> {
        let mut shoppers = Shoppers::new(seed, till, &products());
        (0..400).map(|_| shoppers.next()).collect()
    }

    #[test]
    fn the_same_seed_brings_the_same_customers() {
        assert_eq!(visits(7, 1), visits(7, 1));
        assert_ne!(visits(7, 1), visits(7, 2));
    }

    #[test]
    fn every_basket_is_one_that_a_till_may_ring_up() {
        let known = products();
        for visit in visits(7, 3) {
            assert!(!visit.items.is_empty());
            for (place, item) in visit.items.iter().enumerate() {
                assert!(known.iter().any(|product| product.sku.as_str() == item.sku && product.price.is_some()), "{}", item.sku);
                assert!(item.quantity_milli > 0);
                assert!(item.measured || item.quantity_milli % 1_000 == 0);
                assert!(visit.items[..place].iter().all(|before| before.sku != item.sku), "{} twice", item.sku);
            }
        }
    }

    #[test]
    fn every_way_to_end_a_visit_is_shown() {
        let visits = visits(7, 4);
        for end in [End::Paid, End::PaidAndSentTwice, End::PaidDeclining, End::Voided, End::Returns] {
            assert!(visits.iter().any(|visit| visit.end == end), "{end:?}");
        }
        assert!(visits.iter().any(|visit| visit.card.is_none()));
        assert!(visits.iter().any(|visit| visit.code.is_some()));
    }
}
