//! User and password of a URL.

use std::ops::Range;

/// Where user and password stand in a URL, which an `@` ends. An `@` behind the host makes it longer than it is; a
/// text without scheme and host may be a login as a whole.
pub(crate) fn userinfo(text: &str) -> Option<Range<usize>> {
    let start = text.find("://").map_or(0, |at| at + "://".len());
    match text.rfind('@').filter(|at| *at >= start) {
        Some(end) => Some(start..end),
        None => is_login(text).then_some(0..text.len()),
    }
}

/// Whether a text has a user and a password, or may be nothing else: `app:hunter2` has neither scheme nor host, and
/// behind its colon is no port and no path.
pub(super) fn has_login(text: &str) -> bool {
    text.contains('@') || is_login(text)
}

fn is_login(text: &str) -> bool {
    let has_password = |host: &str| {
        let Some((_, port)) = host.rsplit_once(':') else {
            return false;
        };
        let port = port.split('/').next().unwrap_or_default();
        !port.ends_with(']') && !port.bytes().all(|byte| byte.is_ascii_digit())
    };
    !text.contains("://") && text.split(',').any(has_password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_with_and_without_a_host() {
        for (text, login) in [
            ("etcd://app:hunter2@h:2379", Some("app:hunter2")),
            ("app:hunter2@h", Some("app:hunter2")),
            ("app:hunter2", Some("app:hunter2")),
            ("h:2379,app:hunter2", Some("h:2379,app:hunter2")),
            ("etcd://h:2379/ns", None),
            ("h:2379,[::1]:2379/ns", None),
            ("[::1]", None),
            ("local:/run/kit", None),
            ("memory:", None),
            ("memory", None),
        ] {
            assert_eq!(userinfo(text).map(|range| &text[range]), login, "{text}");
            assert_eq!(has_login(text), login.is_some(), "{text}");
        }
    }
}
