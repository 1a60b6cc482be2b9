//! HTTP/1.1 clients.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};

use super::connect::{Connection, answer};
use super::steps::{Step, Steps};
use super::{Failure, Outcome, Tally, Target};

type Sender = SendRequest<Full<Bytes>>;

pub(super) async fn fresh(target: Target, mut tally: Tally) -> Outcome {
    let steps = tally.steps();
    while tally.goes_on() {
        let asked = ask(&mut None, &target, "close", &steps).await;
        tally.count(asked);
    }
    tally.outcome
}

pub(super) async fn kept(target: Target, pause: Duration, mut tally: Tally) -> Outcome {
    let steps = tally.steps();
    let mut kept = None;
    while tally.goes_on() {
        let asked = ask(&mut kept, &target, "keep-alive", &steps).await;
        let failed = asked.is_err();
        tally.count(asked);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        // A connection that has closed by now has lost no request.
        let usable = match &mut kept {
            Some(Connection { sender, .. }) if !failed => {
                steps.during(Step::Ready, sender.ready()).await.is_ok()
            }
            _ => false,
        };
        if !usable {
            kept = None;
        }
    }
    tally.outcome
}

async fn connect(target: &Target, steps: &Steps) -> Result<Connection<Sender>, Failure> {
    let io = target.connect("http/1.1", steps).await;
    let io = io.map_err(|error| Failure::new(format!("connect: {}", error.kind())))?;
    let shaken = steps.during(Step::HttpHandshake, handshake(io)).await;
    let (sender, connection) = shaken.map_err(failure)?;
    Ok(Connection::spawn(sender, connection))
}

/// Sends a request on the connection that is kept, or on a new one, which is kept then.
async fn ask(
    kept: &mut Option<Connection<Sender>>,
    target: &Target,
    connection: &str,
    steps: &Steps,
) -> Result<(), Failure> {
    let request = target
        .request("")
        .header("host", "localhost")
        .header("connection", connection)
        .body(target.body())
        .expect("a request");
    let Connection { sender, .. } = match kept {
        Some(connection) => connection,
        None => kept.insert(connect(target, steps).await?),
    };
    let response = sender.send_request(request);
    let response = answer(kept, steps.during(Step::Response, response)).await;
    let response = response.map_err(failure)?;
    if response.status() != StatusCode::OK {
        return Err(Failure::new(response.status().as_str()));
    }
    let body = response.into_body().collect();
    let body = steps.during(Step::Body, body).await.map_err(failure)?;
    if body.to_bytes().len() == target.length() {
        Ok(())
    } else {
        Err(Failure::new("a short body"))
    }
}

fn failure(error: hyper::Error) -> Failure {
    let why = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    Failure::new(why)
}
