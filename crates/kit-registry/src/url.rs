//! The URL of a registry, taken apart for the opener of its scheme.

mod parameters;

use std::fmt;

pub use parameters::Parameters;

use crate::Error;
use crate::endpoint::check_host;
use crate::redacted::odd_ports_hidden;
pub(crate) use parameters::percent_decoded;

/// The parts of a registry's URL, for the opener of a scheme:
/// `scheme://user:password@host:port,host:port/path?name=value`.
///
/// It is parsed by hand, because of the list of hosts. No error shows a password, a user, or the value
/// of a parameter, except of `dc`, `poll`, `remove_after`, `tag` and `ttl`, and where the value itself is wrong.
///
/// ```
/// # fn main() -> Result<(), kit_registry::Error> {
/// use std::time::Duration;
///
/// use kit_registry::RegistryUrl;
///
/// let url = RegistryUrl::parse("paper://u:p%40ss@h1,h2:81/ns?ttl=20s")?;
/// assert_eq!(url.scheme(), "paper");
/// assert_eq!(url.addresses(80)?, ["h1:80", "h2:81"]);
/// assert_eq!(url.path(), "/ns");
/// let login = url.login()?.expect("a login");
/// assert_eq!((&*login.user, login.password.as_deref()), ("u", Some("p@ss")));
///
/// let parameters = url.parameters(&["ink", "ttl"])?;
/// let ttl = parameters.seconds("ttl", 15, 2..=86_400, "from 2s to 24h, as in 15s")?;
/// assert_eq!(ttl, Duration::from_secs(20));
/// let error = RegistryUrl::parse("paper://h?tll=3s")?.parameters(&["ink", "ttl"]);
/// assert_eq!(
///     error.unwrap_err().to_string(),
///     "unknown parameter \"tll\" in the registry URL paper://h?tll=***, did you mean ttl? known are \
///      ink, ttl"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct RegistryUrl<'a> {
    url: &'a str,
    scheme: &'a str,
    login: Option<&'a str>,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

/// The text before the `@` of a URL, decoded. `Debug` shows nothing of it: what stands in the user's
/// place may be a token.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// The user, or a token. Never empty.
    pub user: String,
    /// The text behind the first colon, if there is a colon.
    pub password: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'a> RegistryUrl<'a> {
    /// Finds the parts of `url`. Hosts, login and parameters are checked by the methods that give them.
    ///
    /// # Errors
    /// [`Error::Url`] without `scheme://`, and for an `@` behind the hosts, which is the sign of a
    /// password that is not percent-encoded.
    pub fn parse(url: &'a str) -> Result<RegistryUrl<'a>, Error> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(Error::url(url, "beginning", "", "scheme://host:port"));
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        if path.contains('@') || query.contains('@') {
            // The text before the '@' may be the rest of a password: it is not repeated here.
            let expected = "percent-encoded where they hold '/', '?' or '@'";
            return Err(Error::url(url, "user and password", "***", expected));
        }
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        Ok(RegistryUrl {
            url,
            scheme,
            login,
            hosts,
            path,
            query,
        })
    }

    /// The text before `://`.
    #[must_use]
    pub fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// The text before the `@`, percent-decoded; `None` without an `@`.
    ///
    /// # Errors
    /// [`Error::Url`], which shows nothing of it: without a user, or when it is not percent-encoded
    /// UTF-8.
    pub fn login(&self) -> Result<Option<Login>, Error> {
        let Some(login) = self.login else {
            return Ok(None);
        };
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        if user.is_empty() {
            return Err(self.wrong("user and password", "***", "user:password with a user"));
        }
        let decoded = |text| {
            let wrong = || self.wrong("user and password", "***", "percent-encoded UTF-8");
            percent_decoded(text).ok_or_else(wrong)
        };
        Ok(Some(Login {
            user: decoded(user)?,
            password: password.map(decoded).transpose()?,
        }))
    }

    /// The hosts, each as `host:port`; there is one at least.
    ///
    /// # Errors
    /// [`Error::Url`] for a host or a port that is none.
    pub fn addresses(&self, default_port: u16) -> Result<Vec<String>, Error> {
        let hosts = self.hosts.split(',');
        hosts.map(|host| self.address(host, default_port)).collect()
    }

    /// The text from the first `/` behind the hosts up to the `?`, as it is written.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The text behind the `?`, as parameters with these names.
    ///
    /// # Errors
    /// [`Error::UnknownParameter`] for another name; [`Error::Url`] for a parameter without `=`, and
    /// for a value that is not percent-encoded UTF-8.
    pub fn parameters(&self, known: &[&'static str]) -> Result<Parameters<'a>, Error> {
        Parameters::parse(self.url, self.query, known)
    }

    /// [`Error::Url`] about a part of this URL.
    #[must_use]
    pub fn wrong(
        &self,
        part: &'static str,
        value: impl Into<String>,
        expected: &'static str,
    ) -> Error {
        Error::url(self.url, part, value, expected)
    }

    fn address(&self, text: &str, default_port: u16) -> Result<String, Error> {
        let wrong = |expected| self.wrong("endpoint", odd_ports_hidden(text), expected);
        // A colon inside the brackets of an IPv6 address is not the port's.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        if host.is_empty() {
            return Err(wrong("host:port"));
        }
        check_host(host).map_err(|_| wrong("host:port, an IPv6 host in brackets"))?;
        if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(wrong("host:port without spaces"));
        }
        let port = match port {
            None => default_port,
            Some(port) => port
                .parse()
                .ok()
                .filter(|number| *number != 0 && !port.starts_with('+'))
                .ok_or_else(|| wrong("host:port with a port from 1 to 65535"))?,
        };
        Ok(format!("{host}:{port}"))
    }
}

/// The whole URL, without its password.
impl fmt::Debug for RegistryUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::redacted::redacted(self.url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_a_port_each() {
        let url = RegistryUrl::parse("x://h1:1,[::1]:2,[fd00::1],h4/a/b/").unwrap();
        let addresses = url.addresses(2379).unwrap();
        assert_eq!(addresses, ["h1:1", "[::1]:2", "[fd00::1]:2379", "h4:2379"]);
        assert_eq!(url.path(), "/a/b/");
    }

    #[test]
    fn a_login_is_decoded_and_shown_nowhere() {
        let login = |url| RegistryUrl::parse(url).unwrap().login();
        let both = login("x://u%40x:p%2Fw%25:z@h").unwrap().unwrap();
        assert_eq!(
            (&*both.user, both.password.as_deref()),
            ("u@x", Some("p/w%:z"))
        );
        let token = login("x://secret@h").unwrap().unwrap();
        assert_eq!((&*token.user, token.password.as_deref()), ("secret", None));
        assert!(!format!("{token:?}").contains("secret"));
        assert_eq!(login("x://h").unwrap(), None);
        for wrong in ["x://:secret@h", "x://secret%zz@h", "x://secret%@h"] {
            let error = login(wrong).unwrap_err().to_string();
            assert!(error.starts_with("user and password"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let url = RegistryUrl::parse("x://secret@h?token=secret").unwrap();
        assert_eq!(format!("{url:?}"), "x://***@h?token=***");
    }
}
