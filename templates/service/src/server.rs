//! The wiring: the app is made of its store, its worker and its servers, with the same layers around every request. In
//! Kratos' layout this is `server`, and what `wire` generates.

use std::time::Duration;

{% if http -%}
use axum::Router;
{% endif -%}
{% if grpc -%}
use kit::grpc;
{% endif -%}
{% if http -%}
use kit::http;
{% endif -%}
use kit::{App, AppBuilder, BoxError, Context, Policy, Restarts, WorkerOptions};
{%- if database %}
use kit::{CheckOptions, ResourceOptions};
{%- endif %}
use kit::{from_settings, layers};

use crate::config::{self, Config};
use crate::data::Greetings;
use crate::{Greeter, service};

/// The app, which `main` runs and tests start.
pub fn app(config: &Config) -> AppBuilder {
    let layers = layers::standard().options(&config.layers);
{%- if http %}
    let http = http::Server::from_fn(config.http.listen.clone(), routes)
        .options(&config.http)
        .layers(layers{% if grpc %}.clone(){% endif %});
{%- endif %}
{%- if grpc %}
    let grpc = grpc::Server::from_fn(config.grpc.listen.clone(), services)
        .options(&config.grpc)
        .layers(layers);
{%- endif %}
{%- if database %}
    let database = config.database.clone();
    let store = ResourceOptions::new()
        // A migration of a large table takes its time.
        .open_timeout(Duration::from_secs(600))
        // While it fails, the service is not ready.
        .check(CheckOptions::new(), Greetings::ping);
{%- endif %}
    // A worker that fails begins anew, five times a minute at most; then the app stops with 1.
    let restarts = Restarts::at_most(5, Duration::from_secs(60));
    let forgiving = WorkerOptions::new().policy(Policy::Restart(restarts));
    let period = config.outbox.period;
    App::builder(config::NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .apply(from_settings(&config.app))
{%- if database %}
        .resource_with(
            "greetings",
            store,
            |_| Greetings::open(database),
            Greetings::close,
        )
{%- else %}
        .resource("greetings", |_| Greetings::open(), Greetings::close)
{%- endif %}
        .worker_with("outbox", forgiving, move |ctx| outbox(ctx, period))
{%- if http %}
        .server(http)
{%- endif %}
{%- if grpc %}
        .server(grpc)
{%- endif %}
}
{%- if http %}

/// Called when the server starts: the store is open by then.
async fn routes(ctx: Context) -> Result<Router, BoxError> {
    Ok(service::http::routes(greeter(&ctx)?))
}
{%- endif %}
{%- if grpc %}

/// Called when the server starts: the store is open by then.
async fn services(ctx: Context) -> Result<grpc::Services, BoxError> {
    let services = grpc::Services::new().reflection(service::grpc::DESCRIPTORS);
    Ok(services.service(service::grpc::service(greeter(&ctx)?)))
}
{%- endif %}

fn greeter(ctx: &Context) -> Result<Greeter, BoxError> {
    let greetings: Greetings = ctx.get()?;
    Ok(Greeter::new(greetings))
}

/// Sends what is there, then rests for a period. At a stop, and while the instance is drained, its intake is closed:
/// it ends what it has begun, takes nothing more, and the servers still have the store meanwhile.
async fn outbox(ctx: Context, period: Duration) -> Result<(), BoxError> {
    let greeter = greeter(&ctx)?;
    while ctx.intake().opened().await.is_ok() {
        if !greeter.send_next().await? {
            let rest = tokio::time::timeout(period, ctx.intake().closed());
            let _ = rest.await;
        }
    }
    Ok(())
}
