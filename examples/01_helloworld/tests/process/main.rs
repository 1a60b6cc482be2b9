//! The built helloworld from outside: a process with real signals, real sockets, and a real etcd.

#![cfg(unix)]

mod support;

mod admin;
mod arguments;
mod around;
mod config;
mod cut;
mod early;
mod empty;
mod failures;
mod frozen;
mod grpc;
mod http;
mod idle;
mod instants;
mod log;
mod networks;
mod open_files;
mod registry;
mod reload;
mod repair;
mod rolling;
mod start;
mod stop;
mod telemetry;
mod waiting;
