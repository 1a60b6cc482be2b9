//! A registration that is lost comes back, and the service goes on meanwhile.

use std::cell::Cell;

use crate::support::{Etcd, EtcdClient, Service, key, soon};

#[tokio::test]
async fn a_key_that_is_deleted_comes_back() {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let service = Service::start_in(&etcd.url(""), "one").await;
    let before = client.get(&key("one")).await.expect("it is shown");
    client.delete(&key("one")).await;
    let after = soon("the key", async || client.get(&key("one")).await).await;
    assert_eq!(after.value, before.value);
    assert!(after.revision > before.revision);
    service.terminate().await.expect(0);
    assert!(!client.shows("one").await);
}

#[tokio::test]
async fn it_answers_while_etcd_restarts_and_is_shown_afterwards() {
    let mut etcd = Etcd::start().await;
    let service = Service::start_in(&etcd.url(""), "one").await;
    let restarted = async {
        etcd.kill();
        etcd.restart().await;
        // The key itself may have outlived the restart: is it still kept alive?
        let client = EtcdClient::of(&etcd);
        soon("the key", async || client.get(&key("one")).await).await;
        client.delete(&key("one")).await;
        soon("the key", async || client.get(&key("one")).await).await;
    };
    answering_until(&service, restarted).await;
    service.terminate().await.expect(0);
    assert!(!EtcdClient::of(&etcd).shows("one").await);
}

#[tokio::test]
async fn it_answers_while_etcd_loses_its_data_and_is_shown_afterwards() {
    let mut etcd = Etcd::start().await;
    let service = Service::start_in(&etcd.url(""), "one").await;
    let restarted = async {
        etcd.kill();
        etcd.restart_empty().await;
        let client = EtcdClient::of(&etcd);
        soon("the key", async || client.get(&key("one")).await).await;
    };
    answering_until(&service, restarted).await;
    service.terminate().await.expect(0);
    assert!(!EtcdClient::of(&etcd).shows("one").await);
}

/// Sends requests over both protocols until `done` completes; every answer has to be right.
async fn answering_until(service: &Service, done: impl Future<Output = ()>) {
    let over = Cell::new(false);
    let done = async {
        done.await;
        over.set(true);
    };
    let asking = async {
        let greeter = service.greeter().await;
        let mut connection = service.connect().await;
        while !over.get() {
            for answer in [
                connection.get("/helloworld/kit").await,
                service.connect().await.get("/helloworld/kit").await,
            ] {
                assert_eq!(answer.body, r#"{"message":"Hello kit"}"#);
            }
            assert_eq!(greeter.hello("kit").await.expect("a reply"), "Hello kit");
        }
    };
    tokio::join!(done, asking);
}
