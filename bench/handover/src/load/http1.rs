//! HTTP/1.1 clients.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};

use super::steps::{Step, Steps};
use super::{Failure, Outcome, Tally, Target};

type Sender = SendRequest<Empty<Bytes>>;

pub(super) async fn fresh(target: Target, mut tally: Tally) -> Outcome {
    let steps = tally.steps();
    while tally.goes_on() {
        let asked = async {
            let mut sender = connect(&target, &steps).await?;
            ask(&mut sender, &target, "close", &steps).await
        };
        let asked = asked.await;
        tally.count(asked);
    }
    tally.outcome
}

pub(super) async fn kept(target: Target, pause: Duration, mut tally: Tally) -> Outcome {
    let steps = tally.steps();
    let mut kept = None;
    while tally.goes_on() {
        let asked = async {
            let sender = match &mut kept {
                Some(sender) => sender,
                None => kept.insert(connect(&target, &steps).await?),
            };
            ask(sender, &target, "keep-alive", &steps).await
        };
        let asked = asked.await;
        let failed = asked.is_err();
        tally.count(asked);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        // A connection that has closed by now has lost no request.
        let usable = match &mut kept {
            Some(sender) => !failed && steps.during(Step::Ready, sender.ready()).await.is_ok(),
            None => false,
        };
        if !usable {
            kept = None;
        }
    }
    tally.outcome
}

async fn connect(target: &Target, steps: &Steps) -> Result<Sender, Failure> {
    let io = target.connect("http/1.1", steps).await;
    let io = io.map_err(|error| Failure::new(format!("connect: {}", error.kind())))?;
    let (sender, connection) = steps
        .during(Step::HttpHandshake, handshake(io))
        .await
        .map_err(failure)?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(
    sender: &mut Sender,
    target: &Target,
    connection: &str,
    steps: &Steps,
) -> Result<(), Failure> {
    let request = Request::get(target.path())
        .header("host", "localhost")
        .header("connection", connection)
        .body(Empty::new())
        .expect("a request");
    let response = steps
        .during(Step::Response, sender.send_request(request))
        .await
        .map_err(failure)?;
    if response.status() != StatusCode::OK {
        return Err(Failure::new(response.status().as_str()));
    }
    let body = steps
        .during(Step::Body, response.into_body().collect())
        .await
        .map_err(failure)?;
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
