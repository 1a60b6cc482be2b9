//! What can be wrong with a duration or a size.

/// A text that is no duration or no size. Each message names the text and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// The text is empty, or does not begin with a number.
    #[error("{text:?} does not begin with a number: write {right}")]
    NoNumber {
        /// The text, or the part of it that is wrong.
        text: String,
        /// What would be right.
        right: String,
    },
    /// A number without a unit. A size without one is a number of bytes, so only a duration has this.
    #[error("{text} has no unit: write {right}")]
    NoUnit {
        /// The text, or the part of it that is wrong.
        text: String,
        /// What would be right.
        right: String,
    },
    /// A unit that is not known, or is not written as it should be.
    #[error("{text:?} has the unknown unit {unit:?}: write {right}")]
    UnknownUnit {
        /// The text, or the part of it that is wrong.
        text: String,
        /// The unit in it.
        unit: String,
        /// What would be right.
        right: String,
    },
    /// A unit that comes twice, or after a smaller one.
    #[error(
        "{text:?} has the unit {unit:?} out of order: write each unit once, the largest first, such as {right}"
    )]
    Order {
        /// The text, or the part of it that is wrong.
        text: String,
        /// The unit in it.
        unit: String,
        /// What would be right.
        right: String,
    },
    /// A size of several numbers.
    #[error("{text:?} has more than one number: write {right}")]
    SeveralNumbers {
        /// The text, or the part of it that is wrong.
        text: String,
        /// What would be right.
        right: String,
    },
    /// A fraction that is no whole number of the smallest unit, or that is not the last part.
    #[error("{text:?} cannot be kept exactly: write {right}")]
    Inexact {
        /// The text, or the part of it that is wrong.
        text: String,
        /// What would be right.
        right: String,
    },
    /// More than there is room for.
    #[error("{text} is too large: write {most} at most")]
    TooLarge {
        /// The text, or the part of it that is wrong.
        text: String,
        /// The largest that has room.
        most: String,
    },
}
