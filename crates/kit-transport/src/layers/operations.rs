//! What a request asks for, by a name that clients cannot invent.

use std::fmt;
use std::sync::Arc;

use super::http::{Template, template_text};

/// The protocol of a request, as far as layers answer it in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP of any version, but for gRPC.
    Http,
    /// gRPC.
    Grpc,
}

impl Protocol {
    /// Its name in logs and metrics: `http` or `grpc`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Http => "http",
            Protocol::Grpc => "grpc",
        }
    }
}

/// The operation of a request: the template of its route, such as `/orders/{id}`, or the method of a gRPC
/// call, `/package.Service/Method`. Cheap to clone.
///
/// There are only as many as the server has: a name that only a client has written is never one. A
/// method that a service does not have is `/package.Service/*`; so is one of which that is not known,
/// because no descriptor set of [reflection](crate::grpc::Services::reflection) names it and it has not
/// answered yet. Requests for no route, for a fallback or for a service that routes by itself
/// (`nest_service`), and calls of an unknown service, are [`UNMATCHED`](Self::UNMATCHED).
#[derive(Clone)]
pub struct Operation(Name);

#[derive(Clone)]
enum Name {
    Template(Template),
    Shared(Arc<str>),
    Unmatched,
}

impl Operation {
    /// The name of all requests for which the server has no operation.
    pub const UNMATCHED: &'static str = "unmatched";

    pub(crate) fn of_template(template: Option<Template>) -> Operation {
        Operation(template.map_or(Name::Unmatched, Name::Template))
    }

    pub(crate) fn shared(name: Arc<str>) -> Operation {
        Operation(Name::Shared(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Template(template) => template_text(template),
            Name::Shared(name) => name,
            Name::Unmatched => Operation::UNMATCHED,
        }
    }

    /// The template, if it is one.
    pub(super) fn as_template(&self) -> Option<&str> {
        match &self.0 {
            Name::Template(template) => Some(template_text(template)),
            Name::Shared(_) | Name::Unmatched => None,
        }
    }

    /// Whether a router may have a service of gRPC here: none of its templates fits, or it is
    /// `/package.Service/{*…}`, as tonic writes it.
    pub(super) fn may_be_service(&self) -> bool {
        let Some(template) = self.as_template() else {
            return true;
        };
        let parts = template
            .strip_prefix('/')
            .and_then(|path| path.split_once('/'));
        parts.is_some_and(|(service, rest)| !service.contains('{') && rest.starts_with("{*"))
    }

    /// Whether the server has it.
    #[must_use]
    pub fn is_matched(&self) -> bool {
        !matches!(self.0, Name::Unmatched)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
