//! Tonic's client, which never asks again by itself.

use std::error::Error;

use tonic::Status;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::{Failure, Outcome, Tally, Target};

/// How many calls run at a time.
const AT_A_TIME: usize = 4;

pub(super) async fn calls(target: Target, mut tally: Tally) -> Outcome {
    let client = match connect(&target) {
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
            asked.spawn(async move { client.check(HealthCheckRequest::default()).await });
        }
        for asked in asked.join_all().await {
            tally.count(asked.map(drop).map_err(|status| failure(&status)));
        }
    }
    tally.outcome
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
    let mut not_processed = false;
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            not_processed |= error.is_canceled();
        }
        let text = error.to_string();
        not_processed |= text.contains("go away") || text.contains("refused");
        why = format!("{why}: {text}");
        source = error.source();
    }
    Failure { why, not_processed }
}
