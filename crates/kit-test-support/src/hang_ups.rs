//! Programs that hear a hang-up, also where the tests run under `nohup`.

use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

/// SIGHUP, in the sets of signals that the system shows.
const HANG_UP: u64 = 1;

/// Lets the programs that are started from here take SIGHUP, where this process was started with it ignored.
///
/// A program inherits ignored signals, and caught ones have their default action in it. Kit keeps an ignored
/// hang-up ignored, so without this no test of a reload would end.
///
/// # Panics
/// When the signal cannot be caught.
pub fn hear_hang_ups() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if is_ignored() {
            let caught = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal_hook::consts::SIGHUP, caught)
                .expect("SIGHUP can be caught");
        }
    });
}

fn is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    ignored.is_some_and(|set| set & HANG_UP != 0)
}
