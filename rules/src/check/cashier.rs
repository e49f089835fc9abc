//! What cashiers are told: duties of campaigns, and series of things that they hand out.

use super::Checker;
use super::keys::campaign::DUTY;
use super::keys::program::SERIES;
use super::program::Scope;
use super::read::Fields;
use crate::campaign::Campaign;
use crate::cashier::{DUTIES_MAX, Duty, TASKS};
use crate::id::SeriesId;
use crate::mechanic::{Act, Mechanic};
use crate::program::Series;
use crate::tree::Node;

impl Checker<'_> {
    /// What the cashier must do where a campaign acts.
    pub(super) fn duties(&mut self, node: &Node, scope: &Scope) -> Vec<Duty> {
        let mut duties: Vec<Duty> = Vec::with_capacity(DUTIES_MAX);
        for item in self.list(node) {
            let Some(fields) = self.fields(item, &DUTY) else { continue };
            let task = fields.get("do").and_then(|node| self.choice(node, &TASKS));
            let text = fields.get("text").and_then(|node| self.shown(node, scope, None));
            let (Some(task), Some(text)) = (task, text) else { continue };
            if duties.iter().any(|known| known.task == task) {
                self.error_with_help(fields.place_of("do"), "this stands twice for one campaign", "say both in one text");
                continue;
            }
            duties.push(Duty { task, text });
        }
        duties
    }

    /// An offer has a text of its own, and nothing of it is given at the till.
    pub(super) fn duties_fit(&mut self, fields: &Fields<'_>, campaign: &Campaign) {
        if campaign.mechanic.act() == Act::Offers && fields.has("cashier") {
            let help = "say it in the offer's `text`";
            self.error_with_help(fields.place_of("cashier"), "an offer gives nothing for which something must be done", help);
        }
        let counts_only = matches!(&campaign.mechanic, Mechanic::Count(counting) if counting.give.is_none());
        if counts_only && fields.has("cashier") {
            let help = "let the campaign that looks at the counter say it";
            self.error_with_help(fields.place_of("cashier"), "this counts and gives nothing, so nothing is to be done", help);
        }
    }

    /// A series of things with serial numbers.
    pub(super) fn series(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &SERIES) else { return };
        let name = fields.get("name").and_then(|node| self.text(node, &scope.program.language_default));
        let Some(node) = fields.get("id") else { return };
        let Some(id) = self.id(node, SeriesId::parse) else { return };
        self.define("series", id.as_str(), node.at);
        if let Some(name) = name {
            scope.program.series.push(Series { id, name });
        }
    }

    /// The series that a prize is handed out from.
    pub(super) fn series_named(&mut self, node: &Node, scope: &Scope) -> Option<SeriesId> {
        let known = scope.program.series.iter().map(|series| series.id.as_str());
        let id = self.reference(node, "series", known)?;
        SeriesId::parse(id).ok()
    }
}
