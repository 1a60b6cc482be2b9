//! HTTP/1.1 clients.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};

use super::{Failure, Outcome, Tally, Target};

type Sender = SendRequest<Empty<Bytes>>;

pub(super) async fn fresh(target: Target, mut tally: Tally) -> Outcome {
    while tally.goes_on() {
        let asked = async {
            let mut sender = connect(&target).await?;
            ask(&mut sender, &target, "close").await
        };
        let asked = asked.await;
        tally.count(asked);
    }
    tally.outcome
}

pub(super) async fn kept(target: Target, pause: Duration, mut tally: Tally) -> Outcome {
    let mut kept = None;
    while tally.goes_on() {
        let asked = async {
            let sender = match &mut kept {
                Some(sender) => sender,
                None => kept.insert(connect(&target).await?),
            };
            ask(sender, &target, "keep-alive").await
        };
        let asked = asked.await;
        let failed = asked.is_err();
        tally.count(asked);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        // A connection that has closed by now has lost no request.
        let usable = match &mut kept {
            Some(sender) => !failed && sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            kept = None;
        }
    }
    tally.outcome
}

async fn connect(target: &Target) -> Result<Sender, Failure> {
    let io = target.connect("http/1.1").await;
    let io = io.map_err(|error| Failure::new(format!("connect: {}", error.kind())))?;
    let (sender, connection) = handshake(io).await.map_err(failure)?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(sender: &mut Sender, target: &Target, connection: &str) -> Result<(), Failure> {
    let request = Request::get(target.path())
        .header("host", "localhost")
        .header("connection", connection)
        .body(Empty::new())
        .expect("a request");
    let response = sender.send_request(request).await.map_err(failure)?;
    if response.status() != StatusCode::OK {
        return Err(Failure::new(response.status().as_str()));
    }
    let body = response.into_body().collect().await.map_err(failure)?;
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
