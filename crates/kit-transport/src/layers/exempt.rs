//! What the limits of a server leave alone.

use super::facts::Facts;
use super::operations::Protocol;

/// Health and reflection of gRPC: a server that is busy is not down, and tools look at it then.
pub(super) fn is_exempt(facts: &Facts, path: &str) -> bool {
    const SERVICES: [&str; 3] = [
        "/grpc.health.v1.Health/",
        "/grpc.reflection.v1.ServerReflection/",
        "/grpc.reflection.v1alpha.ServerReflection/",
    ];
    facts.protocol() == Protocol::Grpc && SERVICES.iter().any(|service| path.starts_with(service))
}
