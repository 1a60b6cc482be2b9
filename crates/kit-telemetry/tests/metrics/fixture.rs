//! The metrics of this process, for one app at a time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kit_telemetry::metrics::MetricsOptions;
use kit_telemetry::{Error, LogOptions, Telemetry, TelemetryOptions};

pub(crate) const MOST_SERIES: usize = 50;
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

static TELEMETRY: LazyLock<Mutex<Telemetry>> = LazyLock::new(|| {
    let metrics = MetricsOptions {
        max_series: MOST_SERIES,
        ..MetricsOptions::default()
    };
    let log = LogOptions {
        filter: "off".to_owned(),
        ..LogOptions::default()
    };
    let options = TelemetryOptions {
        log,
        metrics,
        ..TelemetryOptions::default()
    };
    let telemetry = Telemetry::init(&options, "orders").expect("the process has none");
    let again = Telemetry::init(&options, "orders");
    assert!(matches!(again, Err(Error::Subscriber)), "{again:?}");
    Mutex::new(telemetry)
});

/// The telemetry of this process, until the guard is dropped.
pub(crate) fn telemetry() -> MutexGuard<'static, Telemetry> {
    TELEMETRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks over a new connection of a client that shares no code with Kit, and blocks meanwhile.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// What `promtool check metrics` says of a page.
///
/// # Errors
/// Its complaints.
pub(crate) fn promtool(page: &str) -> Result<(), String> {
    let checked = kit_test_support::promtool(page);
    if checked.status.success() {
        return Ok(());
    }
    let said = [checked.stdout, checked.stderr].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}
