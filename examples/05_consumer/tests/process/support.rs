//! The broker and the processes of the tests.

mod broker;
mod process;

pub(crate) use broker::Broker;
pub(crate) use kit_test_support::{PATIENCE, Process, Signal, soon};
pub(crate) use process::{expect_order, post, spawn};
