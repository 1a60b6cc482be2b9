//! Tonic's client, which never repeats a call by itself.

use std::error::Error;

use http::uri::PathAndQuery;
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

pub(super) async fn calls(target: Target, mut tally: Tally) -> Outcome {
    let (length, steps) = (target.length(), tally.steps());
    let mut client = match connect(&target) {
        Ok(channel) => Grpc::new(channel),
        Err(error) => {
            tally.count(Err(Failure::new(error.to_string())));
            return tally.outcome;
        }
    };
    while tally.goes_on() {
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..AT_A_TIME {
            let (mut client, steps) = (client.clone(), steps.clone());
            asked.spawn(async move { ask(&mut client, length, &steps).await });
        }
        for mut asked in asked.join_all().await {
            let mut again = 0..MOST_RETRIES;
            while asked.as_ref().is_err_and(|failure| failure.not_processed)
                && again.next().is_some()
            {
                tally.outcome.asked_again += 1;
                asked = ask(&mut client, length, &steps).await;
            }
            tally.count(asked);
        }
    }
    tally.outcome
}

async fn ask(client: &mut Grpc<Channel>, length: usize, steps: &Steps) -> Result<(), Failure> {
    steps
        .during(Step::Ready, client.ready())
        .await
        .map_err(|error| failure(&error))?;
    let ask = Request::new(Ask {
        length: u32::try_from(length).expect("it is at most 1 MiB"),
    });
    let path = PathAndQuery::from_static(answers::PATH);
    let asked = client.unary(ask, path, ProstCodec::<Ask, Answer>::default());
    let answer = steps
        .during(Step::Response, asked)
        .await
        .map_err(|status| refused(&status))?;
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
