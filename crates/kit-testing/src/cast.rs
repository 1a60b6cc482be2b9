//! The parts of a scripted app at work: each behaves as its script says and writes down what it does and sees.

mod acting;
mod components;
mod consumer;
mod hooks;
mod latch;
mod living;
mod log;
mod registry;
mod resource;
mod server;

pub(crate) use acting::{call, nth};
pub(crate) use components::{add_groups, add_jobs, add_workers};
pub(crate) use hooks::{add_hooks, add_reload_hooks};
pub(crate) use living::{live, spawn_beside};
pub(crate) use log::{Log, Open};
pub(crate) use registry::ScriptedRegistry;
pub(crate) use resource::add_resources;
pub(crate) use server::ScriptedServer;
