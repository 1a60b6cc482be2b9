//! A text such as `1h 30m` as numbers and units.

/// One number and its unit, as written. The unit is empty when there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    /// The number as written, for messages.
    pub(crate) number: &'a str,
    whole: &'a str,
    fraction: &'a str,
    pub(crate) unit: &'a str,
}

/// Why a number of units is no number of the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAmount {
    TooLarge,
    Inexact,
}

/// With more digits than this a fraction of no unit is whole, and 10 to this times the largest unit has
/// room in 128 bits.
const FRACTION: usize = 18;

impl Part<'_> {
    pub(crate) fn has_fraction(&self) -> bool {
        !self.fraction.is_empty()
    }

    /// How many of the smallest unit this is, when one of its own unit is `unit` of them.
    pub(crate) fn amount(&self, unit: u128) -> Result<u128, NoAmount> {
        let whole: u128 = self.whole.parse().map_err(|_| NoAmount::TooLarge)?;
        let whole = whole.checked_mul(unit).ok_or(NoAmount::TooLarge)?;
        let fraction = self.fraction.trim_end_matches('0');
        if fraction.is_empty() {
            return Ok(whole);
        }
        if fraction.len() > FRACTION {
            return Err(NoAmount::Inexact);
        }
        let digits = u32::try_from(fraction.len()).map_err(|_| NoAmount::Inexact)?;
        let scale = 10u128.pow(digits);
        let fraction: u128 = fraction.parse().map_err(|_| NoAmount::Inexact)?;
        let scaled = fraction * unit;
        if !scaled.is_multiple_of(scale) {
            return Err(NoAmount::Inexact);
        }
        whole.checked_add(scaled / scale).ok_or(NoAmount::TooLarge)
    }
}

/// The parts of a text. `None`: it is empty, or a number is missing where one has to be.
pub(crate) fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let mut rest = text.trim();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        let number = &rest[..rest.len() - after.len()];
        if whole.is_empty() || number.ends_with('.') {
            return None;
        }
        let after = after.trim_start();
        let end = after.find(|c: char| c.is_ascii_digit() || c.is_whitespace());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        parts.push(Part {
            number,
            whole,
            fraction,
            unit,
        });
        rest = after.trim_start();
    }
    (!parts.is_empty()).then_some(parts)
}

/// The digits at the beginning, and what comes after them.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}
