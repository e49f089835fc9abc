//! From trees to checked programs.

use crate::asset::Asset;
use crate::campaign::Campaign;
use crate::diagnostic::Diagnostic;
use crate::program::{FactRule, Program};
use crate::revision::Source;

/// What the files of a revision define, checked and with every reference resolved.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) programs: Vec<Program>,
    pub(crate) assets: Vec<Asset>,
    pub(crate) facts: Vec<FactRule>,
    pub(crate) campaigns: Vec<Campaign>,
}

pub(crate) fn check(_sources: &[Source]) -> (Checked, Vec<Diagnostic>) {
    (Checked::default(), Vec::new())
}
