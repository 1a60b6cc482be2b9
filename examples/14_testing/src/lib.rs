//! How a service is tested: the tests are the example.
//!
//! ```text
//! cargo test -p testing
//! cargo run -p testing
//! curl -X POST http://127.0.0.1:8000/seats/7A
//! ```
//!
//! | file | what it tests |
//! |---|---|
//! | `tests/service.rs` | the whole service inside a test: requests, a drain, a stop, and what it would leave behind |
//! | `src/seats.rs` | what depends on time, on a clock that the test moves |
//! | `tests/process.rs` | what only a process shows: its signals and its exit code |
//!
//! Two things make that possible. [`service`] gives the builder, which `main` and the tests run alike; and what it
//! needs of the world, here the payment, is its argument.

mod seats;

use std::sync::Arc;

use axum::{Router, routing::post};
use kit::http::{self, Path};
use kit::{ApiError, App, AppBuilder, Listen};
use seats::Seats;

/// Sells each seat once. `pay` takes the money of a buyer.
pub fn service<P, Paid>(listen: impl Into<Listen>, pay: P) -> AppBuilder
where
    P: Fn() -> Paid + Clone + Send + Sync + 'static,
    Paid: Future<Output = Result<(), ApiError>> + Send,
{
    let seats = Arc::new(Seats::default());
    let buy = async move |Path(seat): Path<String>| -> Result<String, ApiError> {
        seats.hold(&seat)?;
        pay().await?;
        seats.sell(&seat);
        Ok(format!("{seat} is yours"))
    };
    let routes = Router::new().route("/seats/{seat}", post(buy));
    App::builder("testing").server(http::Server::new(listen, routes))
}
