//! Which requests may change the state of the app.

use std::hint::black_box;
use std::net::IpAddr;

use http::StatusCode;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use kit_transport::Address;

/// Which requests may change the state of the app.
///
/// A token that is set is always asked for. Without one the way of a request has to be one that is for
/// this machine alone: a Unix socket, whose file has permissions; or loopback in development, because
/// in a container the neighbours of a pod share it. A web page that a browser of this machine shows can
/// reach loopback too: its requests have an `Origin`, or a `Host` that its author has chosen.
pub(super) struct Access {
    token: Option<String>,
    is_development: bool,
}

/// Why a request may change nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) status: StatusCode,
    pub(super) why: &'static str,
}

impl Access {
    pub(super) fn new(token: Option<String>, is_development: bool) -> Access {
        Access {
            token,
            is_development,
        }
    }

    /// # Errors
    /// 403, or 401 when the token is missing or another one.
    pub(super) fn check(&self, head: &Parts, remote: &Address) -> Result<(), Denied> {
        if head.headers.contains_key(ORIGIN) {
            return forbid(
                "a request with an `Origin` comes from a web page, and may change nothing",
            );
        }
        if let Some(token) = &self.token {
            return if shown(head).is_some_and(|shown| is_same(shown, token.as_bytes())) {
                Ok(())
            } else {
                Err(Denied {
                    status: StatusCode::UNAUTHORIZED,
                    why: "the token is missing or another one: send `Authorization: Bearer TOKEN`",
                })
            };
        }
        if !is_host_loopback(head) {
            return forbid(
                "the `Host` of a request without a token has to be this machine: `localhost`, \
                 `127.0.0.1` or `[::1]`",
            );
        }
        match remote {
            Address::Unix(_) => Ok(()),
            Address::Ip(remote) if !is_loopback(remote.ip()) => {
                forbid("no token is set, so requests from other machines may change nothing")
            }
            Address::Ip(_) if self.is_development => Ok(()),
            _ => forbid(
                "no token is set, and this is not known to be development (Kubernetes, the first \
                 process of a container, or surroundings that were not detected): set \
                 `Admin::token`, or use a Unix socket",
            ),
        }
    }
}

fn forbid(why: &'static str) -> Result<(), Denied> {
    let status = StatusCode::FORBIDDEN;
    Err(Denied { status, why })
}

/// The token that a request shows.
fn shown(head: &Parts) -> Option<&[u8]> {
    let mut all = head.headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (all.next()?, all.next()) else {
        return None;
    };
    let (scheme, token) = first.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// Takes the same time wherever the first difference is.
fn is_same(shown: &[u8], token: &[u8]) -> bool {
    let mut difference = shown.len() ^ token.len();
    for (index, byte) in shown.iter().enumerate() {
        let expected = token.get(index).copied().unwrap_or_default();
        difference |= usize::from(byte ^ black_box(expected));
    }
    black_box(difference) == 0
}

/// Whether every name that the request has for this server is one of this machine's, and there is one.
fn is_host_loopback(head: &Parts) -> bool {
    let hosts = head.headers.get_all(HOST).iter();
    let hosts = hosts.map(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let mut names = hosts
        .chain(head.uri.authority().cloned().map(Some))
        .peekable();
    let is_loopback = |name: Option<Authority>| {
        name.is_some_and(|name| match name.host() {
            host if host.eq_ignore_ascii_case("localhost") => true,
            host => {
                let host = host.trim_start_matches('[').trim_end_matches(']');
                host.parse().is_ok_and(is_loopback)
            }
        })
    };
    names.peek().is_some() && names.all(is_loopback)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::Request;

    use super::*;

    fn head(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post("/stop");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn status(access: &Access, remote: &str, headers: &[(&str, &str)]) -> u16 {
        let remote = match remote.strip_prefix("unix:") {
            Some(path) => Address::Unix(path.into()),
            None => Address::Ip(remote.parse::<SocketAddr>().unwrap()),
        };
        let checked = access.check(&head(headers), &remote);
        checked.map_or_else(|denied| denied.status.as_u16(), |()| 200)
    }

    const LOCAL: &str = "127.0.0.1:41000";
    const OTHER: &str = "10.0.0.7:41000";
    const UNIX: &str = "unix:";

    #[test]
    fn without_a_token_the_way_decides() {
        let development = Access::new(None, true);
        let production = Access::new(None, false);
        let host = [("host", "localhost:9090")];
        for (remote, in_development, in_production) in [
            (LOCAL, 200, 403),
            ("[::1]:41000", 200, 403),
            ("[::ffff:127.0.0.1]:41000", 200, 403),
            (OTHER, 403, 403),
            (UNIX, 200, 200),
        ] {
            assert_eq!(
                status(&development, remote, &host),
                in_development,
                "{remote}"
            );
            assert_eq!(
                status(&production, remote, &host),
                in_production,
                "{remote}"
            );
        }
    }

    #[test]
    fn a_request_that_a_web_page_can_send_changes_nothing() {
        let access = Access::new(None, true);
        for (host, expected) in [
            ("localhost", 200),
            ("LOCALHOST:9090", 200),
            ("127.0.0.1:9090", 200),
            ("127.1.2.3", 200),
            ("[::1]:9090", 200),
            ("localhost.evil.example", 403),
            ("evil.example:9090", 403),
            ("10.0.0.7:9090", 403),
            ("127.0.0.1.evil.example", 403),
            ("a b", 403),
            ("", 403),
        ] {
            for remote in [LOCAL, UNIX] {
                assert_eq!(
                    status(&access, remote, &[("host", host)]),
                    expected,
                    "{host}"
                );
            }
        }
        assert_eq!(status(&access, LOCAL, &[]), 403);
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(status(&access, LOCAL, &two), 403);
        for origin in ["http://localhost:9090", "null"] {
            let headers = [("host", "localhost"), ("origin", origin)];
            assert_eq!(status(&access, LOCAL, &headers), 403);
        }
        let mut absolute = head(&[("host", "localhost")]);
        absolute.uri = "http://evil.example/stop".parse().unwrap();
        let local = Address::Ip(LOCAL.parse().unwrap());
        assert!(access.check(&absolute, &local).is_err());
    }

    #[test]
    fn a_token_that_is_set_is_always_asked_for() {
        let access = Access::new(Some("s3cret".to_owned()), true);
        for remote in [LOCAL, OTHER, UNIX] {
            let with = |value: &str| {
                let host = ("host", "orders.internal:9090");
                status(&access, remote, &[host, ("authorization", value)])
            };
            assert_eq!(with("Bearer s3cret"), 200);
            assert_eq!(with("bearer s3cret"), 200);
            for wrong in [
                "Bearer s3cre",
                "Bearer s3crets",
                "Bearer ",
                "Bearer",
                "Basic s3cret",
                "s3cret",
            ] {
                assert_eq!(with(wrong), 401, "{wrong}");
            }
            assert_eq!(status(&access, remote, &[("host", "localhost")]), 401);
            let headers = [
                ("authorization", "Bearer s3cret"),
                ("authorization", "Bearer s3cret"),
            ];
            assert_eq!(status(&access, remote, &headers), 401);
            let headers = [
                ("authorization", "Bearer s3cret"),
                ("origin", "http://localhost"),
            ];
            assert_eq!(status(&access, remote, &headers), 403);
        }
    }
}
