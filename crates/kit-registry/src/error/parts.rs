//! Parts of the texts of errors.

use std::fmt;
use std::time::Duration;

/// A duration for people: `10s`, `2.5s`, `200ms`.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis < 1_000 {
            return write!(f, "{millis}ms");
        }
        let tenths = (millis + 50) / 100;
        match tenths % 10 {
            0 => write!(f, "{}s", tenths / 10),
            rest => write!(f, "{}.{rest}s", tenths / 10),
        }
    }
}

/// A guess at the name that was meant.
pub(super) struct Meant<'a>(pub(super) Option<&'a str>);

impl fmt::Display for Meant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |name| write!(f, "did you mean {name}? "))
    }
}

/// Names, with commas between.
pub(super) struct List<'a>(pub(super) &'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{item}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_for_people() {
        for (millis, shown) in [
            (200, "200ms"),
            (2_500, "2.5s"),
            (10_003, "10s"),
            (999, "999ms"),
        ] {
            assert_eq!(Seconds(Duration::from_millis(millis)).to_string(), shown);
        }
    }
}
