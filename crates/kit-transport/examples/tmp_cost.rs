#![allow(missing_docs, clippy::all)]
use axum::{Router, routing::get};
use kit_transport::{Context, Lifecycle, Server, http};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mode = std::env::args().nth(1).unwrap();
    let port: u16 = std::env::args().nth(2).unwrap().parse().unwrap();
    let router = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/quit", get(|| async { std::process::exit(0); #[allow(unreachable_code)] "" }));
    if mode == "axum" {
        let l = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(l, router).await.unwrap();
    } else if mode == "axumci" {
        let l = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(l, router.into_make_service_with_connect_info::<std::net::SocketAddr>()).await.unwrap();
    } else {
        let tree = kit_sync::TaskTree::new("test");
        let ctx = Context::new(tree.scope().child("http"), tokio::sync::watch::channel(Lifecycle::new()).1);
        http::Server::new(([127, 0, 0, 1], port), router).start(&ctx).await.unwrap();
        ctx.scope().cancelled().await;
    }
}
