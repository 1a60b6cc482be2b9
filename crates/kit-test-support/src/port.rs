//! Ports for servers that are given theirs.

use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port for a server that may be away for a while. Ports are below those that the system gives to
/// outgoing connections, and none comes twice, so that no other process takes one meanwhile.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    // Test programs that run side by side begin at different places.
    let begin = process::id().wrapping_mul(997) % COUNT;
    for _ in 0..COUNT {
        let offset = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + (begin + offset) % COUNT).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}
