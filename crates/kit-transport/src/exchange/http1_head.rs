//! HTTP/1.1: what the driver must know of the head of a request.

use http::header::HOST;
use http::request::Parts;
use http::{HeaderValue, Uri, Version};

use crate::exchange::host::{self, BadHost};

/// The head of a request of HTTP/1.1, as one pass over its fields shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Http1Head {
    /// Bytes on the wire, as clients write it: with one space after a colon.
    pub(crate) length: u64,
    pub(crate) host: Result<(), BadHost>,
}

impl Http1Head {
    pub(crate) fn of(head: &Parts) -> Http1Head {
        let version = "HTTP/1.1".len();
        let line = head.method.as_str().len() + 1 + target_length(&head.uri) + 1 + version + 2;
        let mut length = line + 2;
        let mut hosts = (None, None);
        for (name, value) in &head.headers {
            length += name.as_str().len() + 2 + value.len() + 2;
            if name == HOST {
                hosts = (Some(value), hosts.0);
            }
        }
        Http1Head {
            length: length as u64,
            host: check(head.version, hosts),
        }
    }
}

fn target_length(uri: &Uri) -> usize {
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + 3);
    let authority = uri
        .authority()
        .map_or(0, |authority| authority.as_str().len());
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    scheme + authority + path
}

/// RFC 9112, 3.2: HTTP/1.1 has one `Host`, earlier versions need none, and none has two or one that
/// is no host. It may be empty, as for a target without an authority.
fn check(
    version: Version,
    hosts: (Option<&HeaderValue>, Option<&HeaderValue>),
) -> Result<(), BadHost> {
    match hosts {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (None, _) => Err(BadHost::Missing),
        (Some(_), Some(_)) => Err(BadHost::Twice),
        (Some(host), None) if host::is_host(host.as_bytes()) => Ok(()),
        (Some(_), None) => Err(BadHost::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn its_length_is_what_a_client_writes() {
        let length_of = |uri: &str| {
            let request = Request::get(uri).header("host", "test").header("a", "");
            let (head, ()) = request.body(()).expect("a request").into_parts();
            Http1Head::of(&head).length
        };
        let length = |text: &str| text.len() as u64;
        assert_eq!(
            length_of("/held?a=b"),
            length("GET /held?a=b HTTP/1.1\r\nhost: test\r\na: \r\n\r\n")
        );
        assert_eq!(
            length_of("http://test:80/"),
            length("GET http://test:80/ HTTP/1.1\r\nhost: test\r\na: \r\n\r\n")
        );
        assert_eq!(
            length_of("*"),
            length("GET * HTTP/1.1\r\nhost: test\r\na: \r\n\r\n")
        );
    }

    #[test]
    fn only_http_1_1_needs_a_host_and_none_has_two() {
        let host_of = |version, hosts: &[&str]| {
            let mut request = Request::get("/").version(version).header("a", "b");
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let request = request.header("c", "d").body(()).expect("a request");
            Http1Head::of(&request.into_parts().0).host
        };
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert_eq!(host_of(version, &["test"]), Ok(()));
            assert_eq!(host_of(version, &[""]), Ok(()));
            assert_eq!(host_of(version, &["test", "test"]), Err(BadHost::Twice));
            assert_eq!(host_of(version, &["a", "b", "c"]), Err(BadHost::Twice));
            assert_eq!(host_of(version, &["a b"]), Err(BadHost::Invalid));
        }
        assert_eq!(host_of(Version::HTTP_10, &[]), Ok(()));
        assert_eq!(host_of(Version::HTTP_11, &[]), Err(BadHost::Missing));
    }
}
