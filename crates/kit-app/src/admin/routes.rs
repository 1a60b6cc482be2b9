//! Which page or command a request is for.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use kit_transport::{Address, CallContext};
use serde_json::json;

use super::access::Access;
use super::answers::Answer;
use super::format::{Format, Wanted};
use super::pages;
use crate::AppHandle;

/// The admin server's answers. Nothing here waits: they come from a thread that must not be held up.
pub(super) struct Routes {
    app: AppHandle,
    access: Access,
}

/// A change of the app's state.
enum Command {
    Drain,
    Undrain,
    Stop,
}

const LIST: &str = "\
GET  /livez      the runtime makes progress; ?verbose
GET  /readyz     the app may receive traffic; ?verbose
GET  /startupz   the start is complete; ?verbose
GET  /info       name, version, id, endpoints
GET  /tasks      the tasks that live now, by owner
GET  /lifecycle  stage, components, checks, registrations, events
POST /drain      deregister, health down, intake closed; everything is served
POST /undrain    take that back
POST /stop       stop
?format=json or Accept: application/json for JSON
";

impl Routes {
    pub(super) fn new(app: AppHandle, access: Access) -> Routes {
        Routes { app, access }
    }

    pub(super) fn answer(&self, head: &Parts) -> Response<Bytes> {
        match Wanted::of(head) {
            Ok(wanted) => self.route(head, &wanted),
            Err(why) => Answer::error(StatusCode::BAD_REQUEST, Format::Text, &why),
        }
        .into_response()
    }

    fn route(&self, head: &Parts, wanted: &Wanted) -> Answer {
        let (app, format) = (&self.app, wanted.format);
        let page = |page: &dyn Fn() -> Answer| match head.method {
            Method::GET | Method::HEAD => page(),
            _ => Answer::wrong_method(format, "GET, HEAD"),
        };
        match head.uri.path() {
            "/" => {
                let json = || json!({ "routes": LIST.lines().collect::<Vec<_>>() });
                page(&|| Answer::ok(format, || LIST, json))
            }
            "/livez" => page(&|| pages::probe(&app.liveness(), wanted)),
            "/readyz" => page(&|| pages::probe(&app.readiness(), wanted)),
            "/startupz" => page(&|| pages::probe(&app.startup(), wanted)),
            "/info" => page(&|| pages::info(app, format)),
            "/tasks" => page(&|| pages::tasks(app, format)),
            "/lifecycle" => page(&|| pages::lifecycle(app, format)),
            "/drain" => self.command(head, format, &Command::Drain),
            "/undrain" => self.command(head, format, &Command::Undrain),
            "/stop" => self.command(head, format, &Command::Stop),
            _ => Answer::error(
                StatusCode::NOT_FOUND,
                format,
                "no such route: `/` lists them",
            ),
        }
    }

    fn command(&self, head: &Parts, format: Format, command: &Command) -> Answer {
        if head.method != Method::POST {
            return Answer::wrong_method(format, "POST");
        }
        let Some(call) = CallContext::of(&head.extensions) else {
            // Every request of the driver has one.
            return Answer::error(StatusCode::FORBIDDEN, format, "the client is not known");
        };
        let remote = &call.peer().remote;
        if let Err(denied) = self.access.check(head, remote) {
            return Answer::denied(denied.status, format, denied.why);
        }
        self.execute(command, remote, format)
    }

    /// Does what was asked for.
    ///
    /// Each command may come again: the answer says whether this one has changed anything.
    fn execute(&self, command: &Command, remote: &Address, format: Format) -> Answer {
        let app = &self.app;
        match command {
            Command::Drain => {
                let begins = app.drain(format!("POST /drain from {remote}"));
                let text = match (begins, app.is_drained()) {
                    (true, _) => "the drain begins",
                    (false, true) => "drained already",
                    (false, false) => "the app stops, which does all that a drain does",
                };
                let json = || json!({ "drained": app.is_drained(), "changed": begins });
                Answer::ok(format, || text, json)
            }
            Command::Undrain => match app.undrain() {
                Ok(changed) => {
                    let text = if changed {
                        "the drain is taken back"
                    } else {
                        "there was no drain"
                    };
                    let json = || json!({ "drained": false, "changed": changed });
                    Answer::ok(format, || text, json)
                }
                Err(stops) => Answer::error(StatusCode::CONFLICT, format, &stops.to_string()),
            },
            Command::Stop => {
                let begins = app.stop(format!("POST /stop from {remote}"));
                let text = if begins {
                    "the stop begins"
                } else {
                    "stopping already"
                };
                let json = || json!({ "stopping": true, "changed": begins });
                Answer::new(StatusCode::ACCEPTED, format, || text, json)
            }
        }
    }
}
