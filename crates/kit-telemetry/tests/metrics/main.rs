//! The metrics of real apps, read over real sockets.
//!
//! A process has one recorder, and so the apps of these tests run one after the other.

mod blocked;
mod everything;
mod fixture;
mod page;
mod shown;
