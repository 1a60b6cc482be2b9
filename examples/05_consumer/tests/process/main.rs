//! The consumer as a process, against a real Redis: what is processed, how often, and in which order it
//! stops.

#![cfg(unix)]

mod support;

mod drain;
mod failures;
mod stops;
