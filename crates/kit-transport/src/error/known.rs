//! Errors that say themselves how a request is answered.

use std::error::Error;
use std::io;

use super::carried::Carried;
use super::parts::Parts;

#[cfg_attr(not(feature = "http"), path = "known/no_rejection.rs")]
mod rejection;
#[cfg_attr(not(feature = "grpc"), path = "known/no_status.rs")]
mod status;
mod violations;

/// The first error of the chain that says it: an `ApiError`, a gRPC status, a rejection, or broken rules.
pub(super) fn known(error: &(dyn Error + 'static)) -> Option<Parts> {
    std::iter::successors(Some(error), |&error| cause(error)).find_map(|error| {
        let carried = error.downcast_ref::<Carried>();
        carried
            .map(|carried| carried.0.without_source())
            .or_else(|| status::of_status(error))
            .or_else(|| rejection::of_rejection(error))
            .or_else(|| violations::of_violations(error))
    })
}

/// An I/O error speaks for the error inside it, and leaves that out of its chain.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}
