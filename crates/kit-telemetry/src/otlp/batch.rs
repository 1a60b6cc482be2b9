//! Spans that are sent together.

use std::collections::BTreeMap;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::time::Instant;

use super::queue::Ended;

/// About the most bytes of a batch: many collectors take messages of up to 4 MiB.
const LARGEST: usize = 2 << 20;

/// A batch on its way: it is encoded once, however often it is sent.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) body: Bytes,
    pub(super) spans: u64,
    /// How often it was sent in vain.
    pub(super) attempts: u32,
    /// When it is sent again.
    pub(super) due: Instant,
}

impl Batch {
    /// Takes the first of these spans, up to the most bytes of a batch, and one at least. Those of a target are one
    /// group, whose scope has its name.
    pub(super) fn of(resource: Resource, ended: &mut Vec<Ended>) -> Batch {
        let mut bytes = 0;
        let fitting = ended.iter().take_while(|ended| {
            bytes += ended.span.encoded_len();
            bytes <= LARGEST
        });
        let count = fitting.count().max(1).min(ended.len());
        let mut groups = BTreeMap::<&'static str, Vec<Span>>::new();
        for Ended { target, span, .. } in ended.drain(..count) {
            groups.entry(target).or_default().push(*span);
        }
        let scope_spans = groups.into_iter().map(|(target, spans)| ScopeSpans {
            scope: Some(InstrumentationScope {
                name: target.to_owned(),
                ..InstrumentationScope::default()
            }),
            spans,
            schema_url: String::new(),
        });
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource),
                scope_spans: scope_spans.collect(),
                schema_url: String::new(),
            }],
        };
        Batch {
            body: request.encode_to_vec().into(),
            spans: count as u64,
            attempts: 0,
            due: Instant::now(),
        }
    }
}
