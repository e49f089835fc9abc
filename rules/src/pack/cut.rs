//! Program files with some of their campaigns, and nothing that only the others need.

use std::collections::BTreeSet;

use super::flow;
use crate::campaign::Campaign;
use crate::id::CampaignId;
use crate::program::Program;
use crate::revision::{Revision, Source};
use crate::tree::{self, Field, Kind, Node, TreeError};

/// Parts of a program that campaigns without a customer never look at, or that say what happens to a revision.
const DROPPED: [&str; 7] = ["four_eyes", "claim_within_hours", "columns", "tiers", "facts", "segments", "codes"];
/// Keys of a campaign that say what becomes of it once it is too late, and may name others.
const DROPPED_OF_CAMPAIGNS: [&str; 1] = ["fallback"];

/// The sources with the campaigns chosen.
pub(super) fn sources(revision: &Revision, sources: &[Source], chosen: &[&Campaign]) -> Result<Vec<Source>, TreeError> {
    let kept: BTreeSet<&str> = chosen.iter().map(|campaign| campaign.id.as_str()).collect();
    sources.iter().map(|source| one(revision, source, &kept, chosen)).collect()
}

fn one(revision: &Revision, source: &Source, kept: &BTreeSet<&str>, chosen: &[&Campaign]) -> Result<Source, TreeError> {
    let root = tree::parse(&source.text)?;
    let Kind::Map(mut fields) = root.kind else { return Ok(Source { name: source.name.clone(), text: String::from("{}\n") }) };
    let id = text_of(&fields, "program").unwrap_or_default().to_owned();
    let program = revision.programs().iter().find(|program| program.id.as_str() == id);
    fields.retain(|field| !DROPPED.contains(&field.key.as_str()));
    for field in &mut fields {
        match field.key.as_str() {
            "campaigns" => campaigns(&mut field.value, kept),
            "limits" => limits(&mut field.value, program, kept, chosen),
            _ => {}
        }
    }
    fields.retain(|field| field.key != "limits" || matches!(&field.value.kind, Kind::List(items) if !items.is_empty()));
    Ok(Source { name: source.name.clone(), text: flow::program(&fields) })
}

fn campaigns(node: &mut Node, kept: &BTreeSet<&str>) {
    let mut items = items(node);
    items.retain(|item| id_of(item).is_some_and(|id| kept.contains(id)));
    for item in &mut items {
        if let Kind::Map(fields) = &mut item.kind {
            fields.retain(|field| !DROPPED_OF_CAMPAIGNS.contains(&field.key.as_str()));
        }
    }
    node.kind = Kind::List(items);
}

/// Limits that a campaign of the pack uses up: what is left of them is about the receipt alone.
fn limits(node: &mut Node, program: Option<&Program>, kept: &BTreeSet<&str>, chosen: &[&Campaign]) {
    let place_of = |id: &str| {
        let limits = program.map_or(&[][..], |program| program.limits.as_slice());
        limits.iter().position(|limit| own_id(&limit.name) == id)
    };
    let is_used = |id: &str| {
        let of_program = |campaign: &&&Campaign| program.is_some_and(|program| program.id == campaign.program);
        place_of(id).is_some_and(|place| chosen.iter().filter(of_program).any(|one| one.common_limits.contains(&place)))
    };
    let mut items = items(node);
    items.retain(|item| id_of(item).is_some_and(is_used));
    for item in &mut items {
        let Kind::Map(fields) = &mut item.kind else { continue };
        for field in fields.iter_mut().filter(|field| field.key == "campaigns") {
            let mut named = self::items(&mut field.value);
            named.retain(|one| matches!(&one.kind, Kind::Scalar { text, .. } if kept.contains(text.as_str())));
            field.value.kind = Kind::List(named);
        }
    }
    node.kind = Kind::List(items);
}

/// The id of a limit as its file says it: its name has a prefix.
fn own_id(name: &CampaignId) -> &str {
    name.as_str().split_once(':').map_or(name.as_str(), |(_, id)| id)
}

/// The items of a list; one value alone is a list of one.
fn items(node: &mut Node) -> Vec<Node> {
    match std::mem::replace(&mut node.kind, Kind::List(Vec::new())) {
        Kind::List(items) => items,
        kind @ (Kind::Map(_) | Kind::Scalar { .. }) => vec![Node { kind, at: node.at }],
    }
}

fn id_of(item: &Node) -> Option<&str> {
    match &item.kind {
        Kind::Map(fields) => text_of(fields, "id"),
        Kind::List(_) | Kind::Scalar { .. } => None,
    }
}

fn text_of<'f>(fields: &'f [Field], key: &str) -> Option<&'f str> {
    match &fields.iter().find(|field| field.key == key)?.value.kind {
        Kind::Scalar { text, .. } => Some(text),
        Kind::List(_) | Kind::Map(_) => None,
    }
}
