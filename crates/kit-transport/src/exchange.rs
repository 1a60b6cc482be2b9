//! One request and its response: the service that hyper calls, the bodies, and the table of the
//! exchanges that are in flight on a connection.

pub(crate) mod about;
mod allowance;
mod arrivals;
mod body;
pub(crate) mod call_context;
pub(crate) mod draining;
mod ended;
pub(crate) mod exchanges;
pub(crate) mod extensions;
pub(crate) mod handle;
mod host;
mod http1_head;
mod in_flight;
pub(crate) mod lame_duck;
pub(crate) mod last_response;
pub(crate) mod messages;
mod pipeline;
pub(crate) mod refusal;
pub(crate) mod request_body;
pub(crate) mod service;
mod table;
pub(crate) mod take_until;
pub(crate) mod until;
