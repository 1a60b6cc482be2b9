//! Empty variables, as compose files make them, count as not set.

use kit_test_support::Network;

use crate::support::{FREE_PORTS, HELLOWORLD, Process, Service, VARIABLES};

const EMPTY: [(&str, &str); VARIABLES.len()] = {
    let mut empty = [("", ""); VARIABLES.len()];
    let mut index = 0;
    while index < VARIABLES.len() {
        empty[index].0 = VARIABLES[index];
        index += 1;
    }
    empty
};

#[tokio::test]
async fn each_empty_variable_is_not_set() {
    for variable in EMPTY {
        let process = Process::spawn_with(&FREE_PORTS, &[variable]);
        let exit = Service::ready(process).await.terminate().await.expect(0);
        exit.only("signal handlers stand");
    }
}

#[tokio::test]
async fn with_all_of_them_empty_it_is_as_without_options() {
    let name = "empty::with_all_of_them_empty_it_is_as_without_options";
    let Some(network) = Network::for_test(name) else {
        return;
    };
    // In a network in which its default ports are free.
    let command = network.command("ip link set lo up", HELLOWORLD);
    let service = Service::ready(Process::spawn_by(command, &[], &EMPTY)).await;
    assert_eq!(service.http.to_string(), "127.0.0.1:8000");
    assert_eq!(service.grpc.to_string(), "127.0.0.1:9000");
    let exit = service.terminate().await.expect(0);
    exit.only("drain_profile=alone");
    exit.only("goodbye");
}

#[tokio::test]
async fn an_empty_flag_is_no_empty_variable() {
    for flag in ["--http", "--grpc", "--name", "--id", "--log"] {
        let empty = format!("{flag}=");
        Process::spawn_with(&[&empty], &EMPTY)
            .exit()
            .await
            .expect(2);
    }
}

#[tokio::test]
async fn help_names_a_variable_that_is_empty() {
    let help = Process::spawn_with(&["--help"], &EMPTY).exit().await;
    let help = help.expect(0).out;
    for variable in VARIABLES.iter().filter(|name| name.starts_with("KIT_")) {
        assert!(help.contains(&format!("[env: {variable}")), "{help}");
    }
}
