//! Running cases: quote, then settle, return and quote again as the case says, comparing after each.

mod goods;
mod world;

use tessera_rules::decision::Decision;
use tessera_rules::diagnostic::Diagnostics;
use tessera_rules::revision::Source;

use crate::compare::{Comparison, below};
use crate::item::Item;
use crate::marks::Marks;
use crate::prepare::{Bench, Benches, Binder, Opening, asked, opening};
use crate::read::{CaseFile, Files};
use crate::report::Report;
use crate::shown::Words;
use world::{Command, World};

/// A case that can be run.
#[derive(Debug)]
struct Ready {
    bench: Bench,
    opening: Option<Opening>,
    commands: Vec<Command>,
}

/// What came of one case, and what was decided on its receipts, one after another.
pub(crate) type Ran = (Report, Vec<Decision>);

/// Runs all cases of a file; none where one of them has a mistake.
pub(crate) fn all(file: &CaseFile, files: &mut dyn Files, program: Option<&[Source]>) -> Result<Vec<Ran>, Diagnostics> {
    let mut marks = Marks::new(&file.name, &file.text);
    let mut benches = Benches::new(file, files, program);
    let cases = file.root.items("cases");
    let ready: Vec<Option<Ready>> = cases.iter().map(|case| prepare(file, case, &mut benches, &mut marks)).collect();
    let ready = marks.finish(ready)?;
    Ok(cases.iter().zip(ready).filter_map(|(case, ready)| Some(run(file, case, ready?))).collect())
}

/// Binds everything before anything is run, so that all mistakes are told at once.
fn prepare(file: &CaseFile, case: &Item, benches: &mut Benches<'_>, marks: &mut Marks<'_>) -> Option<Ready> {
    let bench = benches.of(case, marks)?;
    let mut binder = Binder { bench: &bench, marks };
    let mut commands = vec![Command::Quote(Box::new(asked(&mut binder, 1, case, (&file.root, case))?))];
    let mut quotes = 1_usize;
    for step in case.items("then") {
        if step.text_of("do") == Some("quote") {
            quotes = quotes.saturating_add(1);
        }
        commands.extend(command(&mut binder, quotes, case, (&file.root, step)));
    }
    let first = commands.first().and_then(Command::asked);
    let account = case.get("account").or_else(|| file.root.get("account"));
    let opening = match (account, first) {
        (Some(account), Some(asked)) => Some(opening(&mut binder, account, asked.at, asked.receipt.business_date)?),
        _ => None,
    };
    Some(Ready { bench, opening, commands })
}

fn command(binder: &mut Binder<'_, '_, '_>, quotes: usize, case: &Item, (file, step): (&Item, &Item)) -> Option<Command> {
    match step.text_of("do")? {
        "quote" => {
            if step.get("receipt").is_none() {
                binder.error(step.at, "a quote needs `receipt`", Some("add a line `receipt: …`"));
            }
            asked(binder, quotes, case, (file, step)).map(Box::new).map(Command::Quote)
        }
        "settle" => Some(Command::Settle { at: step.get("at").and_then(|at| binder.sold_at(Some(at))) }),
        _ => goods::goods(binder, step).map(Command::Return),
    }
}

fn run(file: &CaseFile, case: &Item, ready: Ready) -> Ran {
    let zone = ready.bench.zone.clone();
    let mut found = Comparison::new(&zone);
    let mut world = World::new(&ready.bench, ready.opening);
    let mut decisions = Vec::new();
    let steps = std::iter::once(case).chain(case.items("then"));
    for ((place, step), command) in steps.enumerate().zip(&ready.commands) {
        let field = if place == 0 { String::new() } else { format!("then {place}") };
        match world.carry_out(command, &mut found) {
            Ok(()) => check(&world, &field, step, &mut found),
            Err(problem) => found.differ(below(&field, "do"), "it can be done", problem),
        }
        decisions.extend(command.asked().and(world.decision()).cloned());
    }
    let report = Report {
        file: file.name.clone(),
        line: case.at.line,
        name: case.text_of("name").unwrap_or_default().to_owned(),
        why: case.text_of("why").map(str::to_owned),
        differences: found.differences,
    };
    (report, decisions)
}

/// Compares what a step states of the decision and of the ledger.
fn check(world: &World<'_>, field: &str, step: &Item, found: &mut Comparison<'_>) {
    let words = Words::new(world.bench);
    if let (Some(expected), Some(decision)) = (step.get("expect"), world.decision()) {
        found.compare(field, expected, &crate::compare::Got::Record(words.decision(decision)));
    }
    if let Some(expected) = step.get("after") {
        found.compare(field, expected, &crate::compare::Got::Record(world.after(words)));
    }
}
