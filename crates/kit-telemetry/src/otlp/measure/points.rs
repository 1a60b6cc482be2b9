//! Values become the data points of OTLP.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
    metric::Data, number_data_point,
};

use crate::metrics::{Family, MetricKind, Reading, Sample};

/// The times of the points of one export, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// When counting began.
    pub(super) since: u64,
    pub(super) now: u64,
}

/// A metric with some of its samples. Counters and histograms are cumulative: they count from `since` on.
pub(super) fn metric(family: &Family, samples: &[Sample], times: Times) -> Metric {
    let temporality = AggregationTemporality::Cumulative.into();
    let numbers = || samples.iter().filter_map(|sample| number(sample, times));
    let data = match family.kind {
        MetricKind::Counter => Data::Sum(Sum {
            data_points: numbers().collect(),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        MetricKind::Gauge => {
            // Nothing is counted up to a gauge.
            let begun = |point| NumberDataPoint {
                start_time_unix_nano: 0,
                ..point
            };
            Data::Gauge(Gauge {
                data_points: numbers().map(begun).collect(),
            })
        }
        MetricKind::Histogram => {
            let points = samples.iter().filter_map(|sample| histogram(sample, times));
            Data::Histogram(Histogram {
                data_points: points.collect(),
                aggregation_temporality: temporality,
            })
        }
    };
    Metric {
        name: family.name.to_string(),
        description: family.description.as_deref().unwrap_or_default().to_owned(),
        unit: family.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number(sample: &Sample, times: Times) -> Option<NumberDataPoint> {
    let value = match &sample.value {
        // The integers of OTLP have a sign. A count beyond them is as good as the largest.
        Reading::Count(count) => {
            number_data_point::Value::AsInt((*count).try_into().unwrap_or(i64::MAX))
        }
        Reading::Number(number) => number_data_point::Value::AsDouble(*number),
        Reading::Buckets(_) => return None,
    };
    Some(NumberDataPoint {
        attributes: attributes(sample),
        start_time_unix_nano: times.since,
        time_unix_nano: times.now,
        value: Some(value),
        ..NumberDataPoint::default()
    })
}

fn histogram(sample: &Sample, times: Times) -> Option<HistogramDataPoint> {
    let Reading::Buckets(buckets) = &sample.value else {
        return None;
    };
    Some(HistogramDataPoint {
        attributes: attributes(sample),
        start_time_unix_nano: times.since,
        time_unix_nano: times.now,
        count: buckets.counts.iter().sum(),
        sum: Some(buckets.sum),
        bucket_counts: buckets.counts.clone(),
        explicit_bounds: buckets.bounds.to_vec(),
        ..HistogramDataPoint::default()
    })
}

fn attributes(sample: &Sample) -> Vec<KeyValue> {
    let pairs = sample.labels.iter().map(|(name, value)| KeyValue {
        key: name.to_string(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.clone())),
        }),
        ..KeyValue::default()
    });
    pairs.collect()
}
