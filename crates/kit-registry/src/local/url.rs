//! The URL of a directory: `local:/path?ttl=10s&poll=500ms`.

use std::path::PathBuf;
use std::time::Duration;

use crate::url::percent_decoded;
use crate::{Error, Parameters};

/// The time after which an entry that is not touched runs out.
const TTL: Duration = Duration::from_secs(10);
/// In milliseconds.
const HOUR: u64 = 3_600_000;

/// What the URL says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) path: PathBuf,
    pub(super) ttl: Duration,
    /// The time between two looks; `None` for notices of the system.
    pub(super) poll: Option<Duration>,
}

/// Takes the text apart: the path up to the first `?`, which is absolute and percent-decoded, then pairs of
/// names and values. Each part that is wrong is an error with the form that would be right.
pub(super) fn parse(url: &str) -> Result<Location, Error> {
    let rest = url.strip_prefix("local:").unwrap_or(url);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let wrong_path = |expected| Error::url(url, "path", path, expected);
    // Two slashes begin a host, which is empty here.
    let plain = path.strip_prefix("//").unwrap_or(path);
    if !plain.starts_with('/') {
        return Err(wrong_path("absolute, as in local:/run/kit"));
    }
    let decoded = percent_decoded(plain).ok_or_else(|| wrong_path("percent-encoded UTF-8"))?;
    if decoded.contains('\0') {
        return Err(wrong_path("without NUL"));
    }
    let parameters = Parameters::parse(url, query, &["poll", "ttl"])?;
    let ttl = parameters.millis("ttl", 1_000..=HOUR, "from 1s to 1h, as in 10s")?;
    Ok(Location {
        path: PathBuf::from(decoded),
        ttl: ttl.unwrap_or(TTL),
        poll: parameters.millis("poll", 50..=HOUR, "from 50ms to 1h, as in 500ms")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_two_parameters() {
        let plain = parse("local:/run/kit").unwrap();
        assert_eq!(plain.path, PathBuf::from("/run/kit"));
        assert_eq!((plain.ttl, plain.poll), (TTL, None));
        assert_eq!(parse("local:///run/kit").unwrap(), plain);
        let all = parse("local:/a%20b/%25?poll=500%6ds&ttl=2m").unwrap();
        assert_eq!(all.path, PathBuf::from("/a b/%"));
        assert_eq!(all.ttl, Duration::from_secs(120));
        assert_eq!(all.poll, Some(Duration::from_millis(500)));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        for (url, message) in [
            (
                "local:",
                r#"path of the registry URL local: must be absolute, as in local:/run/kit, not """#,
            ),
            (
                "local:run",
                r#"path of the registry URL local:run must be absolute, as in local:/run/kit, not "run""#,
            ),
            (
                "local://host/run",
                r#"path of the registry URL local://host/run must be absolute, as in local:/run/kit, not "//host/run""#,
            ),
            (
                "local:/%zz",
                r#"path of the registry URL local:/%zz must be percent-encoded UTF-8, not "/%zz""#,
            ),
            (
                "local:/a%00",
                r#"path of the registry URL local:/a%00 must be without NUL, not "/a%00""#,
            ),
            (
                "local:/a?ttl=0s",
                r#"ttl of the registry URL local:/a?ttl=0s must be from 1s to 1h, as in 10s, not "0s""#,
            ),
            (
                "local:/a?ttl=2h",
                r#"ttl of the registry URL local:/a?ttl=2h must be from 1s to 1h, as in 10s, not "2h""#,
            ),
            (
                "local:/a?ttl=10",
                r#"ttl of the registry URL local:/a?ttl=10 must be from 1s to 1h, as in 10s, not "10""#,
            ),
            (
                "local:/a?pol=1s",
                r#"unknown parameter "pol" in the registry URL local:/a?pol=***, did you mean poll? known are poll, ttl"#,
            ),
            (
                "local:/a?ttl=5s&ttl=6s",
                r#"ttl of the registry URL local:/a?ttl=5s&ttl=6s must be given once, not "twice""#,
            ),
        ] {
            assert_eq!(parse(url).unwrap_err().to_string(), message);
        }
        for url in [
            "local:/a?poll=1ms",
            "local:/a?poll",
            "local:/a?poll=99999999999999999999s",
            "local:/a?=",
            "local:/a?ttl=5sec",
        ] {
            parse(url).expect_err(url);
        }
    }
}
