//! The export against collectors that are real: on the official protos, and behind real sockets.

mod collector;
mod export;
mod failing;
mod measures;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod program;
mod secrets;
mod spans;
