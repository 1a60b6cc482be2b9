//! From a URL to a registry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kit_sync::Scope;

use crate::nearest::nearest;
use crate::redacted::{redacted, redacted_hosts};
use crate::{Backend, Error, Memory, etcd, local};

/// The registries that can be opened by URL: a table from scheme to opener.
///
/// The table is a value: a scheme that one part of a program adds is not seen by another part. Clones
/// share the state of their openers: `memory:` opened twice from one table is the same registry.
///
/// ```
/// # use kit_registry::{Backend, Memory, Schemes};
/// # fn main() -> Result<(), kit_registry::Error> {
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let _guard = runtime.enter();
/// # let tree = kit_sync::TaskTree::new("example");
/// let mut schemes = Schemes::default();
/// let staging = Memory::new();
/// schemes.add("staging", move |_url, scope| Ok(staging.open(scope)));
/// let registry = schemes.open("staging:", tree.scope())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Schemes {
    openers: BTreeMap<String, Opener>,
}

/// What a scheme does with a URL.
#[derive(Clone)]
struct Opener {
    open: Arc<OpenUrl>,
    check: Arc<CheckUrl>,
}

type OpenUrl = dyn Fn(&str, &Scope) -> Result<Backend, Error> + Send + Sync;
type CheckUrl = dyn Fn(&str) -> Result<(), Error> + Send + Sync;

impl Schemes {
    /// A table without any scheme.
    #[must_use]
    pub fn empty() -> Schemes {
        Schemes {
            openers: BTreeMap::new(),
        }
    }

    /// Adds a scheme, or replaces it. The opener gets the whole URL, which it parses by its own
    /// rules, and the scope in which its connections and tasks are to live. An opener must not
    /// block: a backend connects at its first call.
    pub fn add<F>(&mut self, scheme: impl Into<String>, open: F) -> &mut Schemes
    where
        F: Fn(&str, &Scope) -> Result<Backend, Error> + Send + Sync + 'static,
    {
        self.add_checked(scheme, |_| Ok(()), open)
    }

    /// [`add`](Self::add), with a function that looks at a URL and opens nothing: what it refuses is known on the
    /// load of settings, and not to the start alone. The opener has to refuse it as well.
    pub fn add_checked<C, F>(
        &mut self,
        scheme: impl Into<String>,
        check: C,
        open: F,
    ) -> &mut Schemes
    where
        C: Fn(&str) -> Result<(), Error> + Send + Sync + 'static,
        F: Fn(&str, &Scope) -> Result<Backend, Error> + Send + Sync + 'static,
    {
        let opener = Opener {
            open: Arc::new(open),
            check: Arc::new(check),
        };
        self.openers.insert(scheme.into(), opener);
        self
    }

    /// The known schemes, sorted.
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.openers.keys().map(String::as_str)
    }

    /// Opens the registry at `url`. The backend's connections and tasks live in `scope`: in a child
    /// of it, or as its members. Closing the scope closes the registry; the registrations that use
    /// it are to be closed before.
    ///
    /// # Errors
    /// [`Error::NoScheme`], with the same URL written with a scheme, and [`Error::UnknownScheme`],
    /// both with the known schemes; [`Error::Url`] when the scheme's opener does not understand a
    /// part. Whether the registry can be reached is seen at the first call.
    pub fn open(&self, url: &str, scope: &Scope) -> Result<Backend, Error> {
        (self.opener(url)?.open)(url, scope)
    }

    /// Looks at a URL, and opens nothing: what [`open`](Self::open) would refuse. Of a scheme that was added
    /// without a check only the scheme is looked at.
    ///
    /// # Errors
    /// [`Error::NoScheme`] and [`Error::UnknownScheme`], both with the known schemes; [`Error::Url`] when the
    /// scheme does not understand a part.
    pub fn check(&self, url: &str) -> Result<(), Error> {
        (self.opener(url)?.check)(url)
    }

    fn opener(&self, url: &str) -> Result<&Opener, Error> {
        let head = url.split_once(':').map(|(head, _)| head);
        if let Some(open) = head.and_then(|head| self.openers.get(head)) {
            return Ok(open);
        }
        let Some(scheme) = self.scheme_of(url) else {
            return Err(self.no_scheme(url));
        };
        Err(Error::UnknownScheme {
            url: shown(url, scheme),
            scheme: scheme.to_owned(),
            known: self.known_or_missing(scheme),
        })
    }

    /// The scheme of a URL that has no opener: the text before `://`, or before the `:` of a scheme that has no host.
    ///
    /// The colon before a port or a password ends no scheme: the text before it is the name of a host or of a user. So
    /// text behind a single colon is that of a scheme where it is a path, or where the scheme is like one that there is.
    fn scheme_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, _)) => (scheme, ""),
            None => url.split_once(':')?,
        };
        let is_name = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && (scheme.chars()).all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'));
        let is_port = rest.starts_with(|c: char| c.is_ascii_digit());
        let is_scheme = rest.is_empty() || rest.starts_with('/') || self.is_like_one(scheme);
        (is_name && is_scheme && !is_port && !rest.contains('@')).then_some(scheme)
    }

    /// Whether a scheme is one that may be there, or a slip in its name.
    fn is_like_one(&self, scheme: &str) -> bool {
        let known = self.known().chain(BUILT_IN);
        let known: Vec<String> = known.map(str::to_owned).collect();
        nearest(scheme, &known).is_some()
    }

    fn no_scheme(&self, url: &str) -> Error {
        let shown = redacted_hosts(url);
        // `etcd` also when it is not compiled in: the list of known schemes names its feature.
        let example = match shown.trim().trim_start_matches('/') {
            "" => format!("{ETCD}://10.0.0.1:2379"),
            LOCAL => format!("{LOCAL}:/run/kit"),
            path if shown.trim().starts_with('/') && !shown.trim().starts_with("//") => {
                format!("{LOCAL}:/{path}")
            }
            name if self.openers.contains_key(name) && name != ETCD => format!("{name}:"),
            ETCD => format!("{ETCD}://10.0.0.1:2379"),
            // A user with a password, and no host.
            login if login.ends_with(":***") && !login.contains(',') => {
                format!("{ETCD}://{login}@10.0.0.1:2379")
            }
            hosts => format!("{ETCD}://{hosts}"),
        };
        Error::NoScheme {
            url: shown,
            example,
            known: self.known_or_missing(ETCD),
        }
    }

    fn known_or_missing(&self, scheme: &str) -> Vec<String> {
        let known = self.known().map(str::to_owned);
        known.chain(missing(scheme)).collect()
    }
}

const ETCD: &str = "etcd";
const ETCDS: &str = "etcds";
const CONSUL: [&str; 2] = ["consul", "consuls"];
const LOCAL: &str = "local";
/// The schemes of Kit, also of those that are not compiled in.
const BUILT_IN: [&str; 6] = ["memory", ETCD, ETCDS, LOCAL, CONSUL[0], CONSUL[1]];

/// A URL as an error shows it. Behind a scheme that is not known a password may stand, also without an `@`.
fn shown(url: &str, scheme: &str) -> String {
    match url[scheme.len()..].strip_prefix(':') {
        Some(rest) if !rest.is_empty() && !rest.starts_with("//") && scheme != LOCAL => {
            format!("{scheme}:***")
        }
        _ => redacted(url),
    }
}

/// What brings `scheme`, when it is not there.
fn missing(scheme: &str) -> Option<String> {
    let brings = match scheme {
        ETCD if etcd::OPEN.is_none() => "the feature `etcd`",
        LOCAL if local::OPEN.is_none() => "the feature `local`",
        ETCDS if etcd::OPEN_ENCRYPTED.is_none() => "the feature `etcd-tls`",
        _ if CONSUL.contains(&scheme) => {
            "`kit_registry_consul::add_to` (in `kit` the feature `consul`)"
        }
        _ => return None,
    };
    Some(format!("{scheme} with {brings}"))
}

/// The built-in schemes: `memory`, `etcd` and `local` with the features of these names, and `etcds` with the
/// feature `etcd-tls`.
impl Default for Schemes {
    fn default() -> Schemes {
        let mut schemes = Schemes::empty();
        let memory = Memory::new();
        schemes.add_checked("memory", check_memory, move |url, scope| {
            check_memory(url).map(|()| memory.open(scope))
        });
        for (scheme, open) in [(ETCD, etcd::OPEN), (ETCDS, etcd::OPEN_ENCRYPTED)] {
            if let Some(open) = open {
                schemes.add_checked(scheme, etcd::check, open);
            }
        }
        if let Some(open) = local::OPEN {
            schemes.add_checked(LOCAL, local::check, open);
        }
        schemes
    }
}

fn check_memory(url: &str) -> Result<(), Error> {
    match url.strip_prefix("memory:").unwrap_or(url) {
        "" | "//" => Ok(()),
        rest => {
            let expected = "empty, as in memory:";
            Err(Error::url(url, "rest", redacted(rest), expected))
        }
    }
}

impl fmt::Debug for Schemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.openers.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
