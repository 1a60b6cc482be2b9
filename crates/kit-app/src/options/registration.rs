//! Where an instance is shown, and as what.

use std::fmt;

use kit_registry::Endpoint;

use crate::RegisterAtStart;

/// In which registries an app is shown, and with which endpoints.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistrationOptions {
    /// The registries by their URLs, such as `etcd://127.0.0.1:2379`; passwords in them are shown
    /// nowhere. Default: none.
    #[cfg_attr(feature = "schema", schemars(extend("x-kit-url" = true)))]
    pub registries: Vec<String>,
    /// Whether the start waits for the registries: `required` or `background`. Default: `required`.
    pub at_start: RegisterAtStart,
    /// The endpoints to show, instead of the addresses that servers listen at. Default: none, so those
    /// addresses.
    pub endpoints: Vec<Endpoint>,
    /// The host of the endpoints to show, without scheme and port. Default: that of the listening address,
    /// or an interface's.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub advertise_host: Option<String>,
}

/// Shows the schemes of the registries: what comes after them may be a password.
impl fmt::Debug for RegistrationOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schemes = self.registries.iter().map(|url| match url.split_once(':') {
            Some((scheme, _)) => format!("{scheme}:…"),
            None => "…".to_owned(),
        });
        f.debug_struct("RegistrationOptions")
            .field("registries", &schemes.collect::<Vec<_>>())
            .field("at_start", &self.at_start)
            .field("endpoints", &self.endpoints)
            .field("advertise_host", &self.advertise_host)
            .finish()
    }
}
