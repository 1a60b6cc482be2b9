//! The answers to an orchestrator's probes, as the application gives them to its servers.

use std::fmt;
use std::sync::Arc;

/// A question of an orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Probed {
    /// Whether the process makes progress; `/livez`.
    Live,
    /// Whether it may receive traffic; `/readyz`.
    Ready,
    /// Whether its start is complete; `/startupz`.
    Started,
}

/// The answer: yes or no, and a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// Yes or no.
    pub passes: bool,
    /// `ok`, or the reasons; all facts, when they were asked for.
    pub text: String,
}

type ProbeFn = dyn Fn(Probed, bool) -> ProbeAnswer + Send + Sync;

/// The answers to probes: a value of the application
/// ([`Context::with_app_values`](crate::Context::with_app_values)), which `http::probes` finds. An app of
/// `kit-app` gives it.
///
/// ```
/// use kit_transport::{ProbeAnswer, Probed, Probes};
///
/// let probes = Probes::new(|what, _is_verbose| ProbeAnswer {
///     passes: what != Probed::Ready,
///     text: "still warming up".to_owned(),
/// });
/// assert!(!probes.answer(Probed::Ready, false).passes);
/// ```
#[derive(Clone)]
pub struct Probes(Arc<ProbeFn>);

impl Probes {
    /// Answers that `answer` gives to a question; its second argument asks for all facts. It runs
    /// where a request is served, and must not block.
    pub fn new(answer: impl Fn(Probed, bool) -> ProbeAnswer + Send + Sync + 'static) -> Probes {
        Probes(Arc::new(answer))
    }

    /// The answer, with its reasons or with all facts.
    #[must_use]
    pub fn answer(&self, what: Probed, is_verbose: bool) -> ProbeAnswer {
        (self.0)(what, is_verbose)
    }
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes").finish_non_exhaustive()
    }
}
