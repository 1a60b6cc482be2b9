//! Sizes as text.

use crate::UnitError;
use crate::parts::{NoAmount, Part, parts};

/// The units in bytes, as they are written. Both spellings of the thousand are in use.
const UNITS: [(&str, u64); 14] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TB", 1_000_000_000_000),
    ("TiB", 1 << 40),
    ("PB", 1_000_000_000_000_000),
    ("PiB", 1 << 50),
    ("EB", 1_000_000_000_000_000_000),
    ("EiB", 1 << 60),
];

pub(crate) const EXAMPLE: &str = "\"16MiB\", \"64KiB\", \"10MB\" or \"512B\"";
const KNOWN: &str =
    "one of the units B, KiB, MiB, GiB, TiB, kB, MB, GB and TB, such as \"16MiB\" or \"10MB\"";

/// Reads a size: a number and a unit, with or without a space, or a plain number of bytes: `16MiB`, `64KiB`,
/// `10MB`, `512B`, `4096`.
///
/// `KiB`, `MiB`, `GiB`, `TiB`, `PiB` and `EiB` are powers of 1024; `kB` (also `KB`), `MB`, `GB`, `TB`, `PB`
/// and `EB` are powers of 1000. Case counts: elsewhere `Mb` is a million bits. The number may have a fraction,
/// such as `1.5GiB`, when the whole is a whole number of bytes: nothing is rounded.
///
/// ```
/// use kit_units::parse_size;
///
/// assert_eq!(parse_size("16MiB")?, 16 * 1024 * 1024);
/// assert_eq!(parse_size("10MB")?, 10_000_000);
/// assert_eq!(parse_size("4096")?, 4096);
/// let wrong = parse_size("16M").unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     r#""16M" has the unknown unit "M": write "16MiB" (times 1024) or "16MB" (times 1000)"#
/// );
/// # Ok::<(), kit_units::UnitError>(())
/// ```
///
/// # Errors
/// What is wrong, and what would be right.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let parts = parts(text).unwrap_or_default();
    let part = match parts.as_slice() {
        [] => {
            return Err(UnitError::NoNumber {
                text: text.to_owned(),
                right: EXAMPLE.to_owned(),
            });
        }
        [part] => part,
        [_, _, ..] => {
            return Err(UnitError::SeveralNumbers {
                text: text.to_owned(),
                right: EXAMPLE.to_owned(),
            });
        }
    };
    let bytes = part.amount(unit_of(text, part)?.into());
    let bytes = bytes.map_err(|why| match why {
        NoAmount::TooLarge => too_large(text),
        NoAmount::Inexact => UnitError::Inexact {
            text: text.to_owned(),
            right: "a whole number of bytes".to_owned(),
        },
    })?;
    u64::try_from(bytes).map_err(|_| too_large(text))
}

/// Writes a size so that [`parse_size`] reads exactly the same: the shortest whole number of a unit, in powers of 1024
/// when both are as short.
///
/// ```
/// use kit_units::format_size;
///
/// assert_eq!(format_size(16 * 1024 * 1024), "16MiB");
/// assert_eq!(format_size(10_000_000), "10MB");
/// assert_eq!(format_size(1025), "1025B");
/// ```
#[must_use]
pub fn format_size(bytes: u64) -> String {
    let whole = UNITS
        .iter()
        .filter(|(unit, size)| bytes > 0 && *unit != "KB" && bytes.is_multiple_of(*size));
    let shortest = whole.min_by_key(|(unit, size)| {
        let count = bytes / size;
        (count.to_string().len(), !unit.ends_with("iB"))
    });
    match shortest {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => "0B".to_owned(),
    }
}

/// The bytes of the part's unit.
fn unit_of(text: &str, part: &Part<'_>) -> Result<u64, UnitError> {
    if part.unit.is_empty() {
        return Ok(1);
    }
    if let Some((_, size)) = UNITS.iter().find(|(name, _)| *name == part.unit) {
        return Ok(*size);
    }
    let number = part.number;
    let unit = part.unit;
    let same = UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let prefix = unit.trim_end_matches(['i', 'I']).to_uppercase();
    let right = if let Some((name, _)) = same {
        format!("\"{number}{name}\"")
    } else if ["K", "M", "G", "T", "P", "E"].contains(&prefix.as_str()) {
        let decimal = if prefix == "K" { "k" } else { &prefix };
        format!("\"{number}{prefix}iB\" (times 1024) or \"{number}{decimal}B\" (times 1000)")
    } else if ["byte", "bytes"].contains(&unit.to_lowercase().as_str()) {
        format!("\"{number}B\"")
    } else {
        KNOWN.to_owned()
    };
    Err(UnitError::UnknownUnit {
        text: text.to_owned(),
        unit: unit.to_owned(),
        right,
    })
}

fn too_large(text: &str) -> UnitError {
    UnitError::TooLarge {
        text: format!("{text:?}"),
        most: format!("\"{}\"", format_size(u64::MAX)),
    }
}
