//! `etcd://user:password@host:port,host:port/namespace?ttl=15s`, and `etcds://` with TLS.

use std::fmt;
use std::time::Duration;

use super::encryption::{Encryption, PARAMETERS};
use crate::{Error, RegistryUrl};

const DEFAULT_PORT: u16 = 2379;
const DEFAULT_NAMESPACE: &str = "/microservices";
const DEFAULT_TTL_SECONDS: u64 = 15;
/// etcd raises anything below one and a half election timeouts; more than a day is a mistake.
const TTL_SECONDS: std::ops::RangeInclusive<u64> = 2..=86_400;

/// The parts of the URL.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// `host:port` each.
    pub(super) endpoints: Vec<String>,
    pub(super) credentials: Option<Credentials>,
    /// Begins with a `/` and does not end in one.
    pub(super) namespace: String,
    pub(super) ttl: Duration,
    /// With the scheme `etcds`.
    pub(super) encryption: Option<Encryption>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***", self.user)
    }
}

pub(super) fn parse(url: &str) -> Result<Options, Error> {
    let url = RegistryUrl::parse(url)?;
    let is_encrypted = match url.scheme() {
        "etcd" => false,
        "etcds" => true,
        _ => return Err(url.wrong("beginning", url.scheme(), "etcd://host:port")),
    };
    let parameters = match is_encrypted {
        true => url.parameters(&[&["ttl"][..], &PARAMETERS].concat())?,
        false => url.parameters(&["ttl"])?,
    };
    Ok(Options {
        credentials: parse_credentials(&url)?,
        endpoints: url.addresses(DEFAULT_PORT)?,
        namespace: parse_namespace(&url)?,
        ttl: parameters.seconds(
            "ttl",
            DEFAULT_TTL_SECONDS,
            TTL_SECONDS,
            "from 2s to 24h, as in 15s",
        )?,
        encryption: is_encrypted
            .then(|| Encryption::from_parameters(&parameters))
            .transpose()?,
    })
}

fn parse_credentials(url: &RegistryUrl<'_>) -> Result<Option<Credentials>, Error> {
    let Some(login) = url.login()? else {
        return Ok(None);
    };
    let Some(password) = login.password else {
        return Err(url.wrong("user and password", "***", "user:password"));
    };
    let user = login.user;
    Ok(Some(Credentials { user, password }))
}

fn parse_namespace(url: &RegistryUrl<'_>) -> Result<String, Error> {
    let namespace = url.path().trim_end_matches('/');
    if namespace.is_empty() {
        return Ok(DEFAULT_NAMESPACE.to_owned());
    }
    if namespace.contains("//") || namespace.chars().any(char::is_control) {
        let expected = "like /microservices, without empty segments";
        return Err(url.wrong("namespace", namespace, expected));
    }
    Ok(namespace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default_but_the_host() {
        for url in ["etcd://127.0.0.1", "etcd://127.0.0.1:2379/"] {
            let options = parse(url).unwrap();
            assert_eq!(options.endpoints, ["127.0.0.1:2379"]);
            assert_eq!(options.credentials, None);
            assert_eq!(options.namespace, "/microservices");
            assert_eq!(options.ttl, Duration::from_secs(15));
            assert!(options.encryption.is_none());
        }
    }

    #[test]
    fn all_parts_are_parsed() {
        let options = parse("etcd://u%40x:p%2Fw%25@h1:1,[::1]:2,[fd00::1],h4/a/b/?ttl=3s").unwrap();
        assert_eq!(
            options.endpoints,
            ["h1:1", "[::1]:2", "[fd00::1]:2379", "h4:2379"]
        );
        let credentials = options.credentials.unwrap();
        assert_eq!(
            (&*credentials.user, &*credentials.password),
            ("u@x", "p/w%")
        );
        assert_eq!(options.namespace, "/a/b");
        assert_eq!(options.ttl, Duration::from_secs(3));
    }

    #[test]
    fn a_wrong_part_is_named_and_no_password_is_shown() {
        for (url, part) in [
            ("etcd:h:1", "beginning"),
            ("etcdx://h:1", "beginning"),
            ("etcd://", "endpoint"),
            ("etcd://h:1,", "endpoint"),
            ("etcd://h:x", "endpoint"),
            ("etcd://h:0", "endpoint"),
            ("etcd://::1:2379", "endpoint"),
            ("etcd://user@h:1", "user and password"),
            ("etcd://:secret@h:1", "user and password"),
            ("etcd://u:sec/ret@h:1", "user and password"),
            ("etcd://u:secret%zz@h:1", "user and password"),
            ("etcd://u:secret?x@h:1", "user and password"),
            ("etcd://u:secret@h:x", "endpoint"),
            ("etcd://user:secret", "endpoint"),
            ("etcd://user:secret/a?ttl=3s", "endpoint"),
            ("etcd://h:1//a", "namespace"),
            ("etcd://h:1/a?ttl=1s", "ttl"),
            ("etcd://h:1/a?ttl=15", "ttl"),
            ("etcd://h:1/a?ttl=", "ttl"),
            ("etcd://h:1/a?ttl=é", "ttl"),
            (
                "etcd://h:1?password=secret",
                "unknown parameter \"password\"",
            ),
            ("etcd://h:1/a?lease=3s", "unknown parameter \"lease\""),
            // Without TLS a certificate would be used for nothing.
            ("etcd://h:1/a?ca=/x", "unknown parameter \"ca\""),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.starts_with(part), "{url}: {error}");
            assert!(!error.contains("sec"), "{url}: {error}");
        }
        let options = parse("etcd://u:secret@h:1").unwrap();
        assert!(!format!("{options:?}").contains("secret"));
    }
}
