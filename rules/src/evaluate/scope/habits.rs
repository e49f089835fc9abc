//! What conditions read of a customer's habits, as of the day of the sale on the clock of the program.

use super::CaseScope;
use crate::cel::{AccountField, Value};
use crate::habits::Span;
use crate::money::Amount;

impl<'a> CaseScope<'_, '_, 'a> {
    /// A field of the account that its habits tell. Without a customer nothing was bought, and nothing is usual.
    pub(super) fn habit(&self, field: AccountField) -> Option<Value<'a>> {
        let today = self.local_now().date();
        let habits = self.facts.case.customer.map(|customer| &customer.habits);
        let within = |back, days| habits.map_or_else(Span::default, |habits| habits.within(today, (back, days)));
        // What was paid in another currency cannot be compared with the program's amounts.
        let currency = self.facts.case.receipt.currency.code();
        let is_own = habits.is_some_and(|habits| habits.currency.as_deref() == Some(currency));
        let spent = |span: Span| self.facts.money(Amount::from_minor(if is_own { span.spent_minor } else { 0 }));
        Some(match field {
            AccountField::DaysSinceVisit => Value::Int(habits?.days_since(today)?),
            AccountField::UsualGapDays => Value::Int(habits?.usual_gap_days()?),
            AccountField::Visits30Days => Value::Int(within(0, 30).receipts),
            AccountField::Visits90Days => Value::Int(within(0, 90).receipts),
            AccountField::Visits90DaysBefore => Value::Int(within(90, 90).receipts),
            AccountField::Spent30Days => spent(within(0, 30)),
            AccountField::Spent90Days => spent(within(0, 90)),
            AccountField::Spent90DaysBefore => spent(within(90, 90)),
            AccountField::Balance
            | AccountField::Counter
            | AccountField::Uses
            | AccountField::UsesToday
            | AccountField::Visits => return None,
        })
    }
}
