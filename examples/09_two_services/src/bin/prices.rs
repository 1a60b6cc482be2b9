//! Says what things cost, and asks `orders` how many orders there are.

use axum::{Router, extract::State, routing::get};
use kit::{AppHandle, http::Path};
use two_services::Peers;

/// A long name costs more.
async fn price(app: AppHandle, Path(item): Path<String>) -> String {
    format!("{} at {}", item.chars().count(), app.info().id())
}

fn main() -> std::process::ExitCode {
    let demand = async |State(orders): State<Peers>| orders.get("/orders").await;
    let routes = Router::new().route("/demand", get(demand));
    let routes = routes.route("/prices/{item}", get(price));
    two_services::serve("prices", "orders", routes)
}
