//! What comes back: which lines of the original, how much of each, and what was paid for it.

use tessera_rules::id::ReceiptId;
use tessera_rules::money::{Amount, Quantity};

use crate::arithmetic::{amount_plus, quantity_left, quantity_plus, share, share_step};
use crate::limits::RETURNS_MAX;
use crate::outcome::{Outcome, OutcomeLine};
use crate::return_goods::{Beyond, OriginalSale, Return, ReturnLine, ReturnedLine, ReturnedSoFar};

/// The refund before anything is deducted.
#[derive(Clone, Debug, Default)]
pub(super) struct Refund {
    pub(super) lines: Vec<OutcomeLine>,
    /// Of each line, what is refunded for goods of the sale.
    pub(super) of_sale: Vec<Amount>,
    pub(super) total: Amount,
    pub(super) so_far: ReturnedSoFar,
    pub(super) beyond: Vec<Beyond>,
}

/// Computes the refund of each line: what was paid for it, in proportion, rounded cumulatively. What is
/// more than sold, or has no original, is refunded as the till says.
pub(super) fn compute(goods: &Return<'_>) -> Refund {
    let mut refund = Refund { so_far: goods.original.map(|sale| sale.so_far.clone()).unwrap_or_default(), ..Refund::default() };
    if goods.original.is_some() {
        refund.so_far.list(&goods.id);
    }
    for line in goods.lines {
        let matched = match goods.original {
            Some(sale) => take_from(sale, line, &mut refund.so_far),
            None => Matched { original: None, left: line.quantity, paid: Amount::ZERO },
        };
        let as_the_till_says = Amount::from_minor(match line.quantity.milli() {
            0 => line.amount.minor(),
            whole => {
                if matched.left.is_zero() {
                    0
                } else {
                    share(line.amount.minor(), matched.left.milli(), whole)
                }
            }
        });
        if goods.original.is_some() && matched.left.is_positive() {
            refund.beyond.push(Beyond { line: line.id.clone(), by: matched.left });
        }
        let amount = amount_plus(matched.paid, as_the_till_says);
        refund.total = amount_plus(refund.total, amount);
        refund.of_sale.push(matched.paid);
        refund.lines.push(render(line, matched.original, amount));
    }
    refund
}

/// What of a return's line the original covers.
struct Matched<'o> {
    original: Option<&'o OutcomeLine>,
    left: Quantity,
    paid: Amount,
}

fn take_from<'o>(sale: OriginalSale<'o>, line: &ReturnLine, so_far: &mut ReturnedSoFar) -> Matched<'o> {
    let mut matched = Matched { original: None, left: line.quantity, paid: Amount::ZERO };
    let fits = |sold: &&OutcomeLine| match &line.original {
        Some(id) => sold.id == *id && sold.sku == line.sku,
        None => sold.sku == line.sku,
    };
    for sold in sale.outcome.lines.iter().filter(fits) {
        let before = so_far.quantity(&sold.id);
        let step = quantity_left(sold.quantity, before).min(matched.left);
        if !step.is_positive() {
            continue;
        }
        let after = quantity_plus(before, step);
        let paid = share_step(sold.paid.minor(), before.milli(), after.milli(), sold.quantity.milli());
        matched.paid = amount_plus(matched.paid, Amount::from_minor(paid));
        matched.left = quantity_left(matched.left, step);
        matched.original.get_or_insert(sold);
        so_far.set(sale.outcome, sold, after);
    }
    matched
}

impl ReturnedSoFar {
    /// Lists a return once, as long as there is room.
    fn list(&mut self, id: &ReceiptId) {
        if self.returns.len() < RETURNS_MAX && !self.returns.contains(id) {
            self.returns.push(id.clone());
        }
    }

    /// Sets how much of a line has come back, lines kept in the original's order.
    fn set(&mut self, original: &Outcome, sold: &OutcomeLine, quantity: Quantity) {
        match self.lines.iter_mut().find(|known| known.line == sold.id) {
            Some(known) => known.quantity = quantity,
            None => self.lines.push(ReturnedLine { line: sold.id.clone(), quantity }),
        }
        let place = |line: &ReturnedLine| original.lines.iter().position(|known| known.id == line.line);
        self.lines.sort_by_key(place);
        assert!(quantity <= sold.quantity, "no more has come back than was sold");
    }

    /// Whether every line of the original has come back whole.
    #[must_use]
    pub fn is_whole(&self, original: &Outcome) -> bool {
        original.lines.iter().all(|line| self.quantity(&line.id) >= line.quantity)
    }
}

fn render(line: &ReturnLine, original: Option<&OutcomeLine>, amount: Amount) -> OutcomeLine {
    OutcomeLine {
        id: line.id.clone(),
        original: original.map(|sold| sold.id.clone()).or_else(|| line.original.clone()),
        sku: line.sku.clone(),
        tax_code: line.tax_code.clone().or_else(|| original.and_then(|sold| sold.tax_code.clone())),
        measure: line.measure,
        quantity: line.quantity,
        unit_price: line.unit_price,
        rung_up: amount,
        paid: amount,
        parts: Vec::new(),
        added_by: None,
        unexplained: Amount::ZERO,
    }
}
