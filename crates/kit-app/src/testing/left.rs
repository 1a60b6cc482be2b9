//! What an app has left behind, outside its tasks.

use std::net::TcpStream;
use std::time::Duration;
use std::{fs, thread};

use kit_transport::Address;
use tokio::time::Instant;

use crate::AppHandle;
use crate::plural::plural;

/// How long a connection to a port of this machine may take.
const CONNECT: Duration = Duration::from_millis(500);

/// The addresses of the app's servers at which connections are still taken.
pub(super) fn listeners(handle: &AppHandle) -> Vec<String> {
    let mut left = Vec::new();
    let components = handle.components().into_iter();
    let components = components.map(|of| (of.name, of.listening));
    let admin = handle.core().journal.admin().to_vec();
    for (name, listening) in components.chain([("admin".to_owned(), admin)]) {
        for listening in &listening {
            let taken = match listening.address() {
                Address::Ip(address) => TcpStream::connect_timeout(address, CONNECT).is_ok(),
                #[cfg(unix)]
                Address::Unix(path) => std::os::unix::net::UnixStream::connect(path).is_ok(),
                _ => false,
            };
            if taken {
                left.push(format!("{name} still takes connections at {listening}"));
            }
        }
    }
    left
}

/// The threads that have the name of its home: those of its runtime that are still in blocking code,
/// and those without a name that code of the app has started. The thread that asks does not count.
///
/// The system does not say which thread has started which: a name is what they share. On Linux alone;
/// elsewhere the runtime's tasks and the app's own threads, which stand in its tree, are all.
pub(super) fn threads(name: &str, within: Duration) -> Option<String> {
    let limit = Instant::now() + within;
    loop {
        let count = count_threads(name).saturating_sub(1);
        if count == 0 {
            return None;
        }
        if Instant::now() >= limit {
            let threads = plural(count, "thread");
            return Some(format!(
                "{threads} that the app has started, or that its blocking tasks hold"
            ));
        }
        // The system has no event for the end of a thread that is not joined.
        thread::sleep(Duration::from_millis(5));
    }
}

fn count_threads(name: &str) -> usize {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let names = threads.filter_map(|thread| {
        // A thread may end before its name is read.
        fs::read_to_string(thread.ok()?.path().join("comm")).ok()
    });
    names.filter(|found| found.trim_end() == name).count()
}
