//! Which ids a customer can decline: what the programs could give under such an id, whether or not this receipt
//! gets it.

use crate::campaign::{COST_PREFIX, REDEEM_PREFIX};
use crate::cashier::needed_by;
use crate::id::{AssetId, CampaignId};
use crate::revision::Revision;

impl Revision {
    /// Whether an id names something that campaigns of this revision could give and a customer could decline: units
    /// added to one of `lines` lines, a gift line, one of several products, a redemption.
    ///
    /// What the receipt does not get now counts too: it was declined before, and goods were taken out since.
    #[must_use]
    pub fn can_decline(&self, id: &str, lines: usize) -> bool {
        if let Some(campaign) = id.strip_prefix(COST_PREFIX) {
            let known = CampaignId::parse(campaign).ok().and_then(|campaign| self.campaign(&campaign));
            return known.is_some_and(|campaign| campaign.cost.is_some());
        }
        if let Some(asset) = id.strip_prefix(REDEEM_PREFIX) {
            return AssetId::parse(asset).is_ok_and(|asset| self.asset(&asset).is_some());
        }
        if let Some((task, campaign)) = needed_by(id) {
            let known = self.campaign(&campaign);
            return known.is_some_and(|campaign| campaign.cashier.iter().any(|duty| duty.task == task));
        }
        let Some((before, number)) = id.rsplit_once('.') else { return false };
        // Other spellings of a number are not the id.
        let Some(number) = number.parse().ok().filter(|parsed: &usize| parsed.to_string() == number) else { return false };
        match before.strip_prefix('+') {
            // A gift's line is the first; the others are units of marked goods, by the place of their line.
            Some(place) => {
                (1..=lines.saturating_add(1)).contains(&number)
                    && place.parse().is_ok_and(|place: usize| place < self.campaigns().len())
            }
            None => number <= lines && CampaignId::parse(before).is_ok_and(|campaign| self.campaign(&campaign).is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::Source;
    use jiff::Timestamp;

    #[test]
    fn an_id_that_no_campaign_could_have_given_cannot_be_declined() {
        let text = "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\n\
                    assets:\n  - {id: points, kind: points, scale: 0, worth_minor: 1}\n\
                    campaigns:\n  - {id: packs, name: Packs, percent_off: 1}\n  - {id: z, name: Z, percent_off: 1, costs: {units: 5}}\n  - {id: a.b, name: Dotted, percent_off: 1}\n  - {id: checked, name: C, percent_off: 1, cashier: {do: check_document, text: Card?}}\n";
        let sources = [Source { name: "club.yaml".to_owned(), text: text.to_owned() }];
        let revision = Revision::compile(1, Timestamp::UNIX_EPOCH, &sources).unwrap().revision;
        let table = [
            ("packs.0", true),
            ("packs.2", true),
            ("packs.3", false),
            ("packs.02", false),
            ("packs.-1", false),
            ("packs", false),
            ("other.1", false),
            ("a.b.1", true),
            ("a.1", false),
            ("+0.1", true),
            ("+1.1", true),
            ("+9.1", false),
            ("cost:z", true),
            ("cost:packs", false),
            ("+0.2", true),
            ("+0.3", true),
            ("+0.4", false),
            ("+0.0", false),
            ("check:checked", true),
            ("collect:checked", false),
            ("check:packs", false),
            ("show:checked", false),
            ("redeem:points", true),
            ("redeem:gold", false),
            ("nonsense", false),
            ("", false),
            (".", false),
        ];
        for (id, expected) in table {
            assert_eq!(revision.can_decline(id, 2), expected, "{id}");
        }
    }
}
