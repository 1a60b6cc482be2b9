//! Through a real Consul: ignored by `cargo test`, because no package of the system brings one; `cargo xtask
//! conformance` builds it and runs this.

use kit_test_support::Consul;

#[tokio::test]
#[ignore = "needs Consul, as `cargo xtask conformance` has it"]
async fn no_call_fails() {
    let consul = Consul::start().await;
    super::restart_all(&format!("consul://{}", consul.address())).await;
}
