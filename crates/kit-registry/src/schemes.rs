//! From a URL to a registry.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kit_sync::Scope;

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
        let Some(scheme) = scheme_of(url) else {
            return Err(self.no_scheme(url));
        };
        Err(Error::UnknownScheme {
            url: redacted(url),
            scheme: scheme.to_owned(),
            known: self.known_or_missing(scheme),
        })
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

/// The text before `://`, or before the `:` of a scheme that has no host. The colon before a port or
/// a password ends no scheme: the text before it is the name of a host or of a user.
fn scheme_of(url: &str) -> Option<&str> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, _)) => (scheme, ""),
        None => url.split_once(':')?,
    };
    let is_name = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && (scheme.chars()).all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'));
    let is_port = rest.starts_with(|c: char| c.is_ascii_digit());
    (is_name && !is_port && !rest.contains('@')).then_some(scheme)
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
mod tests {
    use kit_sync::TaskTree;

    use super::*;
    use crate::{Reach, ServiceInstance};

    #[tokio::test]
    async fn a_check_refuses_what_cannot_be_opened_and_nothing_else() {
        let tree = TaskTree::new("test");
        let mut schemes = Schemes::default();
        schemes.add("own", |url, _| Err(Error::closed(url)));
        let etcd: &[_] = match etcd::OPEN {
            Some(_) => &[
                "etcd://h:1",
                "etcd://",
                "etcd://h:0",
                "etcd://h?ttl=soon",
                "etcd:h",
            ],
            None => &["etcd://h:1"],
        };
        for url in ["memory:", "memory://", "memory:x", "memroy:", "memory", ""]
            .iter()
            .chain(etcd)
        {
            let checked = schemes.check(url).map_err(|error| error.to_string());
            let opened = schemes.open(url, tree.scope()).map(drop);
            assert_eq!(checked, opened.map_err(|error| error.to_string()), "{url}");
        }
        assert!(schemes.check("own:what").is_ok(), "its opener alone knows");
    }

    #[tokio::test]
    async fn an_unknown_scheme_lists_the_known_ones_and_hides_the_password() {
        let tree = TaskTree::new("test");
        let (schemes, url) = (Schemes::default(), "zoo://u:secret@h:1");
        let error = schemes.open(url, tree.scope()).unwrap_err();
        let known = known_at_least("");
        assert_eq!(
            error.to_string(),
            format!(r#"unknown registry scheme "zoo" in zoo://***@h:1, known are {known}"#)
        );
        let checked = schemes.check(url).unwrap_err();
        assert_eq!(checked.to_string(), error.to_string());
    }

    /// The built-in schemes; without the feature `etcd` with this end.
    fn known_at_least(without_etcd: &str) -> String {
        let mut known = Schemes::default().known().collect::<Vec<_>>().join(", ");
        if etcd::OPEN.is_none() {
            known.push_str(without_etcd);
        }
        known
    }

    #[tokio::test]
    async fn a_scheme_that_is_not_there_is_named_with_what_brings_it() {
        let tree = TaskTree::new("test");
        let error = |url| {
            let error = Schemes::default().open(url, tree.scope()).unwrap_err();
            error.to_string()
        };
        let consul = error("consul://token@h:8500");
        assert!(
            consul.contains(" in consul://***@h:8500, known are "),
            "{consul}"
        );
        assert!(
            consul.ends_with(
                ", consul with `kit_registry_consul::add_to` (in `kit` the feature `consul`)"
            ),
            "{consul}"
        );
        let etcds = error("etcds://h:1");
        match etcd::OPEN_ENCRYPTED {
            None => assert!(
                etcds.ends_with(", etcds with the feature `etcd-tls`"),
                "{etcds}"
            ),
            // Its own opener has looked at it.
            Some(_) => assert!(etcds.starts_with("ca of the registry URL"), "{etcds}"),
        }
    }

    #[tokio::test]
    async fn memory_is_the_same_registry_for_one_table_and_its_clones() {
        let tree = TaskTree::new("test");
        let schemes = Schemes::default();
        let one = schemes.open("memory:", tree.scope()).unwrap();
        let two = schemes.clone().open("memory://", tree.scope()).unwrap();
        assert_eq!(one.reach, Reach::Process);
        let instance = ServiceInstance::builder("1", "n").build().unwrap();
        one.registrar.register(&instance).await.unwrap();
        let seen = two.discovery.instances(instance.name()).await.unwrap();
        assert_eq!(*seen.instances[0], instance);
        let other = Schemes::default().open("memory:", tree.scope()).unwrap();
        let seen = other.discovery.instances(instance.name()).await.unwrap();
        assert!(seen.instances.is_empty());
    }

    #[tokio::test]
    async fn a_wrong_url_names_its_part() {
        let tree = TaskTree::new("test");
        let error = Schemes::default().open("memory:x", tree.scope());
        assert_eq!(
            error.unwrap_err().to_string(),
            r#"rest of the registry URL memory:x must be empty, as in memory:, not "x""#
        );
    }

    #[tokio::test]
    async fn a_url_without_a_scheme_is_shown_with_one() {
        let tree = TaskTree::new("test");
        let known = known_at_least(", etcd with the feature `etcd`");
        for (url, shown, example) in [
            ("", "", "etcd://10.0.0.1:2379"),
            (" ", " ", "etcd://10.0.0.1:2379"),
            ("memory", "memory", "memory:"),
            ("etcd", "etcd", "etcd://10.0.0.1:2379"),
            ("local", "local", "local:/run/kit"),
            ("/run/kit", "/run/kit", "local:/run/kit"),
            ("h", "h", "etcd://h"),
            ("h:2379", "h:2379", "etcd://h:2379"),
            ("//h:2379/ns", "//h:2379/ns", "etcd://h:2379/ns"),
            (
                "10.0.0.1:2379,10.0.0.2:2379",
                "10.0.0.1:2379,10.0.0.2:2379",
                "etcd://10.0.0.1:2379,10.0.0.2:2379",
            ),
            ("[::1]:2379", "[::1]:2379", "etcd://[::1]:2379"),
            (
                "u:secret@h:2379/ns",
                "***@h:2379/ns",
                "etcd://***@h:2379/ns",
            ),
            ("u.x:secret", "u.x:***", "etcd://u.x:***"),
            ("u.x:sec/ret@h:1", "***@h:1", "etcd://***@h:1"),
        ] {
            let error = Schemes::default().open(url, tree.scope()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "registry URL {shown:?} has no scheme, write one as in {example}; known are {known}"
                )
            );
        }
        for url in ["memroy:", "consul://h:1", "consul:h:1"] {
            let error = Schemes::default().open(url, tree.scope()).unwrap_err();
            assert!(matches!(error, Error::UnknownScheme { .. }), "{error}");
        }
    }
}
