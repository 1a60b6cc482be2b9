//! All tests; the module's name is what `cargo xtask` looks for.

mod bench;
mod faults;
mod kratos;
mod permissions;
mod tls;

use kit_registry::conformance;
use kit_test_support::Consul;

use bench::open;

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn consul_conforms() {
    let server = Consul::start().await;
    // Shorter than an instance has to stay without a write.
    let url = format!("consul://{}/?ttl=2s", server.address());
    conformance::run(|scope| open(&url, scope)).await;
}
