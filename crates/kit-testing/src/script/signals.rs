//! The signals that a script may have, by their numbers.

/// Asks for a reload, and never for a stop.
pub(crate) const HUP: i32 = 1;
/// Asks for a stop, and the second one of a stop forces it.
pub(crate) const INT: i32 = 2;
/// Forces a stop, and asks for one when there is none.
pub(crate) const QUIT: i32 = 3;
/// Asks for a stop.
pub(crate) const TERM: i32 = 15;
/// SIGUSR1, which asks for a dump: each system has another number for it.
#[cfg(unix)]
pub(crate) const DUMP: i32 = kit_app::Signal::USR1.number();
/// A system without SIGUSR1 has a reload in its place.
#[cfg(not(unix))]
pub(crate) const DUMP: i32 = HUP;
