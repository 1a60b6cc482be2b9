//! The admin server of a real app, asked over real sockets from other threads.

mod added;
mod blocked;
mod client;
mod commands;
mod fixture;
mod lifetime;
mod log;
mod pages;
mod traffic;
