//! The built helloworld as the outside sees it: a process that is sent real signals, asked over
//! real sockets, and found in a real etcd.

#![cfg(unix)]

mod support;

mod arguments;
mod cut;
mod early;
mod empty;
mod failures;
mod frozen;
mod grpc;
mod http;
mod idle;
mod log;
mod networks;
mod open_files;
mod registry;
mod repair;
mod start;
mod stop;
mod waiting;
