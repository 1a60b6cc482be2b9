//! The URLs at which an instance is reached.

#[cfg(feature = "schema")]
mod schema;

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::Error;

/// A URL at which others reach an instance: `scheme://host:port`, parsed once.
///
/// The scheme is any (`http`, `https`, `grpc`, `grpcs`, …); host and port are always there. An IPv6
/// host stands in brackets. A path or query behind the port, as other programs write them, is kept
/// as it is.
///
/// ```
/// # fn main() -> Result<(), kit_registry::Error> {
/// use kit_registry::Endpoint;
///
/// let endpoint: Endpoint = "grpc://[fd00::7]:9000".parse()?;
/// assert_eq!(endpoint.scheme(), "grpc");
/// assert_eq!(endpoint.host(), "fd00::7");
/// assert_eq!(endpoint.port(), 9000);
/// assert_eq!(endpoint.authority(), "[fd00::7]:9000");
/// assert_eq!(Endpoint::new("grpc", "fd00::7", 9000)?, endpoint);
/// # Ok(())
/// # }
/// ```
///
/// Settings and other texts hold it as its URL, and a URL that is wrong is an error where it is read.
#[derive(Clone, serde::Deserialize, serde::Serialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint {
    text: String,
    /// Offsets into `text`: the end of the scheme, and the authority's range.
    scheme: usize,
    authority: (usize, usize),
    port: u16,
}

const SHAPE: &str = "scheme://host:port";

impl Endpoint {
    /// An endpoint from its three parts. An IPv6 host may come with or without its brackets.
    ///
    /// # Errors
    /// [`Error::Invalid`] when scheme or host is empty or holds a character that it cannot have.
    pub fn new(scheme: &str, host: &str, port: u16) -> Result<Endpoint, Error> {
        if host.contains(':') && !host.starts_with('[') {
            format!("{scheme}://[{host}]:{port}").parse()
        } else {
            format!("{scheme}://{host}:{port}").parse()
        }
    }

    /// An endpoint at a socket address.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the scheme is empty or holds a character that it cannot have.
    pub fn from_addr(scheme: &str, addr: SocketAddr) -> Result<Endpoint, Error> {
        format!("{scheme}://{addr}").parse()
    }

    /// The whole URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme: the protocol that is spoken there, such as `http`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.text[..self.scheme]
    }

    /// The host, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.authority();
        let host = &authority[..authority.rfind(':').unwrap_or(authority.len())];
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as one connects to them: `host:port`, `[v6]:port`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.text[self.authority.0..self.authority.1]
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Endpoint, Error> {
        parse(text.to_owned())
    }
}

impl TryFrom<String> for Endpoint {
    type Error = Error;

    fn try_from(text: String) -> Result<Endpoint, Error> {
        parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl AsRef<str> for Endpoint {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> String {
        endpoint.text
    }
}

/// Takes the text apart from the left: scheme, authority, and the rest, which is not looked into. Each
/// check refuses with the shape that would be right; the offsets of the parts are kept, and the text
/// stays as it was written.
fn parse(text: String) -> Result<Endpoint, Error> {
    let invalid = |expected| Error::Invalid {
        what: "endpoint",
        value: text.clone(),
        expected,
    };
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(invalid(SHAPE));
    };
    let scheme_is_good = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !scheme_is_good {
        return Err(invalid(
            "a scheme of letters, digits, '+', '-' or '.' before ://",
        ));
    }
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let Some((host, port)) = authority.rsplit_once(':') else {
        return Err(invalid("scheme://host:port with a port"));
    };
    check_host(host).map_err(invalid)?;
    // `u16::from_str` accepts a sign.
    let port = Some(port)
        .filter(|port| port.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|port| port.parse().ok())
        .filter(|port| *port != 0)
        .ok_or_else(|| invalid("scheme://host:port with a port from 1 to 65535"))?;
    if rest.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(invalid("a URL without spaces and control characters"));
    }
    let start = scheme.len() + "://".len();
    Ok(Endpoint {
        scheme: scheme.len(),
        authority: (start, start + authority.len()),
        port,
        text,
    })
}

pub(crate) fn check_host(host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("scheme://host:port with a host");
    }
    if host.contains('@') {
        return Err("scheme://host:port without user and password");
    }
    if let Some(v6) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        // A zone, as in fe80::1%eth0, means something on this machine only, but is valid.
        let address = v6.split('%').next().unwrap_or(v6);
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err("scheme://[host]:port with an IPv6 address in the brackets"),
        };
    }
    if host.contains([':', '[', ']']) {
        return Err("scheme://[host]:port, an IPv6 address in brackets");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_parsed_once_and_kept_as_written() {
        let endpoint: Endpoint = "http://127.0.0.1:8000".parse().unwrap();
        assert_eq!(endpoint.scheme(), "http");
        assert_eq!(endpoint.host(), "127.0.0.1");
        assert_eq!(endpoint.port(), 8000);
        assert_eq!(endpoint.authority(), "127.0.0.1:8000");
        assert_eq!(endpoint.to_string(), "http://127.0.0.1:8000");
    }

    #[test]
    fn an_ipv6_host_is_bracketed() {
        let endpoint = Endpoint::new("http", "::1", 80).unwrap();
        assert_eq!(endpoint.as_str(), "http://[::1]:80");
        assert_eq!(endpoint.host(), "::1");
        assert_eq!(Endpoint::new("http", "[::1]", 80).unwrap(), endpoint);
        let addr = "[::1]:80".parse().unwrap();
        assert_eq!(Endpoint::from_addr("http", addr).unwrap(), endpoint);
    }

    #[test]
    fn a_foreign_query_is_kept() {
        let endpoint: Endpoint = "grpc://10.0.0.1:9000?isSecure=true".parse().unwrap();
        assert_eq!(endpoint.authority(), "10.0.0.1:9000");
        assert_eq!(endpoint.as_str(), "grpc://10.0.0.1:9000?isSecure=true");
    }

    #[test]
    fn settings_hold_it_as_its_url() {
        let endpoint: Endpoint = serde_json::from_str("\"http://h:80\"").unwrap();
        assert_eq!(endpoint.port(), 80);
        assert_eq!(serde_json::to_string(&endpoint).unwrap(), "\"http://h:80\"");
        let error = serde_json::from_str::<Endpoint>("\"h:80\"").unwrap_err();
        assert!(error.to_string().contains("scheme://host:port"), "{error}");
    }

    #[test]
    fn the_wrong_part_is_named() {
        for (text, part) in [
            ("127.0.0.1:80", "scheme://host:port"),
            ("1p://h:1", "a scheme of letters"),
            ("http://", "a port"),
            ("http://:80", "a host"),
            ("http://h", "a port"),
            ("http://h:0", "1 to 65535"),
            ("http://h:+1", "1 to 65535"),
            ("http://h:65536", "1 to 65535"),
            ("http://u:p@h:1", "without user"),
            ("http://::1:80", "in brackets"),
            ("http://[::g]:80", "an IPv6 address"),
            ("http://a b:80", "without spaces"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
