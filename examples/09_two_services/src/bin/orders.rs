//! Takes orders, for the price that `prices` says.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::{Router, extract::State, routing};
use kit::{ApiError, http::Path};
use two_services::Peers;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

async fn order(prices: State<Peers>, Path(item): Path<String>) -> Result<String, ApiError> {
    let price = prices.get(&format!("/prices/{item}")).await?;
    TAKEN.fetch_add(1, Relaxed);
    Ok(format!("{item} for {price}"))
}

fn main() -> std::process::ExitCode {
    let count = routing::get(async || TAKEN.load(Relaxed).to_string());
    let routes = Router::new().route("/orders", count);
    let routes = routes.route("/orders/{item}", routing::post(order));
    two_services::serve("orders", "prices", routes)
}
