//! Settings that are loaded anew while an app runs.
#![cfg(unix)]

mod emptied;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "clap")]
mod flags;
mod fuzz;
mod home;
mod hook;
mod kratos;
mod process;
mod program;

/// What the tests start; by itself it does nothing.
#[test]
#[ignore = "a program for the other tests"]
fn program() {
    if std::env::var(program::ROLE).as_deref() == Ok("serve") {
        process::serve();
    }
}
