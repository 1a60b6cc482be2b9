//! Which page or command a request is for.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use kit_sync::Scope;
use kit_transport::{Address, CallContext};
use serde_json::json;

use super::access::Access;
use super::answers::Answer;
use super::extension::{AdminRequest, AdminRoute};
use super::format::{Format, Wanted};
use super::list::{FORMS, LIST};
use super::pages;
use crate::AppHandle;

/// The admin server's answers. Nothing here waits: they come from a thread that must not be held up.
pub(super) struct Routes {
    app: AppHandle,
    access: Access,
    added: Vec<AdminRoute>,
    /// Where the tasks of routes live that were added.
    scope: Scope,
}

/// A change of the app's state.
enum Command {
    Drain,
    Undrain,
    Stop,
}

impl Routes {
    pub(super) fn new(
        app: AppHandle,
        access: Access,
        added: Vec<AdminRoute>,
        scope: Scope,
    ) -> Routes {
        Routes {
            app,
            access,
            added,
            scope,
        }
    }

    pub(super) fn answer(&self, head: &Parts, body: &Bytes) -> Response<Bytes> {
        let wanted = match Wanted::of(head) {
            Ok(wanted) => wanted,
            Err(why) => {
                let wrong = Answer::error(StatusCode::BAD_REQUEST, Format::Text, &why);
                return wrong.into_response();
            }
        };
        let path = head.uri.path();
        if self.added.iter().any(|route| route.path() == path) {
            let added = self.answer_of_added(head, body, wanted.format);
            return added.unwrap_or_else(Answer::into_response);
        }
        self.route(head, &wanted).into_response()
    }

    /// # Errors
    /// The answer to a request with another method, or that may change nothing.
    fn answer_of_added(
        &self,
        head: &Parts,
        body: &Bytes,
        format: Format,
    ) -> Result<Response<Bytes>, Answer> {
        let here = || {
            let added = self.added.iter();
            added.filter(|route| route.path() == head.uri.path())
        };
        let Some(route) = here().find(|route| route.takes(&head.method)) else {
            let allowed: Vec<_> = here().map(AdminRoute::methods).collect();
            return Err(Answer::wrong_method(format, allowed.join(", ")));
        };
        let remote = if route.is_change() {
            self.permitted(head, format)?
        } else {
            self.client(head, format)?
        };
        let request = AdminRequest::new(head, body, remote, &self.app, &self.scope);
        Ok(route.answer(&request).into_response())
    }

    /// The client of a request.
    ///
    /// # Errors
    /// The answer to one that has none; every request of the driver has one.
    fn client<'a>(&self, head: &'a Parts, format: Format) -> Result<&'a Address, Answer> {
        match CallContext::of(&head.extensions) {
            Some(call) => Ok(&call.peer().remote),
            None => Err(Answer::error(
                StatusCode::FORBIDDEN,
                format,
                "the client is not known",
            )),
        }
    }

    /// The client of a request that may change the state of the app.
    ///
    /// # Errors
    /// The answer to one that may not.
    fn permitted<'a>(&self, head: &'a Parts, format: Format) -> Result<&'a Address, Answer> {
        let remote = self.client(head, format)?;
        let checked = self.access.check(head, remote);
        checked.map_err(|denied| Answer::denied(denied.status, format, denied.why))?;
        Ok(remote)
    }

    /// A line for each route.
    fn list(&self) -> String {
        let added = self.added.iter().map(AdminRoute::line);
        let lines = LIST.lines().map(|line| format!("{line}\n"));
        lines.chain(added).collect()
    }

    fn route(&self, head: &Parts, wanted: &Wanted) -> Answer {
        let (app, format) = (&self.app, wanted.format);
        let page = |page: &dyn Fn() -> Answer| match head.method {
            Method::GET | Method::HEAD => page(),
            _ => Answer::wrong_method(format, "GET, HEAD".to_owned()),
        };
        match head.uri.path() {
            "/" => {
                let list = self.list();
                let json = || json!({ "routes": list.lines().collect::<Vec<_>>() });
                page(&|| Answer::ok(format, || format!("{list}{FORMS}"), json))
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
            return Answer::wrong_method(format, "POST".to_owned());
        }
        match self.permitted(head, format) {
            Ok(remote) => self.execute(command, remote, format),
            Err(denied) => denied,
        }
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
