//! The top level of a program file.

use compact_str::CompactString;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::free::Environments;
use super::keys::program::{CODE, PROGRAM};
use super::read::{Fields, is_language};
use super::{Checked, Checker, Site};
use crate::asset::Asset;
use crate::brakes::Brakes;
use crate::campaign::Code;
use crate::id::{FactId, ProgramId};
use crate::limits::{CLAIM_HOURS_MAX, COLUMNS_MAX, COLUMNS_MIN, DIAGNOSTICS_MAX, TEXT_CHARACTERS_MAX};
use crate::money::Currency;
use crate::program::{Confirm, FactRule, Program};
use crate::revision::LANGUAGE;
use crate::tree::Node;

/// What the campaigns of one file may name.
pub(super) struct Scope {
    pub(super) program: Program,
    pub(super) assets: Vec<Asset>,
    pub(super) facts: Vec<FactRule>,
    pub(super) codes: Vec<Code>,
    /// Characters on a line of the tills.
    pub(super) columns: Option<usize>,
    /// What conditions may speak of.
    pub(super) environments: Environments,
}

impl Checker<'_> {
    /// Checks a whole file. Without a usable head (id, name, currency) the rest has nothing to stand on.
    pub(super) fn program(&mut self, root: &Node, checked: &mut Checked) {
        let Some(fields) = self.fields(root, &PROGRAM) else { return };
        if let Some(node) = fields.get("language") {
            self.integer(node, 1..=i64::from(LANGUAGE));
        }
        let Some(program) = self.head(&fields) else { return };
        let columns = fields.get("columns").and_then(|node| self.integer(node, COLUMNS_MIN..=COLUMNS_MAX));
        let columns = columns.and_then(|columns| usize::try_from(columns).ok());
        let environments = Environments::before(fields.get("campaigns"));
        let mut scope = Scope { program, assets: Vec::new(), facts: Vec::new(), codes: Vec::new(), columns, environments };
        self.parts(&fields, &mut scope);
        if let Some(node) = fields.get("campaigns") {
            let first = checked.campaigns.len();
            let mut sites: Vec<Site> = Vec::new();
            for item in self.list(node) {
                // More than can be shown need not be looked for.
                if self.errors >= DIAGNOSTICS_MAX {
                    break;
                }
                if let Some(campaign) = self.campaign(item, &scope) {
                    sites.push(Site::of(item));
                    checked.campaigns.push(campaign);
                }
            }
            if let Some(own) = checked.campaigns.get_mut(first..) {
                Self::in_units_of_counters(own, &scope);
            }
            if let (Some(own), Some(node)) = (checked.campaigns.get_mut(first..), fields.get("limits")) {
                self.common_limits(node, own, &mut scope);
            }
            let own = checked.campaigns.get(first..).unwrap_or(&[]);
            self.resolve_later(own);
            if let Some(tiers) = fields.get("tiers") {
                self.reached_tiers(tiers, own, &mut scope);
            }
            self.overlaps(own, &sites, &scope);
            self.worth_of_multiplied(own, &sites, &scope);
        }
        checked.programs.push(scope.program);
        checked.assets.append(&mut scope.assets);
        checked.facts.append(&mut scope.facts);
    }

    fn head(&mut self, fields: &Fields<'_>) -> Option<Program> {
        let id = fields.get("program").and_then(|node| {
            let id = self.id(node, ProgramId::parse)?;
            self.define("program", id.as_str(), node.at);
            Some(id)
        });
        let currency = fields.get("currency").and_then(|node| self.currency(node));
        let time_zone = fields.get("time_zone").map_or(Some(TimeZone::UTC), |node| self.time_zone(node));
        let language = fields.get("default_language").map_or(Some("en"), |node| self.language(node)).unwrap_or("en");
        let name = fields.get("name").and_then(|node| self.text(node, language));
        let four_eyes = fields.get("four_eyes").and_then(|node| self.boolean(node)).unwrap_or(false);
        let hours = fields.get("claim_within_hours").and_then(|node| self.integer(node, 1..=CLAIM_HOURS_MAX));
        let claim_within_hours = hours.and_then(|hours| u32::try_from(hours).ok());
        Some(Program {
            id: id?,
            name: name?,
            currency: currency?,
            // A wrong time zone is reported; times are checked in this one meanwhile.
            time_zone: time_zone.unwrap_or(TimeZone::UTC),
            language_default: CompactString::from(language),
            four_eyes,
            claim_within_hours,
            enrolment_code: None,
            brakes: Brakes::default(),
            tiers: Vec::new(),
            conventions: fields.get("conventions").map(|node| self.conventions(node)).unwrap_or_default(),
            languages: fields.get("languages").map_or_else(Vec::new, |node| self.languages(node, language)),
            groups: Vec::new(),
            segments: Vec::new(),
            zones: Vec::new(),
            channels: Vec::new(),
            events: Vec::new(),
            series: Vec::new(),
            limits: Vec::new(),
        })
    }

    fn parts(&mut self, fields: &Fields<'_>, scope: &mut Scope) {
        // In this order, since each may name those before it.
        self.each(fields, "stacking", scope, Self::stacking);
        self.each(fields, "facts", scope, Self::fact);
        scope.program.enrolment_code = fields.get("enrolment_code").and_then(|node| self.enrolment_code(node, scope));
        self.each(fields, "assets", scope, Self::asset);
        if let Some(node) = fields.get("brakes") {
            scope.program.brakes = self.brakes(node, scope);
        }
        self.each(fields, "tiers", scope, Self::tier);
        self.each(fields, "segments", scope, Self::segment);
        self.fact_segments(fields, scope);
        self.each(fields, "zones", scope, Self::zone);
        self.each(fields, "channels", scope, Self::channel);
        self.each(fields, "events", scope, Self::event);
        self.each(fields, "codes", scope, Self::code);
        self.each(fields, "series", scope, Self::series);
    }

    fn enrolment_code(&mut self, node: &Node, scope: &Scope) -> Option<FactId> {
        let id = self.reference(node, "fact", scope.facts.iter().map(|fact| fact.id.as_str()))?;
        let rule = scope.facts.iter().find(|fact| fact.id.as_str() == id)?;
        if rule.confirm != Some(Confirm::CodeToPhone) {
            let help = format!("add `confirm: phone` to the fact `{id}`");
            self.error_with_help(node.at, "the code goes to the phone of the enrolment, and this fact is none", &help);
            return None;
        }
        Some(rule.id.clone())
    }

    fn each(&mut self, fields: &Fields<'_>, key: &str, scope: &mut Scope, check: fn(&mut Self, &Node, &mut Scope)) {
        if let Some(node) = fields.get(key) {
            for item in self.list(node) {
                check(self, item, scope);
            }
        }
    }

    fn currency(&mut self, node: &Node) -> Option<Currency> {
        let word = self.word(node)?;
        let currency = Currency::from_code(word);
        if currency.is_none() {
            self.error_with_help(node.at, format!("`{word}` is no currency in use"), "write its three letters, such as `EUR`");
        }
        currency
    }

    fn time_zone(&mut self, node: &Node) -> Option<TimeZone> {
        let word = self.word(node)?;
        let zone = TimeZoneDatabase::bundled().get(word).ok();
        if zone.is_none() {
            self.error_with_help(
                node.at,
                format!("`{word}` is no time zone"),
                "write a name of the IANA list, such as `Europe/London`",
            );
        }
        zone
    }

    pub(super) fn language<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let word = self.word(node)?;
        if !is_language(word) {
            self.error_with_help(node.at, format!("`{word}` is no language"), "write a language tag such as `en` or `de-AT`");
            return None;
        }
        Some(word)
    }

    fn languages(&mut self, node: &Node, default: &str) -> Vec<CompactString> {
        let nodes = self.list(node);
        let found = nodes.into_iter().filter_map(|node| self.language(node));
        let languages: Vec<CompactString> = found.map(CompactString::from).collect();
        if !languages.is_empty() && !languages.iter().any(|language| language == default) {
            self.error_with_help(
                node.at,
                format!("the default language `{default}` is not among the languages"),
                format!("add `{default}`, or name another `default_language`"),
            );
        }
        languages
    }

    /// `codes`: what is known of a code beside the campaigns that name it.
    fn code(&mut self, node: &Node, scope: &mut Scope) {
        let Some(fields) = self.fields(node, &CODE) else { return };
        let single_use = fields.get("single_use").and_then(|node| self.boolean(node)).unwrap_or(false);
        let from = fields.get("from").and_then(|node| self.moment(node, &scope.program.time_zone));
        let until = fields.get("until").and_then(|node| self.moment(node, &scope.program.time_zone));
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            self.error_with_help(fields.place_of("until"), "the code is over before it begins", "change the dates");
        }
        let Some(node) = fields.get("code") else { return };
        if let Some(code) = self.code_text(node) {
            self.define("code", &code, node.at);
            scope.codes.push(Code { code, single_use, from, until });
        }
    }

    pub(super) fn code_text(&mut self, node: &Node) -> Option<CompactString> {
        let word = self.word(node)?;
        if word.chars().any(char::is_control) || word.chars().count() > TEXT_CHARACTERS_MAX {
            self.error(node.at, "a code has printable characters only");
            return None;
        }
        Some(CompactString::from(word))
    }
}
