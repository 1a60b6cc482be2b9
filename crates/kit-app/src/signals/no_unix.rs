//! Systems whose signals are not handled yet: asking for them is an error, not silence.

use std::io;

use kit_sync::Scope;

use super::roles::{AfterRun, Role};
use super::signal::Signal;

#[derive(Debug)]
pub(super) struct Handlers(std::convert::Infallible);

impl Handlers {
    pub(super) fn stand(_: impl Iterator<Item = (Signal, Role)>) -> io::Result<Handlers> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "only Unix signals are handled: use Signals::none()",
        ))
    }

    pub(super) fn read(
        self,
        _: &Scope,
        _: impl Fn(Vec<Signal>) -> Option<i32> + Send + 'static,
    ) -> io::Result<Standing> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(super) struct Standing(std::convert::Infallible);

impl Standing {
    pub(super) fn after_run(&mut self, _: AfterRun) {}

    pub(super) fn holds(&self, _: Signal) -> bool {
        match self.0 {}
    }

    pub(super) fn keep(&mut self, _: impl Fn(Signal) -> bool) {}

    pub(super) fn close(self, _: AfterRun) {}

    pub(super) fn leak(self) {}
}

pub(super) fn end_process(code: i32) {
    signal_hook::low_level::exit(code);
}
