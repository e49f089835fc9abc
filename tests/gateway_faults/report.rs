//! What the tills wrote down, scenario by scenario.

use std::time::Duration;

use super::heartbeat::Heartbeat;
use super::tills::{Told, Who};

/// Prints the slowest answers, and gives those that were late beyond the time in which this machine stood still.
pub(super) fn print(names: &[String], told: &[Told], heartbeat: &Heartbeat, budget: Duration) -> Vec<String> {
    let mut late = Vec::new();
    println!(
        "{:<44}{:>8}{:>8}{:>8}{:>10}{:>8}{:>8}{:>11}{:>11}",
        "scenario", "answers", "engine", "pack", "unchanged", "spool", "till", "slowest ms", "less slips"
    );
    for (number, name) in names.iter().enumerate() {
        let here: Vec<&Told> = told.iter().filter(|told| told.scenario == number).collect();
        let by = |who: Who| here.iter().filter(|told| told.who == who).count();
        let took = |told: &Told| told.ended - told.began;
        let excused = |told: &Told| took(told).saturating_sub(heartbeat.slipped(told.began, told.ended));
        let slowest = here.iter().map(|told| took(told)).max().unwrap_or_default();
        let without_slips = here.iter().map(|told| excused(told)).max().unwrap_or_default();
        println!(
            "{name:<44}{:>8}{:>8}{:>8}{:>10}{:>8}{:>8}{:>11}{:>11}",
            here.len(),
            by(Who::Engine),
            by(Who::Pack),
            by(Who::Gateway),
            by(Who::Spool),
            by(Who::Till),
            slowest.as_millis(),
            without_slips.as_millis()
        );
        if without_slips > budget {
            late.push(format!("{name}: {} ms", without_slips.as_millis()));
        }
    }
    println!("{} answers; this machine itself stood still {} times", told.len(), heartbeat.count());
    late
}
