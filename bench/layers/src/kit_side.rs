//! Kit's servers, with Kit's layers.

use std::process::ExitCode;
use std::time::Duration;

use bench_greeter::{Addresses, routes, service};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use kit::transport::layers::jwt::{Bearer, KeyError};
use kit::transport::layers::{self, Scheme, Select, Stack};
use kit::{ApiError, App, grpc, http as server};
use tower::layer::util::Identity;
use tower::util::MapRequestLayer;
use tower_http::set_header::SetRequestHeaderLayer;

use crate::tokens::{self, User};

/// Longer than any request takes, so that a layer only watches.
const LONG: Duration = Duration::from_secs(30);
/// More than there are requests at a time.
const MANY: usize = 1_000;

/// Serves with the stack of this name.
///
/// # Errors
///
/// A name that no stack has.
pub(crate) fn serve(addresses: Addresses, name: &str) -> Result<ExitCode, String> {
    let pass = || MapRequestLayer::new(|request: http::Request<axum::body::Body>| request);
    let nothing = || Select::operation("/nothing");
    let known = || layers::authenticate(Known);
    Ok(match name {
        "none" => run(http_server(addresses), grpc_server(addresses)),
        "empty" => with(addresses, Identity::new()),
        "five" => with(addresses, (pass(), pass(), pass(), pass(), pass())),
        "on" => with(addresses, layers::on(nothing(), pass())),
        "deadline" => with(addresses, layers::deadline(LONG)),
        "concurrency" => with(addresses, layers::concurrency_limit(MANY)),
        "authenticate" => with(addresses, known()),
        "except" => {
            let everything = Select::prefix("/");
            with(addresses, known().except(everything))
        }
        "authorize" => {
            let everything = layers::authorize(Select::prefix("/"), |caller: &Caller| caller.0 > 0);
            with(addresses, (known(), everything))
        }
        "metadata" => with(addresses, layers::metadata()),
        "rate-limit" => {
            let limit = layers::rate_limit(u32::MAX, Duration::from_secs(1));
            with(addresses, limit)
        }
        "request-id" => with(addresses, layers::request_id()),
        "trace" => with(addresses, layers::trace()),
        "access-log" => with(addresses, layers::access_log()),
        "metrics" => with(addresses, layers::metrics()),
        "six" => {
            let watched = (
                layers::request_id(),
                layers::trace(),
                layers::access_log(),
                layers::metrics(),
            );
            let limits = (layers::deadline(LONG), layers::concurrency_limit(MANY));
            with(addresses, (watched, limits))
        }
        "standard" => with(addresses, layers::standard()),
        "standard-limited" => {
            let standard = layers::standard().deadline(layers::deadline(LONG));
            let limit = layers::concurrency_limit(MANY);
            with(addresses, standard.concurrency_limit(limit))
        }
        "token" => with(addresses, token(tokens::HS256)),
        "jwt-hs256" => with_bearer(addresses, tokens::hs256(), tokens::HS256)?,
        "jwt-es256" => with_bearer(addresses, tokens::es256(), tokens::ES256)?,
        _ => return Err(format!("--layers: Kit has no stack `{name}`")),
    })
}

fn http_server(addresses: Addresses) -> server::Server {
    server::Server::new(addresses.http, routes())
}

fn grpc_server(addresses: Addresses) -> grpc::Server {
    grpc::Server::new(addresses.grpc).service(service())
}

fn with(addresses: Addresses, stack: impl Stack) -> ExitCode {
    run(
        http_server(addresses).layers(stack.clone()),
        grpc_server(addresses).layers(stack),
    )
}

/// Puts a token into each request, since the load has none.
fn token(token: &'static str) -> SetRequestHeaderLayer<HeaderValue> {
    SetRequestHeaderLayer::overriding(AUTHORIZATION, HeaderValue::from_static(token))
}

fn with_bearer(
    addresses: Addresses,
    bearer: Result<Bearer<User>, KeyError>,
    text: &'static str,
) -> Result<ExitCode, String> {
    let bearer = bearer.map_err(|error| error.to_string())?;
    Ok(with(addresses, (token(text), layers::authenticate(bearer))))
}

fn run(http: server::Server, grpc: grpc::Server) -> ExitCode {
    App::builder("bench-layers")
        .server(http)
        .server(grpc)
        .after_start("print addresses", async |app| {
            for endpoint in app.handle().info().endpoints().iter() {
                println!("{}={}", endpoint.scheme(), endpoint.authority());
            }
            Ok(())
        })
        .build()
        .main()
}

/// A caller that is known without work: what the layer itself costs.
struct Known;

/// Its claims.
struct Caller(u32);

impl Scheme for Known {
    type Claims = Caller;

    async fn authenticate(&self, head: &Parts) -> Result<Caller, ApiError> {
        let claims = u32::try_from(head.headers.len()).unwrap_or(u32::MAX);
        Ok(Caller(claims.saturating_add(1)))
    }
}
