//! The trace of a request, which begins when it is asked for.

use std::sync::OnceLock;

use ::http::HeaderMap;

use super::context::TraceContext;
use crate::TraceSampling;

/// The place of a request in a trace, once a layer takes part in it.
///
/// A trace that begins with the request is made by the first that asks for it: where no span is open and
/// nothing is sent to another server, no code does.
#[derive(Debug, Default)]
pub(crate) struct TraceSlot {
    known: OnceLock<TraceContext>,
    /// Whether a trace that begins here is sampled; none while no trace begins here.
    begins: OnceLock<TraceSampling>,
}

impl TraceSlot {
    /// Takes part in the trace of a request with these headers, or lets one begin, which is sampled as
    /// `sampling` says. The layers of a request are called one after the other, and the first holds.
    pub(super) fn take_part(&self, headers: &HeaderMap, sampling: impl FnOnce() -> TraceSampling) {
        if self.begins.get().is_some() || self.known.get().is_some() {
            return;
        }
        match TraceContext::parse(headers) {
            Some(context) => {
                let _ = self.known.set(context);
            }
            None => {
                let _ = self.begins.set(sampling());
            }
        }
    }

    /// The place; `None` if no layer takes part.
    pub(crate) fn get(&self) -> Option<&TraceContext> {
        let known = self.known.get();
        known.or_else(|| {
            let sampling = *self.begins.get()?;
            Some(self.known.get_or_init(|| begin(sampling)))
        })
    }
}

fn begin(sampling: TraceSampling) -> TraceContext {
    let context = TraceContext::begin();
    if sampling.samples(context.trace_id().to_bytes()) {
        context.sampled()
    } else {
        context
    }
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    #[test]
    fn all_that_ask_get_the_trace_that_one_of_them_has_begun() {
        let slot = TraceSlot::default();
        assert!(slot.get().is_none());
        slot.take_part(&HeaderMap::new(), TraceSampling::all);
        let all: Vec<_> = std::thread::scope(|scope| {
            let ask = || slot.get().map(ToString::to_string);
            let threads = [(); 8].map(|()| scope.spawn(ask));
            threads
                .into_iter()
                .map(|thread| thread.join().expect("it ends"))
                .collect()
        });
        assert!(all[0].is_some());
        assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    }

    #[test]
    fn the_outermost_layer_decides() {
        let mut headers = HeaderMap::new();
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert("traceparent", HeaderValue::from_static(parent));
        for (outer, inner, is_continued) in [
            (&headers, &HeaderMap::new(), true),
            (&HeaderMap::new(), &headers, false),
        ] {
            let slot = TraceSlot::default();
            slot.take_part(outer, || TraceSampling::one_in(0));
            slot.take_part(inner, TraceSampling::all);
            let context = slot.get().expect("a trace");
            assert_eq!(context.parent_id().is_some(), is_continued);
            assert_eq!(context.is_sampled(), is_continued, "one in 0 is none");
        }
    }
}
