//! Routes that an option adds to the admin server.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use kit_sync::Scope;
use kit_transport::Address;

use super::format::{Format, Wanted};
use super::list::is_built_in;
use crate::{AppHandle, Error};

type Handler = dyn Fn(&AdminRequest<'_>) -> AdminAnswer + Send + Sync;

/// A route of the [admin server](crate::Admin) that is added with
/// [`AppBuilder::admin_route`](crate::AppBuilder::admin_route): a page, or a change of the app's state.
///
/// Its function is called on the thread of the admin server, which answers one request after the other: it
/// computes, and does not block. Two routes may share a path with two methods.
///
/// ```
/// use kit_app::{AdminAnswer, AdminRoute, App};
///
/// let page = AdminRoute::get("/orders", "orders that wait", |_request| {
///     AdminAnswer::text("17\n")
/// });
/// let app = App::builder("orders").admin("localhost:9090").admin_route(page);
/// ```
#[derive(Clone)]
#[must_use = "a route does nothing until it is given to an app"]
pub struct AdminRoute {
    method: Method,
    path: Cow<'static, str>,
    about: Cow<'static, str>,
    handler: Arc<Handler>,
}

impl AdminRoute {
    /// A page, which every client may read, by GET and HEAD. `path` is whole, such as `/metrics`; `about` is
    /// its line on the page `/`.
    pub fn get(
        path: impl Into<Cow<'static, str>>,
        about: impl Into<Cow<'static, str>>,
        handler: impl Fn(&AdminRequest<'_>) -> AdminAnswer + Send + Sync + 'static,
    ) -> AdminRoute {
        AdminRoute::new(Method::GET, path.into(), about.into(), Arc::new(handler))
    }

    /// A change by PUT: it needs what a command needs, such as the [token](crate::Admin::token).
    pub fn put(
        path: impl Into<Cow<'static, str>>,
        about: impl Into<Cow<'static, str>>,
        handler: impl Fn(&AdminRequest<'_>) -> AdminAnswer + Send + Sync + 'static,
    ) -> AdminRoute {
        AdminRoute::new(Method::PUT, path.into(), about.into(), Arc::new(handler))
    }

    /// A change by POST: it needs what a command needs, such as the [token](crate::Admin::token).
    pub fn post(
        path: impl Into<Cow<'static, str>>,
        about: impl Into<Cow<'static, str>>,
        handler: impl Fn(&AdminRequest<'_>) -> AdminAnswer + Send + Sync + 'static,
    ) -> AdminRoute {
        AdminRoute::new(Method::POST, path.into(), about.into(), Arc::new(handler))
    }

    fn new(
        method: Method,
        path: Cow<'static, str>,
        about: Cow<'static, str>,
        handler: Arc<Handler>,
    ) -> AdminRoute {
        AdminRoute {
            method,
            path,
            about,
            handler,
        }
    }

    /// The routes that are of no use.
    pub(crate) fn check(routes: &[AdminRoute]) -> Vec<Error> {
        let mut wrong = Vec::new();
        let mut refuse = |route: &AdminRoute, expected| {
            wrong.push(Error::option("admin_route", format!("{route:?}"), expected));
        };
        for (index, route) in routes.iter().enumerate() {
            let is_visible = route.path.bytes().all(|byte| byte.is_ascii_graphic());
            if !route.path.starts_with('/') || !is_visible || route.path.contains(['?', '#']) {
                refuse(route, "a path such as `/orders`");
            } else if is_built_in(&route.path) {
                refuse(route, "at a path that the admin server has not by itself");
            } else if routes[..index]
                .iter()
                .any(|other| other.path == route.path && other.method == route.method)
            {
                refuse(route, "added once");
            }
        }
        wrong
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn takes(&self, method: &Method) -> bool {
        self.method == *method || self.method == Method::GET && *method == Method::HEAD
    }

    /// As the header `Allow` has them.
    pub(super) fn methods(&self) -> &str {
        if self.method == Method::GET {
            "GET, HEAD"
        } else {
            self.method.as_str()
        }
    }

    pub(super) fn is_change(&self) -> bool {
        self.method != Method::GET
    }

    /// Its line on the page `/`.
    pub(super) fn line(&self) -> String {
        let AdminRoute {
            method,
            path,
            about,
            ..
        } = self;
        format!("{:<4} {path:<11} {about}\n", method.as_str())
    }

    pub(super) fn answer(&self, request: &AdminRequest<'_>) -> AdminAnswer {
        (self.handler)(request)
    }
}

impl fmt::Debug for AdminRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A request for an [`AdminRoute`].
#[derive(Debug)]
pub struct AdminRequest<'a> {
    head: &'a Parts,
    body: &'a Bytes,
    remote: &'a Address,
    app: &'a AppHandle,
    scope: &'a Scope,
}

impl<'a> AdminRequest<'a> {
    pub(super) fn new(
        head: &'a Parts,
        body: &'a Bytes,
        remote: &'a Address,
        app: &'a AppHandle,
        scope: &'a Scope,
    ) -> AdminRequest<'a> {
        AdminRequest {
            head,
            body,
            remote,
            app,
            scope,
        }
    }

    /// Its method, path and headers.
    #[must_use]
    pub fn head(&self) -> &Parts {
        self.head
    }

    /// Its body, of 16 KiB at most.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body
    }

    /// The client.
    #[must_use]
    pub fn remote(&self) -> &Address {
        self.remote
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> &AppHandle {
        self.app
    }

    /// Where tasks live that a change leaves behind, such as one that takes it back later: on the app's
    /// runtime, until the end of the stop.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.scope
    }

    /// The first parameter of this name, as it stands in the URL; empty without a `=`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let all = self.head.uri.query()?.split('&');
        let mut all = all.map(|one| one.split_once('=').unwrap_or((one, "")));
        all.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Whether the answer is wanted in JSON: `?format=json`, or `Accept: application/json`.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        Wanted::of(self.head).is_ok_and(|wanted| wanted.format == Format::Json)
    }
}

/// The answer of an [`AdminRoute`].
#[derive(Clone, Debug)]
#[must_use = "an answer does nothing until it is returned"]
pub struct AdminAnswer {
    status: StatusCode,
    content_type: Cow<'static, str>,
    body: Bytes,
}

impl AdminAnswer {
    /// 200, with a body of this type. A type that no header can carry is `application/octet-stream`.
    pub fn new(content_type: impl Into<Cow<'static, str>>, body: impl Into<Bytes>) -> AdminAnswer {
        AdminAnswer {
            status: StatusCode::OK,
            content_type: content_type.into(),
            body: body.into(),
        }
    }

    /// 200, with text.
    pub fn text(text: impl Into<String>) -> AdminAnswer {
        AdminAnswer::new("text/plain; charset=utf-8", text.into())
    }

    /// 200, with a text in JSON.
    pub fn json(json: impl Into<String>) -> AdminAnswer {
        AdminAnswer::new("application/json", json.into())
    }

    /// Replaces the status.
    pub fn status(self, status: StatusCode) -> AdminAnswer {
        AdminAnswer { status, ..self }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let content_type = HeaderValue::from_str(&self.content_type);
        let unknown = HeaderValue::from_static("application/octet-stream");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, content_type.unwrap_or(unknown));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
