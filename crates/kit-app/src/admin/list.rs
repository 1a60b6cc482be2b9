//! The routes of every admin server.

/// A line for each route that every admin server has.
pub(super) const LIST: &str = "\
GET  /livez      the runtime makes progress; ?verbose
GET  /readyz     the app may receive traffic; ?verbose
GET  /startupz   the start is complete; ?verbose
GET  /info       name, version, id, endpoints
GET  /tasks      the tasks that live now, by owner
GET  /lifecycle  stage, components, checks, registrations, events
POST /drain      deregister, health down, intake closed; everything is served
POST /undrain    take that back
POST /stop       stop
";

/// The last line of the list.
pub(super) const FORMS: &str = "?format=json or Accept: application/json for JSON\n";

/// Whether the admin server has a route at this path by itself.
pub(super) fn is_built_in(path: &str) -> bool {
    let mut paths = LIST
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    path == "/" || paths.any(|built_in| built_in == path)
}
