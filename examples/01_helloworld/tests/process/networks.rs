//! A machine without the interfaces that an author expects.

use kit_test_support::Network;

use crate::support::{HELLOWORLD, Process, Service};

#[tokio::test]
async fn without_a_network_it_listens_at_every_interface_and_says_nothing_of_it() {
    let name = "networks::without_a_network_it_listens_at_every_interface_and_says_nothing_of_it";
    let Some(network) = Network::for_test(name) else {
        return;
    };
    for (setup, http) in [
        ("ip link set lo up", "0.0.0.0:0"),
        ("ip link set lo up", ":0"),
        ("true", "0.0.0.0:0"),
    ] {
        let command = network.command(setup, HELLOWORLD);
        let args = ["--http", http, "--grpc", http];
        let service = Service::ready(Process::spawn_by(command, &args, &[])).await;
        assert!(service.http.ip().is_unspecified());
        let exit = service.terminate().await.expect(0);
        // In a container the time that docker gives is warned of, with or without a network.
        let text = exit.text();
        let warnings = text.lines().filter(|line| line.contains("WARN"));
        let others: Vec<_> = warnings
            .filter(|line| !line.contains("docker kills"))
            .collect();
        assert!(others.is_empty(), "{text}");
    }
}
