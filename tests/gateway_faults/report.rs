//! What the tills wrote down, scenario by scenario.

use std::time::Duration;

use super::heartbeat::Heartbeat;
use super::tills::{Told, Who};

/// Prints the slowest answers, and gives those that were late although this machine did not stand still.
pub(super) fn print(names: &[String], told: &[Told], heartbeat: &Heartbeat, budget: Duration) -> Vec<String> {
    let mut late = Vec::new();
    println!(
        "{:<44}{:>8}{:>8}{:>8}{:>8}{:>8}{:>11}{:>11}",
        "scenario", "answers", "engine", "gateway", "spool", "till", "slowest ms", "with slips"
    );
    for (number, name) in names.iter().enumerate() {
        let here: Vec<&Told> = told.iter().filter(|told| told.scenario == number).collect();
        let by = |who: Who| here.iter().filter(|told| told.who == who).count();
        let (slipped, clean): (Vec<&Told>, Vec<&Told>) = here.iter().partition(|told| heartbeat.slipped(told.began, told.ended));
        let slowest = |told: &[&Told]| told.iter().map(|told| told.ended - told.began).max().unwrap_or_default();
        let (clean, slipped) = (slowest(&clean), slowest(&slipped));
        println!(
            "{name:<44}{:>8}{:>8}{:>8}{:>8}{:>8}{:>11}{:>11}",
            here.len(),
            by(Who::Engine),
            by(Who::Gateway),
            by(Who::Spool),
            by(Who::Till),
            clean.as_millis(),
            slipped.as_millis()
        );
        if clean > budget {
            late.push(format!("{name}: {} ms", clean.as_millis()));
        }
    }
    println!("{} answers; this machine itself stood still {} times", told.len(), heartbeat.count());
    late
}
