//! What the claims of a token must say.

use std::time::Duration;

use serde_json::{Map, Value};

use super::token::Unacceptable;

/// What the claims of a token must say. Each list: one of these, and anything if it is empty.
#[derive(Clone, Debug)]
pub(super) struct Requirements {
    pub(super) issuers: Vec<String>,
    pub(super) audiences: Vec<String>,
    pub(super) any_audience: bool,
    pub(super) required: Vec<String>,
    pub(super) leeway: Duration,
}

impl Requirements {
    /// Checks the claims at a time, in seconds since 1970. The time comes last: the one thing that a
    /// client learns is that a token which is right otherwise has expired.
    pub(super) fn check(&self, claims: &Map<String, Value>, now: f64) -> Result<(), Unacceptable> {
        let is_missing = |name: &&String| claims.get(&**name).is_none_or(Value::is_null);
        if let Some(name) = self.required.iter().find(is_missing) {
            return Err(Unacceptable::Invalid(
                format!("the claim {name:?} is missing").into(),
            ));
        }
        if !self.issuers.is_empty() && !is_one_of(claims.get("iss"), &self.issuers) {
            return Err("the issuer (`iss`) is another one".into());
        }
        self.check_audience(claims.get("aud"))?;
        let leeway = self.leeway.as_secs_f64();
        if let Some(begin) = seconds(claims, "nbf")?
            && now + leeway < begin
        {
            return Err(Unacceptable::OutOfTime("it is not valid yet (`nbf`)"));
        }
        if let Some(end) = seconds(claims, "exp")?
            && now >= end + leeway
        {
            return Err(Unacceptable::OutOfTime("it has expired (`exp`)"));
        }
        Ok(())
    }

    /// RFC 7519, 4.1.3: a token for other audiences must be refused, also by a verifier that has none.
    fn check_audience(&self, audience: Option<&Value>) -> Result<(), Unacceptable> {
        if self.any_audience {
            return Ok(());
        }
        let is_right = match audience {
            None => self.audiences.is_empty(),
            Some(Value::Array(several)) => several
                .iter()
                .any(|one| is_one_of(Some(one), &self.audiences)),
            one => is_one_of(one, &self.audiences),
        };
        match (is_right, self.audiences.is_empty()) {
            (true, _) => Ok(()),
            (false, false) => Err("the audience (`aud`) is another one".into()),
            (false, true) => {
                Err("it is for an audience (`aud`), and the server has named none".into())
            }
        }
    }
}

fn is_one_of(value: Option<&Value>, accepted: &[String]) -> bool {
    let value = value.and_then(Value::as_str);
    value.is_some_and(|value| accepted.iter().any(|one| one == value))
}

/// The time that a claim names, in seconds since 1970, perhaps with a fraction.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<f64>, Unacceptable> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64().filter(|seconds| seconds.is_finite()) {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(Unacceptable::Invalid(
                format!("`{name}` is no number").into(),
            )),
        },
    }
}
