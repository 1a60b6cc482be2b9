//! A whole app inside a test.
//!
//! [`TestApp`] starts what the service's own `main` runs, on free ports and without signals, gives
//! clients for it, and at its end fails the test when anything of the app is left.
//!
//! ```
//! use async_trait::async_trait;
//! use kit_app::testing::TestApp;
//! use kit_app::{App, AppBuilder};
//! # use kit_sync::BoxError;
//! # use kit_transport::{Context, FreePorts, Listening, Server};
//! # struct Hello;
//! # #[async_trait]
//! # impl Server for Hello {
//! #     fn name(&self) -> &str { "http" }
//! #     async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
//! #         use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! #         let listener = tokio::net::TcpListener::bind(FreePorts::or(ctx, ([0, 0, 0, 0], 80).into())).await?;
//! #         let listening = Listening::tcp("http", listener.local_addr()?);
//! #         let token = ctx.scope().token().clone();
//! #         ctx.scope().spawn("accept", async move {
//! #             while let Some(accepted) = token.run_until_cancelled(listener.accept()).await {
//! #                 let (mut stream, _) = accepted?;
//! #                 let mut room = [0; 4096];
//! #                 let _ = stream.read(&mut room).await?;
//! #                 stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi").await?;
//! #             }
//! #             Ok::<(), BoxError>(())
//! #         });
//! #         Ok(vec![listening])
//! #     }
//! # }
//!
//! /// What `main` runs, too.
//! fn service() -> AppBuilder {
//!     App::builder("hello").server(Hello)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let app = TestApp::start(service()).await;
//! let answer = app.http().get("/hello").await;
//! assert_eq!(answer.status(), 200);
//! app.stop().await;
//! # }
//! ```

mod client;
mod executor;
mod failures;
mod home;
mod left;
mod test_app;

pub use client::HttpClient;
pub use test_app::TestApp;
