//! What a settle's token says, and under whose rules it is settled.

use jiff::Timestamp;
use tessera_contract::token::TokenBody;
use tessera_rules::id::AccountId;
use tessera_rules::receipt::Receipt;

use super::by_pack::ByPack;
use crate::programs::Rules;

/// Whose word a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Issuer {
    /// An engine's: the till had its whole answer.
    Engine,
    /// A gateway's: the till told the customer that more follows.
    Gateway,
}

/// What the token says.
#[derive(Debug)]
pub(crate) enum Promised {
    /// There is none: evaluate as paid, under the rules of the time of sale.
    Nothing {
        /// Whose token came and was no good; none: no token came.
        rejected: Option<Issuer>,
        /// The rules of the time of sale.
        rules: Rules,
    },
    /// A gateway decided from its rule pack; what the rules of the time of sale give beyond that follows.
    Pack {
        /// What it promised.
        by: Box<ByPack>,
        /// The rules of the time of sale.
        rules: Rules,
    },
    /// A token, opened.
    Token {
        /// What it holds.
        body: Box<TokenBody>,
        /// Its rules.
        rules: Rules,
    },
}

impl Promised {
    /// The time under which campaigns are evaluated.
    pub(super) fn at(&self, receipt: &Receipt) -> Timestamp {
        match self {
            Self::Nothing { .. } | Self::Pack { .. } => receipt.sold_at,
            Self::Token { body, .. } => body.head.quoted_at,
        }
    }

    /// The account that was promised something.
    pub(crate) fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Nothing { .. } | Self::Pack { .. } => None,
            Self::Token { body, .. } => body.head.account.as_ref(),
        }
    }

    /// The rules under which it is settled.
    pub(crate) fn rules(&self) -> &Rules {
        match self {
            Self::Nothing { rules, .. } | Self::Pack { rules, .. } | Self::Token { rules, .. } => rules,
        }
    }
}
