//! Headers whose values are not shown.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// Headers by name. Their values are secrets: `Debug` shows the names alone.
///
/// ```
/// use kit_telemetry::otlp::OtlpHeaders;
///
/// let headers = OtlpHeaders::from([("authorization", "Bearer s3cret")]);
/// assert_eq!(format!("{headers:?}"), r#"{"authorization": ***}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transparent, extend(
    "writeOnly" = true,
    "additionalProperties" = {"type": "string", "x-kit-secret": true},
)))]
pub struct OtlpHeaders(BTreeMap<String, String>);

impl OtlpHeaders {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>, const COUNT: usize> From<[(N, V); COUNT]> for OtlpHeaders {
    fn from(pairs: [(N, V); COUNT]) -> OtlpHeaders {
        let pairs = pairs.into_iter();
        OtlpHeaders(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Debug for OtlpHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = self.0.keys().map(|name| (name, format_args!("***")));
        // `entries` wants values that live as long as the call.
        let mut map = f.debug_map();
        for (name, mask) in masked {
            map.entry(name, &mask);
        }
        map.finish()
    }
}
