//! Notices: messages to customers about what happened to their account. What they say, how many parts that is, and to
//! which number it goes; nothing here sends.

pub mod phone;
pub mod segments;
pub mod template;

#[cfg(test)]
mod tests;
