//! A rolling restart of two services that are found through a registry, under a client that watches it and
//! calls all the time: no call fails.

mod beside_consul;
mod client;

use tempfile::tempdir;

use crate::support::{Etcd, Service};
use client::Client;

const SERVICES: [&str; 2] = ["hello", "hello-world"];
const REPLICAS: usize = 2;

#[tokio::test]
async fn no_call_fails_through_etcd() {
    let etcd = Etcd::start().await;
    restart_all(&etcd.url("")).await;
}

#[tokio::test]
async fn no_call_fails_through_a_directory() {
    let directory = tempdir().expect("a directory");
    restart_all(&format!("local:{}", directory.path().display())).await;
}

/// Two services of two processes; each process is replaced by a new one, which is ready before the old one is
/// asked to stop, and has stopped before the next is replaced.
async fn restart_all(registry: &str) {
    let client = Client::open(registry);
    let mut running = Vec::new();
    for replica in 0..REPLICAS {
        for name in SERVICES {
            running.push((
                name,
                start(registry, name, &format!("{name}-{replica}")).await,
            ));
        }
    }
    let mut callers = Vec::new();
    for name in SERVICES {
        let ids: Vec<_> = (0..REPLICAS).map(|one| format!("{name}-{one}")).collect();
        callers.push(client.call(name, &ids).await);
    }
    for (at, (name, old)) in running.iter_mut().enumerate() {
        let id = format!("{name}-new-{at}");
        let new = start(registry, name, &id).await;
        // The new one is called before the old one goes.
        for caller in callers
            .iter_mut()
            .filter(|caller| caller.service() == *name)
        {
            caller.wait_for_call(&id).await;
        }
        std::mem::replace(old, new).terminate().await.expect(0);
    }
    for caller in callers {
        let (service, calls) = (caller.service().to_owned(), caller.end().await);
        println!("{service}: {calls} calls");
    }
    client.close().await;
    for (_, service) in running {
        service.terminate().await.expect(0);
    }
}

async fn start(registry: &str, name: &str, id: &str) -> Service {
    // The drain delay is the profile's.
    Service::start(&["--registry", registry, "--name", name, "--id", id]).await
}
