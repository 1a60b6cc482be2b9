//! Layers that look at an exchange to its end: the body of its response, whatever becomes of it.
//!
//! A layer makes an [`Observer`](observer::Observer) of a request. It sees the head of the response,
//! and the [`Outcome`](super::outcome::Outcome) when the exchange has ended: its response's body was
//! whole, has failed, or was dropped, and how much of it there was.

mod body;
pub(super) mod counted;
pub(super) mod future;
pub(super) mod observation;
pub(super) mod observer;
pub(super) mod received;
pub(super) mod service;
mod together;
