//! Tonic's client, which never repeats a call by itself.

use std::error::Error;
use std::time::Duration;

use http::uri::PathAndQuery;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use super::steps::{Step, Steps};
use super::{Failure, Outcome, Tally, Target, is_not_processed};
use crate::answers::{self, Answer, Ask};

/// The number of calls at a time.
const AT_A_TIME: usize = 4;
/// A call that was not processed may meet the end of its next connection as well: one in half a
/// million did.
const MOST_RETRIES: usize = 3;
/// The wait for a call's answer until one more call is made. The channel holds the sender of its last
/// connection until its next call, so that a call that was lost at the connection's end, as
/// `connect::answer` describes it, does not fail before.
const NEXT_CALL: Duration = Duration::from_secs(1);

pub(super) async fn calls(target: Target, mut tally: Tally) -> Outcome {
    let client = match connect(&target) {
        Ok(channel) => Grpc::new(channel),
        Err(error) => {
            tally.count(Err(Failure::new(error.to_string())));
            return tally.outcome;
        }
    };
    let steps = tally.steps();
    while tally.goes_on() {
        let mut calls = AT_A_TIME;
        for retries_left in (0..=MOST_RETRIES).rev() {
            let answers = round(&client, calls, target.length(), &steps).await;
            calls = 0;
            for asked in answers {
                if retries_left > 0 && asked.as_ref().is_err_and(|failure| failure.not_processed) {
                    tally.outcome.asked_again += 1;
                    calls += 1;
                } else {
                    tally.count(asked);
                }
            }
        }
    }
    tally.outcome
}

/// Makes calls at the same time. Gives their results, and that of one more call for each
/// [`NEXT_CALL`] in which none was answered.
async fn round(
    client: &Grpc<Channel>,
    calls: usize,
    length: usize,
    steps: &Steps,
) -> Vec<Result<(), Failure>> {
    let ask = || ask(client.clone(), length, steps.clone());
    let mut asked: JoinSet<_> = (0..calls).map(|_| ask()).collect();
    let mut results = Vec::new();
    loop {
        match timeout(NEXT_CALL, asked.join_next()).await {
            Ok(Some(result)) => results.push(result.expect("a call does not panic")),
            Ok(None) => return results,
            Err(_) => drop(asked.spawn(ask())),
        }
    }
}

async fn ask(mut client: Grpc<Channel>, length: usize, steps: Steps) -> Result<(), Failure> {
    let ready = steps.during(Step::Ready, client.ready()).await;
    ready.map_err(|error| failure(&error))?;
    let ask = Request::new(Ask {
        length: u32::try_from(length).expect("it is at most 1 MiB"),
    });
    let path = PathAndQuery::from_static(answers::PATH);
    let asked = client.unary(ask, path, ProstCodec::<Ask, Answer>::default());
    let answer = steps.during(Step::Response, asked).await;
    let answer = answer.map_err(|status| refused(&status))?;
    if answer.get_ref().bytes.len() == length {
        Ok(())
    } else {
        Err(Failure::new("a short answer"))
    }
}

fn connect(target: &Target) -> Result<Channel, tonic::transport::Error> {
    let scheme = if target.trust.is_some() {
        "https"
    } else {
        "http"
    };
    let mut endpoint = Channel::from_shared(format!("{scheme}://{}", target.address))
        .expect("an address")
        .tcp_nodelay(true);
    if let Some(trust) = &target.trust {
        let authority = Certificate::from_pem(&trust.pem);
        let tls = ClientTlsConfig::new().ca_certificate(authority);
        endpoint = endpoint.tls_config(tls.domain_name("localhost"))?;
    }
    Ok(endpoint.connect_lazy())
}

fn refused(status: &Status) -> Failure {
    let failure = failure(status);
    let why = format!("{:?}: {}", status.code(), failure.why);
    Failure { why, ..failure }
}

fn failure(error: &(dyn Error + 'static)) -> Failure {
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        why = format!("{why}: {error}");
        source = error.source();
    }
    Failure {
        why,
        not_processed: is_not_processed(error),
    }
}
