//! Personal data that must not reach a log: the type prints `***` (H81).

use std::fmt;

/// A personal value. `Debug` and `Display` print `***`; [`Pii::expose`] is the only way to the value,
/// so a search for it finds every place that reads one.
#[derive(Clone, PartialEq, Eq)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Takes a value in.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for look-up and sealing; never for a text.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself.
    #[must_use]
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h81_personal_data_print_as_stars_also_inside_other_types() {
        let phone = Pii::new("+4930123456");
        assert_eq!(format!("{phone}"), "***");
        assert_eq!(format!("{:?}", Some(&phone)), "Some(***)");
        assert_eq!(*phone.expose(), "+4930123456");
    }
}
