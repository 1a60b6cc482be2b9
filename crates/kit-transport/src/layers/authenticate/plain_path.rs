//! Paths by which nothing may be excluded.

/// Whether a service behind a path that routes by itself can only read it as it is written: one that
/// decodes or shortens it finds another path, which is perhaps not excluded.
pub(super) fn is_plain(path: &str) -> bool {
    let hides = |encoded: &[u8]| {
        let is = |hidden: &[u8; 3]| encoded.eq_ignore_ascii_case(hidden);
        encoded.starts_with(b"%") && [b"%2e", b"%2f", b"%5c", b"%25"].into_iter().any(is)
    };
    let is_whole = |segment: &str| !matches!(segment, "" | "." | "..");
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    // A slash at the end is as usual as none.
    let last = segments.next_back().unwrap_or_default();
    !path.contains('\\')
        && !path.as_bytes().windows(3).any(hides)
        && segments.all(is_whole)
        && (last.is_empty() || is_whole(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_can_be_read_in_two_ways_is_not_plain() {
        for path in [
            "/", "", "*", "/a", "/a/", "/a/b.c", "/a/...", "/a%20b", "/%c3%a9",
        ] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/a/./b",
            "/a/../b",
            "/..",
            "/.",
            "/a/%2e%2E/b",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%252e",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
