//! The log at the admin server.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use kit_app::{AdminAnswer, AdminRequest, AdminRoute};
use serde_json::json;

use super::filter::Filter;
use super::writer::LineQueue;

const PATH: &str = "/log";
/// The longest time after which a filter goes back.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// `GET /log` and `PUT /log`.
pub(super) fn routes(filter: &Arc<Filter>, lines: &Arc<LineQueue>) -> [AdminRoute; 2] {
    let (read, read_lines) = (Arc::clone(filter), Arc::clone(lines));
    let (changed, changed_lines) = (Arc::clone(filter), Arc::clone(lines));
    [
        AdminRoute::get(
            PATH,
            "the filter of the log, lines written and dropped",
            move |request| page(request, &read, &read_lines),
        ),
        AdminRoute::put(
            PATH,
            "another filter, such as info,orders=debug; ?for=10m",
            move |request| match change(request, &changed) {
                Ok(()) => page(request, &changed, &changed_lines),
                Err(why) => wrong(request, &why),
            },
        ),
    ]
}

/// # Errors
/// What is wrong with the request, and what would be right.
fn change(request: &AdminRequest<'_>, filter: &Arc<Filter>) -> Result<(), String> {
    let text = std::str::from_utf8(request.body());
    let text = text.map_err(|_| "the body is no UTF-8: it has to be a filter, such as `info`")?;
    let time = request.parameter("for").map(time).transpose()?;
    let by = format!("PUT {PATH} of {}", request.remote());
    let changed = filter.change(text.trim(), time, by, request.scope());
    changed.map_err(|error| error.to_string())
}

/// # Errors
/// A text that is no time, and what would be one.
fn time(text: &str) -> Result<Duration, String> {
    let time = kit_units::parse_duration(text);
    let time = time.map_err(|error| format!("the parameter `for` is wrong: {error}"))?;
    if time.is_zero() || time > LONGEST {
        let why = "it has to be longer than zero and at most 24 hours";
        return Err(format!("the parameter `for` is {text}: {why}"));
    }
    Ok(time)
}

fn page(request: &AdminRequest<'_>, filter: &Filter, lines: &LineQueue) -> AdminAnswer {
    let (status, counts) = (filter.status(), lines.counts());
    if request.wants_json() {
        let json = json!({
            "filter": status.current,
            "configured": status.configured,
            "back_in_seconds": status.left.map(|left| left.as_secs_f64()),
            "lines": {
                "written": counts.written,
                "dropped": counts.dropped,
                "waiting": counts.waiting,
            },
        });
        return AdminAnswer::json(format!("{json}\n"));
    }
    let back = match status.left {
        Some(left) => format!(", back in {}s", left.as_secs()),
        None => String::new(),
    };
    AdminAnswer::text(format!(
        "filter      {}{back}\nconfigured  {}\nlines       {} written, {} dropped, {} waiting\n",
        status.current, status.configured, counts.written, counts.dropped, counts.waiting,
    ))
}

fn wrong(request: &AdminRequest<'_>, why: &str) -> AdminAnswer {
    let answer = if request.wants_json() {
        AdminAnswer::json(format!("{}\n", json!({ "error": why })))
    } else {
        AdminAnswer::text(format!("{why}\n"))
    };
    answer.status(StatusCode::BAD_REQUEST)
}
