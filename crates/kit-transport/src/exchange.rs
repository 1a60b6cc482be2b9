//! One request and its response: the service that hyper calls, the bodies, and the table of the
//! exchanges that are in flight on a connection.

pub(crate) mod body;
pub(crate) mod draining;
mod host;
pub(crate) mod refusal;
pub(crate) mod request_body;
pub(crate) mod service;
pub(crate) mod table;
pub(crate) mod until;
