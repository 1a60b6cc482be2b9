//! What an app has left behind, outside its tasks.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
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
                Address::Ip(address) => is_taken(address),
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

/// Whether a listener of this process takes connections at this address. Another process may have bound
/// the port as soon as it was free, and a socket that connects may be given the very port as its own.
fn is_taken(address: &SocketAddr) -> bool {
    TcpStream::connect_timeout(address, CONNECT).is_ok() && is_held(address.port())
}

/// Whether this process has a TCP socket that listens at this port; yes where the system does not say.
fn is_held(port: u16) -> bool {
    let Ok(descriptors) = fs::read_dir("/proc/self/fd") else {
        return true;
    };
    let links = descriptors.filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok());
    let held: HashSet<_> = links.collect();
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
    let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
    let mut lines = tables.iter().flat_map(|table| table.lines());
    lines.any(|line| {
        let inode = listening_inode(line, port);
        inode.is_some_and(|inode| held.contains(Path::new(&format!("socket:[{inode}]"))))
    })
}

/// The inode of a line of `/proc/net/tcp`, if it is that of a socket which listens at this port.
fn listening_inode(line: &str, port: u16) -> Option<&str> {
    const LISTEN: &str = "0A";
    let fields: Vec<_> = line.split_whitespace().collect();
    let &[_, local, _, state, _, _, _, _, _, inode, ..] = fields.as_slice() else {
        return None;
    };
    let (_, of_local) = local.rsplit_once(':')?;
    let is_it = state == LISTEN && u16::from_str_radix(of_local, 16) == Ok(port);
    is_it.then_some(inode)
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::OwnedFd;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_port_that_another_process_has_bound_is_not_left_by_this_one() {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(loopback) else {
                continue;
            };
            let address = listener.local_addr().expect("bound");
            assert!(is_taken(&address), "{address}");
            // From here on the socket is the child's alone.
            let mut sleep = Command::new("sleep");
            sleep.arg("600").stdin(OwnedFd::from(listener));
            let mut child = sleep.spawn().expect("a child");
            drop(sleep);
            let connected = TcpStream::connect_timeout(&address, CONNECT);
            let is_taken = is_taken(&address);
            child.kill().expect("a child that lives");
            child.wait().expect("a child");
            assert!(connected.is_ok(), "{address}: {connected:?}");
            assert!(!is_taken, "{address}");
        }
    }
}
