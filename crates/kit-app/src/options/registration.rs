//! Where an instance is shown, and as what.

use std::fmt;
use std::path::PathBuf;

use kit_registry::{Endpoint, Schemes};
use kit_units::WrongOption;

use crate::RegisterAtStart;
use crate::registration::{refuse_cache_dir, refuse_host};

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
    /// The directory in which lists of instances are kept, such as `/var/cache/orders`: while a registry does not
    /// answer, the last known instances are found there, also after a restart. Default: none is kept.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cache_dir: Option<PathBuf>,
}

impl RegistrationOptions {
    /// Everything that is wrong: URLs that no scheme of this table takes, a host that stands in no URL, and a cache
    /// that can be no directory. An app with any of it does not start.
    ///
    /// ```
    /// use kit_app::RegistrationOptions;
    /// use kit_registry::Schemes;
    ///
    /// let registries = vec!["memory:".to_owned(), "nowhere://orders".to_owned()];
    /// let options = RegistrationOptions { registries, ..RegistrationOptions::default() };
    /// assert_eq!(options.check_with(&Schemes::default())[0].key(), "registries[1]");
    /// ```
    #[must_use]
    pub fn check_with(&self, schemes: &Schemes) -> Vec<WrongOption> {
        let RegistrationOptions {
            registries,
            at_start: _,
            endpoints: _,
            advertise_host,
            cache_dir,
        } = self;
        let registries = registries.iter().enumerate().filter_map(|(index, url)| {
            let error = schemes.check(url).err()?;
            // The error shows the URL without its password.
            let expected = format!("one that can be opened: {}", error.chain());
            let key = format!("registries[{index}]");
            Some(WrongOption::new(key, "a URL of no use", expected))
        });
        let host = advertise_host.as_deref().and_then(refuse_host);
        let cache_dir = cache_dir.as_deref().and_then(refuse_cache_dir);
        registries.chain(host).chain(cache_dir).collect()
    }
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
            .field("cache_dir", &self.cache_dir)
            .finish()
    }
}
