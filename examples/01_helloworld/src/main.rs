//! The smallest honest service on Kit: one greeting, over HTTP and gRPC.
//!
//! ```text
//! cargo run -p helloworld
//! curl 'http://127.0.0.1:8000/helloworld/kit?delay=500ms'
//! ```
//!
//! In the order of reading: settings (`settings`), which come from a file, variables and flags (`args`),
//! handlers that know nothing of Kit's lifecycle (`greeter`), what happens at every request (`around`), and
//! the app that is made of them, below.

mod args;
mod around;
mod greeter;
mod settings;

use std::process::ExitCode;

use greeter::Greeting;
use kit::telemetry::Telemetry;
use kit::{App, AppBuilder, Listen, grpc, http};
use kit_config::Reloader;
use settings::HelloWorld;

fn main() -> ExitCode {
    match args::settings() {
        Ok(loaded) => serve(Reloader::new(loaded)),
        Err(code) => code,
    }
}

/// Makes the servers, with the same layers around both, then the app from them, and runs it with its telemetry and
/// with settings that are loaded anew at a SIGHUP.
fn serve(reloader: Reloader<HelloWorld>) -> ExitCode {
    let settings = reloader.current().load();
    let telemetry = match Telemetry::init(&settings.telemetry(), &settings.name) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("error: {}", kit::sync::error_chain(&error));
            return ExitCode::FAILURE;
        }
    };
    let refresh = telemetry.refresh();
    reloader.subscribe("telemetry", move |_old, new: &HelloWorld| {
        refresh.prepare(&new.telemetry())
    });
    let keys = match settings.keys() {
        Ok(keys) => keys,
        Err(error) => {
            tracing::error!(%error, "no keys");
            return ExitCode::FAILURE;
        }
    };

    let layers = around::layers(settings.request_timeout, keys);
    let greeting = Greeting::new(settings.faults);
    let http = http::Server::new(settings.http.clone(), greeting.routes()).layers(layers.clone());
    let grpc = grpc::Server::new(settings.grpc.clone())
        .service(greeting.service())
        .reflection(greeter::DESCRIPTORS)
        .layers(layers);

    App::builder(&settings.name)
        .version(env!("CARGO_PKG_VERSION"))
        .metadata("language", "rust")
        .server(http)
        .server(grpc)
        .registry(&settings.registry)
        .stop_timeout(settings.stop_timeout)
        .drain_delay(settings.drain_delay)
        .apply(|app| identity(app, settings.id.as_deref()))
        .apply(|app| administered(app, settings.admin.clone()))
        .apply(telemetry.option())
        .apply(reloader.option())
        .after_stop("farewell", |_app| async move {
            tracing::info!("goodbye");
            Ok(())
        })
        .build()
        .main()
}

/// An option is any function from builder to builder.
fn identity(app: AppBuilder, id: Option<&str>) -> AppBuilder {
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
