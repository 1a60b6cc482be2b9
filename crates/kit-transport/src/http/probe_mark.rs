//! The mark by which a server tells Kit's probes from other routes, before a request comes.

use std::cell::Cell;

thread_local! {
    /// Whether a mark was cloned since the last look.
    static CLONED: Cell<bool> = const { Cell::new(false) };
}

/// Part of each handler of `probes`.
///
/// A route hides the type of its handler, so nothing can be asked of it; and its path may be another
/// route's as well, of another server. What every service passes on to the services inside it is a clone:
/// a handler with this mark is in a route whose clone leaves a trace.
pub(super) struct ProbeMark;

impl Clone for ProbeMark {
    fn clone(&self) -> ProbeMark {
        CLONED.set(true);
        ProbeMark
    }
}

/// Whether this service is around a handler with the mark. One that shares what is inside it among its
/// clones, as a whole router does, has none.
pub(crate) fn has_mark<S: Clone>(service: &S) -> bool {
    CLONED.set(false);
    drop(service.clone());
    CLONED.replace(false)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::Router;
    use axum::extract::Request;
    use axum::response::Response;
    use axum::routing::{MethodRouter, get};
    use tower::ServiceBuilder;
    use tower::util::BoxCloneSyncService;

    use super::*;

    #[test]
    fn a_mark_is_seen_through_layers_and_not_where_it_is_one_of_several() {
        let mark = ProbeMark;
        let marked = move || {
            let mark = mark.clone();
            get(move || async move {
                let _mark = &mark;
            })
        };
        let other: MethodRouter = get(|| async {});
        assert!(has_mark::<MethodRouter>(&marked()));
        assert!(!has_mark(&other));
        let layered = ServiceBuilder::new()
            .concurrency_limit(1)
            .service(marked().with_state::<()>(()));
        let boxed: BoxCloneSyncService<Request, Response, Infallible> =
            BoxCloneSyncService::new(layered);
        assert!(has_mark(&boxed));
        let router: Router = Router::new()
            .route("/marked", marked())
            .route("/other", other);
        assert!(!has_mark(&router.clone()));
        assert!(!has_mark(&router));
    }
}
