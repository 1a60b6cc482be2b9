//! What an access log shows, and of which requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::http::{HeaderName, Request};
use tracing::Level;

use super::redact::Redaction;
use crate::layers::facts::Facts;
use crate::layers::operations::Protocol;
use crate::layers::outcome::{Class, Outcome};
use crate::layers::select::Select;

/// What the paths of health and reflection begin with.
const ASIDE: [&str; 2] = ["/grpc.health.", "/grpc.reflection."];

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) quiet: Option<Select>,
    /// One of this many successes is shown; 0 for none.
    pub(super) sampled: u64,
    pub(super) query: bool,
    pub(super) headers: Vec<HeaderName>,
    pub(super) redaction: Redaction,
    /// How many successes there were, to choose some of them; counted for all copies of the layer.
    pub(super) successes: Arc<AtomicU64>,
}

impl Options {
    /// Whether a line has what only an option shows.
    pub(super) fn shows_more(&self) -> bool {
        self.query || !self.headers.is_empty()
    }

    /// Whether the line of a success is written. Each counts once, if some are left out; nothing else is
    /// ordered by it.
    pub(super) fn takes_success(&self) -> bool {
        match self.sampled {
            0 => false,
            1 => true,
            count => {
                let number = self.successes.fetch_add(1, Ordering::Relaxed);
                number.is_multiple_of(count)
            }
        }
    }

    /// Whether the line of a request is for those that look closely.
    pub(super) fn is_quiet<B>(&self, request: &Request<B>, facts: &Facts) -> bool {
        let path = request.uri().path();
        let is_aside = match facts.protocol() {
            Protocol::Grpc => ASIDE.iter().any(|prefix| path.starts_with(prefix)),
            Protocol::Http => facts.is_of_probe(),
        };
        let selects = |select: &Select| select.selects(facts, path);
        is_aside || self.quiet.as_ref().is_some_and(selects)
    }
}

/// The level of a line.
pub(super) fn level(outcome: &Outcome, is_quiet: bool) -> Level {
    match outcome.class() {
        Class::Broken => Level::ERROR,
        Class::Strained | Class::Fine if is_quiet => Level::DEBUG,
        Class::Strained => Level::WARN,
        Class::Fine => Level::INFO,
    }
}
