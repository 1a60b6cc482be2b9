//! How long the start waits for a job, in a file of settings: a duration, `"hook-timeout"`, or `"off"`.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

use super::AwaitLimit;

const AS_A_HOOK: &str = "hook-timeout";
const OFF: &str = "off";

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<AwaitLimit>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.trim() {
        OFF => Ok(None),
        AS_A_HOOK => Ok(Some(AwaitLimit::HookTimeout)),
        text => match kit_units::parse_duration(text) {
            Ok(limit) => Ok(Some(AwaitLimit::Given(limit))),
            Err(error) => Err(D::Error::custom(format!(
                "{error}, or \"hook-timeout\", or \"off\""
            ))),
        },
    }
}

pub(super) fn serialize<S: Serializer>(
    limit: &Option<AwaitLimit>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match limit {
        None => serializer.serialize_str(OFF),
        Some(AwaitLimit::HookTimeout) => serializer.serialize_str(AS_A_HOOK),
        Some(AwaitLimit::Given(limit)) => kit_units::duration::serialize(limit, serializer),
    }
}
