//! The smallest honest service on Kit: one greeting, over HTTP and gRPC.
//!
//! ```text
//! cargo run -p helloworld
//! curl 'http://127.0.0.1:8000/helloworld/kit?delay=500ms'
//! ```
//!
//! In the order of reading: options that come from flags (`args`), handlers that know nothing of Kit's
//! lifecycle (`greeter`), what happens at every request (`around`), and the app that is made of them, below.

mod args;
mod around;
mod greeter;
mod logging;

use std::process::ExitCode;

use args::Args;
use greeter::Greeting;
use kit::{App, AppBuilder, Listen, grpc, http};

fn main() -> ExitCode {
    let args = Args::of_process();
    let _log = logging::init(args.log);

    let layers = around::layers(args.request_timeout, args.secret_file);
    let greeting = Greeting::new(args.faults);
    let http = http::Server::new(args.http, greeting.routes()).layers(layers.clone());
    let grpc = grpc::Server::new(args.grpc)
        .service(greeting.service())
        .reflection(greeter::DESCRIPTORS)
        .layers(layers);

    App::builder(args.name.as_str())
        .version(env!("CARGO_PKG_VERSION"))
        .metadata("language", "rust")
        .server(http)
        .server(grpc)
        .registry(&args.registry)
        .stop_timeout(args.stop_timeout)
        .drain_delay(args.drain_delay)
        .apply(|app| identity(app, args.id))
        .apply(|app| administered(app, args.admin))
        .after_stop("farewell", |app| async move {
            tracing::info!(id = app.handle().info().id(), "goodbye");
            Ok(())
        })
        .build()
        .main()
}

/// An option is any function from builder to builder.
fn identity(app: AppBuilder, id: Option<String>) -> AppBuilder {
    match id {
        Some(id) => app.id(id),
        None => app,
    }
}

fn administered(app: AppBuilder, admin: Option<Listen>) -> AppBuilder {
    match admin {
        Some(admin) => app.admin(admin),
        None => app,
    }
}
