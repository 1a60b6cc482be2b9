//! The parameters of a registry's URL, by name.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::Error;
use crate::redacted::redacted;

/// The parameters of a registry's URL, percent-decoded; made by
/// [`RegistryUrl::parameters`](super::RegistryUrl::parameters).
///
/// `Debug` shows the names alone: a value may be a secret.
#[derive(Clone)]
pub struct Parameters<'a> {
    url: &'a str,
    pairs: Vec<(&'static str, String)>,
}

impl<'a> Parameters<'a> {
    pub(crate) fn parse(
        url: &'a str,
        query: &str,
        known: &[&'static str],
    ) -> Result<Parameters<'a>, Error> {
        let mut pairs = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            };
            let Some(name) = known.iter().find(|known| **known == name) else {
                return Err(Error::UnknownParameter {
                    url: redacted(url),
                    parameter: name.to_owned(),
                    known: known.iter().map(|name| (*name).to_owned()).collect(),
                });
            };
            let value = value.ok_or_else(|| Error::url(url, name, "", "name=value"))?;
            // The value may be a secret that was cut off in its middle: it is not repeated.
            let value = percent_decoded(value)
                .ok_or_else(|| Error::url(url, name, "***", "percent-encoded UTF-8"))?;
            pairs.push((*name, value));
        }
        Ok(Parameters { url, pairs })
    }

    /// The value of a parameter; `None` when it is not there.
    ///
    /// # Errors
    /// [`Error::Url`] when it is there twice, or empty.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.all(name);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(self.wrong(name, "twice", "given once"));
        }
        if value.is_empty() {
            return Err(self.wrong(name, value, "left out or not empty"));
        }
        Ok(Some(value))
    }

    /// The values of a parameter that may be there more than once, in their order.
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        let of_name = move |pair: &&(&'static str, String)| pair.0 == name;
        self.pairs.iter().filter(of_name).map(|(_, v)| v.as_str())
    }

    /// A time in whole seconds, minutes or hours: `15s`, `2m`, `24h`. `default` is in seconds, too.
    ///
    /// # Errors
    /// [`Error::Url`] with `expected` when it is another text or not in the range.
    pub fn seconds(
        &self,
        name: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
        expected: &'static str,
    ) -> Result<Duration, Error> {
        let Some(value) = self.all(name).next() else {
            return Ok(Duration::from_secs(default));
        };
        let seconds = seconds(value).filter(|seconds| range.contains(seconds));
        let seconds = seconds.ok_or_else(|| self.wrong(name, value, expected))?;
        self.get(name)?;
        Ok(Duration::from_secs(seconds))
    }

    /// A time in whole milliseconds, seconds, minutes or hours: `500ms`, `15s`; `None` when it is not there. The
    /// range is in milliseconds.
    #[cfg(feature = "local")]
    pub(crate) fn millis(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
        expected: &'static str,
    ) -> Result<Option<Duration>, Error> {
        let Some(value) = self.all(name).next() else {
            return Ok(None);
        };
        let millis = match value.strip_suffix("ms") {
            Some(digits) => number(digits),
            None => seconds(value).and_then(|seconds| seconds.checked_mul(1_000)),
        };
        let millis = millis.filter(|millis| range.contains(millis));
        let millis = millis.ok_or_else(|| self.wrong(name, value, expected))?;
        self.get(name)?;
        Ok(Some(Duration::from_millis(millis)))
    }

    /// [`Error::Url`] about one of them.
    #[must_use]
    pub fn wrong(
        &self,
        name: &'static str,
        value: impl Into<String>,
        expected: &'static str,
    ) -> Error {
        Error::url(self.url, name, value, expected)
    }
}

impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.pairs.iter().map(|(name, _)| name))
            .finish()
    }
}

fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    number(digits)?.checked_mul(factor)
}

fn number(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            decoded.push(first);
            rest = after;
            continue;
        }
        let (hex, after) = after.split_at_checked(2)?;
        let hex = std::str::from_utf8(hex).ok()?;
        if hex.starts_with('+') {
            return None;
        }
        decoded.push(u8::from_str_radix(hex, 16).ok()?);
        rest = after;
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["ca", "tag", "ttl"];

    fn parsed(query: &'static str) -> Result<Parameters<'static>, Error> {
        Parameters::parse("x://h", query, &KNOWN)
    }

    #[test]
    fn values_are_decoded_and_found_by_name() {
        let parameters = parsed("ca=%2Fa%20b&tag=1&&tag=2").unwrap();
        assert_eq!(parameters.get("ca").unwrap(), Some("/a b"));
        assert_eq!(parameters.all("tag").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(parameters.get("ttl").unwrap(), None);
        assert_eq!(format!("{parameters:?}"), r#"{"ca", "tag", "tag"}"#);
    }

    #[test]
    fn a_time_is_in_seconds_minutes_or_hours() {
        let ttl = |query| parsed(query)?.seconds("ttl", 15, 2..=86_400, "from 2s to 24h");
        for (query, seconds) in [
            ("", 15),
            ("ttl=2s", 2),
            ("ttl=2m", 120),
            ("ttl=24h", 86_400),
        ] {
            assert_eq!(ttl(query).unwrap(), Duration::from_secs(seconds), "{query}");
        }
        for query in ["ttl=1s", "ttl=25h", "ttl=1d", "ttl=h", "ttl=+5s", "ttl="] {
            let error = ttl(query).unwrap_err().to_string();
            assert!(
                error.starts_with("ttl of the registry URL x://h must be from 2s"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, error) in [
            (
                "tags=secret",
                r#"unknown parameter "tags" in the registry URL x://h, did you mean tag? known are ca, tag, ttl"#,
            ),
            (
                "password=secret",
                r#"unknown parameter "password" in the registry URL x://h, known are ca, tag, ttl"#,
            ),
            (
                "ca",
                r#"ca of the registry URL x://h must be name=value, not """#,
            ),
            (
                "ca=secret%z",
                r#"ca of the registry URL x://h must be percent-encoded UTF-8, not "***""#,
            ),
        ] {
            assert_eq!(parsed(query).unwrap_err().to_string(), error);
        }
        let twice = parsed("ca=1&ca=2").unwrap().get("ca").map(drop);
        assert_eq!(
            twice.unwrap_err().to_string(),
            r#"ca of the registry URL x://h must be given once, not "twice""#
        );
        assert!(parsed("ca=").unwrap().get("ca").is_err());
    }
}
