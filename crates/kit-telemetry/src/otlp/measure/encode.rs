//! All values at one moment become messages.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use super::points::{Times, metric};
use crate::metrics::Samples;

/// The most points of a message. Collectors take 4 MiB of gRPC, by default; a point of a
/// histogram has about half a KiB.
const MOST_POINTS: usize = 2_000;

/// The messages, each with its number of points. A metric with many series is in several of them.
pub(super) fn messages(samples: &Samples, resource: &Resource, times: Times) -> Vec<(Bytes, u64)> {
    let mut messages = Vec::new();
    let (mut metrics, mut points) = (Vec::new(), 0);
    for family in samples.families() {
        let mut rest = family.samples.as_slice();
        while !rest.is_empty() {
            let (these, others) = rest.split_at(rest.len().min(MOST_POINTS - points));
            metrics.push(metric(family, these, times));
            points += these.len();
            rest = others;
            if points == MOST_POINTS {
                messages.push(message(std::mem::take(&mut metrics), points, resource));
                points = 0;
            }
        }
    }
    if points > 0 {
        messages.push(message(metrics, points, resource));
    }
    messages
}

fn message(metrics: Vec<Metric>, points: usize, resource: &Resource) -> (Bytes, u64) {
    let scope = InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource.clone()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope),
                metrics,
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    };
    (request.encode_to_vec().into(), points as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::metrics::{Family, MetricKind, Reading, Sample};
    use crate::otlp::resource;

    #[test]
    fn a_message_has_a_limit_and_no_point_is_lost() {
        let sizes = [1, MOST_POINTS - 1, 2 * MOST_POINTS + 7, 0, 3];
        let mut samples = Samples::default();
        for size in sizes {
            let sample = |number| Sample {
                labels: Vec::new(),
                value: Reading::Count(number as u64),
            };
            samples.push(Family {
                name: "held".into(),
                kind: MetricKind::Gauge,
                unit: "1",
                description: None,
                samples: (0..size).map(sample).collect(),
            });
        }
        let times = Times { since: 1, now: 2 };
        let resource = resource::Resource::new("orders", &BTreeMap::new());
        let resource = resource::PresentResource::new(resource);
        let messages = messages(&samples, &resource.message(), times);
        let points: Vec<_> = messages.iter().map(|(_, points)| *points).collect();
        assert_eq!(points, [2_000, 2_000, 2_000, 10]);
        let mut seen = 0;
        for (body, points) in messages {
            let request = ExportMetricsServiceRequest::decode(body).unwrap();
            let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
            let count: usize = metrics
                .iter()
                .map(|metric| match metric.data.as_ref().unwrap() {
                    opentelemetry_proto::tonic::metrics::v1::metric::Data::Gauge(gauge) => {
                        gauge.data_points.len()
                    }
                    other => panic!("{other:?}"),
                })
                .sum();
            assert_eq!(count as u64, points);
            seen += count;
        }
        assert_eq!(seen, sizes.iter().sum::<usize>());
    }
}
