//! URLs of registries as they may be shown: without logins.

use std::net::Ipv6Addr;

/// The parameters whose values are no secret in any scheme.
const PLAIN: [&str; 5] = ["dc", "poll", "remove_after", "tag", "ttl"];

/// `url` with `***` where its login stands, and in place of the values of most parameters.
///
/// Behind a `?` an `@` is either the end of a password with a `?` in it, or a part of a value: then nothing but the scheme
/// is shown.
pub(crate) fn redacted(url: &str) -> String {
    match url.split_once('?') {
        None => without_login(url),
        Some((_, query)) if query.contains('@') => {
            let scheme = url.find("://").map_or(0, |at| at + 3);
            format!("{}***", &url[..scheme])
        }
        Some((front, query)) => {
            let hidden = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, _)) if !PLAIN.contains(&name) => format!("{name}=***"),
                _ => pair.to_owned(),
            });
            let query = hidden.collect::<Vec<_>>().join("&");
            format!("{}?{query}", without_login(front))
        }
    }
}

/// `url`, which begins with hosts, with `***` where a password stands, or text that may be one.
pub(crate) fn redacted_hosts(url: &str) -> String {
    let marked = redacted(&format!("://{url}"));
    marked["://".len()..].to_owned()
}

/// `url`, without parameters, with `***` where its login stands.
pub(crate) fn without_login(url: &str) -> String {
    // A path, which may hold any character and has no login before it.
    if url.starts_with("local:/") && !url.starts_with("local://") {
        return url.to_owned();
    }
    let start = url.find("://").map_or(0, |at| at + 3);
    // A password may hold any character when it was not escaped, even '/' and '@'.
    let Some(at) = url[start..].rfind('@').map(|at| start + at) else {
        let end = url[start..]
            .find(['/', '?'])
            .map_or(url.len(), |at| start + at);
        return match start {
            0 => url.to_owned(),
            _ => format!(
                "{}{}{}",
                &url[..start],
                odd_ports_hidden(&url[start..end]),
                &url[end..]
            ),
        };
    };
    format!("{}***{}", &url[..start], &url[at..])
}

/// `hosts` with `***` in place of ports that are no numbers, and of what stands between a name and a port:
/// it may be a password whose `@` is missing.
pub(crate) fn odd_ports_hidden(hosts: &str) -> String {
    let hidden = hosts.split(',').map(|host| match host.rsplit_once(':') {
        _ if is_ipv6(host) || host.ends_with(']') => host.to_owned(),
        Some((name, _)) if name.contains(':') && !is_ipv6(name) && !name.ends_with(']') => {
            let user = name.split(':').next().unwrap_or_default();
            format!("{user}:***")
        }
        Some((name, port)) if !port.bytes().all(|b| b.is_ascii_digit()) => format!("{name}:***"),
        _ => host.to_owned(),
    });
    hidden.collect::<Vec<_>>().join(",")
}

fn is_ipv6(host: &str) -> bool {
    host.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("etcd://u:p@h:1/ns", "etcd://***@h:1/ns"),
            ("etcd://u:p@s/s:w@h:1", "etcd://***@h:1"),
            ("etcd://u:p/p@h:1", "etcd://***@h:1"),
            ("etcd://user@h:1", "etcd://***@h:1"),
            ("consul://token@h:1/?dc=a", "consul://***@h:1/?dc=a"),
            ("x://h?token=s&ca=/s", "x://h?token=***&ca=***"),
            ("etcd://h:1?password=s?s", "etcd://h:1?password=***"),
            ("etcd://u:p?s@h:1/ns?password=s", "etcd://***"),
            ("x://h?token=s@s", "x://***"),
            ("local:/a:b@c/d?ttl=3s", "local:/a:b@c/d?ttl=3s"),
            ("etcd://h:1/ns?ttl=3s", "etcd://h:1/ns?ttl=3s"),
            ("consul://to:ken@h", "consul://***@h"),
            ("etcd://u:secret:2379", "etcd://u:***"),
            (
                "etcd://u:secret:h:2379,[::1]:1,::1:2",
                "etcd://u:***,[::1]:1,::1:2",
            ),
            ("memory:", "memory:"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
