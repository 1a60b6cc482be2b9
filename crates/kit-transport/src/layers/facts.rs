//! The facts that the layers of one request share.

use std::sync::{Arc, OnceLock};

use ::http::Request;

use super::claims::GivenClaims;
use super::http::{ErrorForm, Template, template};
use super::methods::Methods;
use super::operations::{Operation, Protocol};
use super::time_left::TimeLeft;
use super::trail::Trail;
use super::travelling::Travelling;

/// The facts of a request when its layers get it, and those that they find out. All layers of a request
/// share it, from its head to the end of its response's body.
#[derive(Debug)]
pub(crate) struct Facts {
    protocol: Protocol,
    operation: Operation,
    is_of_probe: bool,
    /// The operation that became known behind the layers.
    found: OnceLock<Operation>,
    /// For a method that becomes known by its answer.
    unknown: Option<(Arc<Methods>, String)>,
    /// The form of its errors, on HTTP.
    form: Option<ErrorForm>,
    claims: GivenClaims,
    time_left: TimeLeft,
    travelling: Travelling,
    trail: Trail,
}

/// Those of a request of which nothing is known.
impl Default for Facts {
    fn default() -> Facts {
        Facts {
            protocol: Protocol::Http,
            operation: Operation::of_template(None),
            is_of_probe: false,
            found: OnceLock::new(),
            unknown: None,
            form: None,
            claims: GivenClaims::default(),
            time_left: TimeLeft::default(),
            travelling: Travelling::default(),
            trail: Trail::default(),
        }
    }
}

impl Facts {
    /// Those of a request for the route with this template, or for one of Kit's probes; its errors have
    /// this form.
    pub(crate) fn of_route(
        template: Option<Template>,
        is_of_probe: bool,
        form: Option<ErrorForm>,
    ) -> Arc<Facts> {
        let operation = Operation::of_template(template);
        Facts::new(Protocol::Http, (operation, is_of_probe), None, form)
    }

    /// Those of a call.
    pub(crate) fn of_call<B>(request: &Request<B>, methods: &Arc<Methods>) -> Arc<Facts> {
        let path = request.uri().path();
        let (operation, may_be_learned) = methods.operation(path);
        let unknown = may_be_learned.then(|| (Arc::clone(methods), path.to_owned()));
        Facts::new(Protocol::Grpc, (operation, false), unknown, None)
    }

    /// Those of a request to a single handler, whose server knows nothing of it.
    ///
    /// The headers of a client alone make no call of it: it could choose then what a selection compares.
    pub(crate) fn of_head<B>(request: &Request<B>, has_headers_of_call: bool) -> Arc<Facts> {
        let operation = Operation::of_template(template(request.extensions()));
        let protocol = if has_headers_of_call && operation.may_be_service() {
            Protocol::Grpc
        } else {
            Protocol::Http
        };
        Facts::new(protocol, (operation, false), None, None)
    }

    fn new(
        protocol: Protocol,
        (operation, is_of_probe): (Operation, bool),
        unknown: Option<(Arc<Methods>, String)>,
        form: Option<ErrorForm>,
    ) -> Arc<Facts> {
        // They are large, and this makes them where they stay: `Arc::new` would copy them there.
        let mut shared = Arc::<Facts>::default();
        if let Some(facts) = Arc::get_mut(&mut shared) {
            facts.protocol = protocol;
            facts.operation = operation;
            facts.is_of_probe = is_of_probe;
            facts.unknown = unknown;
            facts.form = form;
        }
        shared
    }

    /// The form of its errors, where the server has said it.
    pub(super) fn form(&self) -> Option<ErrorForm> {
        self.form
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The operation, as far as it is known by now.
    pub(crate) fn operation(&self) -> &Operation {
        self.found.get().unwrap_or(&self.operation)
    }

    /// Whether it is for one of Kit's probes, `http::probes`.
    pub(super) fn is_of_probe(&self) -> bool {
        self.is_of_probe
    }

    /// What authentication has found out about the caller.
    pub(super) fn claims(&self) -> &GivenClaims {
        &self.claims
    }

    pub(super) fn time_left(&self) -> &TimeLeft {
        &self.time_left
    }

    pub(super) fn travelling(&self) -> &Travelling {
        &self.travelling
    }

    /// What layers that observe the request share.
    pub(super) fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Whether the operation is known, and will not become another one.
    pub(super) fn is_settled(&self) -> bool {
        self.unknown.is_none() && self.operation.is_matched()
    }

    /// A service inside a route has named what it does. The first name stays.
    pub(super) fn set_operation(&self, operation: Operation) {
        let _ = self.found.set(operation);
    }

    /// The method of a call exists, because it has answered.
    pub(super) fn learn_method(&self) {
        let Some((methods, path)) = &self.unknown else {
            return;
        };
        if let Some(operation) = methods.learn(path) {
            self.set_operation(operation);
        }
    }
}
