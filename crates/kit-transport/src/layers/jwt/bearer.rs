//! Bearer tokens as a scheme of authentication.

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use ::http::header::AUTHORIZATION;
use ::http::request::Parts;
use ::http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::keys::Keys;
use super::rules::Requirements;
use super::token::{Unacceptable, signed_claims};
use crate::ApiError;
use crate::layers::authenticate::Scheme;

/// Kratos' messages.
const MISSING: &str = "JWT token is missing";
const INVALID: &str = "Token is invalid";
const OUT_OF_TIME: &str = "JWT token has expired";

/// Callers that send a JSON Web Token as `Authorization: Bearer …`; for
/// [`authenticate`](crate::layers::authenticate). Its claims are read as a `C`.
///
/// A token is accepted when one of the [`Keys`] has signed it, it has not expired, it names the
/// audience and the issuer that were given, and its claims have the form of a `C`. Everything else is a
/// 401 (`UNAUTHENTICATED`) with reason `UNAUTHORIZED`, which says that the token is missing, has expired
/// or is invalid; why, the log says at debug.
pub struct Bearer<C> {
    keys: Keys,
    rules: Requirements,
    claims: PhantomData<fn() -> C>,
}

impl<C> Bearer<C> {
    /// With these keys; tokens must expire (`exp`), and must be for no audience unless
    /// [`audience`](Self::audience) names some.
    #[must_use]
    pub fn new(keys: Keys) -> Bearer<C> {
        let rules = Requirements {
            issuers: Vec::new(),
            audiences: Vec::new(),
            any_audience: false,
            required: vec!["exp".to_owned()],
            leeway: Duration::from_mins(1),
        };
        let claims = PhantomData;
        Bearer {
            keys,
            rules,
            claims,
        }
    }

    /// Tokens must come from this issuer (`iss`), or from one of several. Default: from any that has a
    /// key.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Bearer<C> {
        self.rules.issuers.push(issuer.into());
        self
    }

    /// Tokens must be for this audience (`aud`), or for one of several: the name of this service.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Bearer<C> {
        self.rules.audiences.push(audience.into());
        self
    }

    /// Tokens may be for any audience, so also those with which other services are called.
    #[must_use]
    pub fn any_audience(mut self) -> Bearer<C> {
        self.rules.any_audience = true;
        self
    }

    /// Tokens must have this claim, such as `sub`; `exp` is required by default.
    #[must_use]
    pub fn require(mut self, claim: impl Into<String>) -> Bearer<C> {
        self.rules.required.push(claim.into());
        self
    }

    /// Tokens without an end (`exp`) are accepted, too. An end that is there counts.
    #[must_use]
    pub fn accept_without_expiry(mut self) -> Bearer<C> {
        self.rules.required.retain(|claim| claim != "exp");
        self
    }

    /// How far the clocks of the issuer and this machine may differ: as much earlier a token is valid,
    /// and as much longer. Default: 60 s.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Bearer<C> {
        self.rules.leeway = leeway;
        self
    }
}

impl<C: DeserializeOwned> Bearer<C> {
    /// The claims of the token in a head, at a time in seconds since 1970.
    pub(super) fn claims_at(&self, headers: &HeaderMap, now: f64) -> Result<C, Unacceptable> {
        self.claims_of(token(headers)?, now)
    }

    /// The claims of a token, at a time in seconds since 1970.
    pub(super) fn claims_of(&self, token: &[u8], now: f64) -> Result<C, Unacceptable> {
        let claims = signed_claims(token, &self.keys.load())?;
        self.rules.check(&claims, now)?;
        serde_json::from_value(Value::Object(claims)).map_err(|error| {
            Unacceptable::Invalid(
                format!("its claims do not have the form that is read: {error}").into(),
            )
        })
    }
}

/// The token in these headers (RFC 6750, 2.1).
fn token(headers: &HeaderMap) -> Result<&[u8], Unacceptable> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values
        .next()
        .ok_or(Unacceptable::Missing("there is no `authorization`"))?;
    if values.next().is_some() {
        return Err("there is more than one `authorization`".into());
    }
    let value = value.as_bytes();
    let space = value.iter().position(|&byte| byte == b' ');
    let (scheme, token) = value.split_at(space.unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Unacceptable::Missing("its `authorization` is not `Bearer`"));
    }
    let begin = token.iter().take_while(|&&byte| byte == b' ').count();
    Ok(&token[begin..])
}

impl From<Unacceptable> for ApiError {
    fn from(refusal: Unacceptable) -> ApiError {
        let (message, why) = match refusal {
            Unacceptable::Missing(why) => (MISSING, why.into()),
            Unacceptable::Invalid(why) => (INVALID, why),
            Unacceptable::OutOfTime(why) => (OUT_OF_TIME, why.into()),
        };
        ApiError::unauthorized("UNAUTHORIZED", message).with_source(why)
    }
}

impl<C: DeserializeOwned + Send + Sync + 'static> Scheme for Bearer<C> {
    type Claims = C;

    fn authenticate(&self, head: &Parts) -> impl Future<Output = Result<C, ApiError>> + Send {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs_f64();
        std::future::ready(self.claims_at(&head.headers, now).map_err(ApiError::from))
    }

    fn challenge(&self, refusal: &ApiError) -> Option<HeaderValue> {
        // RFC 6750, 3.1: no error for a request without a token.
        Some(HeaderValue::from_static(match refusal.message() {
            MISSING => "Bearer",
            _ => r#"Bearer error="invalid_token""#,
        }))
    }
}

impl<C> Clone for Bearer<C> {
    fn clone(&self) -> Bearer<C> {
        Bearer {
            keys: self.keys.clone(),
            rules: self.rules.clone(),
            claims: PhantomData,
        }
    }
}

impl<C> fmt::Debug for Bearer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("keys", &self.keys)
            .field("rules", &self.rules)
            .finish()
    }
}
