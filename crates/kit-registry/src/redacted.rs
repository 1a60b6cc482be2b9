//! URLs of registries as they may be shown: without logins.

use std::net::Ipv6Addr;

/// `url` with `***` where its login stands: what stands before a colon may be the beginning of a token.
pub(crate) fn redacted(url: &str) -> String {
    match url.rsplit_once('?') {
        Some((url, query)) if !query.contains('@') => {
            let hidden = query.split('&').map(|pair| match pair.split_once('=') {
                Some((key, _)) if key != "ttl" => format!("{key}=***"),
                _ => pair.to_owned(),
            });
            let query = hidden.collect::<Vec<_>>().join("&");
            format!("{}?{query}", without_login(url))
        }
        _ => without_login(url),
    }
}

/// `url`, which begins with hosts, with `***` where a password stands, or text that may be one.
pub(crate) fn redacted_hosts(url: &str) -> String {
    let marked = redacted(&format!("://{url}"));
    marked["://".len()..].to_owned()
}

fn without_login(url: &str) -> String {
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
            ("consul://token@h:1/?dc=a", "consul://***@h:1/?dc=***"),
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
