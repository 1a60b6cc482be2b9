//! Reloads, by request and by changes of files.

mod dropped;
mod home;
mod requests;
#[cfg(unix)]
mod watched;
