//! The rules that a request breaks, as an error has them.

use std::collections::BTreeMap;
use std::error::Error;

use crate::Violations;
use crate::error::parts::Parts;

#[cfg_attr(not(feature = "grpc"), path = "violations/no_status.rs")]
mod status;

/// Kratos' reason for a request that breaks its rules.
const REASON: &str = "VALIDATOR";

/// 400 with each field and its messages.
pub(crate) fn of_violations(error: &(dyn Error + 'static)) -> Option<Parts> {
    let violations = error.downcast_ref::<Violations>()?;
    let mut metadata: BTreeMap<String, String> = BTreeMap::new();
    for violation in violations.as_slice() {
        let messages = metadata.entry(violation.field.to_string()).or_default();
        if !messages.is_empty() {
            messages.push_str("; ");
        }
        messages.push_str(&violation.message);
    }
    Some(Parts {
        metadata,
        origin: status::origin(violations, REASON),
        ..Parts::new(400, REASON, violations.to_string())
    })
}
