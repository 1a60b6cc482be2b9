//! The page `/metrics` of the admin server.

use kit_app::{AdminAnswer, AdminRoute, AppHandle};

use super::sample::Samples;
use super::text;

const TEXT_FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The route of the page with what `read` gives.
pub(super) fn route(
    read: impl Fn(&AppHandle) -> Samples + Send + Sync + 'static,
) -> Option<AdminRoute> {
    let about = "metrics, in Prometheus' text form";
    Some(AdminRoute::get("/metrics", about, move |request| {
        AdminAnswer::new(TEXT_FORM, text::page(&read(request.app())))
    }))
}
