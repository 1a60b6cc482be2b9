//! Tonic's client, which never asks again by itself.

use std::error::Error;

use tonic::Status;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::{Failure, Outcome, Tally, Target, is_not_processed};

/// How many calls run at a time.
const AT_A_TIME: usize = 4;

pub(super) async fn calls(target: Target, mut tally: Tally) -> Outcome {
    let mut client = match connect(&target) {
        Ok(channel) => HealthClient::new(channel),
        Err(error) => {
            tally.count(Err(Failure::new(error.to_string())));
            return tally.outcome;
        }
    };
    while tally.goes_on() {
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..AT_A_TIME {
            let mut client = client.clone();
            asked.spawn(async move { ask(&mut client).await });
        }
        for asked in asked.join_all().await {
            let asked = match asked {
                Err(failure) if failure.not_processed => {
                    tally.outcome.asked_again += 1;
                    ask(&mut client).await
                }
                asked => asked,
            };
            tally.count(asked);
        }
    }
    tally.outcome
}

async fn ask(client: &mut HealthClient<Channel>) -> Result<(), Failure> {
    let asked = client.check(HealthCheckRequest::default()).await;
    asked.map(drop).map_err(|status| failure(&status))
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

fn failure(status: &Status) -> Failure {
    let mut why = format!("{:?}", status.code());
    let mut source = status.source();
    while let Some(error) = source {
        why = format!("{why}: {error}");
        source = error.source();
    }
    Failure {
        why,
        not_processed: is_not_processed(status),
    }
}
