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
    /// Everything that is wrong: URLs that no scheme takes, a host that stands in no URL, and a cache that can be no
    /// directory. An app with any of it does not start. The schemes are those that an app knows from the start; a
    /// program that adds others calls [`check_with`](Self::check_with).
    ///
    /// ```
    /// use kit_app::RegistrationOptions;
    ///
    /// let registries = vec!["memory:".to_owned(), "memory:orders".to_owned()];
    /// let options = RegistrationOptions { registries, ..RegistrationOptions::default() };
    /// assert_eq!(
    ///     options.check()[0].to_string(),
    ///     "`registries[1]` is \"memory:orders\": it has to be a URL with another rest: empty, as in memory:, not \
    ///      \"orders\""
    /// );
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        self.check_with(|_| {})
    }

    /// [`check`](Self::check) with more schemes: those that the program gives to
    /// [`AppBuilder::schemes`](crate::AppBuilder::schemes).
    #[must_use]
    pub fn check_with(&self, add_schemes: impl FnOnce(&mut Schemes)) -> Vec<WrongOption> {
        let mut schemes = crate::registration::schemes();
        add_schemes(&mut schemes);
        let RegistrationOptions {
            registries,
            at_start: _,
            endpoints: _,
            advertise_host,
            cache_dir,
        } = self;
        let registries = registries.iter().enumerate().filter_map(|(index, url)| {
            let error = schemes.check(url).err()?;
            Some(wrong_url(format!("registries[{index}]"), &error))
        });
        let host = advertise_host.as_deref().and_then(refuse_host);
        let cache_dir = cache_dir.as_deref().and_then(refuse_cache_dir);
        registries.chain(host).chain(cache_dir).collect()
    }
}

/// A URL that its scheme refuses. The error has the URL without its password; a check by another author may refuse it
/// with an error that is not about URLs.
fn wrong_url(key: String, error: &kit_registry::Error) -> WrongOption {
    match error.wrong_url() {
        Some((url, expected)) => WrongOption::new(key, format!("{url:?}"), expected),
        None => {
            let expected = format!("a URL that the scheme takes: {}", error.chain());
            WrongOption::new(key, "refused by its scheme", expected)
        }
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
