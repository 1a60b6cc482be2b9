//! `etcd://user:password@host:port,host:port/namespace?ttl=15s`, parsed by hand because of the list
//! of hosts.

use std::fmt;
use std::time::Duration;

use crate::Error;
use crate::endpoint::check_host;
use crate::redacted::odd_ports_hidden;

const SCHEME: &str = "etcd://";
const DEFAULT_PORT: u16 = 2379;
const DEFAULT_NAMESPACE: &str = "/microservices";
const DEFAULT_TTL: Duration = Duration::from_secs(15);
/// etcd raises anything below one and a half election timeouts; more than a day is a mistake.
const TTL_SECONDS: std::ops::RangeInclusive<u64> = 2..=86_400;

/// The parts of the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// `host:port` each.
    pub(super) endpoints: Vec<String>,
    pub(super) login: Option<Login>,
    /// Begins with a `/` and does not end in one.
    pub(super) namespace: String,
    pub(super) ttl: Duration,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***", self.user)
    }
}

pub(super) fn parse(url: &str) -> Result<Options, Error> {
    let Some(rest) = url.strip_prefix(SCHEME) else {
        return Err(Error::url(url, "beginning", "", "etcd://host:port"));
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
        Some((login, hosts)) => (Some(parse_login(url, login)?), hosts),
        None => (None, authority),
    };
    let endpoints = hosts
        .split(',')
        .map(|host| parse_host(url, host))
        .collect::<Result<_, _>>()?;
    Ok(Options {
        endpoints,
        login,
        namespace: parse_namespace(url, path)?,
        ttl: parse_query(url, query)?,
    })
}

fn parse_login(url: &str, login: &str) -> Result<Login, Error> {
    let wrong = |expected| Error::url(url, "user and password", "***", expected);
    let Some((user, password)) = login.split_once(':') else {
        return Err(wrong("user:password"));
    };
    if user.is_empty() {
        return Err(wrong("user:password with a user"));
    }
    let decode = |text| percent_decode(text).ok_or_else(|| wrong("percent-encoded UTF-8"));
    Ok(Login {
        user: decode(user)?,
        password: decode(password)?,
    })
}

fn parse_host(url: &str, text: &str) -> Result<String, Error> {
    let wrong = |expected| Error::url(url, "endpoint", odd_ports_hidden(text), expected);
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
        None => DEFAULT_PORT,
        Some(port) => port
            .parse()
            .ok()
            .filter(|number| *number != 0 && !port.starts_with('+'))
            .ok_or_else(|| wrong("host:port with a port from 1 to 65535"))?,
    };
    Ok(format!("{host}:{port}"))
}

fn parse_namespace(url: &str, path: &str) -> Result<String, Error> {
    let namespace = path.trim_end_matches('/');
    if namespace.is_empty() {
        return Ok(DEFAULT_NAMESPACE.to_owned());
    }
    if namespace.contains("//") || namespace.chars().any(char::is_control) {
        let expected = "like /microservices, without empty segments";
        return Err(Error::url(url, "namespace", namespace, expected));
    }
    Ok(namespace.to_owned())
}

fn parse_query(url: &str, query: &str) -> Result<Duration, Error> {
    let mut ttl = DEFAULT_TTL;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("ttl", value)) => {
                ttl = parse_seconds(value)
                    .ok_or_else(|| Error::url(url, "ttl", value, "from 2s to 24h, as in 15s"))?;
            }
            _ => {
                // Its value may be a secret that belongs elsewhere.
                let key = pair.split('=').next().unwrap_or_default();
                return Err(Error::url(url, "query", key, "ttl, as in ?ttl=15s"));
            }
        }
    }
    Ok(ttl)
}

/// Leases are counted in whole seconds.
fn parse_seconds(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = digits.parse::<u64>().ok()?.checked_mul(factor)?;
    TTL_SECONDS
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            decoded.push(first);
            rest = after;
            continue;
        }
        let (hex, after) = after.split_at_checked(2)?;
        let hex = std::str::from_utf8(hex).ok()?;
        if hex.starts_with('+') {
            return None;
        }
        decoded.push(u8::from_str_radix(hex, 16).ok()?);
        rest = after;
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default_but_the_host() {
        let options = parse("etcd://127.0.0.1").unwrap();
        assert_eq!(options.endpoints, ["127.0.0.1:2379"]);
        assert_eq!(options.login, None);
        assert_eq!(options.namespace, "/microservices");
        assert_eq!(options.ttl, Duration::from_secs(15));
        assert_eq!(parse("etcd://127.0.0.1:2379/").unwrap(), options);
    }

    #[test]
    fn a_ttl_is_in_seconds_minutes_or_hours() {
        for (ttl, seconds) in [("2s", 2), ("90s", 90), ("2m", 120), ("24h", 86_400)] {
            let options = parse(&format!("etcd://h/?ttl={ttl}")).unwrap();
            assert_eq!(options.ttl, Duration::from_secs(seconds), "{ttl}");
        }
        for ttl in ["1s", "25h", "1d", "h", "+5s"] {
            assert!(parse(&format!("etcd://h/?ttl={ttl}")).is_err(), "{ttl}");
        }
    }

    #[test]
    fn all_parts_are_parsed() {
        let options = parse("etcd://u%40x:p%2Fw%25@h1:1,[::1]:2,[fd00::1],h4/a/b/?ttl=3s").unwrap();
        assert_eq!(
            options.endpoints,
            ["h1:1", "[::1]:2", "[fd00::1]:2379", "h4:2379"]
        );
        let login = options.login.unwrap();
        assert_eq!((&*login.user, &*login.password), ("u@x", "p/w%"));
        assert_eq!(options.namespace, "/a/b");
        assert_eq!(options.ttl, Duration::from_secs(3));
    }

    #[test]
    fn a_wrong_part_is_named_and_no_password_is_shown() {
        for (url, part) in [
            ("etcd:h:1", "beginning"),
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
            ("etcd://h:1?password=secret", "query"),
            ("etcd://h:1//a", "namespace"),
            ("etcd://h:1/a?ttl=1s", "ttl"),
            ("etcd://h:1/a?ttl=15", "ttl"),
            ("etcd://h:1/a?ttl=", "ttl"),
            ("etcd://h:1/a?ttl=é", "ttl"),
            ("etcd://h:1/a?lease=3s", "query"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.starts_with(part), "{url}: {error}");
            assert!(!error.contains("sec"), "{url}: {error}");
        }
        let options = parse("etcd://u:secret@h:1").unwrap();
        assert!(!format!("{options:?}").contains("secret"));
    }
}
