//! The one layout of program files: indents, blanks, quotes and breaks. Comments stay, and a text whose meaning a new
//! layout would change is left alone.

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use pretty_yaml::format_text;
use tessera_rules::diagnostic::Diagnostics;
use tessera_rules::limits::PROGRAM_BYTES_MAX;
use tessera_rules::tree;

/// Columns after which a map or list in braces is broken over lines.
const COLUMNS_MAX: usize = 120;

/// A file keeps the layout that it has.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayoutError {
    #[error("{0}")]
    Mistake(Diagnostics),
    #[error("{file} is larger than the {PROGRAM_BYTES_MAX} bytes that a program may have")]
    TooLarge { file: String },
    #[error("{file} cannot be laid out: {reason}; write the place that is named in a plainer way")]
    Unread { file: String, reason: String },
    #[error("{file} would say something else if it were laid out, so it stays as it is; please tell us of it")]
    OtherMeaning { file: String },
}

/// The text in the one layout.
///
/// # Errors
/// What is no tree of the language; or a text that cannot be laid out without a change of what it says.
pub(crate) fn laid_out(file: &str, text: &str) -> Result<String, LayoutError> {
    if text.len() > PROGRAM_BYTES_MAX {
        return Err(LayoutError::TooLarge { file: file.to_owned() });
    }
    // Nesting is bounded here, before the layout goes down it by recursion.
    let said = tree::parse(text).map_err(|error| LayoutError::Mistake(Diagnostics(vec![error.in_file(file, text)])))?;
    let text = format_text(text, &options())
        .map_err(|error| LayoutError::Unread { file: file.to_owned(), reason: error.to_string().trim().to_owned() })?;
    match tree::parse(&text) {
        Ok(says) if says.says_the_same_as(&said) => Ok(text),
        Ok(_) | Err(_) => Err(LayoutError::OtherMeaning { file: file.to_owned() }),
    }
}

fn options() -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions { print_width: COLUMNS_MAX, ..LayoutOptions::default() },
        language: LanguageOptions {
            brace_spacing: false,
            // Else where the first break stands would decide, and one program had two layouts.
            prefer_single_line: true,
            ..LanguageOptions::default()
        },
    }
}

#[cfg(test)]
mod tests;
