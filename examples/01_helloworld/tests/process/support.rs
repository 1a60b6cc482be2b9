//! Processes and clients that the tests share.

mod collector;
mod etcd_client;
mod greeter;
mod http;
mod poll;
mod process;
mod service;

pub(crate) use collector::Collector;
pub(crate) use etcd_client::EtcdClient;
pub(crate) use greeter::{Greeter, channel};
pub(crate) use http::{Http, Response};
pub(crate) use kit_test_support::{Etcd, dead_address};
pub(crate) use poll::{PATIENCE, poll_pending, soon};
pub(crate) use process::{Exit, HELLOWORLD, Process, VARIABLES};
pub(crate) use rustix::process::Signal;
pub(crate) use service::{FREE_PORTS, Service, key};
