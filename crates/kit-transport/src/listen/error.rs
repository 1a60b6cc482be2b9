//! The error about a text that names no place to listen at.

use kit_units::WrongOption;

/// A text that does not say where to listen. Its message says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address to listen at: {why}")]
pub struct ListenError {
    text: String,
    why: String,
}

impl ListenError {
    pub(crate) fn new(text: &str, why: String) -> ListenError {
        let text = text.to_owned();
        ListenError { text, why }
    }

    /// The same, as a mistake in options.
    pub(super) fn into_wrong(self) -> WrongOption {
        let expected = format!("an address to listen at: {}", self.why);
        WrongOption::new("", format!("{:?}", self.text), expected)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
