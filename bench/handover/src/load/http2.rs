//! HTTP/2 clients with several requests on a connection.

use std::error::Error as _;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::TokioExecutor;

use super::connect::{Connection, answer};
use super::steps::{Step, Steps};
use super::{Failure, Outcome, Tally, Target, is_not_processed};

type Sender = SendRequest<Full<Bytes>>;

/// The number of requests at a time.
const AT_A_TIME: usize = 4;

/// Sends rounds of [`AT_A_TIME`] requests over one connection, and opens a new one when it is going
/// away. A request that the server has not processed is sent once more.
pub(super) async fn streams(target: Target, mut tally: Tally) -> Outcome {
    let steps = tally.steps();
    let mut kept = None;
    while tally.goes_on() {
        let Connection { sender, .. } = match &mut kept {
            Some(connection) => connection,
            None => match connect(&target, &steps).await {
                Ok(connection) => kept.insert(connection),
                Err(failure) => {
                    tally.count(Err(failure));
                    continue;
                }
            },
        };
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..AT_A_TIME {
            asked.spawn(ask(sender.clone(), target.clone(), steps.clone()));
        }
        let mut usable = true;
        for asked in answer(&mut kept, asked.join_all()).await {
            usable &= asked.is_ok();
            let asked = match asked {
                Err(failure) if failure.not_processed => {
                    tally.outcome.asked_again += 1;
                    ask_once_more(&target, &steps).await
                }
                asked => asked,
            };
            tally.count(asked);
        }
        // A connection that is going away has not lost a request yet.
        let ready = match &mut kept {
            Some(Connection { sender, .. }) => {
                steps.during(Step::Ready, sender.ready()).await.is_ok()
            }
            None => false,
        };
        if !usable || !ready {
            kept = None;
        }
    }
    tally.outcome
}

async fn connect(target: &Target, steps: &Steps) -> Result<Connection<Sender>, Failure> {
    let io = target.connect("h2", steps).await;
    let io = io.map_err(|error| Failure::new(format!("connect: {}", error.kind())))?;
    let shaken = handshake(TokioExecutor::new(), io);
    let shaken = steps.during(Step::HttpHandshake, shaken).await;
    let (sender, connection) = shaken.map_err(|error| failure(&error))?;
    Ok(Connection::spawn(sender, connection))
}

async fn ask_once_more(target: &Target, steps: &Steps) -> Result<(), Failure> {
    let connection = connect(target, steps).await?;
    let asked = ask(connection.sender.clone(), target.clone(), steps.clone());
    answer(&mut Some(connection), asked).await
}

async fn ask(mut sender: Sender, target: Target, steps: Steps) -> Result<(), Failure> {
    let request = target.request("http://localhost").body(target.body());
    let request = request.expect("a request");
    let response = sender.send_request(request);
    // A request without a sender fails when it was lost; see `answer`.
    drop(sender);
    let response = steps.during(Step::Response, response).await;
    let response = response.map_err(|error| failure(&error))?;
    if response.status() != StatusCode::OK {
        return Err(Failure::new(response.status().as_str()));
    }
    let body = steps.during(Step::Body, response.into_body().collect());
    let body = body.await.map_err(|error| failure(&error))?;
    if body.to_bytes().len() == target.length() {
        Ok(())
    } else {
        Err(Failure::new("a short body"))
    }
}

fn failure(error: &hyper::Error) -> Failure {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    Failure {
        why: format!("{error}: {source}"),
        not_processed: is_not_processed(error),
    }
}
