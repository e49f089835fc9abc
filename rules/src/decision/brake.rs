//! What a program holds rewards back by.

use serde::{Deserialize, Serialize};

/// Which brake of a program took hold. None of them refuses a sale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Brake {
    /// Too many receipts with one card: at all, at one cashier or at one till.
    Velocity,
    /// The card of the cashier who sells.
    OwnTill,
    /// More units of an asset than one receipt gives without somebody looking at it.
    UnitsAbove,
}
