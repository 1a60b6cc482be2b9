//! Parses the text of a place to listen at.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::PathBuf;

use crate::inherited::InheritedKey;
use crate::listen::at::At;
use crate::listen::error::ListenError;

/// For examples in errors, where the text has no valid port.
const SOME_PORT: u16 = 8000;

pub(super) fn parse(text: &str) -> Result<At, ListenError> {
    place(text).map_err(|why| ListenError::new(text, why))
}

/// Looks at the whole text first, so that the error about `http://localhost` is its scheme and not
/// its missing port; then at host and port, the host first, because a name stays wrong with any
/// port.
fn place(text: &str) -> Result<At, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return unix(path);
    }
    if let Some(index) = text.strip_prefix("inherited:") {
        return InheritedKey::parse(index).map(At::Inherited);
    }
    if text.trim().is_empty() {
        return Err(format!(
            "it is empty; write {}",
            everywhere_or_here(SOME_PORT)
        ));
    }
    if text.contains(char::is_whitespace) {
        let text: String = text.split_whitespace().collect();
        return Err(without("it has a space in it", &text));
    }
    if let Some((_, rest)) = text.split_once("://") {
        let authority = rest.split('/').next().unwrap_or_default();
        return Err(without(
            "the scheme of a URL does not belong here",
            authority,
        ));
    }
    if text.starts_with(['/', '.', '~']) {
        return Err(format!("a Unix socket has a prefix; write `unix:{text}`"));
    }
    if let Some((authority, _)) = text.split_once('/') {
        let socket = format!("a path does not belong here; a Unix socket is `unix:{text}`");
        return Err(without(&socket, authority));
    }
    let (host, port) = divide(text)?;
    let host = Host::of(host, port)?;
    Ok(host.at(read_port(&host, port)?))
}

/// Proposes `left`, the text without `what`, if it is an address; else adds what is wrong with it.
fn without(what: &str, left: &str) -> String {
    match place(left) {
        Ok(_) => format!("{what}; write `{left}`"),
        Err(why) => format!("{what}; and without it, {why}"),
    }
}

/// The path behind `unix:`. `unix:///path` is the same as `unix:/path`; another authority, spaces at
/// the ends and abstract names are refused.
fn unix(path: &str) -> Result<At, String> {
    // gRPC and Docker write a URL whose authority is empty.
    let path = match path.strip_prefix("//") {
        Some(absolute) if absolute.starts_with('/') => absolute,
        Some("") => "",
        Some(rest) => {
            return Err(format!(
                "behind `unix://` a path begins with a third `/`; write `unix:/{rest}`, or \
                 `unix:{rest}` for one that begins in the working directory"
            ));
        }
        None => path,
    };
    if path.trim().is_empty() {
        return Err("the path is missing; write `unix:/run/server.sock`".to_owned());
    }
    if path.trim() != path {
        let path = path.trim();
        return Err(format!(
            "its path begins or ends with a space; write `unix:{path}`"
        ));
    }
    if path.starts_with('@') || path.contains('\0') {
        return Err(
            "a Unix socket has to be a file here, and not an abstract name; write \
             `unix:/run/server.sock`"
                .to_owned(),
        );
    }
    Ok(At::Unix(PathBuf::from(path)))
}

/// Divides the text into host and port; without a colon there is no port.
fn divide(text: &str) -> Result<(&str, Option<&str>), String> {
    if text.starts_with('[') {
        let Some(end) = text.find(']') else {
            return Err("the bracket is not closed; write such as `[::1]:8000`".to_owned());
        };
        let (host, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            None if !rest.is_empty() => Err(format!(
                "between `{host}` and the port stands a colon; write such as `{host}:{SOME_PORT}`"
            )),
            port => Ok((host, port)),
        };
    }
    if text.matches(':').count() > 1 {
        return Err(
            "an IPv6 address stands in brackets, and its port behind them; write such as \
             `[::1]:8000`"
                .to_owned(),
        );
    }
    Ok(text
        .split_once(':')
        .map_or((text, None), |(host, port)| (host, Some(port))))
}

/// The text in front of the port.
enum Host {
    Everywhere,
    Localhost,
    V4(Ipv4Addr),
    V6(Ipv6Addr, u32),
}

impl Host {
    /// Reads the host: an address in brackets, `localhost`, an IPv4 address, or nothing for every
    /// interface. For any other text the error guesses what was meant (a `*`, a port alone, a
    /// mistyped IPv4 address, else a name) and proposes a text with the same port.
    fn of(host: &str, port: Option<&str>) -> Result<Host, String> {
        let port = port.and_then(number).unwrap_or(SOME_PORT);
        if let Some(inner) = host.strip_prefix('[') {
            return Host::in_brackets(inner.trim_end_matches(']'), port);
        }
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(Host::Localhost);
        }
        if let Ok(v4) = host.parse() {
            return Ok(Host::V4(v4));
        }
        match host {
            "" => Ok(Host::Everywhere),
            "*" => Err(format!(
                "every interface is written without a `*`; write `:{port}`"
            )),
            _ if host.bytes().all(|byte| byte.is_ascii_digit()) => Err(format!(
                "a port alone does not say which interfaces; write {}",
                everywhere_or_here(number(host).unwrap_or(SOME_PORT))
            )),
            _ if host
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.') =>
            {
                Err(format!(
                    "`{host}` is not an IPv4 address, which has four numbers from 0 to 255; write \
                 such as `127.0.0.1:{port}`"
                ))
            }
            _ => Err(format!(
                "`{host}` is a name, and what it stands for may change; write the address of an \
                 interface, such as `10.0.0.7:{port}`, or {}",
                everywhere_or_here(port)
            )),
        }
    }

    fn in_brackets(inner: &str, port: u16) -> Result<Host, String> {
        let (address, scope) = match inner.split_once('%') {
            Some((address, scope)) => (address, scope.parse().ok()),
            None => (inner, Some(0)),
        };
        match (address.parse(), scope) {
            (Ok(v6), Some(scope)) => Ok(Host::V6(v6, scope)),
            (Ok(_), None) => Err(format!(
                "behind the `%` stands the number of an interface; write such as \
                 `[{address}%2]:{port}`"
            )),
            (Err(_), _) if inner.parse::<Ipv4Addr>().is_ok() => {
                Err(format!("brackets are for IPv6; write `{inner}:{port}`"))
            }
            (Err(_), _) => Err(format!(
                "`{inner}` is not an IPv6 address; write such as `[::1]:{port}`"
            )),
        }
    }

    fn at(&self, port: u16) -> At {
        match *self {
            Host::Everywhere => At::Everywhere(port),
            Host::Localhost => At::Localhost(port),
            Host::V4(v4) => At::Address((v4, port).into()),
            Host::V6(v6, scope) => {
                At::Address(SocketAddr::V6(SocketAddrV6::new(v6, port, 0, scope)))
            }
        }
    }

    /// The text of this host with a port.
    fn with(&self, port: u16) -> String {
        self.at(port).to_string()
    }
}

fn read_port(host: &Host, port: Option<&str>) -> Result<u16, String> {
    let example = host.with(SOME_PORT);
    match port {
        None | Some("") => Err(format!(
            "the port is missing; write such as `{example}` (port 0 lets the system choose)"
        )),
        Some(port) => number(port).ok_or_else(|| {
            format!("the port `{port}` is not a number from 0 to 65535; write such as `{example}`")
        }),
    }
}

/// Digits alone: `+80` is a number for Rust, and a typing error here.
fn number(port: &str) -> Option<u16> {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|_| digits)
}

fn everywhere_or_here(port: u16) -> String {
    format!("`:{port}` for every interface, or `localhost:{port}` for this machine alone")
}
