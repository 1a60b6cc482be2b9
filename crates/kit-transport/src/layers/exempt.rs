//! The requests that authentication and limits leave alone, and of which the access log says little.

use super::facts::Facts;
use super::operations::Protocol;

/// The services of gRPC itself. Load balancers and tools call them without credentials, and a server that
/// is busy is not down.
const SERVICES: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Whether a request with this path is one of Kit's probes, or a call of health or reflection. A probe is
/// known by its route, and never by a path. That of a call is compared whole, because one behind the method
/// might be read in another way.
pub(super) fn is_exempt(facts: &Facts, path: &str) -> bool {
    match facts.protocol() {
        Protocol::Http => facts.is_of_probe(),
        Protocol::Grpc => is_of_grpc_itself(path),
    }
}

fn is_of_grpc_itself(path: &str) -> bool {
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    parts.is_some_and(|(service, method)| {
        let is_name = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_name && SERVICES.contains(&service)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_method_of_health_or_reflection_is_exempt() {
        for path in [
            "/grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health/Watch",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ] {
            assert!(is_of_grpc_itself(path), "{path}");
        }
        for path in [
            "/grpc.health.v1.Health/",
            "/grpc.health.v1.Health",
            "/grpc.health.v1.Health/../x",
            "/grpc.health.v1.Health/Check/../x",
            "/grpc.health.v1.Health/%2e%2e",
            "/grpc.health.v1.HealthX/Check",
            "/grpc.health.v1/Check",
            "//grpc.health.v1.Health/Check",
            "grpc.health.v1.Health/Check",
            "",
        ] {
            assert!(!is_of_grpc_itself(path), "{path}");
        }
    }
}
