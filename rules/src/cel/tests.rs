//! Expressions against a small world: what they give, what is wrong with them, and that nothing is without bounds.

mod fixture;
mod hostile;
mod mistakes;
mod oracle;
mod program;
mod values;
