//! Programs that take their signals, also where the tests run under `nohup` or in the background of a shell.

use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};

/// Lets the programs that are started from here take SIGHUP, SIGINT and SIGQUIT, where this process was started with
/// them ignored.
///
/// A program inherits ignored signals, and caught ones have their default action in it. `nohup` ignores the first, and
/// a shell without job control the two others for what it starts by `&`. An ignored hang-up stays ignored in Kit,
/// and after its last run no signal gets another action than it had, so tests would wait for what never comes.
///
/// # Panics
/// When a signal cannot be caught.
pub fn take_ignored_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored();
        for signal in [SIGHUP, SIGINT, SIGQUIT] {
            if ignored & (1 << (signal - 1)) != 0 {
                let caught = Arc::new(AtomicBool::new(false));
                signal_hook::flag::register(signal, caught).expect("a signal that can be caught");
            }
        }
    });
}

/// The set of ignored signals; empty where the system does not show it.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    set.unwrap_or_default()
}
