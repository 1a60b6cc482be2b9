//! URLs of registries as they may be shown: without passwords.

/// `url` with `***` where its password stands.
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
    match url[start..at].find(':') {
        Some(colon) => format!("{}:***{}", &url[..start + colon], &url[at..]),
        // A user alone, or a token.
        None => format!("{}***{}", &url[..start], &url[at..]),
    }
}

/// `hosts` with `***` in place of ports that are no numbers: without a host behind it, such a port may
/// be a password.
pub(crate) fn odd_ports_hidden(hosts: &str) -> String {
    let hidden = hosts.split(',').map(|host| match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') && !port.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{name}:***")
        }
        _ => host.to_owned(),
    });
    hidden.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("etcd://u:p@h:1/ns", "etcd://u:***@h:1/ns"),
            ("etcd://u:p@s/s:w@h:1", "etcd://u:***@h:1"),
            ("etcd://u:p/p@h:1", "etcd://u:***@h:1"),
            ("etcd://user@h:1", "etcd://***@h:1"),
            ("consul://token@h:1/?dc=a", "consul://***@h:1/?dc=***"),
            ("etcd://h:1/ns?ttl=3s", "etcd://h:1/ns?ttl=3s"),
            ("memory:", "memory:"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
