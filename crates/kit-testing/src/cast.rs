//! The parts of a scripted app at work: each behaves as its script says and writes down what it does and sees.

mod acting;
mod components;
mod living;
mod log;
mod registry;
mod resource;
mod server;
mod worker;

pub(crate) use acting::{call, nth};
pub(crate) use components::{add_jobs, add_workers};
pub(crate) use living::live;
pub(crate) use log::{Log, Open};
pub(crate) use registry::ScriptedRegistry;
pub(crate) use resource::add_resources;
pub(crate) use server::ScriptedServer;
