//! Systems whose signals are not handled yet: asking for them is an error, not silence.

use std::io;

use kit_sync::Scope;

#[derive(Debug)]
pub(super) struct Guard;

pub(super) fn install(
    _scope: &Scope,
    _react: impl Fn(i32) -> Option<i32> + Send + 'static,
) -> io::Result<Guard> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "only Unix signals are handled: use Signals::none()",
    ))
}

pub(super) fn process_ends_with_the_app() {}

pub(super) fn end_process(code: i32) {
    signal_hook::low_level::exit(code);
}
