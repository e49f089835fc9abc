//! Tiers, segments, zones and facts of a program file.

use compact_str::CompactString;

use super::Checker;
use super::keys::program::{ASK_KEYS, FACT, SEGMENT, SEGMENT_FACT, TIER, ZONE};
use super::program::Scope;
use super::read::Fields;
use crate::cel::Subject;
use crate::id::{ChannelId, EventId, FactId, SegmentId, StoreId, TierId};
use crate::limits::{DAYS_MAX, TIER_MULTIPLIER_MAX};
use crate::program::{AnswerForm, Ask, Condition, Confirm, FactRule, Segment, Tier, Zone};
use crate::ratio::Ratio;
use crate::text::Text;
use crate::tree::{Kind, Node};

/// How an answer is confirmed.
pub(super) const CONFIRM: [(&str, Option<Confirm>); 4] = [
    ("false", None),
    ("true", Some(Confirm::ByPeople)),
    ("phone", Some(Confirm::CodeToPhone)),
    ("email", Some(Confirm::CodeToEmail)),
];
/// What answers look like that are no texts: whether they are numbers.
pub(super) const FORMS: [(&str, bool); 2] = [("yes_no", false), ("number", true)];
/// The greatest number that an answer can be.
pub(super) const ANSWER_MAX: i64 = 1_000_000_000;
/// When a fact is asked for; the last with an amount.
pub(super) const ASK: [(&str, u8); 3] = [("enrolment", 0), ("always", 1), ("reward_worth_at_least", 2)];

impl Checker<'_> {
    pub(super) fn tier(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &TIER) else { return };
        let multiplier = fields
            .get("multiplier")
            .and_then(|node| self.factor(node, "a multiplier", TIER_MULTIPLIER_MAX))
            .unwrap_or(Ratio::ONE);
        let name = fields.get("name").and_then(|node| self.text(node, &scope.program.language_default));
        let Some(node) = fields.get("id") else { return };
        let Some(id) = self.id(node, TierId::parse) else { return };
        self.define_in("tier", scope, id.as_str(), node);
        let name = name.unwrap_or_else(|| Text::plain(id.as_str()));
        scope.program.tiers.push(Tier { id, name, multiplier, reached: None });
    }

    pub(super) fn segment(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &SEGMENT) else { return };
        let condition = self.condition(&fields, scope);
        let Some(node) = fields.get("id") else { return };
        let Some(id) = self.id(node, SegmentId::parse) else { return };
        self.define_in("segment", scope, id.as_str(), node);
        // A segment with a wrong condition still has a name, so that its campaigns are not reported for it.
        let condition = condition.unwrap_or(Condition::Tier(Vec::new()));
        scope.program.segments.push(Segment { id, condition });
    }

    fn condition(&mut self, fields: &Fields<'_>, scope: &Scope) -> Option<Condition> {
        let only = self.only(fields)?;
        match only.key.as_str() {
            "condition" => self.free_condition(&only.value, Subject::Customer, scope).map(Condition::Free),
            "list" => self.id(&only.value, SegmentId::parse).map(Condition::List),
            "tier" => {
                let tiers = self.tiers(&only.value, scope);
                if tiers.is_empty() {
                    self.error_with_help(only.at, "no one can be in this segment: it names no tier", "name at least one");
                }
                Some(Condition::Tier(tiers))
            }
            _ => {
                let fields = self.fields(&only.value, &SEGMENT_FACT)?;
                let known = scope.facts.iter().map(|fact| fact.id.as_str());
                let fact = fields
                    .get("id")
                    .and_then(|node| self.reference(node, "fact", known))
                    .and_then(|id| FactId::parse(id).ok())?;
                let values = fields.get("values").map_or_else(Vec::new, |node| self.words(node));
                Some(Condition::Fact { fact, values })
            }
        }
    }

    pub(super) fn tiers(&mut self, node: &Node, scope: &Scope) -> Vec<TierId> {
        let known = scope.program.tiers.iter().map(|tier| tier.id.as_str());
        let nodes = self.list(node);
        nodes
            .into_iter()
            .filter_map(|node| self.reference(node, "tier", known.clone()).and_then(|id| TierId::parse(id).ok()))
            .collect()
    }

    pub(super) fn zone(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &ZONE) else { return };
        let stores = fields.get("stores").map_or_else(Vec::new, |node| self.stores(node));
        let Some(node) = fields.get("id") else { return };
        let Some(id) = self.word(node).map(CompactString::from) else { return };
        self.define_in("zone", scope, &id, node);
        let language = fields.get("language").and_then(|node| self.language(node)).map(CompactString::from);
        if let Some(language) = &language {
            self.spoken(&fields, (&stores, language), scope);
        }
        scope.program.zones.push(Zone { id, stores, language });
    }

    /// In no store is a language spoken and, by another zone, another one.
    fn spoken(&mut self, fields: &Fields<'_>, (stores, language): (&[StoreId], &str), scope: &Scope) {
        let others = scope.program.zones.iter().filter_map(|zone| Some((zone, zone.language.as_deref()?)));
        for (zone, other) in others.filter(|(_, other)| *other != language) {
            if let Some(store) = stores.iter().find(|store| zone.stores.contains(store)) {
                let text =
                    format!("cashiers of `{store}` speak `{other}` by the zone `{}` and `{language}` by this one", zone.id);
                self.error_with_help(fields.place_of("language"), text, "leave one out, or take the store out of one");
            }
        }
    }

    /// A way to sell; that of the till need not be named.
    pub(super) fn channel(&mut self, node: &Node, scope: &mut Scope) {
        let Some(id) = self.id(node, ChannelId::parse) else { return };
        self.define_in("channel", scope, id.as_str(), node);
        scope.program.channels.push(id);
    }

    /// Something that can happen to a customer; that they enrol need not be named.
    pub(super) fn event(&mut self, node: &Node, scope: &mut Scope) {
        let Some(id) = self.id(node, EventId::parse) else { return };
        self.define_in("event", scope, id.as_str(), node);
        if id == EventId::enrolment() {
            self.error_with_help(node.at, "`enrolment` is there without being named", "remove it from `events`");
        }
        scope.program.events.push(id);
    }

    /// The channels that a campaign is for, sorted.
    pub(super) fn channels(&mut self, node: &Node, scope: &Scope) -> Vec<ChannelId> {
        let till = ChannelId::till();
        let known = scope.program.channels.iter().chain([&till]).map(ChannelId::as_str);
        let nodes = self.list(node);
        if nodes.is_empty() {
            self.error_with_help(node.at, "`channels` lists nothing", "list at least one, or leave it out");
        }
        let named = nodes.into_iter().filter_map(|node| self.reference(node, "channel", known.clone()));
        let mut channels: Vec<ChannelId> = named.filter_map(|id| ChannelId::parse(id).ok()).collect();
        channels.sort();
        channels.dedup();
        channels
    }

    pub(super) fn stores(&mut self, node: &Node) -> Vec<StoreId> {
        let nodes = self.list(node);
        nodes.into_iter().filter_map(|node| self.id(node, StoreId::parse)).collect()
    }

    pub(super) fn fact(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &FACT) else { return };
        let days = fields.get("valid_for_days").and_then(|node| self.integer(node, 1..=DAYS_MAX));
        let valid_for_days = days.and_then(|days| u32::try_from(days).ok());
        let ask = fields.get("ask").and_then(|node| self.ask(node, scope)).unwrap_or(Ask::Always);
        let confirm = fields.get("confirm").and_then(|node| self.confirm(node));
        let text = fields.get("text").and_then(|node| self.shown(node, scope, None));
        let Some(node) = fields.get("id") else { return };
        let Some(id) = self.id(node, FactId::parse) else { return };
        self.define("fact", id.as_str(), node.at);
        let text = text.unwrap_or_else(|| Text::plain(id.as_str()));
        let program = scope.program.id.clone();
        let values = fields.get("values").map_or_else(Vec::new, |node| self.words(node));
        if let Some(node) = fields.get("confirm").filter(|_| !values.is_empty() && confirm.is_some_and(Confirm::is_by_code)) {
            self.error_with_help(
                node.at,
                "a code cannot be sent to one of `values`",
                "leave `values` out, or write `confirm: true`",
            );
        }
        let form = self.answer_form(&fields);
        if form != AnswerForm::Text && (confirm.is_some_and(Confirm::is_by_code) || !values.is_empty()) {
            let help = "leave `answer` out, or `values` and `confirm: phone` or `email`";
            self.error_with_help(fields.place_of("answer"), "this contradicts what else is said of the answer", help);
        }
        let values = if form == AnswerForm::YesNo { AnswerForm::YES_NO.map(CompactString::from).to_vec() } else { values };
        scope.facts.push(FactRule {
            id,
            program,
            valid_for_days,
            ask,
            confirm,
            text,
            options: if form == AnswerForm::YesNo { Vec::new() } else { values.clone() },
            form,
            values,
            segments: Vec::new(),
            lapses_for: Vec::new(),
            birthday: false,
        });
    }

    /// What an answer looks like, and between what a number lies.
    fn answer_form(&mut self, fields: &Fields<'_>) -> AnswerForm {
        let is_number = fields.get("answer").and_then(|node| self.choice(node, &FORMS));
        let mut bound = |key: &str| fields.get(key).and_then(|node| self.integer(node, 0..=ANSWER_MAX));
        let (least, most) = (bound("at_least"), bound("at_most"));
        if is_number != Some(true) {
            for key in ["at_least", "at_most"].into_iter().filter(|key| fields.has(key)) {
                self.error_with_help(fields.place_of(key), format!("`{key}` says nothing here"), "add a line `answer: number`");
            }
            return if is_number.is_some() { AnswerForm::YesNo } else { AnswerForm::Text };
        }
        let (least, most) = (least.unwrap_or(0), most.unwrap_or(ANSWER_MAX));
        if most < least {
            self.error_with_help(fields.place_of("at_most"), "no number is between these", "change them");
        }
        AnswerForm::Number { least, most }
    }

    /// Who has the facts, once the segments are known, which may ask for facts themselves.
    pub(super) fn fact_segments(&mut self, fields: &Fields<'_>, scope: &mut Scope) {
        let nodes = fields.get("facts").map_or_else(Vec::new, |node| self.list(node));
        for node in nodes {
            // What is no fact was reported when it was read.
            let Kind::Map(entries) = &node.kind else { continue };
            let value = |key: &str| entries.iter().find(|entry| entry.key.as_str() == key).map(|entry| &entry.value);
            let is_it = |node: &Node, id: &str| matches!(&node.kind, Kind::Scalar { text, .. } if text == id);
            let named = |fact: &FactRule| value("id").is_some_and(|node| is_it(node, fact.id.as_str()));
            let Some(place) = scope.facts.iter().position(named) else { continue };
            let segments = value("segments").map_or_else(Vec::new, |node| self.segments_named(node, scope));
            let lapses_for = value("lapses_for").map_or_else(Vec::new, |node| self.segments_named(node, scope));
            self.check_fact_segments(value("segments"), &segments, place, scope);
            let Some(fact) = scope.facts.get_mut(place) else { continue };
            if let Some(node) = value("lapses_for").filter(|_| fact.valid_for_days.is_none()) {
                self.error_with_help(node.at, "answers to it never lapse, for nobody", "add a line `valid_for_days: 365`");
            }
            (fact.segments, fact.lapses_for) = (segments, lapses_for);
        }
    }

    /// Nobody can be asked who is only found by the answer.
    fn check_fact_segments(&mut self, node: Option<&Node>, segments: &[usize], place: usize, scope: &Scope) {
        let (Some(node), Some(fact)) = (node, scope.facts.get(place)) else { return };
        let needs_answer = |segment: &usize| {
            let segment = scope.program.segments.get(*segment);
            matches!(segment.map(|segment| &segment.condition), Some(Condition::Fact { fact: asked, .. }) if *asked == fact.id)
        };
        if !segments.is_empty() && segments.iter().all(needs_answer) {
            let message = format!("`{}` is asked only of those who have answered it: nobody ever is", fact.id);
            self.error_with_help(node.at, message, "name a segment that says otherwise who has it");
        }
    }

    fn confirm(&mut self, node: &Node) -> Option<Confirm> {
        self.choice(node, &CONFIRM).flatten()
    }

    fn ask(&mut self, node: &Node, scope: &Scope) -> Option<Ask> {
        let fields = self.fields(node, &ASK_KEYS)?;
        let when = fields.get("when")?;
        let amount = fields.get("amount").and_then(|node| self.money(node, scope.program.currency));
        match self.choice(when, &ASK)? {
            0 => Some(Ask::Enrolment),
            1 => Some(Ask::Always),
            _ => {
                if fields.get("amount").is_none() {
                    self.error_with_help(when.at, "`reward_worth_at_least` needs an amount", "add a line `amount: 5.00`");
                }
                amount.map(Ask::RewardWorthAtLeast)
            }
        }
    }

    /// Ids that are unique in their program only.
    fn define_in(&mut self, what: &'static str, scope: &Scope, id: &str, node: &Node) {
        let known = match what {
            "tier" => scope.program.tiers.iter().any(|tier| tier.id.as_str() == id),
            "segment" => scope.program.segments.iter().any(|segment| segment.id.as_str() == id),
            "event" => scope.program.events.iter().any(|event| event.as_str() == id),
            "channel" => scope.program.channels.iter().any(|channel| channel.as_str() == id),
            _ => scope.program.zones.iter().any(|zone| zone.id == id),
        };
        if known {
            self.error_with_help(
                node.at,
                format!("the {what} `{id}` is defined already in this file"),
                format!("give each {what} an id of its own"),
            );
        }
    }
}
