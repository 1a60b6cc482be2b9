//! Warnings, with the date, of certificates that are not valid or expire soon.

use std::time::{Duration, SystemTime};

use kit_transport::Tls;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tracing::Level;

use super::{Authority, Signed, serve};
use crate::fixture::PATIENCE;
use crate::log::{self, logged};

/// Seconds from 1970 to now.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// Days from 1970 to now.
fn today() -> u64 {
    now() / DAY
}

const DAY: u64 = 24 * 60 * 60;

/// A certificate for these days.
fn signed(authority: &Authority, days: std::ops::Range<u64>) -> Signed {
    signed_for(authority, days.start * DAY..days.end * DAY)
}

/// A certificate for the time between these seconds.
fn signed_for(authority: &Authority, seconds: std::ops::Range<u64>) -> Signed {
    let at = |second: u64| date_time_ymd(1970, 1, 1) + Duration::from_secs(second);
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (at(seconds.start), at(seconds.end));
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.0).unwrap();
    Signed {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_or_not_for_long_is_a_warning_at_the_start() {
    let (mut warnings, _here) = log::of_thread(Level::WARN);
    let authority = Authority::new();
    let day = today();
    for (days, expected) in [
        (day - 10..day + 300, None),
        (1..365, Some(("has expired", "on 1971-01-01 00:00:00 UTC"))),
        (
            60_000..60_001,
            Some(("is not valid before", "before 2134-04-11 00:00:00 UTC")),
        ),
        (day - 10..day + 10, Some(("expires soon", " 00:00:00 UTC"))),
    ] {
        let own = signed(&authority, days.clone());
        let server = serve(own.tls()).await;
        let lines = logged(&mut warnings);
        match expected {
            None => assert!(lines.is_empty(), "{lines:?}"),
            Some((what, date)) => {
                assert_eq!(lines.len(), 1, "{lines:?}");
                assert!(
                    lines[0].contains(what) && lines[0].contains(date),
                    "{lines:?}"
                );
                assert!(lines[0].contains("certificate 1 of "), "{lines:?}");
            }
        }
        // The second certificate of a chain is warned of as well.
        server.stop_within(PATIENCE).await.nothing_cut();
        let good = signed(&authority, day - 10..day + 300);
        let chain = Signed {
            certificate: good.certificate + &own.certificate,
            key: good.key,
        };
        let server = serve(chain.tls()).await;
        let lines = logged(&mut warnings);
        assert_eq!(lines.len(), usize::from(expected.is_some()), "{lines:?}");
        assert!(
            lines.iter().all(|line| line.contains("certificate 2 of ")),
            "{lines:?}"
        );
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_a_warning_when_it_is_reloaded() {
    let (mut warnings, _here) = log::of_thread(Level::WARN);
    let authority = Authority::new();
    let day = today();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    signed(&authority, day - 10..day + 300).write(folder.path());
    let tls = Tls::new(path("tls.crt"), path("tls.key"));
    let server = serve(tls.reload(Duration::from_millis(1))).await;
    assert!(logged(&mut warnings).is_empty());
    signed(&authority, 1..365).write(folder.path());
    // Each file is looked at many times, and its warning is logged once.
    for (days, date) in [(1..365, "1971-01-01"), (1..366, "1971-01-02")] {
        signed(&authority, days).write(folder.path());
        let line = timeout(PATIENCE, warnings.recv()).await;
        let line = line.expect("a warning in time").expect("a line");
        assert!(
            line.contains("has expired") && line.contains(date),
            "{line}"
        );
        assert!(line.contains("tls.crt"), "{line}");
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// The next line, in time.
async fn next(lines: &mut UnboundedReceiver<String>) -> String {
    let line = timeout(PATIENCE, lines.recv()).await;
    line.expect("a line in time").expect("a line")
}

#[tokio::test]
async fn a_certificate_whose_file_is_gone_is_a_warning_when_it_expires() {
    let (mut warnings, _here) = log::of_thread(Level::WARN);
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    signed_for(&authority, now() - DAY..now() + 2).write(folder.path());
    let tls = Tls::new(path("tls.crt"), path("tls.key"));
    let server = serve(tls.reload(Duration::from_millis(1))).await;
    let line = next(&mut warnings).await;
    assert!(line.contains("expires soon"), "{line}");
    std::fs::remove_file(path("tls.crt")).unwrap();
    let line = next(&mut warnings).await;
    assert!(line.contains("has expired"), "{line}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn each_time_at_which_a_file_cannot_be_used_is_an_error_and_so_is_the_next_one() {
    let (mut errors, _here) = log::of_thread(Level::ERROR);
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let day = today();
    let own = signed(&authority, day - 10..day + 300);
    own.write(folder.path());
    let tls = Tls::new(path("tls.crt"), path("tls.key"));
    let server = serve(tls.reload(Duration::from_millis(1))).await;
    for _ in 0..2 {
        std::fs::remove_file(path("tls.crt")).unwrap();
        let line = next(&mut errors).await;
        assert!(line.contains("cannot use a changed certificate"), "{line}");
        // The same content as before: it is what the server uses.
        own.write(folder.path());
        let (mut lines, here) = log::of_thread(Level::INFO);
        let line = next(&mut lines).await;
        assert!(line.contains("are again what is used"), "{line}");
        drop(here);
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}
