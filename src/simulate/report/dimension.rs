//! What the rows of a table are by: its words, and what of it sums to the total.

/// What rows are by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dimension {
    Campaign,
    Funder,
    Segment,
    Tier,
    Store,
    Month,
}

impl Dimension {
    pub(crate) const ALL: [Self; 6] = [Self::Campaign, Self::Funder, Self::Segment, Self::Tier, Self::Store, Self::Month];

    /// As a heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Campaign => "By campaign",
            Self::Funder => "Who pays",
            Self::Segment => "By segment",
            Self::Tier => "By tier",
            Self::Store => "By store",
            Self::Month => "By month",
        }
    }

    /// As a column of keys.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Funder => "funded by",
            Self::Segment => "segment",
            Self::Tier => "tier",
            Self::Store => "store",
            Self::Month => "month",
        }
    }

    /// As a file, and a sheet.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Campaign => "campaigns",
            Self::Funder => "funding",
            Self::Segment => "segments",
            Self::Tier => "tiers",
            Self::Store => "stores",
            Self::Month => "months",
        }
    }

    /// Whether a receipt counts in one row only, so that receipts and turnover sum to the total too.
    pub(crate) const fn splits_receipts(self) -> bool {
        match self {
            Self::Campaign | Self::Funder | Self::Segment => false,
            Self::Tier | Self::Store | Self::Month => true,
        }
    }

    /// Whether what was given counts in one row only, so that it sums to the total.
    pub(crate) const fn splits_cost(self) -> bool {
        match self {
            Self::Segment => false,
            Self::Campaign | Self::Funder | Self::Tier | Self::Store | Self::Month => true,
        }
    }

    /// How the row below all others is called: the same figures in every table.
    pub(crate) const fn total_key(self) -> &'static str {
        if self.splits_cost() { "total" } else { "all receipts" }
    }

    /// Whether a row's receipts are those that something was done on, and not all that were sold.
    pub(crate) const fn counts_touched(self) -> bool {
        match self {
            Self::Campaign | Self::Funder => true,
            Self::Segment | Self::Tier | Self::Store | Self::Month => false,
        }
    }
}
