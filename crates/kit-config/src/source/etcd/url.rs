//! `etcd://user:password@host:port,host:port/config/orders`, parsed by hand because of the list of
//! hosts. No message repeats what could be a part of a password.

use std::fmt;

const SCHEME: &str = "etcd://";
const PORT: u16 = 2379;

/// Where settings are, and how to get at them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// `host:port` each.
    pub(super) hosts: Vec<String>,
    pub(super) login: Option<Login>,
    /// Begins with `/` and does not end in one.
    pub(super) path: String,
}

/// A user and the password.
#[derive(PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Takes a URL apart.
///
/// The last `@` before the first `/` ends the login, so that a `/` in a password that is not encoded is
/// seen by the `@` behind it. Everything but the login and the path has a default or is refused.
pub(super) fn parse(url: &str) -> Result<Target, String> {
    let wrong = |reason: &str| {
        format!("the URL {reason}; it has to be like `etcd://127.0.0.1:2379/config/orders`")
    };
    let rest = url
        .strip_prefix(SCHEME)
        .ok_or_else(|| wrong("does not begin with `etcd://`"))?;
    let (authority, path) = rest
        .split_once('/')
        .ok_or_else(|| wrong("has no path, which is where the settings are"))?;
    if path.contains(['@', '?', '#']) {
        return Err(wrong("has `@`, `?` or `#` behind its first `/`"));
    }
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        None => (None, authority),
    };
    let login = login.map(|login| {
        let (user, password) = login.split_once(':')?;
        let (user, password) = (decode(user)?, decode(password)?);
        (!user.is_empty()).then_some(Login { user, password })
    });
    let login = match login {
        Some(None) => {
            return Err(wrong(
                "has no `user:password`, percent-encoded, before its `@`",
            ));
        }
        Some(Some(login)) => Some(login),
        None => None,
    };
    let hosts = hosts.split(',').map(host).collect::<Option<Vec<_>>>();
    let path = path.trim_end_matches('/');
    if path.is_empty() || path.split('/').any(str::is_empty) {
        return Err(wrong("has a path with an empty part"));
    }
    Ok(Target {
        hosts: hosts.ok_or_else(|| wrong("has an endpoint that is not `host:port`"))?,
        login,
        path: format!("/{path}"),
    })
}

/// With the port, which etcd has a default for.
fn host(text: &str) -> Option<String> {
    let (host, port) = match text.rsplit_once(':') {
        // A colon inside the brackets of an IPv6 address is not the port's.
        Some((host, port)) if !port.ends_with(']') => {
            let digits = port.bytes().all(|b| b.is_ascii_digit());
            (host, port.parse().ok().filter(|port| digits && *port != 0)?)
        }
        _ => (text, PORT),
    };
    let is_ipv6 = host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty()
        && (is_ipv6 || !host.contains(':'))
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_:[]%".contains(c));
    is_host.then(|| format!("{host}:{port}"))
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let is_hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok();
        bytes.push(byte.filter(|_| is_hexadecimal)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_parsed() {
        let place = parse("etcd://u%40x:p%2Fw%25@h1:1,[::1]:2,[fd00::1],h4/a/b/").expect("a place");
        assert_eq!(
            place.hosts,
            ["h1:1", "[::1]:2", "[fd00::1]:2379", "h4:2379"]
        );
        let login = place.login.as_ref().expect("a login");
        assert_eq!((&*login.user, &*login.password), ("u@x", "p/w%"));
        assert_eq!(place.path, "/a/b");
        assert!(!format!("{place:?}").contains("p/w"));
    }

    #[test]
    fn a_wrong_part_is_named_and_no_password_is_shown() {
        for (url, part) in [
            ("etcd:h:1", "begin"),
            ("http://u:secret@h/a", "begin"),
            ("etcd://h:1", "no path"),
            ("etcd://h:1/", "empty part"),
            ("etcd://h:1/a//b", "empty part"),
            ("etcd:///a", "endpoint"),
            ("etcd://h,/a", "endpoint"),
            ("etcd://h:x/a", "endpoint"),
            ("etcd://h:0/a", "endpoint"),
            ("etcd://h:+1/a", "endpoint"),
            ("etcd://::1/a", "endpoint"),
            ("etcd://user@h/a", "user:password"),
            ("etcd://:secret@h/a", "user:password"),
            ("etcd://u:secret%zz@h/a", "user:password"),
            ("etcd://u:secret%+1@h/a", "user:password"),
            ("etcd://u:sec/ret@h:1/a", "`@`"),
            ("etcd://u:secret@h/a?x=secret", "`?`"),
        ] {
            let error = parse(url).expect_err(url);
            assert!(error.contains(part), "{url}: {error}");
            assert!(!error.contains("sec"), "{url}: {error}");
        }
    }
}
